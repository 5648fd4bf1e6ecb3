//! `webhooks why`: tells the history of a delivery in sentences.

use anyhow::Result;
use serde_json::json;
use webhooks_client::Outcome;
use webhooks_client::types::{Attempt, DeliveryDetail, DeliveryStatus, WaitingFor, Webhook};

use crate::api::Api;
use crate::arguments::DeliveryId;
use crate::lookup;
use crate::output::{Format, Screen, print, time, waiting, wrapped};

pub(crate) async fn run(api: &Api, arguments: &DeliveryId, format: Format) -> Result<()> {
    let id = lookup::delivery(api, &arguments.id).await?;
    let delivery = api.settle(api.client.get_delivery().id(id).send().await)?;
    // The webhook may have been deleted, and the token may lack the scope. The history is useful without it.
    let webhook = api.client.get_webhook().id(delivery.webhook.id).send().await.ok();
    let sentences = history(&delivery, webhook.as_deref());
    if format.is_json() {
        let mut response = json!({ "delivery": id, "status": delivery.status, "history": sentences });
        if let Some(waiting_for) = &delivery.waiting_for {
            response["waitingFor"] = json!(waiting_for);
        }
        return Ok(format.print(&response)?);
    }
    let width = Screen::stdout().width.unwrap_or(usize::MAX);
    let sentences: Vec<String> = sentences.iter().map(|sentence| wrapped(sentence, width)).collect();
    Ok(print(&sentences.join("\n"))?)
}

fn history(delivery: &DeliveryDetail, webhook: Option<&Webhook>) -> Vec<String> {
    let id = delivery.id;
    let receiver = webhook.map_or_else(String::new, |webhook| format!(" ({})", webhook.target_url.as_str()));
    let event_type = delivery.notification.type_.as_str();
    let mut sentences = vec![format!(
        "Notification {} of the type {event_type} was accepted at {} for webhook {}{receiver}.",
        delivery.notification.id,
        time(&delivery.created_at),
        delivery.webhook.id
    )];
    let listed = i32::try_from(delivery.attempts.len()).unwrap_or(i32::MAX);
    match delivery.attempt_count.saturating_sub(listed) {
        0 if listed == 0 => sentences.push("There was no attempt.".to_owned()),
        0 => {}
        earlier => sentences.push(format!("The first {earlier} attempts are not listed.")),
    }
    sentences.extend(delivery.attempts.iter().map(attempt));
    sentences.push(match (&delivery.status, &delivery.waiting_for) {
        (DeliveryStatus::Pending, Some(waiting_for)) => wait(waiting_for),
        (DeliveryStatus::Pending, None) => "An attempt is in progress.".to_owned(),
        (DeliveryStatus::Succeeded, _) => "The delivery has succeeded.".to_owned(),
        (DeliveryStatus::Failed, _) => {
            format!("The delivery has failed, and there is no further attempt. `webhooks redeliver {id}` repeats it.")
        }
        (DeliveryStatus::Cancelled, _) => {
            "The delivery was cancelled, because its webhook was deactivated or deleted, or its notification was deleted.".to_owned()
        }
    });
    if let Some((webhook, deactivation)) = webhook.and_then(|webhook| Some((webhook, webhook.deactivation.as_ref()?))) {
        sentences.push(format!(
            "The webhook is deactivated since {} (reason: {}). After `webhooks activate {2}`, `webhooks recover {2} --since TIME` repeats its \
             failed and cancelled deliveries.",
            time(&deactivation.at),
            deactivation.reason,
            webhook.id
        ));
    }
    let last = delivery.attempts.last().filter(|last| last.outcome != Outcome::Accepted);
    if let Some((_, remedy)) = last.and_then(|last| last.outcome.explanation()) {
        sentences.push(format!("What to do: {remedy}."));
    }
    sentences
}

fn wait(waiting_for: &WaitingFor) -> String {
    let preceding = waiting_for.preceding_delivery.as_ref().map(|it| format!(" `webhooks why {}` explains the preceding delivery.", it.id));
    let explanation = waiting_for.explanation.as_str();
    format!("The delivery waits: {}. {explanation}{}", waiting(waiting_for), preceding.unwrap_or_default())
}

