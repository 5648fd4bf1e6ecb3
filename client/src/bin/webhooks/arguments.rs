//! The arguments of the command line. A test checks that the commands call all operations of openapi.json.

use std::num::NonZeroU32;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

mod audit;
mod receiving;

pub(crate) use audit::AuditEvents;
pub(crate) use receiving::{CheckReceiver, Listen};
use webhooks_client::types::{ListDeliveriesStatus, ListWebhooksStatus};

use crate::output::Format;
use crate::reference::Reference;

/// Register webhooks, publish notifications, inspect deliveries, and receive callbacks on this machine
#[derive(Debug, Parser)]
#[command(name = "webhooks", version, max_term_width = 120, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    /// Print the licences of the software in this program
    #[arg(long)]
    pub(crate) licenses: bool,
    /// The format of the result
    #[arg(long, value_name = "FORMAT", value_enum, global = true, default_value_t)]
    pub(crate) output: Format,
    /// Print the result as JSON, as `--output json` does
    #[arg(long, global = true, conflicts_with = "output")]
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
    #[arg(long, env = "API_BASE_URL", value_name = "URL", default_value = "http://127.0.0.1:8080", global = true)]
    pub(crate) url: String,
    /// A file that contains the access token [default: the token in $API_ACCESS_TOKEN, or else the file `access-token` in the
    /// data directory]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// The data directory of a server on this machine; it contains the first access token. If the server runs with
    /// `--dev`, the directory also contains a certificate authority
    #[arg(long, value_name = "DIR", default_value = "./data", global = true)]
    pub(crate) data_dir: PathBuf,
    /// A PEM file with certificate authorities to trust in addition to the public certificate authorities
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) ca_file: Option<PathBuf>,
    /// The proxy for requests to the API [default: the proxy in $HTTPS_PROXY and similar variables, except for hosts in
    /// $NO_PROXY and for an API on this machine]
    #[arg(long, value_name = "URL", global = true)]
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
    /// Create and print a new signing secret of a webhook; for a limited time, the old secret stays valid
    RotateSigningSecret(RotateSigningSecret),
    /// Publish a notification
    Publish(Publish),
    /// List notifications, the newest first, or show one notification
    Notifications(Notifications),
    /// Delete a notification and cancel its pending deliveries
    DeleteNotification(NotificationId),
    /// List the event types in the catalogue of the service
    EventTypes(EventTypes),
    /// List deliveries, the newest first, or show one delivery with its attempts
    Deliveries(Deliveries),
    /// Make a delivery due now, even if the delivery succeeded
    Redeliver(DeliveryId),
    /// List events of the audit log, the newest first: who changed what
    AuditEvents(AuditEvents),
    /// Receive, verify and print callbacks on this machine
    Listen(Listen),
    /// Send valid and invalid callbacks to your receiver, and report the mistakes of the receiver
    CheckReceiver(CheckReceiver),
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
pub(crate) struct Recover {
    /// The id of the webhook, or the beginning of the id
    #[arg(value_name = "WEBHOOK")]
    pub(crate) webhook: Reference,
    /// Select deliveries that were created at this time (such as 2006-01-02T15:04:05Z, yesterday, or 2h for two hours ago) or later
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) since: DateTime<Utc>,
    /// Select deliveries that were created before this time
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Count the deliveries, but change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Continue an interrupted recovery; the interrupted command printed this cursor
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The https URL of the receiver
    #[arg(value_name = "URL")]
    pub(crate) target_url: String,
    #[command(flatten)]
    pub(crate) options: WebhookOptions,
    /// A file with headers to send with each callback, one header (`Name: value`) per line; - means standard input
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
    /// The new https URL of the receiver; if the scheme, host or port changes, give the authentication options and
    /// the headers again
    #[arg(long, value_name = "URL")]
    pub(crate) target_url: Option<String>,
    #[command(flatten)]
    pub(crate) options: WebhookOptions,
    /// A file with all headers to send with each callback, one header (`Name: value`) per line; - means standard input
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
    /// An event type to receive, such as `catalog.purchase.closed`, `catalog.*` or `*` (all types). You can repeat this option
    /// [default: all types; in an update: unchanged]
    #[arg(long = "event-type", value_name = "TYPE")]
    pub(crate) event_types: Vec<String>,
    /// A description of the webhook; in an update, '' removes the description
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Maximum number of callbacks per second; in an update, 0 removes the limit
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) max_per_second: Option<u32>,
    /// Whether to deliver the notifications one after another, in the order of their publication
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) ordered: Option<bool>,
}

