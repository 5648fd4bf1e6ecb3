//! The proof of the comparison: edits of openapi.json itself, each of which breaks somebody where it is, or nobody.

use openapi_proof::openapi::breaking::{Comparison, Finding, Flow, User, View, Weight};
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

fn called(rest: &str) -> String {
    format!("{API}{CALLBACK}{rest}")
}

/// The pointer, in which `+` is the next item of a list, and what is found when `value` stands there; null takes away.
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

/// Compares two states of the document.
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

/// Places, and what stands there then; null takes away.
type Edits = Vec<(String, Value)>;

/// What, where, to what, and whom it breaks.
fn breaking() -> Vec<(&'static str, String, Value, View)> {
    let gone = || Value::Null;
    vec![
        // What a client sends.
        ("a path away", api("~1deliveries"), gone(), REQUEST),
        ("an operation away", api("~1webhooks~1{id}/delete"), gone(), REQUEST),
        ("another operation's name", api("~1webhooks/post/operationId"), json!("createWebhook"), REQUEST),
        ("a query parameter away", api("~1deliveries/get/parameters/4"), gone(), REQUEST),
        ("a parameter that is required", api("~1webhooks/get/parameters/0/required"), json!(true), REQUEST),
        (
            "a required parameter",
            api("~1webhooks/get/parameters/+"),
            json!({"name": "colour", "in": "query", "required": true, "schema": {"type": "string"}}),
            REQUEST,
        ),
        ("a parameter's value away", api("~1deliveries/get/parameters/2/schema/enum/3"), gone(), REQUEST),
        ("a parameter's lower maximum", api("~1webhooks/get/parameters/1/schema/maximum"), json!(100), REQUEST),
        ("another default", api("~1webhooks/get/parameters/1/schema/default"), json!(20), REQUEST),
        ("a shorter header", api("~1notifications/post/parameters/0/schema/maxLength"), json!(64), REQUEST),
        ("a required member", schema("WebhookRegistration/required/+"), json!("auth"), REQUEST),
        ("a member away from a closed object", schema("WebhookRegistration/properties/eventTypes"), gone(), REQUEST),
        ("an object that is closed", schema("NotificationPublication/properties/data/additionalProperties"), json!(false), REQUEST),
        ("a shorter text", schema("WebhookRegistration/properties/targetURL/maxLength"), json!(1024), REQUEST),
        ("a longer minimum", schema("BasicAuthInput/properties/password/minLength"), json!(8), REQUEST),
        ("another pattern", schema("NotificationPublication/properties/type/pattern"), json!("^[a-z]+$"), REQUEST),
        ("fewer items", schema("WebhookUpdate/properties/eventTypes/maxItems"), json!(10), REQUEST),
        ("a new bound", schema("WebhookUpdate/properties/eventTypes/uniqueItems"), json!(true), REQUEST),
        ("a new format", schema("ClientCredentialAuthInput/properties/audience/format"), json!("uri"), REQUEST),
        ("a value away", schema("WebhookActivation/properties/status/enum/0"), json!("enabled"), REQUEST),
        ("another scope", api("~1webhooks/get/x-required-scope"), json!("webhooks.list"), REQUEST),
        ("other credentials", api("~1webhooks/post/security/0"), json!({"callbackBasic": []}), REQUEST),
        ("a media type away", api("~1webhooks/post/requestBody/content/application~1json"), gone(), REQUEST),
        ("a body away", api("~1webhooks~1{id}~1activation/patch/requestBody"), gone(), REQUEST),
        ("a keyword that nobody has used", schema("WebhookUpdate/properties/auth/odd"), json!(1), REQUEST),
        // What a client reads.
        ("a member away", schema("Webhook/properties/deactivation"), gone(), RESPONSE),
        ("a member that may lack", schema("Webhook/required/5"), gone(), RESPONSE),
        ("another type", schema("Attempt/properties/durationMs/type"), json!("string"), RESPONSE),
        ("another format", schema("Webhook/properties/createdAt/format"), json!("date"), RESPONSE),
        ("a value more", schema("Webhook/properties/status/enum/+"), json!("paused"), RESPONSE),
        ("a longer text", schema("Attempt/properties/responseBody/maxLength"), json!(8192), RESPONSE),
        ("a bound away", schema("Problem/properties/code/pattern"), gone(), RESPONSE),
        ("a number out of bounds", schema("Notification/properties/deliveryCount/format"), json!("int64"), RESPONSE),
        ("null", schema("Delivery/properties/createdAt/nullable"), json!(true), RESPONSE),
        ("a discriminator away", schema("Auth/discriminator"), gone(), RESPONSE),
        ("a success", api("~1webhooks/post/responses/201"), json!({"description": "Made."}), RESPONSE),
        ("a success away", api("~1webhooks~1{id}/delete/responses/204"), gone(), RESPONSE),
        ("an answer's media type away", "/components/responses/NotFound/content/application~1json".to_owned(), gone(), RESPONSE),
        ("an answer's schema away", api("~1webhooks/post/responses/200/content/application~1json/schema"), gone(), RESPONSE),
        ("an answer's header away", api("~1webhooks~1{id}~1signing-secret/get/responses/200/headers/Cache-Control"), gone(), RESPONSE),
        ("an answer's header that may lack", "/components/responses/Overloaded/headers/Retry-After/required".to_owned(), gone(), RESPONSE),
        // What a receiver gets, and answers.
        ("the callback away", api("~1webhooks/post/callbacks/notification"), gone(), CALLED),
        ("another method", called(""), gone(), CALLED),
        ("a callback's header away", called("/parameters/2"), gone(), CALLED),
        ("a callback's header that may lack", called("/parameters/0/required"), gone(), CALLED),
        ("a callback's header of another shape", called("/parameters/1/schema/pattern"), gone(), CALLED),
        ("a callback's member away", schema("CallbackBody/properties/timestamp"), gone(), CALLED),
        ("a callback's member that may lack", schema("CallbackBody/required/3"), gone(), CALLED),
        (
            "a callback of another media type",
            called("/requestBody/content/application~1xml"),
            json!({"schema": {"type": "object"}}),
            CALLED,
        ),
        ("callbacks' credentials away", called("/security/0"), gone(), CALLED),
        ("an answer that meant something", called("/responses/410"), gone(), SENT_BACK),
        ("an answer that gets a meaning", called("/responses/423"), json!({"description": "Later."}), SENT_BACK),
        ("an answer's header that is no longer heard", called("/responses/503/headers/Retry-After"), gone(), SENT_BACK),
    ]
}

