//! The command `coverage`: checks that the recorded exchanges show every statement of openapi.json and contradict no
//! statement.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use super::checker::{Checker, header, kind_of, media_type, parameter_values, response};
use super::document::{CallbackOperation, Operation, Response, Schema, Scope};
use super::facts::{self, Facts};
use super::{ApiExchange, Callback, Caller, Exchange};
use crate::{Profile, Service};

/// Prints the problems: statements that the exchanges contradict or do not show.
///
/// # Errors
/// When openapi.json or the recorded exchanges cannot be read.
pub fn run(service: &Service) -> anyhow::Result<ExitCode> {
    let document: Value = serde_json::from_str(&service.document()?).context("openapi.json is not JSON")?;
    let exchanges = super::load(service)?;
    let coverage = check(service, &document, &exchanges)?;
    for problem in &coverage.problems {
        println!("{problem}");
    }
    if coverage.problems.is_empty() {
        println!(
            "{} exchanges show all {} statements of openapi.json; {} more responses are listed in `unseen`",
            exchanges.len(),
            coverage.statements,
            coverage.unseen
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nRun all of `{}` first. If a statement is still not seen, add a test for it.", service.profile.test_command);
    Ok(ExitCode::from(crate::DRIFT))
}

/// The result of [`check`].
#[derive(Debug)]
pub struct Coverage {
    /// One sentence for each statement that the exchanges contradict or do not show.
    pub problems: Vec<String>,
    /// The number of statements that exchanges can show. The responses in `unseen` are not counted.
    pub statements: usize,
    /// The number of responses in `unseen` of the profile.
    pub unseen: usize,
}

/// Compares the exchanges with the document.
///
/// # Errors
/// When `document` is not an OpenAPI document, or the profile has an entry that matches nothing in the document.
pub fn check(service: &Service, document: &Value, exchanges: &[Exchange]) -> anyhow::Result<Coverage> {
    let checker = Checker::new(&service.profile, document)?;
    checker.check_profile()?;
    let mut problems: Vec<String> =
        exchanges.iter().flat_map(|exchange| checker.violations(exchange)).map(|violation| violation.to_string()).collect();
    problems.sort();
    problems.dedup();
    let sightings = sightings(&checker, exchanges)?;
    problems.extend(sightings.gaps());
    let unseen = service.profile.evidence.unseen.iter().map(|unseen| unseen.operation_ids.len()).sum::<usize>();
    Ok(Coverage { problems, statements: sightings.possible.len().saturating_sub(unseen), unseen })
}

/// The facts that exchanges can show according to the document, and the facts that the recorded exchanges show.
#[derive(Default)]
pub(super) struct Sightings {
    possible: Facts,
    seen: Facts,
}

impl Sightings {
    pub(super) fn extend(&mut self, more: &Sightings) {
        self.possible.extend(more.possible.iter().cloned());
        self.seen.extend(more.seen.iter().cloned());
    }

    /// Returns one sentence for each possible fact that no exchange shows. If an exchange shows the response of an
    /// entry of `unseen`, also returns a sentence for this entry.
    pub(super) fn gaps(&self) -> Vec<String> {
        let missing = self.possible.difference(&self.seen).map(|fact| format!("{fact}: not seen in any test"));
        let excess = self.seen.iter().filter(|fact| fact.ends_with(IN_UNSEEN)).map(|fact| format!("{fact}: remove the entry"));
        missing.chain(excess).collect()
    }

    /// Marks the responses of an operation or callback that the profile lists in `unseen` as seen.
    fn add_unseen_of(&mut self, profile: &Profile, id: &str, responses: &BTreeMap<String, Response>) {
        let unseen = profile.evidence.unseen.iter().filter(|unseen| unseen.operation_ids.contains(&id));
        for response in unseen.filter_map(|unseen| responses.get(unseen.status)) {
            self.add_unseen(&facts::present(&response.at));
        }
    }

    /// Marks a fact of `unseen` as seen. If an exchange already shows the fact, adds a second fact, which reports that
    /// the entry is not needed.
    fn add_unseen(&mut self, fact: &str) {
        if !self.seen.insert(fact.to_owned()) {
            self.seen.insert(format!("{fact}{IN_UNSEEN}"));
        }
    }
}

const IN_UNSEEN: &str = ": seen, but listed in `unseen` of the profile";

fn sightings(checker: &Checker, exchanges: &[Exchange]) -> anyhow::Result<Sightings> {
    let mut all = Sightings::default();
    let operations = checker.document.operations.iter().map(|operation| &operation.at);
    for at in operations.chain(checker.document.callbacks.iter().map(|operation| &operation.at)) {
        all.extend(&sightings_at(checker, at, exchanges)?);
    }
    Ok(all)
}

/// Returns the facts of the operation or callback at the pointer `at`. Ignores exchanges of other operations and
/// callbacks.
pub(super) fn sightings_at(checker: &Checker, at: &str, exchanges: &[Exchange]) -> anyhow::Result<Sightings> {
    let mut all = Sightings::default();
    if let Some(operation) = checker.document.operations.iter().find(|operation| operation.at == at) {
        possible_in_operation(operation, &mut all.possible)?;
        for exchange in exchanges {
            if let Exchange::Api(exchange) = exchange
                && checker.operation(&exchange.method, &exchange.path).is_some_and(|found| found.at == at)
            {
                shown_by_api_exchange(checker.profile, operation, exchange, &mut all.seen)?;
            }
        }
        all.add_unseen_of(checker.profile, &operation.id, &operation.responses);
    }
    if let Some(operation) = checker.document.callbacks.iter().find(|operation| operation.at == at) {
        possible_in_callback(operation, &mut all.possible)?;
        for exchange in exchanges {
            if let Exchange::Callback(callback) = exchange
                && checker.callback(callback).is_some_and(|found| found.at == at)
            {
                shown_by_callback(operation, callback, &mut all.seen)?;
            }
        }
        all.add_unseen_of(checker.profile, &operation.id(), &operation.responses);
    }
    Ok(all)
}

fn possible_in_operation(operation: &Operation, facts: &mut Facts) -> anyhow::Result<()> {
    facts.insert(if operation.needs_token { refuses_without_token(operation) } else { accepts_without_token(operation) });
    facts.extend(operation.scope.iter().flat_map(|scope| [refuses_without_scope(scope), accepts_with_scope(scope)]));
    for response in operation.responses.values() {
        facts.insert(facts::present(&response.at));
        possible_in_response(response, facts)?;
    }
    for parameter in &operation.parameters {
        facts.insert(facts::present(&parameter.at));
        if !parameter.required {
            facts.insert(facts::absent(&parameter.at));
        }
        facts::possible(&parameter.schema.cursor(), facts)?;
    }
    for schema in operation.request.iter().flat_map(|body| body.content.values()) {
        facts::possible(&schema.cursor(), facts)?;
    }
    Ok(())
}

fn possible_in_callback(operation: &CallbackOperation, facts: &mut Facts) -> anyhow::Result<()> {
    facts.extend(operation.authentications.iter().map(|(at, _)| facts::present(at)));
    facts.extend(operation.headers.iter().map(|header| facts::present(&header.at)));
    for schema in operation.body.content.values() {
        facts::possible(&schema.cursor(), facts)?;
    }
    for response in operation.responses.values() {
        // Response bodies of receivers are not recorded.
        facts.insert(facts::present(&response.at));
        facts.extend(response.headers.iter().map(|header| facts::present(&header.at)));
    }
    Ok(())
}

fn possible_in_response(response: &Response, facts: &mut Facts) -> anyhow::Result<()> {
    facts.extend(response.headers.iter().map(|header| facts::present(&header.at)));
    facts.extend(response.kinds.iter().map(|(at, kind)| shows_kind(at, kind)));
    for schema in response.content.values() {
        facts.insert(facts::present(&schema.at));
        facts::possible(&schema.cursor(), facts)?;
    }
    Ok(())
}

fn shown_by_api_exchange(profile: &Profile, operation: &Operation, exchange: &ApiExchange, facts: &mut Facts) -> anyhow::Result<()> {
    let status = exchange.status;
    let accepted = exchange.is_success();
    match (&exchange.caller, &operation.scope) {
        (Caller::WithoutToken, _) if status == 401 => {
            facts.insert(refuses_without_token(operation));
        }
        (Caller::WithoutToken, _) if accepted => {
            facts.insert(accepts_without_token(operation));
        }
        (Caller::Scopes(scopes), Some(scope)) if status == 403 && !scopes.contains(&scope.name) && !scopes.is_empty() => {
            facts.insert(refuses_without_scope(scope));
        }
        (Caller::Scopes(scopes), Some(scope)) if (accepted || status == 404) && scopes.len() == 1 && scopes.contains(&scope.name) => {
            facts.insert(accepts_with_scope(scope));
        }
        _ => {}
    }
    if let Some(response) = response(operation, status) {
        facts.insert(facts::present(&response.at));
        for expected in response.headers.iter().filter(|expected| header(&exchange.response_headers, &expected.name).is_some()) {
            facts.insert(facts::present(&expected.at));
        }
        let kind = kind_of(profile, exchange);
        facts.extend(response.kinds.iter().filter(|(_, known)| Some(known) == kind.as_ref()).map(|(at, kind)| shows_kind(at, kind)));
        if let Some(schema) = response.content.get(&media_type(&exchange.response_headers)) {
            facts.insert(facts::present(&schema.at));
            shown_by_body(schema, &exchange.response_body, facts)?;
        }
    }
    if !accepted {
        return Ok(());
    }
    for (parameter, values) in parameter_values(operation, exchange) {
        facts.insert(if values.is_empty() { facts::absent(&parameter.at) } else { facts::present(&parameter.at) });
        for value in values {
            facts::shown(&parameter.schema.cursor(), &value.into(), facts)?;
        }
    }
    let body = exchange.request_body.as_deref().filter(|body| !body.is_empty());
    let schema = operation.request.as_ref().and_then(|request| request.content.get("application/json"));
    if let Some((schema, body)) = schema.zip(body) {
        shown_by_body(schema, body, facts)?;
    }
    Ok(())
}

/// Adds the facts that a body shows. A body that is not JSON shows no facts. [`Checker`] reports such a body.
fn shown_by_body(schema: &Schema, body: &str, facts: &mut Facts) -> anyhow::Result<()> {
    serde_json::from_str(body).map_or(Ok(()), |value| facts::shown(&schema.cursor(), &value, facts))
}

fn shown_by_callback(operation: &CallbackOperation, callback: &Callback, facts: &mut Facts) -> anyhow::Result<()> {
    let authentication = callback.authentication.as_deref().unwrap_or_default();
    facts.extend(operation.authentications.iter().filter(|(_, scheme)| scheme == authentication).map(|(at, _)| facts::present(at)));
    let headers = operation.headers.iter().filter(|expected| header(&callback.headers, &expected.name).is_some());
    facts.extend(headers.map(|header| facts::present(&header.at)));
    if let Some(schema) = operation.body.content.get(&media_type(&callback.headers)) {
        shown_by_body(schema, &callback.body, facts)?;
    }
    let Some(status) = callback.status.map(|status| status.to_string()) else { return Ok(()) };
    let class = format!("{}XX", &status[..1]);
    let response = [status.as_str(), &class, "default"].into_iter().find_map(|name| operation.responses.get(name));
    if let Some(response) = response {
        facts.insert(facts::present(&response.at));
        let headers = response.headers.iter().filter(|expected| header(&callback.response_headers, &expected.name).is_some());
        facts.extend(headers.map(|header| facts::present(&header.at)));
    }
    Ok(())
}

fn refuses_without_token(operation: &Operation) -> String {
    format!("{}/security refuses a request without a token", operation.at)
}

fn accepts_without_token(operation: &Operation) -> String {
    format!("{}/security accepts a request without a token", operation.at)
}

fn refuses_without_scope(scope: &Scope) -> String {
    format!("{} refuses a token without the scope {}", scope.at, scope.name)
}

fn accepts_with_scope(scope: &Scope) -> String {
    format!("{} accepts a token with only the scope {}", scope.at, scope.name)
}

fn shows_kind(at: &str, kind: &str) -> String {
    format!("{at} is {kind}")
}
