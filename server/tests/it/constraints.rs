//! Tests derived from every constraint in openapi.json on request bodies and parameters. The
//! server accepts a value at the bound of a constraint, and refuses a value just beyond the bound. If the refused value is in a
//! body, the problem has a pointer to the value.

use http::Method;
use jsonschema::Validator;
use openapi_proof::json_schema::{self, Style};
use serde_json::{Value, json};

use crate::harness::{Api, PREFIX, Server, id_of};

/// A request body, the expected result, and the name of the checked constraint.
struct Case {
    body: Value,
    /// The pointer to the invalid value; `None` if the body is valid.
    invalid_at: Option<String>,
    reason: String,
}

struct Document(Value);

impl Document {
    fn read() -> Document {
        Document(serde_json::from_str(include_str!("../../../openapi.json")).expect("openapi.json is JSON"))
    }

    /// Returns the method, path and body of each operation with a body, and whether only platform tokens may call it.
    fn bodies(&self) -> Vec<(Method, String, &Value, bool)> {
        let paths = self.0["paths"].as_object().expect("paths");
        let operations = paths.iter().flat_map(|(path, item)| {
            item.as_object().expect("operations").iter().map(move |(method, operation)| (path, method, operation))
        });
        operations
            .filter_map(|(path, method, operation)| {
                let body = operation.pointer("/requestBody/content/application~1json")?;
                Some((method.to_uppercase().parse().expect("a method"), path.clone(), body, is_for_platform(operation)))
            })
            .collect()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolve(self.0.pointer(reference.trim_start_matches('#')).expect("the reference exists")),
            None => schema,
        }
    }

    /// Returns `schema` without references. If it has variants, returns the variant for the `type` of `value`.
    fn schema_of<'a>(&'a self, schema: &'a Value, value: &Value) -> &'a Value {
        let schema = self.resolve(schema);
        let Some(variants) = schema["oneOf"].as_array() else { return schema };
        let names = |variant: &&Value| variant["properties"]["type"]["enum"][0] == value["type"];
        variants.iter().map(|variant| self.resolve(variant)).find(names).expect("an example matches one of the variants")
    }

    fn validator(&self, schema: &Value) -> Validator {
        json_schema::validator(&self.0, schema, Style::Written).expect("a schema")
    }

    /// Adds the cases for each constraint on `value`. `at` is the pointer to this valid value in `body`.
    fn cases(&self, schema: &Value, value: &Value, at: &str, body: &Value, cases: &mut Vec<Case>) {
        let schema = self.schema_of(schema, value);
        let mut add = |invalid_at: Option<String>, reason: &str, value: Value| {
            let mut body = body.clone();
            *body.pointer_mut(at).expect("the value exists") = value;
            cases.push(Case { body, invalid_at, reason: format!("{at}: {reason}") });
        };
        let here = || Some(at.to_owned());
        let scalar = if value.is_number() { json!("5") } else { json!(5) };
        let word = if value.is_boolean() { json!("true") } else { json!(true) };
        let other_types = [json!(null), scalar, word, if value.is_array() { json!("a") } else { json!(["a"]) }];
        for other_type in other_types.into_iter().filter(|_| schema["type"].is_string()) {
            add(here(), "another type", other_type);
        }
        match value {
            Value::String(text) => {
                let maximum = schema["maxLength"].as_u64().map(|length| length as usize);
                let minimum = schema["minLength"].as_u64().map_or(0, |length| length as usize);
                let validator = self.validator(schema);
                let of_length = |length: usize| {
                    let longer = format!("{text}{}", "a".repeat(length.saturating_sub(text.chars().count())));
                    [longer, "a".repeat(length)].into_iter().filter(move |text| text.chars().count() == length)
                };
                if let Some(maximum) = maximum {
                    let longest_valid = of_length(maximum).find(|text| validator.is_valid(&json!(text)));
                    add(
                        None,
                        "the maximum length",
                        json!(longest_valid.unwrap_or_else(|| panic!("{at}: no valid text has the maximum length"))),
                    );
                    add(here(), "too long", json!(of_length(maximum + 1).next()));
                }
                if minimum > 0 {
                    add(here(), "too short", json!(of_length(minimum - 1).next().unwrap_or_default()));
                }
                if schema["pattern"].is_string() {
                    let length = minimum.max(3);
                    let invalid = ["\u{7}", "Ü", " :"].map(|part| format!("{part}{}", "A".repeat(length)));
                    let invalid = invalid.into_iter().find(|text| !validator.is_valid(&json!(text)));
                    add(
                        here(),
                        "does not match the pattern",
                        json!(invalid.unwrap_or_else(|| panic!("{at}: every text matches the pattern"))),
                    );
                }
                if schema["enum"].is_array() {
                    add(here(), "not in the enum", json!("strange"));
                }
            }
            Value::Number(_) => {
                for (name, beyond) in [("minimum", -1), ("maximum", 1)] {
                    let bound = schema[name].as_i64().unwrap_or_else(|| panic!("{at}: a number without a {name}"));
                    add(None, name, json!(bound));
                    add(here(), &format!("beyond the {name}"), json!(bound + beyond));
                }
                if schema["type"] == "integer" {
                    add(here(), "a fraction", json!(0.5));
                }
            }
            Value::Array(items) => {
                let of_length = |length: u64| Value::from((0..length).map(|index| with_unique_name(&items[0], index)).collect::<Vec<_>>());
                if let Some(minimum) = schema["minItems"].as_u64() {
                    add(None, "the minimum number of items", of_length(minimum));
                    add(here(), "too few items", of_length(minimum - 1));
                }
                if let Some(maximum) = schema["maxItems"].as_u64() {
                    add(None, "the maximum number of items", of_length(maximum));
                    add(here(), "too many items", of_length(maximum + 1));
                }
                for (index, item) in items.iter().enumerate() {
                    self.cases(&schema["items"], item, &format!("{at}/{index}"), body, cases);
                }
            }
            Value::Object(members) => {
                for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    let mut rest = members.clone();
                    rest.remove(name);
                    add(here(), &format!("without {name}"), rest.into());
                }
                if schema["additionalProperties"] == false {
                    let mut more = members.clone();
                    more.insert("colour".to_owned(), json!("red"));
                    add(Some(format!("{at}/colour")), "with an unknown member", more.into());
                }
                for (name, member) in members {
                    if let Some(schema) = schema["properties"].get(name) {
                        self.cases(schema, member, &format!("{at}/{name}"), body, cases);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Returns whether only platform tokens may call an operation.
fn is_for_platform(operation: &Value) -> bool {
    operation["x-required-token"] == "platform"
}

/// Returns a copy of an item. If the item has a name, the copy has a unique name, because many lists do not allow duplicate names.
fn with_unique_name(item: &Value, index: u64) -> Value {
    let mut item = item.clone();
    if let Some(name) = item.get_mut("name") {
        *name = json!(format!("{}-{index}", name.as_str().expect("a name is a text")));
    }
    item
}

/// Returns the example. If it contains the id of a webhook, replaces this id with the id of an existing webhook.
fn with_webhook_id(example: &Value, webhook: &str) -> Value {
    let mut body = example.clone();
    for pointer in ["/webhook/id", "/webhookID"] {
        if let Some(id) = body.pointer_mut(pointer) {
            *id = json!(webhook);
        }
    }
    body
}

async fn check(api: &Api, method: &Method, path: &str, case: Case) {
    let response = api.call(method.clone(), path, &[], case.body.to_string()).await;
    let place = format!("{method} {path}, {}: {}", case.reason, String::from_utf8_lossy(&response.body));
    match case.invalid_at {
        None => assert!((200..300).contains(&response.status), "{place}"),
        Some(invalid_at) => {
            assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{place}");
            assert_eq!(response.pointer(), Some(invalid_at), "{place}");
        }
    }
}

#[tokio::test]
async fn each_body_is_accepted_just_inside_and_refused_just_outside_a_constraint() {
    // The account of this token is `default`, as in the examples. So each example is accepted as it stands.
    let (server, document) = (Server::start().await, Document::read());
    let (api, platform) = (server.api(), server.platform().await);
    let mut checked = 0;
    for (method, path, content, is_for_platform) in document.bodies() {
        for (name, example) in content["examples"].as_object().expect("named examples") {
            let webhook = id_of(&api.register(&json!({ "targetURL": "https://example.com/notify" })).await);
            let path = path.replace("{id}", &webhook).trim_start_matches(PREFIX).to_owned();
            let body = with_webhook_id(&example["value"], &webhook);
            let mut cases = vec![Case { body: body.clone(), invalid_at: None, reason: format!("the example {name}") }];
            document.cases(&content["schema"], &body, "", &body, &mut cases);
            for case in cases {
                // Skips valid accounts: the caller's token does not belong to them.
                let other_account = case.invalid_at.is_none() && case.reason.starts_with("/account");
                if !other_account {
                    checked += 1;
                    check(if is_for_platform { &platform } else { &api }, &method, &path, case).await;
                }
            }
        }
    }
    assert!(checked > 200, "only {checked} cases were derived");
}

/// Returns values for a parameter. Each value has a flag that says whether the schema allows the value.
fn values_of(schema: &Value, validator: &Validator) -> Vec<(String, bool)> {
    if schema["type"] == "integer" {
        let bound = |name: &str| schema[name].as_i64().expect("an integer has bounds");
        let (minimum, maximum) = (bound("minimum"), bound("maximum"));
        let numbers = [(minimum, true), (maximum, true), (minimum - 1, false), (maximum + 1, false)];
        let wrong = ["ten", "", "1.5", "0x1", "99999999999999999999"];
        return numbers
            .map(|(number, valid)| (number.to_string(), valid))
            .into_iter()
            .chain(wrong.map(|text| (text.to_owned(), false)))
            .collect();
    }
    let of_length = |length: u64, letter: &str| letter.repeat(usize::try_from(length).expect("a short text"));
    let lengths = ["minLength", "maxLength"].iter().filter_map(|name| schema[name].as_u64());
    let mut texts: Vec<String> = lengths
        .flat_map(|length| [length - 1, length, length + 1])
        .flat_map(|length| ["a", "A"].map(|letter| of_length(length, letter)))
        .collect();
    texts.extend(schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    texts.extend(
        ["x", "a b", "a.b", "all", "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", "2026-01-02T15:04:05Z", "2026-01-02", "a\u{7f}"]
            .map(str::to_owned),
    );
    let checked: Vec<(String, bool)> = texts.into_iter().map(|text| (text.clone(), validator.is_valid(&json!(text)))).collect();
    // Every text is valid if the schema has no constraint except the type.
    let has_invalid = *schema == json!({ "type": "string" }) || checked.iter().any(|(_, valid)| !valid);
    assert!(has_invalid && checked.iter().any(|(_, valid)| *valid), "{schema}: {checked:?}");
    checked
}

#[tokio::test]
async fn each_parameter_is_accepted_just_inside_and_refused_just_outside_a_constraint() {
    let server = Server::start().await;
    let (of_account, platform) = (server.api(), server.platform().await);
    let id = of_account.register_url("https://example.com/notify").await;
    let document = Document::read();
    let mut checked = 0;
    for (path, item) in document.0["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (place, name) = (parameter["in"].as_str().expect("a place"), parameter["name"].as_str().expect("a name"));
                let schema = document.resolve(&parameter["schema"]);
                // A token of an account may name only its own account.
                let api = if is_for_platform(operation) || name == "account" { &platform } else { &of_account };
                for (value, valid) in values_of(schema, &document.validator(schema)) {
                    let encoded: String = url_encoded(&value);
                    let path = path.trim_start_matches(PREFIX);
                    let (path, headers) = match place {
                        // Other tests cover valid identifiers, because the response depends on the existence of the object.
                        "path" if valid || value.is_empty() => continue,
                        // Other tests cover valid event types.
                        "query" if valid && operation["operationId"] == "testWebhook" => continue,
                        // Other tests cover valid ranges of statistics, because they depend on the time, and webhooks.
                        "query" if valid && operation["operationId"] == "getStatistics" && name != "interval" => continue,
                        "path" => (path.replace(&format!("{{{name}}}"), &encoded), vec![]),
                        "query" => (format!("{}?{name}={encoded}", path.replace("{id}", &id)), vec![]),
                        // An HTTP header cannot contain this value.
                        _ if http::HeaderValue::from_str(&value).is_err() => continue,
                        _ => (path.to_owned(), vec![(name, value.as_str())]),
                    };
                    let body = operation.pointer("/requestBody/content/application~1json/examples");
                    let body = body.and_then(Value::as_object).and_then(|examples| examples.values().next()).map(|example| {
                        let mut body = example["value"].clone();
                        body.as_object_mut().expect("an object").remove("webhook");
                        body.to_string()
                    });
                    let response =
                        api.call(method.to_uppercase().parse().expect("a method"), &path, &headers, body.unwrap_or_default()).await;
                    let place = format!("{method} {path} {headers:?}: {}", String::from_utf8_lossy(&response.body));
                    match valid {
                        true => assert!((200..300).contains(&response.status), "{place}"),
                        false => assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{place}"),
                    }
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 200, "only {checked} cases were derived");
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
