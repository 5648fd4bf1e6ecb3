//! Tests each check with the parcel service.

use clap::{Args as _, FromArgMatches as _};
use openapi_proof::evidence::{Checker, Exchange, Replay, coverage};
use openapi_proof::mutation::{self, DetectedBy};
use openapi_proof::openapi::breaking::{self, Severity};
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
fn every_mutation_is_reported_and_no_harmless_change_is() -> anyhow::Result<()> {
    let outcome = mutation::prove(&service(), &document(), recorded())?;
    assert_eq!(outcome.wrong, [""; 0], "{outcome}");
    assert!(outcome.count(DetectedBy::Comparison) > 300 && outcome.count(DetectedBy::Tests) > 0 && outcome.harmless > 50, "{outcome}");
    Ok(())
}

/// Returns `document` with `value` at a pointer to a member or a list item. If `value` is null, removes the old member.
pub(crate) fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer to a member");
    let name = name.replace("~1", "/");
    match (document.pointer_mut(parent).expect(pointer), value) {
        (Value::Object(members), Value::Null) => drop(members.shift_remove(&name).expect(pointer)),
        (Value::Object(members), value) => drop(members.insert(name, value)),
        (items, value) => items[name.parse::<usize>().expect("an index")] = value,
    }
    document
}

#[test]
fn an_api_key_does_not_replace_another_scheme_of_a_requirement() -> anyhow::Result<()> {
    let key = json!({"type": "apiKey", "in": "header", "name": "X-Key"});
    let document = with(document(), "/components/securitySchemes/key", key);
    for requirement in [json!({"login": [], "key": []}), json!({"key": [], "login": []})] {
        let pointer = format!("{SEND}/callbacks/delivered/{{$request.body#~1url}}/put/security");
        let found = problems(&service(), &with(document.clone(), &pointer, json!([requirement])), &recorded())?;
        assert!(found.iter().any(|found| found.contains("the authentication \"\" is not documented")), "{requirement}: {found:#?}");
    }
    Ok(())
}

const SEND: &str = "/paths/~1parcels~1{number}/put";

#[test]
fn callbacks_are_identified_by_name_and_not_by_order() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    let callbacks = format!("{SEND}/callbacks");
    let known = document.pointer(&callbacks).and_then(Value::as_object).expect("callbacks").clone();
    let reversed: Map<String, Value> = known.into_iter().rev().collect();
    let reversed = with(document.clone(), &callbacks, reversed.into());
    let replay = Replay::new(&service.profile, &document, recorded())?;
    assert_eq!(replay.first_violation(&reversed), None);
    assert_eq!(problems(&service, &reversed, &recorded())?, [""; 0]);

    // If a callback is renamed, only an exchange with the old name contradicts the document.
    let renamed =
        |from: &str, to: &str| serde_json::from_str::<Value>(&document.to_string().replace(&format!("{from:?}:"), &format!("{to:?}:")));
    assert_eq!(replay.first_violation(&renamed("lost", "gone")?), None);
    let violation = replay.first_violation(&renamed("delivered", "taken")?).expect("one exchange has the name");
    assert!(violation.contains("a callback `delivered`, which is not documented"), "{violation}");
    Ok(())
}

#[test]
fn a_recorded_callback_is_compared_with_the_documented_one_of_its_name() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    let checker = Checker::new(&service.profile, &document)?;
    let check = |name, method, body| {
        let violations = checker.violations(&Exchange::Callback(callback(name, method, body, 204)));
        violations.into_iter().map(|violation| violation.to_string()).collect::<Vec<_>>().join("; ")
    };
    for (name, method, body, expected) in [
        (None, "PUT", r#"{"number":7}"#, ""),
        (None, "POST", "", ""),
        (Some("delivered"), "POST", "", "callback delivered: the method is POST instead of PUT"),
        (Some("lost"), "POST", "{}", "there is a body, but none is documented"),
        (Some("delivered"), "PUT", "{", "the body is not JSON"),
        (Some("found"), "POST", "", "a callback `found`, which is not documented"),
    ] {
        let found = check(name, method, body);
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{name:?} {method} {body}: {found}");
    }
    let mut with_authentication = callback(Some("lost"), "POST", "", 204);
    with_authentication.authentication = Some("basic".to_owned());
    let violations = checker.violations(&Exchange::Callback(with_authentication));
    assert_eq!(violations.len(), 1, "{violations:?}");
    Ok(())
}

