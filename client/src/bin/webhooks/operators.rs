//! The commands about access tokens, and for operators.

use anyhow::Result;
use webhooks_client::types::{PauseRequest, PauseRequestId, ResumeDeliveriesId};

use crate::api::Api;
use crate::arguments::{Accounts, OperatorCommand, Target};
use crate::output::{Format, print, print_listing, print_one};
use crate::{lists, lookup, requests};

pub(crate) async fn run(command: &OperatorCommand, api: &Api, format: Format) -> Result<()> {
    let client = &api.client;
    match command {
        OperatorCommand::Whoami => print_one(&api.settle(client.get_caller().send().await)?, format)?,
        OperatorCommand::Status => print_one(&api.settle(client.get_service_status().send().await)?, format)?,
        OperatorCommand::Accounts(Accounts { health, paging }) => {
            let request = client.list_accounts().limit(paging.size());
            let request = health.map_or(request.clone(), |health| request.health(health));
            print_listing(&lists::fetch(api, paging, request).await?, format)?;
        }
        OperatorCommand::Pauses(paging) => {
            print_listing(&lists::fetch(api, paging, client.list_pauses().limit(paging.size())).await?, format)?;
        }
        OperatorCommand::Pause(target) => {
            let body = PauseRequest { id: requests::parse::<PauseRequestId>(&pause_id(api, target).await?, requests::ACCOUNT)? };
            print_one(&api.settle(client.pause_deliveries().body(body).send().await)?, format)?;
        }
        OperatorCommand::Resume(target) => {
            let id = pause_id(api, target).await?;
            let request = client.resume_deliveries().id(requests::parse::<ResumeDeliveriesId>(&id, requests::ACCOUNT)?);
            api.settle(request.send().await)?;
            if !format.is_json() {
                print(&format!("resumed {id}"))?;
            }
        }
    }
    Ok(())
}

/// Returns the identifier of a pause. clap ensures that exactly one option is given.
async fn pause_id(api: &Api, target: &Target) -> Result<String> {
    if let Some(account) = &target.account {
        return Ok(format!("account.{account}"));
    }
    let webhook = lookup::optional_webhook(api, target.webhook.as_ref()).await?;
    Ok(webhook.map_or_else(|| "all".to_owned(), |webhook| format!("webhook.{webhook}")))
}
