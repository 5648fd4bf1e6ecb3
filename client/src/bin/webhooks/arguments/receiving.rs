//! The arguments of `webhooks listen` and `webhooks check-receiver`.

use std::path::PathBuf;

use clap::Args;

use crate::reference::Reference;

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// The port on 127.0.0.1; 0 means any free port
    #[arg(long, default_value_t = 9443)]
    pub(crate) port: u16,
    /// Register this receiver while the command runs
    ///
    /// The webhook has a random password. When this command stops, it deletes the webhook.
    #[arg(long, conflicts_with_all = ["username", "bearer_file", "secret_file"])]
    pub(crate) register: bool,
    /// An event type to receive
    ///
    /// You can repeat this option [default: all types, including the `webhook.*` events about other webhooks]
    #[arg(long = "event-type", value_name = "TYPE", requires = "register")]
    pub(crate) event_types: Vec<String>,
    /// Send callbacks to this URL, and return its response
    ///
    /// Callbacks that are refused are not sent. http is allowed only for a server on this machine, for example
    /// http://localhost:3000/hook.
    #[arg(long, value_name = "URL", conflicts_with = "status")]
    pub(crate) forward_to: Option<String>,
    /// Also print the headers
    ///
    /// Values that may be secret are masked.
    #[arg(long)]
    pub(crate) print_headers: bool,
    /// The HTTP status of the response
    ///
    /// Callbacks that are refused get 401.
    #[arg(long, value_name = "CODE", default_value_t = 204, value_parser = clap::value_parser!(u16).range(200..=599))]
    pub(crate) status: u16,
    /// Require this user name and a password
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file that contains the password
    ///
    /// [default: the password in $WEBHOOKS_PASSWORD, or else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// Require the bearer token from this file
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// Require a signature with a secret from this file
    ///
    /// The file has one secret (`whsec_…`) per line.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Use the certificate authority in this directory
    ///
    /// It replaces the certificate authority of the server. If the directory has none, the command creates one.
    #[arg(long, value_name = "DIR")]
    pub(crate) cert_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The notifications to send [default: list them]
    ///
    /// An id can be shortened to its beginning.
    #[arg(value_name = "ID", requires = "forward_to")]
    pub(crate) ids: Vec<Reference>,
    /// Send all callbacks, the oldest first
    #[arg(long, conflicts_with = "ids", requires = "forward_to")]
    pub(crate) all: bool,
    /// The URL of the receiver
    ///
    /// http is allowed only for a server on this machine. The callbacks have no credentials, because `listen` does not store them.
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,
    /// Sign again with the secret from this file
    ///
    /// Without it, the callbacks have their old signatures, which receivers refuse after 5 minutes.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_long_help = "Exit status: 0 if all checks are ok, 3 if the receiver makes a mistake, 1 if the receiver cannot be checked.")]
pub(crate) struct CheckReceiver {
    /// The https URL of the receiver
    ///
    /// http is allowed only for a receiver on this machine.
    #[arg(value_name = "URL")]
    pub(crate) target_url: String,
    /// The webhook id to send in the callbacks
    ///
    /// Without --secret-file, the command reads the signing secret of this webhook from the API.
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
    /// A file that contains the signing secret
    ///
    /// [default with --webhook: the secret from the API; default without --webhook: the secret in $WEBHOOKS_SIGNING_SECRET,
    /// or else a prompt]
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// The user name that the receiver requires
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file that contains the password
    ///
    /// [default: the password in $WEBHOOKS_PASSWORD, or else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// A file that contains the required bearer token
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// A file with required headers
    ///
    /// Each line has one header (`Name: value`). - means standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    /// The event type of the callbacks
    ///
    /// The receiver must handle this type [default: webhook.test]
    #[arg(long = "event-type", value_name = "TYPE", requires = "data")]
    pub(crate) event_type: Option<String>,
    /// The data of the callbacks: JSON, @FILE, or -
    ///
    /// A JSON object, or @FILE to read the object from a file, or - to read the object from standard input.
    #[arg(long, value_name = "DATA", requires = "event_type")]
    pub(crate) data: Option<String>,
    /// Also check the response to a handshake
    ///
    /// Some services require handshakes.
    #[arg(long)]
    pub(crate) handshake: bool,
    /// Time limit for a response, in seconds
    ///
    /// The server has a setting with the same name.
    #[arg(long, hide_short_help = true, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub(crate) attempt_timeout_seconds: u64,
}
