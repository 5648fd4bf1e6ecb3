//! The arguments of the commands that change many deliveries.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::reference::Reference;

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// The id of the webhook, or the beginning of the id
    #[arg(value_name = "WEBHOOK")]
    pub(crate) webhook: Reference,
    #[command(flatten)]
    pub(crate) options: BulkOptions,
}

/// The deliveries that `redeliver-deliveries` or `cancel-deliveries` changes.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Select only deliveries to this webhook
    ///
    /// [default: the deliveries to all webhooks of the account]
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
    #[command(flatten)]
    pub(crate) options: BulkOptions,
}

/// The options of all commands that change many deliveries.
#[derive(Debug, Args)]
pub(crate) struct BulkOptions {
    /// Select deliveries that were created since then
    ///
    /// The time can be a time such as 2006-01-02T15:04:05Z or 15:04, a day such as yesterday, or 2h for two hours ago.
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) since: DateTime<Utc>,
    /// Select deliveries that were created before then
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Select only deliveries with this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// Select only deliveries whose last attempt has this outcome, such as `rejected` or `timed_out`
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Option<String>,
    /// Select only deliveries whose last attempt has this status code
    #[arg(long, value_name = "CODE", value_parser = clap::value_parser!(u16).range(100..=999))]
    pub(crate) status_code: Option<u16>,
    /// Count the deliveries, but change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Continue an interrupted command, which printed this cursor
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}
