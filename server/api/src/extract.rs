//! Extractors that never fail. So a handler can first authenticate the caller, and then check the path, the query and
//! the body.

use async_trait::async_trait;
use dropshot::{
    ApiEndpointBodyContentType, ExclusiveExtractor, ExtractorMetadata, Header, HttpError, Path, Query, RequestContext, RequestInfo,
    ServerContext, SharedExtractor, TypedBody,
};

pub use crate::body_errors::RequestBody;
use crate::body_errors::{self, Refusal, deserialize, in_plain_words, without_values};
use crate::json;
use crate::problem::{ApiError, Kind};

/// A JSON body that has not been read yet.
pub struct JsonBody<T> {
    request: hyper::Request<dropshot::Body>,
    body: std::marker::PhantomData<fn() -> T>,
}

#[async_trait]
impl<T: RequestBody> ExclusiveExtractor for JsonBody<T> {
    async fn from_request<C: ServerContext>(
        _: &RequestContext<C>,
        request: hyper::Request<dropshot::Body>,
    ) -> Result<JsonBody<T>, HttpError> {
        Ok(JsonBody { request, body: std::marker::PhantomData })
    }

    fn metadata(content_type: ApiEndpointBodyContentType) -> ExtractorMetadata {
        TypedBody::<T>::metadata(content_type)
    }
}

impl<T> JsonBody<T> {
    /// Returns the request with its unread body.
    #[must_use]
    pub fn into_request(self) -> hyper::Request<dropshot::Body> {
        self.request
    }
}

/// Parses a JSON body. The error has the position of each invalid value as a JSON Pointer (RFC 6901).
///
/// # Errors
/// Fails if the bytes are not one JSON object that `T` accepts, or if not every JSON parser can read them.
pub fn parse<T: RequestBody>(bytes: &[u8]) -> Result<T, ApiError> {
    json::check(bytes).map_err(|error| ApiError::at(Kind::InvalidRequest, error.pointer, error.detail))?;
    deserialize(bytes).map_err(|refusal| match refusal {
        Refusal::Body(first) => ApiError::of_body(body_errors::find::<T>(bytes, first)),
        Refusal::NotJson { pointer, message } => ApiError::at(Kind::InvalidRequest, pointer, message),
    })
}

/// The path, the query or the headers of a request. If `E` is not valid in the request, this value contains the error
/// instead.
pub struct Checked<E>(Result<E, String>);

impl<E> Checked<E> {
    /// Returns the path, the query or the headers.
    ///
    /// # Errors
    /// Fails if the request does not match the schema. The error names the parameter.
    pub fn get(self) -> Result<E, ApiError> {
        self.0.map_err(|detail| ApiError::new(Kind::InvalidRequest, detail))
    }
}

#[async_trait]
impl<E: NamedParameters> SharedExtractor for Checked<E> {
    async fn from_request<C: ServerContext>(rqctx: &RequestContext<C>) -> Result<Checked<E>, HttpError> {
        let extracted = E::from_request(rqctx).await;
        Ok(Checked(extracted.map_err(|error| {
            // dropshot puts its own words before the message of serde.
            let message = error.external_message;
            let message = ["unable to parse query string: ", "bad parameter in URL path: "]
                .iter()
                .find_map(|prefix| message.strip_prefix(prefix))
                .unwrap_or(&message);
            let detail = in_plain_words(&without_values(message));
            E::refused(&rqctx.request, detail)
        })))
    }

    fn metadata(content_type: ApiEndpointBodyContentType) -> ExtractorMetadata {
        E::metadata(content_type)
    }
}

/// Parameters whose errors name the parameter. The messages of dropshot do not.
pub trait NamedParameters: SharedExtractor {
    /// Returns the error of a request. `detail` does not name the parameter.
    fn refused(request: &RequestInfo, detail: String) -> String;
}

impl<T: RequestBody> NamedParameters for Query<T> {
    fn refused(request: &RequestInfo, detail: String) -> String {
        let refused = request.uri().query().unwrap_or_default().split('&').find_map(|parameter| {
            let error = serde_urlencoded::from_str::<T>(parameter).err()?;
            let (name, _) = url::form_urlencoded::parse(parameter.as_bytes()).next()?;
            let with_plus = parameter.contains('+') && serde_urlencoded::from_str::<T>(&parameter.replace('+', "%2B")).is_ok();
            let hint = if with_plus { "; write `+` as `%2B`, because `+` means a space in a query" } else { "" };
            Some(format!("the parameter `{name}` {}{hint}", in_plain_words(&without_values(&error.to_string()))))
        });
        refused.unwrap_or(detail)
    }
}

