//! Tests each check with the example service for charging stations.

use openapi_proof::evidence::{Exchange, Recorder, coverage, load};
use openapi_proof::mutation::{self, DetectedBy};
use openapi_proof::openapi::breaking::{self, Severity};
use openapi_proof::openapi::{Comparison, examples};
use openapi_proof::{Service, Unseen};
use serde_json::{Value, json};

use crate::exchange::recorded;
use crate::parcels::with;
use crate::profile::service;

fn document(service: &Service) -> Value {
    serde_json::from_str(&service.document().expect("the document is read")).expect("the document is JSON")
}

/// Returns the document with `value` at a pointer. If `value` is null, removes the old value.
fn changed(service: &Service, pointer: &str, value: Value) -> Value {
    with(document(service), pointer, value)
}

#[test]
fn the_document_and_the_code_agree() -> anyhow::Result<()> {
    let service = service("agree.jsonl");
    let text = service.document()?;
    let findings = Comparison::new(&service)?.check(&text)?;
    assert!(findings.is_empty(), "\n{}", findings.text(&text, "stations"));
    Ok(())
}

const START: &str = "/paths/~1stations~1{station}~1sessions/post";

#[test]
fn a_changed_statement_is_found_at_its_pointer() -> anyhow::Result<()> {
    let service = service("changed.jsonl");
    let comparison = Comparison::new(&service)?;
    for (pointer, value) in [
        ("/components/schemas/Session/properties/state/enum".to_owned(), json!(["charging"])),
        ("/components/schemas/SessionStart/properties/plate/maxLength".to_owned(), json!(11)),
        ("/servers/0".to_owned(), json!({"url": "http://127.0.0.1:7001"})),
        ("/info/version".to_owned(), json!("1.2.1")),
        (format!("{START}/responses/429"), json!({"description": "Too many."})),
        (format!("{START}/responses/401"), Value::Null),
        (format!("{START}/summary"), json!("Begin charging")),
        (format!("{START}/callbacks/finished/{{$request.body#~1reportTo}}/post/responses/410"), Value::Null),
        (format!("{START}/callbacks/finished/{{$request.body#~1reportTo}}/post/parameters"), json!([])),
        ("/components/responses/Unauthenticated/headers".to_owned(), Value::Null),
    ] {
        let found = comparison.pointers(&changed(&service, &pointer, value))?;
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        assert!(!parent.is_empty() && found.iter().any(|found| found.starts_with(parent)), "{pointer}: {found:#?}");
    }
    // A security scheme has no pointer of its own: the operations that need it differ.
    let found = comparison.pointers(&changed(&service, "/components/securitySchemes/token/scheme", json!("basic")))?;
    assert!(found.iter().any(|found| found.starts_with(START) && found.contains("/security")), "{found:#?}");
    let stray = changed(&service, "/components/schemas/Stray", json!({"type": "string"}));
    assert_eq!(comparison.check(&stray.to_string())?.unused, ["/components/schemas/Stray"]);
    Ok(())
}

#[test]
fn a_wrong_example_is_found() -> anyhow::Result<()> {
    let service = service("examples.jsonl");
    assert_eq!(examples(&document(&service))?, []);
    let example = format!("{START}/requestBody/content/application~1json/example/plate");
    let found = examples(&changed(&service, &example, json!("longer than ten")))?;
    assert_eq!(found.iter().map(|found| &found.pointer).collect::<Vec<_>>(), [&example]);
    Ok(())
}

#[tokio::test]
async fn coverage_reports_every_contradiction_and_gap() -> anyhow::Result<()> {
    let service = service("coverage.jsonl");
    let exchanges = recorded().await;
    let complete = coverage::check(&service, &document(&service), &exchanges)?;
    assert_eq!(complete.problems, [""; 0]);
    assert!(complete.statements > 40, "{complete:?}");

    let without_callbacks: Vec<Exchange> = exchanges.iter().filter(|exchange| matches!(exchange, Exchange::Api(_))).cloned().collect();
    let gaps = coverage::check(&service, &document(&service), &without_callbacks)?.problems;
    assert!(gaps.iter().any(|gap| gap.contains("/callbacks/finished/") && gap.ends_with("not seen in any test")), "{gaps:#?}");
    let without_conflict: Vec<Exchange> =
        exchanges.iter().filter(|exchange| !matches!(exchange, Exchange::Api(exchange) if exchange.status == 409)).cloned().collect();
    let gaps = coverage::check(&service, &document(&service), &without_conflict)?.problems;
    assert!(gaps.iter().any(|gap| gap.contains("responses/409")), "{gaps:#?}");

    for (pointer, value, expected) in [
        (format!("{START}/responses/409"), Value::Null, "the status is not documented"),
        (format!("{START}/security"), json!([]), "a request without a token was refused"),
        ("/components/schemas/Session/properties/station".to_owned(), Value::Null, "'station' was unexpected"),
        (
            format!("{START}/callbacks/finished/{{$request.body#~1reportTo}}/post/parameters"),
            json!([]),
            "the header report-id is not documented",
        ),
    ] {
        let problems = coverage::check(&service, &changed(&service, &pointer, value), &exchanges)?.problems;
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:#?}");
    }
    let without = changed(&service, &format!("{START}/callbacks"), Value::Null);
    let problems = coverage::check(&service, &without, &exchanges)?.problems;
    assert!(problems.iter().any(|problem| problem.contains("a callback `finished`, which is not documented")), "{problems:#?}");
    Ok(())
}

