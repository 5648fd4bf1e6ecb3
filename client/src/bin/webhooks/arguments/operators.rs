//! The arguments of the commands about access tokens, and for operators.

use clap::{Args, Subcommand};

use super::{Accounts, Paging};
use crate::reference::Reference;

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Show the account, the scopes and the expiry of the access token
    Whoami,
    /// Show whether the service is ready, what waits, and how full its storage is (platform token)
    Status,
    /// List the accounts with the numbers of their webhooks and pending deliveries (platform token)
    Accounts(Accounts),
    /// List the pauses of deliveries (platform token)
    Pauses(Paging),
    /// Pause deliveries: after at most one second, no new attempts start (platform token)
    ///
    /// Publishing continues. New deliveries and retries wait, even if the service restarts. Test callbacks and handshakes are
    /// still sent.
    Pause(Target),
    /// End a pause; due deliveries are attempted after at most one second (platform token)
    ///
    /// Give the same --all, --account or --webhook as in the command that started the pause.
    Resume(Target),
}

/// The deliveries that a pause includes.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// The deliveries to all webhooks
    #[arg(long)]
    pub(crate) all: bool,
    /// The deliveries to the webhooks of this account
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The deliveries to the webhook with this id
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
}

#[derive(Debug, Args)]
pub(crate) struct OfAccount {
    /// List only the objects of this account, with a platform token
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
}

/// A command line for each command.
#[cfg(test)]
pub(super) const LINES: [&str; 6] = ["whoami", "status", "accounts", "pauses", "pause --account acme", "resume --all"];

#[cfg(test)]
impl OperatorCommand {
    /// Returns the operations that a command calls.
    pub(super) fn operations(&self) -> &'static [&'static str] {
        match self {
            OperatorCommand::Whoami => &["getCaller"],
            OperatorCommand::Status => &["getServiceStatus"],
            OperatorCommand::Accounts(_) => &["listAccounts"],
            OperatorCommand::Pauses(_) => &["listPauses"],
            OperatorCommand::Pause(_) => &["pauseDeliveries"],
            OperatorCommand::Resume(_) => &["resumeDeliveries"],
        }
    }
}
