//! The lines of the audit log, for programs that collect logs. Each line is an event as a JSON object, with the members
//! that openapi.json describes. JSON escapes control characters, so an event is always one line.
//!
//! The events in the database are the record. A line is written after its event is stored. If lines cannot be written,
//! the service continues, counts the lost lines in a metric, and logs the first error.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::Context as _;
use slog::Logger;
use tokio::sync::oneshot;

use crate::api::types::AuditEvent;
use crate::metrics::Metrics;
use crate::model::AuditLogTarget;
use crate::secrets::private_file;

/// Maximum number of lines that wait in memory. Further lines are lost.
const QUEUE_LINES: usize = 4096;

/// Maximum time that a stopping server waits until all lines are written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes events on a separate thread, so that no request waits for a slow disk. All clones write to the same target.
#[derive(Clone, Default)]
pub struct AuditLog(Option<Arc<Queue>>);

struct Queue {
    sender: SyncSender<Message>,
    metrics: Arc<Metrics>,
    /// The number of lines that were lost since the last written line.
    lost: AtomicU64,
}

enum Message {
    Line(String),
    Flush(oneshot::Sender<()>),
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_some() { "AuditLog(on)" } else { "AuditLog(off)" })
    }
}

impl AuditLog {
    /// Returns a log that writes to `target`, or writes nothing if there is no target.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn start(target: Option<&AuditLogTarget>, metrics: Arc<Metrics>, log: Logger) -> anyhow::Result<AuditLog> {
        let sink = match target {
            None => return Ok(AuditLog::default()),
            Some(AuditLogTarget::Stderr) => Sink::Stderr,
            Some(AuditLogTarget::File(path)) => {
                let file = private_file::open_to_append(path);
                let file = file.with_context(|| format!("cannot open the audit log {}", path.display()))?;
                Sink::File { path: path.clone(), file: Some(file), incomplete: false }
            }
        };
        let (sender, receiver) = sync_channel(QUEUE_LINES);
        let queue = Arc::new(Queue { sender, metrics, lost: AtomicU64::new(0) });
        // The thread must not keep the queue alive: it ends when all senders are dropped.
        let weak = Arc::downgrade(&queue);
        let write = move || write_lines(&receiver, sink, &weak, &log);
        std::thread::Builder::new().name("audit-log".to_owned()).spawn(write).context("cannot start the thread of the audit log")?;
        Ok(AuditLog(Some(queue)))
    }

    /// Queues an event that is needed only if there is a target. The event must be stored already.
    pub fn write_with(&self, event: impl FnOnce() -> AuditEvent) {
        if self.0.is_some() {
            self.write(&event());
        }
    }

    /// Queues an event. The event must be stored already.
    pub fn write(&self, event: &AuditEvent) {
        if let Some(queue) = &self.0
            && queue.sender.try_send(Message::Line(line(event))).is_err()
        {
            queue.lose();
        }
    }

    /// Waits until all queued lines are written, but not longer than a second.
    pub async fn flush(&self) {
        let Some(queue) = &self.0 else { return };
        let (done, written) = oneshot::channel();
        if queue.sender.try_send(Message::Flush(done)).is_ok() {
            // After the timeout, the lines that still wait are lost. The events are in the database.
            let _ = tokio::time::timeout(FLUSH_TIMEOUT, written).await;
        }
    }
}

impl Queue {
    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.metrics.audit_line_lost();
    }
}

/// Appends one event to a file, for a command that ends immediately afterwards.
///
/// # Errors
/// If the file cannot be opened or written.
pub(crate) fn append(path: &Path, event: &AuditEvent) -> io::Result<()> {
    private_file::open_to_append(path)?.write_all(line(event).as_bytes())
}

fn line(event: &AuditEvent) -> String {
    let mut line = serde_json::to_string(event).expect("texts, identifiers, numbers and times serialise");
    line.push('\n');
    line
}

fn write_lines(messages: &Receiver<Message>, mut sink: Sink, queue: &std::sync::Weak<Queue>, log: &Logger) {
    let mut is_failing = false;
    while let Ok(message) = messages.recv() {
        let line = match message {
            Message::Line(line) => line,
            Message::Flush(done) => {
                // The receiver is dropped if the flush has taken too long.
                let _ = done.send(());
                continue;
            }
        };
        let Some(queue) = queue.upgrade() else { continue };
        match sink.write(line.as_bytes()) {
            Ok(()) => {
                let lost = queue.lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    slog::warn!(log, # "audit_log.resumed", "the audit log is written again; the lost lines are in the database"; "lost" => lost);
                }
                is_failing = false;
            }
            Err(error) => {
                queue.lose();
                if !is_failing {
                    slog::error!(log, # "audit_log.failed", "cannot write the audit log; the events are in the database"; "error" => %error);
                }
                is_failing = true;
            }
        }
    }
}

enum Sink {
    Stderr,
    File {
        path: PathBuf,
        /// The open file. `None` after the file could not be opened again.
        file: Option<File>,
        /// Whether the file ends with a part of a line.
        incomplete: bool,
    },
}

impl Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Sink::Stderr => io::stderr().lock().write_all(line),
            Sink::File { path, file, incomplete } => {
                if !file.as_ref().is_some_and(|file| is_at(file, path)) {
                    *file = None;
                    *file = Some(private_file::open_to_append(path)?);
                    *incomplete = false;
                }
                let Some(file) = file else { return Ok(()) };
                // After an error, the rest of the line is lost. The next line must not be appended to the first part.
                if *incomplete {
                    file.write_all(b"\n")?;
                    *incomplete = false;
                }
                append_line(file, line, incomplete)
            }
        }
    }
}

