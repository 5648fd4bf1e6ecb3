//! Each check of the proof, on the parcels.

use clap::{Args as _, FromArgMatches as _};
use openapi_proof::evidence::{Exchange, Judge, Replay, coverage};
use openapi_proof::mutation::{self, Ring};
use openapi_proof::openapi::breaking::{self, Weight};
use openapi_proof::openapi::{self, Comparison, examples};
use openapi_proof::{ErrorHeader, Service, Unseen};
use serde_json::{Map, Value, json};

use crate::parcel::{callback, document, recorded, service};

fn problems(service: &Service, document: &Value, exchanges: &[Exchange]) -> anyhow::Result<Vec<String>> {
    Ok(coverage::check(service, document, exchanges)?.problems)
}

#[test]
fn the_document_the_code_and_the_exchanges_agree() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    let findings = Comparison::new(&service)?.check(&document.to_string())?;
    assert!(findings.is_empty(), "\n{}", findings.text(&document.to_string(), "parcels"));
    assert_eq!(examples(&document)?, []);
    assert_eq!(problems(&service, &document, &recorded())?, [""; 0]);
    Ok(())
}

#[test]
fn every_mutation_is_reported_and_nothing_harmless_is() -> anyhow::Result<()> {
    let outcome = mutation::prove(&service(), &document(), recorded())?;
    assert_eq!(outcome.wrong, [""; 0], "{outcome}");
    assert!(outcome.count(Ring::Static) > 300 && outcome.count(Ring::Live) > 0 && outcome.harmless > 50, "{outcome}");
    Ok(())
}

/// `document` with another value at a pointer; null takes away.
fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a member");
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut).expect(pointer);
    match value {
        Value::Null => drop(parent.shift_remove(name).expect(pointer)),
        value => drop(parent.insert(name.to_owned(), value)),
    }
    document
}

const SEND: &str = "/paths/~1parcels~1{number}/put";

/// Two callbacks in another order are the same, whichever of them an exchange names.
#[test]
fn callbacks_are_known_by_what_they_are_called() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    let callbacks = format!("{SEND}/callbacks");
    let known = document.pointer(&callbacks).and_then(Value::as_object).expect("callbacks").clone();
    let reversed: Map<String, Value> = known.into_iter().rev().collect();
    let reversed = with(document.clone(), &callbacks, reversed.into());
    let replay = Replay::new(&service.profile, &document, recorded())?;
    assert_eq!(replay.first_breach(&reversed), None);
    assert_eq!(problems(&service, &reversed, &recorded())?, [""; 0]);

    // Only an exchange with a name contradicts another name.
    let renamed =
        |from: &str, to: &str| serde_json::from_str::<Value>(&document.to_string().replace(&format!("{from:?}:"), &format!("{to:?}:")));
    assert_eq!(replay.first_breach(&renamed("lost", "gone")?), None);
    let breach = replay.first_breach(&renamed("delivered", "taken")?).expect("one exchange has the name");
    assert!(breach.contains("a callback that is called delivered, and the document has none"), "{breach}");
    Ok(())
}

#[test]
fn a_callback_is_judged_by_the_one_that_it_names() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    let judge = Judge::new(&service.profile, &document)?;
    let judged = |name, method, body| {
        let breaches = judge.breaches(&Exchange::Callback(callback(name, method, body, 204)));
        breaches.into_iter().map(|breach| breach.to_string()).collect::<Vec<_>>().join("; ")
    };
    for (name, method, body, expected) in [
        (None, "PUT", r#"{"number":7}"#, ""),
        (None, "POST", "", ""),
        (Some("delivered"), "POST", "", "callback delivered: POST instead of PUT"),
        (Some("lost"), "POST", "{}", "has a body where none is documented"),
        (Some("delivered"), "PUT", "{", "the body is not JSON"),
        (Some("found"), "POST", "", "a callback that is called found, and the document has none"),
    ] {
        let found = judged(name, method, body);
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{name:?} {method} {body}: {found}");
    }
    let mut with_authentication = callback(Some("lost"), "POST", "", 204);
    with_authentication.authentication = Some("basic".to_owned());
    let breaches = judge.breaches(&Exchange::Callback(with_authentication));
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    Ok(())
}

#[test]
fn an_answer_of_a_callback_can_be_excused() -> anyhow::Result<()> {
    let (mut service, document) = (service(), document());
    let mut exchanges = recorded();
    exchanges.retain(|exchange| !matches!(exchange, Exchange::Callback(callback) if callback.status == Some(410)));
    assert_eq!(problems(&service, &document, &exchanges)?.len(), 1);
    service.profile.evidence.unseen =
        Box::leak(Box::new([Unseen { status: "410", operation_ids: &["sendParcel/lost"], reason: "it is not sent" }]));
    assert_eq!(problems(&service, &document, &exchanges)?, [""; 0]);
    Ok(())
}

#[test]
fn a_body_that_is_not_json_is_a_problem() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    for (of_request, expected) in [(true, "with a body that is not JSON"), (false, "the body is not JSON")] {
        let mut exchanges = recorded();
        let Some(Exchange::Answer(answer)) = exchanges.first().cloned() else { panic!("it is an answer") };
        let broken = match of_request {
            true => openapi_proof::evidence::Answer { request_body: Some("{".to_owned()), ..answer },
            false => openapi_proof::evidence::Answer { body: "{".to_owned(), ..answer },
        };
        exchanges.push(Exchange::Answer(broken));
        let found = problems(&service, &document, &exchanges)?;
        assert!(found.len() == 1 && found[0].contains(expected), "{found:#?}");
    }
    Ok(())
}

