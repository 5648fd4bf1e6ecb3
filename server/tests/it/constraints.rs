//! Every constraint that openapi.json states of a request's body and parameters, derived from it: just inside is accepted,
//! just outside is refused, in a body at its place.

use http::Method;
use jsonschema::Validator;
use openapi_proof::json_schema::{self, Style};
use serde_json::{Value, json};

use crate::harness::{Api, PREFIX, Server, id_of};

/// A body, what it should come to, and why.
struct Case {
    body: Value,
    /// Where it is wrong; `None` when it is not.
    wrong_at: Option<String>,
    because: String,
}

struct Document(Value);

impl Document {
    fn read() -> Document {
        Document(serde_json::from_str(include_str!("../../../openapi.json")).expect("openapi.json is JSON"))
    }

    /// Method, path and body of each operation that has one.
    fn bodies(&self) -> Vec<(Method, String, &Value)> {
        let paths = self.0["paths"].as_object().expect("paths");
        let operations = paths.iter().flat_map(|(path, item)| {
            item.as_object().expect("operations").iter().map(move |(method, operation)| (path, method, operation))
        });
        operations
            .filter_map(|(path, method, operation)| {
                let body = operation.pointer("/requestBody/content/application~1json")?;
                Some((method.to_uppercase().parse().expect("a method"), path.clone(), body))
            })
            .collect()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolve(self.0.pointer(reference.trim_start_matches('#')).expect("the reference leads somewhere")),
            None => schema,
        }
    }

    /// What is said of `value`: of the variants, the one that its `type` names.
    fn schema_of<'a>(&'a self, schema: &'a Value, value: &Value) -> &'a Value {
        let schema = self.resolve(schema);
        let Some(variants) = schema["oneOf"].as_array() else { return schema };
        let names = |variant: &&Value| variant["properties"]["type"]["enum"][0] == value["type"];
        variants.iter().map(|variant| self.resolve(variant)).find(names).expect("an example is of one of the variants")
    }

    fn validator(&self, schema: &Value) -> Validator {
        json_schema::validator(&self.0, schema, Style::Written).expect("a schema")
    }

    /// Everything that is said of `value`, which is valid and stands at `at` in `body`.
    fn cases(&self, schema: &Value, value: &Value, at: &str, body: &Value, cases: &mut Vec<Case>) {
        let schema = self.schema_of(schema, value);
        let mut add = |wrong_at: Option<String>, because: &str, value: Value| {
            let mut body = body.clone();
            *body.pointer_mut(at).expect("the value stands there") = value;
            cases.push(Case { body, wrong_at, because: format!("{at}: {because}") });
        };
        let here = || Some(at.to_owned());
        let scalar = if value.is_number() { json!("5") } else { json!(5) };
        let word = if value.is_boolean() { json!("true") } else { json!(true) };
        let strangers = [json!(null), scalar, word, if value.is_array() { json!("a") } else { json!(["a"]) }];
        for stranger in strangers.into_iter().filter(|_| schema["type"].is_string()) {
            add(here(), "another type", stranger);
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
                    let longest = of_length(maximum).find(|text| validator.is_valid(&json!(text)));
                    add(None, "the longest", json!(longest.unwrap_or_else(|| panic!("{at}: no text is as long as it may be"))));
                    add(here(), "too long", json!(of_length(maximum + 1).next()));
                }
                if minimum > 0 {
                    add(here(), "too short", json!(of_length(minimum - 1).next().unwrap_or_default()));
                }
                if schema["pattern"].is_string() {
                    let length = minimum.max(3);
                    let strange = ["\u{7}", "Ü", " :"].map(|part| format!("{part}{}", "A".repeat(length)));
                    let strange = strange.into_iter().find(|text| !validator.is_valid(&json!(text)));
                    add(here(), "against the pattern", json!(strange.unwrap_or_else(|| panic!("{at}: every text keeps the pattern"))));
                }
                if schema["enum"].is_array() {
                    add(here(), "no value of the enum", json!("strange"));
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
                let of_length = |length: u64| Value::from((0..length).map(|index| numbered(&items[0], index)).collect::<Vec<_>>());
                if let Some(minimum) = schema["minItems"].as_u64() {
                    add(None, "the fewest items", of_length(minimum));
                    add(here(), "too few items", of_length(minimum - 1));
                }
                if let Some(maximum) = schema["maxItems"].as_u64() {
                    add(None, "the most items", of_length(maximum));
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
                    add(Some(format!("{at}/colour")), "with a member that nobody knows", more.into());
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

/// An item that differs from others in its name, where it has one: names are often taken once.
fn numbered(item: &Value, index: u64) -> Value {
    let mut item = item.clone();
    if let Some(name) = item.get_mut("name") {
        *name = json!(format!("{}-{index}", name.as_str().expect("a name is a text")));
    }
    item
}

/// An example of the document, with the one webhook that there is in place of the one that it names.
fn at_home(example: &Value, webhook: &str) -> Value {
    let mut body = example.clone();
    if let Some(id) = body.pointer_mut("/webhook/id") {
        *id = json!(webhook);
    }
    body
}

async fn judge(api: &Api, method: &Method, path: &str, case: Case) {
    let answer = api.call(method.clone(), path, &[], case.body.to_string()).await;
    let place = format!("{method} {path}, {}: {}", case.because, String::from_utf8_lossy(&answer.body));
    match case.wrong_at {
        None => assert!((200..300).contains(&answer.status), "{place}"),
        Some(wrong_at) => {
            assert_eq!(answer.problem(), (400, "invalid_request".to_owned()), "{place}");
            assert_eq!(answer.pointer(), Some(wrong_at), "{place}");
        }
    }
}

#[tokio::test]
async fn each_is_kept_just_inside_and_refused_just_outside() {
    let server = Server::start().await;
    let api = server.api_of("acme").await;
    let document = Document::read();
    let mut judged = 0;
    for (method, path, content) in document.bodies() {
        for (name, example) in content["examples"].as_object().expect("named examples") {
            let webhook = id_of(&api.register(&json!({ "targetURL": "https://example.com/notify" })).await);
            let path = path.replace("{id}", &webhook).trim_start_matches(PREFIX).to_owned();
            let body = at_home(&example["value"], &webhook);
            let mut cases = vec![Case { body: body.clone(), wrong_at: None, because: format!("the example {name}") }];
            document.cases(&content["schema"], &body, "", &body, &mut cases);
            for case in cases {
                // An identifier and an account can be well-formed and still lead nowhere, or elsewhere.
                let elsewhere = case.wrong_at.is_none() && case.because.starts_with("/account");
                if !elsewhere {
                    judged += 1;
                    judge(&api, &method, &path, case).await;
                }
            }
        }
    }
    assert!(judged > 200, "only {judged} cases were derived");
}

/// Values of a parameter, and whether each is one that its schema describes.
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
        ["x", "a b", "a.b", "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", "2026-01-02T15:04:05Z", "2026-01-02", "a\u{7f}"].map(str::to_owned),
    );
    let judged: Vec<(String, bool)> = texts.into_iter().map(|text| (text.clone(), validator.is_valid(&json!(text)))).collect();
    // Any text is a header's value where nothing more is said.
    let outside = *schema == json!({ "type": "string" }) || judged.iter().any(|(_, valid)| !valid);
    assert!(outside && judged.iter().any(|(_, valid)| *valid), "{schema}: {judged:?}");
    judged
}

#[tokio::test]
async fn each_parameter_is_kept_just_inside_and_refused_just_outside() {
    let server = Server::start().await;
    let api = server.api();
    let id = api.register_url("https://example.com/notify").await;
    let document = Document::read();
    let mut judged = 0;
    for (path, item) in document.0["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (place, name) = (parameter["in"].as_str().expect("a place"), parameter["name"].as_str().expect("a name"));
                let schema = document.resolve(&parameter["schema"]);
                for (value, valid) in values_of(schema, &document.validator(schema)) {
                    let encoded: String = url_encoded(&value);
                    let path = path.trim_start_matches(PREFIX);
                    let (path, headers) = match place {
                        // A well-formed identifier leads somewhere or nowhere, which other tests are about.
                        "path" if valid || value.is_empty() => continue,
                        // So does a type, which leads to its example.
                        "query" if valid && operation["operationId"] == "testWebhook" => continue,
                        "path" => (path.replace(&format!("{{{name}}}"), &encoded), vec![]),
                        "query" => (format!("{}?{name}={encoded}", path.replace("{id}", &id)), vec![]),
                        // What no HTTP header can carry cannot be sent.
                        _ if http::HeaderValue::from_str(&value).is_err() => continue,
                        _ => (path.to_owned(), vec![(name, value.as_str())]),
                    };
                    let body = operation.pointer("/requestBody/content/application~1json/examples");
                    let body = body.and_then(Value::as_object).and_then(|examples| examples.values().next()).map(|example| {
                        let mut body = example["value"].clone();
                        body.as_object_mut().expect("an object").remove("webhook");
                        body.to_string()
                    });
                    let answer =
                        api.call(method.to_uppercase().parse().expect("a method"), &path, &headers, body.unwrap_or_default()).await;
                    let place = format!("{method} {path} {headers:?}: {}", String::from_utf8_lossy(&answer.body));
                    match valid {
                        true => assert!((200..300).contains(&answer.status), "{place}"),
                        false => assert_eq!(answer.problem(), (400, "invalid_request".to_owned()), "{place}"),
                    }
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 200, "only {judged} cases were derived");
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
