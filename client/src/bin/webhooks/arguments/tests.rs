use std::collections::BTreeSet;

use clap::CommandFactory as _;

use super::*;

const ID: &str = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";

/// Returns the operations that a command calls.
fn operations(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Register(_) => &["registerWebhook"],
        Command::List(_) | Command::Health(Health { id: None, .. }) => &["listWebhooks"],
        Command::Get(_) | Command::Health(_) => &["getWebhook"],
        Command::Update(_) => &["updateWebhook"],
        Command::Deactivate(_) => &["deactivateWebhook"],
        Command::Activate(_) => &["activateWebhook"],
        Command::Delete(_) => &["deleteWebhook"],
        Command::Test(_) => &["testWebhook"],
        Command::SigningSecret(_) => &["getSigningSecret"],
        Command::Recover(_) => &["recoverDeliveries"],
        Command::RedeliverDeliveries(_) => &["redeliverDeliveries"],
        Command::CancelDeliveries(_) => &["cancelDeliveries"],
        Command::Operators(command) => command.operations(),
        Command::Publish(_) => &["publishNotification"],
        Command::Notifications(Notifications { id: Some(_), .. }) => &["getNotification"],
        Command::Notifications(_) => &["listNotifications"],
        Command::DeleteNotification(_) => &["deleteNotification"],
        Command::Trigger(Trigger { data: None, .. }) => &["listEventTypes", "publishNotification"],
        Command::Trigger(_) => &["publishNotification"],
        Command::Curl(_) => &["getDelivery"],
        Command::Why(_) => &["getDelivery", "getWebhook"],
        Command::Replay(_) | Command::Completions(_) | Command::Man(_) => &[],
        Command::RotateSigningSecret(_) => &["rotateSigningSecret"],
        Command::EventTypes(_) => &["listEventTypes"],
        Command::Deliveries(Deliveries { id: Some(_), .. }) => &["getDelivery"],
        Command::Deliveries(_) => &["listDeliveries"],
        Command::Redeliver(_) => &["redeliver"],
        Command::Stats(_) => &["getStatistics"],
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
        "health",
        "health ID",
        "update ID --description new",
        "deactivate ID",
        "activate ID",
        "delete ID",
        "test ID",
        "signing-secret ID",
        "recover ID --since 2006-01-02T15:04:05Z",
        "redeliver-deliveries --since 2h --outcome rejected",
        "cancel-deliveries --since 2h --webhook ID",
        "publish catalog.purchase.closed {}",
        "notifications",
        "notifications ID",
        "delete-notification ID",
        "rotate-signing-secret ID",
        "event-types",
        "deliveries",
        "deliveries ID",
        "redeliver ID",
        "stats --webhook ID --since 2h --interval 5m",
        "audit-events",
    ];
    let reached: BTreeSet<String> = lines
        .iter()
        .chain(&operators::LINES)
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