#[test]
fn what_breaks_somebody_is_found_where_it_is() -> anyhow::Result<()> {
    for (what, pointer, value, view) in breaking() {
        let (expected, found) = found_after(&pointer, value)?;
        let breaks = |finding: &Finding| finding.weight == Weight::Breaking && finding.pointer == expected && finding.view == view;
        assert!(found.iter().any(breaks), "{what}: expected {expected}, found {found:#?}");
        assert_eq!(found[0].weight, Weight::Breaking, "{what}: what breaks comes first");
    }
    Ok(())
}

/// What, and whether it is worth a version.
fn harmless() -> Vec<(&'static str, Edits, bool)> {
    let gone = || Value::Null;
    let response = || json!({"description": "Another."});
    let text = || json!({"type": "string"});
    vec![
        ("prose", vec![(schema("Webhook/description"), json!("Another.")), (api("~1webhooks/post/summary"), json!("Another."))], false),
        ("an example", vec![(schema("Webhook/properties/id/example"), json!("0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55"))], false),
        ("a tag", vec![(api("~1webhooks/post/tags/0"), json!("Deliveries"))], false),
        ("a host", vec![("/servers/0/url".to_owned(), json!("https://api.example.com"))], false),
        ("a component that nothing uses", vec![(schema("Stray"), text())], false),
        ("the same number", vec![(schema("Webhook/properties/targetURL/maxLength"), json!(2048.0))], false),
        ("what holds anyway", vec![(schema("Webhook/properties/id/nullable"), json!(false))], false),
        ("a path", vec![("/paths/~1new".to_owned(), json!({"get": {"operationId": "new", "responses": {"200": response()}}}))], true),
        ("an operation", vec![(api("~1webhooks/put"), json!({"operationId": "new", "responses": {"200": response()}}))], true),
        ("an optional parameter", vec![(api("~1webhooks/get/parameters/3"), json!({"name": "q", "in": "query", "schema": text()}))], true),
        ("a member that may be sent", vec![(schema("WebhookRegistration/properties/colour"), text())], true),
        ("a member that need not be sent", vec![(schema("BasicAuthInput/required/1"), gone())], true),
        ("a longer request", vec![(schema("WebhookRegistration/properties/targetURL/maxLength"), json!(4096))], true),
        ("a shorter request", vec![(schema("BasicAuthInput/properties/password/minLength"), gone())], true),
        ("a pattern away from a request", vec![(schema("WebhookUpdate/properties/targetURL/pattern"), gone())], true),
        ("null that may be sent", vec![(schema("WebhookUpdate/properties/targetURL/nullable"), json!(true))], true),
        ("a value that may be sent", vec![(api("~1deliveries/get/parameters/2/schema/enum/4"), json!("paused"))], true),
        ("a higher maximum", vec![(api("~1webhooks/get/parameters/1/schema/maximum"), json!(500))], true),
        ("a request that is opened", vec![(schema("WebhookUpdate/additionalProperties"), gone())], true),
        ("another media type of a request", vec![(api("~1webhooks/post/requestBody/content/text~1json"), json!({"schema": text()}))], true),
        ("a body that need not be", vec![(api("~1webhooks/post/requestBody/required"), gone())], true),
        ("a scope that is not needed", vec![(api("~1webhooks/get/x-required-scope"), gone())], true),
        ("other credentials too", vec![(api("~1webhooks/get/security/1"), json!({"callbackBasic": []}))], true),
        ("no credentials", vec![(api("~1webhooks/get/security"), json!([]))], true),
        ("a member of an answer", vec![(schema("Webhook/properties/colour"), text())], true),
        (
            "a required member of an answer",
            vec![(schema("Webhook/properties/colour"), text()), (schema("Webhook/required/6"), json!("colour"))],
            true,
        ),
        ("a member of an answer that is always there", vec![(schema("Delivery/required/6"), json!("lastAttempt"))], true),
        ("a shorter answer", vec![(schema("Attempt/properties/error/maxLength"), json!(512))], true),
        ("a value that no longer comes", vec![(schema("Delivery/properties/status/enum/3"), gone())], true),
        ("an error", vec![(api("~1webhooks/get/responses/404"), response())], true),
        ("an error away", vec![(api("~1webhooks/post/responses/409"), gone())], true),
        ("a header of an answer", vec![(api("~1webhooks/get/responses/200/headers"), json!({"etag": {"schema": text()}}))], true),
        ("a member of a callback", vec![(schema("CallbackBody/properties/colour"), text())], true),
        ("a header of a callback", vec![(called("/parameters/6"), json!({"name": "x", "in": "header", "schema": text()}))], true),
        ("a callback that always has credentials", vec![(called("/security/2"), gone())], true),
        ("deprecation", vec![(api("~1webhooks/get/deprecated"), json!(true))], true),
    ]
}

