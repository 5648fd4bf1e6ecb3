use serde_json::{Value, json};

use super::differences;

const SPEC: &str = include_str!("../../../openapi.json");
const REGISTER: &str = "/paths/~1api~1notifications~1v1~1webhooks/post";

fn spec() -> Value {
    serde_json::from_str(SPEC).expect("JSON")
}

fn at<'a>(document: &'a mut Value, pointer: &str) -> &'a mut Value {
    document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in openapi.json"))
}

fn pointers(document: &Value) -> Vec<String> {
    differences(&document.to_string()).expect("compared").into_iter().map(|difference| difference.pointer).collect()
}

#[test]
fn the_document_and_the_code_say_the_same() {
    let found = differences(SPEC).expect("compared");
    assert!(found.is_empty(), "{found:#?}");
}

/// A change of one statement, and the place that the report must name.
type Mutation = (&'static str, fn(&mut Value), &'static str);

#[test]
fn a_changed_statement_is_named() {
    let mutations: [Mutation; 22] = [
        (
            "a path",
            |document| rename(at(document, "/paths"), "/api/notifications/v1/deliveries", "/api/notifications/v1/parcels"),
            "/paths/~1api~1notifications~1v1~1parcels",
        ),
        ("a method", |document| rename(at(document, "/paths/~1api~1notifications~1v1~1webhooks"), "post", "put"), "webhooks/put"),
        ("an operationId", |document| *at(document, &format!("{REGISTER}/operationId")) = "addWebhook".into(), "post/operationId"),
        ("a summary", |document| *at(document, &format!("{REGISTER}/summary")) = "Add a webhook".into(), "post/summary"),
        ("a tag", |document| *at(document, &format!("{REGISTER}/tags/0")) = "Hooks".into(), "post/tags"),
        (
            "a property's name",
            |document| rename(at(document, "/components/schemas/Webhook/properties"), "targetURL", "targetUrl"),
            "/components/schemas/Webhook/properties/targetUrl",
        ),
        (
            "a type",
            |document| *at(document, "/components/schemas/Attempt/properties/truncated/type") = "string".into(),
            "/components/schemas/Attempt/properties/truncated/type",
        ),
        (
            "a format",
            |document| *at(document, "/components/schemas/Webhook/properties/createdAt/format") = "date".into(),
            "/components/schemas/Webhook/properties/createdAt/format",
        ),
        (
            "what is required",
            |document| *at(document, "/components/schemas/WebhookRegistration/required") = json!(["targetURL", "auth"]),
            "/components/schemas/WebhookRegistration/required",
        ),
        (
            "what was required",
            |document| *at(document, "/components/schemas/BasicAuth/required") = json!(["type"]),
            "/components/schemas/BasicAuth/required",
        ),
        (
            "an enum's value",
            |document| *at(document, "/components/schemas/Delivery/properties/status/enum/0") = "waiting".into(),
            "/components/schemas/Delivery/properties/status/enum",
        ),
        (
            "a tag's value",
            |document| *at(document, "/components/schemas/BasicAuthInput/properties/type/enum/0") = "password".into(),
            "/components/schemas/BasicAuthInput",
        ),
        (
            "a length",
            |document| *at(document, "/components/schemas/BasicAuthInput/properties/username/maxLength") = 256.into(),
            "/components/schemas/BasicAuthInput/properties/username/maxLength",
        ),
        (
            "a pattern",
            |document| *at(document, "/components/schemas/ProblemError/properties/pointer/maxLength") = 1.into(),
            "/components/schemas/ProblemError/properties/pointer/maxLength",
        ),
        (
            "a bound",
            |document| *at(document, "/components/schemas/Attempt/properties/number/minimum") = 0.into(),
            "/components/schemas/Attempt/properties/number/minimum",
        ),
        (
            "a count",
            |document| *at(document, "/components/schemas/DeliveryDetail/properties/attempts/maxItems") = 51.into(),
            "/components/schemas/DeliveryDetail/properties/attempts/maxItems",
        ),
        (
            "nullable",
            |document| at(document, "/components/schemas/Webhook/properties/description")["nullable"] = true.into(),
            "/components/schemas/Webhook/properties/description/nullable",
        ),
        (
            "openness",
            |document| {
                at(document, "/components/schemas/NoAuthInput").as_object_mut().expect("an object").remove("additionalProperties");
            },
            "/components/schemas/NoAuthInput/additionalProperties",
        ),
        ("a success's status", |document| rename(at(document, &format!("{REGISTER}/responses")), "200", "201"), "post/responses/201"),
        (
            "a header",
            |document| {
                rename(
                    at(document, "/paths/~1api~1notifications~1v1~1webhooks~1{id}~1signing-secret/get/responses/200/headers"),
                    "Cache-Control",
                    "Expires",
                )
            },
            "headers/Expires",
        ),
        (
            "a parameter",
            |document| *at(document, "/paths/~1api~1notifications~1v1~1notifications/post/parameters/0/name") = "Idempotency".into(),
            "post/parameters/0",
        ),
        (
            "the callback",
            |document| rename(at(document, "/components/schemas/CallbackBody/properties"), "timestamp", "time"),
            "/components/schemas/CallbackBody/properties/time",
        ),
    ];
    for (what, mutate, expected) in mutations {
        let mut document = spec();
        mutate(&mut document);
        let found = pointers(&document);
        assert!(found.iter().any(|pointer| pointer.contains(expected)), "{what}: {expected} is not among {found:#?}");
    }
}

