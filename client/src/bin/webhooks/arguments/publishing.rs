//! The arguments of the commands that publish, and of those that write files about this program.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use crate::reference::Reference;

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The event type, such as `catalog.purchase.closed`
    #[arg(value_name = "TYPE")]
    pub(crate) event_type: String,
    /// The data of the notification: JSON, @FILE, or -
    ///
    /// A JSON object, or @FILE to read the object from a file, or - to read the object from standard input.
    #[arg(value_name = "DATA")]
    pub(crate) data: String,
    /// The account that receives the notification
    ///
    /// Only a platform token needs this option.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Deliver only to this webhook
    ///
    /// This applies even if the event types of the webhook do not include TYPE.
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
    /// Publish only once with this key
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Trigger {
    /// The event type, such as `catalog.purchase.closed`
    #[arg(value_name = "TYPE")]
    pub(crate) event_type: String,
    /// The data of the notification: JSON, @FILE, or -
    ///
    /// A JSON object, or @FILE to read the object from a file, or - to read the object from standard input [default: the
    /// catalogue's example of the event type]
    #[arg(long, value_name = "DATA")]
    pub(crate) data: Option<String>,
    /// The account that receives the notification
    ///
    /// Only a platform token needs this option.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Deliver only to this webhook
    ///
    /// This applies even if the event types of the webhook do not include TYPE.
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// The directory; it is created if it does not exist
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}