/// How the service authenticates to the receiver. Secrets should come from files or the environment. Other users of this
/// machine can read arguments, and shells store arguments.
#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication of callbacks")]
pub(crate) struct Auth {
    /// The kind of authentication [default: `basic` with --username, `client-credential` with --client-id]
    #[arg(long = "auth", value_name = "KIND", value_enum)]
    pub(crate) kind: Option<AuthKind>,
    /// The user name for `basic`
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file that contains the password [default: the password in $WEBHOOKS_PASSWORD, or else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// The password itself. Other users of this machine can see the password
    #[arg(long, value_name = "PASSWORD", requires = "username", conflicts_with = "password_file")]
    pub(crate) insecure_password_argument: Option<String>,
    /// The client id for `client-credential` (OAuth 2.0)
    #[arg(long, value_name = "ID", conflicts_with = "username", requires = "token_url")]
    pub(crate) client_id: Option<String>,
    /// A file that contains the client secret [default: the secret in $WEBHOOKS_CLIENT_SECRET, or else a prompt]
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The client secret itself. Other users of this machine can see the client secret
    #[arg(long, value_name = "SECRET", requires = "client_id", conflicts_with = "client_secret_file")]
    pub(crate) insecure_client_secret_argument: Option<String>,
    /// The https URL from which the service gets OAuth 2.0 tokens
    #[arg(long, value_name = "URL", requires = "client_id")]
    pub(crate) token_url: Option<String>,
    /// The OAuth 2.0 scope of the tokens
    #[arg(long, value_name = "SCOPE", requires = "client_id")]
    pub(crate) scope: Option<String>,
    /// The audience of the tokens
    #[arg(long, value_name = "AUDIENCE", requires = "client_id")]
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
    pub(crate) status: Option<ListWebhooksStatus>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// Maximum number of items on one page [default: 10, or 200 with `--all`]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: Option<u32>,
    /// Begin at this cursor; the command that listed the previous page printed the cursor
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
pub(crate) struct Publish {
    /// The event type, such as `catalog.purchase.closed`
    #[arg(value_name = "TYPE")]
    pub(crate) event_type: String,
    /// The data of the notification: a JSON object, or @FILE to read the object from a file, or - to read the object
    /// from standard input
    #[arg(value_name = "DATA")]
    pub(crate) data: String,
    /// The account that receives the notification; only a platform token needs this option
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Deliver only to this webhook, even if the event types of the webhook do not include TYPE
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
    /// If you repeat the command with the same key, the notification is published only once
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Notifications {
    /// The id of the notification to show [default: list all notifications]
    #[arg(value_name = "ID", conflicts_with_all = ["event_type", "limit", "cursor", "all"])]
    pub(crate) id: Option<Reference>,
    /// List only notifications of this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Deliveries {
    /// The id of the delivery to show with its attempts [default: list all deliveries]
    #[arg(value_name = "ID", conflicts_with_all = ["webhook", "notification", "status", "event_type", "since", "until", "limit", "cursor", "all"])]
    pub(crate) id: Option<Reference>,
    /// List only deliveries to this webhook
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Reference>,
    /// List only deliveries of this notification
    #[arg(long, value_name = "ID")]
    pub(crate) notification: Option<Reference>,
    /// List only deliveries with this status: pending, succeeded, failed or cancelled
    #[arg(long)]
    pub(crate) status: Option<ListDeliveriesStatus>,
    /// List only deliveries whose notification has this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// Select deliveries that were created at this time (such as 2006-01-02T15:04:05Z, yesterday, or 2h for two hours ago) or later
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Select deliveries that were created before this time
    #[arg(long, value_name = "TIME", value_parser = crate::time::argument)]
    pub(crate) until: Option<DateTime<Utc>>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;

    const ID: &str = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";

    /// Returns the operations that a command calls.
    fn operations(command: &Command) -> &'static [&'static str] {
        match command {
            Command::Register(_) => &["registerWebhook"],
            Command::List(_) => &["listWebhooks"],
            Command::Get(_) => &["getWebhook"],
            Command::Update(_) => &["updateWebhook"],
            Command::Deactivate(_) => &["deactivateWebhook"],
            Command::Activate(_) => &["activateWebhook"],
            Command::Delete(_) => &["deleteWebhook"],
            Command::Test(_) => &["testWebhook"],
            Command::SigningSecret(_) => &["getSigningSecret"],
            Command::Recover(_) => &["recoverDeliveries"],
            Command::Publish(_) => &["publishNotification"],
            Command::Notifications(Notifications { id: Some(_), .. }) => &["getNotification"],
            Command::Notifications(_) => &["listNotifications"],
            Command::DeleteNotification(_) => &["deleteNotification"],
            Command::RotateSigningSecret(_) => &["rotateSigningSecret"],
            Command::EventTypes(_) => &["listEventTypes"],
            Command::Deliveries(Deliveries { id: Some(_), .. }) => &["getDelivery"],
            Command::Deliveries(_) => &["listDeliveries"],
            Command::Redeliver(_) => &["redeliver"],
            Command::AuditEvents(_) => &["listAuditEvents"],
            Command::Listen(Listen { register: true, .. }) => &["registerWebhook", "getSigningSecret", "deleteWebhook"],
            Command::Listen(_) => &[],
            Command::CheckReceiver(CheckReceiver { secret_file: None, webhook: Some(_), .. }) => &["getSigningSecret"],
            Command::CheckReceiver(_) => &[],
        }
    }

    #[test]
    fn the_command_line_definition_is_valid() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_operation_of_the_api_has_a_command() {
        let lines = [
            "register https://example.com",
            "list",
            "get ID",
            "update ID --description new",
            "deactivate ID",
            "activate ID",
            "delete ID",
            "test ID",
            "signing-secret ID",
            "recover ID --since 2006-01-02T15:04:05Z",
            "publish catalog.purchase.closed {}",
            "notifications",
            "notifications ID",
            "delete-notification ID",
            "rotate-signing-secret ID",
            "event-types",
            "deliveries",
            "deliveries ID",
            "redeliver ID",
            "audit-events",
        ];
        let reached: BTreeSet<String> = lines
            .iter()
            .flat_map(|line| {
                let words = std::iter::once("webhooks").chain(line.split(' ').map(|word| if word == "ID" { ID } else { word }));
                let parsed = CommandLine::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
                operations(&parsed.command.expect("a command")).iter().map(ToString::to_string)
            })
            .collect();

        let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).expect("openapi.json");
        let document: serde_json::Value = serde_json::from_str(&document).expect("openapi.json is JSON");
        let paths = document["paths"].as_object().expect("paths");
        let declared: BTreeSet<String> = paths
            .values()
            .flat_map(|path| path.as_object().expect("a path").values())
            .filter_map(|operation| Some(operation.get("operationId")?.as_str()?.to_owned()))
            .collect();
        assert_eq!(reached, declared, "left: operations with a command; right: operations in openapi.json");
    }
}
