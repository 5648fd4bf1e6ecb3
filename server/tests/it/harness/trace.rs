//! Reads a trace of system calls that strace wrote. Checks that data was synced to disk before the response was sent.

use std::collections::HashMap;
use std::path::Path;

use super::eventually;

/// The system calls that write, sync and send.
const CALLS: &str = "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,sync_file_range,msync";

/// Returns the command prefix that runs a program under strace. The trace has the calls of all threads, and shows all
/// bytes in hexadecimal. With `-D`, the child process of the test is the program, and strace is another process.
pub(crate) fn strace_command(trace: &Path) -> Vec<String> {
    let trace = trace.display().to_string();
    ["strace", "-D", "-f", "-y", "-xx", "-s", "1000000", "-e", CALLS, "-o", &trace].map(str::to_owned).to_vec()
}

pub(crate) struct Trace(Vec<Event>);

/// Events in the order of the trace. A write or a sync has the position of the end of its call. A send has the position
/// of the start of its call.
#[derive(Debug)]
enum Event {
    /// A frame of the write-ahead log, with its page, was written. If `commits` is true, the frame ends a transaction.
    Frame { page: Vec<u8>, commits: bool },
    /// A sync ended. The first `frames` frames are on disk, because they were written before this sync began.
    Synced { frames: usize },
    /// A send began.
    Sending(Vec<u8>),
}

impl Trace {
    /// Reads the trace of a process that has ended.
    pub(crate) async fn read(file: &Path) -> Trace {
        let whole =
            async || std::fs::read_to_string(file).ok().filter(|text| text.contains(" +++ exited with ") && text.ends_with("+++\n"));
        if std::fs::metadata(file).is_ok_and(|metadata| metadata.len() == 0) || !file.exists() {
            panic!("strace recorded nothing. Is ptrace forbidden here, as in a container without the capability SYS_PTRACE?");
        }
        Trace::parse(&eventually("strace to write the end of its trace", whole).await)
    }

    fn parse(text: &str) -> Trace {
        let mut events = Vec::new();
        let mut frames = 0;
        let mut headers: HashMap<String, bool> = HashMap::new();
        // The unfinished call of each thread, and the number of written frames when the call began.
        let mut unfinished: HashMap<&str, (String, usize)> = HashMap::new();
        for line in text.lines() {
            let (thread, rest) = line.split_once(' ').expect("a thread and its call");
            let rest = rest.trim_start();
            let (call, frames_before) = if rest.starts_with("<... ") {
                let (_, end) = rest.split_once(" resumed>").expect("a resumed call");
                let (beginning, frames_before) = unfinished.remove(thread).expect("the call has a beginning");
                (beginning + end, frames_before)
            } else {
                if is_send(rest) {
                    events.push(Event::Sending(strings(rest)));
                }
                if let Some(beginning) = rest.strip_suffix(" <unfinished ...>") {
                    unfinished.insert(thread, (beginning.to_owned(), frames));
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
                // SQLite writes the header of a frame first, and then the page of the frame.
                _ => match strings(&call) {
                    bytes if bytes.len() == 24 => drop(headers.insert(file, bytes[4..8] != [0; 4])),
                    bytes if bytes.len() >= 512 => {
                        let commits = headers.remove(&file).expect("a page follows the header of its frame");
                        events.push(Event::Frame { page: bytes, commits });
                        frames += 1;
                    }
                    bytes => assert_eq!(bytes.len(), 32, "not a log header, a frame header or a page: {call}"),
                },
            }
        }
        Trace(events)
    }

    /// Finds the first response that contains all texts in `sent`. Checks that the page with all texts in `stored` was on disk
    /// before this response.
    ///
    /// Three events must come before the response. The page is written, its transaction ends, and then a complete sync follows.
    pub(crate) fn check_synced_before_send(&self, stored: &[&str], sent: &[&str]) -> Result<(), String> {
        let has = |bytes: &[u8], texts: &[&str]| texts.iter().all(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        let is_response = |event: &Event| matches!(event, Event::Sending(bytes) if has(bytes, sent));
        let response = self.0.iter().position(is_response).ok_or_else(|| format!("no sent message contains {sent:?}"))?;
        let mut is_written = false;
        let mut committed_frames = None;
        let mut frames = 0;
        let mut synced_frames = 0;
        for event in &self.0[..response] {
            match event {
                Event::Frame { page, commits } => {
                    // Only the first of these pages counts: later transactions write the page again for its other rows.
                    is_written |= has(page, stored);
                    frames += 1;
                    if *commits && is_written && committed_frames.is_none() {
                        committed_frames = Some(frames);
                    }
                }
                Event::Synced { frames } => synced_frames = synced_frames.max(*frames),
                Event::Sending(_) => {}
            }
        }
        if !is_written {
            return Err(format!("{sent:?} was sent before {stored:?} was written"));
        }
        match committed_frames {
            None => Err(format!("{sent:?} was sent before the transaction of {stored:?} was written")),
            Some(committed_frames) if committed_frames > synced_frames => Err(format!("{sent:?} was sent before {stored:?} was synced")),
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

/// Returns the file of a finished call, and whether the call succeeded.
fn call_on_file(call: &str) -> Option<(String, bool)> {
    let file = file_of(call)?;
    let result = call.rsplit_once(" = ")?.1;
    Some((file, !result.starts_with('-')))
}

/// Returns the file that a call's file descriptor refers to: `3<\x2f…>`.
fn file_of(call: &str) -> Option<String> {
    let (_, arguments) = call.split_once('(')?;
    let (_, file) = arguments.split_once('<').filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    String::from_utf8(bytes(file.split_once('>')?.0)).ok()
}

/// Returns the decoded bytes of all quoted strings in a call.
fn strings(call: &str) -> Vec<u8> {
    call.split('"').skip(1).step_by(2).flat_map(bytes).collect()
}

/// Decodes the hexadecimal notation of strace, in which `\x2f` is a slash. Other text, which strace itself adds, is
/// returned unchanged.
fn bytes(text: &str) -> Vec<u8> {
    if !text.starts_with("\\x") {
        return text.as_bytes().to_vec();
    }
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("not a byte: {digits}"))).collect()
}
