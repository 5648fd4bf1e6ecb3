//! Tests of the comparison of two versions of openapi.json. Some edits break users of the API, and other edits break no user.

use openapi_proof::openapi::breaking::{Comparison, Finding, Flow, Severity, User, View};
use serde_json::{Value, json};
use webhooks_spec::service;

use crate::edits::{document, edit, reverse};

const API: &str = "/paths/~1api~1notifications~1v1";
const SCHEMAS: &str = "/components/schemas";
const CALLBACK: &str = "~1webhooks/post/callbacks/notification/{$request.body#~1targetURL}/post";

const REQUEST: View = View { user: User::Client, flow: Flow::Sends };
const RESPONSE: View = View { user: User::Client, flow: Flow::Reads };
const SENT_BACK: View = View { user: User::Receiver, flow: Flow::Sends };
const CALLED: View = View { user: User::Receiver, flow: Flow::Reads };

fn api(rest: &str) -> String {
    format!("{API}{rest}")
}

fn schema(rest: &str) -> String {
    format!("{SCHEMAS}/{rest}")
}

/// Returns the schema of an enum.
fn one_of(values: &[&str]) -> Value {
    json!({ "type": "string", "enum": values })
}

fn called(rest: &str) -> String {
    format!("{API}{CALLBACK}{rest}")
}

/// Sets the value at `pointer`. If `value` is null, removes the old value. A final `+` stands for the index after the
/// last item of a list. Returns the pointer with this index, and the findings.
fn found_after(pointer: &str, value: Value) -> anyhow::Result<(String, Vec<Finding>)> {
    let old = document()?;
    let pointer = match pointer.strip_suffix("/+") {
        Some(list) => format!("{list}/{}", old.pointer(list).and_then(Value::as_array).map_or(0, Vec::len)),
        None => pointer.to_owned(),
    };
    let found = findings(|new| put(new, &pointer, value))?;
    Ok((pointer, found))
}

fn findings(change: impl FnOnce(&mut Value)) -> anyhow::Result<Vec<Finding>> {
    let old = document()?;
    let mut new = old.clone();
    change(&mut new);
    Ok(check(&old.to_string(), &new.to_string())?.findings)
}

/// Compares two versions of the document.
fn check(old: &str, new: &str) -> anyhow::Result<Comparison> {
    openapi_proof::openapi::breaking::check(&service()?, old, new)
}

fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer to a member");
    match document.pointer_mut(parent) {
        Some(Value::Array(items)) if name == items.len().to_string() => items.push(value),
        _ => edit(document, pointer, value),
    }
}

/// Pointers and their new values; null removes the value.
type Edits = Vec<(String, Value)>;

