//! Runs the commands.

use std::process::ExitCode;

use anyhow::Result;
use webhooks_client::builder::{ListAuditEvents, ListDeliveries, ListNotifications, ListWebhooks};
use webhooks_client::types::{
    ListAuditEventsAction, ListDeliveriesType, ListNotificationsType, PublishNotificationIdempotencyKey, SigningSecretRotation,
    TestWebhookType, WebhookActivation, WebhookActivationStatus, WebhookDeactivation, WebhookDeactivationStatus,
};
use webhooks_client::{Outcome, Page};

use crate::api::Api;
use crate::arguments::{AuditEvents, Command, CommandLine, Deliveries, List, Notifications, Paging, Test};
use crate::output::{Format, print, print_listing, print_one, print_secret};
use crate::{check_receiver, follow, listen, program, recover, reference, replay, requests, trigger, why};

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
    let mut request = api.client.test_webhook().id(reference::webhook(api, &arguments.id).await?);
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
        Command::List(list) => print_listing(&fetch(api, &list.paging, webhooks(api, list).limit(list.paging.size())).await?, format)?,
        Command::Get(webhook) => {
            print_one(&api.settle(client.get_webhook().id(reference::webhook(api, &webhook.id).await?).send().await)?, format)?
        }
        Command::Update(update) => {
            let (id, body) = (reference::webhook(api, &update.id).await?, requests::update(update)?);
            print_one(&api.settle(client.update_webhook().id(id).body(body).send().await)?, format)?;
        }
        Command::Deactivate(webhook) => {
            let body = WebhookDeactivation { status: WebhookDeactivationStatus::Deactivated };
            print_one(
                &api.settle(client.deactivate_webhook().id(reference::webhook(api, &webhook.id).await?).body(body).send().await)?,
                format,
            )?;
        }
        Command::Activate(webhook) => {
            let body = WebhookActivation { status: WebhookActivationStatus::Active };
            print_one(
                &api.settle(client.activate_webhook().id(reference::webhook(api, &webhook.id).await?).body(body).send().await)?,
                format,
            )?;
        }
        Command::Delete(webhook) => {
            let id = reference::webhook(api, &webhook.id).await?;
            api.settle(client.delete_webhook().id(id).send().await)?;
            if !format.is_json() {
                print(&format!("deleted webhook {id}"))?;
            }
        }
        Command::SigningSecret(webhook) => {
            print_secret(&api.settle(client.get_signing_secret().id(reference::webhook(api, &webhook.id).await?).send().await)?, format)?;
        }
        Command::RotateSigningSecret(rotation) => {
            let body = SigningSecretRotation { overlap_seconds: rotation.overlap_seconds };
            print_secret(
                &api.settle(client.rotate_signing_secret().id(reference::webhook(api, &rotation.id).await?).body(body).send().await)?,
                format,
            )?;
        }
        Command::Recover(arguments) => recover::run(api, arguments, format).await?,
        Command::Publish(publish) => {
            let mut request = client.publish_notification().body(requests::publication(api, publish).await?);
            if let Some(key) = &publish.idempotency_key {
                let expected = "an idempotency key: 1 to 255 visible ASCII characters";
                request = request.idempotency_key(requests::parse::<PublishNotificationIdempotencyKey>(key, expected)?);
            }
            print_one(&api.settle(request.send().await)?, format)?;
        }
        Command::Notifications(Notifications { id: Some(id), .. }) => {
            print_one(&api.settle(client.get_notification().id(reference::notification(api, id).await?).send().await)?, format)?;
        }
        Command::Notifications(filter) => {
            let request = notifications(api, filter)?.limit(filter.paging.size());
            print_listing(&fetch(api, &filter.paging, request).await?, format)?;
        }
        Command::DeleteNotification(notification) => {
            let id = reference::notification(api, &notification.id).await?;
            api.settle(client.delete_notification().id(id).send().await)?;
            if !format.is_json() {
                print(&format!("deleted notification {id}"))?;
            }
        }
        Command::EventTypes(list) => {
            let request = client.list_event_types().limit(list.paging.size());
            print_listing(&fetch(api, &list.paging, request).await?, format)?;
        }
        Command::Deliveries(Deliveries { id: Some(id), .. }) => {
            print_one(&api.settle(client.get_delivery().id(reference::delivery(api, id).await?).send().await)?, format)?;
        }
        Command::Deliveries(filter) if filter.follow => follow::run(api, filter, format).await?,
        Command::Deliveries(filter) => {
            let request = deliveries(api, filter).await?.limit(filter.paging.size());
            print_listing(&fetch(api, &filter.paging, request).await?, format)?;
        }
        Command::AuditEvents(filter) => {
            let request = audit_events(api, filter)?.limit(filter.paging.size());
            print_listing(&fetch(api, &filter.paging, request).await?, format)?;
        }
        Command::Redeliver(delivery) => {
            print_one(&api.settle(client.redeliver().id(reference::delivery(api, &delivery.id).await?).send().await)?, format)?
        }
        Command::Trigger(arguments) => trigger::run(api, arguments, format).await?,
        Command::Why(delivery) => why::run(api, delivery, format).await?,
        Command::Listen(_)
        | Command::CheckReceiver(_)
        | Command::Test(_)
        | Command::Replay(_)
        | Command::Completions(_)
        | Command::Man(_) => unreachable!("handled in `run`"),
    }
    Ok(())
}