/// Appends a line. Sets `incomplete` if only a part of it was written.
fn append_line(file: &mut File, line: &[u8], incomplete: &mut bool) -> io::Result<()> {
    let mut rest = line;
    while !rest.is_empty() {
        match file.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *incomplete = rest.len() < line.len();
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Returns whether the path still names the open file. A program that rotates logs renames or removes the file.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(named)) => identity(open) == identity(named),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Fixture {
        directory: tempfile::TempDir,
        metrics: Arc<Metrics>,
        log: AuditLog,
    }

    impl Fixture {
        fn start() -> Fixture {
            let (directory, metrics) = (tempfile::tempdir().expect("a temporary directory"), Arc::<Metrics>::default());
            std::fs::create_dir(directory.path().join("logs")).expect("a directory");
            let target = AuditLogTarget::File(directory.path().join("logs/audit.jsonl"));
            let log = AuditLog::start(Some(&target), metrics.clone(), Logger::root(slog::Discard, slog::o!())).expect("started");
            Fixture { directory, metrics, log }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        async fn write(&self, action: &str) {
            self.log.write(&AuditEvent::new(action, AuditEvent::SERVICE, chrono::Utc::now()));
            self.log.flush().await;
        }

        /// Returns the actions of the events in a file.
        fn actions(&self, name: &str) -> Vec<String> {
            let text = std::fs::read_to_string(self.path(name)).expect("a file");
            assert!(text.ends_with('\n'), "{text}");
            let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
            events.map(|event| event["action"].as_str().expect("an action").to_owned()).collect()
        }

        fn lost_lines(&self) -> String {
            let text = self.metrics.to_text().expect("metrics");
            let line = text.lines().find_map(|line| line.strip_prefix("webhooks_audit_log_lost_lines_total "));
            line.expect("the metric").to_owned()
        }
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("a file").mode() & 0o777
    }

    #[tokio::test]
    async fn lines_are_appended_to_a_private_file_that_is_created_again_after_a_rotation() {
        let fixture = Fixture::start();
        fixture.write("first").await;
        fixture.write("second").await;
        assert_eq!(fixture.actions("logs/audit.jsonl"), ["first", "second"]);
        std::fs::rename(fixture.path("logs/audit.jsonl"), fixture.path("logs/audit.1")).expect("renamed");
        fixture.write("third").await;
        std::fs::remove_file(fixture.path("logs/audit.jsonl")).expect("removed");
        fixture.write("fourth").await;
        assert_eq!(
            (fixture.actions("logs/audit.1"), fixture.actions("logs/audit.jsonl")),
            (vec!["first".into(), "second".into()], vec!["fourth".to_owned()])
        );
        assert_eq!(mode(&fixture.path("logs/audit.jsonl")), 0o600);
        append(&fixture.path("logs/audit.jsonl"), &AuditEvent::new("fifth", AuditEvent::OPERATOR, chrono::Utc::now())).expect("written");
        fixture.write("sixth").await;
        assert_eq!(fixture.actions("logs/audit.jsonl"), ["fourth", "fifth", "sixth"]);
        assert_eq!(fixture.lost_lines(), "0");
    }

    #[tokio::test]
    async fn lines_that_cannot_be_written_are_counted_and_later_lines_are_written() {
        let fixture = Fixture::start();
        std::fs::rename(fixture.path("logs"), fixture.path("away")).expect("renamed");
        fixture.write("lost").await;
        fixture.write("lost").await;
        assert_eq!(fixture.lost_lines(), "2");
        std::fs::rename(fixture.path("away"), fixture.path("logs")).expect("renamed");
        fixture.write("kept").await;
        assert_eq!((fixture.actions("logs/audit.jsonl"), fixture.lost_lines().as_str()), (vec!["kept".to_owned()], "2"));
    }

    #[test]
    fn an_incomplete_line_is_ended_before_the_next_line() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("audit.jsonl");
        std::fs::write(&path, "{\"action\":\"cut").expect("written");
        let file = Some(private_file::open_to_append(&path).expect("opened"));
        Sink::File { path: path.clone(), file, incomplete: true }.write(b"{}\n").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "{\"action\":\"cut\n{}\n");
    }

    #[test]
    fn an_existing_file_becomes_private_and_other_kinds_of_files_are_refused() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let start = |path: &Path| {
            let target = AuditLogTarget::File(path.to_owned());
            AuditLog::start(Some(&target), Arc::default(), Logger::root(slog::Discard, slog::o!()))
        };
        let path = directory.path().join("audit.jsonl");
        std::fs::write(&path, "{}\n").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("our own file");
        start(&path).expect("started");
        assert_eq!((mode(&path), std::fs::read_to_string(&path).expect("readable").as_str()), (0o600, "{}\n"));
        for refused in [Path::new("/dev/null"), directory.path()] {
            let error = format!("{:#}", start(refused).expect_err("refused"));
            assert!(error.contains(&format!("cannot open the audit log {}", refused.display())), "{error}");
        }
    }
}
