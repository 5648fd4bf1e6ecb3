//! `cargo xtask coverage`: what openapi.json says was seen to be so in the last full run of the tests, and nothing that was
//! seen contradicts it. What nobody has ever seen may be a promise that nothing keeps.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use super::document::{CallbackOperation, Operation, Response};
use super::judge::{Judge, header, media_type, response, sent};
use super::sightings::{self, Facts};
use super::{Answer, Callback, Caller, Exchange};

/// Answers that no test provokes from outside. This list only ever shrinks.
const UNSEEN: [(&str, &[&str], &str); 1] = [(
    "503",
    &[
        "getDelivery",
        "getNotification",
        "getSigningSecret",
        "getWebhook",
        "listDeliveries",
        "listNotifications",
        "listWebhooks",
        "testWebhook",
    ],
    "they only read, and nothing that holds the embedded database up keeps its readers waiting",
)];

/// # Errors
/// When openapi.json or what the tests recorded cannot be read.
pub fn run() -> anyhow::Result<ExitCode> {
    let document: Value = serde_json::from_str(&crate::read(&crate::repository("openapi.json"))?).context("openapi.json is not JSON")?;
    let (judge, exchanges) = (Judge::of(&document)?, super::load()?);
    let mut problems: Vec<String> =
        exchanges.iter().flat_map(|exchange| judge.breaches(exchange)).map(|breach| breach.to_string()).collect();
    problems.sort();
    problems.dedup();
    let (possible, seen) = facts(&judge, &exchanges)?;
    problems.extend(gaps(&possible, &seen));
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        let excused = excuses(&judge).len();
        println!(
            "{} statements of openapi.json were seen to be so in {} exchanges; {excused} answers are excused with a reason",
            possible.len() - excused,
            exchanges.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nThe whole of `cargo test -p webhooks-server --test it` must have run last; what it then lacks needs a test.");
    Ok(ExitCode::from(crate::DRIFT))
}

/// What the document says can be seen, and what was. An excused fact counts as seen, unless it was, which makes the
/// excuse one that must go.
pub(crate) fn facts(judge: &Judge, exchanges: &[Exchange]) -> anyhow::Result<(Facts, Facts)> {
    let (mut possible, mut seen) = (Facts::new(), Facts::new());
    for operation in &judge.document.operations {
        of_operation(operation, &mut possible)?;
    }
    for operation in &judge.document.callbacks {
        of_callback(operation, &mut possible)?;
    }
    for exchange in exchanges {
        match exchange {
            Exchange::Answer(answer) => {
                if let Some(operation) = judge.operation(&answer.method, &answer.path) {
                    shown_by_answer(operation, answer, &mut seen)?;
                }
            }
            Exchange::Callback(callback) => {
                for operation in &judge.document.callbacks {
                    shown_by_callback(operation, callback, &mut seen)?;
                }
            }
        }
    }
    for excuse in excuses(judge) {
        // Seen after all: named as something that the document does not have.
        let fact = if seen.contains(&excuse) { format!("{excuse}, which is excused as never seen") } else { excuse };
        seen.insert(fact.clone());
        possible.insert(fact);
    }
    Ok((possible, seen))
}

/// What can be seen and was not, one sentence each.
pub(crate) fn gaps(possible: &Facts, seen: &Facts) -> Vec<String> {
    let missing = possible.difference(seen).map(|fact| format!("{fact}: never seen"));
    let excess = seen.iter().filter(|fact| fact.ends_with("never seen")).map(|fact| format!("{fact}: the excuse must go"));
    missing.chain(excess).collect()
}

fn excuses(judge: &Judge) -> BTreeSet<String> {
    let listed =
        |operation: &&Operation, status: &str| UNSEEN.iter().any(|(of, ids, _)| *of == status && ids.contains(&operation.id.as_str()));
    let operations = judge.document.operations.iter();
    let answers = operations.flat_map(|operation| operation.answers.iter().map(move |(status, response)| (operation, status, response)));
    answers.filter(|(operation, status, _)| listed(operation, status)).map(|(_, _, response)| sightings::seen(&response.at)).collect()
}

fn of_operation(operation: &Operation, facts: &mut Facts) -> anyhow::Result<()> {
    facts.insert(without_token(operation));
    facts.insert(without_scope(operation));
    facts.insert(with_scope(operation));
    for response in operation.answers.values() {
        facts.insert(sightings::seen(&response.at));
        of_response(response, facts)?;
    }
    for parameter in &operation.parameters {
        facts.insert(sightings::seen(&parameter.at));
        if !parameter.required {
            facts.insert(absent(&parameter.at));
        }
        sightings::possible(&parameter.schema.cursor(), facts)?;
    }
    for schema in operation.request.iter().flat_map(|body| body.content.values()) {
        sightings::possible(&schema.cursor(), facts)?;
    }
    Ok(())
}

fn of_callback(operation: &CallbackOperation, facts: &mut Facts) -> anyhow::Result<()> {
    facts.extend(operation.authentications.iter().map(|(at, _)| sightings::seen(at)));
    facts.extend(operation.headers.iter().map(|header| sightings::seen(&header.at)));
    for schema in operation.body.content.values() {
        sightings::possible(&schema.cursor(), facts)?;
    }
    for response in operation.answers.values() {
        facts.insert(sightings::seen(&response.at));
        of_response(response, facts)?;
    }
    Ok(())
}

fn of_response(response: &Response, facts: &mut Facts) -> anyhow::Result<()> {
    facts.extend(response.headers.iter().map(|header| sightings::seen(&header.at)));
    for schema in response.content.values() {
        facts.insert(sightings::seen(&schema.at));
        sightings::possible(&schema.cursor(), facts)?;
    }
    Ok(())
}

fn shown_by_answer(operation: &Operation, answer: &Answer, facts: &mut Facts) -> anyhow::Result<()> {
    let served = (200..300).contains(&answer.status);
    match &answer.caller {
        Caller::WithoutToken if answer.status == 401 => {
            facts.insert(without_token(operation));
        }
        Caller::Scopes(scopes) if answer.status == 403 && !scopes.contains(&operation.scope) && !scopes.is_empty() => {
            facts.insert(without_scope(operation));
        }
        Caller::Scopes(scopes) if (served || answer.status == 404) && scopes.len() == 1 && scopes.contains(&operation.scope) => {
            facts.insert(with_scope(operation));
        }
        _ => {}
    }
    if let Some(response) = response(operation, answer.status) {
        facts.insert(sightings::seen(&response.at));
        for expected in response.headers.iter().filter(|expected| header(&answer.headers, &expected.name).is_some()) {
            facts.insert(sightings::seen(&expected.at));
        }
        if let Some(schema) = response.content.get(&media_type(&answer.headers)) {
            facts.insert(sightings::seen(&schema.at));
            sightings::shown(&schema.cursor(), &serde_json::from_str(&answer.body)?, facts)?;
        }
    }
    if !served {
        return Ok(());
    }
    for (parameter, values) in sent(operation, answer) {
        facts.insert(if values.is_empty() { absent(&parameter.at) } else { sightings::seen(&parameter.at) });
        for value in values {
            sightings::shown(&parameter.schema.cursor(), &value.into(), facts)?;
        }
    }
    let body = answer.request_body.as_deref().filter(|body| !body.is_empty());
    for (schema, body) in operation.request.iter().flat_map(|request| request.content.values()).zip(body) {
        sightings::shown(&schema.cursor(), &serde_json::from_str(body)?, facts)?;
    }
    Ok(())
}

fn shown_by_callback(operation: &CallbackOperation, callback: &Callback, facts: &mut Facts) -> anyhow::Result<()> {
    let authentication = callback.authentication.as_deref().unwrap_or_default();
    facts.extend(operation.authentications.iter().filter(|(_, scheme)| scheme == authentication).map(|(at, _)| sightings::seen(at)));
    let headers = operation.headers.iter().filter(|expected| header(&callback.headers, &expected.name).is_some());
    facts.extend(headers.map(|header| sightings::seen(&header.at)));
    if let Some(schema) = operation.body.content.get(&media_type(&callback.headers)) {
        sightings::shown(&schema.cursor(), &serde_json::from_str(&callback.body)?, facts)?;
    }
    let Some(status) = callback.status.map(|status| status.to_string()) else { return Ok(()) };
    let class = format!("{}XX", &status[..1]);
    let named = [status.as_str(), &class, "default"].into_iter().find_map(|name| operation.answers.get(name));
    if let Some(response) = named {
        facts.insert(sightings::seen(&response.at));
        let headers = response.headers.iter().filter(|expected| header(&callback.answered_headers, &expected.name).is_some());
        facts.extend(headers.map(|header| sightings::seen(&header.at)));
    }
    Ok(())
}

fn without_token(operation: &Operation) -> String {
    format!("{}/security refuses a caller without a token", operation.at)
}

fn without_scope(operation: &Operation) -> String {
    format!("{}/x-required-scope refuses a caller without {}", operation.at, operation.scope)
}

fn with_scope(operation: &Operation) -> String {
    format!("{}/x-required-scope serves a caller with {} alone", operation.at, operation.scope)
}

fn absent(at: &str) -> String {
    format!("{at} absent")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_no_evidence_everything_but_the_excused_is_missing() -> anyhow::Result<()> {
        let document: Value = serde_json::from_str(&crate::read(&crate::repository("openapi.json"))?)?;
        let judge = Judge::of(&document)?;
        let (possible, seen) = facts(&judge, &[])?;
        assert_eq!(seen.len(), UNSEEN[0].1.len(), "each excuse names an answer that is documented: {seen:?}");
        let gaps = gaps(&possible, &seen);
        let publish = "/paths/~1api~1notifications~1v1~1notifications/post";
        for expected in [
            format!("{publish}/responses/503 present: never seen"),
            format!("{publish}/security refuses a caller without a token: never seen"),
            "/components/schemas/Webhook/properties/eventTypes absent: never seen".to_owned(),
            "/components/schemas/Delivery/properties/status is \"cancelled\": never seen".to_owned(),
        ] {
            assert!(gaps.contains(&expected), "{expected}: {gaps:#?}");
        }
        assert!(!gaps.iter().any(|gap| gap.contains("{id}/get/responses/503 ")), "excused");
        Ok(())
    }
}
