//! The details of a delivery: the exact body of its callback, and the requests of its attempts.

use uuid::Uuid;

use crate::api::problem::ApiError;
use crate::api::types::DeliveryDetail;
use crate::delivery::derived_exchange;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::convert::Shown as _;
use crate::model::{CallbackTemplate, fingerprint};
use crate::store::Attempt;

impl App {
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
        Ok(DeliveryDetail { delivery: delivery.shown_to(caller), callback_body, attempts: attempts.into_iter().map(Into::into).collect() })
    }
}
