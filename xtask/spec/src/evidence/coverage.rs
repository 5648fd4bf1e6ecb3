//! The command `coverage`: what openapi.json says was seen to be so in the last full run of the tests, and nothing that was
//! seen contradicts it. What nobody has ever seen may be a promise that nothing keeps.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use super::document::{CallbackOperation, Operation, Response, Schema, Scope};
use super::judge::{Judge, header, kind_of, media_type, response, sent};
use super::sightings::{self, Facts};
use super::{Answer, Callback, Caller, Exchange};
use crate::{Profile, Service};

/// # Errors
/// When openapi.json or what the tests recorded cannot be read.
pub fn run(service: &Service) -> anyhow::Result<ExitCode> {
    let document: Value = serde_json::from_str(&service.document()?).context("openapi.json is not JSON")?;
    let exchanges = super::load(service)?;
    let coverage = check(service, &document, &exchanges)?;
    for problem in &coverage.problems {
        println!("{problem}");
    }
    if coverage.problems.is_empty() {
        println!(
            "{} statements of openapi.json were seen to be so in {} exchanges; {} answers are excused with a reason",
            coverage.statements,
            exchanges.len(),
            coverage.excused
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nThe whole of `{}` must have run last; what it then lacks needs a test.", service.profile.record_with);
    Ok(ExitCode::from(crate::DRIFT))
}

/// How much of a document the exchanges show.
#[derive(Debug)]
pub struct Coverage {
    /// What the exchanges contradict, and what they do not show, one sentence each.
    pub problems: Vec<String>,
    /// What the document says that exchanges can show, without what is excused.
    pub statements: usize,
    pub excused: usize,
}

/// # Errors
/// When `document` cannot be read for what it is, or the profile names what it does not have.
pub fn check(service: &Service, document: &Value, exchanges: &[Exchange]) -> anyhow::Result<Coverage> {
    let judge = Judge::new(&service.profile, document)?;
    judge.check_profile()?;
    let mut problems: Vec<String> =
        exchanges.iter().flat_map(|exchange| judge.breaches(exchange)).map(|breach| breach.to_string()).collect();
    problems.sort();
    problems.dedup();
    let seen = of_all(&judge, exchanges)?;
    problems.extend(seen.gaps());
    let excused = service.profile.evidence.unseen.iter().map(|unseen| unseen.operation_ids.len()).sum::<usize>();
    Ok(Coverage { problems, statements: seen.possible.len().saturating_sub(excused), excused })
}

/// What the document says can be seen, and what was.
#[derive(Default)]
pub(super) struct Seen {
    possible: Facts,
    seen: Facts,
}

impl Seen {
    pub(super) fn extend(&mut self, more: &Seen) {
        self.possible.extend(more.possible.iter().cloned());
        self.seen.extend(more.seen.iter().cloned());
    }

    /// What can be seen and was not, and what is excused and was seen all the same, one sentence each.
    pub(super) fn gaps(&self) -> Vec<String> {
        let missing = self.possible.difference(&self.seen).map(|fact| format!("{fact}: never seen"));
        let excess = self.seen.iter().filter(|fact| fact.ends_with(EXCUSED)).map(|fact| format!("{fact}: the excuse must go"));
        missing.chain(excess).collect()
    }

    /// An excused fact counts as seen. If it was, that is a fact of its own.
    fn excuse(&mut self, fact: &str) {
        if !self.seen.insert(fact.to_owned()) {
            self.seen.insert(format!("{fact}{EXCUSED}"));
        }
    }
}

const EXCUSED: &str = ", which is excused as never seen";

fn of_all(judge: &Judge, exchanges: &[Exchange]) -> anyhow::Result<Seen> {
    let mut all = Seen::default();
    let operations = judge.document.operations.iter().map(|operation| &operation.at);
    for at in operations.chain(judge.document.callbacks.iter().map(|operation| &operation.at)) {
        all.extend(&of_place(judge, at, exchanges)?);
    }
    Ok(all)
}

/// What can be seen of the operation or callback at a pointer, and what the exchanges among these that belong to it show.
pub(super) fn of_place(judge: &Judge, at: &str, exchanges: &[Exchange]) -> anyhow::Result<Seen> {
    let mut all = Seen::default();
    if let Some(operation) = judge.document.operations.iter().find(|operation| operation.at == at) {
        of_operation(operation, &mut all.possible)?;
        for exchange in exchanges {
            if let Exchange::Answer(answer) = exchange
                && judge.operation(&answer.method, &answer.path).is_some_and(|found| found.at == at)
            {
                shown_by_answer(judge.profile, operation, answer, &mut all.seen)?;
            }
        }
        let unseen = judge.profile.evidence.unseen.iter().filter(|unseen| unseen.operation_ids.contains(&operation.id.as_str()));
        for unseen in unseen {
            if let Some(response) = operation.answers.get(unseen.status) {
                all.excuse(&sightings::seen(&response.at));
            }
        }
    }
    if let Some(operation) = judge.document.callbacks.iter().find(|operation| operation.at == at) {
        of_callback(operation, &mut all.possible)?;
        for exchange in exchanges {
            if let Exchange::Callback(callback) = exchange
                && judge.callback(callback).is_some_and(|found| found.at == at)
            {
                shown_by_callback(operation, callback, &mut all.seen)?;
            }
        }
        let unseen = judge.profile.evidence.unseen.iter().filter(|unseen| unseen.operation_ids.contains(&operation.id().as_str()));
        for response in unseen.filter_map(|unseen| operation.answers.get(unseen.status)) {
            all.excuse(&sightings::seen(&response.at));
        }
    }
    Ok(all)
}

fn of_operation(operation: &Operation, facts: &mut Facts) -> anyhow::Result<()> {
    facts.insert(if operation.needs_token { without_token(operation) } else { serves_without_token(operation) });
    facts.extend(operation.scope.iter().flat_map(|scope| [without_scope(scope), with_scope(scope)]));
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
        // What a receiver answers is not recorded but for its status and headers.
        facts.insert(sightings::seen(&response.at));
        facts.extend(response.headers.iter().map(|header| sightings::seen(&header.at)));
    }
    Ok(())
}

fn of_response(response: &Response, facts: &mut Facts) -> anyhow::Result<()> {
    facts.extend(response.headers.iter().map(|header| sightings::seen(&header.at)));
    facts.extend(response.kinds.iter().map(|(at, kind)| shows(at, kind)));
    for schema in response.content.values() {
        facts.insert(sightings::seen(&schema.at));
        sightings::possible(&schema.cursor(), facts)?;
    }
    Ok(())
}

fn shown_by_answer(profile: &Profile, operation: &Operation, answer: &Answer, facts: &mut Facts) -> anyhow::Result<()> {
    let served = (200..300).contains(&answer.status);
    match (&answer.caller, &operation.scope) {
        (Caller::WithoutToken, _) if answer.status == 401 => {
            facts.insert(without_token(operation));
        }
        (Caller::WithoutToken, _) if served => {
            facts.insert(serves_without_token(operation));
        }
        (Caller::Scopes(scopes), Some(scope)) if answer.status == 403 && !scopes.contains(&scope.name) && !scopes.is_empty() => {
            facts.insert(without_scope(scope));
        }
        (Caller::Scopes(scopes), Some(scope)) if (served || answer.status == 404) && scopes.len() == 1 && scopes.contains(&scope.name) => {
            facts.insert(with_scope(scope));
        }
        _ => {}
    }
    if let Some(response) = response(operation, answer.status) {
        facts.insert(sightings::seen(&response.at));
        for expected in response.headers.iter().filter(|expected| header(&answer.headers, &expected.name).is_some()) {
            facts.insert(sightings::seen(&expected.at));
        }
        let kind = kind_of(profile, answer);
        facts.extend(response.kinds.iter().filter(|(_, known)| Some(known) == kind.as_ref()).map(|(at, kind)| shows(at, kind)));
        if let Some(schema) = response.content.get(&media_type(&answer.headers)) {
            facts.insert(sightings::seen(&schema.at));
            shown_by_text(schema, &answer.body, facts)?;
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
        shown_by_text(schema, body, facts)?;
    }
    Ok(())
}

/// A body that is no JSON shows nothing, and is a problem of its own.
fn shown_by_text(schema: &Schema, body: &str, facts: &mut Facts) -> anyhow::Result<()> {
    serde_json::from_str(body).map_or(Ok(()), |value| sightings::shown(&schema.cursor(), &value, facts))
}

fn shown_by_callback(operation: &CallbackOperation, callback: &Callback, facts: &mut Facts) -> anyhow::Result<()> {
    let authentication = callback.authentication.as_deref().unwrap_or_default();
    facts.extend(operation.authentications.iter().filter(|(_, scheme)| scheme == authentication).map(|(at, _)| sightings::seen(at)));
    let headers = operation.headers.iter().filter(|expected| header(&callback.headers, &expected.name).is_some());
    facts.extend(headers.map(|header| sightings::seen(&header.at)));
    if let Some(schema) = operation.body.content.get(&media_type(&callback.headers)) {
        shown_by_text(schema, &callback.body, facts)?;
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

fn serves_without_token(operation: &Operation) -> String {
    format!("{}/security serves a caller without a token", operation.at)
}

fn without_scope(scope: &Scope) -> String {
    format!("{} refuses a caller without {}", scope.at, scope.name)
}

fn with_scope(scope: &Scope) -> String {
    format!("{} serves a caller with {} alone", scope.at, scope.name)
}

fn shows(at: &str, kind: &str) -> String {
    format!("{at} is {kind}")
}

fn absent(at: &str) -> String {
    format!("{at} absent")
}
