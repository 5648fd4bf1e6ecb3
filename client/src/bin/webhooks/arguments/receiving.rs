//! The arguments of `webhooks listen` and `webhooks check-receiver`.

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// The port on 127.0.0.1; 0 selects a free port
    #[arg(long, default_value_t = 9443)]
    pub(crate) port: u16,
    /// Register this receiver as a webhook with a new password, and delete the webhook when this command stops
    #[arg(long, conflicts_with_all = ["username", "bearer_file", "secret_file"])]
    pub(crate) register: bool,
    /// An event type to register for; repeatable [default: all, including `webhook.*` events about other webhooks]
    #[arg(long = "event-type", value_name = "TYPE", requires = "register")]
    pub(crate) event_types: Vec<String>,
    /// The status of the response to genuine callbacks
    #[arg(long, value_name = "CODE", default_value_t = 204, value_parser = clap::value_parser!(u16).range(200..=599))]
    pub(crate) status: u16,
    /// Refuse callbacks without this user name and its password
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file that contains the password [default: $WEBHOOKS_PASSWORD, else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// Refuse callbacks without the bearer token in this file
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// Refuse callbacks that are not signed with the secret (`whsec_…`) in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Use the certificate authority in this directory instead of the server's; a missing authority is created
    #[arg(long, value_name = "DIR")]
    pub(crate) cert_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 if all checks are ok, 3 if the receiver makes a mistake, 1 if the receiver cannot be checked.")]
pub(crate) struct CheckReceiver {
    /// The https URL of the receiver; http is allowed only on this machine
    #[arg(value_name = "URL")]
    pub(crate) target_url: String,
    /// The id of the webhook in the callbacks; the API provides its signing secret unless --secret-file is given
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Uuid>,
    /// A file that contains the signing secret (`whsec_…`) [default: from the API with --webhook, else $WEBHOOKS_SIGNING_SECRET, else a
    /// prompt]
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// The user name that the receiver requires
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file that contains the password [default: $WEBHOOKS_PASSWORD, else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// A file that contains the bearer token that the receiver requires (OAuth 2.0)
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// A file of headers that the receiver requires, one `Name: value` per line; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    /// The event type of the callbacks; the receiver must handle this type [default: webhook.test]
    #[arg(long = "event-type", value_name = "TYPE", requires = "data")]
    pub(crate) event_type: Option<String>,
    /// The data of the callbacks: a JSON object; @FILE reads it from a file, and - from standard input
    #[arg(long, value_name = "DATA", requires = "event_type")]
    pub(crate) data: Option<String>,
    /// Also check the handshake, which some operators require
    #[arg(long)]
    pub(crate) handshake: bool,
    /// Time limit for a response, as in the server setting of this name
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub(crate) attempt_timeout_seconds: u64,
}
