//! The list operations with the filters of their commands, and their pages.

use anyhow::Result;
use webhooks_client::Page;
use webhooks_client::builder::{ListAuditEvents, ListDeliveries, ListNotifications, ListWebhooks};
use webhooks_client::types::{
    DeliveryStatus, ListAuditEventsAccount, ListAuditEventsAction, ListDeliveriesAccount, ListDeliveriesType, ListNotificationsAccount,
    ListNotificationsType, ListWebhooksAccount,
};

use crate::api::Api;
use crate::arguments::{AuditEvents, Deliveries, List, Notifications, Paging};
use crate::{lookup, requests};

pub(crate) fn webhooks<'a>(api: &'a Api, list: &List) -> Result<ListWebhooks<'a>> {
    let mut request = api.client.list_webhooks();
    if let Some(account) = &list.of_account.account {
        request = request.account(requests::parse::<ListWebhooksAccount>(account, requests::ACCOUNT)?);
    }
    if let Some(status) = list.status {
        request = request.status(status);
    }
    if let Some(health) = list.health {
        request = request.health(health);
    }
    Ok(request)
}

pub(crate) fn notifications<'a>(api: &'a Api, filter: &Notifications) -> Result<ListNotifications<'a>> {
    let mut request = api.client.list_notifications();
    if let Some(account) = &filter.of_account.account {
        request = request.account(requests::parse::<ListNotificationsAccount>(account, requests::ACCOUNT)?);
    }
    if let Some(event_type) = &filter.event_type {
        request = request.type_(requests::parse::<ListNotificationsType>(event_type, requests::EVENT_TYPE)?);
    }
    Ok(request)
}

pub(crate) async fn deliveries<'a>(api: &'a Api, filter: &Deliveries) -> Result<ListDeliveries<'a>> {
    Ok(with_status(deliveries_of_any_status(api, filter).await?, filter.status))
}

pub(crate) fn with_status(request: ListDeliveries<'_>, status: Option<DeliveryStatus>) -> ListDeliveries<'_> {
    match status {
        Some(status) => request.status(status),
        None => request,
    }
}

pub(crate) async fn deliveries_of_any_status<'a>(api: &'a Api, filter: &Deliveries) -> Result<ListDeliveries<'a>> {
    let mut request = api.client.list_deliveries();
    if let Some(account) = &filter.of_account.account {
        request = request.account(requests::parse::<ListDeliveriesAccount>(account, requests::ACCOUNT)?);
    }
    if let Some(webhook) = lookup::optional_webhook(api, filter.webhook.as_ref()).await? {
        request = request.webhook_id(webhook);
    }
    if let Some(notification) = &filter.notification {
        request = request.notification_id(lookup::notification(api, notification).await?);
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

pub(crate) fn audit_events<'a>(api: &'a Api, filter: &AuditEvents) -> Result<ListAuditEvents<'a>> {
    let mut request = api.client.list_audit_events();
    if let Some(account) = &filter.of_account.account {
        request = request.account(requests::parse::<ListAuditEventsAccount>(account, requests::ACCOUNT)?);
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
    Ok(request)
}

/// Returns the next page that has items. With `--all`, returns the items of all remaining pages.
pub(crate) async fn fetch<'a, L: webhooks_client::List<'a>>(api: &Api, paging: &Paging, request: L) -> Result<Page<L::Item>> {
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
