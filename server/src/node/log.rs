//! The log on standard error. Its format is text for people, or JSON for machines.

use std::io::{IsTerminal as _, LineWriter};

use slog::{Drain as _, Level, Logger, o};

use crate::config::{LogFormat, LogLevel};

pub fn start(format: LogFormat, level: LogLevel) -> Logger {
    let level = match level {
        LogLevel::Error => Level::Error,
        LogLevel::Warn => Level::Warning,
        LogLevel::Info => Level::Info,
        LogLevel::Debug => Level::Debug,
    };
    match format {
        LogFormat::Text if std::io::stderr().is_terminal() => text(slog_term::TermDecorator::new().stderr().build(), level),
        LogFormat::Text => text(slog_term::PlainDecorator::new(LineWriter::new(std::io::stderr())), level),
        LogFormat::Json => queued(slog_json::Json::default(LineWriter::new(std::io::stderr())).fuse(), level),
    }
}

fn text(decorator: impl slog_term::Decorator + Send + 'static, level: Level) -> Logger {
    queued(slog_term::FullFormat::new(decorator).use_utc_timestamp().build().fuse(), level)
}

/// Writes the log on a separate thread. If this thread is too slow, messages are dropped, so that deliveries do not
/// wait. The log then shows the number of dropped messages.
fn queued<D>(drain: D, level: Level) -> Logger
where
    D: slog::Drain<Ok = (), Err = slog::Never> + Send + 'static,
{
    let queue = slog_async::Async::new(drain).chan_size(4096).build().fuse();
    Logger::root(queue.filter_level(level).fuse(), o!())
}
