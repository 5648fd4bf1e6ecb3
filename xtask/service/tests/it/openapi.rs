//! The proof of the proof: every kind of change of a statement is found where it is, and what changes no statement is not.

use openapi_proof::openapi::{Comparison, Difference, Findings, examples};
use serde_json::{Value, json};
use webhooks_spec::service;

use crate::edits::{document, edit, reverse, text};

fn differences_of(spec: &Value) -> anyhow::Result<Vec<Difference>> {
    Comparison::new(&service()?)?.differences(spec)
}

#[test]
fn openapi_json_and_the_code_say_the_same() -> anyhow::Result<()> {
    let text = text()?;
    let findings = Comparison::new(&service()?)?.check(&text)?;
    assert!(findings.is_empty(), "\n{}", findings.text(&text, "cargo xtask"));
    Ok(())
}

const REGISTER: &str = "/paths/~1api~1notifications~1v1~1webhooks/post";
const LIST: &str = "/paths/~1api~1notifications~1v1~1webhooks/get";
const SECRET: &str = "/paths/~1api~1notifications~1v1~1webhooks~1{id}~1signing-secret/get";

#[test]
fn every_kind_of_change_is_found_where_it_is() -> anyhow::Result<()> {
    let webhook = "/components/schemas/Webhook";
    let update = "/components/schemas/WebhookUpdate";
    let table: &[(&str, String, Value, String)] = &[
        ("a path", "/paths/~1new".to_owned(), json!({}), "/paths/~1new".to_owned()),
        (
            "a path away",
            "/paths/~1api~1notifications~1v1~1deliveries".to_owned(),
            Value::Null,
            "/paths/~1api~1notifications~1v1~1deliveries".to_owned(),
        ),
        ("a method", format!("{LIST}s"), json!({}), format!("{LIST}s")),
        ("an operationId", format!("{REGISTER}/operationId"), json!("createWebhook"), format!("{REGISTER}/operationId")),
        ("a summary", format!("{REGISTER}/summary"), json!("Make a webhook"), format!("{REGISTER}/summary")),
        ("a tag", format!("{REGISTER}/tags/0"), json!("Hooks"), format!("{REGISTER}/tags/0")),
        ("deprecation", format!("{REGISTER}/deprecated"), json!(true), format!("{REGISTER}/deprecated")),
        (
            "security away",
            format!("{REGISTER}/security"),
            json!([]),
            format!("{REGISTER}/security/{{\"scheme\":\"bearer\",\"type\":\"http\"}}"),
        ),
        ("a parameter away", format!("{LIST}/parameters/0"), Value::Null, format!("{LIST}/parameters/query status")),
        ("a parameter's name", format!("{LIST}/parameters/0/name"), json!("state"), format!("{LIST}/parameters/0")),
        ("a parameter's place", format!("{LIST}/parameters/0/in"), json!("header"), format!("{LIST}/parameters/0")),
        ("a parameter's need", format!("{LIST}/parameters/0/required"), json!(true), format!("{LIST}/parameters/0/required")),
        ("a parameter's limit", format!("{LIST}/parameters/1/schema/maximum"), json!(100), format!("{LIST}/parameters/1/schema/maximum")),
        ("a parameter's default", format!("{LIST}/parameters/1/schema/default"), json!(20), format!("{LIST}/parameters/1/schema/default")),
        ("a body's need", format!("{REGISTER}/requestBody/required"), json!(false), format!("{REGISTER}/requestBody/required")),
        (
            "a media type",
            format!("{REGISTER}/requestBody/content/text~1plain"),
            json!({}),
            format!("{REGISTER}/requestBody/content/text~1plain"),
        ),
        ("a success status", format!("{REGISTER}/responses/201"), json!({"description": ""}), format!("{REGISTER}/responses/201")),
        ("an error status", format!("{REGISTER}/responses/418"), json!({"description": ""}), format!("{REGISTER}/responses/418")),
        ("an error status away", format!("{REGISTER}/responses/401"), Value::Null, format!("{REGISTER}/responses/401")),
        (
            "an error media type away",
            "/components/responses/NotFound/content/application~1problem+json".to_owned(),
            Value::Null,
            "/components/responses/NotFound/content/application~1problem+json".to_owned(),
        ),
        ("a header away", format!("{SECRET}/responses/200/headers"), Value::Null, format!("{SECRET}/responses/200/headers")),
        (
            "a header's value",
            format!("{SECRET}/responses/200/headers/Cache-Control/schema/enum/0"),
            json!("private"),
            format!("{SECRET}/responses/200/headers/Cache-Control/schema/enum/0"),
        ),
        (
            "an error's header",
            "/components/responses/Unauthenticated/headers".to_owned(),
            Value::Null,
            "/components/responses/Unauthenticated/headers".to_owned(),
        ),
        (
            "a property's name",
            format!("{webhook}/properties/targetUrl"),
            json!({"type": "string"}),
            format!("{webhook}/properties/targetUrl"),
        ),
        ("a property away", format!("{webhook}/properties/deactivation"), Value::Null, format!("{webhook}/properties/deactivation")),
        ("a type", format!("{webhook}/properties/id/type"), json!("integer"), format!("{webhook}/properties/id/type")),
        ("a format", format!("{webhook}/properties/id/format"), Value::Null, format!("{webhook}/properties/id/format")),
        (
            "a length limit",
            format!("{webhook}/properties/targetURL/maxLength"),
            json!(2049),
            format!("{webhook}/properties/targetURL/maxLength"),
        ),
        (
            "a pattern",
            format!("{update}/properties/description/pattern"),
            json!("^.*$"),
            format!("{update}/properties/description/pattern"),
        ),
        (
            "a limit of items",
            format!("{update}/properties/eventTypes/maxItems"),
            Value::Null,
            format!("{update}/properties/eventTypes/maxItems"),
        ),
        ("null", format!("{update}/properties/description/nullable"), json!(true), format!("{update}/properties/description/nullable")),
        ("a default", format!("{update}/properties/description/default"), json!(""), format!("{update}/properties/description/default")),
        ("a required member", format!("{webhook}/required/-"), json!("description"), format!("{webhook}/required/6")),
        ("a required member away", format!("{webhook}/required/0"), Value::Null, format!("{webhook}/required/id")),
        ("an enum value", format!("{webhook}/properties/status/enum/1"), json!("paused"), format!("{webhook}/properties/status/enum/1")),
        ("an open request", format!("{update}/additionalProperties"), Value::Null, format!("{update}/additionalProperties")),
        ("a closed answer", format!("{webhook}/additionalProperties"), json!(false), format!("{webhook}/additionalProperties")),
        (
            "a variant away",
            "/components/schemas/AuthInput/oneOf/2".to_owned(),
            Value::Null,
            "/components/schemas/AuthInput/oneOf/noauth".to_owned(),
        ),
        (
            "a discriminator",
            "/components/schemas/Auth/discriminator/mapping/basic".to_owned(),
            json!("#/components/schemas/NoAuth"),
            "/components/schemas/Auth/discriminator/mapping/basic".to_owned(),
        ),
        (
            "the callback's body",
            "/components/schemas/CallbackBody/properties/timestamp/format".to_owned(),
            json!("date"),
            "/components/schemas/CallbackBody/properties/timestamp/format".to_owned(),
        ),
        (
            "a keyword beside a reference",
            format!("{webhook}/properties/auth/nullable"),
            json!(true),
            format!("{webhook}/properties/auth/nullable"),
        ),
        (
            "a keyword that nobody has used",
            format!("{webhook}/properties/id/secret"),
            json!(true),
            format!("{webhook}/properties/id/secret"),
        ),
        ("the version", "/info/version".to_owned(), json!("9.9.9"), "/info/version".to_owned()),
    ];
    for (what, pointer, value, expected) in table {
        let mut spec = document()?;
        edit(&mut spec, pointer, value.clone());
        let found: Vec<String> = differences_of(&spec)?.into_iter().map(|difference| difference.pointer).collect();
        assert!(found.contains(expected), "{what}: expected {expected}, found {found:#?}");
    }
    Ok(())
}

