//! Runs the commands.

use std::num::NonZeroU32;
use std::process::ExitCode;

use anyhow::Result;
use webhooks_client::types::{
    AuditEvent, Delivery, EventType, ListAuditEventsAction, ListAuditEventsCursor, ListDeliveriesCursor, ListDeliveriesType,
    ListEventTypesCursor, ListNotificationsCursor, ListNotificationsType, ListWebhooksCursor, Notification,
    PublishNotificationIdempotencyKey, SigningSecretRotation, TestWebhookType, Webhook, WebhookActivation, WebhookActivationStatus,
    WebhookDeactivation, WebhookDeactivationStatus,
};

use crate::api::Api;
use crate::arguments::{AuditEvents, Command, CommandLine, Deliveries, EventTypes, List, Notifications, Paging, Test};
use crate::output::{Listing, print, print_listing, print_one, print_secret};
use crate::{check_receiver, listen, recover, requests};

const DEFAULT_PAGE_SIZE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const MAX_PAGE_SIZE: NonZeroU32 = NonZeroU32::new(200).expect("not zero");

pub(crate) async fn run(line: &CommandLine, command: &Command) -> Result<ExitCode> {
    match command {
        // `listen` and `check-receiver` connect to the API only if their options require a connection.
        Command::Listen(arguments) => listen::run(arguments, &line.connection, line.json).await?,
        Command::CheckReceiver(arguments) => return check_receiver::run(arguments, &line.connection, line.json).await,
        Command::Test(arguments) => return test(arguments, &Api::connect(&line.connection)?, line.json).await,
        operation => operate(operation, &Api::connect(&line.connection)?, line.json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if the receiver does not accept the test callback.
async fn test(arguments: &Test, api: &Api, json: bool) -> Result<ExitCode> {
    let mut request = api.client.test_webhook().id(arguments.id);
    if let Some(event_type) = &arguments.event_type {
        request = request.type_(requests::parse::<TestWebhookType>(event_type, requests::EVENT_TYPE)?);
    }
    let attempt = api.settle(request.send().await)?;
    print_one(&attempt, json)?;
    if attempt.outcome.as_str() == "accepted" {
        return Ok(ExitCode::SUCCESS);
    }
    if !json {
        eprintln!(
            "the receiver did not accept the callback: {}",
            attempt.error.as_ref().map_or(attempt.outcome.as_str(), |error| error.as_str())
        );
    }
    Ok(ExitCode::FAILURE)
}

async fn operate(operation: &Command, api: &Api, json: bool) -> Result<()> {
    let client = &api.client;
    match operation {
        Command::Register(register) => {
            let body = requests::registration(register)?;
            print_one(&api.settle(client.register_webhook().body(body).send().await)?, json)?;
        }
        Command::List(list) => print_listing(&webhooks(api, list).await?, json)?,
        Command::Get(webhook) => print_one(&api.settle(client.get_webhook().id(webhook.id).send().await)?, json)?,
        Command::Update(update) => {
            let body = requests::update(update)?;
            print_one(&api.settle(client.update_webhook().id(update.id).body(body).send().await)?, json)?;
        }
        Command::Deactivate(webhook) => {
            let body = WebhookDeactivation { status: WebhookDeactivationStatus::Deactivated };
            print_one(&api.settle(client.deactivate_webhook().id(webhook.id).body(body).send().await)?, json)?;
        }
        Command::Activate(webhook) => {
            let body = WebhookActivation { status: WebhookActivationStatus::Active };
            print_one(&api.settle(client.activate_webhook().id(webhook.id).body(body).send().await)?, json)?;
        }
        Command::Delete(webhook) => {
            api.settle(client.delete_webhook().id(webhook.id).send().await)?;
            if !json {
                print(&format!("deleted webhook {}", webhook.id))?;
            }
        }
        Command::SigningSecret(webhook) => {
            print_secret(&api.settle(client.get_signing_secret().id(webhook.id).send().await)?, json)?;
        }
        Command::RotateSigningSecret(rotation) => {
            let body = SigningSecretRotation { overlap_seconds: rotation.overlap_seconds };
            print_secret(&api.settle(client.rotate_signing_secret().id(rotation.id).body(body).send().await)?, json)?;
        }
        Command::Recover(arguments) => recover::run(api, arguments, json).await?,
        Command::Publish(publish) => {
            let mut request = client.publish_notification().body(requests::publication(publish)?);
            if let Some(key) = &publish.idempotency_key {
                let expected = "an idempotency key: 1 to 255 visible ASCII characters";
                request = request.idempotency_key(requests::parse::<PublishNotificationIdempotencyKey>(key, expected)?);
            }
            print_one(&api.settle(request.send().await)?, json)?;
        }
        Command::Notifications(Notifications { id: Some(id), .. }) => {
            print_one(&api.settle(client.get_notification().id(*id).send().await)?, json)?;
        }
        Command::Notifications(filter) => print_listing(&notifications(api, filter).await?, json)?,
        Command::DeleteNotification(notification) => {
            api.settle(client.delete_notification().id(notification.id).send().await)?;
            if !json {
                print(&format!("deleted notification {}", notification.id))?;
            }
        }
        Command::EventTypes(list) => print_listing(&event_types(api, list).await?, json)?,
        Command::Deliveries(Deliveries { id: Some(id), .. }) => {
            print_one(&api.settle(client.get_delivery().id(*id).send().await)?, json)?;
        }
        Command::Deliveries(filter) => print_listing(&deliveries(api, filter).await?, json)?,
        Command::AuditEvents(filter) => print_listing(&audit_events(api, filter).await?, json)?,
        Command::Redeliver(delivery) => print_one(&api.settle(client.redeliver().id(delivery.id).send().await)?, json)?,
        Command::Listen(_) | Command::CheckReceiver(_) | Command::Test(_) => unreachable!("handled in `run`"),
    }
    Ok(())
}

async fn webhooks(api: &Api, list: &List) -> Result<Listing<Webhook>> {
    fetch_pages(&list.paging, async |cursor: Option<String>, limit| {
        let mut request = api.client.list_webhooks().limit(limit);
        if let Some(cursor) = cursor {
            request = request.cursor(requests::parse::<ListWebhooksCursor>(&cursor, requests::CURSOR)?);
        }
        if let Some(status) = list.status {
            request = request.status(status);
        }
        let page = api.settle(request.send().await)?;
        Ok(Listing { data: page.data, cursor: page.cursor.map(String::from) })
    })
    .await
}

async fn notifications(api: &Api, filter: &Notifications) -> Result<Listing<Notification>> {
    fetch_pages(&filter.paging, async |cursor: Option<String>, limit| {
        let mut request = api.client.list_notifications().limit(limit);
        if let Some(cursor) = cursor {
            request = request.cursor(requests::parse::<ListNotificationsCursor>(&cursor, requests::CURSOR)?);
        }
        if let Some(event_type) = &filter.event_type {
            request = request.type_(requests::parse::<ListNotificationsType>(event_type, requests::EVENT_TYPE)?);
        }
        let page = api.settle(request.send().await)?;
        Ok(Listing { data: page.data, cursor: page.cursor.map(String::from) })
    })
    .await
}

async fn event_types(api: &Api, list: &EventTypes) -> Result<Listing<EventType>> {
    fetch_pages(&list.paging, async |cursor: Option<String>, limit| {
        let mut request = api.client.list_event_types().limit(limit);
        if let Some(cursor) = cursor {
            request = request.cursor(requests::parse::<ListEventTypesCursor>(&cursor, requests::CURSOR)?);
        }
        let page = api.settle(request.send().await)?;
        Ok(Listing { data: page.data, cursor: page.cursor.map(String::from) })
    })
    .await
}

async fn deliveries(api: &Api, filter: &Deliveries) -> Result<Listing<Delivery>> {
    fetch_pages(&filter.paging, async |cursor: Option<String>, limit| {
        let mut request = api.client.list_deliveries().limit(limit);
        if let Some(cursor) = cursor {
            request = request.cursor(requests::parse::<ListDeliveriesCursor>(&cursor, requests::CURSOR)?);
        }
        if let Some(webhook) = filter.webhook {
            request = request.webhook_id(webhook);
        }
        if let Some(notification) = filter.notification {
            request = request.notification_id(notification);
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
        let page = api.settle(request.send().await)?;
        Ok(Listing { data: page.data, cursor: page.cursor.map(String::from) })
    })
    .await
}

async fn audit_events(api: &Api, filter: &AuditEvents) -> Result<Listing<AuditEvent>> {
    fetch_pages(&filter.paging, async |cursor: Option<String>, limit| {
        let mut request = api.client.list_audit_events().limit(limit);
        if let Some(cursor) = cursor {
            request = request.cursor(requests::parse::<ListAuditEventsCursor>(&cursor, requests::CURSOR)?);
        }
        if let Some(action) = &filter.action {
            request = request.action(requests::parse::<ListAuditEventsAction>(action, requests::ACTION)?);
        }
        if let Some(since) = filter.since {
            request = request.since(since);
        }
        if let Some(until) = filter.until {
            request = request.until(until);
        }
        let page = api.settle(request.send().await)?;
        Ok(Listing { data: page.data, cursor: page.cursor.map(String::from) })
    })
    .await
}

/// Returns the next page that has items. With `--all`, returns the items of all remaining pages.
async fn fetch_pages<T>(paging: &Paging, fetch: impl AsyncFn(Option<String>, NonZeroU32) -> Result<Listing<T>>) -> Result<Listing<T>> {
    let limit = paging.limit.and_then(NonZeroU32::new).unwrap_or(if paging.all { MAX_PAGE_SIZE } else { DEFAULT_PAGE_SIZE });
    let mut listing = fetch(paging.cursor.clone(), limit).await?;
    while listing.cursor.is_some() && (paging.all || listing.data.is_empty()) {
        let next = fetch(listing.cursor.take(), limit).await?;
        listing.data.extend(next.data);
        listing.cursor = next.cursor;
    }
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_follows_the_cursors_to_the_end() {
        let fetch = async |cursor: Option<String>, limit: NonZeroU32| {
            assert_eq!(limit, MAX_PAGE_SIZE);
            let number: u32 = cursor.map_or(0, |cursor| cursor.parse().expect("a number"));
            Ok(Listing { data: vec![number], cursor: (number < 3).then(|| (number + 1).to_string()) })
        };
        let listing = fetch_pages(&Paging { limit: None, cursor: Some("1".to_owned()), all: true }, fetch).await.expect("a listing");
        assert_eq!(listing.data, [1, 2, 3]);
        assert_eq!(listing.cursor, None);
    }

    #[tokio::test]
    async fn empty_pages_are_skipped() {
        let fetch = async |cursor: Option<String>, _: NonZeroU32| {
            let number: u32 = cursor.map_or(0, |cursor| cursor.parse().expect("a number"));
            let data = if number < 2 { Vec::new() } else { vec![number] };
            Ok(Listing { data, cursor: Some((number + 1).to_string()) })
        };
        let listing = fetch_pages(&Paging { limit: None, cursor: None, all: false }, fetch).await.expect("a listing");
        assert_eq!((listing.data, listing.cursor.as_deref()), (vec![2], Some("3")));
    }
}