#[test]
fn an_example_that_breaks_its_schema_is_named() {
    let mut document = spec();
    let example = format!("{REGISTER}/requestBody/content/application~1json/examples/basic/value");
    at(&mut document, &example)["auth"]["colour"] = "red".into();
    assert!(pointers(&document).iter().any(|pointer| pointer.starts_with(&example)));
}

#[test]
fn prose_order_and_sharing_change_nothing() {
    let mut document = spec();
    *at(&mut document, "/info/description") = "Other words.".into();
    *at(&mut document, &format!("{REGISTER}/description")) = "Other words.".into();
    at(&mut document, REGISTER)["x-note"] = "an extension".into();
    let inlined = at(&mut document, "/components/schemas/Attempt").clone();
    *at(&mut document, "/components/schemas/Delivery/properties/lastAttempt") = inlined;
    let limit = at(&mut document, "/components/schemas/BasicAuth/properties/username").clone();
    at(&mut document, "/components/schemas")["Username"] = limit;
    *at(&mut document, "/components/schemas/BasicAuth/properties/username") = json!({ "$ref": "#/components/schemas/Username" });
    at(&mut document, "/components/schemas/Problem/required").as_array_mut().expect("an array").reverse();
    at(&mut document, "/components/schemas/AuthInput/oneOf").as_array_mut().expect("an array").reverse();
    let reversed = reverse(document);
    assert_eq!(pointers(&reversed), Vec::<String>::new());
    let pretty = serde_json::to_string_pretty(&reversed).expect("JSON");
    assert!(differences(&pretty).expect("compared").is_empty());
}

#[test]
fn a_line_is_where_the_value_stands() {
    let lines = super::lines::of_pointers("{\n \"a\": {\n  \"b/c\": [1,\n   \"x\\\"\\n\"]\n }\n}");
    assert_eq!((lines["/a"], lines["/a/b~1c"], lines["/a/b~1c/0"], lines["/a/b~1c/1"]), (2, 3, 3, 4));
    assert_eq!(super::lines::nearest(&lines, "/a/missing/deep"), 2);
}

fn rename(object: &mut Value, from: &str, to: &str) {
    let members = object.as_object_mut().expect("an object");
    let value = members.remove(from).unwrap_or_else(|| panic!("{from} is not there"));
    members.insert(to.to_owned(), value);
}

/// Every object's members in the opposite order.
fn reverse(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.into_iter().rev().map(|(name, member)| (name, reverse(member))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(reverse).collect()),
        other => other,
    }
}
