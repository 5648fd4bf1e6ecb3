//! `webhooks trigger`: publishes an example notification.

use anyhow::{Context as _, Result, bail};
use webhooks_client::{List as _, Payload};

use crate::api::Api;
use crate::arguments::Trigger;
use crate::output::{Format, print_one};
use crate::requests;

pub(crate) async fn run(api: &Api, arguments: &Trigger, format: Format) -> Result<()> {
    let event_type = &arguments.event_type;
    let data = match &arguments.data {
        Some(data) => requests::payload(data)?,
        None => example(api, event_type).await?,
    };
    let body = requests::addressed(api, event_type, data, arguments.account.as_deref(), arguments.webhook.as_ref()).await?;
    Ok(print_one(&api.settle(api.client.publish_notification().body(body).send().await)?, format)?)
}

/// Returns the example of an event type in the catalogue of the service.
async fn example(api: &Api, event_type: &str) -> Result<Payload> {
    let mut types = api.client.list_event_types().items();
    let mut names = Vec::new();
    while let Some(found) = types.next().await {
        let found = found.map_err(|failure| api.failure(failure))?;
        if found.name.as_str() == event_type {
            return found.example.with_context(|| format!("the catalogue has no example of {event_type}: give --data"));
        }
        if found.example.is_some() {
            names.push(found.name.to_string());
        }
    }
    if names.is_empty() {
        bail!("the catalogue of the service has no examples: give --data");
    }
    bail!("the catalogue of the service does not have {event_type}: give --data, or one of {}", names.join(", "))
}
