//! Extractors that never fail. So a handler can first authenticate the caller, and then check the path, the query and
//! the body.

use async_trait::async_trait;
use dropshot::{
    ApiEndpointBodyContentType, ExclusiveExtractor, ExtractorMetadata, HttpError, RequestContext, ServerContext, SharedExtractor, TypedBody,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

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
/// Fails if the bytes are not one JSON object that `T` accepts.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
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
/// wrong member.
fn without_values(message: &str) -> String {
    match (message.find("string \""), message.rfind("\", expected")) {
        (Some(start), Some(end)) if start < end => format!("{}a string{}", &message[..start], &message[end + 1..]),
        _ => message.to_owned(),
    }
}

/// Converts a path of `serde_path_to_error` to a JSON Pointer (RFC 6901 §3).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
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
        self.0.map_err(|error| ApiError::new(Kind::InvalidRequest, error.external_message))
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

    #[test]
    fn an_error_does_not_repeat_the_wrong_value() {
        let (_, detail) = error_of::<WebhookRegistration>(r#"{"targetURL":"https://example.com","auth":"marked \", expected secret"}"#);
        assert!(!detail.contains("marked") && !detail.contains("secret"), "{detail}");
    }

    #[test]
    fn a_payload_keeps_its_bytes_and_must_be_an_object() {
        let text = r#"{"type":"a.b","data": {"b" : 1.0,  "a":1e2} }"#;
        let publication: NotificationPublication = parse(text.as_bytes()).expect("valid");
        assert_eq!(publication.data.0.get(), r#"{"b" : 1.0,  "a":1e2}"#);
        assert_eq!(error_of::<NotificationPublication>(r#"{"type":"a.b","data":[1]}"#).0, "/data");
        assert_eq!(error_of::<NotificationPublication>(r#"{"type":"webhook.x","data":{}}"#).0, "/type");
    }
}