fn attempt(attempt: &Attempt) -> String {
    let happened = match attempt.outcome.explanation() {
        Some((happened, _)) => happened.to_owned(),
        None => format!("its outcome was `{}`", attempt.outcome),
    };
    let status = attempt.status_code.map_or_else(String::new, |status| format!(" (status {status})"));
    let error = attempt.error.as_ref().map_or_else(String::new, |error| format!(" Error: {}.", error.as_str().trim_end_matches('.')));
    format!(
        "Attempt {} at {}, which took {} ms: {happened}{status}.{error}",
        attempt.number,
        time(&attempt.started_at),
        attempt.duration_ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";

    fn delivery(status: &str, attempt_count: i32, attempts: &[(&str, Option<i32>)]) -> DeliveryDetail {
        let attempts: Vec<_> = attempts
            .iter()
            .enumerate()
            .map(|(index, (outcome, code))| {
                let mut attempt = json!({
                    "number": attempt_count as usize - attempts.len() + index + 1, "startedAt": "2006-01-02T15:04:05Z", "durationMs": 31,
                    "outcome": outcome, "error": format!("why {outcome}"),
                });
                if let Some(code) = code {
                    attempt["statusCode"] = json!(code);
                }
                attempt
            })
            .collect();
        let delivery = json!({
            "id": ID, "notification": { "id": ID, "type": "a.b" }, "webhook": { "id": ID }, "status": status,
            "attemptCount": attempt_count, "createdAt": "2006-01-02T15:04:05Z", "attempts": attempts,
            "nextAttemptAt": "2006-01-02T15:09:05Z",
        });
        serde_json::from_value(delivery).expect("a delivery")
    }

    fn webhook() -> Webhook {
        let webhook = json!({
            "id": ID, "createdAt": "2006-01-02T15:04:05Z", "updatedAt": "2006-01-02T15:04:05Z", "targetURL": "https://example.com",
            "auth": { "type": "noauth" }, "status": "deactivated", "deactivation": { "reason": "gone", "at": "2006-01-02T15:04:05Z" },
        });
        serde_json::from_value(webhook).expect("a webhook")
    }

    fn text(delivery: &DeliveryDetail, webhook: Option<&Webhook>) -> String {
        history(delivery, webhook).join("\n")
    }

    #[test]
    fn a_history_has_a_sentence_for_each_attempt_the_state_and_the_remedy() {
        let failed = delivery("failed", 3, &[("rejected", Some(401)), ("timed_out", None)]);
        let text = text(&failed, Some(&webhook()));
        for part in [
            "of the type a.b was accepted at ",
            &format!(" for webhook {ID} (https://example.com).\n"),
            "The first 1 attempts are not listed.\n",
            "which took 31 ms: the callback server responded with another status (status 401). Error: why rejected.\n",
            "Attempt 3 at ",
            &format!("there is no further attempt. `webhooks redeliver {ID}` repeats it.\n"),
            "(reason: gone)",
            "What to do: respond sooner, and do slow work after the response.",
        ] {
            assert!(text.contains(part), "no `{part}` in {text}");
        }
    }

    #[test]
    fn the_last_sentences_depend_on_the_status() {
        let mut pending = delivery("pending", 0, &[]);
        assert!(text(&pending, None).ends_with("There was no attempt.\nAn attempt is in progress."));
        let waiting_for = json!({
            "reason": "preceding_delivery", "since": "2006-01-02T15:04:05Z", "until": "2006-01-02T15:09:05Z", "explanation": "It waits.",
            "precedingDelivery": { "id": ID }, "help": "/docs#waiting-preceding_delivery",
        });
        pending.waiting_for = Some(serde_json::from_value(waiting_for).expect("a wait"));
        let waiting = text(&pending, None);
        for part in [
            "\nThe delivery waits: preceding_delivery, since ",
            ", until ",
            &format!(". It waits. `webhooks why {ID}` explains the preceding delivery."),
        ] {
            assert!(waiting.contains(part), "no `{part}` in {waiting}");
        }
        let succeeded = text(&delivery("succeeded", 1, &[("accepted", Some(204))]), None);
        assert!(succeeded.ends_with("The delivery has succeeded."), "{succeeded}");
        let unknown = text(&delivery("cancelled", 1, &[("teapot", None)]), None);
        assert!(unknown.contains("its outcome was `teapot`") && !unknown.contains("What to do"), "{unknown}");
    }
}