#[test]
fn what_breaks_nobody_is_an_addition_or_nothing() -> anyhow::Result<()> {
    for (what, edits, is_addition) in harmless() {
        let found = findings(|new| edits.iter().for_each(|(pointer, value)| put(new, pointer, value.clone())))?;
        assert!(found.iter().all(|finding| finding.weight == Weight::Addition), "{what}: {found:#?}");
        assert_eq!(!found.is_empty(), is_addition, "{what}: {found:#?}");
        assert!(found.len() < 2, "{what}: is told once: {found:#?}");
    }
    let renamed = findings(|new| {
        let schema = new.pointer(&schema("Webhook")).cloned().unwrap_or_default();
        *new = serde_json::from_str(&new.to_string().replace("schemas/Webhook\"", "schemas/Registered\"")).unwrap_or_default();
        put(new, &format!("{SCHEMAS}/Registered"), schema);
        put(new, &format!("{SCHEMAS}/Webhook"), Value::Null);
    })?;
    assert_eq!(renamed, [], "a component's name");
    for lists in [false, true] {
        assert_eq!(findings(|new| reverse(new, lists))?, [], "the order");
    }
    Ok(())
}

/// What stands in several places, or in one that the edit does not name.
#[test]
fn a_variant_that_comes_or_goes_breaks_who_meets_it() -> anyhow::Result<()> {
    let gone = findings(|new| {
        put(new, &schema("AuthInput/oneOf/2"), Value::Null);
        put(new, &schema("AuthInput/discriminator/mapping/noauth"), Value::Null);
    })?;
    assert_eq!(gone.len(), 1, "{gone:#?}");
    assert_eq!((gone[0].pointer.as_str(), gone[0].weight, gone[0].view), (schema("NoAuthInput").as_str(), Weight::Breaking, REQUEST));
    assert_eq!(gone[0].operations.len(), 2, "to register and to update: {gone:#?}");

    let variant = json!({"type": "object", "required": ["type"], "properties": {"type": {"type": "string", "enum": ["mtls"]}}});
    let come = |name: &str| {
        findings(|new| {
            put(new, &schema("Mtls"), variant.clone());
            put(new, &schema(&format!("{name}/oneOf/3")), json!({"$ref": "#/components/schemas/Mtls"}));
            put(new, &schema(&format!("{name}/discriminator/mapping/mtls")), json!("#/components/schemas/Mtls"));
        })
    };
    let read = come("Auth")?;
    assert_eq!((read.len(), read[0].weight, read[0].view), (1, Weight::Breaking, RESPONSE), "{read:#?}");
    let sent = come("AuthInput")?;
    assert_eq!((sent.len(), sent[0].weight, sent[0].view), (1, Weight::Addition, REQUEST), "{sent:#?}");
    Ok(())
}

