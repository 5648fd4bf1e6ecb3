//! Captures the server's log in memory, at every level, so that tests can search it. When the log is dropped, each line must
//! be as the table in `LOGS.md` describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use slog::Drain as _;

/// Fields of every line.
const COMMON: [&str; 5] = ["ts", "level", "msg", "event", "instance"];

/// Fields of every line about a request.
const OF_REQUESTS: [&str; 4] = ["remote_addr", "method", "uri", "request_id"];

#[derive(Default)]
pub(super) struct CapturedLog(Writer);

#[derive(Clone, Default)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    pub(super) fn logger(&self) -> slog::Logger {
        let json = slog_json::Json::default(self.0.clone());
        webhooks_server::node::log::root(Mutex::new(json).fuse())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.0.lock().expect("no writer panics")).into_owned()
    }
}

impl Drop for CapturedLog {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let documented = documented();
        for line in self.text().lines() {
            if let Err(error) = check(line, &documented) {
                panic!("{error}, but LOGS.md says otherwise: {line}");
            }
        }
    }
}

/// Returns the fields of each event in the table.
fn documented() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let rows = include_str!("../../../LOGS.md").lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|line| line.trim_matches('|').split('|').collect::<Vec<_>>()).filter(|cells| cells.len() == 4);
    rows.map(|cells| (cells[0].trim().trim_matches('`'), cells[3].split('`').skip(1).step_by(2).collect())).collect()
}

fn check(line: &str, documented: &BTreeMap<&str, BTreeSet<&str>>) -> Result<(), String> {
    let line: Value = serde_json::from_str(line).map_err(|error| format!("a line is not JSON ({error})"))?;
    let line = line.as_object().ok_or("a line is not an object")?;
    if let Some(missing) = COMMON.into_iter().find(|field| line.get(*field).and_then(Value::as_str).is_none_or(str::is_empty)) {
        return Err(format!("`{missing}` is missing"));
    }
    let event = line["event"].as_str().unwrap_or_default();
    let fields = documented.get(event).ok_or_else(|| format!("the event `{event}` was written"))?;
    let is_about_request = event.starts_with("request.") || event.starts_with("authentication.");
    let is_documented = |field: &str| fields.contains(field) || COMMON.contains(&field) || is_about_request && OF_REQUESTS.contains(&field);
    match line.keys().find(|field| !is_documented(field)) {
        Some(unknown) => Err(format!("`{event}` has the field `{unknown}`")),
        None => Ok(()),
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
