//! Extractors that never fail. So a handler can first authenticate the caller, and then check the path, the query and
//! the body.

use async_trait::async_trait;
use dropshot::{
    ApiEndpointBodyContentType, ExclusiveExtractor, ExtractorMetadata, HttpError, RequestContext, ServerContext, SharedExtractor, TypedBody,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::json::{self, pointer};
use crate::problem::{ApiError, Kind};
use crate::types::ObjectOnly;

/// A JSON body that has not been read yet.
pub struct JsonBody<T> {
    request: hyper::Request<dropshot::Body>,
    body: std::marker::PhantomData<fn() -> T>,
}

#[async_trait]
impl<T: JsonSchema + DeserializeOwned + Send + Sync + 'static> ExclusiveExtractor for JsonBody<T> {
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

/// Parses a JSON body. An error names the position of the invalid value as a JSON Pointer (RFC 6901).
///
/// # Errors
/// Fails if the bytes are not one JSON object that `T` accepts, or if not every JSON parser can read them.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    json::check(bytes).map_err(|error| ApiError::at(Kind::InvalidRequest, error.pointer, error.detail))?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(ObjectOnly(&mut deserializer)).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        if error.is_data() { ApiError::at(Kind::InvalidRequest, pointer, without_values(&error.to_string())) } else { not_json(&error) }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::at(Kind::InvalidRequest, "", format!("the body is not one valid JSON value: {error}"))
}

/// Removes the quoted value from an error message of serde, because the value may be a password that was sent in the
/// wrong member. Names of members are not removed: the caller needs them, and `pointer` contains them too.
fn without_values(message: &str) -> String {
    const EXPECTED: &str = ", expected ";
    let quoting = ["invalid type: ", "invalid value: ", "unknown variant "];
    let start = quoting.iter().filter_map(|prefix| Some(message.find(prefix)? + prefix.len())).min();
    let (Some(start), Some(expected)) = (start, message.rfind(EXPECTED)) else { return message.to_owned() };
    // The kind of the value comes before the quoted value. The text after the last `expected` is written by the service.
    let found = message.get(start..expected).unwrap_or_default();
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim_end();
    let kind = if kind.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ') { kind } else { "" };
    format!("{}{}", format!("{}{kind}", &message[..start]).trim_end(), &message[expected..])
}

/// The path, the query or the headers of a request. If `E` is not valid in the request, this value contains the error
/// instead.
pub struct Checked<E>(Result<E, HttpError>);

impl<E> Checked<E> {
    /// Returns the path, the query or the headers.
    ///
    /// # Errors
    /// Fails if the request does not match the schema.
    pub fn get(self) -> Result<E, ApiError> {
        self.0.map_err(|error| ApiError::new(Kind::InvalidRequest, without_values(&error.external_message)))
    }
}

#[async_trait]
impl<E: SharedExtractor> SharedExtractor for Checked<E> {
    async fn from_request<C: ServerContext>(rqctx: &RequestContext<C>) -> Result<Checked<E>, HttpError> {
        Ok(Checked(E::from_request(rqctx).await))
    }

    fn metadata(content_type: ApiEndpointBodyContentType) -> ExtractorMetadata {
        E::metadata(content_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{NotificationPublication, WebhookRegistration};

    fn error_of<T: DeserializeOwned>(body: &str) -> (String, String) {
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
            (r#"{"targetURL":"https://example.com","auth":null}"#, "/auth", "invalid type: null"),
            (r#"{"targetURL":"https://example.com","colour":"red"}"#, "/colour", "unknown field `colour`"),
            (r#"{}"#, "", "missing field `targetURL`"),
            (r#"{"targetURL":"https://example.com"} trailing"#, "", "not one valid JSON value"),
            (r#"{"targetURL":"#, "", "not one valid JSON value"),
            ("", "", "not one valid JSON value"),
            ("[]", "", "invalid type: sequence"),
            (r#"["https://example.com"]"#, "", "invalid type: sequence"),
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

    fn assert_no_value_is_repeated<T: DeserializeOwned>(body: &str) {
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
        assert!(detail.starts_with("invalid type: integer, expected a string"), "{detail}");
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