#[tokio::test]
async fn every_mutation_is_reported_and_no_harmless_change_is() -> anyhow::Result<()> {
    let service = service("mutations.jsonl");
    let outcome = mutation::prove(&service, &document(&service), recorded().await)?;
    assert_eq!(outcome.wrong, [""; 0], "{outcome}");
    assert!(outcome.count(DetectedBy::Comparison) > 300 && outcome.count(DetectedBy::Tests) > 0 && outcome.harmless > 50, "{outcome}");
    Ok(())
}

#[tokio::test]
async fn unneeded_survivors_and_unseen_responses_are_reported() -> anyhow::Result<()> {
    let mut service = service("unneeded.jsonl");
    let (exchanges, document) = (recorded().await, document(&service));
    service.profile.evidence.survivors = &[("change", "/info/version", "the entry is not needed")];
    let outcome = mutation::prove(&service, &document, exchanges.clone())?;
    assert_eq!(outcome.wrong.len(), 1, "{:#?}", outcome.wrong);
    service.profile.evidence.survivors = &[];
    let unseen = Unseen { status: "401", operation_ids: &["listSessions"], reason: "the entry is not needed" };
    service.profile.evidence.unseen = Box::leak(Box::new([unseen]));
    let problems = coverage::check(&service, &document, &exchanges)?.problems;
    assert!(problems.iter().any(|problem| problem.ends_with("listed in `unseen` of the profile: remove the entry")), "{problems:#?}");
    Ok(())
}

#[test]
fn breaking_changes_and_additions_require_a_new_version() -> anyhow::Result<()> {
    let service = service("breaking.jsonl");
    let old = service.document()?;
    for (pointer, value, severity) in [
        ("/components/schemas/Session/properties/station", Value::Null, Some(Severity::Breaking)),
        ("/components/schemas/Session/properties/colour", json!({"type": "string"}), Some(Severity::Addition)),
        ("/info/title", json!("Stations"), None),
    ] {
        let new = changed(&service, pointer, value).to_string();
        let comparison = breaking::check(&service, &old, &new)?;
        assert_eq!(comparison.findings.iter().map(|finding| finding.severity).max(), severity, "{pointer}");
        assert_eq!(comparison.version_is_enough(), severity.is_none(), "{pointer}");
    }
    Ok(())
}

#[tokio::test]
async fn equal_exchanges_are_recorded_once_and_can_be_loaded() -> anyhow::Result<()> {
    let service = service("recorded.jsonl");
    let exchanges = recorded().await;
    let recorder = Recorder::start(&service)?;
    for exchange in exchanges.iter().chain(&exchanges) {
        recorder.record(exchange)?;
    }
    let loaded = load(&service)?;
    assert!(loaded.len() <= exchanges.len() && loaded.iter().all(|exchange| exchanges.contains(exchange)));
    assert_eq!(coverage::check(&service, &document(&service), &loaded)?.problems, [""; 0]);
    Ok(())
}

#[test]
fn a_profile_must_have_a_check_for_each_rule_and_no_other() {
    let mut service = service("profile.jsonl");
    let complete = service.profile.checked_by;
    service.profile.checked_by = &complete[1..];
    let error = Comparison::new(&service).err().expect("an entry is missing").to_string();
    assert_eq!(error, "`checked_by` of the profile has no check for: \"hosts\"");
    service.profile.checked_by = Box::leak([complete, &[("scopes", "there are no scopes")]].concat().into_boxed_slice());
    let error = Comparison::new(&service).err().expect("an entry is not needed").to_string();
    assert_eq!(error, "`checked_by` of the profile has an entry for \"scopes\", which is not a rule that needs a check");
}
