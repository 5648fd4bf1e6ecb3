//! Looks for the object that an argument means. The beginning of an identifier must belong to exactly one object.

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;
use webhooks_client::types::{Delivery, Notification, Webhook};
use webhooks_client::{Items, List as _};

use crate::api::Api;
use crate::output::printable;
use crate::reference::Reference;

/// Maximum number of objects to look through. A longer beginning needs fewer.
const MAX_OBJECTS: usize = 10_000;

/// Maximum number of objects that an error lists.
const MAX_CANDIDATES: usize = 10;

const PAGE_SIZE: std::num::NonZeroU32 = std::num::NonZeroU32::new(200).expect("not zero");

/// Maximum difference between `createdAt` of an object and the time in its identifier (RFC 9562, version 7).
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

pub(crate) async fn webhook(api: &Api, reference: &Reference) -> Result<Uuid> {
    let digits = match reference {
        Reference::Whole(id) => return Ok(*id),
        Reference::Beginning(digits) => digits,
    };
    let items = api.client.list_webhooks().limit(PAGE_SIZE).items();
    let describe = |webhook: &Webhook| (webhook.id, webhook.created_at, webhook.target_url.to_string());
    find(api, "webhook", digits, DateTime::<Utc>::MIN_UTC, items, describe).await
}

pub(crate) async fn notification(api: &Api, reference: &Reference) -> Result<Uuid> {
    let digits = match reference {
        Reference::Whole(id) => return Ok(*id),
        Reference::Beginning(digits) => digits,
    };
    let items = api.client.list_notifications().limit(PAGE_SIZE).items();
    let describe = |notification: &Notification| (notification.id, notification.created_at, notification.type_.to_string());
    find(api, "notification", digits, created(digits).0, items, describe).await
}

pub(crate) async fn delivery(api: &Api, reference: &Reference) -> Result<Uuid> {
    let digits = match reference {
        Reference::Whole(id) => return Ok(*id),
        Reference::Beginning(digits) => digits,
    };
    let (since, until) = created(digits);
    let items = api.client.list_deliveries().limit(PAGE_SIZE).since(since).until(until).items();
    let describe = |delivery: &Delivery| {
        let description = format!("{}  {}", delivery.status, delivery.notification.type_.as_str());
        (delivery.id, delivery.created_at, description)
    };
    find(api, "delivery", digits, since, items, describe).await
}

/// Returns the webhook of a filter, or `None` if there is no filter.
pub(crate) async fn optional_webhook(api: &Api, reference: Option<&Reference>) -> Result<Option<Uuid>> {
    Ok(match reference {
        Some(reference) => Some(webhook(api, reference).await?),
        None => None,
    })
}

/// Looks for the only object whose identifier begins with the digits. `items` begin with the newest object.
async fn find<T>(
    api: &Api,
    kind: &str,
    digits: &str,
    since: DateTime<Utc>,
    mut items: Items<'_, T>,
    describe: impl Fn(&T) -> (Uuid, DateTime<Utc>, String),
) -> Result<Uuid> {
    let mut candidates = Vec::new();
    let mut seen = 0;
    while let Some(item) = items.next().await {
        let (id, created_at, description) = describe(&item.map_err(|failure| api.failure(failure))?);
        seen += 1;
        if created_at < since {
            break;
        }
        if id.simple().to_string().starts_with(digits) {
            candidates.push(format!("  {id}  {}", printable(&description)));
        }
        if seen == MAX_OBJECTS || candidates.len() > MAX_CANDIDATES {
            bail!("too many objects may have an id that begins with `{digits}`: give more characters of the id");
        }
    }
    match &candidates[..] {
        [only] => Ok(only.split_whitespace().next().unwrap_or_default().parse()?),
        [] => bail!("no {kind} has an id that begins with `{digits}`"),
        several => bail!("`{digits}` is the beginning of several ids; give more characters:\n{}", several.join("\n")),
    }
}

/// Returns the first and the last possible time of creation of an object whose identifier begins with these digits.
fn created(digits: &str) -> (DateTime<Utc>, DateTime<Utc>) {
    let time = |filler: &str| {
        let digits: String = digits.chars().chain(filler.chars()).take(12).collect();
        let milliseconds = i64::from_str_radix(&digits, 16).unwrap_or_default();
        DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::UNIX_EPOCH)
    };
    // RFC 3339 has years of four digits, so later times cannot be sent.
    let last: DateTime<Utc> = DateTime::from_timestamp_millis(253_402_300_799_000).unwrap_or(DateTime::UNIX_EPOCH);
    let (first, end) = (time("000000000000"), time("ffffffffffff"));
    ((first - CLOCK_TOLERANCE).max(DateTime::UNIX_EPOCH).min(last), end.min(last - CLOCK_TOLERANCE) + CLOCK_TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_limits_its_time() {
        let (since, until) = created("0197a5a03c7e");
        let exact = DateTime::from_timestamp_millis(0x0197_a5a0_3c7e).expect("a time");
        assert_eq!((since, until), (exact - CLOCK_TOLERANCE, exact + CLOCK_TOLERANCE));
        let (since, until) = created("0197a5a0");
        assert!(since < exact && exact < until && until - since < TimeDelta::minutes(12));
        for digits in ["0000", "ffff"] {
            let (since, until) = created(digits);
            assert!(since <= until && (1970..=9999).contains(&chrono::Datelike::year(&until)), "{since} {until}");
        }
    }
}
