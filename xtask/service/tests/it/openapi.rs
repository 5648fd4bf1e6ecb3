//! Tests of the comparison of openapi.json with the code. The comparison must find each kind of changed statement. It must ignore
//! edits that change no statement.

use openapi_proof::openapi::{Comparison, Difference, Findings, examples};
use serde_json::{Value, json};
use webhooks_spec::service;

use crate::edits::{document, edit, reverse, text};

fn differences_of(spec: &Value) -> anyhow::Result<Vec<Difference>> {
    Comparison::new(&service()?)?.differences(spec)
}

#[test]
fn openapi_json_and_the_code_agree() -> anyhow::Result<()> {
    let text = text()?;
    let findings = Comparison::new(&service()?)?.check(&text)?;
    assert!(findings.is_empty(), "\n{}", findings.text(&text, "cargo xtask"));
    Ok(())
}

const REGISTER: &str = "/paths/~1api~1notifications~1v1~1webhooks/post";
const LIST: &str = "/paths/~1api~1notifications~1v1~1webhooks/get";
const SECRET: &str = "/paths/~1api~1notifications~1v1~1webhooks~1{id}~1signing-secret/get";

#[test]
fn each_kind_of_change_is_found_at_its_pointer() -> anyhow::Result<()> {
    let webhook = "/components/schemas/Webhook";
    let update = "/components/schemas/WebhookUpdate";
    let table: &[(&str, String, Value, String)] = &[
        ("a new path", "/paths/~1new".to_owned(), json!({}), "/paths/~1new".to_owned()),
        (
            "a removed path",
            "/paths/~1api~1notifications~1v1~1deliveries".to_owned(),
            Value::Null,
            "/paths/~1api~1notifications~1v1~1deliveries".to_owned(),
        ),
        ("a new method", format!("{LIST}s"), json!({}), format!("{LIST}s")),
        ("a changed operationId", format!("{REGISTER}/operationId"), json!("createWebhook"), format!("{REGISTER}/operationId")),
        ("a changed summary", format!("{REGISTER}/summary"), json!("Make a webhook"), format!("{REGISTER}/summary")),
        ("a changed tag", format!("{REGISTER}/tags/0"), json!("Hooks"), format!("{REGISTER}/tags/0")),
        ("deprecation", format!("{REGISTER}/deprecated"), json!(true), format!("{REGISTER}/deprecated")),
        (
            "removed security",
            format!("{REGISTER}/security"),
            json!([]),
            format!("{REGISTER}/security/{{\"scheme\":\"bearer\",\"type\":\"http\"}}"),
        ),
        ("a removed parameter", format!("{LIST}/parameters/0"), Value::Null, format!("{LIST}/parameters/query status")),
        ("a renamed parameter", format!("{LIST}/parameters/0/name"), json!("state"), format!("{LIST}/parameters/0")),
        ("a parameter in another place", format!("{LIST}/parameters/0/in"), json!("header"), format!("{LIST}/parameters/0")),
        (
            "a parameter that becomes required",
            format!("{LIST}/parameters/0/required"),
            json!(true),
            format!("{LIST}/parameters/0/required"),
        ),
        (
            "a changed maximum of a parameter",
            format!("{LIST}/parameters/1/schema/maximum"),
            json!(100),
            format!("{LIST}/parameters/1/schema/maximum"),
        ),
        (
            "a changed default of a parameter",
            format!("{LIST}/parameters/1/schema/default"),
            json!(20),
            format!("{LIST}/parameters/1/schema/default"),
        ),
        (
            "a body that becomes optional",
            format!("{REGISTER}/requestBody/required"),
            json!(false),
            format!("{REGISTER}/requestBody/required"),
        ),
        (
            "a new media type",
            format!("{REGISTER}/requestBody/content/text~1plain"),
            json!({}),
            format!("{REGISTER}/requestBody/content/text~1plain"),
        ),
        ("a new success status", format!("{REGISTER}/responses/201"), json!({"description": ""}), format!("{REGISTER}/responses/201")),
        ("a new error status", format!("{REGISTER}/responses/418"), json!({"description": ""}), format!("{REGISTER}/responses/418")),
        ("a removed error status", format!("{REGISTER}/responses/401"), Value::Null, format!("{REGISTER}/responses/401")),
        (
            "a removed media type of an error",
            "/components/responses/NotFound/content/application~1problem+json".to_owned(),
            Value::Null,
            "/components/responses/NotFound/content/application~1problem+json".to_owned(),
        ),
        ("a removed header", format!("{SECRET}/responses/200/headers"), Value::Null, format!("{SECRET}/responses/200/headers")),
        (
            "a changed value of a header",
            format!("{SECRET}/responses/200/headers/Cache-Control/schema/enum/0"),
            json!("private"),
            format!("{SECRET}/responses/200/headers/Cache-Control/schema/enum/0"),
        ),
        (
            "a removed header of an error",
            "/components/responses/Unauthenticated/headers".to_owned(),
            Value::Null,
            "/components/responses/Unauthenticated/headers".to_owned(),
        ),
        ("a new property", format!("{webhook}/properties/targetUrl"), json!({"type": "string"}), format!("{webhook}/properties/targetUrl")),
        ("a removed property", format!("{webhook}/properties/deactivation"), Value::Null, format!("{webhook}/properties/deactivation")),
        ("a changed type", format!("{webhook}/properties/id/type"), json!("integer"), format!("{webhook}/properties/id/type")),
        ("a removed format", format!("{webhook}/properties/id/format"), Value::Null, format!("{webhook}/properties/id/format")),
        (
            "a changed maxLength",
            format!("{webhook}/properties/targetURL/maxLength"),
            json!(2049),
            format!("{webhook}/properties/targetURL/maxLength"),
        ),
        (
            "a new pattern",
            format!("{update}/properties/description/pattern"),
            json!("^.*$"),
            format!("{update}/properties/description/pattern"),
        ),
        (
            "a removed maxItems",
            format!("{update}/properties/eventTypes/maxItems"),
            Value::Null,
            format!("{update}/properties/eventTypes/maxItems"),
        ),
        (
            "a property that may be null",
            format!("{update}/properties/description/nullable"),
            json!(true),
            format!("{update}/properties/description/nullable"),
        ),
        (
            "a new default",
            format!("{update}/properties/description/default"),
            json!(""),
            format!("{update}/properties/description/default"),
        ),
        ("a new required member", format!("{webhook}/required/-"), json!("description"), format!("{webhook}/required/6")),
        ("a member that becomes optional", format!("{webhook}/required/0"), Value::Null, format!("{webhook}/required/id")),
        (
            "a changed enum value",
            "/components/schemas/WebhookStatus/enum/1".to_owned(),
            json!("paused"),
            "/components/schemas/WebhookStatus/enum/1".to_owned(),
        ),
        (
            "a request object that becomes open",
            format!("{update}/additionalProperties"),
            Value::Null,
            format!("{update}/additionalProperties"),
        ),
        (
            "a response object that becomes closed",
            format!("{webhook}/additionalProperties"),
            json!(false),
            format!("{webhook}/additionalProperties"),
        ),
        (
            "a removed variant",
            "/components/schemas/AuthInput/oneOf/2".to_owned(),
            Value::Null,
            "/components/schemas/AuthInput/oneOf/noauth".to_owned(),
        ),
        (
            "a changed discriminator",
            "/components/schemas/Auth/discriminator/mapping/basic".to_owned(),
            json!("#/components/schemas/NoAuth"),
            "/components/schemas/Auth/discriminator/mapping/basic".to_owned(),
        ),
        (
            "a changed format in the callback body",
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
        ("an unknown keyword", format!("{webhook}/properties/id/secret"), json!(true), format!("{webhook}/properties/id/secret")),
        ("a changed version", "/info/version".to_owned(), json!("9.9.9"), "/info/version".to_owned()),
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
fn an_edit_that_changes_no_statement_is_no_difference() -> anyhow::Result<()> {
    let webhook = "/components/schemas/Webhook";
    type Change = fn(&mut Value, &str);
    let table: &[(&str, Change)] = &[
        ("the order of members", |spec, _| reverse(spec, false)),
        ("the order of lists", |spec, _| reverse(spec, true)),
        ("an extension", |spec, webhook| {
            edit(spec, &format!("{webhook}/x-internal"), json!(true));
            edit(spec, &format!("{REGISTER}/x-internal"), json!(true));
        }),
        ("a text for people", |spec, webhook| {
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
        ("a renamed component", |spec, webhook| {
            let text = spec.to_string().replace("components/schemas/Webhook\"", "components/schemas/Registered\"");
            *spec = serde_json::from_str(&text).expect("the same document");
            let schema = spec.pointer(webhook).expect(webhook).clone();
            edit(spec, "/components/schemas/Registered", schema);
            edit(spec, webhook, Value::Null);
        }),
        ("a oneOf with one enum value each", |spec, webhook| {
            let states = json!({"oneOf": [
                {"type": "string", "enum": ["deactivated"], "description": "Gets no callbacks."}, {"type": "string", "enum": ["active"]}
            ]});
            edit(spec, &format!("{webhook}/properties/status"), states);
        }),
        ("the same number in another form", |spec, webhook| {
            edit(spec, &format!("{webhook}/properties/targetURL/maxLength"), json!(2048.0));
        }),
        ("an explicit or omitted default value", |spec, webhook| {
            edit(spec, &format!("{webhook}/properties/id/nullable"), json!(false));
            edit(spec, &format!("{LIST}/parameters/0/required"), Value::Null);
            edit(spec, &format!("{LIST}/parameters/0/style"), json!("form"));
            edit(spec, "/components/schemas/Notification/properties/data/additionalProperties", Value::Null);
        }),
        ("a header name in lower case", |spec, _| {
            let headers = json!({"cache-control": spec.pointer(SECRET).expect(SECRET)["responses"]["200"]["headers"]["Cache-Control"]});
            edit(spec, &format!("{SECRET}/responses/200/headers"), headers);
        }),
        ("parameters at the path instead of the operation", |spec, _| {
            let path = SECRET.strip_suffix("/get").expect("a method");
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
fn formatting_is_no_difference() -> anyhow::Result<()> {
    let text = text()?;
    for formatted in [document()?.to_string(), text.replace("  ", "\t").replace('\n', "\r\n")] {
        assert!(Comparison::new(&service()?)?.check(&formatted)?.is_empty());
    }
    Ok(())
}

#[test]
fn an_invalid_example_is_found_at_its_pointer() -> anyhow::Result<()> {
    let request = format!("{REGISTER}/requestBody/content/application~1json/examples/basic/value");
    let response = format!("{REGISTER}/responses/200/content/application~1json/examples/basic/value");
    for (pointer, value, expected) in [
        (format!("{request}/targetURL"), json!("http://example.com"), format!("{request}/targetURL")),
        (format!("{request}/auth/type"), json!("hmac"), format!("{request}/auth")),
        (format!("{request}/colour"), json!("red"), request.clone()),
        (format!("{response}/id"), json!("0197a5a0"), format!("{response}/id")),
        (format!("{response}/createdAt"), json!("yesterday"), format!("{response}/createdAt")),
        (format!("{response}/secret"), json!("leaked"), response.clone()),
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
fn an_unused_component_is_found() -> anyhow::Result<()> {
    let mut spec = document()?;
    edit(&mut spec, "/components/schemas/Stray", json!({"type": "object"}));
    let findings = Comparison::new(&service()?)?.check(&spec.to_string())?;
    assert_eq!((findings.unused, findings.differences), (vec!["/components/schemas/Stray".to_owned()], vec![]));
    Ok(())
}

#[test]
fn a_finding_is_one_line_with_place_and_difference() -> anyhow::Result<()> {
    let text = text()?;
    let line = text.lines().position(|line| line.contains("\"CallbackBody\": {")).expect("the schema") + 1;
    let mut spec = document()?;
    edit(&mut spec, "/components/schemas/CallbackBody/required/0", json!("colour"));
    let findings = Findings { differences: differences_of(&spec)?, ..Findings::default() };
    let report = findings.text(&text, "cargo xtask");
    let expected = format!(
        "openapi.json:{}: /components/schemas/CallbackBody/required/0: openapi.json has \"colour\", the code has nothing \
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
