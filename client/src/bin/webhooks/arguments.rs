//! The arguments of the command line. A test compares the commands with the operations of openapi.json.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

mod receiving;

pub(crate) use receiving::{CheckReceiver, Listen};
use webhooks_client::types::{ListDeliveriesStatus, ListWebhooksStatus};

/// Register webhooks, publish notifications, inspect deliveries, and receive callbacks on this machine
#[derive(Debug, Parser)]
#[command(name = "webhooks", version, max_term_width = 120, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    /// Print the licences of everything that this program contains
    #[arg(long, exclusive = true)]
    pub(crate) licenses: bool,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The address of the API and the access token.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The address of the API
    #[arg(long, env = "API_BASE_URL", value_name = "URL", default_value = "http://127.0.0.1:8080", global = true)]
    pub(crate) url: String,
    /// A file that contains the access token [default: $API_ACCESS_TOKEN, else `access-token` in the data directory]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// The data directory of a server on this machine, with its first access token and its development authority
    #[arg(long, value_name = "DIR", default_value = "./data", global = true)]
    pub(crate) data_dir: PathBuf,
    /// A PEM file of certificate authorities to trust in addition to the public ones
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register a webhook that receives notifications at its URL
    Register(Register),
    /// List webhooks, newest first
    List(List),
    /// Show a webhook
    Get(Id),
    /// Change a webhook; settings that you do not give stay unchanged
    Update(Update),
    /// Deactivate a webhook and cancel its pending deliveries
    Deactivate(Id),
    /// Activate a webhook again
    Activate(Id),
    /// Delete a webhook
    Delete(Id),
    /// Send a test callback to a webhook now, and show the result
    Test(Test),
    /// Print the secret that signs the callbacks of a webhook
    SigningSecret(Id),
    /// Make the failed and cancelled deliveries of a webhook due again, oldest first
    Recover(Recover),
    /// Create and print a new signing secret of a webhook; the old secret stays valid for a while
    RotateSigningSecret(RotateSigningSecret),
    /// Publish a notification
    Publish(Publish),
    /// List notifications, newest first, or show one
    Notifications(Notifications),
    /// Erase the data of a notification and cancel its pending deliveries
    DeleteNotification(NotificationId),
    /// List the event types in the catalogue of the operator
    EventTypes(EventTypes),
    /// List deliveries, newest first, or show one with its attempts
    Deliveries(Deliveries),
    /// Make a delivery due now, whatever its status is
    Redeliver(DeliveryId),
    /// Receive, verify and print callbacks on this machine
    Listen(Listen),
    /// Send valid and invalid callbacks to your receiver, and report its mistakes
    CheckReceiver(CheckReceiver),
}

#[derive(Debug, Args)]
pub(crate) struct Id {
    /// The id of the webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}

#[derive(Debug, Args)]
pub(crate) struct NotificationId {
    /// The id of the notification
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}

#[derive(Debug, Args)]
pub(crate) struct DeliveryId {
    /// The id of the delivery
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// The id of the webhook
    #[arg(value_name = "WEBHOOK")]
    pub(crate) webhook: Uuid,
    /// Only deliveries created at this time or later, such as 2006-01-02T15:04:05Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: DateTime<Utc>,
    /// Only deliveries created before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Only count the deliveries
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Continue an interrupted recovery at the cursor that it printed
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
    /// A file of headers to send with each callback, one `Name: value` per line; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) auth: Auth,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The id of the webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
    /// The https URL of the receiver; a new scheme, host or port needs the credentials again
    #[arg(long, value_name = "URL")]
    pub(crate) target_url: Option<String>,
    #[command(flatten)]
    pub(crate) options: WebhookOptions,
    /// A file of all headers to send with each callback, one `Name: value` per line; - reads standard input
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
    /// An event type to receive, such as `catalog.purchase.closed` or `catalog.*`; repeatable; `*` means all
    /// [default: all; in an update: unchanged]
    #[arg(long = "event-type", value_name = "TYPE")]
    pub(crate) event_types: Vec<String>,
    /// A description; in an update, '' removes it
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Maximum number of callbacks per second; in an update, 0 removes the limit
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) max_per_second: Option<u32>,
    /// Whether to deliver notifications one at a time, in the order of publishing
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) ordered: Option<bool>,
}