/// Returns edits that break a user. Each edit has a description, a pointer, the new value, and the affected user.
fn breaking() -> Vec<(&'static str, String, Value, View)> {
    let gone = || Value::Null;
    vec![
        // Edits of messages that a client sends.
        ("a removed path", api("~1deliveries"), gone(), REQUEST),
        ("a removed operation", api("~1webhooks~1{id}/delete"), gone(), REQUEST),
        ("a renamed operation", api("~1webhooks/post/operationId"), json!("createWebhook"), REQUEST),
        ("a removed query parameter", api("~1deliveries/get/parameters/4"), gone(), REQUEST),
        ("a parameter that becomes required", api("~1webhooks/get/parameters/0/required"), json!(true), REQUEST),
        (
            "a new required parameter",
            api("~1webhooks/get/parameters/+"),
            json!({"name": "colour", "in": "query", "required": true, "schema": {"type": "string"}}),
            REQUEST,
        ),
        ("a removed enum value of a parameter", schema("DeliveryStatus/enum/3"), gone(), REQUEST),
        ("a lower maximum of a parameter", api("~1webhooks/get/parameters/2/schema/maximum"), json!(100), REQUEST),
        ("a changed default", api("~1webhooks/get/parameters/2/schema/default"), json!(20), REQUEST),
        ("a lower maxLength of a header", api("~1notifications/post/parameters/0/schema/maxLength"), json!(64), REQUEST),
        ("a member that becomes required", schema("WebhookRegistration/required/+"), json!("auth"), REQUEST),
        ("a removed member of a closed object", schema("WebhookRegistration/properties/eventTypes"), gone(), REQUEST),
        ("an object that becomes closed", schema("NotificationPublication/properties/data/additionalProperties"), json!(false), REQUEST),
        ("a lower maxLength", schema("WebhookRegistration/properties/targetURL/maxLength"), json!(1024), REQUEST),
        ("a higher minLength", schema("BasicAuthInput/properties/password/minLength"), json!(8), REQUEST),
        ("a changed pattern", schema("NotificationPublication/properties/type/pattern"), json!("^[a-z]+$"), REQUEST),
        ("a lower maxItems", schema("WebhookUpdate/properties/eventTypes/maxItems"), json!(10), REQUEST),
        ("a new constraint", schema("WebhookUpdate/properties/eventTypes/uniqueItems"), json!(true), REQUEST),
        ("a new format", schema("ClientCredentialAuthInput/properties/audience/format"), json!("uri"), REQUEST),
        ("a removed enum value", schema("WebhookActivation/properties/status/enum/0"), json!("enabled"), REQUEST),
        ("a changed scope", api("~1webhooks/get/x-required-scope"), json!("webhooks.list"), REQUEST),
        ("changed credentials", api("~1webhooks/post/security/0"), json!({"callbackBasic": []}), REQUEST),
        ("a removed media type", api("~1webhooks/post/requestBody/content/application~1json"), gone(), REQUEST),
        ("a removed body", api("~1webhooks~1{id}~1activation/patch/requestBody"), gone(), REQUEST),
        ("an unknown keyword", schema("WebhookUpdate/properties/auth/odd"), json!(1), REQUEST),
        // Edits of messages that a client reads.
        ("a removed member", schema("Webhook/properties/deactivation"), gone(), RESPONSE),
        ("a member that becomes optional", schema("Webhook/required/5"), gone(), RESPONSE),
        ("a changed type", schema("Attempt/properties/durationMs/type"), json!("string"), RESPONSE),
        ("a changed format", schema("Webhook/properties/createdAt/format"), json!("date"), RESPONSE),
        ("a new enum value", schema("WebhookStatus/enum/+"), json!("paused"), RESPONSE),
        ("a higher maxLength", schema("Attempt/properties/responseBody/maxLength"), json!(8192), RESPONSE),
        ("a removed constraint", schema("Problem/properties/code/pattern"), gone(), RESPONSE),
        ("a wider number format", schema("Notification/properties/deliveryCount/format"), json!("int64"), RESPONSE),
        ("a member that may be null", schema("Delivery/properties/createdAt/nullable"), json!(true), RESPONSE),
        ("a removed discriminator", schema("Auth/discriminator"), gone(), RESPONSE),
        ("a new success status", api("~1webhooks/post/responses/201"), json!({"description": "Made."}), RESPONSE),
        ("a removed success status", api("~1webhooks~1{id}/delete/responses/204"), gone(), RESPONSE),
        ("a removed media type of a response", "/components/responses/NotFound/content/application~1json".to_owned(), gone(), RESPONSE),
        ("a removed schema of a response", api("~1webhooks/post/responses/200/content/application~1json/schema"), gone(), RESPONSE),
        (
            "a removed header of a response",
            api("~1webhooks~1{id}~1signing-secret/get/responses/200/headers/Cache-Control"),
            gone(),
            RESPONSE,
        ),
        (
            "a response header that becomes optional",
            "/components/responses/Overloaded/headers/Retry-After/required".to_owned(),
            gone(),
            RESPONSE,
        ),
        // Edits of callbacks and of the responses to callbacks.
        ("the removed callback", api("~1webhooks/post/callbacks/notification"), gone(), CALLED),
        ("the removed method of the callback", called(""), gone(), CALLED),
        ("a removed header of the callback", called("/parameters/2"), gone(), CALLED),
        ("a callback header that becomes optional", called("/parameters/0/required"), gone(), CALLED),
        ("a callback header without its pattern", called("/parameters/1/schema/pattern"), gone(), CALLED),
        ("a removed member of the callback", schema("CallbackBody/properties/timestamp"), gone(), CALLED),
        ("a callback member that becomes optional", schema("CallbackBody/required/3"), gone(), CALLED),
        (
            "a new media type of the callback",
            called("/requestBody/content/application~1xml"),
            json!({"schema": {"type": "object"}}),
            CALLED,
        ),
        ("removed credentials of the callback", called("/security/0"), gone(), CALLED),
        ("a response that loses its meaning", called("/responses/410"), gone(), SENT_BACK),
        ("a response that gets a meaning", called("/responses/423"), json!({"description": "Later."}), SENT_BACK),
        ("a response header that the service no longer reads", called("/responses/503/headers/Retry-After"), gone(), SENT_BACK),
    ]
}

#[test]
fn each_breaking_edit_is_found_at_its_pointer() -> anyhow::Result<()> {
    for (what, pointer, value, view) in breaking() {
        let (expected, found) = found_after(&pointer, value)?;
        let breaks = |finding: &Finding| finding.severity == Severity::Breaking && finding.pointer == expected && finding.view == view;
        assert!(found.iter().any(breaks), "{what}: expected {expected}, found {found:#?}");
        assert_eq!(found[0].severity, Severity::Breaking, "{what}: breaking findings come first");
    }
    Ok(())
}

