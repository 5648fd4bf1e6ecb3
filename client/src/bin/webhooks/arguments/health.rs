//! The arguments about the health of webhooks.

use clap::Args;
use webhooks_client::types::WebhookHealthState;

use super::{OfAccount, Paging};
use crate::reference::Reference;

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// The id of a webhook, or the beginning of the id [default: all webhooks that are not healthy]
    #[arg(value_name = "ID", conflicts_with = "account")]
    pub(crate) id: Option<Reference>,
    #[command(flatten)]
    pub(crate) of_account: OfAccount,
}

#[derive(Debug, Args)]
pub(crate) struct Accounts {
    /// List only accounts with such a webhook: healthy, failing, paused or deactivated
    #[arg(long, value_name = "STATE")]
    pub(crate) health: Option<WebhookHealthState>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}