/// What the profile says of tokens and scopes is compared, and has to be seen.
#[test]
fn who_may_call_is_held() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    let comparison = Comparison::new(&service)?;
    let problem = &document["components"]["responses"]["Failed"]["content"]["application/problem+json"];
    for (pointer, value) in [
        ("/paths/~1alive/head/security", json!([{"login": []}])),
        ("/paths/~1alive/head/responses/401", json!({"$ref": "#/components/responses/Unauthenticated"})),
        ("/paths/~1whoami/get/security", json!([])),
        ("/paths/~1whoami/get/responses/403", json!({"$ref": "#/components/responses/Failed"})),
        ("/components/responses/Failed/content", json!({"application/json": problem.clone(), "application/problem+json": problem})),
    ] {
        let found = comparison.pointers(&with(document.clone(), pointer, value))?;
        assert!(!found.is_empty(), "{pointer}");
    }
    for (pointer, value, weight) in [
        ("/paths/~1alive/head/security", json!([{"login": []}]), Some(Weight::Breaking)),
        ("/paths/~1whoami/get/x-scope", json!("send"), Some(Weight::Breaking)),
        ("/paths/~1alive/description", json!("Prose."), None),
    ] {
        let new = with(document.clone(), pointer, value).to_string();
        let found = breaking::check(&service, &document.to_string(), &new)?.findings;
        assert_eq!(found.iter().map(|finding| finding.weight).max(), weight, "{pointer}");
    }
    let scoped = with(document.clone(), "/paths/~1whoami/get/x-scope", json!("send"));
    let error = problems(&service, &scoped, &recorded()).expect_err("it needs none").to_string();
    assert!(error.contains("the profile says that whoami needs no scope"), "{error}");
    let mut exchanges = recorded();
    exchanges.retain(|exchange| !matches!(exchange, Exchange::Answer(answer) if answer.path == "/alive" && answer.status == 204));
    let found = problems(&service, &document, &exchanges)?;
    assert!(found.contains(&"/paths/~1alive/head/security serves a caller without a token: never seen".to_owned()), "{found:#?}");
    Ok(())
}

/// With kinds of error, the single example of a response shows one.
#[test]
fn a_single_example_shows_a_kind_of_error() -> anyhow::Result<()> {
    let mut service = service();
    service.profile.errors.kind = Some("title");
    let mut document = document();
    for name in ["Failed", "Unauthenticated"] {
        document["components"]["responses"][name]["content"]["application/problem+json"]["example"]["title"] = json!("It failed");
    }
    let found = problems(&service, &document, &recorded())?;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("no example shows the kind It is wrong"), "{found:#?}");
    Ok(())
}

#[test]
fn what_the_profile_has_in_vain_is_named() -> anyhow::Result<()> {
    let mut service = service();
    let complete = service.profile.callbacks.remove(0);
    service.profile.callbacks.push(openapi_proof::Callback { operation_id: "sendLetter", ..complete });
    service.profile.security.public = &["alive", "ready"];
    service.profile.security.without_scope = &["whoami", "whereami"];
    service.profile.parameter_defaults = vec![("limit", json!(1))];
    service.profile.held_by = Box::leak([service.profile.held_by, &[("parameter defaults", "this test")]].concat().into_boxed_slice());
    service.profile.errors.headers.push(ErrorHeader { statuses: &["429"], name: "Retry-After", header: json!({}) });
    let error = Comparison::new(&service).err().expect("it is wrong").to_string();
    for expected in [
        "callbacks: there is no operation \"sendLetter\"",
        "security.public: there is no operation \"ready\"",
        "security.without_scope: there is no operation \"whereami\"",
        "parameter_defaults: there is no query parameter \"limit\"",
        "errors.headers: Retry-After is of no error 429",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let mut service = crate::parcel::service();
    service.profile.evidence.survivors = &[("drop", "/paths/~1gone", "it is gone")];
    let error = mutation::prove(&service, &document(), recorded()).expect_err("there is no such mutation").to_string();
    assert_eq!(error, "`survivors` of the profile has what is no mutation: `drop /paths/~1gone`");
    service.profile.evidence.unseen =
        &[Unseen { status: "404", operation_ids: &["whoami", "sendParcel/found"], reason: "it is not there" }];
    let error = problems(&service, &document(), &recorded()).expect_err("there is no such response").to_string();
    assert!(error.ends_with(r#"404 of "whoami", 404 of "sendParcel/found""#), "{error}");
    Ok(())
}

/// The table says what a profile needs, so it is printed of one that is not complete.
#[test]
fn rules_are_printed_before_the_profile_is_checked() -> anyhow::Result<()> {
    let mut service = service();
    service.profile.held_by = &[("hosts", "this test")];
    let arguments = |line: &[&str]| -> anyhow::Result<openapi::Arguments> {
        let command = openapi::Arguments::augment_args(clap::Command::new("openapi"));
        Ok(openapi::Arguments::from_arg_matches(&command.try_get_matches_from(line)?)?)
    };
    openapi::run(&service, &arguments(&["openapi", "--rules"])?)?;
    let error = openapi::run(&service, &arguments(&["openapi"])?).expect_err("checks are missing").to_string();
    for rule in ["security", "scopes", "error statuses", "callbacks"] {
        assert!(error.contains(&format!("{rule:?}")), "{rule}: {error}");
    }
    Ok(())
}