#[test]
fn the_version_has_to_say_what_changed() -> anyhow::Result<()> {
    let mut old = document()?;
    edit(&mut old, "/info/version", json!("0.1.0"));
    let mut new = old.clone();
    edit(&mut new, &schema("Webhook/properties/deactivation"), Value::Null);
    for (version, enough) in [("0.1.0", false), ("0.1.1", false), ("0.2.0", true)] {
        edit(&mut new, "/info/version", json!(version));
        let comparison = check(&old.to_string(), &new.to_string())?;
        assert_eq!(comparison.version_is_enough(), enough, "{version}");
        assert_eq!(comparison.demanded_version().to_string(), "0.2.0");
    }
    Ok(())
}

#[test]
fn a_finding_is_one_line_that_says_where_what_and_whom() -> anyhow::Result<()> {
    let mut old = document()?;
    edit(&mut old, "/info/version", json!("0.1.0"));
    let mut new = old.clone();
    edit(&mut new, &schema("CallbackBody/properties/timestamp"), Value::Null);
    let text = serde_json::to_string_pretty(&new)?;
    let line = text.lines().position(|line| line.contains("\"CallbackBody\": {")).expect("its name") + 1;
    let properties = line + text.lines().skip(line).position(|line| line.contains("\"properties\": {")).expect("its members") + 1;
    let report = check(&old.to_string(), &text)?.text("main", &text);
    let expected = format!(
        "openapi.json:{properties}: /components/schemas/CallbackBody/properties/timestamp: breaking: the member `timestamp` is gone; \
         a callback receiver may look for it in vain (in POST /api/notifications/v1/webhooks)\n\n\
         against main: 1 breaking, 0 additions; `info.version` was 0.1.0 and is 0.1.0, and must be at least 0.2.0\n"
    );
    assert_eq!(report, expected);
    Ok(())
}
