//! The arguments of the command line. A test checks that the commands call all operations of openapi.json.

use std::num::NonZeroU32;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

mod audit;
mod health;
mod operators;
mod publishing;
mod receiving;
mod recovery;
mod statistics;

pub(crate) use audit::AuditEvents;
pub(crate) use health::{Accounts, Health};
pub(crate) use operators::{OfAccount, OperatorCommand, Target};
pub(crate) use publishing::{Completions, Manual, Publish, Trigger};
pub(crate) use receiving::{CheckReceiver, Listen, Replay};
pub(crate) use recovery::{Recover, Selection};
pub(crate) use statistics::Stats;
use webhooks_client::types::{DeliveryStatus, WebhookHealthState, WebhookStatus};

use crate::output::Format;
use crate::reference::Reference;

/// Register webhooks, publish notifications, inspect deliveries, and receive callbacks on this machine
#[derive(Debug, Parser)]
#[command(name = "webhooks", version, max_term_width = 120, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    /// Print the licences of the software in this program
    #[arg(long)]
    pub(crate) licenses: bool,
    /// Print a table, json or jsonl
    ///
    /// A table is for people. `json` prints one JSON value, and `jsonl` prints each item of a list on a line of its own.
    #[arg(long, value_name = "FORMAT", value_enum, global = true, default_value_t, hide_possible_values = true, display_order = 900)]
    pub(crate) output: Format,
    /// The same as --output json
    #[arg(long, global = true, conflicts_with = "output", display_order = 901)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl CommandLine {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

/// The address of the API and the access token.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The address of the API
    #[arg(long, hide_short_help = true, env = "API_BASE_URL", value_name = "URL", default_value = "http://127.0.0.1:8080", global = true)]
    pub(crate) url: String,
    /// A file that contains the access token [default: the token in $API_ACCESS_TOKEN, or else the file `access-token` in the
    /// data directory]
    #[arg(long, hide_short_help = true, value_name = "FILE", global = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// The data directory of a server on this machine; it contains the first access token. If the server runs with
    /// `--dev`, the directory also contains a certificate authority
    #[arg(long, hide_short_help = true, value_name = "DIR", default_value = "./data", global = true)]
    pub(crate) data_dir: PathBuf,
    /// A PEM file with certificate authorities to trust in addition to the public certificate authorities
    #[arg(long, hide_short_help = true, value_name = "FILE", global = true)]
    pub(crate) ca_file: Option<PathBuf>,
    /// The proxy for requests to the API [default: the proxy in $HTTPS_PROXY and similar variables, except for hosts in
    /// $NO_PROXY and for an API on this machine]
    #[arg(long, hide_short_help = true, value_name = "URL", global = true)]
    pub(crate) proxy: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register a webhook that receives notifications at its URL
    Register(Register),
    /// List webhooks, the newest first
    List(List),
    /// Show a webhook
    Get(Id),
    /// Show the health of a webhook, or all webhooks that are not healthy, the worst first
    Health(Health),
    /// Change the given settings of a webhook
    Update(Update),
    /// Deactivate a webhook and cancel its pending deliveries
    Deactivate(Id),
    /// Activate a deactivated webhook
    Activate(Id),
    /// Delete a webhook
    Delete(Id),
    /// Send a test callback to a webhook now, and show the result
    Test(Test),
    /// Print the secret that signs the callbacks of a webhook
    SigningSecret(Id),
    /// Make failed and cancelled deliveries of a webhook due again, the oldest deliveries first
    Recover(Recover),
    /// Make many deliveries due now, even those that succeeded
    RedeliverDeliveries(Selection),
    /// Cancel many pending deliveries
    CancelDeliveries(Selection),
    /// Create and print a new signing secret of a webhook; for a limited time, the old secret stays valid
    RotateSigningSecret(RotateSigningSecret),
    /// Publish a notification
    Publish(Publish),
    /// Publish a notification with the catalogue's example of an event type, or with your own data
    Trigger(Trigger),
    /// List notifications, the newest first, or show one notification
    Notifications(Notifications),
    /// Delete a notification and cancel its pending deliveries
    DeleteNotification(NotificationId),
    /// List the event types in the catalogue of the service
    EventTypes(EventTypes),
    /// List deliveries, the newest first, or show one delivery with its attempts
    Deliveries(Deliveries),
    /// Tell the history of a delivery in sentences: what happened, why, and what to do
    Why(DeliveryId),
    /// Print the request of an attempt as a curl command
    Curl(Curl),
    /// Make a delivery due now, even if the delivery succeeded
    Redeliver(DeliveryId),
    /// Count attempts by outcome, with percentiles of the latency and the duration, for each interval of a time range
    Stats(Stats),
    #[command(flatten)]
    Operators(OperatorCommand),
    /// List events of the audit log, the newest first: who changed what
    AuditEvents(AuditEvents),
    /// Receive, verify and print callbacks on this machine
    Listen(Listen),
    /// Send callbacks that `listen` received to another receiver, or list them
    Replay(Replay),
    /// Send valid and invalid callbacks to your receiver, and report the mistakes of the receiver
    CheckReceiver(CheckReceiver),
    /// Print the completions of this program for a shell
    Completions(Completions),
    /// Write the manual pages of this program to a directory
    Man(Manual),
}

