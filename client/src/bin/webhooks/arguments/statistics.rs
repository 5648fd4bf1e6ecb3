//! The arguments of `webhooks stats`.

use chrono::{DateTime, Utc};
use clap::Args;
use webhooks_client::types::StatisticsInterval;

use crate::reference::Reference;

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Count only attempts to the webhook with this id
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
    /// Count only attempts of this account, with a platform token
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Begin at this time (such as 2006-01-02T15:04:05Z, yesterday, or 2h for two hours ago)
    ///
    /// Statistics are kept for 30 days. [default: 24 hours before --until]
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) since: Option<DateTime<Utc>>,
    /// End at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) until: Option<DateTime<Utc>>,
    /// The length of the intervals: 5m, 15m, 1h, 6h or 1d
    ///
    /// 5m and 15m are possible for the last 48 hours.
    #[arg(long, value_name = "LENGTH", default_value = "1h", hide_possible_values = true)]
    pub(crate) interval: StatisticsInterval,
}