/// Returns changes that break no user. Each change has a description and its edits. The flag tells whether the change
/// is an addition.
fn harmless() -> Vec<(&'static str, Edits, bool)> {
    let gone = || Value::Null;
    let response = || json!({"description": "Another."});
    let text = || json!({"type": "string"});
    vec![
        (
            "a text for people",
            vec![(schema("Webhook/description"), json!("Another.")), (api("~1webhooks/post/summary"), json!("Another."))],
            false,
        ),
        ("a changed example", vec![(schema("Webhook/properties/id/example"), json!("0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55"))], false),
        ("a changed tag", vec![(api("~1webhooks/post/tags/0"), json!("Deliveries"))], false),
        ("a changed host", vec![("/servers/0/url".to_owned(), json!("https://api.example.com"))], false),
        ("an unused component", vec![(schema("Stray"), text())], false),
        ("the same number in another form", vec![(schema("Webhook/properties/targetURL/maxLength"), json!(2048.0))], false),
        ("an explicit default value", vec![(schema("Webhook/properties/id/nullable"), json!(false))], false),
        ("a new path", vec![("/paths/~1new".to_owned(), json!({"get": {"operationId": "new", "responses": {"200": response()}}}))], true),
        ("a new operation", vec![(api("~1webhooks/put"), json!({"operationId": "new", "responses": {"200": response()}}))], true),
        (
            "a new optional parameter",
            vec![(api("~1webhooks/get/parameters/5"), json!({"name": "q", "in": "query", "schema": text()}))],
            true,
        ),
        ("a new optional member of a request", vec![(schema("WebhookRegistration/properties/colour"), text())], true),
        ("a request member that becomes optional", vec![(schema("BasicAuthInput/required/1"), gone())], true),
        ("a higher maxLength of a request", vec![(schema("WebhookRegistration/properties/targetURL/maxLength"), json!(4096))], true),
        ("a removed minLength of a request", vec![(schema("BasicAuthInput/properties/password/minLength"), gone())], true),
        ("a removed pattern of a request", vec![(schema("WebhookUpdate/properties/targetURL/pattern"), gone())], true),
        ("a request member that may be null", vec![(schema("WebhookUpdate/properties/targetURL/nullable"), json!(true))], true),
        (
            "a new enum value of a parameter",
            vec![(api("~1webhooks/get/parameters/0/schema"), one_of(&["active", "deactivated", "paused"]))],
            true,
        ),
        ("a higher maximum of a parameter", vec![(api("~1webhooks/get/parameters/2/schema/maximum"), json!(500))], true),
        ("a request object that becomes open", vec![(schema("WebhookUpdate/additionalProperties"), gone())], true),
        ("a new media type of a request", vec![(api("~1webhooks/post/requestBody/content/text~1json"), json!({"schema": text()}))], true),
        ("a request body that becomes optional", vec![(api("~1webhooks/post/requestBody/required"), gone())], true),
        ("a removed scope", vec![(api("~1webhooks/get/x-required-scope"), gone())], true),
        ("additional credentials", vec![(api("~1webhooks/get/security/1"), json!({"callbackBasic": []}))], true),
        ("removed credentials", vec![(api("~1webhooks/get/security"), json!([]))], true),
        ("a new member of a response", vec![(schema("Webhook/properties/colour"), text())], true),
        (
            "a new required member of a response",
            vec![(schema("Webhook/properties/colour"), text()), (schema("Webhook/required/6"), json!("colour"))],
            true,
        ),
        ("a response member that becomes required", vec![(schema("Delivery/required/6"), json!("lastAttempt"))], true),
        ("a lower maxLength of a response", vec![(schema("Attempt/properties/error/maxLength"), json!(512))], true),
        ("a removed enum value of a response", vec![(schema("Webhook/properties/status"), one_of(&["active"]))], true),
        ("a new error status", vec![(api("~1webhooks/get/responses/404"), response())], true),
        ("a removed error status", vec![(api("~1webhooks/post/responses/409"), gone())], true),
        ("a new header of a response", vec![(api("~1webhooks/get/responses/200/headers"), json!({"etag": {"schema": text()}}))], true),
        ("a new member of the callback", vec![(schema("CallbackBody/properties/colour"), text())], true),
        ("a new header of the callback", vec![(called("/parameters/6"), json!({"name": "x", "in": "header", "schema": text()}))], true),
        ("a callback that always has credentials", vec![(called("/security/2"), gone())], true),
        ("deprecation", vec![(api("~1webhooks/get/deprecated"), json!(true))], true),
    ]
}

