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

/// Header names that a customer must not use. A `*` at the start or the end stands for any characters. The service itself
/// sends some of these headers. Some headers control the length, the connection (RFC 9110 §7.6.1) or the target of the
/// request. Some headers ask for a partial or conditional response. Some headers name another sender, method or target,
/// and proxies, content delivery networks and frameworks trust them. The metadata services of clouds require some of these
/// headers, so that a request that an attacker causes does not get credentials. openapi.json has the same list.
const RESERVED: [&str; 53] = [
    "*-client-ip",
    "*-connecting-ip",
    "*-metadata-request",
    "*-metadata-token*",
    "*-method-override",
    "accept*",
    "access-control-*",
    "authorization",
    "baggage",
    "cf-*",
    "client-ip",
    "connection",
    "content-*",
    "cookie*",
    "date",
    "early-data",
    "expect",
    "fastly-*",
    "forwarded",
    "host",
    "http2-settings",
    "if-*",
    "keep-alive",
    "max-forwards",
    "metadata",
    "metadata-*",
    "origin",
    "proxy",
    "proxy-*",
    "range",
    "referer",
    "remote-*",
    "sec-*",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-*",
    "user-agent",
    "via",
    "webhook-*",
    "x-appengine-*",
    "x-azure-*",
    "x-envoy-*",
    "x-forwarded*",
    "x-http-method*",
    "x-original*",
    "x-proxy*",
    "x-real-ip",
    "x-remote-*",
    "x-rewrite-*",
];

/// Returns the name in lower case, with `-` instead of `_`. Servers that convert headers to environment variables do
/// not distinguish `_` and `-` (RFC 3875 §4.1.18).
fn normalized(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn matches_pattern(name: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (Some(_), Some(_)) => name.contains(pattern.trim_matches('*')),
        (None, None) => name == pattern,
    }
}

fn not_reserved(name: &str) -> Result<Cow<'_, str>, String> {
    let normalized = normalized(name);
    let reserved = RESERVED.iter().find(|reserved| matches_pattern(&normalized, reserved));
    match reserved {
        Some(_) => {
            Err(format!("must not be `{normalized}`: the service sends this header, or servers would handle the request in another way"))
        }
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
            "Proxy",
            "Client-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
            "Fastly-Client-IP",
            "X-Client-IP",
            "X_Cluster_Client_IP",
            "X-Real-IP",
            "Metadata",
            "Metadata-Flavor",
            "X-Google-Metadata-Request",
            "X-aws-ec2-metadata-token",
            "X-aws-ec2-metadata-token-ttl-seconds",
            "X-Forwarded",
            "X-Original-URL",
            "X-Rewrite-URL",
            "X-Method-Override",
            "Forwarded",
            "Via",
            "Origin",
            "Referer",
            "Expect",
            "Sec-Fetch-Site",
            "Remote_User",
        ] {
            let error = CustomHeaderName::parse(name).expect_err(name);
            assert!(error.starts_with(&format!("must not be `{}`", normalized(name))), "{name}: {error}");
        }
        for name in [
            "X-API-Key",
            "X-Host",
            "Contents",
            "Teams",
            "apikey",
            "X-Forward",
            "Hosts",
            "x_real",
            "Proxies",
            "X-IP",
            "X-Metadata",
            "Client-Id",
            "CFO",
        ] {
            CustomHeaderName::parse(name).expect(name);
        }
    }
}
