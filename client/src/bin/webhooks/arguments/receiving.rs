//! The arguments of the commands that receive callbacks, or check who receives them.

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// The port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 9443)]
    pub(crate) port: u16,
    /// Register this receiver at the API, with a fresh password, and delete it when this command is stopped
    #[arg(long, conflicts_with_all = ["username", "bearer_file", "secret_file"])]
    pub(crate) register: bool,
    /// A notification type to register for; may be given more than once [without it: all, and what the service tells of
    /// other webhooks]
    #[arg(long = "event-type", value_name = "TYPE", requires = "register")]
    pub(crate) event_types: Vec<String>,
    /// The status to answer genuine callbacks with
    #[arg(long, value_name = "CODE", default_value_t = 204, value_parser = clap::value_parser!(u16).range(200..=599))]
    pub(crate) status: u16,
    /// Refuse callbacks without this user name and its password
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file with the password [without it: $WEBHOOKS_PASSWORD, else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// Refuse callbacks without the bearer token in this file
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// Refuse callbacks that are not signed with the secret (`whsec_…`) in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Have the certificate from an authority in this directory, made there if need be, instead of the server's
    #[arg(long, value_name = "DIR")]
    pub(crate) cert_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "It ends with 0 when all is well, with 3 when the receiver gets something wrong, and with 1 when it cannot be checked."
)]
pub(crate) struct CheckReceiver {
    /// The receiver's https URL; http is for this machine only
    #[arg(value_name = "URL")]
    pub(crate) target_url: String,
    /// The webhook that the callbacks name; its signing secret is asked from the API unless it is given
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Uuid>,
    /// A file with the signing secret (`whsec_…`) [without it: the webhook's, else $WEBHOOKS_SIGNING_SECRET, else a prompt]
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// The user name that the receiver wants
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file with the password [without it: $WEBHOOKS_PASSWORD, else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// A file with the bearer token that the receiver wants (OAuth 2.0)
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// A file with headers that the receiver wants, `Name: value` a line, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    /// What the callbacks say has happened: a type that the receiver acts upon [without it: webhook.test]
    #[arg(long = "event-type", value_name = "TYPE", requires = "data")]
    pub(crate) event_type: Option<String>,
    /// The data of that type: a JSON object, @FILE to read it from there, or - for standard input
    #[arg(long, value_name = "DATA", requires = "event_type")]
    pub(crate) data: Option<String>,
    /// Check too that the receiver agrees in a handshake, which some operators require
    #[arg(long)]
    pub(crate) handshake: bool,
    /// How long an answer may take, as the server's setting of this name says
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub(crate) attempt_timeout_seconds: u64,
}
