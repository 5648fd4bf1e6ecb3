//! What callers see of deliveries: why they wait, the exact body of the callback, and the requests of the attempts.

use uuid::Uuid;

use crate::api::problem::ApiError;
use crate::api::types::{self, DeliveryDetail};
use crate::delivery::derived_exchange;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::convert::Shown as _;
use crate::model::{CallbackTemplate, fingerprint};
use crate::store::{Attempt, Delivery};

impl App {
    /// Returns the objects of the API, with the reasons why deliveries wait.
    pub(super) fn shown_deliveries(&self, deliveries: Vec<Delivery>, caller: &Caller) -> Vec<types::Delivery> {
        let waits = self.engine.waits(&deliveries);
        let shown = deliveries.into_iter().zip(waits);
        shown.map(|(delivery, waiting_for)| types::Delivery { waiting_for, ..delivery.shown_to(caller) }).collect()
    }

    pub(super) fn shown_delivery(&self, delivery: Delivery, caller: &Caller) -> types::Delivery {
        let waiting_for = self.engine.waits(std::slice::from_ref(&delivery)).pop().flatten();
        types::Delivery { waiting_for, ..delivery.shown_to(caller) }
    }

    pub(super) async fn delivery_detail(&self, caller: &Caller, id: Uuid) -> Result<DeliveryDetail, ApiError> {
        let account = caller.account.clone();
        let found = self.store.get_delivery(account.clone(), id).await?;
        let (delivery, mut attempts) = found.ok_or_else(|| ApiError::not_found("delivery"))?;
        let notification = self.store.get_notification(account.clone(), delivery.notification_id).await?;
        let callback_body = notification.map(|notification| {
            let template = CallbackTemplate::new(notification.id, &notification.event_type, notification.created_at, &notification.data);
            String::from_utf8_lossy(&template.to(delivery.webhook_id)).into_owned()
        });
        let is_derivable = |attempt: &Attempt| attempt.exchange.is_none() && attempt.facts.fingerprint.is_some();
        if let Some(body) = callback_body.as_ref().filter(|_| attempts.iter().any(is_derivable))
            && let Some(webhook) = self.store.get_webhook(account, delivery.webhook_id).await?
        {
            let names = webhook.headers.iter().flat_map(|headers| &headers.names);
            let present = fingerprint(webhook.target_url.as_str(), &webhook.auth, names.map(|name| name.as_str()));
            for attempt in attempts.iter_mut().filter(|attempt| is_derivable(attempt) && attempt.facts.fingerprint == Some(present)) {
                attempt.exchange = derived_exchange(&webhook, delivery.notification_id, attempt.started_at, body.len());
            }
        }
        Ok(DeliveryDetail {
            delivery: self.shown_delivery(delivery, caller),
            callback_body,
            attempts: attempts.into_iter().map(Into::into).collect(),
        })
    }
}