impl<T: RequestBody> NamedParameters for Path<T> {
    fn refused(_: &RequestInfo, detail: String) -> String {
        let schema = schemars::schema_for!(T).schema;
        let names = schema.object.map(|object| object.properties.into_keys().map(|name| format!("`{name}`")).collect::<Vec<_>>());
        format!("in the path, {} {detail}", names.unwrap_or_default().join(", "))
    }
}

/// The handler of `publishNotification` reads its header itself. So the extractor only describes the header.
impl<T: RequestBody> NamedParameters for Header<T> {
    fn refused(_: &RequestInfo, detail: String) -> String {
        detail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{NotificationPublication, WebhookRegistration};

    fn error_of<T: RequestBody>(body: &str) -> (String, String) {
        let error = parse::<T>(body.as_bytes()).err().expect("refused");
        (error.errors[0].pointer.clone(), error.errors[0].detail.clone())
    }

    #[test]
    fn a_refused_body_names_the_position() {
        for (body, pointer, detail) in [
            (
                r#"{"targetURL":"https://example.com","auth":{"type":"basic","username":"a:b","password":"p"}}"#,
                "/auth/username",
                "without a colon",
            ),
            (r#"{"targetURL":"https://example.com","eventTypes":["a","B"]}"#, "/eventTypes/1", "dotted lower-case name"),
            (r#"{"targetURL":"https://example.com","auth":null}"#, "/auth", "must be a JSON object, and not null"),
            (
                r#"{"targetURL":"https://example.com","colour":"red"}"#,
                "/colour",
                "there is no member `colour`; the members are `targetURL`, ",
            ),
            (r#"{}"#, "", "the member `targetURL` is missing"),
            (r#"{"targetURL":"https://example.com"} trailing"#, "", "not one valid JSON value"),
            (r#"{"targetURL":"#, "/targetURL", "the body ends in the middle of a value"),
            (r#"{"targetURL":"https://example.com","auth":{"type":}}"#, "/auth/type", "not one valid JSON value: expected value"),
            ("", "", "not one valid JSON value"),
            ("[]", "", "must be a JSON object, and not an array"),
            (r#"["https://example.com"]"#, "", "must be a JSON object, and not an array"),
        ] {
            let (actual_pointer, actual_detail) = error_of::<WebhookRegistration>(body);
            assert_eq!(actual_pointer, pointer, "{body}: {actual_detail}");
            assert!(actual_detail.contains(detail), "{body}: {actual_detail}");
        }
    }

    /// Values of each type, with the texts that an error must not repeat.
    const VALUES: [(&str, &[&str]); 14] = [
        (r#""marked \", expected secret""#, &["marked", "secret"]),
        (r#""marked `, expected `secret`""#, &["marked", "secret"]),
        ("12345678", &["1234"]),
        ("-12345678", &["1234"]),
        ("1234.5678e9", &["1234", "5678"]),
        ("123456781234567812345678", &["1234", "e23", "e+23"]),
        ("true", &["true"]),
        ("[12345678]", &["1234"]),
        (r#"["marked"]"#, &["marked"]),
        (r#"[["marked"]]"#, &["marked"]),
        ("[-12345678]", &["1234"]),
        ("[12345678.5]", &["1234"]),
        (r#"{"type":"marked"}"#, &["marked"]),
        (r#"{"type":12345678}"#, &["1234"]),
    ];

    fn assert_no_value_is_repeated<T: RequestBody>(body: &str) {
        for (value, marks) in VALUES {
            let body = body.replace("VALUE", value);
            if let Err(error) = parse::<T>(body.as_bytes()) {
                for mark in marks {
                    assert!(!error.detail.contains(mark) && !error.errors[0].detail.contains(mark), "{body}: {}", error.detail);
                }
            }
        }
    }

    #[test]
    fn an_error_does_not_repeat_a_value_of_any_type() {
        use crate::types::{DeliveryRecovery, SigningSecretRotation, WebhookActivation, WebhookDeactivation, WebhookUpdate};
        for member in ["targetURL", "auth", "headers", "eventTypes", "account", "description", "maxPerSecond", "ordered"] {
            let body = if member == "targetURL" { String::new() } else { r#""targetURL":"https://example.com","#.to_owned() };
            assert_no_value_is_repeated::<WebhookRegistration>(&format!(r#"{{{body}"{member}":VALUE}}"#));
            assert_no_value_is_repeated::<WebhookUpdate>(&format!(r#"{{"{member}":VALUE}}"#));
        }
        for auth in [
            r#"{"type":VALUE}"#,
            r#"{"type":"basic","username":VALUE,"password":"p"}"#,
            r#"{"type":"basic","username":"u","password":VALUE}"#,
            r#"{"type":"client_credential","clientID":"c","clientSecret":VALUE,"tokenURL":"https://example.com"}"#,
            r#"{"type":"client_credential","clientID":"c","clientSecret":"s","tokenURL":VALUE}"#,
            r#"{"type":"client_credential","clientID":"c","clientSecret":"s","tokenURL":"https://example.com","scope":VALUE}"#,
        ] {
            assert_no_value_is_repeated::<WebhookRegistration>(&format!(r#"{{"targetURL":"https://example.com","auth":{auth}}}"#));
            assert_no_value_is_repeated::<WebhookUpdate>(&format!(r#"{{"auth":{auth}}}"#));
        }
        for headers in [r#"[{"name":VALUE,"value":"v"}]"#, r#"[{"name":"n","value":VALUE}]"#, r#"[VALUE]"#] {
            assert_no_value_is_repeated::<WebhookRegistration>(&format!(r#"{{"targetURL":"https://example.com","headers":{headers}}}"#));
        }
        assert_no_value_is_repeated::<NotificationPublication>(r#"{"type":VALUE,"data":{}}"#);
        assert_no_value_is_repeated::<NotificationPublication>(r#"{"type":"a.b","data":VALUE}"#);
        assert_no_value_is_repeated::<NotificationPublication>(r#"{"type":"a.b","data":{},"webhook":VALUE}"#);
        assert_no_value_is_repeated::<NotificationPublication>("VALUE");
        assert_no_value_is_repeated::<WebhookActivation>("VALUE");
        assert_no_value_is_repeated::<WebhookDeactivation>("VALUE");
        assert_no_value_is_repeated::<SigningSecretRotation>(r#"{"overlapSeconds":VALUE}"#);
        for member in ["since", "until", "cursor", "status"] {
            assert_no_value_is_repeated::<DeliveryRecovery>(&format!(r#"{{"{member}":VALUE}}"#));
        }
        let (_, detail) = error_of::<WebhookRegistration>(r#"{"targetURL":12345678}"#);
        assert_eq!(detail, "must be a string, and not a number");
    }

    #[test]
    fn a_body_that_some_parsers_cannot_read_is_refused_with_the_position() {
        for (data, pointer) in [(r#"{"n":1e400}"#, "/data/n"), (r#"{"s":["\ud800"]}"#, "/data/s/0")] {
            let body = format!(r#"{{"type":"a.b","data":{data}}}"#);
            assert_eq!(error_of::<NotificationPublication>(&body).0, pointer, "{body}");
        }
        let levels = |count| format!(r#"{{"type":"a.b","data":{{"a":{}{}}}}}"#, "[".repeat(count), "]".repeat(count));
        assert!(parse::<NotificationPublication>(levels(62).as_bytes()).is_ok());
        assert!(error_of::<NotificationPublication>(&levels(63)).1.contains("at most 64 levels"));
    }

    #[test]
    fn a_payload_keeps_its_bytes_and_must_be_an_object() {
        let text = r#"{"type":"a.b","data": {"b" : 1.0,  "a":1e2, "a":0} }"#;
        let publication: NotificationPublication = parse(text.as_bytes()).expect("valid");
        assert_eq!(publication.data.0.get(), r#"{"b" : 1.0,  "a":1e2, "a":0}"#);
        assert_eq!(error_of::<NotificationPublication>(r#"{"type":"a.b","data":[1]}"#).0, "/data");
        assert_eq!(error_of::<NotificationPublication>(r#"{"type":"webhook.x","data":{}}"#).0, "/type");
    }
}
