//! The log: lines for people or JSON for machines, on standard error.

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
        LogFormat::Text => {
            let decorator = slog_term::TermDecorator::new().stderr().build();
            let drain = slog_term::FullFormat::new(decorator).use_utc_timestamp().build().fuse();
            queued(drain, level)
        }
        LogFormat::Json => queued(slog_json::Json::default(std::io::stderr()).fuse(), level),
    }
}

/// A log that cannot be written fast enough drops messages, and says how many, rather than hold deliveries up.
fn queued<D>(drain: D, level: Level) -> Logger
where
    D: slog::Drain<Ok = (), Err = slog::Never> + Send + 'static,
{
    let queue = slog_async::Async::new(drain).chan_size(4096).build().fuse();
    Logger::root(queue.filter_level(level).fuse(), o!())
}
