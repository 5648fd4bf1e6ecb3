//! Captures the server's log in memory, at every level, so that tests can search it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use slog::Drain as _;

#[derive(Clone, Default)]
pub(super) struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    pub(super) fn logger(&self) -> slog::Logger {
        let json = slog_json::Json::default(self.clone());
        slog::Logger::root(Mutex::new(json).fuse(), slog::o!())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no writer panics")).into_owned()
    }
}

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
