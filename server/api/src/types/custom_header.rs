//! Headers that a customer adds to callbacks, for example for a receiver that requires an API key.

use std::borrow::Cow;

use super::*;

text! {
    /// The name of a custom header (RFC 9110 §5.1). Reserved names are refused.
    open CustomHeaderName { 1..=64, r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        "a header name such as `X-API-Key`: 1 to 64 letters, digits, `-` and other token characters (RFC 9110 §5.6.2)",
        precheck: not_reserved }

    /// The value of a custom header (RFC 9110 §5.5). Characters that some servers refuse are not allowed.
    secret CustomHeaderValue { 1..=1024, r"^[\x21-\x7e]([\x09\x20-\x7e]*[\x21-\x7e])?$",
        "1 to 1024 visible ASCII characters, with spaces and tabs only between them" }
}

/// Header names that a customer must not use. A `*` at the end stands for any characters. The service itself sends some
/// of these headers. Some headers control the length, the connection (RFC 9110 §7.6.1) or the target of the request.
/// Some headers ask for a partial or conditional response. Some headers name another sender, method or target.
/// openapi.json has the same list.
const RESERVED: [&str; 28] = [
    "accept*",
    "authorization",
    "baggage",
    "connection",
    "content-*",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "if-*",
    "keep-alive",
    "proxy-*",
    "range",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "webhook-*",
    "x-forwarded-*",
    "x-http-method*",
    "x-original-*",
    "x-real-ip",
];

/// Returns the name in lower case, with `-` instead of `_`. Servers that convert headers to environment variables do
/// not distinguish `_` and `-` (RFC 3875 §4.1.18).
fn normalized(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn not_reserved(name: &str) -> Result<Cow<'_, str>, String> {
    let normalized = normalized(name);
    let reserved = RESERVED.iter().find(|reserved| match reserved.strip_suffix('*') {
        Some(prefix) => normalized.starts_with(prefix),
        None => normalized == **reserved,
    });
    match reserved {
        Some(reserved) => Err(format!("must not be `{reserved}`: the service sends this header, or the header would change the request")),
        None => Ok(name.into()),
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomHeaderInput {
    pub name: CustomHeaderName,
    pub value: CustomHeaderValue,
}

/// A list of at most 20 headers. No two headers have the same name.
#[derive(Clone, Debug)]
pub struct CustomHeaderInputs(pub Vec<CustomHeaderInput>);

const MAX_HEADERS: usize = 20;

impl<'de> Deserialize<'de> for CustomHeaderInputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CustomHeaderInputs, D::Error> {
        #[derive(Deserialize)]
        struct Item(#[serde(deserialize_with = "object")] CustomHeaderInput);

        let headers: Vec<CustomHeaderInput> = Vec::<Item>::deserialize(deserializer)?.into_iter().map(|Item(header)| header).collect();
        if headers.len() > MAX_HEADERS {
            return Err(D::Error::custom(format!("must have at most {MAX_HEADERS} items, but has {}", headers.len())));
        }
        let mut names: Vec<String> = headers.iter().map(|header| normalized(header.name.as_str())).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(D::Error::custom("must name each header once: names are compared without case, and `_` counts as `-`"));
        }
        Ok(CustomHeaderInputs(headers))
    }
}

fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(ObjectOnly(deserializer))
}

impl JsonSchema for CustomHeaderInputs {
    fn schema_name() -> String {
        "CustomHeaderInputs".to_owned()
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        let mut schema = Vec::<CustomHeaderInput>::json_schema(generator).into_object();
        schema.array().max_items = Some(MAX_HEADERS as u32);
        schema.into()
    }
}

/// A custom header without its value, for the API's responses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CustomHeader {
    pub name: CustomHeaderName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_header_names_are_refused() {
        for name in [
            "Host",
            "CONTENT-LENGTH",
            "Content_Type",
            "Transfer-Encoding",
            "transfer_encoding",
            "Authorization",
            "Proxy-Authorization",
            "Accept",
            "Accept-Encoding",
            "webhook-signature",
            "X-Forwarded-For",
            "X_Forwarded_For",
            "X-HTTP-Method-Override",
            "TE",
            "If-None-Match",
        ] {
            let error = CustomHeaderName::parse(name).expect_err(name);
            assert!(error.starts_with("must not be `"), "{name}: {error}");
        }
        for name in ["X-API-Key", "X-Host", "Contents", "Teams", "apikey", "X-Forward", "Hosts", "x_real"] {
            CustomHeaderName::parse(name).expect(name);
        }
    }
}