#[test]
fn a_response_of_a_callback_can_be_listed_as_unseen() -> anyhow::Result<()> {
    let (mut service, document) = (service(), document());
    let mut exchanges = recorded();
    exchanges.retain(|exchange| !matches!(exchange, Exchange::Callback(callback) if callback.status == Some(410)));
    assert_eq!(problems(&service, &document, &exchanges)?.len(), 1);
    service.profile.evidence.unseen =
        Box::leak(Box::new([Unseen { status: "410", operation_ids: &["sendParcel/lost"], reason: "no test sends it" }]));
    assert_eq!(problems(&service, &document, &exchanges)?, [""; 0]);
    Ok(())
}

#[test]
fn a_body_that_is_not_json_is_a_problem() -> anyhow::Result<()> {
    let (service, document) = (service(), document());
    for (of_request, expected) in [(true, "accepted an invalid request: the body is not JSON"), (false, ": the body is not JSON")] {
        let mut exchanges = recorded();
        let Some(Exchange::Api(mut broken)) = exchanges.first().cloned() else { panic!("the first exchange is not one of the API") };
        match of_request {
            true => broken.request_body = Some("{".to_owned()),
            false => broken.response_body = "{".to_owned(),
        }
        exchanges.push(Exchange::Api(broken));
        let found = problems(&service, &document, &exchanges)?;
        assert!(found.len() == 1 && found[0].contains(expected), "{found:#?}");
    }
    Ok(())
}

#[test]
fn tokens_and_scopes_are_checked() -> anyhow::Result<()> {
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
    for (pointer, value, severity) in [
        ("/paths/~1alive/head/security", json!([{"login": []}]), Some(Severity::Breaking)),
        ("/paths/~1whoami/get/x-scope", json!("send"), Some(Severity::Breaking)),
        ("/paths/~1alive/description", json!("Prose."), None),
    ] {
        let new = with(document.clone(), pointer, value).to_string();
        let found = breaking::check(&service, &document.to_string(), &new)?.findings;
        assert_eq!(found.iter().map(|finding| finding.severity).max(), severity, "{pointer}");
    }
    let scoped = with(document.clone(), "/paths/~1whoami/get/x-scope", json!("send"));
    let error = problems(&service, &scoped, &recorded()).expect_err("the operation needs no scope").to_string();
    assert!(error.contains("whoami needs no scope according to the profile"), "{error}");
    let mut exchanges = recorded();
    exchanges.retain(|exchange| !matches!(exchange, Exchange::Api(exchange) if exchange.path == "/alive" && exchange.status == 204));
    let found = problems(&service, &document, &exchanges)?;
    assert!(
        found.contains(&"/paths/~1alive/head/security accepts a request without a token: not seen in any test".to_owned()),
        "{found:#?}"
    );
    Ok(())
}

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
    assert!(found[0].contains("no example shows the kind of error `It is wrong`"), "{found:#?}");
    Ok(())
}

#[test]
fn profile_entries_that_match_nothing_are_errors() -> anyhow::Result<()> {
    let mut service = service();
    let complete = service.profile.callbacks.remove(0);
    service.profile.callbacks.push(openapi_proof::Callback { operation_id: "sendLetter", ..complete });
    service.profile.security.public = &["alive", "ready"];
    service.profile.security.without_scope = &["whoami", "whereami"];
    service.profile.parameter_defaults = vec![("limit", json!(1))];
    service.profile.checked_by =
        Box::leak([service.profile.checked_by, &[("parameter defaults", "this test")]].concat().into_boxed_slice());
    service.profile.errors.headers.push(ErrorHeader { statuses: &["429"], name: "Retry-After", header: json!({}) });
    let error = Comparison::new(&service).err().expect("the profile is wrong").to_string();
    for expected in [
        "callbacks: there is no operation \"sendLetter\"",
        "security.public: there is no operation \"ready\"",
        "security.without_scope: there is no operation \"whereami\"",
        "parameter_defaults: there is no query parameter \"limit\"",
        "errors.headers: Retry-After is for status 429, which no error has",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let mut service = crate::parcel::service();
    service.profile.evidence.survivors = &[("drop", "/paths/~1gone", "the path does not exist")];
    let error = mutation::prove(&service, &document(), recorded()).expect_err("there is no such mutation").to_string();
    assert_eq!(error, "`survivors` of the profile has entries that are not mutations: `drop /paths/~1gone`");
    service.profile.evidence.unseen =
        &[Unseen { status: "404", operation_ids: &["whoami", "sendParcel/found"], reason: "the response does not exist" }];
    let error = problems(&service, &document(), &recorded()).expect_err("there is no such response").to_string();
    assert!(error.ends_with(r#"404 of "whoami", 404 of "sendParcel/found""#), "{error}");
    Ok(())
}

#[test]
fn rules_are_printed_before_the_profile_is_checked() -> anyhow::Result<()> {
    let mut service = service();
    service.profile.checked_by = &[("hosts", "this test")];
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