/// How the service authenticates to the receiver. Secrets come from files or the environment: other users of this machine
/// can read arguments, and shells store them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication of callbacks")]
pub(crate) struct Auth {
    /// The kind of authentication [default: derived from the other options]
    #[arg(long = "auth", value_name = "KIND", value_enum)]
    pub(crate) kind: Option<AuthKind>,
    /// The user name for `basic`
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file that contains the password [default: $WEBHOOKS_PASSWORD, else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// The password itself, visible to other users of this machine
    #[arg(long, value_name = "PASSWORD", requires = "username", conflicts_with = "password_file")]
    pub(crate) insecure_password_argument: Option<String>,
    /// The client id for `client-credential` (OAuth 2.0)
    #[arg(long, value_name = "ID", conflicts_with = "username", requires = "token_url")]
    pub(crate) client_id: Option<String>,
    /// A file that contains the client secret [default: $WEBHOOKS_CLIENT_SECRET, else a prompt]
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The client secret itself, visible to other users of this machine
    #[arg(long, value_name = "SECRET", requires = "client_id", conflicts_with = "client_secret_file")]
    pub(crate) insecure_client_secret_argument: Option<String>,
    /// The https URL where the service fetches tokens
    #[arg(long, value_name = "URL", requires = "client_id")]
    pub(crate) token_url: Option<String>,
    /// The scope of the tokens
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
    /// A token that the service fetches with a client secret (OAuth 2.0)
    ClientCredential,
    /// No authentication
    Noauth,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only webhooks with this status: active or deactivated
    #[arg(long)]
    pub(crate) status: Option<ListWebhooksStatus>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// Maximum number of items; with `--all`, per request [default: 10, or 200 with `--all`]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: Option<u32>,
    /// Continue at the cursor that the previous page printed
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// List all pages
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The id of the webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
    /// Send the example of this event type from the catalogue; the receiver cannot distinguish it from a real notification
    /// [default: webhook.test]
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
    /// The id of the webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
    /// How long the old secret stays valid; use 0 if it has leaked
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(i32).range(0..=604_800))]
    pub(crate) overlap_seconds: i32,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The event type, such as `catalog.purchase.closed`
    #[arg(value_name = "TYPE")]
    pub(crate) event_type: String,
    /// A JSON object; @FILE reads it from a file, and - from standard input
    #[arg(value_name = "DATA")]
    pub(crate) data: String,
    /// The account that receives the notification; not needed with a token of an account
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Deliver only to this webhook, whatever its event types are
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Uuid>,
    /// Publish only once, even if you repeat the command with the same key
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Notifications {
    /// The id of a notification to show [default: list notifications]
    #[arg(value_name = "ID", conflicts_with_all = ["event_type", "limit", "cursor", "all"])]
    pub(crate) id: Option<Uuid>,
    /// Only notifications of this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Deliveries {
    /// The id of a delivery to show with its attempts [default: list deliveries]
    #[arg(value_name = "ID", conflicts_with_all = ["webhook", "notification", "status", "event_type", "since", "until", "limit", "cursor", "all"])]
    pub(crate) id: Option<Uuid>,
    /// Only deliveries to this webhook
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Uuid>,
    /// Only deliveries of this notification
    #[arg(long, value_name = "ID")]
    pub(crate) notification: Option<Uuid>,
    /// Only deliveries with this status: pending, succeeded, failed or cancelled
    #[arg(long)]
    pub(crate) status: Option<ListDeliveriesStatus>,
    /// Only deliveries of notifications of this event type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// Only deliveries created at this time or later, such as 2006-01-02T15:04:05Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Only deliveries created before this time
    #[arg(long, value_name = "TIME")]
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
        ];
        let reached: BTreeSet<String> = lines
            .iter()
            .flat_map(|line| {
                let words = std::iter::once("webhooks").chain(line.split(' ').map(|word| if word == "ID" { ID } else { word }));
                let parsed = CommandLine::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
                operations(&parsed.command.expect("a command")).iter().map(ToString::to_string)
            })
            .collect();

        let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json")).expect("openapi.json");
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