#[derive(Debug, Args)]
pub(crate) struct Id {
    /// The id of the webhook, or the beginning of the id
    #[arg(value_name = "ID")]
    pub(crate) id: Reference,
}

#[derive(Debug, Args)]
pub(crate) struct NotificationId {
    /// The id of the notification, or the beginning of the id
    #[arg(value_name = "ID")]
    pub(crate) id: Reference,
}

#[derive(Debug, Args)]
pub(crate) struct DeliveryId {
    /// The id of the delivery, or the beginning of the id
    #[arg(value_name = "ID")]
    pub(crate) id: Reference,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The https URL of the receiver
    #[arg(value_name = "URL")]
    pub(crate) target_url: String,
    #[command(flatten)]
    pub(crate) options: WebhookOptions,
    /// A file with headers to send with each callback
    ///
    /// Each line has one header (`Name: value`). - means standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) auth: Auth,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The id of the webhook, or the beginning of the id
    #[arg(value_name = "ID")]
    pub(crate) id: Reference,
    /// The new https URL of the receiver
    ///
    /// If the scheme, host or port changes, give the authentication options and the headers again.
    #[arg(long, value_name = "URL")]
    pub(crate) target_url: Option<String>,
    #[command(flatten)]
    pub(crate) options: WebhookOptions,
    /// A file with all headers to send
    ///
    /// Each line has one header (`Name: value`). - means standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    /// Remove all custom headers
    #[arg(long, conflicts_with = "header_file")]
    pub(crate) no_headers: bool,
    #[command(flatten)]
    pub(crate) auth: Auth,
}

#[derive(Debug, Args)]
pub(crate) struct WebhookOptions {
    /// An event type to receive, such as `catalog.*`
    ///
    /// The type can be a name such as `catalog.purchase.closed`, a name that ends in `.*`, or `*` (all types). You can repeat
    /// this option [default: all types; in an update: unchanged]
    #[arg(long = "event-type", value_name = "TYPE")]
    pub(crate) event_types: Vec<String>,
    /// A description of the webhook
    ///
    /// In an update, '' removes the description.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Maximum number of callbacks per second
    ///
    /// In an update, 0 removes the limit.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) max_per_second: Option<u32>,
    /// Whether to deliver one after another
    ///
    /// The notifications are delivered in the order of their publication.
    #[arg(long, value_name = "BOOL", hide_possible_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) ordered: Option<bool>,
}

