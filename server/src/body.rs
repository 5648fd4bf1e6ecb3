//! Extractors that judge a request only once its caller is known: 401, 403, 415, 413, 400 is the order of answers.

use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use dropshot::{
    ApiEndpointBodyContentType, ExclusiveExtractor, ExtractorMetadata, HttpError, RequestContext, ServerContext, SharedExtractor, TypedBody,
};
use http_body_util::BodyExt as _;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::App;
use crate::api::types::ObjectOnly;
use crate::auth::{self, Caller, Scope};
use crate::problem::{ApiError, Kind};

/// A slow sender gets this long for its body; dropshot itself sets no limit.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// What is still read of a body that was refused: a client that is cut off while it sends sees a broken pipe, not the answer.
const DRAIN_BYTES: usize = 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A JSON body, not yet read.
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

impl<T: DeserializeOwned> JsonBody<T> {
    /// The caller, if it has the scope, and what it sent.
    pub async fn read(self, rqctx: &RequestContext<App>, scope: Scope) -> Result<(Caller, T), ApiError> {
        let (caller, bytes) = self.read_bytes(rqctx, scope).await?;
        Ok((caller, parse(&bytes)?))
    }

    /// As [`JsonBody::read`], with the bytes as they came.
    pub async fn read_with_bytes(self, rqctx: &RequestContext<App>, scope: Scope) -> Result<(Caller, T, BytesMut), ApiError> {
        let (caller, bytes) = self.read_bytes(rqctx, scope).await?;
        Ok((caller, parse(&bytes)?, bytes))
    }

    async fn read_bytes(self, rqctx: &RequestContext<App>, scope: Scope) -> Result<(Caller, BytesMut), ApiError> {
        let limit = rqctx.context().request_body_max_bytes;
        let (parts, mut body) = self.request.into_parts();
        let judged = async {
            let caller = auth::caller(rqctx, scope).await?;
            require_json(&parts.headers)?;
            let bytes = tokio::time::timeout(READ_TIMEOUT, collect(&mut body, limit)).await.map_err(|_| {
                ApiError::new(Kind::InvalidRequest, format!("the body did not arrive within {} seconds", READ_TIMEOUT.as_secs()))
            })??;
            Ok((caller, bytes))
        };
        match judged.await {
            Ok(read) => Ok(read),
            Err(error) => {
                let mut drained = 0;
                let drain = async {
                    while let Some(Ok(frame)) = body.frame().await {
                        drained += frame.data_ref().map_or(0, bytes::Bytes::len);
                        if drained > DRAIN_BYTES {
                            break;
                        }
                    }
                };
                // Whatever is left after that is the client's to bear.
                let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain).await;
                Err(error)
            }
        }
    }
}

/// An absent Content-Type is taken as JSON (RFC 9110 §8.3 lets the recipient assume one).
fn require_json(headers: &http::HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(http::header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().ok().and_then(|value| value.split(';').next()).map(str::trim);
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(ApiError::new(Kind::UnsupportedMediaType, "send the body as JSON, with `Content-Type: application/json`")),
    }
}

async fn collect(body: &mut dropshot::Body, limit: usize) -> Result<BytesMut, ApiError> {
    let too_large = || ApiError::new(Kind::PayloadTooLarge, format!("the body may have at most {limit} bytes"));
    if http_body::Body::size_hint(body).lower() > limit as u64 {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::new(Kind::InvalidRequest, "the body broke off before its end"))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
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

/// serde quotes the value it did not expect, which may be a password in the wrong place. This only removes text; what
/// the problem says is decided elsewhere.
fn without_values(message: &str) -> String {
    match (message.find("string \""), message.rfind("\", expected")) {
        (Some(start), Some(end)) if start < end => format!("{}a string{}", &message[..start], &message[end + 1..]),
        _ => message.to_owned(),
    }
}

/// RFC 6901 §3.
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

/// A path or query that is judged when the handler asks for it.
pub struct Checked<E>(Result<E, HttpError>);

impl<E> Checked<E> {
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
    use crate::api::types::{NotificationPublication, WebhookRegistration};

    fn refusal<T: DeserializeOwned>(body: &str) -> (String, String) {
        let error = parse::<T>(body.as_bytes()).err().expect("refused");
        (error.errors[0].pointer.clone(), error.errors[0].detail.clone())
    }

    #[test]
    fn a_refused_body_names_the_place() {
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
            let (at, said) = refusal::<WebhookRegistration>(body);
            assert_eq!(at, pointer, "{body}: {said}");
            assert!(said.contains(detail), "{body}: {said}");
        }
    }

    #[test]
    fn a_value_in_the_wrong_place_is_not_repeated() {
        let (_, said) = refusal::<WebhookRegistration>(r#"{"targetURL":"https://example.com","auth":"marked \", expected secret"}"#);
        assert!(!said.contains("marked") && !said.contains("secret"), "{said}");
    }

    #[test]
    fn a_payload_keeps_its_bytes_and_must_be_an_object() {
        let text = r#"{"type":"a.b","data": {"b" : 1.0,  "a":1e2} }"#;
        let publication: NotificationPublication = parse(text.as_bytes()).expect("valid");
        assert_eq!(publication.data.0.get(), r#"{"b" : 1.0,  "a":1e2}"#);
        assert_eq!(refusal::<NotificationPublication>(r#"{"type":"a.b","data":[1]}"#).0, "/data");
        assert_eq!(refusal::<NotificationPublication>(r#"{"type":"webhook.x","data":{}}"#).0, "/type");
    }
}