#[test]
fn a_harmless_edit_is_an_addition_or_no_finding() -> anyhow::Result<()> {
    for (what, edits, is_addition) in harmless() {
        let found = findings(|new| edits.iter().for_each(|(pointer, value)| put(new, pointer, value.clone())))?;
        assert!(found.iter().all(|finding| finding.severity == Severity::Addition), "{what}: {found:#?}");
        assert_eq!(!found.is_empty(), is_addition, "{what}: {found:#?}");
        assert!(found.len() < 2, "{what}: more than one finding: {found:#?}");
    }
    let renamed = findings(|new| {
        let schema = new.pointer(&schema("Webhook")).cloned().unwrap_or_default();
        *new = serde_json::from_str(&new.to_string().replace("schemas/Webhook\"", "schemas/Registered\"")).unwrap_or_default();
        put(new, &format!("{SCHEMAS}/Registered"), schema);
        put(new, &format!("{SCHEMAS}/Webhook"), Value::Null);
    })?;
    assert_eq!(renamed, [], "a renamed component");
    for lists in [false, true] {
        assert_eq!(findings(|new| reverse(new, lists))?, [], "another order");
    }
    Ok(())
}

/// These changes are not in the tables, because each of them needs several edits.
#[test]
fn a_removed_variant_breaks_requests_and_a_new_one_breaks_responses() -> anyhow::Result<()> {
    let gone = findings(|new| {
        put(new, &schema("AuthInput/oneOf/2"), Value::Null);
        put(new, &schema("AuthInput/discriminator/mapping/noauth"), Value::Null);
    })?;
    assert_eq!(gone.len(), 1, "{gone:#?}");
    assert_eq!((gone[0].pointer.as_str(), gone[0].severity, gone[0].view), (schema("NoAuthInput").as_str(), Severity::Breaking, REQUEST));
    assert_eq!(gone[0].operations.len(), 2, "registering and updating are affected: {gone:#?}");

    let variant = json!({"type": "object", "required": ["type"], "properties": {"type": {"type": "string", "enum": ["mtls"]}}});
    let come = |name: &str| {
        findings(|new| {
            put(new, &schema("Mtls"), variant.clone());
            put(new, &schema(&format!("{name}/oneOf/3")), json!({"$ref": "#/components/schemas/Mtls"}));
            put(new, &schema(&format!("{name}/discriminator/mapping/mtls")), json!("#/components/schemas/Mtls"));
        })
    };
    let read = come("Auth")?;
    assert_eq!((read.len(), read[0].severity, read[0].view), (1, Severity::Breaking, RESPONSE), "{read:#?}");
    let sent = come("AuthInput")?;
    assert_eq!((sent.len(), sent[0].severity, sent[0].view), (1, Severity::Addition, REQUEST), "{sent:#?}");
    Ok(())
}

#[test]
fn the_version_must_match_the_change() -> anyhow::Result<()> {
    let mut old = document()?;
    edit(&mut old, "/info/version", json!("0.1.0"));
    let mut new = old.clone();
    edit(&mut new, &schema("Webhook/properties/deactivation"), Value::Null);
    for (version, enough) in [("0.1.0", false), ("0.1.1", false), ("0.2.0", true)] {
        edit(&mut new, "/info/version", json!(version));
        let comparison = check(&old.to_string(), &new.to_string())?;
        assert_eq!(comparison.version_is_enough(), enough, "{version}");
        assert_eq!(comparison.required_version().to_string(), "0.2.0");
    }
    Ok(())
}

#[test]
fn a_finding_is_one_line_with_place_change_and_user() -> anyhow::Result<()> {
    let mut old = document()?;
    edit(&mut old, "/info/version", json!("0.1.0"));
    let mut new = old.clone();
    edit(&mut new, &schema("CallbackBody/properties/timestamp"), Value::Null);
    let text = serde_json::to_string_pretty(&new)?;
    let line = text.lines().position(|line| line.contains("\"CallbackBody\": {")).expect("the schema") + 1;
    let properties = line + text.lines().skip(line).position(|line| line.contains("\"properties\": {")).expect("the properties") + 1;
    let report = check(&old.to_string(), &text)?.text("main", &text);
    let expected = format!(
        "openapi.json:{properties}: /components/schemas/CallbackBody/properties/timestamp: breaking: the member `timestamp` was removed; \
         a callback receiver may expect it (in POST /api/notifications/v1/webhooks)\n\n\
         compared with main: 1 breaking, 0 additions; `info.version` was 0.1.0 and is 0.1.0, but must be at least 0.2.0\n"
    );
    assert_eq!(report, expected);
    Ok(())
}
