//! Headers that a customer adds to its callbacks, for receivers that want an API key or the like.

use std::borrow::Cow;

use super::*;

text! {
    /// The name of a field (RFC 9110 §5.1) that the customer may choose.
    open CustomHeaderName { 1..=64, r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        "a header's name, such as `X-API-Key`: 1 to 64 letters, digits, `-` and others of RFC 9110 §5.6.2", judged_as: not_reserved }

    /// The value of a field (RFC 9110 §5.5) without characters that not every server takes.
    secret CustomHeaderValue { 1..=1024, r"^[\x21-\x7e]([\x09\x20-\x7e]*[\x21-\x7e])?$",
        "1 to 1024 visible ASCII characters, with spaces and tabs only between them" }
}

/// Names, and beginnings of names, that a customer may not choose: what the service sends itself, what frames or routes a
/// request or ends at the next hop (RFC 9110 §7.6.1), what asks for another answer than the whole one, what claims who
/// sent the request, and what claims that it is another request. openapi.json lists the same.
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

/// Servers that hand headers on as variables take `_` for `-` (RFC 3875 §4.1.18), so a name is judged as they read it.
fn as_servers_read(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn not_reserved(name: &str) -> Result<Cow<'_, str>, String> {
    let read = as_servers_read(name);
    let reserved = RESERVED.iter().find(|reserved| match reserved.strip_suffix('*') {
        Some(beginning) => read.starts_with(beginning),
        None => read == **reserved,
    });
    match reserved {
        Some(reserved) => Err(format!("must not be `{reserved}`: the service sends that itself, or it would change what is sent")),
        None => Ok(name.into()),
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomHeaderInput {
    pub name: CustomHeaderName,
    pub value: CustomHeaderValue,
}

/// At most 20, each name once.
#[derive(Clone, Debug)]
pub struct CustomHeaderInputs(pub Vec<CustomHeaderInput>);

const MOST_HEADERS: usize = 20;

impl<'de> Deserialize<'de> for CustomHeaderInputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CustomHeaderInputs, D::Error> {
        #[derive(Deserialize)]
        struct Item(#[serde(deserialize_with = "object")] CustomHeaderInput);

        let headers: Vec<CustomHeaderInput> = Vec::<Item>::deserialize(deserializer)?.into_iter().map(|Item(header)| header).collect();
        if headers.len() > MOST_HEADERS {
            return Err(D::Error::custom(format!("must have at most {MOST_HEADERS} items, and has {}", headers.len())));
        }
        let mut names: Vec<String> = headers.iter().map(|header| as_servers_read(header.name.as_str())).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(D::Error::custom("must name each header once: case does not tell names apart, nor do `_` and `-`"));
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
        schema.array().max_items = Some(MOST_HEADERS as u32);
        schema.into()
    }
}

/// What is shown of a header.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CustomHeader {
    pub name: CustomHeaderName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_the_request_is_no_custom_header() {
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
