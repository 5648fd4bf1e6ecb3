//! The arguments of `webhooks audit-events`.

use chrono::{DateTime, Utc};
use clap::Args;

use super::{OfAccount, Paging};

#[derive(Debug, Args)]
pub(crate) struct AuditEvents {
    /// List only events with this action: an operation such as `updateWebhook`, or a name such as `token.created`
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// List only events at this time (such as 2006-01-02T15:04:05Z, yesterday, or 2h for two hours ago) or later
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) since: Option<DateTime<Utc>>,
    /// List only events before this time
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) until: Option<DateTime<Utc>>,
    #[command(flatten)]
    pub(crate) of_account: OfAccount,
    #[command(flatten)]
    pub(crate) paging: Paging,
}
