//! The log on standard error. Its format is text for people, or JSON for machines.

use std::io::{IsTerminal as _, LineWriter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use slog::{Drain, FnValue, Level, Logger, OwnedKVList, Record, SendSyncRefUnwindSafeDrain, SendSyncUnwindSafe, o};
use uuid::Uuid;

use crate::config::{LogFormat, LogLevel};

/// Maximum time that an ending process waits until the last lines are written. If standard error is a pipe, it is possible
/// that nobody reads it.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The thread that writes the log. If this value is dropped without [`LogThread::finish`], the process can wait for a
/// reader of standard error without a limit.
#[must_use]
pub struct LogThread(slog_async::AsyncGuard);

impl LogThread {
    /// Waits until all lines are written, but not longer than a second.
    pub fn finish(self) {
        let (done, written) = channel();
        std::thread::spawn(move || {
            drop(self.0);
            // The receiver is dropped if this has taken too long.
            let _ = done.send(());
        });
        let _ = written.recv_timeout(FLUSH_TIMEOUT);
    }
}

pub fn start(format: LogFormat, level: LogLevel) -> (Logger, LogThread) {
    let level = match level {
        LogLevel::Error => Level::Error,
        LogLevel::Warn => Level::Warning,
        LogLevel::Info => Level::Info,
        LogLevel::Debug => Level::Debug,
    };
    match format {
        LogFormat::Text if std::io::stderr().is_terminal() => text(slog_term::TermDecorator::new().stderr().build(), level),
        LogFormat::Text => text(slog_term::PlainDecorator::new(LineWriter::new(std::io::stderr())), level),
        LogFormat::Json => queued(Resuming::new(slog_json::Json::default(LineWriter::new(std::io::stderr()))), level),
    }
}

fn text(decorator: impl slog_term::Decorator + Send + 'static, level: Level) -> (Logger, LogThread) {
    queued(Resuming::new(slog_term::FullFormat::new(decorator).use_utc_timestamp().build()), level)
}

/// Returns a logger whose lines have the name of their event and the identifier of this process incarnation.
pub fn root<D>(drain: D) -> Logger
where
    D: 'static + SendSyncRefUnwindSafeDrain<Err = slog::Never, Ok = ()> + SendSyncUnwindSafe,
{
    Logger::root(drain, o!("instance" => Uuid::now_v7().to_string(), "event" => FnValue(|record| event(record).to_owned())))
}

/// Returns the name of the event that a line describes.
fn event<'a>(record: &'a Record) -> &'a str {
    match record.tag() {
        // The queue has dropped lines.
        "slog-async" => "log.lines_dropped",
        tag => tag,
    }
}

/// Writes the log on a separate thread. If this thread is too slow, messages are dropped, so that deliveries do not
/// wait. The log then shows the number of dropped messages.
fn queued<D>(drain: D, level: Level) -> (Logger, LogThread)
where
    D: Drain<Ok = (), Err = slog::Never> + Send + 'static,
{
    let (queue, thread) = slog_async::Async::new(drain).chan_size(4096).build_with_guard();
    (root(queue.fuse().filter_level(level).fuse()), LogThread(thread))
}

/// Continues after a line could not be written, for example because the disk was full. Says how many lines were lost.
struct Resuming<D> {
    drain: D,
    lost: AtomicU64,
}

impl<D: Drain> Resuming<D> {
    fn new(drain: D) -> Resuming<D> {
        Resuming { drain, lost: AtomicU64::new(0) }
    }
}

impl<D: Drain> Drain for Resuming<D> {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record, values: &OwnedKVList) -> Result<(), slog::Never> {
        if self.drain.log(record, values).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            let text = format_args!("the log is written again; earlier lines could not be written");
            let noticed = self.drain.log(&slog::record!(Level::Warning, "log.resumed", &text, slog::b!("lost" => lost)), values);
            if noticed.is_ok() {
                self.lost.fetch_sub(lost, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Fails for each message with `full`.
    #[derive(Default)]
    struct Disk(Mutex<Vec<String>>);

    impl Drain for &Disk {
        type Ok = ();
        type Err = ();

        fn log(&self, record: &Record, _: &OwnedKVList) -> Result<(), ()> {
            let line = record.msg().to_string();
            if line.contains("full") {
                return Err(());
            }
            self.0.lock().expect("no holder panics").push(line);
            Ok(())
        }
    }

    #[test]
    fn the_log_continues_after_lines_were_lost_and_says_so_once() {
        let disk = Disk::default();
        let drain = Resuming::new(&disk);
        for message in ["one", "full", "full", "two", "three"] {
            let text = format_args!("{message}").to_string();
            let _ = drain.log(&slog::record!(Level::Info, "", &format_args!("{text}"), slog::b!()), &o!().into());
        }
        let lines = disk.0.lock().expect("no holder panics").clone();
        assert_eq!(lines, ["one", "two", "the log is written again; earlier lines could not be written", "three"]);
    }
}
