//! Runs the commands.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::json;
use webhooks_client::Outcome;
use webhooks_client::types::{
    Attempt, PublishNotificationIdempotencyKey, SigningSecretRotation, TestWebhookType, WebhookActivation, WebhookActivationStatus,
    WebhookDeactivation, WebhookDeactivationStatus,
};

use crate::api::Api;
use crate::arguments::{Command, CommandLine, Curl, Deliveries, Notifications, Test};
use crate::output::{Format, Screen, print, print_listing, print_one, print_secret, print_statistics, printable};
use crate::recover::Change;
use crate::{check_receiver, follow, health, listen, lists, lookup, operators, program, recover, replay, requests, trigger, why};

pub(crate) async fn run(line: &CommandLine, command: &Command) -> Result<ExitCode> {
    match command {
        // `listen` and `check-receiver` connect to the API only if their options require a connection.
        Command::Listen(arguments) => listen::run(arguments, &line.connection, line.format()).await?,
        Command::CheckReceiver(arguments) => return check_receiver::run(arguments, &line.connection, line.format()).await,
        Command::Test(arguments) => return test(arguments, &Api::connect(&line.connection)?, line.format()).await,
        Command::Replay(arguments) => return replay::run(arguments, &line.connection, line.format()).await,
        Command::Completions(arguments) => program::completions(arguments.shell)?,
        Command::Man(arguments) => program::manual(&arguments.directory)?,
        operation => operate(operation, &Api::connect(&line.connection)?, line.format()).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if the receiver does not accept the test callback.
async fn test(arguments: &Test, api: &Api, format: Format) -> Result<ExitCode> {
    let mut request = api.client.test_webhook().id(lookup::webhook(api, &arguments.id).await?);
    if let Some(event_type) = &arguments.event_type {
        request = request.type_(requests::parse::<TestWebhookType>(event_type, requests::EVENT_TYPE)?);
    }
    let attempt = api.settle(request.send().await)?;
    print_one(&attempt, format)?;
    if attempt.outcome == Outcome::Accepted {
        return Ok(ExitCode::SUCCESS);
    }
    if !format.is_json() {
        eprintln!(
            "the receiver did not accept the callback: {}",
            attempt.error.as_ref().map_or(attempt.outcome.as_str(), |error| error.as_str())
        );
    }
    Ok(ExitCode::FAILURE)
}

async fn operate(operation: &Command, api: &Api, format: Format) -> Result<()> {
    let client = &api.client;
    match operation {
        Command::Register(register) => {
            let body = requests::registration(register)?;
            print_one(&api.settle(client.register_webhook().body(body).send().await)?, format)?;
        }
        Command::List(list) => {
            print_listing(&lists::fetch(api, &list.paging, lists::webhooks(api, list)?.limit(list.paging.size())).await?, format)?
        }
        Command::Get(webhook) => {
            print_one(&api.settle(client.get_webhook().id(lookup::webhook(api, &webhook.id).await?).send().await)?, format)?
        }
        Command::Health(arguments) => health::run(api, arguments, format).await?,
        Command::Update(update) => {
            let (id, body) = (lookup::webhook(api, &update.id).await?, requests::update(update)?);
            print_one(&api.settle(client.update_webhook().id(id).body(body).send().await)?, format)?;
        }
        Command::Deactivate(webhook) => {
            let body = WebhookDeactivation { status: WebhookDeactivationStatus::Deactivated };
            print_one(
                &api.settle(client.deactivate_webhook().id(lookup::webhook(api, &webhook.id).await?).body(body).send().await)?,
                format,
            )?;
        }
        Command::Activate(webhook) => {
            let body = WebhookActivation { status: WebhookActivationStatus::Active };
            print_one(
                &api.settle(client.activate_webhook().id(lookup::webhook(api, &webhook.id).await?).body(body).send().await)?,
                format,
            )?;
        }
        Command::Delete(webhook) => {
            let id = lookup::webhook(api, &webhook.id).await?;
            api.settle(client.delete_webhook().id(id).send().await)?;
            if !format.is_json() {
                print(&format!("deleted webhook {id}"))?;
            }
        }
        Command::SigningSecret(webhook) => {
            print_secret(&api.settle(client.get_signing_secret().id(lookup::webhook(api, &webhook.id).await?).send().await)?, format)?;
        }
        Command::RotateSigningSecret(rotation) => {
            let body = SigningSecretRotation { overlap_seconds: rotation.overlap_seconds };
            print_secret(
                &api.settle(client.rotate_signing_secret().id(lookup::webhook(api, &rotation.id).await?).body(body).send().await)?,
                format,
            )?;
        }
        Command::Recover(arguments) => recover::run(api, arguments, format).await?,
        Command::RedeliverDeliveries(selection) => recover::change(api, Change::Redeliver, selection, format).await?,
        Command::CancelDeliveries(selection) => recover::change(api, Change::Cancel, selection, format).await?,
        Command::Operators(command) => operators::run(command, api, format).await?,
        Command::Publish(publish) => {
            let mut request = client.publish_notification().body(requests::publication(api, publish).await?);
            if let Some(key) = &publish.idempotency_key {
                let expected = "an idempotency key: 1 to 255 visible ASCII characters";
                request = request.idempotency_key(requests::parse::<PublishNotificationIdempotencyKey>(key, expected)?);
            }
            print_one(&api.settle(request.send().await)?, format)?;
        }
        Command::Notifications(Notifications { id: Some(id), .. }) => {
            print_one(&api.settle(client.get_notification().id(lookup::notification(api, id).await?).send().await)?, format)?;
        }
        Command::Notifications(filter) => {
            let request = lists::notifications(api, filter)?.limit(filter.paging.size());
            print_listing(&lists::fetch(api, &filter.paging, request).await?, format)?;
        }
        Command::DeleteNotification(notification) => {
            let id = lookup::notification(api, &notification.id).await?;
            api.settle(client.delete_notification().id(id).send().await)?;
            if !format.is_json() {
                print(&format!("deleted notification {id}"))?;
            }
        }
        Command::EventTypes(list) => {
            let request = client.list_event_types().limit(list.paging.size());
            print_listing(&lists::fetch(api, &list.paging, request).await?, format)?;
        }
        Command::Deliveries(Deliveries { id: Some(id), .. }) => {
            print_one(&api.settle(client.get_delivery().id(lookup::delivery(api, id).await?).send().await)?, format)?;
        }
        Command::Deliveries(filter) if filter.follow => follow::run(api, filter, format).await?,
        Command::Deliveries(filter) => {
            let request = lists::deliveries(api, filter).await?.limit(filter.paging.size());
            print_listing(&lists::fetch(api, &filter.paging, request).await?, format)?;
        }
        Command::AuditEvents(filter) => {
            let request = lists::audit_events(api, filter)?.limit(filter.paging.size());
            print_listing(&lists::fetch(api, &filter.paging, request).await?, format)?;
        }
        Command::Stats(stats) => print_statistics(&api.settle(requests::statistics(api, stats).await?.send().await)?, format)?,
        Command::Redeliver(delivery) => {
            print_one(&api.settle(client.redeliver().id(lookup::delivery(api, &delivery.id).await?).send().await)?, format)?
        }
        Command::Trigger(arguments) => trigger::run(api, arguments, format).await?,
        Command::Why(delivery) => why::run(api, delivery, format).await?,
        Command::Curl(arguments) => curl(api, arguments, format).await?,
        Command::Listen(_)
        | Command::CheckReceiver(_)
        | Command::Test(_)
        | Command::Replay(_)
        | Command::Completions(_)
        | Command::Man(_) => unreachable!("handled in `run`"),
    }
    Ok(())
}

/// Prints the request of an attempt as a curl command.
async fn curl(api: &Api, arguments: &Curl, format: Format) -> Result<()> {
    let id = lookup::delivery(api, &arguments.id).await?;
    let delivery = api.settle(api.client.get_delivery().id(id).send().await)?;
    let is_wanted = |attempt: &&Attempt| arguments.attempt.is_none_or(|number| attempt.number.get() == number);
    let attempt = delivery.attempts.iter().rev().find(is_wanted).context("the delivery has no such attempt")?;
    let command = attempt.to_curl(delivery.callback_body.as_deref().map(String::as_str)).context(
        "the request of this attempt is not known: the webhook has changed since, or was deleted, or its notification was deleted",
    )?;
    match format.is_json() {
        true => format.print(&json!({ "delivery": id, "attempt": attempt.number, "command": command }))?,
        // On a terminal, a body must not change its state. In a file, the command must stay exact.
        false => print(&if Screen::stdout().width.is_some() { printable(&command) } else { command })?,
    }
    Ok(())
}