/// How the service authenticates to the receiver. Secrets should come from files or the environment. Other users of this
/// machine can read arguments, and shells store arguments.
#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication of callbacks")]
pub(crate) struct Auth {
    /// The kind of authentication
    ///
    /// [default: `basic` with --username, `client-credential` with --client-id]
    #[arg(long = "auth", value_name = "KIND", value_enum, hide_short_help = true)]
    pub(crate) kind: Option<AuthKind>,
    /// The user name for `basic`
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file that contains the password [default: the password in $WEBHOOKS_PASSWORD, or else a prompt]
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// The password itself. Other users of this machine can see the password
    #[arg(long, hide_short_help = true, value_name = "PASSWORD", requires = "username", conflicts_with = "password_file")]
    pub(crate) insecure_password_argument: Option<String>,
    /// The client id for OAuth 2.0
    #[arg(long, value_name = "ID", conflicts_with = "username", requires = "token_url")]
    pub(crate) client_id: Option<String>,
    /// A file that contains the client secret [default: the secret in $WEBHOOKS_CLIENT_SECRET, or else a prompt]
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "client_id")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The client secret itself. Other users of this machine can see the client secret
    #[arg(long, hide_short_help = true, value_name = "SECRET", requires = "client_id", conflicts_with = "client_secret_file")]
    pub(crate) insecure_client_secret_argument: Option<String>,
    /// The https URL of the token server
    ///
    /// The service gets OAuth 2.0 tokens from it.
    #[arg(long, value_name = "URL", requires = "client_id")]
    pub(crate) token_url: Option<String>,
    /// The OAuth 2.0 scope of the tokens
    #[arg(long, hide_short_help = true, value_name = "SCOPE", requires = "client_id")]
    pub(crate) scope: Option<String>,
    /// The audience of the tokens
    #[arg(long, hide_short_help = true, value_name = "AUDIENCE", requires = "client_id")]
    pub(crate) audience: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuthKind {
    /// A user name and a password
    Basic,
    /// A token that the service gets with a client id and a client secret (OAuth 2.0)
    ClientCredential,
    /// No authentication
    Noauth,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// List only webhooks with this status: active or deactivated
    #[arg(long)]
    pub(crate) status: Option<WebhookStatus>,
    /// List only webhooks in this state: healthy, failing, paused or deactivated
    #[arg(long, value_name = "STATE")]
    pub(crate) health: Option<WebhookHealthState>,
    #[command(flatten)]
    pub(crate) of_account: OfAccount,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// Maximum number of items on one page
    ///
    /// [default: 10, or 200 with `--all`]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: Option<u32>,
    /// Begin at this cursor
    ///
    /// The command that listed the previous page printed the cursor.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// List the items of all pages
    #[arg(long)]
    pub(crate) all: bool,
}

impl Paging {
    /// Returns the number of items on a page.
    pub(crate) fn size(&self) -> NonZeroU32 {
        const DEFAULT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
        const MAX: NonZeroU32 = NonZeroU32::new(200).expect("not zero");
        self.limit.and_then(NonZeroU32::new).unwrap_or(if self.all { MAX } else { DEFAULT })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The id of the webhook, or the beginning of the id
    #[arg(value_name = "ID")]
    pub(crate) id: Reference,
    /// Send the catalogue's example of this event type. The receiver cannot distinguish the example from a real
    /// notification [default: webhook.test]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EventTypes {
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct RotateSigningSecret {
    /// The id of the webhook, or the beginning of the id
    #[arg(value_name = "ID")]
    pub(crate) id: Reference,
    /// How long the old secret stays valid, in seconds; if somebody else knows the old secret, give 0
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(i32).range(0..=604_800))]
    pub(crate) overlap_seconds: i32,
}

#[derive(Debug, Args)]
pub(crate) struct Notifications {
    /// The id of the notification to show [default: list all notifications]
    #[arg(value_name = "ID", conflicts_with_all = ["event_type", "account", "limit", "cursor", "all"])]
    pub(crate) id: Option<Reference>,
    /// List only notifications of this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    #[command(flatten)]
    pub(crate) of_account: OfAccount,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Curl {
    /// The delivery
    #[arg(value_name = "DELIVERY")]
    pub(crate) id: Reference,
    /// The number of the attempt [default: the last attempt]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) attempt: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Deliveries {
    /// The delivery to show with its attempts
    ///
    /// [default: list all deliveries]
    #[arg(value_name = "ID", conflicts_with_all = ["webhook", "notification", "status", "event_type", "since", "until", "account", "limit", "cursor", "all", "follow"])]
    pub(crate) id: Option<Reference>,
    /// Also print new deliveries and each change
    ///
    /// The command runs until you stop it with Ctrl-C.
    #[arg(long, conflicts_with_all = ["until", "cursor", "all"])]
    pub(crate) follow: bool,
    /// List only deliveries to this webhook
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
    /// List only deliveries of this notification
    #[arg(long, value_name = "ID")]
    pub(crate) notification: Option<Reference>,
    /// List only pending, succeeded, failed or cancelled
    #[arg(long)]
    pub(crate) status: Option<DeliveryStatus>,
    /// List only deliveries with this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// Select deliveries that were created since then
    ///
    /// The time can be a time such as 2006-01-02T15:04:05Z or 15:04, a day such as yesterday, or 2h for two hours ago.
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Select deliveries that were created before then
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) until: Option<DateTime<Utc>>,
    #[command(flatten)]
    pub(crate) of_account: OfAccount,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[cfg(test)]
mod tests;