fn webhooks<'a>(api: &'a Api, list: &List) -> ListWebhooks<'a> {
    let request = api.client.list_webhooks();
    match list.status {
        Some(status) => request.status(status),
        None => request,
    }
}

fn notifications<'a>(api: &'a Api, filter: &Notifications) -> Result<ListNotifications<'a>> {
    let request = api.client.list_notifications();
    Ok(match &filter.event_type {
        Some(event_type) => request.type_(requests::parse::<ListNotificationsType>(event_type, requests::EVENT_TYPE)?),
        None => request,
    })
}

pub(crate) async fn deliveries<'a>(api: &'a Api, filter: &Deliveries) -> Result<ListDeliveries<'a>> {
    let mut request = api.client.list_deliveries();
    if let Some(webhook) = reference::optional_webhook(api, filter.webhook.as_ref()).await? {
        request = request.webhook_id(webhook);
    }
    if let Some(notification) = &filter.notification {
        request = request.notification_id(reference::notification(api, notification).await?);
    }
    if let Some(status) = filter.status {
        request = request.status(status);
    }
    if let Some(event_type) = &filter.event_type {
        request = request.type_(requests::parse::<ListDeliveriesType>(event_type, requests::EVENT_TYPE)?);
    }
    if let Some(since) = filter.since {
        request = request.since(since);
    }
    if let Some(until) = filter.until {
        request = request.until(until);
    }
    Ok(request)
}

fn audit_events<'a>(api: &'a Api, filter: &AuditEvents) -> Result<ListAuditEvents<'a>> {
    let mut request = api.client.list_audit_events();
    if let Some(action) = &filter.action {
        request = request.action(requests::parse::<ListAuditEventsAction>(action, requests::ACTION)?);
    }
    if let Some(since) = filter.since {
        request = request.since(since);
    }
    if let Some(until) = filter.until {
        request = request.until(until);
    }
    Ok(request)
}

/// Returns the next page that has items. With `--all`, returns the items of all remaining pages.
async fn fetch<'a, L: webhooks_client::List<'a>>(api: &Api, paging: &Paging, request: L) -> Result<Page<L::Item>> {
    let mut page = request.page(paging.cursor.clone()).await.map_err(|failure| api.failure(failure))?;
    while page.cursor.is_some() && (paging.all || page.data.is_empty()) {
        let next = request.page(page.cursor.take()).await.map_err(|failure| api.failure(failure))?;
        page.data.extend(next.data);
        page.cursor = next.cursor;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use webhooks_client::{Failure, List};

    use super::*;
    use crate::arguments::Connection;

    /// A list with one number on each page. The first `empty` pages have no number.
    #[derive(Clone)]
    struct Numbers {
        empty: u32,
    }

    impl List<'static> for Numbers {
        type Item = u32;

        async fn page(&self, cursor: Option<String>) -> Result<Page<u32>, Failure> {
            let number: u32 = cursor.map_or(0, |cursor| cursor.parse().expect("a number"));
            let data = if number < self.empty { vec![] } else { vec![number] };
            Ok(Page { data, cursor: (number < 3).then(|| (number + 1).to_string()) })
        }
    }

    async fn numbers(empty: u32, paging: Paging) -> Page<u32> {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("token"), "token").expect("a writable directory");
        let connection = Connection {
            url: "http://127.0.0.1:1".to_owned(),
            token_file: Some(directory.path().join("token")),
            data_dir: directory.path().to_owned(),
            ca_file: None,
            proxy: None,
        };
        let api = Api::connect(&connection).expect("an API");
        fetch(&api, &paging, Numbers { empty }).await.expect("numbers")
    }

    #[tokio::test]
    async fn all_follows_the_cursors_to_the_end() {
        let page = numbers(0, Paging { limit: None, cursor: Some("1".to_owned()), all: true }).await;
        assert_eq!(page, Page { data: vec![1, 2, 3], cursor: None });
    }

    #[tokio::test]
    async fn empty_pages_are_skipped() {
        let page = numbers(2, Paging { limit: None, cursor: None, all: false }).await;
        assert_eq!(page, Page { data: vec![2], cursor: Some("3".to_owned()) });
    }
}
