//! `webhooks deliveries --follow`: prints new deliveries, and each change of their status or attempts, until it is stopped.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Local, Utc};
use uuid::Uuid;
use webhooks_client::builder::ListDeliveries;
use webhooks_client::types::{Delivery, DeliveryStatus};
use webhooks_client::{List as _, Page};

use crate::api::Api;
use crate::arguments::Deliveries;
use crate::lists;
use crate::output::{Format, Screen, last_attempt, print, print_json_line, short_time, shortened, style_of, time};

/// The time between two requests.
const INTERVAL: Duration = Duration::from_secs(2);

/// Maximum number of pages of each look. Older deliveries are no longer followed.
const MAX_PAGES: usize = 5;

const PAGE_SIZE: std::num::NonZeroU32 = std::num::NonZeroU32::new(200).expect("not zero");

pub(crate) async fn run(api: &Api, filter: &Deliveries, format: Format) -> Result<()> {
    let request = lists::deliveries_of_any_status(api, filter).await?;
    // Deliveries that are pending now may change, so they are followed too. They are printed when they change.
    let pending = look(api, request.clone().status(DeliveryStatus::Pending)).await?;
    let first = lists::with_status(request.clone(), filter.status).limit(filter.paging.size());
    let first = first.page(None).await.map_err(|failure| api.failure(failure))?;
    let mut followed = Followed::default();
    followed.changes(pending);
    followed.changes(first.data.clone());
    let mut changed = first.data;
    changed.reverse();
    loop {
        // A filter of the service would hide the change from pending to another status.
        for delivery in
            changed.iter().filter(|delivery| filter.status.is_none_or(|status| status.to_string() == delivery.status.to_string()))
        {
            if format.is_json() {
                print_json_line(delivery)?;
            } else {
                print(&line(delivery, Screen::stdout()))?;
            }
        }
        tokio::time::sleep(INTERVAL).await;
        let since = followed.since().or(filter.since);
        changed = followed.changes(look(api, since.map_or_else(|| request.clone(), |since| request.clone().since(since))).await?);
    }
}

async fn look(api: &Api, request: ListDeliveries<'_>) -> Result<Vec<Delivery>> {
    let request = request.limit(PAGE_SIZE);
    let (mut found, mut cursor) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let Page { data, cursor: next } = request.page(cursor).await.map_err(|failure| api.failure(failure))?;
        found.extend(data);
        if next.is_none() {
            break;
        }
        cursor = next;
    }
    Ok(found)
}

/// What was printed of a delivery.
#[derive(PartialEq)]
struct Printed {
    status: DeliveryStatus,
    attempts: i32,
    created_at: DateTime<Utc>,
}

#[derive(Default)]
struct Followed(HashMap<Uuid, Printed>);

impl Followed {
    /// Returns the deliveries that are new or have changed, the oldest first.
    fn changes(&mut self, mut found: Vec<Delivery>) -> Vec<Delivery> {
        found.reverse();
        found.retain(|delivery| {
            let current = Printed { status: delivery.status, attempts: delivery.attempt_count, created_at: delivery.created_at };
            let is_new = self.0.get(&delivery.id) != Some(&current);
            self.0.insert(delivery.id, current);
            is_new
        });
        // Deliveries that have ended change no more. The newest one stays: it says where new deliveries begin.
        if let Some(since) = self.since() {
            self.0.retain(|_, printed| printed.created_at >= since);
        }
        found
    }

    /// Returns the time of creation of the oldest delivery that can still change, or of the newest delivery.
    fn since(&self) -> Option<DateTime<Utc>> {
        let pending = self.0.values().filter(|printed| printed.status == DeliveryStatus::Pending);
        let oldest = pending.map(|printed| printed.created_at).min();
        oldest.or_else(|| self.0.values().map(|printed| printed.created_at).max())
    }
}

fn line(delivery: &Delivery, screen: Screen) -> String {
    let at = delivery.last_attempt.as_ref().map_or(delivery.created_at, |attempt| attempt.started_at);
    let (status, id) = (delivery.status.to_string(), delivery.id.to_string());
    let rest = delivery.last_attempt.as_ref().map_or_else(String::new, |attempt| format!("  {}", last_attempt(attempt)));
    let rest = format!("{:>3}  {}{rest}", delivery.attempt_count, delivery.notification.type_.as_str());
    let painted = screen.paint(&status, style_of(&status));
    let padding = " ".repeat(10_usize.saturating_sub(status.len()));
    match screen.width {
        Some(width) => {
            let begin = format!("{}  {}  ", short_time(&at, &Local::now()), &id[..13]);
            let left = width.saturating_sub(begin.len() + status.len() + padding.len());
            format!("{begin}{painted}{padding}{}", shortened(&rest.replace('\n', " "), left))
        }
        None => format!("{}  {id}  {painted}{padding}{}", time(&at), rest.replace('\n', " ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivery(number: u128, status: &str, attempts: i32) -> Delivery {
        let created_at = DateTime::from_timestamp(i64::try_from(number).expect("a small number"), 0).expect("a time");
        let id = Uuid::from_u128(number);
        let mut delivery = json!({
            "id": id, "notification": { "id": id, "type": "catalog.purchase.closed" }, "webhook": { "id": id }, "status": status,
            "attemptCount": attempts, "createdAt": created_at,
        });
        if attempts > 0 {
            let attempt = json!({
                "number": attempts, "startedAt": created_at, "durationMs": 1, "outcome": "rejected", "statusCode": 401,
                "error": "the receiver responded with the status 401, and a text that is so long that no terminal shows it on one line",
            });
            delivery["lastAttempt"] = attempt;
        }
        serde_json::from_value(delivery).expect("a delivery")
    }

    #[test]
    fn each_change_is_returned_once_and_the_oldest_first() {
        let mut followed = Followed::default();
        let mut ids = |found: &[Delivery]| -> Vec<u128> { followed.changes(found.to_vec()).iter().map(|it| it.id.as_u128()).collect() };
        let (one, two) = (delivery(1, "pending", 0), delivery(2, "succeeded", 1));
        assert_eq!(ids(&[two.clone(), one.clone()]), [1, 2]);
        assert_eq!(ids(&[two.clone(), one]), [0_u128; 0]);
        assert_eq!(ids(&[delivery(3, "pending", 0), two, delivery(1, "pending", 1)]), [1, 3]);
    }

    #[test]
    fn only_deliveries_that_can_change_and_newer_ones_are_requested_again() {
        let mut followed = Followed::default();
        assert_eq!(followed.since(), None);
        let seconds = |followed: &Followed| followed.since().map(|since| since.timestamp());
        followed.changes(vec![delivery(3, "succeeded", 1), delivery(2, "pending", 0), delivery(1, "failed", 1)]);
        assert_eq!((seconds(&followed), followed.0.len()), (Some(2), 2));
        followed.changes(vec![delivery(2, "succeeded", 1)]);
        assert_eq!((seconds(&followed), followed.0.len()), (Some(3), 1));
    }

    #[test]
    fn a_line_fits_the_terminal() {
        for width in [80, 140] {
            let line = line(&delivery(1, "failed", 10), Screen { width: Some(width), colour: false });
            assert!(line.chars().count() <= width && line.contains("catalog.purchase.closed  reject"), "{line}");
        }
    }
}