#[test]
fn what_changes_no_statement_is_no_difference() -> anyhow::Result<()> {
    let webhook = "/components/schemas/Webhook";
    type Change = fn(&mut Value, &str);
    let table: &[(&str, Change)] = &[
        ("the order of members", |spec, _| reverse(spec, false)),
        ("the order of lists", |spec, _| reverse(spec, true)),
        ("an extension", |spec, webhook| {
            edit(spec, &format!("{webhook}/x-internal"), json!(true));
            edit(spec, &format!("{REGISTER}/x-internal"), json!(true));
        }),
        ("prose", |spec, webhook| {
            edit(spec, &format!("{webhook}/description"), json!("Another text."));
            edit(spec, &format!("{REGISTER}/description"), json!("Another text."));
            edit(spec, "/info/title", json!("Another title"));
        }),
        ("a schema in place of its reference", |spec, webhook| {
            let inlined = spec.pointer(webhook).expect(webhook).clone();
            edit(spec, &format!("{REGISTER}/responses/200/content/application~1json/schema"), inlined);
        }),
        ("a response in place of its reference", |spec, _| {
            let inlined = spec["components"]["responses"]["BadRequest"].clone();
            edit(spec, &format!("{REGISTER}/responses/400"), inlined);
        }),
        ("a reference in an `allOf`", |spec, webhook| {
            edit(spec, &format!("{webhook}/properties/auth"), json!({"allOf": [{"$ref": "#/components/schemas/Auth"}]}));
        }),
        ("a component's name", |spec, webhook| {
            let text = spec.to_string().replace("components/schemas/Webhook\"", "components/schemas/Registered\"");
            *spec = serde_json::from_str(&text).expect("the same document");
            let schema = spec.pointer(webhook).expect(webhook).clone();
            edit(spec, "/components/schemas/Registered", schema);
            edit(spec, webhook, Value::Null);
        }),
        ("an enum of one value each", |spec, webhook| {
            let states = json!({"oneOf": [
                {"type": "string", "enum": ["deactivated"], "description": "Gets nothing."}, {"type": "string", "enum": ["active"]}
            ]});
            edit(spec, &format!("{webhook}/properties/status"), states);
        }),
        ("another spelling of a number", |spec, webhook| {
            edit(spec, &format!("{webhook}/properties/targetURL/maxLength"), json!(2048.0));
        }),
        ("what holds anyway", |spec, webhook| {
            edit(spec, &format!("{webhook}/properties/id/nullable"), json!(false));
            edit(spec, &format!("{LIST}/parameters/0/required"), Value::Null);
            edit(spec, &format!("{LIST}/parameters/0/style"), json!("form"));
            edit(spec, "/components/schemas/Notification/properties/data/additionalProperties", Value::Null);
        }),
        ("a header's spelling", |spec, _| {
            let headers = json!({"cache-control": spec.pointer(SECRET).expect(SECRET)["responses"]["200"]["headers"]["Cache-Control"]});
            edit(spec, &format!("{SECRET}/responses/200/headers"), headers);
        }),
        ("parameters that the path shares", |spec, _| {
            let path = SECRET.strip_suffix("/get").expect("its method");
            let parameters = spec.pointer(SECRET).expect(SECRET)["parameters"].clone();
            edit(spec, &format!("{SECRET}/parameters"), Value::Null);
            edit(spec, &format!("{path}/parameters"), parameters);
        }),
    ];
    for (what, change) in table {
        let mut spec = document()?;
        change(&mut spec, webhook);
        assert_eq!(differences_of(&spec)?, [], "{what}");
        assert_eq!(examples(&spec)?, [], "{what}");
    }
    Ok(())
}

