//! The command line. A test holds its commands against the operations of openapi.json.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

mod receiving;

pub(crate) use receiving::{CheckReceiver, Listen};
use webhooks_client::types::{ListDeliveriesStatus, ListWebhooksStatus};

/// Registers webhooks, publishes notifications, follows their deliveries, and receives callbacks on this machine
#[derive(Debug, Parser)]
#[command(name = "webhooks", version, max_term_width = 120)]
pub(crate) struct CommandLine {
    /// Print JSON for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the API is, and what it is told of the caller.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The API's address
    #[arg(long, env = "API_BASE_URL", value_name = "URL", default_value = "http://127.0.0.1:8080", global = true)]
    pub(crate) url: String,
    /// A file with the access token [default: $API_ACCESS_TOKEN, else `access-token` in the data directory]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// The data directory of a server on this machine, for its first access token and its development authority
    #[arg(long, value_name = "DIR", default_value = "./data", global = true)]
    pub(crate) data_dir: PathBuf,
    /// Certificate authorities to trust beside the public ones, in PEM, for an API or receiver with a certificate of its own
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register a webhook: from then on its URL is called for every notification
    Register(Register),
    /// List webhooks, newest first
    List(List),
    /// Show a webhook
    Get(Id),
    /// Change a webhook; what is not given stays
    Update(Update),
    /// Stop calling a webhook; its pending deliveries are cancelled
    Deactivate(Id),
    /// Call a webhook again
    Activate(Id),
    /// Delete a webhook
    Delete(Id),
    /// Send a test callback to a webhook now, and show how it went
    Test(Test),
    /// Print the secret that a webhook's callbacks are signed with
    SigningSecret(Id),
    /// Make a webhook's failed and cancelled deliveries due again, oldest first
    Recover(Recover),
    /// Make a new secret to sign a webhook's callbacks with, and print it; for a while the old one signs too
    RotateSigningSecret(RotateSigningSecret),
    /// Publish a notification
    Publish(Publish),
    /// List notifications, newest first, or show one
    Notifications(Notifications),
    /// Erase what a notification says; its pending deliveries are cancelled
    DeleteNotification(NotificationId),
    /// List the event types that can be published, as the operator's catalogue has them
    EventTypes(EventTypes),
    /// List deliveries, newest first, or show one with its attempts
    Deliveries(Deliveries),
    /// Make a delivery due now, whatever became of it
    Redeliver(DeliveryId),
    /// Receive callbacks on this machine, check them and print them as they come
    Listen(Listen),
    /// Send callbacks, right ones and wrong ones, to a receiver of yours, and say what it gets wrong
    CheckReceiver(CheckReceiver),
}

#[derive(Debug, Args)]
pub(crate) struct Id {
    /// The webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}

#[derive(Debug, Args)]
pub(crate) struct NotificationId {
    /// The notification
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}

#[derive(Debug, Args)]
pub(crate) struct DeliveryId {
    /// The delivery
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// The webhook
    #[arg(value_name = "WEBHOOK")]
    pub(crate) webhook: Uuid,
    /// Only deliveries made at this time or later, such as 2006-01-02T15:04:05Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: DateTime<Utc>,
    /// Only deliveries made before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Only count them
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where to go on, as a recovery that was cut off said
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The https URL to call
    #[arg(value_name = "URL")]
    pub(crate) target_url: String,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    /// A file with headers to send with each callback, `Name: value` a line, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) auth: Auth,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
    /// The https URL to call; at another host it needs its credentials again
    #[arg(long, value_name = "URL")]
    pub(crate) target_url: Option<String>,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    /// A file with all the headers to send with each callback, `Name: value` a line, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,
    /// Send no headers of your own any more
    #[arg(long, conflicts_with = "header_file")]
    pub(crate) no_headers: bool,
    #[command(flatten)]
    pub(crate) auth: Auth,
}

#[derive(Debug, Args)]
pub(crate) struct Wishes {
    /// A notification type to get, such as `catalog.purchase.closed`, or `catalog.*`; may be given more than once
    /// [without it: all; in an update, `*` asks for all again]
    #[arg(long = "event-type", value_name = "TYPE")]
    pub(crate) event_types: Vec<String>,
    /// What the webhook is for; in an update, '' clears it
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// How many callbacks may come in a second; in an update, 0 sets no limit any more
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) max_per_second: Option<u32>,
    /// Whether notifications come one at a time, in the order of publishing
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) ordered: Option<bool>,
}

