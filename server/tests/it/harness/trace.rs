//! What a process asked of the kernel, as strace saw it, and whether an answer left before what it tells of was on disk.

use std::collections::HashMap;
use std::path::Path;

use super::eventually;

/// The calls that write, sync and send.
const CALLS: &str = "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,sync_file_range,msync";

/// The words that start a program under strace: all its threads, every byte in hexadecimal. With `-D` the process that is
/// started is the program itself, and strace looks on from beside it.
pub(crate) fn strace(trace: &Path) -> Vec<String> {
    let trace = trace.display().to_string();
    ["strace", "-D", "-f", "-y", "-xx", "-s", "1000000", "-e", CALLS, "-o", &trace].map(str::to_owned).to_vec()
}

pub(crate) struct Trace(Vec<Event>);

/// In the order in which the kernel was asked and answered: a call that is not over has not happened, one that has begun may have.
#[derive(Debug)]
enum Event {
    /// A frame of the log behind the database is written: a page, and whether it ends a transaction.
    Frame { page: Vec<u8>, commits: bool },
    /// All that was written to the log before the sync *began* is on disk.
    Synced { frames: usize },
    /// Something begins to be sent.
    Sending(Vec<u8>),
}

impl Trace {
    /// The trace of a process that has ended.
    pub(crate) async fn of(file: &Path) -> Trace {
        let whole =
            async || std::fs::read_to_string(file).ok().filter(|text| text.contains(" +++ exited with ") && text.ends_with("+++\n"));
        if std::fs::metadata(file).is_ok_and(|metadata| metadata.len() == 0) || !file.exists() {
            panic!("strace traced nothing: is ptrace forbidden here, as in a container without the capability SYS_PTRACE?");
        }
        Trace::parse(&eventually("strace to write the end of its trace", whole).await)
    }

    fn parse(text: &str) -> Trace {
        let mut events = Vec::new();
        let mut frames = 0;
        let mut headers: HashMap<String, bool> = HashMap::new();
        // By thread: the call that was begun and has not ended, and how many frames there were then.
        let mut begun: HashMap<&str, (String, usize)> = HashMap::new();
        for line in text.lines() {
            let (thread, rest) = line.split_once(' ').expect("a thread and its call");
            let rest = rest.trim_start();
            let (call, frames_before) = if rest.starts_with("<... ") {
                let (_, end) = rest.split_once(" resumed>").expect("a resumed call");
                let (beginning, frames_before) = begun.remove(thread).expect("it was begun");
                (beginning + end, frames_before)
            } else {
                if is_send(rest) {
                    events.push(Event::Sending(strings(rest)));
                }
                if let Some(beginning) = rest.strip_suffix(" <unfinished ...>") {
                    begun.insert(thread, (beginning.to_owned(), frames));
                    continue;
                }
                (rest.to_owned(), frames)
            };
            let Some((file, succeeded)) = call_on_file(&call) else { continue };
            if !file.ends_with("-wal") || !succeeded {
                continue;
            }
            match name(&call) {
                "fsync" | "fdatasync" => events.push(Event::Synced { frames: frames_before }),
                // SQLite writes the header of a frame, and then its page.
                _ => match strings(&call) {
                    bytes if bytes.len() == 24 => drop(headers.insert(file, bytes[4..8] != [0; 4])),
                    bytes if bytes.len() >= 512 => {
                        let commits = headers.remove(&file).expect("a page comes after the header of its frame");
                        events.push(Event::Frame { page: bytes, commits });
                        frames += 1;
                    }
                    bytes => assert_eq!(bytes.len(), 32, "neither the header of the log, nor of a frame, nor a page: {call}"),
                },
            }
        }
        Trace(events)
    }

    /// Whether the first answer with all of `answered` left after the change that holds all of `stored` was on disk: after
    /// the first page that holds it, the end of its transaction, and a sync that began after both and ended before the
    /// answer began.
    pub(crate) fn judge(&self, stored: &[&str], answered: &[&str]) -> Result<(), String> {
        let has = |bytes: &[u8], texts: &[&str]| texts.iter().all(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        let is_answer = |event: &Event| matches!(event, Event::Sending(bytes) if has(bytes, answered));
        let answer = self.0.iter().position(is_answer).ok_or_else(|| format!("nothing was sent that holds {answered:?}"))?;
        let mut written = false;
        let mut committed = None;
        let mut frames = 0;
        let mut synced = 0;
        for event in &self.0[..answer] {
            match event {
                Event::Frame { page, commits } => {
                    // Later transactions write the same page again, for its other rows.
                    written |= has(page, stored);
                    frames += 1;
                    if *commits && written && committed.is_none() {
                        committed = Some(frames);
                    }
                }
                Event::Synced { frames } => synced = synced.max(*frames),
                Event::Sending(_) => {}
            }
        }
        if !written {
            return Err(format!("{answered:?} was sent before {stored:?} was written"));
        }
        match committed {
            None => Err(format!("{answered:?} was sent before the transaction of {stored:?} was written")),
            Some(committed) if committed > synced => Err(format!("{answered:?} was sent before {stored:?} was synced")),
            Some(_) => Ok(()),
        }
    }
}

fn name(call: &str) -> &str {
    call.split('(').next().expect("a call has a name")
}

fn is_send(call: &str) -> bool {
    let to_socket = || file_of(call).is_some_and(|file| file.starts_with("socket:") || file.starts_with("TCP"));
    matches!(name(call), "sendto" | "sendmsg") || (matches!(name(call), "write" | "writev") && to_socket())
}

/// The file of a call that ended, and whether it did what it was asked for.
fn call_on_file(call: &str) -> Option<(String, bool)> {
    let file = file_of(call)?;
    let result = call.rsplit_once(" = ")?.1;
    Some((file, !result.starts_with('-')))
}

/// What a call's file descriptor is: `3<\x2f…>`.
fn file_of(call: &str) -> Option<String> {
    let (_, arguments) = call.split_once('(')?;
    let (_, file) = arguments.split_once('<').filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    String::from_utf8(bytes(file.split_once('>')?.0)).ok()
}

/// All that stands in quotes, one after the other.
fn strings(call: &str) -> Vec<u8> {
    call.split('"').skip(1).step_by(2).flat_map(bytes).collect()
}

/// `\x2f` is a slash. What strace adds of its own is not in hexadecimal.
fn bytes(text: &str) -> Vec<u8> {
    if !text.starts_with("\\x") {
        return text.as_bytes().to_vec();
    }
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("no byte: {digits}"))).collect()
}