#[test]
fn formatting_changes_nothing() -> anyhow::Result<()> {
    let text = text()?;
    for formatted in [document()?.to_string(), text.replace("  ", "\t").replace('\n', "\r\n")] {
        assert!(Comparison::new(&service()?)?.check(&formatted)?.is_empty());
    }
    Ok(())
}

#[test]
fn a_wrong_example_is_found_where_it_is() -> anyhow::Result<()> {
    let request = format!("{REGISTER}/requestBody/content/application~1json/examples/basic/value");
    let answer = format!("{REGISTER}/responses/200/content/application~1json/examples/basic/value");
    for (pointer, value, expected) in [
        (format!("{request}/targetURL"), json!("http://example.com"), format!("{request}/targetURL")),
        (format!("{request}/auth/type"), json!("hmac"), format!("{request}/auth")),
        (format!("{request}/colour"), json!("red"), request.clone()),
        (format!("{answer}/id"), json!("0197a5a0"), format!("{answer}/id")),
        (format!("{answer}/createdAt"), json!("yesterday"), format!("{answer}/createdAt")),
        (format!("{answer}/secret"), json!("leaked"), answer.clone()),
        (format!("{LIST}/parameters/1/schema/default"), json!(0), format!("{LIST}/parameters/1/schema/default")),
        (
            format!("{REGISTER}/requestBody/content/application~1json/examples"),
            Value::Null,
            format!("{REGISTER}/requestBody/content/application~1json"),
        ),
    ] {
        let mut spec = document()?;
        edit(&mut spec, &pointer, value);
        let found: Vec<String> = examples(&spec)?.into_iter().map(|example| example.pointer).collect();
        assert!(found.contains(&expected), "expected {expected}, found {found:#?}");
    }
    Ok(())
}

#[test]
fn a_component_that_nothing_refers_to_is_found() -> anyhow::Result<()> {
    let mut spec = document()?;
    edit(&mut spec, "/components/schemas/Stray", json!({"type": "object"}));
    let findings = Comparison::new(&service()?)?.check(&spec.to_string())?;
    assert_eq!((findings.unused, findings.differences), (vec!["/components/schemas/Stray".to_owned()], vec![]));
    Ok(())
}

#[test]
fn a_finding_is_one_line_that_says_where_and_what() -> anyhow::Result<()> {
    let text = text()?;
    let line = text.lines().position(|line| line.contains("\"CallbackBody\": {")).expect("its name") + 1;
    let mut spec = document()?;
    edit(&mut spec, "/components/schemas/CallbackBody/required/0", json!("colour"));
    let findings = Findings { differences: differences_of(&spec)?, ..Findings::default() };
    let report = findings.text(&text, "cargo xtask");
    let expected = format!(
        "openapi.json:{}: /components/schemas/CallbackBody/required/0: openapi.json says \"colour\", the code says nothing \
         (in POST /api/notifications/v1/webhooks)",
        line + 4
    );
    assert!(report.lines().any(|line| line == expected), "expected {expected}\n{report}");
    let finding = json!({
        "kind": "difference",
        "pointer": "/components/schemas/CallbackBody/required/0",
        "line": line + 4,
        "operations": ["POST /api/notifications/v1/webhooks"],
        "spec": "colour",
    });
    let report = findings.json(&text);
    assert!(report.as_array().is_some_and(|report| report.contains(&finding)), "expected {finding}\n{report:#}");
    Ok(())
}