/// How the service shows the callback who it is. Its secret has no plain argument, because other users of this machine
/// can read those, and shells remember them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication of callbacks")]
pub(crate) struct Auth {
    /// How callbacks are authenticated [without it: as the other options say]
    #[arg(long = "auth", value_name = "KIND", value_enum)]
    pub(crate) kind: Option<AuthKind>,
    /// The user name for `basic`
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file with the password [without it: $WEBHOOKS_PASSWORD, else a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// The password itself, for all to see
    #[arg(long, value_name = "PASSWORD", requires = "username", conflicts_with = "password_file")]
    pub(crate) insecure_password_argument: Option<String>,
    /// The client for `client-credential` (OAuth 2.0)
    #[arg(long, value_name = "ID", conflicts_with = "username", requires = "token_url")]
    pub(crate) client_id: Option<String>,
    /// A file with the client secret [without it: $WEBHOOKS_CLIENT_SECRET, else a prompt]
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The client secret itself, for all to see
    #[arg(long, value_name = "SECRET", requires = "client_id", conflicts_with = "client_secret_file")]
    pub(crate) insecure_client_secret_argument: Option<String>,
    /// Where the service fetches tokens
    #[arg(long, value_name = "URL", requires = "client_id")]
    pub(crate) token_url: Option<String>,
    /// The scope to ask tokens for
    #[arg(long, value_name = "SCOPE", requires = "client_id")]
    pub(crate) scope: Option<String>,
    /// The audience to ask tokens for
    #[arg(long, value_name = "AUDIENCE", requires = "client_id")]
    pub(crate) audience: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuthKind {
    /// A user name and a password
    Basic,
    /// A token that the service fetches with a client's secret (OAuth 2.0)
    ClientCredential,
    /// None
    Noauth,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only webhooks in this state: active or deactivated
    #[arg(long)]
    pub(crate) status: Option<ListWebhooksStatus>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// How many at most, or at most in a page with `--all` [default: 10, or 200 with `--all`]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: Option<u32>,
    /// Where to go on, as the page before said
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// Every page
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
    /// Send the catalogue's example of this event type; to the receiver it looks like the real thing [without it: webhook.test]
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
    /// The webhook
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
    /// How long the present secret stays valid beside the new one; 0 ends it at once, because it has leaked
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(i32).range(0..=604_800))]
    pub(crate) overlap_seconds: i32,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// What happened, such as `catalog.purchase.closed`
    #[arg(value_name = "TYPE")]
    pub(crate) event_type: String,
    /// A JSON object, @FILE to read it from there, or - for standard input
    #[arg(value_name = "DATA")]
    pub(crate) data: String,
    /// Whom it is for; a token of one account may leave it out
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The one webhook it is for, whatever types that asks for
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Uuid>,
    /// Publish once, however often this is repeated with the same key
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Notifications {
    /// The notification to show; without it they are listed
    #[arg(value_name = "ID", conflicts_with_all = ["event_type", "limit", "cursor", "all"])]
    pub(crate) id: Option<Uuid>,
    /// Only notifications of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct Deliveries {
    /// The delivery to show, with its attempts; without it they are listed
    #[arg(value_name = "ID", conflicts_with_all = ["webhook", "notification", "status", "event_type", "since", "until", "limit", "cursor", "all"])]
    pub(crate) id: Option<Uuid>,
    /// Only deliveries to this webhook
    #[arg(long, value_name = "ID")]
    pub(crate) webhook: Option<Uuid>,
    /// Only deliveries of this notification
    #[arg(long, value_name = "ID")]
    pub(crate) notification: Option<Uuid>,
    /// Only deliveries in this state: pending, succeeded, failed or cancelled
    #[arg(long)]
    pub(crate) status: Option<ListDeliveriesStatus>,
    /// Only deliveries of notifications of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// Only deliveries made at this time or later, such as 2006-01-02T15:04:05Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Only deliveries made before this time
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

    /// The operations that a command sends.
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
    fn the_command_line_fits_together() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_operation_of_the_api_is_reached() {
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
                operations(&parsed.command).iter().map(ToString::to_string)
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
        assert_eq!(reached, declared, "the left ones have a command, the right ones are in openapi.json");
    }
}
