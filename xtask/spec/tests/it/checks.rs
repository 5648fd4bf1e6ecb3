//! Each check of the proof, on the charging stations.

use openapi_proof::evidence::{Exchange, Recorder, coverage, load};
use openapi_proof::mutation::{self, Ring};
use openapi_proof::openapi::breaking::{self, Weight};
use openapi_proof::openapi::{Comparison, examples};
use openapi_proof::{Service, Unseen};
use serde_json::{Value, json};

use crate::exchange::recorded;
use crate::profile::service;

fn document(service: &Service) -> Value {
    serde_json::from_str(&service.document().expect("a document")).expect("JSON")
}

/// The document with another value at a pointer; null takes away.
fn changed(service: &Service, pointer: &str, value: Value) -> Value {
    let mut document = document(service);
    let (parent, name) = pointer.rsplit_once('/').expect("a member");
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut).expect(pointer);
    let name = name.replace("~1", "/");
    match value {
        Value::Null => drop(parent.remove(&name).expect(pointer)),
        value => drop(parent.insert(name, value)),
    }
    document
}

#[test]
fn the_document_and_the_code_say_the_same() -> anyhow::Result<()> {
    let service = service("agree.jsonl");
    let text = service.document()?;
    let findings = Comparison::new(&service)?.check(&text)?;
    assert!(findings.is_empty(), "\n{}", findings.text(&text, "stations"));
    Ok(())
}

const START: &str = "/paths/~1stations~1{station}~1sessions/post";

#[test]
fn a_changed_statement_is_found_where_it_is() -> anyhow::Result<()> {
    let service = service("changed.jsonl");
    let comparison = Comparison::new(&service)?;
    for (pointer, value) in [
        ("/components/schemas/Session/properties/state/enum".to_owned(), json!(["charging"])),
        ("/components/schemas/SessionStart/properties/plate/maxLength".to_owned(), json!(11)),
        ("/servers".to_owned(), json!([{"url": "http://127.0.0.1:7001"}])),
        ("/info/version".to_owned(), json!("1.2.1")),
        ("/components/securitySchemes/token/scheme".to_owned(), json!("basic")),
        (format!("{START}/responses/429"), json!({"description": "Too many."})),
        (format!("{START}/responses/401"), Value::Null),
        (format!("{START}/summary"), json!("Begin charging")),
        (format!("{START}/callbacks/finished/{{$request.body#~1reportTo}}/post/responses/410"), Value::Null),
        (format!("{START}/callbacks/finished/{{$request.body#~1reportTo}}/post/parameters"), json!([])),
        ("/components/responses/Unauthenticated/headers".to_owned(), Value::Null),
    ] {
        let found = comparison.pointers(&changed(&service, &pointer, value))?;
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        assert!(found.iter().any(|found| found.starts_with(parent) || found.contains("security")), "{pointer}: {found:#?}");
    }
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
async fn coverage_is_whole_and_every_contradiction_and_gap_is_named() -> anyhow::Result<()> {
    let service = service("coverage.jsonl");
    let exchanges = recorded().await;
    let whole = coverage::check(&service, &document(&service), &exchanges)?;
    assert_eq!(whole.problems, [""; 0]);
    assert!(whole.statements > 40, "{whole:?}");

    // Each kind of exchange shows something that no other does.
    let without_callbacks: Vec<Exchange> = exchanges.iter().filter(|exchange| matches!(exchange, Exchange::Answer(_))).cloned().collect();
    let gaps = coverage::check(&service, &document(&service), &without_callbacks)?.problems;
    assert!(gaps.iter().any(|gap| gap.contains("/callbacks/finished/") && gap.ends_with("never seen")), "{gaps:#?}");
    let without_conflict: Vec<Exchange> =
        exchanges.iter().filter(|exchange| !matches!(exchange, Exchange::Answer(answer) if answer.status == 409)).cloned().collect();
    let gaps = coverage::check(&service, &document(&service), &without_conflict)?.problems;
    assert!(gaps.iter().any(|gap| gap.contains("responses/409")), "{gaps:#?}");

    for (pointer, value, says) in [
        (format!("{START}/responses/409"), Value::Null, "the status is not documented"),
        (format!("{START}/security"), json!([]), "refused to a caller without a token"),
        ("/components/schemas/Session/properties/station".to_owned(), Value::Null, "'station' was unexpected"),
        (
            format!("{START}/callbacks/finished/{{$request.body#~1reportTo}}/post/parameters"),
            json!([]),
            "the header report-id is not documented",
        ),
    ] {
        let problems = coverage::check(&service, &changed(&service, &pointer, value), &exchanges)?.problems;
        assert!(problems.iter().any(|problem| problem.contains(says)), "{says}: {problems:#?}");
    }
    let without = changed(&service, &format!("{START}/callbacks"), Value::Null);
    let problems = coverage::check(&service, &without, &exchanges)?.problems;
    assert!(problems.iter().any(|problem| problem.contains("the document has none")), "{problems:#?}");
    Ok(())
}

#[tokio::test]
async fn every_mutation_is_reported_and_nothing_harmless_is() -> anyhow::Result<()> {
    let service = service("mutations.jsonl");
    let outcome = mutation::prove(&service, &document(&service), recorded().await)?;
    assert_eq!(outcome.wrong, [""; 0], "{outcome}");
    assert!(outcome.count(Ring::Static) > 300 && outcome.count(Ring::Live) > 0 && outcome.harmless > 50, "{outcome}");
    Ok(())
}

/// A survivor of the profile that is reported after all has to go.
#[tokio::test]
async fn an_excuse_that_is_not_needed_is_reported() -> anyhow::Result<()> {
    let mut service = service("excuses.jsonl");
    let (exchanges, document) = (recorded().await, document(&service));
    service.profile.evidence.survivors = &[("change", "/info/version", "it is not needed")];
    let outcome = mutation::prove(&service, &document, exchanges.clone())?;
    assert_eq!(outcome.wrong.len(), 1, "{:#?}", outcome.wrong);
    service.profile.evidence.survivors = &[];
    let unseen = Unseen { status: "401", operation_ids: &["listSessions"], reason: "it is not needed" };
    service.profile.evidence.unseen = Box::leak(Box::new([unseen]));
    let problems = coverage::check(&service, &document, &exchanges)?.problems;
    assert!(problems.iter().any(|problem| problem.ends_with("the excuse must go")), "{problems:#?}");
    Ok(())
}

#[test]
fn what_breaks_users_is_found_and_demands_its_version() -> anyhow::Result<()> {
    let service = service("breaking.jsonl");
    let old = service.document()?;
    for (pointer, value, weight) in [
        ("/components/schemas/Session/properties/station", Value::Null, Some(Weight::Breaking)),
        ("/components/schemas/Session/properties/colour", json!({"type": "string"}), Some(Weight::Addition)),
        ("/info/title", json!("Stations"), None),
    ] {
        let new = changed(&service, pointer, value).to_string();
        let comparison = breaking::check(&service, &old, &new)?;
        assert_eq!(comparison.findings.iter().map(|finding| finding.weight).max(), weight, "{pointer}");
        assert_eq!(comparison.version_is_enough(), weight.is_none(), "{pointer}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_recorded_is_read_again_and_equal_exchanges_once() -> anyhow::Result<()> {
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
fn a_profile_has_to_name_a_check_for_each_rule_and_for_no_other() {
    let mut service = service("profile.jsonl");
    let complete = service.profile.held_by;
    service.profile.held_by = &complete[1..];
    let error = Comparison::new(&service).err().expect("it is incomplete").to_string();
    assert_eq!(error, "the profile's `held_by` has no check for: \"hosts\"");
    service.profile.held_by = Box::leak([complete, &[("scopes", "it has none")]].concat().into_boxed_slice());
    let error = Comparison::new(&service).err().expect("it says too much").to_string();
    assert_eq!(error, "the profile's `held_by` names \"scopes\", which is no rule that needs a check here");
}
