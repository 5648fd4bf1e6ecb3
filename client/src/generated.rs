// Generated from openapi.json by `cargo xtask client`. Never edited.

#[allow(unused_imports)]
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
#[allow(unused_imports)]
use progenitor_client::{encode_path, ClientHooks, OperationInfo, RequestBuilderExt};
/// Types used as operation parameters and responses.
#[allow(clippy::all)]
pub mod types {
    ///A page of accounts.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct AccountPage {
        ///The time of the count.
        #[serde(rename = "countedAt")]
        pub counted_at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///Send this cursor to get the next page. This member is absent on the last page.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<AccountPageCursor>,
        ///The accounts, sorted by name.
        pub data: ::std::vec::Vec<AccountSummary>,
    }
    impl AccountPage {
        pub fn builder() -> builder::AccountPage {
            Default::default()
        }
    }
    ///Send this cursor to get the next page. This member is absent on the last page.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AccountPageCursor(::std::string::String);
    impl ::std::ops::Deref for AccountPageCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AccountPageCursor> for ::std::string::String {
        fn from(value: AccountPageCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AccountPageCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AccountPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AccountPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AccountPageCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///An account, with the numbers of its webhooks and pending deliveries.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct AccountSummary {
        ///The account.
        pub account: AccountSummaryAccount,
        ///The number of active webhooks.
        #[serde(rename = "activeWebhookCount")]
        pub active_webhook_count: i64,
        ///The number of deactivated webhooks.
        #[serde(rename = "deactivatedWebhookCount")]
        pub deactivated_webhook_count: i64,
        ///The number of active webhooks whose `health` is `failing`. This member is absent if there are none.
        #[serde(
            rename = "failingWebhookCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub failing_webhook_count: ::std::option::Option<i64>,
        ///The number of active webhooks whose deliveries are paused. This member is absent if there are none.
        #[serde(
            rename = "pausedWebhookCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub paused_webhook_count: ::std::option::Option<i64>,
        ///The number of pending deliveries.
        #[serde(rename = "pendingDeliveryCount")]
        pub pending_delivery_count: i64,
    }
    impl AccountSummary {
        pub fn builder() -> builder::AccountSummary {
            Default::default()
        }
    }
    ///The account.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AccountSummaryAccount(::std::string::String);
    impl ::std::ops::Deref for AccountSummaryAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AccountSummaryAccount> for ::std::string::String {
        fn from(value: AccountSummaryAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AccountSummaryAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AccountSummaryAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AccountSummaryAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AccountSummaryAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///One attempt to send the callback of a delivery.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Attempt {
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub connection: ::std::option::Option<AttemptConnection>,
        ///The duration of the attempt in milliseconds. This duration includes name resolution and any token request.
        #[serde(rename = "durationMs")]
        pub duration_ms: i32,
        ///An explanation of the error, written for people.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub error: ::std::option::Option<AttemptError>,
        ///A relative URL of the documentation page that explains the outcome and what to do.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub help: ::std::option::Option<AttemptHelp>,
        ///The position of the attempt among all attempts of the delivery. The first attempt has the number 1.
        pub number: ::std::num::NonZeroU32,
        ///The result of the attempt. More values may be added. `accepted`: the callback server responded with a 2xx status; there is nothing to do. `rejected`: the callback server responded with another status; find the reason in its log, and respond with a 2xx status. `rate_limited`: the callback server responded with 429; let it accept more requests, or set `maxPerSecond` of the webhook. `unavailable`: the callback server responded with 503; start it again, or give it more capacity. `redirected`: the callback server responded with a 3xx status; register the final URL, because redirects are not followed. `gone`: the callback server responded with 410, and the webhook was deactivated; activate the webhook if the status was a mistake. `timed_out`: a time limit ended the attempt, and `error` names the limit; respond sooner, and do slow work after the response. `name_not_found`: the name of the URL does not exist, or has an address that is not public; correct the URL or the DNS records. `name_failed`: the name servers of the URL gave no usable answer; repair the DNS of the name. `address_blocked`: the service sends no requests to this address or port, or with this scheme; register the URL of a public server. `connection_refused`: no TCP connection could be opened; start the callback server, and open the port in its firewall. `connection_lost`: the connection ended before a complete and valid response; find the reason in the log of the callback server or of the proxy before it. `tls_failed`: the TLS handshake failed; serve HTTPS with TLS 1.2 or 1.3 on the port of the URL. `certificate_invalid`: the certificate of the callback server is not valid, and `error` says why; replace the certificate, or send the whole certificate chain. `client_certificate_required`: the callback server requires a client certificate; accept callbacks without one, and check their signature. `token_failed`: the token server could not be reached, or its response was not usable; correct the token URL or the token server. `token_refused`: the token server refused the credentials; update the authentication of the webhook. `aborted`: the server process ended repeatedly during the attempt; recover the delivery, and report the case to the operator of the service.
        pub outcome: crate::Outcome,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub request: ::std::option::Option<AttemptRequest>,
        /**The first 4 KiB of the response body as text. `[redacted]` replaces each part of a secret of the webhook. The service finds these parts in upper and lower case, escaped for URLs, JSON, HTML or quoted-printable, in base64, in hexadecimal, and as a list of decimal numbers, also if the result of one encoding was encoded a second time. It finds a secret of 4 to 7 characters only if the secret is complete, and does not look for a shorter secret. `[redacted]` also replaces each word of more than 64 letters and digits that looks like encoded data.

The service keeps no part of some bodies. Then the text is `[redacted]` and a note with the reason. This happens in three cases. The body looks like an echo of the callback: it repeats a signature or an `Authorization` value of the callback, has a signature such as `v1,…` after the name `webhook-signature`, or contains the names of all three signature headers and the value of `webhook-id`. The body is not UTF-8. The search for secrets takes too long.

The text is erased when the notification is deleted.*/
        #[serde(
            rename = "responseBody",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub response_body: ::std::option::Option<AttemptResponseBody>,
        ///The header fields of the response, if the callback server did not accept the callback or the attempt was a test. At most 64 fields and 8 KiB are kept. `[redacted]` replaces secrets, as in `responseBody`, and the whole values of `set-cookie`. The service keeps them only together with `request`. getDelivery and testWebhook return this member, but lists do not. It is erased when the notification is deleted.
        #[serde(
            rename = "responseHeaders",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        pub response_headers: ::std::vec::Vec<HeaderField>,
        ///The time when the attempt started.
        #[serde(rename = "startedAt")]
        pub started_at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The status of the response to the callback. This member is absent if there was no response.
        #[serde(
            rename = "statusCode",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub status_code: ::std::option::Option<i32>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub timings: ::std::option::Option<AttemptTimings>,
        ///Whether `responseBody` is incomplete, or is a note instead of the body.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub truncated: ::std::option::Option<bool>,
    }
    impl Attempt {
        pub fn builder() -> builder::Attempt {
            Default::default()
        }
    }
    ///The connection of the attempt to the callback server. It is absent if no address was tried.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct AttemptConnection {
        ///The version of HTTP: `1.1` or `2`.
        #[serde(
            rename = "httpVersion",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub http_version: ::std::option::Option<AttemptConnectionHttpVersion>,
        ///The IP address and the port of the callback server, for example `203.0.113.7:443` or `[2001:db8::7]:443`. If no connection was opened, it is the first address that was tried.
        #[serde(rename = "remoteAddress")]
        pub remote_address: AttemptConnectionRemoteAddress,
        ///Whether the request was sent again on a second connection, because the callback server had certainly not processed it on the first one.
        #[serde(rename = "requestRepeated")]
        pub request_repeated: bool,
        ///Whether an earlier request had opened the connection. Then the durations of the name lookup, the connection and the TLS handshake are absent.
        pub reused: bool,
        ///The version of TLS: `1.2` or `1.3`. It is absent without TLS, or if the handshake failed.
        #[serde(
            rename = "tlsVersion",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub tls_version: ::std::option::Option<AttemptConnectionTlsVersion>,
    }
    impl AttemptConnection {
        pub fn builder() -> builder::AttemptConnection {
            Default::default()
        }
    }
    ///The version of HTTP: `1.1` or `2`.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptConnectionHttpVersion(::std::string::String);
    impl ::std::ops::Deref for AttemptConnectionHttpVersion {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptConnectionHttpVersion> for ::std::string::String {
        fn from(value: AttemptConnectionHttpVersion) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptConnectionHttpVersion {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 3usize {
                return Err("longer than 3 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[0-9.]{1,3}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[0-9.]{1,3}$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptConnectionHttpVersion {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String>
    for AttemptConnectionHttpVersion {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptConnectionHttpVersion {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The IP address and the port of the callback server, for example `203.0.113.7:443` or `[2001:db8::7]:443`. If no connection was opened, it is the first address that was tried.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptConnectionRemoteAddress(::std::string::String);
    impl ::std::ops::Deref for AttemptConnectionRemoteAddress {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptConnectionRemoteAddress> for ::std::string::String {
        fn from(value: AttemptConnectionRemoteAddress) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptConnectionRemoteAddress {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptConnectionRemoteAddress {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String>
    for AttemptConnectionRemoteAddress {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptConnectionRemoteAddress {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The version of TLS: `1.2` or `1.3`. It is absent without TLS, or if the handshake failed.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptConnectionTlsVersion(::std::string::String);
    impl ::std::ops::Deref for AttemptConnectionTlsVersion {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptConnectionTlsVersion> for ::std::string::String {
        fn from(value: AttemptConnectionTlsVersion) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptConnectionTlsVersion {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 3usize {
                return Err("longer than 3 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[0-9.]{1,3}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[0-9.]{1,3}$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptConnectionTlsVersion {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AttemptConnectionTlsVersion {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptConnectionTlsVersion {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///An explanation of the error, written for people.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptError(::std::string::String);
    impl ::std::ops::Deref for AttemptError {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptError> for ::std::string::String {
        fn from(value: AttemptError) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptError {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptError {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AttemptError {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptError {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A relative URL of the documentation page that explains the outcome and what to do.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptHelp(::std::string::String);
    impl ::std::ops::Deref for AttemptHelp {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptHelp> for ::std::string::String {
        fn from(value: AttemptHelp) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptHelp {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^/docs#outcome-[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^/docs#outcome-[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptHelp {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AttemptHelp {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptHelp {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The request of the callback as it was sent. getDelivery and testWebhook return it, but lists do not. It is stored for an attempt that was not accepted. For an accepted attempt, it is derived from the webhook, and absent if the URL, the authentication type or the names of the headers of the webhook have changed since, or if the webhook was deleted. It is also absent if the notification was deleted.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct AttemptRequest {
        ///The exact body. Only testWebhook returns it here. All attempts of a delivery have the same body, which is the `callbackBody` of the delivery.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub body: ::std::option::Option<AttemptRequestBody>,
        ///The header fields of the request. `[redacted]` replaces the credentials, the signatures and the values of custom headers.
        pub headers: ::std::vec::Vec<HeaderField>,
        ///The URL to which the callback was sent.
        pub url: AttemptRequestUrl,
    }
    impl AttemptRequest {
        pub fn builder() -> builder::AttemptRequest {
            Default::default()
        }
    }
    ///The exact body. Only testWebhook returns it here. All attempts of a delivery have the same body, which is the `callbackBody` of the delivery.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptRequestBody(::std::string::String);
    impl ::std::ops::Deref for AttemptRequestBody {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptRequestBody> for ::std::string::String {
        fn from(value: AttemptRequestBody) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptRequestBody {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 8650752usize {
                return Err("longer than 8650752 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptRequestBody {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AttemptRequestBody {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptRequestBody {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The URL to which the callback was sent.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptRequestUrl(::std::string::String);
    impl ::std::ops::Deref for AttemptRequestUrl {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptRequestUrl> for ::std::string::String {
        fn from(value: AttemptRequestUrl) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptRequestUrl {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 2048usize {
                return Err("longer than 2048 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptRequestUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AttemptRequestUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptRequestUrl {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    /**The first 4 KiB of the response body as text. `[redacted]` replaces each part of a secret of the webhook. The service finds these parts in upper and lower case, escaped for URLs, JSON, HTML or quoted-printable, in base64, in hexadecimal, and as a list of decimal numbers, also if the result of one encoding was encoded a second time. It finds a secret of 4 to 7 characters only if the secret is complete, and does not look for a shorter secret. `[redacted]` also replaces each word of more than 64 letters and digits that looks like encoded data.

The service keeps no part of some bodies. Then the text is `[redacted]` and a note with the reason. This happens in three cases. The body looks like an echo of the callback: it repeats a signature or an `Authorization` value of the callback, has a signature such as `v1,…` after the name `webhook-signature`, or contains the names of all three signature headers and the value of `webhook-id`. The body is not UTF-8. The search for secrets takes too long.

The text is erased when the notification is deleted.*/
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AttemptResponseBody(::std::string::String);
    impl ::std::ops::Deref for AttemptResponseBody {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AttemptResponseBody> for ::std::string::String {
        fn from(value: AttemptResponseBody) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AttemptResponseBody {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 4096usize {
                return Err("longer than 4096 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AttemptResponseBody {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AttemptResponseBody {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AttemptResponseBody {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The durations of the phases of the attempt in milliseconds. The phases follow each other in this order. A phase that did not end or was not needed is absent. `durationMs` is the whole duration.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct AttemptTimings {
        ///The time until the TCP connection was open.
        #[serde(
            rename = "connectMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub connect_ms: ::std::option::Option<i32>,
        ///The time from the start of the request on the open connection until the header of the response was complete.
        #[serde(
            rename = "firstByteMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub first_byte_ms: ::std::option::Option<i32>,
        ///The duration of the name lookup.
        #[serde(
            rename = "nameLookupMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub name_lookup_ms: ::std::option::Option<i32>,
        ///The duration of the TLS handshake.
        #[serde(
            rename = "tlsHandshakeMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub tls_handshake_ms: ::std::option::Option<i32>,
        ///The time until an access token of the token server was available. It is absent if a token was in memory.
        #[serde(
            rename = "tokenRequestMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub token_request_ms: ::std::option::Option<i32>,
    }
    impl AttemptTimings {
        pub fn builder() -> builder::AttemptTimings {
            Default::default()
        }
    }
    ///An event of the audit log.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct AuditEvent {
        ///The account that the event concerns. This member is absent if the event concerns no account.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<AuditEventAccount>,
        ///What was done. More values may be added. It is the `operationId` of an operation, or a name that listAuditEvents describes.
        pub action: AuditEventAction,
        ///Who did it. More values may be added. `account`: a caller with a token of the account in the member `account`. `platform`: a caller with a platform token. `operator`: the operator, with a command on the server's machine. `service`: the service itself. `unknown`: a caller without a valid token.
        pub actor: AuditEventActor,
        ///The IP address of the caller. For `authentication.failed`, an IPv6 address stands for its /64 network.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub address: ::std::option::Option<AuditEventAddress>,
        ///The time of the event. For `authentication.failed`, this is the time when the service stored the event.
        pub at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///For `authentication.failed`: the number of refused requests. For recoverDeliveries, redeliverDeliveries and cancelDeliveries: the number of changed deliveries.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub count: ::std::option::Option<i32>,
        ///For `authentication.failed`: the time of the first of the refused requests.
        #[serde(
            rename = "firstAt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub first_at: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
        ///The event's identifier.
        pub id: ::uuid::Uuid,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub object: ::std::option::Option<AuditEventObject>,
        ///The reason for the action or its result. More values may be added. For testWebhook, it is the `outcome` of the attempt. listAuditEvents describes the other values. This member is absent if there is no reason.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub reason: ::std::option::Option<AuditEventReason>,
        ///The identifier of the request. It is also in the header `X-Request-ID` of the response and in the log of the service. For `authentication.failed`, it is the identifier of the first refused request.
        #[serde(
            rename = "requestID",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub request_id: ::std::option::Option<::uuid::Uuid>,
        ///The result of the action. More values may be added. `succeeded`: it was done. `refused`: it was not done. `failed`: the callback of testWebhook was not accepted.
        pub result: AuditEventResult,
        ///The identifier of the access token that the caller sent. It is not the token. The command `webhooks-server token list` shows the identifiers.
        #[serde(
            rename = "tokenID",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub token_id: ::std::option::Option<::uuid::Uuid>,
        ///The user of the operating system who ran the command of the operator. Only platform tokens see this member.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub user: ::std::option::Option<AuditEventUser>,
    }
    impl AuditEvent {
        pub fn builder() -> builder::AuditEvent {
            Default::default()
        }
    }
    ///The account that the event concerns. This member is absent if the event concerns no account.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventAccount(::std::string::String);
    impl ::std::ops::Deref for AuditEventAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventAccount> for ::std::string::String {
        fn from(value: AuditEventAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///What was done. More values may be added. It is the `operationId` of an operation, or a name that listAuditEvents describes.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventAction(::std::string::String);
    impl ::std::ops::Deref for AuditEventAction {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventAction> for ::std::string::String {
        fn from(value: AuditEventAction) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventAction {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z]+(\\.[a-z_]+)?$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z]+(\\.[a-z_]+)?$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventAction {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventAction {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventAction {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Who did it. More values may be added. `account`: a caller with a token of the account in the member `account`. `platform`: a caller with a platform token. `operator`: the operator, with a command on the server's machine. `service`: the service itself. `unknown`: a caller without a valid token.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventActor(::std::string::String);
    impl ::std::ops::Deref for AuditEventActor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventActor> for ::std::string::String {
        fn from(value: AuditEventActor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventActor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventActor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventActor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventActor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The IP address of the caller. For `authentication.failed`, an IPv6 address stands for its /64 network.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventAddress(::std::string::String);
    impl ::std::ops::Deref for AuditEventAddress {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventAddress> for ::std::string::String {
        fn from(value: AuditEventAddress) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventAddress {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 45usize {
                return Err("longer than 45 characters".into());
            }
            if value.chars().count() < 2usize {
                return Err("shorter than 2 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[0-9A-Fa-f.:]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[0-9A-Fa-f.:]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventAddress {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventAddress {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventAddress {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The object of the action.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct AuditEventObject {
        ///The identifier of the object. For an account, its name.
        pub id: AuditEventObjectId,
        ///The kind of object. More values may be added. `webhook`, `notification`, `delivery`, `token` (an access token), `account`, or `key` (a key of the service).
        #[serde(rename = "type")]
        pub type_: AuditEventObjectType,
    }
    impl AuditEventObject {
        pub fn builder() -> builder::AuditEventObject {
            Default::default()
        }
    }
    ///The identifier of the object. For an account, its name.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventObjectId(::std::string::String);
    impl ::std::ops::Deref for AuditEventObjectId {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventObjectId> for ::std::string::String {
        fn from(value: AuditEventObjectId) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventObjectId {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventObjectId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventObjectId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventObjectId {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The kind of object. More values may be added. `webhook`, `notification`, `delivery`, `token` (an access token), `account`, or `key` (a key of the service).
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventObjectType(::std::string::String);
    impl ::std::ops::Deref for AuditEventObjectType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventObjectType> for ::std::string::String {
        fn from(value: AuditEventObjectType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventObjectType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventObjectType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventObjectType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventObjectType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A page of events of the audit log.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct AuditEventPage {
        ///Send this cursor to get the next page. This member is absent on the last page.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<AuditEventPageCursor>,
        ///The events, newest first.
        pub data: ::std::vec::Vec<AuditEvent>,
    }
    impl AuditEventPage {
        pub fn builder() -> builder::AuditEventPage {
            Default::default()
        }
    }
    ///Send this cursor to get the next page. This member is absent on the last page.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventPageCursor(::std::string::String);
    impl ::std::ops::Deref for AuditEventPageCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventPageCursor> for ::std::string::String {
        fn from(value: AuditEventPageCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventPageCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventPageCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The reason for the action or its result. More values may be added. For testWebhook, it is the `outcome` of the attempt. listAuditEvents describes the other values. This member is absent if there is no reason.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventReason(::std::string::String);
    impl ::std::ops::Deref for AuditEventReason {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventReason> for ::std::string::String {
        fn from(value: AuditEventReason) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventReason {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventReason {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventReason {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventReason {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The result of the action. More values may be added. `succeeded`: it was done. `refused`: it was not done. `failed`: the callback of testWebhook was not accepted.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventResult(::std::string::String);
    impl ::std::ops::Deref for AuditEventResult {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventResult> for ::std::string::String {
        fn from(value: AuditEventResult) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventResult {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventResult {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventResult {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventResult {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The user of the operating system who ran the command of the operator. Only platform tokens see this member.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuditEventUser(::std::string::String);
    impl ::std::ops::Deref for AuditEventUser {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuditEventUser> for ::std::string::String {
        fn from(value: AuditEventUser) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuditEventUser {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_.-]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_.-]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuditEventUser {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuditEventUser {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuditEventUser {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///How the service authenticates to the callback server. This object contains no secrets.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(tag = "type")]
    pub enum Auth {
        ///HTTP Basic.
        #[serde(rename = "basic")]
        Basic {
            ///The user name.
            username: AuthUsername,
        },
        ///OAuth 2.0 client credentials.
        #[serde(rename = "client_credential")]
        ClientCredential {
            ///The audience that the service requests.
            #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            audience: ::std::option::Option<AuthAudience>,
            ///The client identifier.
            #[serde(rename = "clientID")]
            client_id: AuthClientId,
            ///The scopes that the service requests.
            #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            scope: ::std::option::Option<AuthScope>,
            ///The URL where the service gets access tokens, exactly as the customer sent the URL.
            #[serde(rename = "tokenURL")]
            token_url: AuthTokenUrl,
        },
        #[serde(rename = "noauth")]
        Noauth,
    }
    ///The audience that the service requests.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthAudience(::std::string::String);
    impl ::std::ops::Deref for AuthAudience {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthAudience> for ::std::string::String {
        fn from(value: AuthAudience) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthAudience {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[\\x21-\\x7e]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[\\x21-\\x7e]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthAudience {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthAudience {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthAudience {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The client identifier.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthClientId(::std::string::String);
    impl ::std::ops::Deref for AuthClientId {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthClientId> for ::std::string::String {
        fn from(value: AuthClientId) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthClientId {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 255usize {
                return Err("longer than 255 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[\\x20-\\x7e]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[\\x20-\\x7e]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthClientId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthClientId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthClientId {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    /**How the service authenticates to the callback server. If a registration has no `auth`, callbacks have no authentication. There are three types:

- `basic` (HTTP Basic): `username` and `password`.
- `client_credential` (OAuth 2.0 client credentials): `clientID`, `clientSecret` and `tokenURL`. `scope` and `audience` are optional.
- `noauth` (no authentication): no other members.*/
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(tag = "type", deny_unknown_fields)]
    pub enum AuthInput {
        ///HTTP Basic (RFC 7617). Callbacks have the header `Authorization: Basic …`. The user name and the password are encoded in UTF-8.
        #[serde(rename = "basic")]
        Basic {
            ///The password. The service stores the password encrypted, and never returns it.
            password: AuthInputPassword,
            ///The user name.
            username: AuthInputUsername,
        },
        ///OAuth 2.0 client credentials. The service fetches an access token from `tokenURL`. Callbacks have this token in the header `Authorization: Bearer …`. The service authenticates to the token server with HTTP Basic. If the token server refuses HTTP Basic, the service sends the credentials in the body of the token request. The service uses a token until shortly before the token expires, but not longer than 24 hours. If the callback server responds with 401 or 407, the service fetches a new token and sends the callback once more.
        #[serde(rename = "client_credential")]
        ClientCredential {
            ///The audience that the service requests from the token server. Some token servers require an audience.
            #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            audience: ::std::option::Option<AuthInputAudience>,
            ///The client identifier.
            #[serde(rename = "clientID")]
            client_id: AuthInputClientId,
            ///The client secret. The service stores the client secret encrypted, and never returns it.
            #[serde(rename = "clientSecret")]
            client_secret: AuthInputClientSecret,
            ///The scopes that the service requests from the token server, separated by spaces.
            #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            scope: ::std::option::Option<AuthInputScope>,
            ///The URL where the service gets access tokens (RFC 6749 §4.4). The rules for `targetURL` also apply to this URL.
            #[serde(rename = "tokenURL")]
            token_url: AuthInputTokenUrl,
        },
        #[serde(rename = "noauth")]
        Noauth,
    }
    ///The audience that the service requests from the token server. Some token servers require an audience.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthInputAudience(::std::string::String);
    impl ::std::ops::Deref for AuthInputAudience {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthInputAudience> for ::std::string::String {
        fn from(value: AuthInputAudience) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthInputAudience {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[\\x21-\\x7e]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[\\x21-\\x7e]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthInputAudience {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthInputAudience {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthInputAudience {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The client identifier.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthInputClientId(::std::string::String);
    impl ::std::ops::Deref for AuthInputClientId {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthInputClientId> for ::std::string::String {
        fn from(value: AuthInputClientId) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthInputClientId {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 255usize {
                return Err("longer than 255 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[\\x20-\\x7e]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[\\x20-\\x7e]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthInputClientId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthInputClientId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthInputClientId {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The client secret. The service stores the client secret encrypted, and never returns it.
    #[derive(::serde::Serialize, Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthInputClientSecret(::std::string::String);
    impl ::std::fmt::Debug for AuthInputClientSecret {
        fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            formatter.write_str("[redacted]")
        }
    }
    impl ::std::ops::Deref for AuthInputClientSecret {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthInputClientSecret> for ::std::string::String {
        fn from(value: AuthInputClientSecret) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthInputClientSecret {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[\\x20-\\x7e]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[\\x20-\\x7e]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthInputClientSecret {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthInputClientSecret {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthInputClientSecret {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The password. The service stores the password encrypted, and never returns it.
    #[derive(::serde::Serialize, Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthInputPassword(::std::string::String);
    impl ::std::fmt::Debug for AuthInputPassword {
        fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            formatter.write_str("[redacted]")
        }
    }
    impl ::std::ops::Deref for AuthInputPassword {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthInputPassword> for ::std::string::String {
        fn from(value: AuthInputPassword) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthInputPassword {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[^\\x00-\\x1f\\x7f-\\x9f]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[^\\x00-\\x1f\\x7f-\\x9f]+$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthInputPassword {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthInputPassword {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthInputPassword {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The scopes that the service requests from the token server, separated by spaces.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthInputScope(::std::string::String);
    impl ::std::ops::Deref for AuthInputScope {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthInputScope> for ::std::string::String {
        fn from(value: AuthInputScope) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthInputScope {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[\\x21\\x23-\\x5b\\x5d-\\x7e]+( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[\\x21\\x23-\\x5b\\x5d-\\x7e]+( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthInputScope {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthInputScope {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthInputScope {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The URL where the service gets access tokens (RFC 6749 §4.4). The rules for `targetURL` also apply to this URL.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthInputTokenUrl(::std::string::String);
    impl ::std::ops::Deref for AuthInputTokenUrl {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthInputTokenUrl> for ::std::string::String {
        fn from(value: AuthInputTokenUrl) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthInputTokenUrl {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 2048usize {
                return Err("longer than 2048 characters".into());
            }
            if value.chars().count() < 9usize {
                return Err("shorter than 9 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthInputTokenUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthInputTokenUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthInputTokenUrl {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The user name.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthInputUsername(::std::string::String);
    impl ::std::ops::Deref for AuthInputUsername {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthInputUsername> for ::std::string::String {
        fn from(value: AuthInputUsername) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthInputUsername {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 255usize {
                return Err("longer than 255 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[^:\\x00-\\x1f\\x7f-\\x9f]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[^:\\x00-\\x1f\\x7f-\\x9f]+$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthInputUsername {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthInputUsername {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthInputUsername {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The scopes that the service requests.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthScope(::std::string::String);
    impl ::std::ops::Deref for AuthScope {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthScope> for ::std::string::String {
        fn from(value: AuthScope) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthScope {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[\\x21\\x23-\\x5b\\x5d-\\x7e]+( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[\\x21\\x23-\\x5b\\x5d-\\x7e]+( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthScope {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthScope {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthScope {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The URL where the service gets access tokens, exactly as the customer sent the URL.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthTokenUrl(::std::string::String);
    impl ::std::ops::Deref for AuthTokenUrl {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthTokenUrl> for ::std::string::String {
        fn from(value: AuthTokenUrl) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthTokenUrl {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 2048usize {
                return Err("longer than 2048 characters".into());
            }
            if value.chars().count() < 9usize {
                return Err("shorter than 9 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthTokenUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthTokenUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthTokenUrl {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The user name.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct AuthUsername(::std::string::String);
    impl ::std::ops::Deref for AuthUsername {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<AuthUsername> for ::std::string::String {
        fn from(value: AuthUsername) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for AuthUsername {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 255usize {
                return Err("longer than 255 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[^:\\x00-\\x1f\\x7f-\\x9f]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[^:\\x00-\\x1f\\x7f-\\x9f]+$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for AuthUsername {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AuthUsername {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for AuthUsername {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///What waits in the storage. This member is absent if the service could not count it in the last 10 minutes.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Backlog {
        ///The number of active webhooks.
        #[serde(rename = "activeWebhookCount")]
        pub active_webhook_count: i64,
        ///The time of the count.
        #[serde(rename = "countedAt")]
        pub counted_at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The number of deactivated webhooks.
        #[serde(rename = "deactivatedWebhookCount")]
        pub deactivated_webhook_count: i64,
        ///The number of pending deliveries without an attempt.
        #[serde(rename = "freshDeliveryCount")]
        pub fresh_delivery_count: i64,
        ///The due time of the delivery that has waited longest, without attempts in progress and without pauses. If this time is in the future, no delivery waits now. This member is absent if there is no such delivery.
        #[serde(
            rename = "oldestDueAt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub oldest_due_at: ::std::option::Option<
            ::chrono::DateTime<::chrono::offset::Utc>,
        >,
        ///The number of pending deliveries of ordered webhooks.
        #[serde(rename = "orderedDeliveryCount")]
        pub ordered_delivery_count: i64,
        ///The number of pending deliveries after a failed attempt, a redelivery or a recovery.
        #[serde(rename = "retryDeliveryCount")]
        pub retry_delivery_count: i64,
    }
    impl Backlog {
        pub fn builder() -> builder::Backlog {
            Default::default()
        }
    }
    ///The body of a callback. More members may be added, so ignore unknown members.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct CallbackBody {
        ///The content of the notification, byte for byte as published.
        pub data: crate::Payload,
        pub notification: CallbackNotification,
        ///The time when the service accepted the notification.
        pub timestamp: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The event type. If you call testWebhook without `type`, the event type is `webhook.test`.
        #[serde(rename = "type")]
        pub type_: CallbackBodyType,
        pub webhook: CallbackWebhook,
    }
    impl CallbackBody {
        pub fn builder() -> builder::CallbackBody {
            Default::default()
        }
    }
    ///The event type. If you call testWebhook without `type`, the event type is `webhook.test`.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CallbackBodyType(::std::string::String);
    impl ::std::ops::Deref for CallbackBodyType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CallbackBodyType> for ::std::string::String {
        fn from(value: CallbackBodyType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CallbackBodyType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CallbackBodyType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CallbackBodyType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CallbackBodyType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The notification that is delivered.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct CallbackNotification {
        ///The notification's identifier. All attempts of a delivery have the same identifier. The header `webhook-id` also has this identifier.
        pub id: ::uuid::Uuid,
    }
    impl CallbackNotification {
        pub fn builder() -> builder::CallbackNotification {
            Default::default()
        }
    }
    ///The webhook that receives the callback.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct CallbackWebhook {
        ///The webhook's identifier.
        pub id: ::uuid::Uuid,
    }
    impl CallbackWebhook {
        pub fn builder() -> builder::CallbackWebhook {
            Default::default()
        }
    }
    ///The caller of a request, and its access token. This object does not contain the token.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Caller {
        ///The account of the token. This member is absent for a platform token.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<CallerAccount>,
        ///The time when the token expires. This member is absent if the token never expires.
        #[serde(
            rename = "expiresAt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub expires_at: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
        ///The kind of token. More values may be added. `account`: the token belongs to the account in the member `account`. `platform`: a platform token, which belongs to no account.
        pub kind: CallerKind,
        ///The scopes of the token, sorted. More values may be added.
        pub scopes: ::std::vec::Vec<CallerScopesItem>,
        ///The identifier of the access token. Events of the audit log have the same identifier.
        #[serde(rename = "tokenID")]
        pub token_id: ::uuid::Uuid,
        ///The name that the operator gave to the token.
        #[serde(rename = "tokenName")]
        pub token_name: CallerTokenName,
    }
    impl Caller {
        pub fn builder() -> builder::Caller {
            Default::default()
        }
    }
    ///The account of the token. This member is absent for a platform token.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CallerAccount(::std::string::String);
    impl ::std::ops::Deref for CallerAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CallerAccount> for ::std::string::String {
        fn from(value: CallerAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CallerAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CallerAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CallerAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CallerAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The kind of token. More values may be added. `account`: the token belongs to the account in the member `account`. `platform`: a platform token, which belongs to no account.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CallerKind(::std::string::String);
    impl ::std::ops::Deref for CallerKind {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CallerKind> for ::std::string::String {
        fn from(value: CallerKind) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CallerKind {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CallerKind {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CallerKind {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CallerKind {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`CallerScopesItem`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CallerScopesItem(::std::string::String);
    impl ::std::ops::Deref for CallerScopesItem {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CallerScopesItem> for ::std::string::String {
        fn from(value: CallerScopesItem) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CallerScopesItem {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z]+\\.[a-z]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z]+\\.[a-z]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CallerScopesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CallerScopesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CallerScopesItem {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The name that the operator gave to the token.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CallerTokenName(::std::string::String);
    impl ::std::ops::Deref for CallerTokenName {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CallerTokenName> for ::std::string::String {
        fn from(value: CallerTokenName) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CallerTokenName {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CallerTokenName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CallerTokenName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CallerTokenName {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The result of one call that changes many deliveries.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct ChangedDeliveries {
        ///The number of deliveries that the call changed. With `dryRun`, this is the number of deliveries that the call counted.
        pub count: i32,
        ///Send this `cursor` in the next call. This member is absent if there are no more deliveries.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<ChangedDeliveriesCursor>,
    }
    impl ChangedDeliveries {
        pub fn builder() -> builder::ChangedDeliveries {
            Default::default()
        }
    }
    ///Send this `cursor` in the next call. This member is absent if there are no more deliveries.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ChangedDeliveriesCursor(::std::string::String);
    impl ::std::ops::Deref for ChangedDeliveriesCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ChangedDeliveriesCursor> for ::std::string::String {
        fn from(value: ChangedDeliveriesCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ChangedDeliveriesCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 43usize {
                return Err("longer than 43 characters".into());
            }
            if value.chars().count() < 43usize {
                return Err("shorter than 43 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ChangedDeliveriesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ChangedDeliveriesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ChangedDeliveriesCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A custom header, without its value.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct CustomHeader {
        ///The name of the header, exactly as the customer sent the name.
        pub name: CustomHeaderName,
    }
    impl CustomHeader {
        pub fn builder() -> builder::CustomHeader {
            Default::default()
        }
    }
    ///A custom header.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct CustomHeaderInput {
        ///The name of the header. The service sends it in lower case. The service refuses reserved names. In this check, `_` counts as `-`. The service itself sends some of the reserved headers. The other reserved headers can change how a server handles the request, name another sender, or give access to the metadata service of a cloud. These names are reserved (`*` stands for any characters): `*-client-ip`, `*-connecting-ip`, `*-metadata-request`, `*-metadata-token*`, `*-method-override`, `accept*`, `access-control-*`, `authorization`, `baggage`, `cf-*`, `client-ip`, `connection`, `content-*`, `cookie*`, `date`, `early-data`, `expect`, `fastly-*`, `forwarded`, `host`, `http2-settings`, `if-*`, `keep-alive`, `max-forwards`, `metadata`, `metadata-*`, `origin`, `proxy`, `proxy-*`, `range`, `referer`, `remote-*`, `sec-*`, `te`, `traceparent`, `tracestate`, `trailer`, `transfer-encoding`, `upgrade`, `upgrade-*`, `user-agent`, `via`, `webhook-*`, `x-appengine-*`, `x-azure-*`, `x-envoy-*`, `x-forwarded*`, `x-http-method*`, `x-original*`, `x-proxy*`, `x-real-ip`, `x-remote-*` and `x-rewrite-*`.
        pub name: CustomHeaderInputName,
        ///The value of the header. The service stores the value encrypted, and never returns it.
        pub value: CustomHeaderInputValue,
    }
    impl CustomHeaderInput {
        pub fn builder() -> builder::CustomHeaderInput {
            Default::default()
        }
    }
    ///The name of the header. The service sends it in lower case. The service refuses reserved names. In this check, `_` counts as `-`. The service itself sends some of the reserved headers. The other reserved headers can change how a server handles the request, name another sender, or give access to the metadata service of a cloud. These names are reserved (`*` stands for any characters): `*-client-ip`, `*-connecting-ip`, `*-metadata-request`, `*-metadata-token*`, `*-method-override`, `accept*`, `access-control-*`, `authorization`, `baggage`, `cf-*`, `client-ip`, `connection`, `content-*`, `cookie*`, `date`, `early-data`, `expect`, `fastly-*`, `forwarded`, `host`, `http2-settings`, `if-*`, `keep-alive`, `max-forwards`, `metadata`, `metadata-*`, `origin`, `proxy`, `proxy-*`, `range`, `referer`, `remote-*`, `sec-*`, `te`, `traceparent`, `tracestate`, `trailer`, `transfer-encoding`, `upgrade`, `upgrade-*`, `user-agent`, `via`, `webhook-*`, `x-appengine-*`, `x-azure-*`, `x-envoy-*`, `x-forwarded*`, `x-http-method*`, `x-original*`, `x-proxy*`, `x-real-ip`, `x-remote-*` and `x-rewrite-*`.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CustomHeaderInputName(::std::string::String);
    impl ::std::ops::Deref for CustomHeaderInputName {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CustomHeaderInputName> for ::std::string::String {
        fn from(value: CustomHeaderInputName) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CustomHeaderInputName {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CustomHeaderInputName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CustomHeaderInputName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CustomHeaderInputName {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The value of the header. The service stores the value encrypted, and never returns it.
    #[derive(::serde::Serialize, Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CustomHeaderInputValue(::std::string::String);
    impl ::std::fmt::Debug for CustomHeaderInputValue {
        fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            formatter.write_str("[redacted]")
        }
    }
    impl ::std::ops::Deref for CustomHeaderInputValue {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CustomHeaderInputValue> for ::std::string::String {
        fn from(value: CustomHeaderInputValue) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CustomHeaderInputValue {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[\\x21-\\x7e]([\\x09\\x20-\\x7e]*[\\x21-\\x7e])?$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[\\x21-\\x7e]([\\x09\\x20-\\x7e]*[\\x21-\\x7e])?$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CustomHeaderInputValue {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CustomHeaderInputValue {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CustomHeaderInputValue {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Custom headers that are sent with every callback, for example an API key for your gateway. Each name may occur only once. To compare names, the service treats upper case as lower case, and `_` as `-`. Keep headers small: many servers accept at most 8 KiB of headers in total.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(transparent)]
    pub struct CustomHeaderInputs(pub ::std::vec::Vec<CustomHeaderInput>);
    impl ::std::ops::Deref for CustomHeaderInputs {
        type Target = ::std::vec::Vec<CustomHeaderInput>;
        fn deref(&self) -> &::std::vec::Vec<CustomHeaderInput> {
            &self.0
        }
    }
    impl ::std::convert::From<CustomHeaderInputs>
    for ::std::vec::Vec<CustomHeaderInput> {
        fn from(value: CustomHeaderInputs) -> Self {
            value.0
        }
    }
    impl ::std::convert::From<::std::vec::Vec<CustomHeaderInput>>
    for CustomHeaderInputs {
        fn from(value: ::std::vec::Vec<CustomHeaderInput>) -> Self {
            Self(value)
        }
    }
    ///The name of the header, exactly as the customer sent the name.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct CustomHeaderName(::std::string::String);
    impl ::std::ops::Deref for CustomHeaderName {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<CustomHeaderName> for ::std::string::String {
        fn from(value: CustomHeaderName) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for CustomHeaderName {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for CustomHeaderName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CustomHeaderName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for CustomHeaderName {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The reason and the time of the deactivation. The member `deactivation` is absent while the webhook is active.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Deactivation {
        ///The time of the deactivation.
        pub at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The reason for the deactivation. More values may be added. `requested`: the customer deactivated the webhook. `gone`: the callback server responded with 410. `failing`: the callback server accepted no callback for more than 5 days, and at least 10 attempts failed in this time. The operator can change the numbers 5 and 10. `unverified`: the callback server, or the token server, has not yet agreed in a handshake to receive notifications.
        pub reason: crate::DeactivationReason,
    }
    impl Deactivation {
        pub fn builder() -> builder::Deactivation {
            Default::default()
        }
    }
    ///The delivery of one notification to one webhook.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Delivery {
        ///The account of the webhook. Only platform tokens see this member.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<DeliveryAccount>,
        ///The number of attempts that have ended.
        #[serde(rename = "attemptCount")]
        pub attempt_count: i32,
        ///The time when the service accepted the notification.
        #[serde(rename = "createdAt")]
        pub created_at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The delivery's identifier.
        pub id: ::uuid::Uuid,
        #[serde(
            rename = "lastAttempt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub last_attempt: ::std::option::Option<Attempt>,
        ///The time when the next attempt is due. This member is absent if the delivery is not pending. If this time is in the past, an attempt is in progress, or `waitingFor` says why the delivery waits.
        #[serde(
            rename = "nextAttemptAt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub next_attempt_at: ::std::option::Option<
            ::chrono::DateTime<::chrono::offset::Utc>,
        >,
        pub notification: DeliveryNotification,
        pub status: DeliveryStatus,
        #[serde(
            rename = "waitingFor",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub waiting_for: ::std::option::Option<WaitingFor>,
        pub webhook: DeliveryWebhook,
    }
    impl Delivery {
        pub fn builder() -> builder::Delivery {
            Default::default()
        }
    }
    ///The account of the webhook. Only platform tokens see this member.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryAccount(::std::string::String);
    impl ::std::ops::Deref for DeliveryAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryAccount> for ::std::string::String {
        fn from(value: DeliveryAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A delivery with its attempts.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct DeliveryDetail {
        ///The account of the webhook. Only platform tokens see this member.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<DeliveryDetailAccount>,
        ///The number of attempts that have ended.
        #[serde(rename = "attemptCount")]
        pub attempt_count: i32,
        ///The 50 most recent attempts, oldest first.
        pub attempts: ::std::vec::Vec<Attempt>,
        ///The exact body of the callback, in all attempts. It is absent if the notification was deleted.
        #[serde(
            rename = "callbackBody",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub callback_body: ::std::option::Option<DeliveryDetailCallbackBody>,
        ///The time when the service accepted the notification.
        #[serde(rename = "createdAt")]
        pub created_at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The delivery's identifier.
        pub id: ::uuid::Uuid,
        #[serde(
            rename = "lastAttempt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub last_attempt: ::std::option::Option<Attempt>,
        ///The time when the next attempt is due. This member is absent if the delivery is not pending. If this time is in the past, an attempt is in progress, or `waitingFor` says why the delivery waits.
        #[serde(
            rename = "nextAttemptAt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub next_attempt_at: ::std::option::Option<
            ::chrono::DateTime<::chrono::offset::Utc>,
        >,
        pub notification: DeliveryNotification,
        pub status: DeliveryStatus,
        #[serde(
            rename = "waitingFor",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub waiting_for: ::std::option::Option<WaitingFor>,
        pub webhook: DeliveryWebhook,
    }
    impl DeliveryDetail {
        pub fn builder() -> builder::DeliveryDetail {
            Default::default()
        }
    }
    ///The account of the webhook. Only platform tokens see this member.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryDetailAccount(::std::string::String);
    impl ::std::ops::Deref for DeliveryDetailAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryDetailAccount> for ::std::string::String {
        fn from(value: DeliveryDetailAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryDetailAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryDetailAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryDetailAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryDetailAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The exact body of the callback, in all attempts. It is absent if the notification was deleted.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryDetailCallbackBody(::std::string::String);
    impl ::std::ops::Deref for DeliveryDetailCallbackBody {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryDetailCallbackBody> for ::std::string::String {
        fn from(value: DeliveryDetailCallbackBody) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryDetailCallbackBody {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 8650752usize {
                return Err("longer than 8650752 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryDetailCallbackBody {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryDetailCallbackBody {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryDetailCallbackBody {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The notification that is delivered.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct DeliveryNotification {
        ///The notification's identifier.
        pub id: ::uuid::Uuid,
        ///The event type of the notification.
        #[serde(rename = "type")]
        pub type_: DeliveryNotificationType,
    }
    impl DeliveryNotification {
        pub fn builder() -> builder::DeliveryNotification {
            Default::default()
        }
    }
    ///The event type of the notification.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryNotificationType(::std::string::String);
    impl ::std::ops::Deref for DeliveryNotificationType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryNotificationType> for ::std::string::String {
        fn from(value: DeliveryNotificationType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryNotificationType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryNotificationType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryNotificationType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryNotificationType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A page of deliveries.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct DeliveryPage {
        ///Send this cursor to get the next page. This member is absent on the last page.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<DeliveryPageCursor>,
        ///The deliveries, newest first.
        pub data: ::std::vec::Vec<Delivery>,
    }
    impl DeliveryPage {
        pub fn builder() -> builder::DeliveryPage {
            Default::default()
        }
    }
    ///Send this cursor to get the next page. This member is absent on the last page.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryPageCursor(::std::string::String);
    impl ::std::ops::Deref for DeliveryPageCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryPageCursor> for ::std::string::String {
        fn from(value: DeliveryPageCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryPageCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryPageCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Selects the failed and cancelled deliveries that become due again.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct DeliveryRecovery {
        ///The `cursor` in the response of the previous call. The new call continues where the previous call ended.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<DeliveryRecoveryCursor>,
        ///If true, the call only counts the deliveries and does not change them. The default is false.
        #[serde(
            rename = "dryRun",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub dry_run: ::std::option::Option<bool>,
        ///Selects only deliveries whose last attempt has this `outcome`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub outcome: ::std::option::Option<DeliveryRecoveryOutcome>,
        ///Selects only deliveries that were created at this time or later.
        pub since: ::chrono::DateTime<::chrono::offset::Utc>,
        ///Selects only deliveries whose last attempt has this `statusCode`.
        #[serde(
            rename = "statusCode",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub status_code: ::std::option::Option<i32>,
        ///Selects only deliveries of notifications of this event type.
        #[serde(rename = "type", skip_serializing_if = "::std::option::Option::is_none")]
        pub type_: ::std::option::Option<DeliveryRecoveryType>,
        ///Selects only deliveries that were created before this time. If this member is absent, there is no upper limit for the time.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub until: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
    }
    impl DeliveryRecovery {
        pub fn builder() -> builder::DeliveryRecovery {
            Default::default()
        }
    }
    ///The `cursor` in the response of the previous call. The new call continues where the previous call ended.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryRecoveryCursor(::std::string::String);
    impl ::std::ops::Deref for DeliveryRecoveryCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryRecoveryCursor> for ::std::string::String {
        fn from(value: DeliveryRecoveryCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryRecoveryCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 32usize {
                return Err("shorter than 32 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{32}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{32}$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryRecoveryCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryRecoveryCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryRecoveryCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Selects only deliveries whose last attempt has this `outcome`.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryRecoveryOutcome(::std::string::String);
    impl ::std::ops::Deref for DeliveryRecoveryOutcome {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryRecoveryOutcome> for ::std::string::String {
        fn from(value: DeliveryRecoveryOutcome) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryRecoveryOutcome {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryRecoveryOutcome {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryRecoveryOutcome {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryRecoveryOutcome {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Selects only deliveries of notifications of this event type.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliveryRecoveryType(::std::string::String);
    impl ::std::ops::Deref for DeliveryRecoveryType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliveryRecoveryType> for ::std::string::String {
        fn from(value: DeliveryRecoveryType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliveryRecoveryType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryRecoveryType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryRecoveryType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliveryRecoveryType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Selects deliveries of the account. A delivery is selected if it matches all members.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct DeliverySelection {
        ///The `cursor` in the response of the previous call. The new call continues where the previous call ended.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<DeliverySelectionCursor>,
        ///If true, the call only counts the deliveries and does not change them. The default is false.
        #[serde(
            rename = "dryRun",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub dry_run: ::std::option::Option<bool>,
        ///Selects only deliveries whose last attempt has this `outcome`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub outcome: ::std::option::Option<DeliverySelectionOutcome>,
        ///Selects only deliveries that were created at this time or later.
        pub since: ::chrono::DateTime<::chrono::offset::Utc>,
        ///Selects only deliveries whose last attempt has this `statusCode`.
        #[serde(
            rename = "statusCode",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub status_code: ::std::option::Option<i32>,
        ///Selects only deliveries of notifications of this event type.
        #[serde(rename = "type", skip_serializing_if = "::std::option::Option::is_none")]
        pub type_: ::std::option::Option<DeliverySelectionType>,
        ///Selects only deliveries that were created before this time. If this member is absent, there is no upper limit for the time.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub until: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
        ///Selects only deliveries to this webhook. If this member is absent, selects deliveries to all webhooks of the account.
        #[serde(
            rename = "webhookID",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub webhook_id: ::std::option::Option<::uuid::Uuid>,
    }
    impl DeliverySelection {
        pub fn builder() -> builder::DeliverySelection {
            Default::default()
        }
    }
    ///The `cursor` in the response of the previous call. The new call continues where the previous call ended.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliverySelectionCursor(::std::string::String);
    impl ::std::ops::Deref for DeliverySelectionCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliverySelectionCursor> for ::std::string::String {
        fn from(value: DeliverySelectionCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliverySelectionCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 43usize {
                return Err("longer than 43 characters".into());
            }
            if value.chars().count() < 43usize {
                return Err("shorter than 43 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliverySelectionCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliverySelectionCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliverySelectionCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Selects only deliveries whose last attempt has this `outcome`.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliverySelectionOutcome(::std::string::String);
    impl ::std::ops::Deref for DeliverySelectionOutcome {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliverySelectionOutcome> for ::std::string::String {
        fn from(value: DeliverySelectionOutcome) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliverySelectionOutcome {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliverySelectionOutcome {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliverySelectionOutcome {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliverySelectionOutcome {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Selects only deliveries of notifications of this event type.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct DeliverySelectionType(::std::string::String);
    impl ::std::ops::Deref for DeliverySelectionType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<DeliverySelectionType> for ::std::string::String {
        fn from(value: DeliverySelectionType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for DeliverySelectionType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliverySelectionType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliverySelectionType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for DeliverySelectionType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`pending`: an attempt is scheduled or in progress. `succeeded`: the callback server accepted the notification. `failed`: the callback server did not accept the notification, and there is no further attempt. `cancelled`: the webhook was deactivated or deleted, the notification was deleted, or cancelDeliveries cancelled the delivery.
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum DeliveryStatus {
        #[serde(rename = "pending")]
        Pending,
        #[serde(rename = "succeeded")]
        Succeeded,
        #[serde(rename = "failed")]
        Failed,
        #[serde(rename = "cancelled")]
        Cancelled,
    }
    impl ::std::fmt::Display for DeliveryStatus {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Pending => f.write_str("pending"),
                Self::Succeeded => f.write_str("succeeded"),
                Self::Failed => f.write_str("failed"),
                Self::Cancelled => f.write_str("cancelled"),
            }
        }
    }
    impl ::std::str::FromStr for DeliveryStatus {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "pending" => Ok(Self::Pending),
                "succeeded" => Ok(Self::Succeeded),
                "failed" => Ok(Self::Failed),
                "cancelled" => Ok(Self::Cancelled),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for DeliveryStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for DeliveryStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    ///The webhook that receives the notification.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct DeliveryWebhook {
        ///The webhook's identifier. The webhook may have been deleted.
        pub id: ::uuid::Uuid,
    }
    impl DeliveryWebhook {
        pub fn builder() -> builder::DeliveryWebhook {
            Default::default()
        }
    }
    ///An event type of the operator's catalogue.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct EventType {
        ///When notifications of this type are published, and what they mean.
        pub description: EventTypeDescription,
        ///The `data` of an example notification. testWebhook can send this example. This member is absent if there is no example.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub example: ::std::option::Option<crate::Payload>,
        pub name: EventTypeName,
    }
    impl EventType {
        pub fn builder() -> builder::EventType {
            Default::default()
        }
    }
    ///When notifications of this type are published, and what they mean.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct EventTypeDescription(::std::string::String);
    impl ::std::ops::Deref for EventTypeDescription {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<EventTypeDescription> for ::std::string::String {
        fn from(value: EventTypeDescription) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for EventTypeDescription {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 512usize {
                return Err("longer than 512 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new("^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$")
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for EventTypeDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for EventTypeDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for EventTypeDescription {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The name of the event type. Notifications of this event type have this name in the member `type`.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct EventTypeName(::std::string::String);
    impl ::std::ops::Deref for EventTypeName {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<EventTypeName> for ::std::string::String {
        fn from(value: EventTypeName) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for EventTypeName {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for EventTypeName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for EventTypeName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for EventTypeName {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A page of event types, sorted by name.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct EventTypePage {
        ///Send this cursor to get the next page. This member is absent on the last page.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<EventTypePageCursor>,
        ///The event types.
        pub data: ::std::vec::Vec<EventType>,
    }
    impl EventTypePage {
        pub fn builder() -> builder::EventTypePage {
            Default::default()
        }
    }
    ///Send this cursor to get the next page. This member is absent on the last page.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct EventTypePageCursor(::std::string::String);
    impl ::std::ops::Deref for EventTypePageCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<EventTypePageCursor> for ::std::string::String {
        fn from(value: EventTypePageCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for EventTypePageCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for EventTypePageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for EventTypePageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for EventTypePageCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`GetStatisticsAccount`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct GetStatisticsAccount(::std::string::String);
    impl ::std::ops::Deref for GetStatisticsAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<GetStatisticsAccount> for ::std::string::String {
        fn from(value: GetStatisticsAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for GetStatisticsAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for GetStatisticsAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for GetStatisticsAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for GetStatisticsAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A header field that was sent or received (RFC 9110 §5).
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct HeaderField {
        ///The name in lower case.
        pub name: HeaderFieldName,
        ///The value. A longer value is cut off.
        pub value: HeaderFieldValue,
    }
    impl HeaderField {
        pub fn builder() -> builder::HeaderField {
            Default::default()
        }
    }
    ///The name in lower case.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct HeaderFieldName(::std::string::String);
    impl ::std::ops::Deref for HeaderFieldName {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<HeaderFieldName> for ::std::string::String {
        fn from(value: HeaderFieldName) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for HeaderFieldName {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for HeaderFieldName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for HeaderFieldName {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for HeaderFieldName {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The value. A longer value is cut off.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct HeaderFieldValue(::std::string::String);
    impl ::std::ops::Deref for HeaderFieldValue {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<HeaderFieldValue> for ::std::string::String {
        fn from(value: HeaderFieldValue) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for HeaderFieldValue {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for HeaderFieldValue {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for HeaderFieldValue {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for HeaderFieldValue {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListAccountsCursor`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListAccountsCursor(::std::string::String);
    impl ::std::ops::Deref for ListAccountsCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListAccountsCursor> for ::std::string::String {
        fn from(value: ListAccountsCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListAccountsCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListAccountsCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListAccountsCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListAccountsCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListAuditEventsAccount`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListAuditEventsAccount(::std::string::String);
    impl ::std::ops::Deref for ListAuditEventsAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListAuditEventsAccount> for ::std::string::String {
        fn from(value: ListAuditEventsAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListAuditEventsAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListAuditEventsAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListAuditEventsAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListAuditEventsAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListAuditEventsAction`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListAuditEventsAction(::std::string::String);
    impl ::std::ops::Deref for ListAuditEventsAction {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListAuditEventsAction> for ::std::string::String {
        fn from(value: ListAuditEventsAction) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListAuditEventsAction {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z]+(\\.[a-z_]+)?$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z]+(\\.[a-z_]+)?$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListAuditEventsAction {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListAuditEventsAction {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListAuditEventsAction {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListAuditEventsCursor`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListAuditEventsCursor(::std::string::String);
    impl ::std::ops::Deref for ListAuditEventsCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListAuditEventsCursor> for ::std::string::String {
        fn from(value: ListAuditEventsCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListAuditEventsCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListAuditEventsCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListAuditEventsCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListAuditEventsCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListDeliveriesAccount`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListDeliveriesAccount(::std::string::String);
    impl ::std::ops::Deref for ListDeliveriesAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListDeliveriesAccount> for ::std::string::String {
        fn from(value: ListDeliveriesAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListDeliveriesAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListDeliveriesAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListDeliveriesAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListDeliveriesAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListDeliveriesCursor`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListDeliveriesCursor(::std::string::String);
    impl ::std::ops::Deref for ListDeliveriesCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListDeliveriesCursor> for ::std::string::String {
        fn from(value: ListDeliveriesCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListDeliveriesCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListDeliveriesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListDeliveriesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListDeliveriesCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListDeliveriesType`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListDeliveriesType(::std::string::String);
    impl ::std::ops::Deref for ListDeliveriesType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListDeliveriesType> for ::std::string::String {
        fn from(value: ListDeliveriesType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListDeliveriesType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListDeliveriesType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListDeliveriesType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListDeliveriesType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListEventTypesCursor`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListEventTypesCursor(::std::string::String);
    impl ::std::ops::Deref for ListEventTypesCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListEventTypesCursor> for ::std::string::String {
        fn from(value: ListEventTypesCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListEventTypesCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListEventTypesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListEventTypesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListEventTypesCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListNotificationsAccount`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListNotificationsAccount(::std::string::String);
    impl ::std::ops::Deref for ListNotificationsAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListNotificationsAccount> for ::std::string::String {
        fn from(value: ListNotificationsAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListNotificationsAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListNotificationsAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListNotificationsAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListNotificationsAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListNotificationsCursor`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListNotificationsCursor(::std::string::String);
    impl ::std::ops::Deref for ListNotificationsCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListNotificationsCursor> for ::std::string::String {
        fn from(value: ListNotificationsCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListNotificationsCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListNotificationsCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListNotificationsCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListNotificationsCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListNotificationsType`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListNotificationsType(::std::string::String);
    impl ::std::ops::Deref for ListNotificationsType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListNotificationsType> for ::std::string::String {
        fn from(value: ListNotificationsType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListNotificationsType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListNotificationsType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListNotificationsType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListNotificationsType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListPausesCursor`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListPausesCursor(::std::string::String);
    impl ::std::ops::Deref for ListPausesCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListPausesCursor> for ::std::string::String {
        fn from(value: ListPausesCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListPausesCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 71usize {
                return Err("longer than 71 characters".into());
            }
            if value.chars().count() < 3usize {
                return Err("shorter than 3 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListPausesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListPausesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListPausesCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListWebhooksAccount`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListWebhooksAccount(::std::string::String);
    impl ::std::ops::Deref for ListWebhooksAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListWebhooksAccount> for ::std::string::String {
        fn from(value: ListWebhooksAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListWebhooksAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListWebhooksAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListWebhooksAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListWebhooksAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ListWebhooksCursor`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ListWebhooksCursor(::std::string::String);
    impl ::std::ops::Deref for ListWebhooksCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ListWebhooksCursor> for ::std::string::String {
        fn from(value: ListWebhooksCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ListWebhooksCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ListWebhooksCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ListWebhooksCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ListWebhooksCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A published notification.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Notification {
        ///The account that the notification was published to. Only platform tokens see this member.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<NotificationAccount>,
        ///The time when the service accepted the notification.
        #[serde(rename = "createdAt")]
        pub created_at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The content of the notification, byte for byte as published.
        pub data: crate::Payload,
        ///The number of webhooks that receive the notification.
        #[serde(rename = "deliveryCount")]
        pub delivery_count: i32,
        ///The notification's identifier. Each callback has this identifier in the header `webhook-id`.
        pub id: ::uuid::Uuid,
        ///The event type.
        #[serde(rename = "type")]
        pub type_: NotificationType,
    }
    impl Notification {
        pub fn builder() -> builder::Notification {
            Default::default()
        }
    }
    ///The account that the notification was published to. Only platform tokens see this member.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct NotificationAccount(::std::string::String);
    impl ::std::ops::Deref for NotificationAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<NotificationAccount> for ::std::string::String {
        fn from(value: NotificationAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for NotificationAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for NotificationAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for NotificationAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for NotificationAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A page of notifications.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct NotificationPage {
        ///Send this cursor to get the next page. This member is absent on the last page.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<NotificationPageCursor>,
        ///The notifications, newest first.
        pub data: ::std::vec::Vec<Notification>,
    }
    impl NotificationPage {
        pub fn builder() -> builder::NotificationPage {
            Default::default()
        }
    }
    ///Send this cursor to get the next page. This member is absent on the last page.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct NotificationPageCursor(::std::string::String);
    impl ::std::ops::Deref for NotificationPageCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<NotificationPageCursor> for ::std::string::String {
        fn from(value: NotificationPageCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for NotificationPageCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for NotificationPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for NotificationPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for NotificationPageCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A notification to publish.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct NotificationPublication {
        ///The account whose webhooks receive the notification. With a token of an account, this member is not needed, because the token publishes only to that account. With a platform token, `account` or `webhook` is required.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<NotificationPublicationAccount>,
        ///The content of the notification: any JSON object. Callbacks contain exactly the same bytes.
        pub data: crate::Payload,
        #[serde(rename = "type")]
        pub type_: NotificationPublicationType,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub webhook: ::std::option::Option<NotificationPublicationWebhook>,
    }
    impl NotificationPublication {
        pub fn builder() -> builder::NotificationPublication {
            Default::default()
        }
    }
    ///The account whose webhooks receive the notification. With a token of an account, this member is not needed, because the token publishes only to that account. With a platform token, `account` or `webhook` is required.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct NotificationPublicationAccount(::std::string::String);
    impl ::std::ops::Deref for NotificationPublicationAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<NotificationPublicationAccount> for ::std::string::String {
        fn from(value: NotificationPublicationAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for NotificationPublicationAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for NotificationPublicationAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String>
    for NotificationPublicationAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for NotificationPublicationAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The event type: a dotted lower-case name such as `catalog.purchase.closed`. Names that begin with `webhook.` are reserved for the service. If the operator has a catalogue, the type must be in the catalogue.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct NotificationPublicationType(::std::string::String);
    impl ::std::ops::Deref for NotificationPublicationType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<NotificationPublicationType> for ::std::string::String {
        fn from(value: NotificationPublicationType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for NotificationPublicationType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for NotificationPublicationType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for NotificationPublicationType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for NotificationPublicationType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The only webhook that receives the notification. The `eventTypes` of this webhook are ignored.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct NotificationPublicationWebhook {
        ///The webhook's identifier.
        pub id: ::uuid::Uuid,
    }
    impl NotificationPublicationWebhook {
        pub fn builder() -> builder::NotificationPublicationWebhook {
            Default::default()
        }
    }
    ///The event type.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct NotificationType(::std::string::String);
    impl ::std::ops::Deref for NotificationType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<NotificationType> for ::std::string::String {
        fn from(value: NotificationType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for NotificationType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for NotificationType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for NotificationType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for NotificationType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A pause of deliveries.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Pause {
        ///The account whose deliveries are paused. This member is absent if the pause does not name an account.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<PauseAccount>,
        ///The pause's identifier, which names its scope: `all` (all deliveries), `account.` and an account, or `webhook.` and the identifier of a webhook.
        pub id: PauseId,
        ///The time when the pause began.
        pub since: ::chrono::DateTime<::chrono::offset::Utc>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub webhook: ::std::option::Option<PauseWebhook>,
    }
    impl Pause {
        pub fn builder() -> builder::Pause {
            Default::default()
        }
    }
    ///The account whose deliveries are paused. This member is absent if the pause does not name an account.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct PauseAccount(::std::string::String);
    impl ::std::ops::Deref for PauseAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<PauseAccount> for ::std::string::String {
        fn from(value: PauseAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for PauseAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for PauseAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for PauseAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for PauseAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The pause's identifier, which names its scope: `all` (all deliveries), `account.` and an account, or `webhook.` and the identifier of a webhook.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct PauseId(::std::string::String);
    impl ::std::ops::Deref for PauseId {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<PauseId> for ::std::string::String {
        fn from(value: PauseId) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for PauseId {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 71usize {
                return Err("longer than 71 characters".into());
            }
            if value.chars().count() < 3usize {
                return Err("shorter than 3 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for PauseId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for PauseId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for PauseId {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A page of pauses.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct PausePage {
        ///Send this cursor to get the next page. This member is absent on the last page.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<PausePageCursor>,
        ///The pauses, sorted by `id`.
        pub data: ::std::vec::Vec<Pause>,
    }
    impl PausePage {
        pub fn builder() -> builder::PausePage {
            Default::default()
        }
    }
    ///Send this cursor to get the next page. This member is absent on the last page.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct PausePageCursor(::std::string::String);
    impl ::std::ops::Deref for PausePageCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<PausePageCursor> for ::std::string::String {
        fn from(value: PausePageCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for PausePageCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 71usize {
                return Err("longer than 71 characters".into());
            }
            if value.chars().count() < 3usize {
                return Err("shorter than 3 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for PausePageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for PausePageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for PausePageCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The scope of a new pause.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct PauseRequest {
        ///The identifier of the pause, which names its scope: `all` (all deliveries), `account.` and an account, or `webhook.` and the identifier of a webhook in lower case.
        pub id: PauseRequestId,
    }
    impl PauseRequest {
        pub fn builder() -> builder::PauseRequest {
            Default::default()
        }
    }
    ///The identifier of the pause, which names its scope: `all` (all deliveries), `account.` and an account, or `webhook.` and the identifier of a webhook in lower case.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct PauseRequestId(::std::string::String);
    impl ::std::ops::Deref for PauseRequestId {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<PauseRequestId> for ::std::string::String {
        fn from(value: PauseRequestId) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for PauseRequestId {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 71usize {
                return Err("longer than 71 characters".into());
            }
            if value.chars().count() < 3usize {
                return Err("shorter than 3 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for PauseRequestId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for PauseRequestId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for PauseRequestId {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The webhook whose deliveries are paused. This member is absent if the pause does not name a webhook.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct PauseWebhook {
        ///The webhook's identifier.
        pub id: ::uuid::Uuid,
    }
    impl PauseWebhook {
        pub fn builder() -> builder::PauseWebhook {
            Default::default()
        }
    }
    ///The delivery that must end first. Only the reason `preceding_delivery` has this member.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct PrecedingDelivery {
        ///The identifier of the first delivery of the ordered webhook that has not ended.
        pub id: ::uuid::Uuid,
    }
    impl PrecedingDelivery {
        pub fn builder() -> builder::PrecedingDelivery {
            Default::default()
        }
    }
    ///An error response (RFC 9457).
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Problem {
        ///The kind of problem, for programs. The description at the start of this document lists the values. More values may be added.
        pub code: crate::Code,
        ///An explanation of the error, written for people. The text also says what the caller can do.
        pub detail: ProblemDetail,
        ///The errors in the request's body. If the body has several errors, the list may have only the first error.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        pub errors: ::std::vec::Vec<ProblemError>,
        ///The identifier of this request. The server's log has the same identifier.
        pub instance: ProblemInstance,
        ///The HTTP status.
        pub status: i32,
        ///The kind of problem, as text for people.
        pub title: ProblemTitle,
        ///A link to the explanation of this kind of problem: `/docs#problem-<code>`.
        #[serde(rename = "type")]
        pub type_: ProblemType,
    }
    impl Problem {
        pub fn builder() -> builder::Problem {
            Default::default()
        }
    }
    ///An explanation of the error, written for people. The text also says what the caller can do.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ProblemDetail(::std::string::String);
    impl ::std::ops::Deref for ProblemDetail {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ProblemDetail> for ::std::string::String {
        fn from(value: ProblemDetail) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ProblemDetail {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ProblemDetail {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ProblemDetail {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ProblemDetail {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///One error in the request's body.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct ProblemError {
        ///What is wrong at this position.
        pub detail: ProblemErrorDetail,
        ///The position of the error in the request's body, as a JSON Pointer (RFC 6901). An empty pointer means the whole body.
        pub pointer: ProblemErrorPointer,
    }
    impl ProblemError {
        pub fn builder() -> builder::ProblemError {
            Default::default()
        }
    }
    ///What is wrong at this position.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ProblemErrorDetail(::std::string::String);
    impl ::std::ops::Deref for ProblemErrorDetail {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ProblemErrorDetail> for ::std::string::String {
        fn from(value: ProblemErrorDetail) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ProblemErrorDetail {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ProblemErrorDetail {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ProblemErrorDetail {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ProblemErrorDetail {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The position of the error in the request's body, as a JSON Pointer (RFC 6901). An empty pointer means the whole body.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ProblemErrorPointer(::std::string::String);
    impl ::std::ops::Deref for ProblemErrorPointer {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ProblemErrorPointer> for ::std::string::String {
        fn from(value: ProblemErrorPointer) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ProblemErrorPointer {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ProblemErrorPointer {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ProblemErrorPointer {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ProblemErrorPointer {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The identifier of this request. The server's log has the same identifier.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ProblemInstance(::std::string::String);
    impl ::std::ops::Deref for ProblemInstance {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ProblemInstance> for ::std::string::String {
        fn from(value: ProblemInstance) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ProblemInstance {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ProblemInstance {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ProblemInstance {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ProblemInstance {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The kind of problem, as text for people.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ProblemTitle(::std::string::String);
    impl ::std::ops::Deref for ProblemTitle {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ProblemTitle> for ::std::string::String {
        fn from(value: ProblemTitle) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ProblemTitle {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ProblemTitle {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ProblemTitle {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ProblemTitle {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A link to the explanation of this kind of problem: `/docs#problem-<code>`.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ProblemType(::std::string::String);
    impl ::std::ops::Deref for ProblemType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ProblemType> for ::std::string::String {
        fn from(value: ProblemType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ProblemType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 256usize {
                return Err("longer than 256 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ProblemType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ProblemType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ProblemType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`PublishNotificationIdempotencyKey`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct PublishNotificationIdempotencyKey(::std::string::String);
    impl ::std::ops::Deref for PublishNotificationIdempotencyKey {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<PublishNotificationIdempotencyKey>
    for ::std::string::String {
        fn from(value: PublishNotificationIdempotencyKey) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for PublishNotificationIdempotencyKey {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 255usize {
                return Err("longer than 255 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[\\x21-\\x7e]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[\\x21-\\x7e]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for PublishNotificationIdempotencyKey {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String>
    for PublishNotificationIdempotencyKey {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for PublishNotificationIdempotencyKey {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The result of one recovery call.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct RecoveredDeliveries {
        ///The number of deliveries that the call made due again. With `dryRun`, this is the number of deliveries that the call counted.
        pub count: i32,
        ///Send this `cursor` in the next call. This member is absent if there are no more deliveries.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<RecoveredDeliveriesCursor>,
    }
    impl RecoveredDeliveries {
        pub fn builder() -> builder::RecoveredDeliveries {
            Default::default()
        }
    }
    ///Send this `cursor` in the next call. This member is absent if there are no more deliveries.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct RecoveredDeliveriesCursor(::std::string::String);
    impl ::std::ops::Deref for RecoveredDeliveriesCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<RecoveredDeliveriesCursor> for ::std::string::String {
        fn from(value: RecoveredDeliveriesCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for RecoveredDeliveriesCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 32usize {
                return Err("longer than 32 characters".into());
            }
            if value.chars().count() < 32usize {
                return Err("shorter than 32 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{32}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{32}$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for RecoveredDeliveriesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for RecoveredDeliveriesCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for RecoveredDeliveriesCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`ResumeDeliveriesId`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ResumeDeliveriesId(::std::string::String);
    impl ::std::ops::Deref for ResumeDeliveriesId {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ResumeDeliveriesId> for ::std::string::String {
        fn from(value: ResumeDeliveriesId) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ResumeDeliveriesId {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 71usize {
                return Err("longer than 71 characters".into());
            }
            if value.chars().count() < 3usize {
                return Err("shorter than 3 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(all|account\\.[a-z0-9][a-z0-9_-]{0,62}|webhook\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ResumeDeliveriesId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ResumeDeliveriesId {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ResumeDeliveriesId {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The status of the service.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct ServiceStatus {
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub backlog: ::std::option::Option<Backlog>,
        ///The time when the pause of all deliveries began. This member is absent if there is no such pause.
        #[serde(
            rename = "pausedSince",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub paused_since: ::std::option::Option<
            ::chrono::DateTime<::chrono::offset::Utc>,
        >,
        ///Whether the service accepts and delivers notifications. A pause does not change this value.
        pub ready: bool,
        ///Why the service is not ready, written for people. The list is empty if the service is ready.
        pub reasons: ::std::vec::Vec<ServiceStatusReasonsItem>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub storage: ::std::option::Option<StorageStatus>,
    }
    impl ServiceStatus {
        pub fn builder() -> builder::ServiceStatus {
            Default::default()
        }
    }
    ///`ServiceStatusReasonsItem`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct ServiceStatusReasonsItem(::std::string::String);
    impl ::std::ops::Deref for ServiceStatusReasonsItem {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<ServiceStatusReasonsItem> for ::std::string::String {
        fn from(value: ServiceStatusReasonsItem) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for ServiceStatusReasonsItem {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 1024usize {
                return Err("longer than 1024 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for ServiceStatusReasonsItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ServiceStatusReasonsItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for ServiceStatusReasonsItem {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The secret with which the service signs the callbacks to a webhook.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct SigningSecret {
        ///The time until which callbacks are also signed with the previous secret. This member is absent if only one secret is valid.
        #[serde(
            rename = "previousValidUntil",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub previous_valid_until: ::std::option::Option<
            ::chrono::DateTime<::chrono::offset::Utc>,
        >,
        ///The text `whsec_`, followed by the key of the HMAC in base64. Libraries for Standard Webhooks expect this format.
        pub secret: SigningSecretSecret,
    }
    impl SigningSecret {
        pub fn builder() -> builder::SigningSecret {
            Default::default()
        }
    }
    ///The options of a rotation, which replaces the signing secret by a new secret.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct SigningSecretRotation {
        ///The number of seconds for which the previous secret stays valid after the rotation. If someone else may know the previous secret, send 0. The previous secret then becomes invalid at once.
        #[serde(
            rename = "overlapSeconds",
            default = "defaults::default_u64::<i32, 86400>"
        )]
        pub overlap_seconds: i32,
    }
    impl ::std::default::Default for SigningSecretRotation {
        fn default() -> Self {
            Self {
                overlap_seconds: defaults::default_u64::<i32, 86400>(),
            }
        }
    }
    impl SigningSecretRotation {
        pub fn builder() -> builder::SigningSecretRotation {
            Default::default()
        }
    }
    ///The text `whsec_`, followed by the key of the HMAC in base64. Libraries for Standard Webhooks expect this format.
    #[derive(::serde::Serialize, Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct SigningSecretSecret(::std::string::String);
    impl ::std::fmt::Debug for SigningSecretSecret {
        fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            formatter.write_str("[redacted]")
        }
    }
    impl ::std::ops::Deref for SigningSecretSecret {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<SigningSecretSecret> for ::std::string::String {
        fn from(value: SigningSecretSecret) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for SigningSecretSecret {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 98usize {
                return Err("longer than 98 characters".into());
            }
            if value.chars().count() < 38usize {
                return Err("shorter than 38 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^whsec_[A-Za-z0-9+/]{32,88}={0,2}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for SigningSecretSecret {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for SigningSecretSecret {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for SigningSecretSecret {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Statistics of attempts and deliveries in a time range.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Statistics {
        pub interval: StatisticsInterval,
        ///All intervals of the range, oldest first, also those in which nothing was counted.
        pub items: ::std::vec::Vec<StatisticsItem>,
        ///The start of the first interval.
        pub since: ::chrono::DateTime<::chrono::offset::Utc>,
        pub total: StatisticsTotal,
        ///The end of the last interval.
        pub until: ::chrono::DateTime<::chrono::offset::Utc>,
    }
    impl Statistics {
        pub fn builder() -> builder::Statistics {
            Default::default()
        }
    }
    ///How often deliveries ended. A delivery that ends again after a redelivery counts again. Cancelled deliveries do not count.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct StatisticsDeliveries {
        ///The number of deliveries whose last attempt was not accepted.
        pub failed: i64,
        ///The number of deliveries that the callback server accepted.
        pub succeeded: i64,
    }
    impl StatisticsDeliveries {
        pub fn builder() -> builder::StatisticsDeliveries {
            Default::default()
        }
    }
    ///The length of an interval in minutes, hours or days. Intervals begin at multiples of their length in UTC, so `1d` begins at 00:00 UTC.
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum StatisticsInterval {
        #[serde(rename = "5m")]
        X5m,
        #[serde(rename = "15m")]
        X15m,
        #[serde(rename = "1h")]
        X1h,
        #[serde(rename = "6h")]
        X6h,
        #[serde(rename = "1d")]
        X1d,
    }
    impl ::std::fmt::Display for StatisticsInterval {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::X5m => f.write_str("5m"),
                Self::X15m => f.write_str("15m"),
                Self::X1h => f.write_str("1h"),
                Self::X6h => f.write_str("6h"),
                Self::X1d => f.write_str("1d"),
            }
        }
    }
    impl ::std::str::FromStr for StatisticsInterval {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "5m" => Ok(Self::X5m),
                "15m" => Ok(Self::X15m),
                "1h" => Ok(Self::X1h),
                "6h" => Ok(Self::X6h),
                "1d" => Ok(Self::X1d),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for StatisticsInterval {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for StatisticsInterval {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    ///The statistics of one interval.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct StatisticsItem {
        ///The number of attempts by `outcome` of an attempt. More outcomes may be added. An outcome without attempts is absent.
        pub attempts: ::std::collections::BTreeMap<::std::string::String, i64>,
        pub deliveries: StatisticsDeliveries,
        #[serde(
            rename = "durationMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub duration_ms: ::std::option::Option<StatisticsPercentiles>,
        #[serde(
            rename = "latencyMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub latency_ms: ::std::option::Option<StatisticsPercentiles>,
        ///The start of the interval.
        pub start: ::chrono::DateTime<::chrono::offset::Utc>,
    }
    impl StatisticsItem {
        pub fn builder() -> builder::StatisticsItem {
            Default::default()
        }
    }
    ///Percentiles of times in milliseconds. This member is absent if nothing was counted.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct StatisticsPercentiles {
        ///50 % of the times are not longer, in milliseconds.
        pub p50: ::std::num::NonZeroU32,
        ///95 % of the times are not longer, in milliseconds.
        pub p95: ::std::num::NonZeroU32,
        ///99 % of the times are not longer, in milliseconds.
        pub p99: ::std::num::NonZeroU32,
    }
    impl StatisticsPercentiles {
        pub fn builder() -> builder::StatisticsPercentiles {
            Default::default()
        }
    }
    ///The statistics of the whole range.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct StatisticsTotal {
        ///The number of attempts by `outcome` of an attempt. More outcomes may be added. An outcome without attempts is absent.
        pub attempts: ::std::collections::BTreeMap<::std::string::String, i64>,
        pub deliveries: StatisticsDeliveries,
        #[serde(
            rename = "durationMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub duration_ms: ::std::option::Option<StatisticsPercentiles>,
        #[serde(
            rename = "latencyMs",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub latency_ms: ::std::option::Option<StatisticsPercentiles>,
    }
    impl StatisticsTotal {
        pub fn builder() -> builder::StatisticsTotal {
            Default::default()
        }
    }
    ///The storage. This member is absent if the storage cannot be read.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct StorageStatus {
        ///The free space on the disk of the database in bytes. This member is absent if the service does not watch the disk.
        #[serde(
            rename = "diskFreeBytes",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub disk_free_bytes: ::std::option::Option<i64>,
        ///Whether the storage is full. Then the service refuses new data.
        pub full: bool,
        ///The limit of `usedBytes`. 0 means no limit.
        #[serde(rename = "maxBytes")]
        pub max_bytes: i64,
        ///The size of the database in bytes, without its log.
        #[serde(rename = "usedBytes")]
        pub used_bytes: i64,
    }
    impl StorageStatus {
        pub fn builder() -> builder::StorageStatus {
            Default::default()
        }
    }
    ///`TestWebhookType`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct TestWebhookType(::std::string::String);
    impl ::std::ops::Deref for TestWebhookType {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<TestWebhookType> for ::std::string::String {
        fn from(value: TestWebhookType) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for TestWebhookType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 128usize {
                return Err("longer than 128 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for TestWebhookType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for TestWebhookType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for TestWebhookType {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Why a pending delivery waits. A pending delivery has this member, except from shortly before an attempt begins until the outcome of the attempt is recorded. Each node knows the limits of its own attempts. So if the service has several nodes, `recovering`, `host_limit` and `capacity` are what the node that responds has seen. If it has seen nothing, the reason is `first_attempt` or `retry`. All other reasons are the same on each node.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct WaitingFor {
        ///One sentence for people: what the delivery waits for, and what to do.
        pub explanation: WaitingForExplanation,
        ///A relative URL of the documentation page that explains the reason and what to do.
        pub help: WaitingForHelp,
        #[serde(
            rename = "precedingDelivery",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub preceding_delivery: ::std::option::Option<PrecedingDelivery>,
        ///Why no attempt is in progress. More values may be added. `first_attempt`: no attempt has been made since the delivery was created or made due again, and the next attempt begins as soon as possible; there is nothing to do. `retry`: the last attempt failed, and the retry schedule sets the time of the next attempt; repair the callback server, and use redeliver if the delivery must not wait. `retry_after`: the callback server responded with 429 or 503 and `Retry-After`, so no attempt to the webhook begins before that time; let the callback server accept more requests, or update the webhook to end the wait. `rate_limit`: the webhook gets as many deliveries per second as its `maxPerSecond` allows; raise `maxPerSecond` if the callback server can accept more. `preceding_delivery`: the webhook is ordered, and `precedingDelivery` has not ended; find out why that delivery waits or fails, and cancel it if the other deliveries must not wait for it. `recovering`: several attempts to the webhook failed, or a wait for `Retry-After` has ended, so only single deliveries are attempted until attempts succeed; look at the last attempts of the webhook, and repair the callback server. `host_limit`: the host of the callback server or token server has not accepted enough callbacks yet, so it gets few attempts at a time; accept the callbacks, because each accepted callback raises the limit. `pause`: the operator of the service has paused deliveries; ask the operator when the pause ends, if it is too long. `capacity`: the webhook, its account or the service has as many attempts in progress as allowed; let the callback server respond sooner, because slow responses are the usual cause. `quarantine`: the server process ended repeatedly during attempts of the delivery, so the delivery is attempted alone; report the case to the operator of the service if the delivery fails.
        pub reason: crate::WaitingReason,
        ///The time since which the delivery waits for this reason. It is at the earliest the time when the delivery was created or made due again, or when its last attempt ended.
        pub since: ::chrono::DateTime<::chrono::offset::Utc>,
        ///The time when this reason ends, if the service knows it. The next attempt can begin later, because other deliveries of the webhook may come first. It can begin sooner if the delivery is redelivered or the webhook is updated.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub until: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
    }
    impl WaitingFor {
        pub fn builder() -> builder::WaitingFor {
            Default::default()
        }
    }
    ///One sentence for people: what the delivery waits for, and what to do.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WaitingForExplanation(::std::string::String);
    impl ::std::ops::Deref for WaitingForExplanation {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WaitingForExplanation> for ::std::string::String {
        fn from(value: WaitingForExplanation) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WaitingForExplanation {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 512usize {
                return Err("longer than 512 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WaitingForExplanation {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WaitingForExplanation {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WaitingForExplanation {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A relative URL of the documentation page that explains the reason and what to do.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WaitingForHelp(::std::string::String);
    impl ::std::ops::Deref for WaitingForHelp {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WaitingForHelp> for ::std::string::String {
        fn from(value: WaitingForHelp) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WaitingForHelp {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^/docs#waiting-[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^/docs#waiting-[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WaitingForHelp {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WaitingForHelp {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WaitingForHelp {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A webhook: a registered target URL and its settings. This object contains no secrets. A member without a value is absent.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Webhook {
        ///The account that the webhook belongs to. Only platform tokens see this member.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<WebhookAccount>,
        pub auth: Auth,
        ///The time of the registration.
        #[serde(rename = "createdAt")]
        pub created_at: ::chrono::DateTime<::chrono::offset::Utc>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub deactivation: ::std::option::Option<Deactivation>,
        ///The customer's note about the webhook.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub description: ::std::option::Option<WebhookDescription>,
        ///The event types that the webhook receives. This member is absent if the webhook receives all types except the service's own types (`webhook.…`).
        #[serde(
            rename = "eventTypes",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        pub event_types: ::std::vec::Vec<WebhookEventTypesItem>,
        ///The custom headers of the callbacks. This member is absent if there are none.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        pub headers: ::std::vec::Vec<CustomHeader>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub health: ::std::option::Option<WebhookHealth>,
        ///The webhook's identifier. Send this identifier in the path of operations on this webhook.
        pub id: ::uuid::Uuid,
        ///The maximum number of callbacks per second. This member is absent if there is no limit.
        #[serde(
            rename = "maxPerSecond",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub max_per_second: ::std::option::Option<::std::num::NonZeroU32>,
        ///This member is true if notifications are delivered one at a time, in the order of publishing. Otherwise, this member is absent.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub ordered: ::std::option::Option<bool>,
        pub status: WebhookStatus,
        ///The URL that receives the callbacks, exactly as it was registered.
        #[serde(rename = "targetURL")]
        pub target_url: WebhookTargetUrl,
        ///The time of the most recent change to the webhook.
        #[serde(rename = "updatedAt")]
        pub updated_at: ::chrono::DateTime<::chrono::offset::Utc>,
    }
    impl Webhook {
        pub fn builder() -> builder::Webhook {
            Default::default()
        }
    }
    ///The account that the webhook belongs to. Only platform tokens see this member.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookAccount(::std::string::String);
    impl ::std::ops::Deref for WebhookAccount {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookAccount> for ::std::string::String {
        fn from(value: WebhookAccount) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookAccount {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 63usize {
                return Err("longer than 63 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[a-z0-9][a-z0-9_-]{0,62}$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[a-z0-9][a-z0-9_-]{0,62}$\"".into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookAccount {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookAccount {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Activates a webhook.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct WebhookActivation {
        ///The new status.
        pub status: WebhookActivationStatus,
    }
    impl WebhookActivation {
        pub fn builder() -> builder::WebhookActivation {
            Default::default()
        }
    }
    ///The new status.
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum WebhookActivationStatus {
        #[serde(rename = "active")]
        Active,
    }
    impl ::std::fmt::Display for WebhookActivationStatus {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Active => f.write_str("active"),
            }
        }
    }
    impl ::std::str::FromStr for WebhookActivationStatus {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "active" => Ok(Self::Active),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookActivationStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookActivationStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    ///Deactivates a webhook.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct WebhookDeactivation {
        ///The new status.
        pub status: WebhookDeactivationStatus,
    }
    impl WebhookDeactivation {
        pub fn builder() -> builder::WebhookDeactivation {
            Default::default()
        }
    }
    ///The new status.
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum WebhookDeactivationStatus {
        #[serde(rename = "deactivated")]
        Deactivated,
    }
    impl ::std::fmt::Display for WebhookDeactivationStatus {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Deactivated => f.write_str("deactivated"),
            }
        }
    }
    impl ::std::str::FromStr for WebhookDeactivationStatus {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "deactivated" => Ok(Self::Deactivated),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookDeactivationStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookDeactivationStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    ///The customer's note about the webhook.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookDescription(::std::string::String);
    impl ::std::ops::Deref for WebhookDescription {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookDescription> for ::std::string::String {
        fn from(value: WebhookDescription) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookDescription {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 512usize {
                return Err("longer than 512 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new("^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$")
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookDescription {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`WebhookEventTypesItem`
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookEventTypesItem(::std::string::String);
    impl ::std::ops::Deref for WebhookEventTypesItem {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookEventTypesItem> for ::std::string::String {
        fn from(value: WebhookEventTypesItem) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookEventTypesItem {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 130usize {
                return Err("longer than 130 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new("^(\\*|[a-z0-9_-]+(\\.[a-z0-9_-]+)*(\\.\\*)?)$")
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(\\*|[a-z0-9_-]+(\\.[a-z0-9_-]+)*(\\.\\*)?)$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookEventTypesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookEventTypesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookEventTypesItem {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The last failed attempt of the webhook. The member `lastFailure` is absent if no attempt has failed for as long as the service keeps its statistics.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct WebhookFailure {
        ///The time at which the attempt ended.
        pub at: ::chrono::DateTime<::chrono::offset::Utc>,
        ///What happened, and what the owner of the callback server can do: the explanation of the `outcome`. This member is absent if this version of the service cannot explain the outcome.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub explanation: ::std::option::Option<WebhookFailureExplanation>,
        ///A link to the explanation of the outcome on the documentation page. This member is absent if this version of the service cannot explain the outcome.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub help: ::std::option::Option<WebhookFailureHelp>,
        ///The `outcome` of the attempt.
        pub outcome: crate::Outcome,
        ///The HTTP status code of the response. This member is absent if there was no response.
        #[serde(
            rename = "statusCode",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub status_code: ::std::option::Option<i32>,
    }
    impl WebhookFailure {
        pub fn builder() -> builder::WebhookFailure {
            Default::default()
        }
    }
    ///What happened, and what the owner of the callback server can do: the explanation of the `outcome`. This member is absent if this version of the service cannot explain the outcome.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookFailureExplanation(::std::string::String);
    impl ::std::ops::Deref for WebhookFailureExplanation {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookFailureExplanation> for ::std::string::String {
        fn from(value: WebhookFailureExplanation) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookFailureExplanation {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 512usize {
                return Err("longer than 512 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[\\x20-\\x7e]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[\\x20-\\x7e]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookFailureExplanation {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookFailureExplanation {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookFailureExplanation {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A link to the explanation of the outcome on the documentation page. This member is absent if this version of the service cannot explain the outcome.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookFailureHelp(::std::string::String);
    impl ::std::ops::Deref for WebhookFailureHelp {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookFailureHelp> for ::std::string::String {
        fn from(value: WebhookFailureHelp) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookFailureHelp {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 64usize {
                return Err("longer than 64 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^/docs#outcome-[a-z_]+$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^/docs#outcome-[a-z_]+$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookFailureHelp {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookFailureHelp {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookFailureHelp {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///Whether the webhook works now. Only getWebhook and listWebhooks return this member. The times and numbers come from the attempts of all servers of the service. Tests and handshakes do not count.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct WebhookHealth {
        ///The number of pending deliveries. The service counts at most 1,000 of them, so 1000 means 1,000 or more.
        pub backlog: i32,
        ///The number of attempts that have failed since the last success. An activation and a new `targetURL` restart the count at 0. The number is 0 for a deactivated webhook.
        #[serde(rename = "consecutiveFailures")]
        pub consecutive_failures: i32,
        #[serde(
            rename = "lastFailure",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub last_failure: ::std::option::Option<WebhookFailure>,
        ///The time at which the last accepted attempt ended. This member is absent if the webhook has accepted nothing for as long as the service keeps its statistics.
        #[serde(
            rename = "lastSuccessAt",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub last_success_at: ::std::option::Option<
            ::chrono::DateTime<::chrono::offset::Utc>,
        >,
        ///The time at which the state began. For `failing`, it is the time when the first failed attempt since the last success ended; the duration of a pause does not count. This member is absent for `healthy`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub since: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
        ///The state of the webhook. If several states apply, it is the first of them in this list. More values may be added. `deactivated`: the webhook receives no notifications; `deactivation` has the reason. `paused`: the operator has paused the deliveries of the webhook, of its account, or of all accounts. `failing`: the last five attempts, or more, have failed. `healthy`: the webhook is none of these.
        pub state: crate::HealthState,
    }
    impl WebhookHealth {
        pub fn builder() -> builder::WebhookHealth {
            Default::default()
        }
    }
    ///A state of the `health` of a webhook.
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum WebhookHealthState {
        #[serde(rename = "healthy")]
        Healthy,
        #[serde(rename = "failing")]
        Failing,
        #[serde(rename = "paused")]
        Paused,
        #[serde(rename = "deactivated")]
        Deactivated,
    }
    impl ::std::fmt::Display for WebhookHealthState {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Healthy => f.write_str("healthy"),
                Self::Failing => f.write_str("failing"),
                Self::Paused => f.write_str("paused"),
                Self::Deactivated => f.write_str("deactivated"),
            }
        }
    }
    impl ::std::str::FromStr for WebhookHealthState {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "healthy" => Ok(Self::Healthy),
                "failing" => Ok(Self::Failing),
                "paused" => Ok(Self::Paused),
                "deactivated" => Ok(Self::Deactivated),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookHealthState {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookHealthState {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    ///A page of webhooks.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct WebhookPage {
        ///Send this cursor to get the next page. This member is absent on the last page.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub cursor: ::std::option::Option<WebhookPageCursor>,
        ///The webhooks, newest first.
        pub data: ::std::vec::Vec<Webhook>,
    }
    impl WebhookPage {
        pub fn builder() -> builder::WebhookPage {
            Default::default()
        }
    }
    ///Send this cursor to get the next page. This member is absent on the last page.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookPageCursor(::std::string::String);
    impl ::std::ops::Deref for WebhookPageCursor {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookPageCursor> for ::std::string::String {
        fn from(value: WebhookPageCursor) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookPageCursor {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 22usize {
                return Err("longer than 22 characters".into());
            }
            if value.chars().count() < 22usize {
                return Err("shorter than 22 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            { ::regress::Regex::new("^[A-Za-z0-9_-]{21}[AQgw]$").unwrap() });
            if PATTERN.find(value).is_none() {
                return Err("doesn't match pattern \"^[A-Za-z0-9_-]{21}[AQgw]$\"".into());
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookPageCursor {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookPageCursor {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///A new webhook.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct WebhookRegistration {
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub auth: ::std::option::Option<AuthInput>,
        ///A note for your own use.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub description: ::std::option::Option<WebhookRegistrationDescription>,
        ///The event types that the webhook receives. `catalog.purchase.closed` means only this type. `catalog.*` means every type that begins with `catalog.`, but not the type `catalog`. If this member is absent or `["*"]`, the webhook receives all types except the service's own types (`webhook.…`). To receive the service's own types too, send `["*", "webhook.*"]`. Notifications of the service's own types report on the account's other webhooks. The description of the callback `notification` explains these types. If the operator has a catalogue, each item must match a type in the catalogue, or one of the service's own types.
        #[serde(
            rename = "eventTypes",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        pub event_types: ::std::vec::Vec<WebhookRegistrationEventTypesItem>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub headers: ::std::option::Option<CustomHeaderInputs>,
        ///The maximum number of callbacks per second. The service distributes the callbacks evenly over each second. The service sends at most a tenth of the maximum number at the same moment. If a tenth is less than one, the service sends only one callback at the same moment. A callback that exceeds the limit is sent later, and the delay does not count as an attempt. If this member is absent, there is no limit.
        #[serde(
            rename = "maxPerSecond",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub max_per_second: ::std::option::Option<::std::num::NonZeroU32>,
        ///If true, the service delivers notifications one at a time, in the order of publishing. If an attempt fails, all later notifications wait until the delivery has succeeded or failed. An ordered webhook receives fewer notifications per second than other webhooks. The default is false.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub ordered: ::std::option::Option<bool>,
        ///The absolute `https` URL of the callback server, without a user name, a password or a fragment. The service requests the path and the query exactly as they are written, so the path must not have `.` or `..` as a segment, also not as `%2e`. The service refuses addresses of private networks, and by default every port except 443 and 1024 to 65535. The operator can change both. The service looks up the host name when it sends a callback, not at registration.
        #[serde(rename = "targetURL")]
        pub target_url: WebhookRegistrationTargetUrl,
    }
    impl WebhookRegistration {
        pub fn builder() -> builder::WebhookRegistration {
            Default::default()
        }
    }
    ///A note for your own use.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookRegistrationDescription(::std::string::String);
    impl ::std::ops::Deref for WebhookRegistrationDescription {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookRegistrationDescription> for ::std::string::String {
        fn from(value: WebhookRegistrationDescription) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookRegistrationDescription {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 512usize {
                return Err("longer than 512 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new("^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$")
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookRegistrationDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String>
    for WebhookRegistrationDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookRegistrationDescription {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///One event type (`a.b`), all types that begin with a prefix (`a.*`), or all types (`*`). `*` does not include the service's own types (`webhook.…`).
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookRegistrationEventTypesItem(::std::string::String);
    impl ::std::ops::Deref for WebhookRegistrationEventTypesItem {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookRegistrationEventTypesItem>
    for ::std::string::String {
        fn from(value: WebhookRegistrationEventTypesItem) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookRegistrationEventTypesItem {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 130usize {
                return Err("longer than 130 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new("^(\\*|[a-z0-9_-]+(\\.[a-z0-9_-]+)*(\\.\\*)?)$")
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(\\*|[a-z0-9_-]+(\\.[a-z0-9_-]+)*(\\.\\*)?)$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookRegistrationEventTypesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String>
    for WebhookRegistrationEventTypesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookRegistrationEventTypesItem {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The absolute `https` URL of the callback server, without a user name, a password or a fragment. The service requests the path and the query exactly as they are written, so the path must not have `.` or `..` as a segment, also not as `%2e`. The service refuses addresses of private networks, and by default every port except 443 and 1024 to 65535. The operator can change both. The service looks up the host name when it sends a callback, not at registration.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookRegistrationTargetUrl(::std::string::String);
    impl ::std::ops::Deref for WebhookRegistrationTargetUrl {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookRegistrationTargetUrl> for ::std::string::String {
        fn from(value: WebhookRegistrationTargetUrl) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookRegistrationTargetUrl {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 2048usize {
                return Err("longer than 2048 characters".into());
            }
            if value.chars().count() < 9usize {
                return Err("shorter than 9 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookRegistrationTargetUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String>
    for WebhookRegistrationTargetUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookRegistrationTargetUrl {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///`active`: the webhook receives notifications. `deactivated`: the webhook receives no notifications.
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum WebhookStatus {
        #[serde(rename = "active")]
        Active,
        #[serde(rename = "deactivated")]
        Deactivated,
    }
    impl ::std::fmt::Display for WebhookStatus {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Active => f.write_str("active"),
                Self::Deactivated => f.write_str("deactivated"),
            }
        }
    }
    impl ::std::str::FromStr for WebhookStatus {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "active" => Ok(Self::Active),
                "deactivated" => Ok(Self::Deactivated),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookStatus {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    ///The URL that receives the callbacks, exactly as it was registered.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookTargetUrl(::std::string::String);
    impl ::std::ops::Deref for WebhookTargetUrl {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookTargetUrl> for ::std::string::String {
        fn from(value: WebhookTargetUrl) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookTargetUrl {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 2048usize {
                return Err("longer than 2048 characters".into());
            }
            if value.chars().count() < 9usize {
                return Err("shorter than 9 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookTargetUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookTargetUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookTargetUrl {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The changes to a webhook. A member that the update does not contain keeps its value. If the update contains `auth` or `headers`, the new value replaces the whole old value. An empty list in `headers` removes all headers.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    #[serde(deny_unknown_fields)]
    pub struct WebhookUpdate {
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub auth: ::std::option::Option<AuthInput>,
        ///The new note. An empty string removes the current note.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub description: ::std::option::Option<WebhookUpdateDescription>,
        ///The new event types. `["*"]` means all types except the service's own types (`webhook.…`).
        #[serde(
            rename = "eventTypes",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        pub event_types: ::std::vec::Vec<WebhookUpdateEventTypesItem>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub headers: ::std::option::Option<CustomHeaderInputs>,
        ///The new maximum number of callbacks per second. 0 removes the limit.
        #[serde(
            rename = "maxPerSecond",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub max_per_second: ::std::option::Option<i32>,
        ///If true, the service delivers notifications one at a time, in the order of publishing. This applies to notifications that are published after the update.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub ordered: ::std::option::Option<bool>,
        ///The new target URL. If the scheme, host or port changes, the same update must contain the credentials again. In this case, send `auth` if the webhook has authentication, and send `headers` if the webhook has custom headers.
        #[serde(
            rename = "targetURL",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub target_url: ::std::option::Option<WebhookUpdateTargetUrl>,
    }
    impl WebhookUpdate {
        pub fn builder() -> builder::WebhookUpdate {
            Default::default()
        }
    }
    ///The new note. An empty string removes the current note.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookUpdateDescription(::std::string::String);
    impl ::std::ops::Deref for WebhookUpdateDescription {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookUpdateDescription> for ::std::string::String {
        fn from(value: WebhookUpdateDescription) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookUpdateDescription {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 512usize {
                return Err("longer than 512 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new("^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$")
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookUpdateDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookUpdateDescription {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookUpdateDescription {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///One event type (`a.b`), all types that begin with a prefix (`a.*`), or all types (`*`). `*` does not include the service's own types (`webhook.…`).
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookUpdateEventTypesItem(::std::string::String);
    impl ::std::ops::Deref for WebhookUpdateEventTypesItem {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookUpdateEventTypesItem> for ::std::string::String {
        fn from(value: WebhookUpdateEventTypesItem) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookUpdateEventTypesItem {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 130usize {
                return Err("longer than 130 characters".into());
            }
            if value.chars().count() < 1usize {
                return Err("shorter than 1 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new("^(\\*|[a-z0-9_-]+(\\.[a-z0-9_-]+)*(\\.\\*)?)$")
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^(\\*|[a-z0-9_-]+(\\.[a-z0-9_-]+)*(\\.\\*)?)$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookUpdateEventTypesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookUpdateEventTypesItem {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookUpdateEventTypesItem {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    ///The new target URL. If the scheme, host or port changes, the same update must contain the credentials again. In this case, send `auth` if the webhook has authentication, and send `headers` if the webhook has custom headers.
    #[derive(::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    #[serde(transparent)]
    pub struct WebhookUpdateTargetUrl(::std::string::String);
    impl ::std::ops::Deref for WebhookUpdateTargetUrl {
        type Target = ::std::string::String;
        fn deref(&self) -> &::std::string::String {
            &self.0
        }
    }
    impl ::std::convert::From<WebhookUpdateTargetUrl> for ::std::string::String {
        fn from(value: WebhookUpdateTargetUrl) -> Self {
            value.0
        }
    }
    impl ::std::str::FromStr for WebhookUpdateTargetUrl {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            if value.chars().count() > 2048usize {
                return Err("longer than 2048 characters".into());
            }
            if value.chars().count() < 9usize {
                return Err("shorter than 9 characters".into());
            }
            static PATTERN: ::std::sync::LazyLock<::regress::Regex> = ::std::sync::LazyLock::new(||
            {
                ::regress::Regex::new(
                        "^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$",
                    )
                    .unwrap()
            });
            if PATTERN.find(value).is_none() {
                return Err(
                    "doesn't match pattern \"^[Hh][Tt][Tt][Pp][Ss]://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\\x21\\x24-\\x3b\\x3d\\x40-\\x5b\\x5d\\x5f\\x61-\\x7a\\x7c\\x7e]*)?(\\?[\\x21\\x24-\\x26\\x28-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x7e]*)?$\""
                        .into(),
                );
            }
            Ok(Self(value.to_string()))
        }
    }
    impl ::std::convert::TryFrom<&str> for WebhookUpdateTargetUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for WebhookUpdateTargetUrl {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl<'de> ::serde::Deserialize<'de> for WebhookUpdateTargetUrl {
        fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
        where
            D: ::serde::Deserializer<'de>,
        {
            ::std::string::String::deserialize(deserializer)?
                .parse()
                .map_err(|e: self::error::ConversionError| {
                    <D::Error as ::serde::de::Error>::custom(e.to_string())
                })
        }
    }
    /// Types for composing complex structures.
    pub mod builder {
        #[derive(Clone, Debug)]
        pub struct AccountPage {
            counted_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            cursor: ::std::result::Result<
                ::std::option::Option<super::AccountPageCursor>,
                ::std::string::String,
            >,
            data: ::std::result::Result<
                ::std::vec::Vec<super::AccountSummary>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for AccountPage {
            fn default() -> Self {
                Self {
                    counted_at: Err("no value supplied for counted_at".to_string()),
                    cursor: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                }
            }
        }
        impl AccountPage {
            pub fn counted_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.counted_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for counted_at: {e}")
                    });
                self
            }
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AccountPageCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::AccountSummary>>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AccountPage> for super::AccountPage {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AccountPage,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    counted_at: value.counted_at?,
                    cursor: value.cursor?,
                    data: value.data?,
                })
            }
        }
        impl ::std::convert::From<super::AccountPage> for AccountPage {
            fn from(value: super::AccountPage) -> Self {
                Self {
                    counted_at: Ok(value.counted_at),
                    cursor: Ok(value.cursor),
                    data: Ok(value.data),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct AccountSummary {
            account: ::std::result::Result<
                super::AccountSummaryAccount,
                ::std::string::String,
            >,
            active_webhook_count: ::std::result::Result<i64, ::std::string::String>,
            deactivated_webhook_count: ::std::result::Result<i64, ::std::string::String>,
            failing_webhook_count: ::std::result::Result<
                ::std::option::Option<i64>,
                ::std::string::String,
            >,
            paused_webhook_count: ::std::result::Result<
                ::std::option::Option<i64>,
                ::std::string::String,
            >,
            pending_delivery_count: ::std::result::Result<i64, ::std::string::String>,
        }
        impl ::std::default::Default for AccountSummary {
            fn default() -> Self {
                Self {
                    account: Err("no value supplied for account".to_string()),
                    active_webhook_count: Err(
                        "no value supplied for active_webhook_count".to_string(),
                    ),
                    deactivated_webhook_count: Err(
                        "no value supplied for deactivated_webhook_count".to_string(),
                    ),
                    failing_webhook_count: Ok(Default::default()),
                    paused_webhook_count: Ok(Default::default()),
                    pending_delivery_count: Err(
                        "no value supplied for pending_delivery_count".to_string(),
                    ),
                }
            }
        }
        impl AccountSummary {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AccountSummaryAccount>,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn active_webhook_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.active_webhook_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for active_webhook_count: {e}"
                        )
                    });
                self
            }
            pub fn deactivated_webhook_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.deactivated_webhook_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for deactivated_webhook_count: {e}"
                        )
                    });
                self
            }
            pub fn failing_webhook_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i64>>,
                T::Error: ::std::fmt::Display,
            {
                self.failing_webhook_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for failing_webhook_count: {e}"
                        )
                    });
                self
            }
            pub fn paused_webhook_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i64>>,
                T::Error: ::std::fmt::Display,
            {
                self.paused_webhook_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for paused_webhook_count: {e}"
                        )
                    });
                self
            }
            pub fn pending_delivery_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.pending_delivery_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for pending_delivery_count: {e}"
                        )
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AccountSummary> for super::AccountSummary {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AccountSummary,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    active_webhook_count: value.active_webhook_count?,
                    deactivated_webhook_count: value.deactivated_webhook_count?,
                    failing_webhook_count: value.failing_webhook_count?,
                    paused_webhook_count: value.paused_webhook_count?,
                    pending_delivery_count: value.pending_delivery_count?,
                })
            }
        }
        impl ::std::convert::From<super::AccountSummary> for AccountSummary {
            fn from(value: super::AccountSummary) -> Self {
                Self {
                    account: Ok(value.account),
                    active_webhook_count: Ok(value.active_webhook_count),
                    deactivated_webhook_count: Ok(value.deactivated_webhook_count),
                    failing_webhook_count: Ok(value.failing_webhook_count),
                    paused_webhook_count: Ok(value.paused_webhook_count),
                    pending_delivery_count: Ok(value.pending_delivery_count),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Attempt {
            connection: ::std::result::Result<
                ::std::option::Option<super::AttemptConnection>,
                ::std::string::String,
            >,
            duration_ms: ::std::result::Result<i32, ::std::string::String>,
            error: ::std::result::Result<
                ::std::option::Option<super::AttemptError>,
                ::std::string::String,
            >,
            help: ::std::result::Result<
                ::std::option::Option<super::AttemptHelp>,
                ::std::string::String,
            >,
            number: ::std::result::Result<::std::num::NonZeroU32, ::std::string::String>,
            outcome: ::std::result::Result<crate::Outcome, ::std::string::String>,
            request: ::std::result::Result<
                ::std::option::Option<super::AttemptRequest>,
                ::std::string::String,
            >,
            response_body: ::std::result::Result<
                ::std::option::Option<super::AttemptResponseBody>,
                ::std::string::String,
            >,
            response_headers: ::std::result::Result<
                ::std::vec::Vec<super::HeaderField>,
                ::std::string::String,
            >,
            started_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            status_code: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            timings: ::std::result::Result<
                ::std::option::Option<super::AttemptTimings>,
                ::std::string::String,
            >,
            truncated: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Attempt {
            fn default() -> Self {
                Self {
                    connection: Ok(Default::default()),
                    duration_ms: Err("no value supplied for duration_ms".to_string()),
                    error: Ok(Default::default()),
                    help: Ok(Default::default()),
                    number: Err("no value supplied for number".to_string()),
                    outcome: Err("no value supplied for outcome".to_string()),
                    request: Ok(Default::default()),
                    response_body: Ok(Default::default()),
                    response_headers: Ok(Default::default()),
                    started_at: Err("no value supplied for started_at".to_string()),
                    status_code: Ok(Default::default()),
                    timings: Ok(Default::default()),
                    truncated: Ok(Default::default()),
                }
            }
        }
        impl Attempt {
            pub fn connection<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AttemptConnection>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.connection = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for connection: {e}")
                    });
                self
            }
            pub fn duration_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.duration_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for duration_ms: {e}")
                    });
                self
            }
            pub fn error<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::AttemptError>>,
                T::Error: ::std::fmt::Display,
            {
                self.error = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for error: {e}")
                    });
                self
            }
            pub fn help<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::AttemptHelp>>,
                T::Error: ::std::fmt::Display,
            {
                self.help = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for help: {e}")
                    });
                self
            }
            pub fn number<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::num::NonZeroU32>,
                T::Error: ::std::fmt::Display,
            {
                self.number = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for number: {e}")
                    });
                self
            }
            pub fn outcome<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Outcome>,
                T::Error: ::std::fmt::Display,
            {
                self.outcome = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for outcome: {e}")
                    });
                self
            }
            pub fn request<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::AttemptRequest>>,
                T::Error: ::std::fmt::Display,
            {
                self.request = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for request: {e}")
                    });
                self
            }
            pub fn response_body<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AttemptResponseBody>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.response_body = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for response_body: {e}")
                    });
                self
            }
            pub fn response_headers<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::HeaderField>>,
                T::Error: ::std::fmt::Display,
            {
                self.response_headers = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for response_headers: {e}"
                        )
                    });
                self
            }
            pub fn started_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.started_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for started_at: {e}")
                    });
                self
            }
            pub fn status_code<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.status_code = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status_code: {e}")
                    });
                self
            }
            pub fn timings<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::AttemptTimings>>,
                T::Error: ::std::fmt::Display,
            {
                self.timings = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for timings: {e}")
                    });
                self
            }
            pub fn truncated<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.truncated = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for truncated: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Attempt> for super::Attempt {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Attempt,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    connection: value.connection?,
                    duration_ms: value.duration_ms?,
                    error: value.error?,
                    help: value.help?,
                    number: value.number?,
                    outcome: value.outcome?,
                    request: value.request?,
                    response_body: value.response_body?,
                    response_headers: value.response_headers?,
                    started_at: value.started_at?,
                    status_code: value.status_code?,
                    timings: value.timings?,
                    truncated: value.truncated?,
                })
            }
        }
        impl ::std::convert::From<super::Attempt> for Attempt {
            fn from(value: super::Attempt) -> Self {
                Self {
                    connection: Ok(value.connection),
                    duration_ms: Ok(value.duration_ms),
                    error: Ok(value.error),
                    help: Ok(value.help),
                    number: Ok(value.number),
                    outcome: Ok(value.outcome),
                    request: Ok(value.request),
                    response_body: Ok(value.response_body),
                    response_headers: Ok(value.response_headers),
                    started_at: Ok(value.started_at),
                    status_code: Ok(value.status_code),
                    timings: Ok(value.timings),
                    truncated: Ok(value.truncated),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct AttemptConnection {
            http_version: ::std::result::Result<
                ::std::option::Option<super::AttemptConnectionHttpVersion>,
                ::std::string::String,
            >,
            remote_address: ::std::result::Result<
                super::AttemptConnectionRemoteAddress,
                ::std::string::String,
            >,
            request_repeated: ::std::result::Result<bool, ::std::string::String>,
            reused: ::std::result::Result<bool, ::std::string::String>,
            tls_version: ::std::result::Result<
                ::std::option::Option<super::AttemptConnectionTlsVersion>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for AttemptConnection {
            fn default() -> Self {
                Self {
                    http_version: Ok(Default::default()),
                    remote_address: Err(
                        "no value supplied for remote_address".to_string(),
                    ),
                    request_repeated: Err(
                        "no value supplied for request_repeated".to_string(),
                    ),
                    reused: Err("no value supplied for reused".to_string()),
                    tls_version: Ok(Default::default()),
                }
            }
        }
        impl AttemptConnection {
            pub fn http_version<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AttemptConnectionHttpVersion>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.http_version = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for http_version: {e}")
                    });
                self
            }
            pub fn remote_address<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AttemptConnectionRemoteAddress>,
                T::Error: ::std::fmt::Display,
            {
                self.remote_address = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for remote_address: {e}"
                        )
                    });
                self
            }
            pub fn request_repeated<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<bool>,
                T::Error: ::std::fmt::Display,
            {
                self.request_repeated = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for request_repeated: {e}"
                        )
                    });
                self
            }
            pub fn reused<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<bool>,
                T::Error: ::std::fmt::Display,
            {
                self.reused = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for reused: {e}")
                    });
                self
            }
            pub fn tls_version<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AttemptConnectionTlsVersion>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.tls_version = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for tls_version: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AttemptConnection> for super::AttemptConnection {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AttemptConnection,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    http_version: value.http_version?,
                    remote_address: value.remote_address?,
                    request_repeated: value.request_repeated?,
                    reused: value.reused?,
                    tls_version: value.tls_version?,
                })
            }
        }
        impl ::std::convert::From<super::AttemptConnection> for AttemptConnection {
            fn from(value: super::AttemptConnection) -> Self {
                Self {
                    http_version: Ok(value.http_version),
                    remote_address: Ok(value.remote_address),
                    request_repeated: Ok(value.request_repeated),
                    reused: Ok(value.reused),
                    tls_version: Ok(value.tls_version),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct AttemptRequest {
            body: ::std::result::Result<
                ::std::option::Option<super::AttemptRequestBody>,
                ::std::string::String,
            >,
            headers: ::std::result::Result<
                ::std::vec::Vec<super::HeaderField>,
                ::std::string::String,
            >,
            url: ::std::result::Result<super::AttemptRequestUrl, ::std::string::String>,
        }
        impl ::std::default::Default for AttemptRequest {
            fn default() -> Self {
                Self {
                    body: Ok(Default::default()),
                    headers: Err("no value supplied for headers".to_string()),
                    url: Err("no value supplied for url".to_string()),
                }
            }
        }
        impl AttemptRequest {
            pub fn body<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AttemptRequestBody>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.body = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for body: {e}")
                    });
                self
            }
            pub fn headers<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::HeaderField>>,
                T::Error: ::std::fmt::Display,
            {
                self.headers = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for headers: {e}")
                    });
                self
            }
            pub fn url<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AttemptRequestUrl>,
                T::Error: ::std::fmt::Display,
            {
                self.url = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for url: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AttemptRequest> for super::AttemptRequest {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AttemptRequest,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    body: value.body?,
                    headers: value.headers?,
                    url: value.url?,
                })
            }
        }
        impl ::std::convert::From<super::AttemptRequest> for AttemptRequest {
            fn from(value: super::AttemptRequest) -> Self {
                Self {
                    body: Ok(value.body),
                    headers: Ok(value.headers),
                    url: Ok(value.url),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct AttemptTimings {
            connect_ms: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            first_byte_ms: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            name_lookup_ms: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            tls_handshake_ms: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            token_request_ms: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for AttemptTimings {
            fn default() -> Self {
                Self {
                    connect_ms: Ok(Default::default()),
                    first_byte_ms: Ok(Default::default()),
                    name_lookup_ms: Ok(Default::default()),
                    tls_handshake_ms: Ok(Default::default()),
                    token_request_ms: Ok(Default::default()),
                }
            }
        }
        impl AttemptTimings {
            pub fn connect_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.connect_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for connect_ms: {e}")
                    });
                self
            }
            pub fn first_byte_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.first_byte_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for first_byte_ms: {e}")
                    });
                self
            }
            pub fn name_lookup_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.name_lookup_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for name_lookup_ms: {e}"
                        )
                    });
                self
            }
            pub fn tls_handshake_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.tls_handshake_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for tls_handshake_ms: {e}"
                        )
                    });
                self
            }
            pub fn token_request_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.token_request_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for token_request_ms: {e}"
                        )
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AttemptTimings> for super::AttemptTimings {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AttemptTimings,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    connect_ms: value.connect_ms?,
                    first_byte_ms: value.first_byte_ms?,
                    name_lookup_ms: value.name_lookup_ms?,
                    tls_handshake_ms: value.tls_handshake_ms?,
                    token_request_ms: value.token_request_ms?,
                })
            }
        }
        impl ::std::convert::From<super::AttemptTimings> for AttemptTimings {
            fn from(value: super::AttemptTimings) -> Self {
                Self {
                    connect_ms: Ok(value.connect_ms),
                    first_byte_ms: Ok(value.first_byte_ms),
                    name_lookup_ms: Ok(value.name_lookup_ms),
                    tls_handshake_ms: Ok(value.tls_handshake_ms),
                    token_request_ms: Ok(value.token_request_ms),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct AuditEvent {
            account: ::std::result::Result<
                ::std::option::Option<super::AuditEventAccount>,
                ::std::string::String,
            >,
            action: ::std::result::Result<
                super::AuditEventAction,
                ::std::string::String,
            >,
            actor: ::std::result::Result<super::AuditEventActor, ::std::string::String>,
            address: ::std::result::Result<
                ::std::option::Option<super::AuditEventAddress>,
                ::std::string::String,
            >,
            at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            count: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            first_at: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
            object: ::std::result::Result<
                ::std::option::Option<super::AuditEventObject>,
                ::std::string::String,
            >,
            reason: ::std::result::Result<
                ::std::option::Option<super::AuditEventReason>,
                ::std::string::String,
            >,
            request_id: ::std::result::Result<
                ::std::option::Option<::uuid::Uuid>,
                ::std::string::String,
            >,
            result: ::std::result::Result<
                super::AuditEventResult,
                ::std::string::String,
            >,
            token_id: ::std::result::Result<
                ::std::option::Option<::uuid::Uuid>,
                ::std::string::String,
            >,
            user: ::std::result::Result<
                ::std::option::Option<super::AuditEventUser>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for AuditEvent {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    action: Err("no value supplied for action".to_string()),
                    actor: Err("no value supplied for actor".to_string()),
                    address: Ok(Default::default()),
                    at: Err("no value supplied for at".to_string()),
                    count: Ok(Default::default()),
                    first_at: Ok(Default::default()),
                    id: Err("no value supplied for id".to_string()),
                    object: Ok(Default::default()),
                    reason: Ok(Default::default()),
                    request_id: Ok(Default::default()),
                    result: Err("no value supplied for result".to_string()),
                    token_id: Ok(Default::default()),
                    user: Ok(Default::default()),
                }
            }
        }
        impl AuditEvent {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AuditEventAccount>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn action<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AuditEventAction>,
                T::Error: ::std::fmt::Display,
            {
                self.action = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for action: {e}")
                    });
                self
            }
            pub fn actor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AuditEventActor>,
                T::Error: ::std::fmt::Display,
            {
                self.actor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for actor: {e}")
                    });
                self
            }
            pub fn address<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AuditEventAddress>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.address = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for address: {e}")
                    });
                self
            }
            pub fn at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.at = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for at: {e}"));
                self
            }
            pub fn count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.count = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for count: {e}")
                    });
                self
            }
            pub fn first_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.first_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for first_at: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn object<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AuditEventObject>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.object = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for object: {e}")
                    });
                self
            }
            pub fn reason<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AuditEventReason>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.reason = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for reason: {e}")
                    });
                self
            }
            pub fn request_id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::uuid::Uuid>>,
                T::Error: ::std::fmt::Display,
            {
                self.request_id = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for request_id: {e}")
                    });
                self
            }
            pub fn result<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AuditEventResult>,
                T::Error: ::std::fmt::Display,
            {
                self.result = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for result: {e}")
                    });
                self
            }
            pub fn token_id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::uuid::Uuid>>,
                T::Error: ::std::fmt::Display,
            {
                self.token_id = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for token_id: {e}")
                    });
                self
            }
            pub fn user<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::AuditEventUser>>,
                T::Error: ::std::fmt::Display,
            {
                self.user = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for user: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AuditEvent> for super::AuditEvent {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AuditEvent,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    action: value.action?,
                    actor: value.actor?,
                    address: value.address?,
                    at: value.at?,
                    count: value.count?,
                    first_at: value.first_at?,
                    id: value.id?,
                    object: value.object?,
                    reason: value.reason?,
                    request_id: value.request_id?,
                    result: value.result?,
                    token_id: value.token_id?,
                    user: value.user?,
                })
            }
        }
        impl ::std::convert::From<super::AuditEvent> for AuditEvent {
            fn from(value: super::AuditEvent) -> Self {
                Self {
                    account: Ok(value.account),
                    action: Ok(value.action),
                    actor: Ok(value.actor),
                    address: Ok(value.address),
                    at: Ok(value.at),
                    count: Ok(value.count),
                    first_at: Ok(value.first_at),
                    id: Ok(value.id),
                    object: Ok(value.object),
                    reason: Ok(value.reason),
                    request_id: Ok(value.request_id),
                    result: Ok(value.result),
                    token_id: Ok(value.token_id),
                    user: Ok(value.user),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct AuditEventObject {
            id: ::std::result::Result<super::AuditEventObjectId, ::std::string::String>,
            type_: ::std::result::Result<
                super::AuditEventObjectType,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for AuditEventObject {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                    type_: Err("no value supplied for type_".to_string()),
                }
            }
        }
        impl AuditEventObject {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AuditEventObjectId>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::AuditEventObjectType>,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AuditEventObject> for super::AuditEventObject {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AuditEventObject,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    id: value.id?,
                    type_: value.type_?,
                })
            }
        }
        impl ::std::convert::From<super::AuditEventObject> for AuditEventObject {
            fn from(value: super::AuditEventObject) -> Self {
                Self {
                    id: Ok(value.id),
                    type_: Ok(value.type_),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct AuditEventPage {
            cursor: ::std::result::Result<
                ::std::option::Option<super::AuditEventPageCursor>,
                ::std::string::String,
            >,
            data: ::std::result::Result<
                ::std::vec::Vec<super::AuditEvent>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for AuditEventPage {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                }
            }
        }
        impl AuditEventPage {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::AuditEventPageCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::AuditEvent>>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<AuditEventPage> for super::AuditEventPage {
            type Error = super::error::ConversionError;
            fn try_from(
                value: AuditEventPage,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    data: value.data?,
                })
            }
        }
        impl ::std::convert::From<super::AuditEventPage> for AuditEventPage {
            fn from(value: super::AuditEventPage) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    data: Ok(value.data),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Backlog {
            active_webhook_count: ::std::result::Result<i64, ::std::string::String>,
            counted_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            deactivated_webhook_count: ::std::result::Result<i64, ::std::string::String>,
            fresh_delivery_count: ::std::result::Result<i64, ::std::string::String>,
            oldest_due_at: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            ordered_delivery_count: ::std::result::Result<i64, ::std::string::String>,
            retry_delivery_count: ::std::result::Result<i64, ::std::string::String>,
        }
        impl ::std::default::Default for Backlog {
            fn default() -> Self {
                Self {
                    active_webhook_count: Err(
                        "no value supplied for active_webhook_count".to_string(),
                    ),
                    counted_at: Err("no value supplied for counted_at".to_string()),
                    deactivated_webhook_count: Err(
                        "no value supplied for deactivated_webhook_count".to_string(),
                    ),
                    fresh_delivery_count: Err(
                        "no value supplied for fresh_delivery_count".to_string(),
                    ),
                    oldest_due_at: Ok(Default::default()),
                    ordered_delivery_count: Err(
                        "no value supplied for ordered_delivery_count".to_string(),
                    ),
                    retry_delivery_count: Err(
                        "no value supplied for retry_delivery_count".to_string(),
                    ),
                }
            }
        }
        impl Backlog {
            pub fn active_webhook_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.active_webhook_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for active_webhook_count: {e}"
                        )
                    });
                self
            }
            pub fn counted_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.counted_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for counted_at: {e}")
                    });
                self
            }
            pub fn deactivated_webhook_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.deactivated_webhook_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for deactivated_webhook_count: {e}"
                        )
                    });
                self
            }
            pub fn fresh_delivery_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.fresh_delivery_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for fresh_delivery_count: {e}"
                        )
                    });
                self
            }
            pub fn oldest_due_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.oldest_due_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for oldest_due_at: {e}")
                    });
                self
            }
            pub fn ordered_delivery_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.ordered_delivery_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for ordered_delivery_count: {e}"
                        )
                    });
                self
            }
            pub fn retry_delivery_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.retry_delivery_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for retry_delivery_count: {e}"
                        )
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Backlog> for super::Backlog {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Backlog,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    active_webhook_count: value.active_webhook_count?,
                    counted_at: value.counted_at?,
                    deactivated_webhook_count: value.deactivated_webhook_count?,
                    fresh_delivery_count: value.fresh_delivery_count?,
                    oldest_due_at: value.oldest_due_at?,
                    ordered_delivery_count: value.ordered_delivery_count?,
                    retry_delivery_count: value.retry_delivery_count?,
                })
            }
        }
        impl ::std::convert::From<super::Backlog> for Backlog {
            fn from(value: super::Backlog) -> Self {
                Self {
                    active_webhook_count: Ok(value.active_webhook_count),
                    counted_at: Ok(value.counted_at),
                    deactivated_webhook_count: Ok(value.deactivated_webhook_count),
                    fresh_delivery_count: Ok(value.fresh_delivery_count),
                    oldest_due_at: Ok(value.oldest_due_at),
                    ordered_delivery_count: Ok(value.ordered_delivery_count),
                    retry_delivery_count: Ok(value.retry_delivery_count),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct CallbackBody {
            data: ::std::result::Result<crate::Payload, ::std::string::String>,
            notification: ::std::result::Result<
                super::CallbackNotification,
                ::std::string::String,
            >,
            timestamp: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            type_: ::std::result::Result<super::CallbackBodyType, ::std::string::String>,
            webhook: ::std::result::Result<
                super::CallbackWebhook,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for CallbackBody {
            fn default() -> Self {
                Self {
                    data: Err("no value supplied for data".to_string()),
                    notification: Err("no value supplied for notification".to_string()),
                    timestamp: Err("no value supplied for timestamp".to_string()),
                    type_: Err("no value supplied for type_".to_string()),
                    webhook: Err("no value supplied for webhook".to_string()),
                }
            }
        }
        impl CallbackBody {
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Payload>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
            pub fn notification<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CallbackNotification>,
                T::Error: ::std::fmt::Display,
            {
                self.notification = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for notification: {e}")
                    });
                self
            }
            pub fn timestamp<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.timestamp = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for timestamp: {e}")
                    });
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CallbackBodyType>,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
            pub fn webhook<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CallbackWebhook>,
                T::Error: ::std::fmt::Display,
            {
                self.webhook = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for webhook: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<CallbackBody> for super::CallbackBody {
            type Error = super::error::ConversionError;
            fn try_from(
                value: CallbackBody,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    data: value.data?,
                    notification: value.notification?,
                    timestamp: value.timestamp?,
                    type_: value.type_?,
                    webhook: value.webhook?,
                })
            }
        }
        impl ::std::convert::From<super::CallbackBody> for CallbackBody {
            fn from(value: super::CallbackBody) -> Self {
                Self {
                    data: Ok(value.data),
                    notification: Ok(value.notification),
                    timestamp: Ok(value.timestamp),
                    type_: Ok(value.type_),
                    webhook: Ok(value.webhook),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct CallbackNotification {
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
        }
        impl ::std::default::Default for CallbackNotification {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                }
            }
        }
        impl CallbackNotification {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
        }
        impl ::std::convert::TryFrom<CallbackNotification>
        for super::CallbackNotification {
            type Error = super::error::ConversionError;
            fn try_from(
                value: CallbackNotification,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { id: value.id? })
            }
        }
        impl ::std::convert::From<super::CallbackNotification> for CallbackNotification {
            fn from(value: super::CallbackNotification) -> Self {
                Self { id: Ok(value.id) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct CallbackWebhook {
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
        }
        impl ::std::default::Default for CallbackWebhook {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                }
            }
        }
        impl CallbackWebhook {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
        }
        impl ::std::convert::TryFrom<CallbackWebhook> for super::CallbackWebhook {
            type Error = super::error::ConversionError;
            fn try_from(
                value: CallbackWebhook,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { id: value.id? })
            }
        }
        impl ::std::convert::From<super::CallbackWebhook> for CallbackWebhook {
            fn from(value: super::CallbackWebhook) -> Self {
                Self { id: Ok(value.id) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Caller {
            account: ::std::result::Result<
                ::std::option::Option<super::CallerAccount>,
                ::std::string::String,
            >,
            expires_at: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            kind: ::std::result::Result<super::CallerKind, ::std::string::String>,
            scopes: ::std::result::Result<
                ::std::vec::Vec<super::CallerScopesItem>,
                ::std::string::String,
            >,
            token_id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
            token_name: ::std::result::Result<
                super::CallerTokenName,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Caller {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    expires_at: Ok(Default::default()),
                    kind: Err("no value supplied for kind".to_string()),
                    scopes: Err("no value supplied for scopes".to_string()),
                    token_id: Err("no value supplied for token_id".to_string()),
                    token_name: Err("no value supplied for token_name".to_string()),
                }
            }
        }
        impl Caller {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::CallerAccount>>,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn expires_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.expires_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for expires_at: {e}")
                    });
                self
            }
            pub fn kind<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CallerKind>,
                T::Error: ::std::fmt::Display,
            {
                self.kind = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for kind: {e}")
                    });
                self
            }
            pub fn scopes<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::CallerScopesItem>>,
                T::Error: ::std::fmt::Display,
            {
                self.scopes = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for scopes: {e}")
                    });
                self
            }
            pub fn token_id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.token_id = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for token_id: {e}")
                    });
                self
            }
            pub fn token_name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CallerTokenName>,
                T::Error: ::std::fmt::Display,
            {
                self.token_name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for token_name: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Caller> for super::Caller {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Caller,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    expires_at: value.expires_at?,
                    kind: value.kind?,
                    scopes: value.scopes?,
                    token_id: value.token_id?,
                    token_name: value.token_name?,
                })
            }
        }
        impl ::std::convert::From<super::Caller> for Caller {
            fn from(value: super::Caller) -> Self {
                Self {
                    account: Ok(value.account),
                    expires_at: Ok(value.expires_at),
                    kind: Ok(value.kind),
                    scopes: Ok(value.scopes),
                    token_id: Ok(value.token_id),
                    token_name: Ok(value.token_name),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct ChangedDeliveries {
            count: ::std::result::Result<i32, ::std::string::String>,
            cursor: ::std::result::Result<
                ::std::option::Option<super::ChangedDeliveriesCursor>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for ChangedDeliveries {
            fn default() -> Self {
                Self {
                    count: Err("no value supplied for count".to_string()),
                    cursor: Ok(Default::default()),
                }
            }
        }
        impl ChangedDeliveries {
            pub fn count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.count = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for count: {e}")
                    });
                self
            }
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::ChangedDeliveriesCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<ChangedDeliveries> for super::ChangedDeliveries {
            type Error = super::error::ConversionError;
            fn try_from(
                value: ChangedDeliveries,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    count: value.count?,
                    cursor: value.cursor?,
                })
            }
        }
        impl ::std::convert::From<super::ChangedDeliveries> for ChangedDeliveries {
            fn from(value: super::ChangedDeliveries) -> Self {
                Self {
                    count: Ok(value.count),
                    cursor: Ok(value.cursor),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct CustomHeader {
            name: ::std::result::Result<super::CustomHeaderName, ::std::string::String>,
        }
        impl ::std::default::Default for CustomHeader {
            fn default() -> Self {
                Self {
                    name: Err("no value supplied for name".to_string()),
                }
            }
        }
        impl CustomHeader {
            pub fn name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CustomHeaderName>,
                T::Error: ::std::fmt::Display,
            {
                self.name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for name: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<CustomHeader> for super::CustomHeader {
            type Error = super::error::ConversionError;
            fn try_from(
                value: CustomHeader,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { name: value.name? })
            }
        }
        impl ::std::convert::From<super::CustomHeader> for CustomHeader {
            fn from(value: super::CustomHeader) -> Self {
                Self { name: Ok(value.name) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct CustomHeaderInput {
            name: ::std::result::Result<
                super::CustomHeaderInputName,
                ::std::string::String,
            >,
            value: ::std::result::Result<
                super::CustomHeaderInputValue,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for CustomHeaderInput {
            fn default() -> Self {
                Self {
                    name: Err("no value supplied for name".to_string()),
                    value: Err("no value supplied for value".to_string()),
                }
            }
        }
        impl CustomHeaderInput {
            pub fn name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CustomHeaderInputName>,
                T::Error: ::std::fmt::Display,
            {
                self.name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for name: {e}")
                    });
                self
            }
            pub fn value<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::CustomHeaderInputValue>,
                T::Error: ::std::fmt::Display,
            {
                self.value = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for value: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<CustomHeaderInput> for super::CustomHeaderInput {
            type Error = super::error::ConversionError;
            fn try_from(
                value: CustomHeaderInput,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    name: value.name?,
                    value: value.value?,
                })
            }
        }
        impl ::std::convert::From<super::CustomHeaderInput> for CustomHeaderInput {
            fn from(value: super::CustomHeaderInput) -> Self {
                Self {
                    name: Ok(value.name),
                    value: Ok(value.value),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Deactivation {
            at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            reason: ::std::result::Result<
                crate::DeactivationReason,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Deactivation {
            fn default() -> Self {
                Self {
                    at: Err("no value supplied for at".to_string()),
                    reason: Err("no value supplied for reason".to_string()),
                }
            }
        }
        impl Deactivation {
            pub fn at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.at = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for at: {e}"));
                self
            }
            pub fn reason<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::DeactivationReason>,
                T::Error: ::std::fmt::Display,
            {
                self.reason = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for reason: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Deactivation> for super::Deactivation {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Deactivation,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    at: value.at?,
                    reason: value.reason?,
                })
            }
        }
        impl ::std::convert::From<super::Deactivation> for Deactivation {
            fn from(value: super::Deactivation) -> Self {
                Self {
                    at: Ok(value.at),
                    reason: Ok(value.reason),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Delivery {
            account: ::std::result::Result<
                ::std::option::Option<super::DeliveryAccount>,
                ::std::string::String,
            >,
            attempt_count: ::std::result::Result<i32, ::std::string::String>,
            created_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
            last_attempt: ::std::result::Result<
                ::std::option::Option<super::Attempt>,
                ::std::string::String,
            >,
            next_attempt_at: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            notification: ::std::result::Result<
                super::DeliveryNotification,
                ::std::string::String,
            >,
            status: ::std::result::Result<super::DeliveryStatus, ::std::string::String>,
            waiting_for: ::std::result::Result<
                ::std::option::Option<super::WaitingFor>,
                ::std::string::String,
            >,
            webhook: ::std::result::Result<
                super::DeliveryWebhook,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Delivery {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    attempt_count: Err(
                        "no value supplied for attempt_count".to_string(),
                    ),
                    created_at: Err("no value supplied for created_at".to_string()),
                    id: Err("no value supplied for id".to_string()),
                    last_attempt: Ok(Default::default()),
                    next_attempt_at: Ok(Default::default()),
                    notification: Err("no value supplied for notification".to_string()),
                    status: Err("no value supplied for status".to_string()),
                    waiting_for: Ok(Default::default()),
                    webhook: Err("no value supplied for webhook".to_string()),
                }
            }
        }
        impl Delivery {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliveryAccount>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn attempt_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.attempt_count = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for attempt_count: {e}")
                    });
                self
            }
            pub fn created_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.created_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for created_at: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn last_attempt<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::Attempt>>,
                T::Error: ::std::fmt::Display,
            {
                self.last_attempt = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for last_attempt: {e}")
                    });
                self
            }
            pub fn next_attempt_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.next_attempt_at = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for next_attempt_at: {e}"
                        )
                    });
                self
            }
            pub fn notification<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::DeliveryNotification>,
                T::Error: ::std::fmt::Display,
            {
                self.notification = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for notification: {e}")
                    });
                self
            }
            pub fn status<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::DeliveryStatus>,
                T::Error: ::std::fmt::Display,
            {
                self.status = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status: {e}")
                    });
                self
            }
            pub fn waiting_for<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::WaitingFor>>,
                T::Error: ::std::fmt::Display,
            {
                self.waiting_for = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for waiting_for: {e}")
                    });
                self
            }
            pub fn webhook<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::DeliveryWebhook>,
                T::Error: ::std::fmt::Display,
            {
                self.webhook = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for webhook: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Delivery> for super::Delivery {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Delivery,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    attempt_count: value.attempt_count?,
                    created_at: value.created_at?,
                    id: value.id?,
                    last_attempt: value.last_attempt?,
                    next_attempt_at: value.next_attempt_at?,
                    notification: value.notification?,
                    status: value.status?,
                    waiting_for: value.waiting_for?,
                    webhook: value.webhook?,
                })
            }
        }
        impl ::std::convert::From<super::Delivery> for Delivery {
            fn from(value: super::Delivery) -> Self {
                Self {
                    account: Ok(value.account),
                    attempt_count: Ok(value.attempt_count),
                    created_at: Ok(value.created_at),
                    id: Ok(value.id),
                    last_attempt: Ok(value.last_attempt),
                    next_attempt_at: Ok(value.next_attempt_at),
                    notification: Ok(value.notification),
                    status: Ok(value.status),
                    waiting_for: Ok(value.waiting_for),
                    webhook: Ok(value.webhook),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct DeliveryDetail {
            account: ::std::result::Result<
                ::std::option::Option<super::DeliveryDetailAccount>,
                ::std::string::String,
            >,
            attempt_count: ::std::result::Result<i32, ::std::string::String>,
            attempts: ::std::result::Result<
                ::std::vec::Vec<super::Attempt>,
                ::std::string::String,
            >,
            callback_body: ::std::result::Result<
                ::std::option::Option<super::DeliveryDetailCallbackBody>,
                ::std::string::String,
            >,
            created_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
            last_attempt: ::std::result::Result<
                ::std::option::Option<super::Attempt>,
                ::std::string::String,
            >,
            next_attempt_at: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            notification: ::std::result::Result<
                super::DeliveryNotification,
                ::std::string::String,
            >,
            status: ::std::result::Result<super::DeliveryStatus, ::std::string::String>,
            waiting_for: ::std::result::Result<
                ::std::option::Option<super::WaitingFor>,
                ::std::string::String,
            >,
            webhook: ::std::result::Result<
                super::DeliveryWebhook,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for DeliveryDetail {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    attempt_count: Err(
                        "no value supplied for attempt_count".to_string(),
                    ),
                    attempts: Err("no value supplied for attempts".to_string()),
                    callback_body: Ok(Default::default()),
                    created_at: Err("no value supplied for created_at".to_string()),
                    id: Err("no value supplied for id".to_string()),
                    last_attempt: Ok(Default::default()),
                    next_attempt_at: Ok(Default::default()),
                    notification: Err("no value supplied for notification".to_string()),
                    status: Err("no value supplied for status".to_string()),
                    waiting_for: Ok(Default::default()),
                    webhook: Err("no value supplied for webhook".to_string()),
                }
            }
        }
        impl DeliveryDetail {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliveryDetailAccount>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn attempt_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.attempt_count = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for attempt_count: {e}")
                    });
                self
            }
            pub fn attempts<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Attempt>>,
                T::Error: ::std::fmt::Display,
            {
                self.attempts = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for attempts: {e}")
                    });
                self
            }
            pub fn callback_body<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliveryDetailCallbackBody>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.callback_body = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for callback_body: {e}")
                    });
                self
            }
            pub fn created_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.created_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for created_at: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn last_attempt<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::Attempt>>,
                T::Error: ::std::fmt::Display,
            {
                self.last_attempt = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for last_attempt: {e}")
                    });
                self
            }
            pub fn next_attempt_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.next_attempt_at = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for next_attempt_at: {e}"
                        )
                    });
                self
            }
            pub fn notification<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::DeliveryNotification>,
                T::Error: ::std::fmt::Display,
            {
                self.notification = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for notification: {e}")
                    });
                self
            }
            pub fn status<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::DeliveryStatus>,
                T::Error: ::std::fmt::Display,
            {
                self.status = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status: {e}")
                    });
                self
            }
            pub fn waiting_for<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::WaitingFor>>,
                T::Error: ::std::fmt::Display,
            {
                self.waiting_for = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for waiting_for: {e}")
                    });
                self
            }
            pub fn webhook<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::DeliveryWebhook>,
                T::Error: ::std::fmt::Display,
            {
                self.webhook = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for webhook: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<DeliveryDetail> for super::DeliveryDetail {
            type Error = super::error::ConversionError;
            fn try_from(
                value: DeliveryDetail,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    attempt_count: value.attempt_count?,
                    attempts: value.attempts?,
                    callback_body: value.callback_body?,
                    created_at: value.created_at?,
                    id: value.id?,
                    last_attempt: value.last_attempt?,
                    next_attempt_at: value.next_attempt_at?,
                    notification: value.notification?,
                    status: value.status?,
                    waiting_for: value.waiting_for?,
                    webhook: value.webhook?,
                })
            }
        }
        impl ::std::convert::From<super::DeliveryDetail> for DeliveryDetail {
            fn from(value: super::DeliveryDetail) -> Self {
                Self {
                    account: Ok(value.account),
                    attempt_count: Ok(value.attempt_count),
                    attempts: Ok(value.attempts),
                    callback_body: Ok(value.callback_body),
                    created_at: Ok(value.created_at),
                    id: Ok(value.id),
                    last_attempt: Ok(value.last_attempt),
                    next_attempt_at: Ok(value.next_attempt_at),
                    notification: Ok(value.notification),
                    status: Ok(value.status),
                    waiting_for: Ok(value.waiting_for),
                    webhook: Ok(value.webhook),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct DeliveryNotification {
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
            type_: ::std::result::Result<
                super::DeliveryNotificationType,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for DeliveryNotification {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                    type_: Err("no value supplied for type_".to_string()),
                }
            }
        }
        impl DeliveryNotification {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::DeliveryNotificationType>,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<DeliveryNotification>
        for super::DeliveryNotification {
            type Error = super::error::ConversionError;
            fn try_from(
                value: DeliveryNotification,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    id: value.id?,
                    type_: value.type_?,
                })
            }
        }
        impl ::std::convert::From<super::DeliveryNotification> for DeliveryNotification {
            fn from(value: super::DeliveryNotification) -> Self {
                Self {
                    id: Ok(value.id),
                    type_: Ok(value.type_),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct DeliveryPage {
            cursor: ::std::result::Result<
                ::std::option::Option<super::DeliveryPageCursor>,
                ::std::string::String,
            >,
            data: ::std::result::Result<
                ::std::vec::Vec<super::Delivery>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for DeliveryPage {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                }
            }
        }
        impl DeliveryPage {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliveryPageCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Delivery>>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<DeliveryPage> for super::DeliveryPage {
            type Error = super::error::ConversionError;
            fn try_from(
                value: DeliveryPage,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    data: value.data?,
                })
            }
        }
        impl ::std::convert::From<super::DeliveryPage> for DeliveryPage {
            fn from(value: super::DeliveryPage) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    data: Ok(value.data),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct DeliveryRecovery {
            cursor: ::std::result::Result<
                ::std::option::Option<super::DeliveryRecoveryCursor>,
                ::std::string::String,
            >,
            dry_run: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
            outcome: ::std::result::Result<
                ::std::option::Option<super::DeliveryRecoveryOutcome>,
                ::std::string::String,
            >,
            since: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            status_code: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            type_: ::std::result::Result<
                ::std::option::Option<super::DeliveryRecoveryType>,
                ::std::string::String,
            >,
            until: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for DeliveryRecovery {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    dry_run: Ok(Default::default()),
                    outcome: Ok(Default::default()),
                    since: Err("no value supplied for since".to_string()),
                    status_code: Ok(Default::default()),
                    type_: Ok(Default::default()),
                    until: Ok(Default::default()),
                }
            }
        }
        impl DeliveryRecovery {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliveryRecoveryCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn dry_run<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.dry_run = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for dry_run: {e}")
                    });
                self
            }
            pub fn outcome<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliveryRecoveryOutcome>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.outcome = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for outcome: {e}")
                    });
                self
            }
            pub fn since<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.since = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for since: {e}")
                    });
                self
            }
            pub fn status_code<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.status_code = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status_code: {e}")
                    });
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliveryRecoveryType>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
            pub fn until<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.until = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for until: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<DeliveryRecovery> for super::DeliveryRecovery {
            type Error = super::error::ConversionError;
            fn try_from(
                value: DeliveryRecovery,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    dry_run: value.dry_run?,
                    outcome: value.outcome?,
                    since: value.since?,
                    status_code: value.status_code?,
                    type_: value.type_?,
                    until: value.until?,
                })
            }
        }
        impl ::std::convert::From<super::DeliveryRecovery> for DeliveryRecovery {
            fn from(value: super::DeliveryRecovery) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    dry_run: Ok(value.dry_run),
                    outcome: Ok(value.outcome),
                    since: Ok(value.since),
                    status_code: Ok(value.status_code),
                    type_: Ok(value.type_),
                    until: Ok(value.until),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct DeliverySelection {
            cursor: ::std::result::Result<
                ::std::option::Option<super::DeliverySelectionCursor>,
                ::std::string::String,
            >,
            dry_run: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
            outcome: ::std::result::Result<
                ::std::option::Option<super::DeliverySelectionOutcome>,
                ::std::string::String,
            >,
            since: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            status_code: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            type_: ::std::result::Result<
                ::std::option::Option<super::DeliverySelectionType>,
                ::std::string::String,
            >,
            until: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            webhook_id: ::std::result::Result<
                ::std::option::Option<::uuid::Uuid>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for DeliverySelection {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    dry_run: Ok(Default::default()),
                    outcome: Ok(Default::default()),
                    since: Err("no value supplied for since".to_string()),
                    status_code: Ok(Default::default()),
                    type_: Ok(Default::default()),
                    until: Ok(Default::default()),
                    webhook_id: Ok(Default::default()),
                }
            }
        }
        impl DeliverySelection {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliverySelectionCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn dry_run<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.dry_run = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for dry_run: {e}")
                    });
                self
            }
            pub fn outcome<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliverySelectionOutcome>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.outcome = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for outcome: {e}")
                    });
                self
            }
            pub fn since<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.since = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for since: {e}")
                    });
                self
            }
            pub fn status_code<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.status_code = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status_code: {e}")
                    });
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::DeliverySelectionType>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
            pub fn until<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.until = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for until: {e}")
                    });
                self
            }
            pub fn webhook_id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::uuid::Uuid>>,
                T::Error: ::std::fmt::Display,
            {
                self.webhook_id = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for webhook_id: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<DeliverySelection> for super::DeliverySelection {
            type Error = super::error::ConversionError;
            fn try_from(
                value: DeliverySelection,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    dry_run: value.dry_run?,
                    outcome: value.outcome?,
                    since: value.since?,
                    status_code: value.status_code?,
                    type_: value.type_?,
                    until: value.until?,
                    webhook_id: value.webhook_id?,
                })
            }
        }
        impl ::std::convert::From<super::DeliverySelection> for DeliverySelection {
            fn from(value: super::DeliverySelection) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    dry_run: Ok(value.dry_run),
                    outcome: Ok(value.outcome),
                    since: Ok(value.since),
                    status_code: Ok(value.status_code),
                    type_: Ok(value.type_),
                    until: Ok(value.until),
                    webhook_id: Ok(value.webhook_id),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct DeliveryWebhook {
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
        }
        impl ::std::default::Default for DeliveryWebhook {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                }
            }
        }
        impl DeliveryWebhook {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
        }
        impl ::std::convert::TryFrom<DeliveryWebhook> for super::DeliveryWebhook {
            type Error = super::error::ConversionError;
            fn try_from(
                value: DeliveryWebhook,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { id: value.id? })
            }
        }
        impl ::std::convert::From<super::DeliveryWebhook> for DeliveryWebhook {
            fn from(value: super::DeliveryWebhook) -> Self {
                Self { id: Ok(value.id) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct EventType {
            description: ::std::result::Result<
                super::EventTypeDescription,
                ::std::string::String,
            >,
            example: ::std::result::Result<
                ::std::option::Option<crate::Payload>,
                ::std::string::String,
            >,
            name: ::std::result::Result<super::EventTypeName, ::std::string::String>,
        }
        impl ::std::default::Default for EventType {
            fn default() -> Self {
                Self {
                    description: Err("no value supplied for description".to_string()),
                    example: Ok(Default::default()),
                    name: Err("no value supplied for name".to_string()),
                }
            }
        }
        impl EventType {
            pub fn description<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::EventTypeDescription>,
                T::Error: ::std::fmt::Display,
            {
                self.description = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for description: {e}")
                    });
                self
            }
            pub fn example<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::Payload>>,
                T::Error: ::std::fmt::Display,
            {
                self.example = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for example: {e}")
                    });
                self
            }
            pub fn name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::EventTypeName>,
                T::Error: ::std::fmt::Display,
            {
                self.name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for name: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<EventType> for super::EventType {
            type Error = super::error::ConversionError;
            fn try_from(
                value: EventType,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    description: value.description?,
                    example: value.example?,
                    name: value.name?,
                })
            }
        }
        impl ::std::convert::From<super::EventType> for EventType {
            fn from(value: super::EventType) -> Self {
                Self {
                    description: Ok(value.description),
                    example: Ok(value.example),
                    name: Ok(value.name),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct EventTypePage {
            cursor: ::std::result::Result<
                ::std::option::Option<super::EventTypePageCursor>,
                ::std::string::String,
            >,
            data: ::std::result::Result<
                ::std::vec::Vec<super::EventType>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for EventTypePage {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                }
            }
        }
        impl EventTypePage {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::EventTypePageCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::EventType>>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<EventTypePage> for super::EventTypePage {
            type Error = super::error::ConversionError;
            fn try_from(
                value: EventTypePage,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    data: value.data?,
                })
            }
        }
        impl ::std::convert::From<super::EventTypePage> for EventTypePage {
            fn from(value: super::EventTypePage) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    data: Ok(value.data),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct HeaderField {
            name: ::std::result::Result<super::HeaderFieldName, ::std::string::String>,
            value: ::std::result::Result<super::HeaderFieldValue, ::std::string::String>,
        }
        impl ::std::default::Default for HeaderField {
            fn default() -> Self {
                Self {
                    name: Err("no value supplied for name".to_string()),
                    value: Err("no value supplied for value".to_string()),
                }
            }
        }
        impl HeaderField {
            pub fn name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::HeaderFieldName>,
                T::Error: ::std::fmt::Display,
            {
                self.name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for name: {e}")
                    });
                self
            }
            pub fn value<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::HeaderFieldValue>,
                T::Error: ::std::fmt::Display,
            {
                self.value = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for value: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<HeaderField> for super::HeaderField {
            type Error = super::error::ConversionError;
            fn try_from(
                value: HeaderField,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    name: value.name?,
                    value: value.value?,
                })
            }
        }
        impl ::std::convert::From<super::HeaderField> for HeaderField {
            fn from(value: super::HeaderField) -> Self {
                Self {
                    name: Ok(value.name),
                    value: Ok(value.value),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Notification {
            account: ::std::result::Result<
                ::std::option::Option<super::NotificationAccount>,
                ::std::string::String,
            >,
            created_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            data: ::std::result::Result<crate::Payload, ::std::string::String>,
            delivery_count: ::std::result::Result<i32, ::std::string::String>,
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
            type_: ::std::result::Result<super::NotificationType, ::std::string::String>,
        }
        impl ::std::default::Default for Notification {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    created_at: Err("no value supplied for created_at".to_string()),
                    data: Err("no value supplied for data".to_string()),
                    delivery_count: Err(
                        "no value supplied for delivery_count".to_string(),
                    ),
                    id: Err("no value supplied for id".to_string()),
                    type_: Err("no value supplied for type_".to_string()),
                }
            }
        }
        impl Notification {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::NotificationAccount>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn created_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.created_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for created_at: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Payload>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
            pub fn delivery_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.delivery_count = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for delivery_count: {e}"
                        )
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::NotificationType>,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Notification> for super::Notification {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Notification,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    created_at: value.created_at?,
                    data: value.data?,
                    delivery_count: value.delivery_count?,
                    id: value.id?,
                    type_: value.type_?,
                })
            }
        }
        impl ::std::convert::From<super::Notification> for Notification {
            fn from(value: super::Notification) -> Self {
                Self {
                    account: Ok(value.account),
                    created_at: Ok(value.created_at),
                    data: Ok(value.data),
                    delivery_count: Ok(value.delivery_count),
                    id: Ok(value.id),
                    type_: Ok(value.type_),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct NotificationPage {
            cursor: ::std::result::Result<
                ::std::option::Option<super::NotificationPageCursor>,
                ::std::string::String,
            >,
            data: ::std::result::Result<
                ::std::vec::Vec<super::Notification>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for NotificationPage {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                }
            }
        }
        impl NotificationPage {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::NotificationPageCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Notification>>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<NotificationPage> for super::NotificationPage {
            type Error = super::error::ConversionError;
            fn try_from(
                value: NotificationPage,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    data: value.data?,
                })
            }
        }
        impl ::std::convert::From<super::NotificationPage> for NotificationPage {
            fn from(value: super::NotificationPage) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    data: Ok(value.data),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct NotificationPublication {
            account: ::std::result::Result<
                ::std::option::Option<super::NotificationPublicationAccount>,
                ::std::string::String,
            >,
            data: ::std::result::Result<crate::Payload, ::std::string::String>,
            type_: ::std::result::Result<
                super::NotificationPublicationType,
                ::std::string::String,
            >,
            webhook: ::std::result::Result<
                ::std::option::Option<super::NotificationPublicationWebhook>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for NotificationPublication {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                    type_: Err("no value supplied for type_".to_string()),
                    webhook: Ok(Default::default()),
                }
            }
        }
        impl NotificationPublication {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::NotificationPublicationAccount>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Payload>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::NotificationPublicationType>,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
            pub fn webhook<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::NotificationPublicationWebhook>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.webhook = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for webhook: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<NotificationPublication>
        for super::NotificationPublication {
            type Error = super::error::ConversionError;
            fn try_from(
                value: NotificationPublication,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    data: value.data?,
                    type_: value.type_?,
                    webhook: value.webhook?,
                })
            }
        }
        impl ::std::convert::From<super::NotificationPublication>
        for NotificationPublication {
            fn from(value: super::NotificationPublication) -> Self {
                Self {
                    account: Ok(value.account),
                    data: Ok(value.data),
                    type_: Ok(value.type_),
                    webhook: Ok(value.webhook),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct NotificationPublicationWebhook {
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
        }
        impl ::std::default::Default for NotificationPublicationWebhook {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                }
            }
        }
        impl NotificationPublicationWebhook {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
        }
        impl ::std::convert::TryFrom<NotificationPublicationWebhook>
        for super::NotificationPublicationWebhook {
            type Error = super::error::ConversionError;
            fn try_from(
                value: NotificationPublicationWebhook,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { id: value.id? })
            }
        }
        impl ::std::convert::From<super::NotificationPublicationWebhook>
        for NotificationPublicationWebhook {
            fn from(value: super::NotificationPublicationWebhook) -> Self {
                Self { id: Ok(value.id) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Pause {
            account: ::std::result::Result<
                ::std::option::Option<super::PauseAccount>,
                ::std::string::String,
            >,
            id: ::std::result::Result<super::PauseId, ::std::string::String>,
            since: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            webhook: ::std::result::Result<
                ::std::option::Option<super::PauseWebhook>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Pause {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    id: Err("no value supplied for id".to_string()),
                    since: Err("no value supplied for since".to_string()),
                    webhook: Ok(Default::default()),
                }
            }
        }
        impl Pause {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::PauseAccount>>,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::PauseId>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn since<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.since = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for since: {e}")
                    });
                self
            }
            pub fn webhook<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::PauseWebhook>>,
                T::Error: ::std::fmt::Display,
            {
                self.webhook = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for webhook: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Pause> for super::Pause {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Pause,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    id: value.id?,
                    since: value.since?,
                    webhook: value.webhook?,
                })
            }
        }
        impl ::std::convert::From<super::Pause> for Pause {
            fn from(value: super::Pause) -> Self {
                Self {
                    account: Ok(value.account),
                    id: Ok(value.id),
                    since: Ok(value.since),
                    webhook: Ok(value.webhook),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct PausePage {
            cursor: ::std::result::Result<
                ::std::option::Option<super::PausePageCursor>,
                ::std::string::String,
            >,
            data: ::std::result::Result<
                ::std::vec::Vec<super::Pause>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for PausePage {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                }
            }
        }
        impl PausePage {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::PausePageCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Pause>>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<PausePage> for super::PausePage {
            type Error = super::error::ConversionError;
            fn try_from(
                value: PausePage,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    data: value.data?,
                })
            }
        }
        impl ::std::convert::From<super::PausePage> for PausePage {
            fn from(value: super::PausePage) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    data: Ok(value.data),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct PauseRequest {
            id: ::std::result::Result<super::PauseRequestId, ::std::string::String>,
        }
        impl ::std::default::Default for PauseRequest {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                }
            }
        }
        impl PauseRequest {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::PauseRequestId>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
        }
        impl ::std::convert::TryFrom<PauseRequest> for super::PauseRequest {
            type Error = super::error::ConversionError;
            fn try_from(
                value: PauseRequest,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { id: value.id? })
            }
        }
        impl ::std::convert::From<super::PauseRequest> for PauseRequest {
            fn from(value: super::PauseRequest) -> Self {
                Self { id: Ok(value.id) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct PauseWebhook {
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
        }
        impl ::std::default::Default for PauseWebhook {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                }
            }
        }
        impl PauseWebhook {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
        }
        impl ::std::convert::TryFrom<PauseWebhook> for super::PauseWebhook {
            type Error = super::error::ConversionError;
            fn try_from(
                value: PauseWebhook,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { id: value.id? })
            }
        }
        impl ::std::convert::From<super::PauseWebhook> for PauseWebhook {
            fn from(value: super::PauseWebhook) -> Self {
                Self { id: Ok(value.id) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct PrecedingDelivery {
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
        }
        impl ::std::default::Default for PrecedingDelivery {
            fn default() -> Self {
                Self {
                    id: Err("no value supplied for id".to_string()),
                }
            }
        }
        impl PrecedingDelivery {
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
        }
        impl ::std::convert::TryFrom<PrecedingDelivery> for super::PrecedingDelivery {
            type Error = super::error::ConversionError;
            fn try_from(
                value: PrecedingDelivery,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { id: value.id? })
            }
        }
        impl ::std::convert::From<super::PrecedingDelivery> for PrecedingDelivery {
            fn from(value: super::PrecedingDelivery) -> Self {
                Self { id: Ok(value.id) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Problem {
            code: ::std::result::Result<crate::Code, ::std::string::String>,
            detail: ::std::result::Result<super::ProblemDetail, ::std::string::String>,
            errors: ::std::result::Result<
                ::std::vec::Vec<super::ProblemError>,
                ::std::string::String,
            >,
            instance: ::std::result::Result<
                super::ProblemInstance,
                ::std::string::String,
            >,
            status: ::std::result::Result<i32, ::std::string::String>,
            title: ::std::result::Result<super::ProblemTitle, ::std::string::String>,
            type_: ::std::result::Result<super::ProblemType, ::std::string::String>,
        }
        impl ::std::default::Default for Problem {
            fn default() -> Self {
                Self {
                    code: Err("no value supplied for code".to_string()),
                    detail: Err("no value supplied for detail".to_string()),
                    errors: Ok(Default::default()),
                    instance: Err("no value supplied for instance".to_string()),
                    status: Err("no value supplied for status".to_string()),
                    title: Err("no value supplied for title".to_string()),
                    type_: Err("no value supplied for type_".to_string()),
                }
            }
        }
        impl Problem {
            pub fn code<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Code>,
                T::Error: ::std::fmt::Display,
            {
                self.code = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for code: {e}")
                    });
                self
            }
            pub fn detail<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::ProblemDetail>,
                T::Error: ::std::fmt::Display,
            {
                self.detail = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for detail: {e}")
                    });
                self
            }
            pub fn errors<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::ProblemError>>,
                T::Error: ::std::fmt::Display,
            {
                self.errors = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for errors: {e}")
                    });
                self
            }
            pub fn instance<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::ProblemInstance>,
                T::Error: ::std::fmt::Display,
            {
                self.instance = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for instance: {e}")
                    });
                self
            }
            pub fn status<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.status = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status: {e}")
                    });
                self
            }
            pub fn title<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::ProblemTitle>,
                T::Error: ::std::fmt::Display,
            {
                self.title = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for title: {e}")
                    });
                self
            }
            pub fn type_<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::ProblemType>,
                T::Error: ::std::fmt::Display,
            {
                self.type_ = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for type_: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Problem> for super::Problem {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Problem,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    code: value.code?,
                    detail: value.detail?,
                    errors: value.errors?,
                    instance: value.instance?,
                    status: value.status?,
                    title: value.title?,
                    type_: value.type_?,
                })
            }
        }
        impl ::std::convert::From<super::Problem> for Problem {
            fn from(value: super::Problem) -> Self {
                Self {
                    code: Ok(value.code),
                    detail: Ok(value.detail),
                    errors: Ok(value.errors),
                    instance: Ok(value.instance),
                    status: Ok(value.status),
                    title: Ok(value.title),
                    type_: Ok(value.type_),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct ProblemError {
            detail: ::std::result::Result<
                super::ProblemErrorDetail,
                ::std::string::String,
            >,
            pointer: ::std::result::Result<
                super::ProblemErrorPointer,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for ProblemError {
            fn default() -> Self {
                Self {
                    detail: Err("no value supplied for detail".to_string()),
                    pointer: Err("no value supplied for pointer".to_string()),
                }
            }
        }
        impl ProblemError {
            pub fn detail<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::ProblemErrorDetail>,
                T::Error: ::std::fmt::Display,
            {
                self.detail = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for detail: {e}")
                    });
                self
            }
            pub fn pointer<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::ProblemErrorPointer>,
                T::Error: ::std::fmt::Display,
            {
                self.pointer = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for pointer: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<ProblemError> for super::ProblemError {
            type Error = super::error::ConversionError;
            fn try_from(
                value: ProblemError,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    detail: value.detail?,
                    pointer: value.pointer?,
                })
            }
        }
        impl ::std::convert::From<super::ProblemError> for ProblemError {
            fn from(value: super::ProblemError) -> Self {
                Self {
                    detail: Ok(value.detail),
                    pointer: Ok(value.pointer),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct RecoveredDeliveries {
            count: ::std::result::Result<i32, ::std::string::String>,
            cursor: ::std::result::Result<
                ::std::option::Option<super::RecoveredDeliveriesCursor>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for RecoveredDeliveries {
            fn default() -> Self {
                Self {
                    count: Err("no value supplied for count".to_string()),
                    cursor: Ok(Default::default()),
                }
            }
        }
        impl RecoveredDeliveries {
            pub fn count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.count = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for count: {e}")
                    });
                self
            }
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::RecoveredDeliveriesCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<RecoveredDeliveries>
        for super::RecoveredDeliveries {
            type Error = super::error::ConversionError;
            fn try_from(
                value: RecoveredDeliveries,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    count: value.count?,
                    cursor: value.cursor?,
                })
            }
        }
        impl ::std::convert::From<super::RecoveredDeliveries> for RecoveredDeliveries {
            fn from(value: super::RecoveredDeliveries) -> Self {
                Self {
                    count: Ok(value.count),
                    cursor: Ok(value.cursor),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct ServiceStatus {
            backlog: ::std::result::Result<
                ::std::option::Option<super::Backlog>,
                ::std::string::String,
            >,
            paused_since: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            ready: ::std::result::Result<bool, ::std::string::String>,
            reasons: ::std::result::Result<
                ::std::vec::Vec<super::ServiceStatusReasonsItem>,
                ::std::string::String,
            >,
            storage: ::std::result::Result<
                ::std::option::Option<super::StorageStatus>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for ServiceStatus {
            fn default() -> Self {
                Self {
                    backlog: Ok(Default::default()),
                    paused_since: Ok(Default::default()),
                    ready: Err("no value supplied for ready".to_string()),
                    reasons: Err("no value supplied for reasons".to_string()),
                    storage: Ok(Default::default()),
                }
            }
        }
        impl ServiceStatus {
            pub fn backlog<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::Backlog>>,
                T::Error: ::std::fmt::Display,
            {
                self.backlog = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for backlog: {e}")
                    });
                self
            }
            pub fn paused_since<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.paused_since = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for paused_since: {e}")
                    });
                self
            }
            pub fn ready<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<bool>,
                T::Error: ::std::fmt::Display,
            {
                self.ready = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for ready: {e}")
                    });
                self
            }
            pub fn reasons<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::vec::Vec<super::ServiceStatusReasonsItem>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.reasons = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for reasons: {e}")
                    });
                self
            }
            pub fn storage<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::StorageStatus>>,
                T::Error: ::std::fmt::Display,
            {
                self.storage = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for storage: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<ServiceStatus> for super::ServiceStatus {
            type Error = super::error::ConversionError;
            fn try_from(
                value: ServiceStatus,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    backlog: value.backlog?,
                    paused_since: value.paused_since?,
                    ready: value.ready?,
                    reasons: value.reasons?,
                    storage: value.storage?,
                })
            }
        }
        impl ::std::convert::From<super::ServiceStatus> for ServiceStatus {
            fn from(value: super::ServiceStatus) -> Self {
                Self {
                    backlog: Ok(value.backlog),
                    paused_since: Ok(value.paused_since),
                    ready: Ok(value.ready),
                    reasons: Ok(value.reasons),
                    storage: Ok(value.storage),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct SigningSecret {
            previous_valid_until: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            secret: ::std::result::Result<
                super::SigningSecretSecret,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for SigningSecret {
            fn default() -> Self {
                Self {
                    previous_valid_until: Ok(Default::default()),
                    secret: Err("no value supplied for secret".to_string()),
                }
            }
        }
        impl SigningSecret {
            pub fn previous_valid_until<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.previous_valid_until = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for previous_valid_until: {e}"
                        )
                    });
                self
            }
            pub fn secret<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::SigningSecretSecret>,
                T::Error: ::std::fmt::Display,
            {
                self.secret = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for secret: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<SigningSecret> for super::SigningSecret {
            type Error = super::error::ConversionError;
            fn try_from(
                value: SigningSecret,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    previous_valid_until: value.previous_valid_until?,
                    secret: value.secret?,
                })
            }
        }
        impl ::std::convert::From<super::SigningSecret> for SigningSecret {
            fn from(value: super::SigningSecret) -> Self {
                Self {
                    previous_valid_until: Ok(value.previous_valid_until),
                    secret: Ok(value.secret),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct SigningSecretRotation {
            overlap_seconds: ::std::result::Result<i32, ::std::string::String>,
        }
        impl ::std::default::Default for SigningSecretRotation {
            fn default() -> Self {
                Self {
                    overlap_seconds: Ok(super::defaults::default_u64::<i32, 86400>()),
                }
            }
        }
        impl SigningSecretRotation {
            pub fn overlap_seconds<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.overlap_seconds = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for overlap_seconds: {e}"
                        )
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<SigningSecretRotation>
        for super::SigningSecretRotation {
            type Error = super::error::ConversionError;
            fn try_from(
                value: SigningSecretRotation,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    overlap_seconds: value.overlap_seconds?,
                })
            }
        }
        impl ::std::convert::From<super::SigningSecretRotation>
        for SigningSecretRotation {
            fn from(value: super::SigningSecretRotation) -> Self {
                Self {
                    overlap_seconds: Ok(value.overlap_seconds),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Statistics {
            interval: ::std::result::Result<
                super::StatisticsInterval,
                ::std::string::String,
            >,
            items: ::std::result::Result<
                ::std::vec::Vec<super::StatisticsItem>,
                ::std::string::String,
            >,
            since: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            total: ::std::result::Result<super::StatisticsTotal, ::std::string::String>,
            until: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Statistics {
            fn default() -> Self {
                Self {
                    interval: Err("no value supplied for interval".to_string()),
                    items: Err("no value supplied for items".to_string()),
                    since: Err("no value supplied for since".to_string()),
                    total: Err("no value supplied for total".to_string()),
                    until: Err("no value supplied for until".to_string()),
                }
            }
        }
        impl Statistics {
            pub fn interval<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::StatisticsInterval>,
                T::Error: ::std::fmt::Display,
            {
                self.interval = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for interval: {e}")
                    });
                self
            }
            pub fn items<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::StatisticsItem>>,
                T::Error: ::std::fmt::Display,
            {
                self.items = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for items: {e}")
                    });
                self
            }
            pub fn since<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.since = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for since: {e}")
                    });
                self
            }
            pub fn total<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::StatisticsTotal>,
                T::Error: ::std::fmt::Display,
            {
                self.total = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for total: {e}")
                    });
                self
            }
            pub fn until<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.until = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for until: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Statistics> for super::Statistics {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Statistics,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    interval: value.interval?,
                    items: value.items?,
                    since: value.since?,
                    total: value.total?,
                    until: value.until?,
                })
            }
        }
        impl ::std::convert::From<super::Statistics> for Statistics {
            fn from(value: super::Statistics) -> Self {
                Self {
                    interval: Ok(value.interval),
                    items: Ok(value.items),
                    since: Ok(value.since),
                    total: Ok(value.total),
                    until: Ok(value.until),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct StatisticsDeliveries {
            failed: ::std::result::Result<i64, ::std::string::String>,
            succeeded: ::std::result::Result<i64, ::std::string::String>,
        }
        impl ::std::default::Default for StatisticsDeliveries {
            fn default() -> Self {
                Self {
                    failed: Err("no value supplied for failed".to_string()),
                    succeeded: Err("no value supplied for succeeded".to_string()),
                }
            }
        }
        impl StatisticsDeliveries {
            pub fn failed<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.failed = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for failed: {e}")
                    });
                self
            }
            pub fn succeeded<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.succeeded = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for succeeded: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<StatisticsDeliveries>
        for super::StatisticsDeliveries {
            type Error = super::error::ConversionError;
            fn try_from(
                value: StatisticsDeliveries,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    failed: value.failed?,
                    succeeded: value.succeeded?,
                })
            }
        }
        impl ::std::convert::From<super::StatisticsDeliveries> for StatisticsDeliveries {
            fn from(value: super::StatisticsDeliveries) -> Self {
                Self {
                    failed: Ok(value.failed),
                    succeeded: Ok(value.succeeded),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct StatisticsItem {
            attempts: ::std::result::Result<
                ::std::collections::BTreeMap<::std::string::String, i64>,
                ::std::string::String,
            >,
            deliveries: ::std::result::Result<
                super::StatisticsDeliveries,
                ::std::string::String,
            >,
            duration_ms: ::std::result::Result<
                ::std::option::Option<super::StatisticsPercentiles>,
                ::std::string::String,
            >,
            latency_ms: ::std::result::Result<
                ::std::option::Option<super::StatisticsPercentiles>,
                ::std::string::String,
            >,
            start: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for StatisticsItem {
            fn default() -> Self {
                Self {
                    attempts: Err("no value supplied for attempts".to_string()),
                    deliveries: Err("no value supplied for deliveries".to_string()),
                    duration_ms: Ok(Default::default()),
                    latency_ms: Ok(Default::default()),
                    start: Err("no value supplied for start".to_string()),
                }
            }
        }
        impl StatisticsItem {
            pub fn attempts<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::collections::BTreeMap<::std::string::String, i64>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.attempts = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for attempts: {e}")
                    });
                self
            }
            pub fn deliveries<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::StatisticsDeliveries>,
                T::Error: ::std::fmt::Display,
            {
                self.deliveries = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for deliveries: {e}")
                    });
                self
            }
            pub fn duration_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::StatisticsPercentiles>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.duration_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for duration_ms: {e}")
                    });
                self
            }
            pub fn latency_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::StatisticsPercentiles>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.latency_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for latency_ms: {e}")
                    });
                self
            }
            pub fn start<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.start = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for start: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<StatisticsItem> for super::StatisticsItem {
            type Error = super::error::ConversionError;
            fn try_from(
                value: StatisticsItem,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    attempts: value.attempts?,
                    deliveries: value.deliveries?,
                    duration_ms: value.duration_ms?,
                    latency_ms: value.latency_ms?,
                    start: value.start?,
                })
            }
        }
        impl ::std::convert::From<super::StatisticsItem> for StatisticsItem {
            fn from(value: super::StatisticsItem) -> Self {
                Self {
                    attempts: Ok(value.attempts),
                    deliveries: Ok(value.deliveries),
                    duration_ms: Ok(value.duration_ms),
                    latency_ms: Ok(value.latency_ms),
                    start: Ok(value.start),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct StatisticsPercentiles {
            p50: ::std::result::Result<::std::num::NonZeroU32, ::std::string::String>,
            p95: ::std::result::Result<::std::num::NonZeroU32, ::std::string::String>,
            p99: ::std::result::Result<::std::num::NonZeroU32, ::std::string::String>,
        }
        impl ::std::default::Default for StatisticsPercentiles {
            fn default() -> Self {
                Self {
                    p50: Err("no value supplied for p50".to_string()),
                    p95: Err("no value supplied for p95".to_string()),
                    p99: Err("no value supplied for p99".to_string()),
                }
            }
        }
        impl StatisticsPercentiles {
            pub fn p50<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::num::NonZeroU32>,
                T::Error: ::std::fmt::Display,
            {
                self.p50 = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for p50: {e}")
                    });
                self
            }
            pub fn p95<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::num::NonZeroU32>,
                T::Error: ::std::fmt::Display,
            {
                self.p95 = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for p95: {e}")
                    });
                self
            }
            pub fn p99<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::num::NonZeroU32>,
                T::Error: ::std::fmt::Display,
            {
                self.p99 = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for p99: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<StatisticsPercentiles>
        for super::StatisticsPercentiles {
            type Error = super::error::ConversionError;
            fn try_from(
                value: StatisticsPercentiles,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    p50: value.p50?,
                    p95: value.p95?,
                    p99: value.p99?,
                })
            }
        }
        impl ::std::convert::From<super::StatisticsPercentiles>
        for StatisticsPercentiles {
            fn from(value: super::StatisticsPercentiles) -> Self {
                Self {
                    p50: Ok(value.p50),
                    p95: Ok(value.p95),
                    p99: Ok(value.p99),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct StatisticsTotal {
            attempts: ::std::result::Result<
                ::std::collections::BTreeMap<::std::string::String, i64>,
                ::std::string::String,
            >,
            deliveries: ::std::result::Result<
                super::StatisticsDeliveries,
                ::std::string::String,
            >,
            duration_ms: ::std::result::Result<
                ::std::option::Option<super::StatisticsPercentiles>,
                ::std::string::String,
            >,
            latency_ms: ::std::result::Result<
                ::std::option::Option<super::StatisticsPercentiles>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for StatisticsTotal {
            fn default() -> Self {
                Self {
                    attempts: Err("no value supplied for attempts".to_string()),
                    deliveries: Err("no value supplied for deliveries".to_string()),
                    duration_ms: Ok(Default::default()),
                    latency_ms: Ok(Default::default()),
                }
            }
        }
        impl StatisticsTotal {
            pub fn attempts<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::collections::BTreeMap<::std::string::String, i64>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.attempts = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for attempts: {e}")
                    });
                self
            }
            pub fn deliveries<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::StatisticsDeliveries>,
                T::Error: ::std::fmt::Display,
            {
                self.deliveries = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for deliveries: {e}")
                    });
                self
            }
            pub fn duration_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::StatisticsPercentiles>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.duration_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for duration_ms: {e}")
                    });
                self
            }
            pub fn latency_ms<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::StatisticsPercentiles>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.latency_ms = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for latency_ms: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<StatisticsTotal> for super::StatisticsTotal {
            type Error = super::error::ConversionError;
            fn try_from(
                value: StatisticsTotal,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    attempts: value.attempts?,
                    deliveries: value.deliveries?,
                    duration_ms: value.duration_ms?,
                    latency_ms: value.latency_ms?,
                })
            }
        }
        impl ::std::convert::From<super::StatisticsTotal> for StatisticsTotal {
            fn from(value: super::StatisticsTotal) -> Self {
                Self {
                    attempts: Ok(value.attempts),
                    deliveries: Ok(value.deliveries),
                    duration_ms: Ok(value.duration_ms),
                    latency_ms: Ok(value.latency_ms),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct StorageStatus {
            disk_free_bytes: ::std::result::Result<
                ::std::option::Option<i64>,
                ::std::string::String,
            >,
            full: ::std::result::Result<bool, ::std::string::String>,
            max_bytes: ::std::result::Result<i64, ::std::string::String>,
            used_bytes: ::std::result::Result<i64, ::std::string::String>,
        }
        impl ::std::default::Default for StorageStatus {
            fn default() -> Self {
                Self {
                    disk_free_bytes: Ok(Default::default()),
                    full: Err("no value supplied for full".to_string()),
                    max_bytes: Err("no value supplied for max_bytes".to_string()),
                    used_bytes: Err("no value supplied for used_bytes".to_string()),
                }
            }
        }
        impl StorageStatus {
            pub fn disk_free_bytes<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i64>>,
                T::Error: ::std::fmt::Display,
            {
                self.disk_free_bytes = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for disk_free_bytes: {e}"
                        )
                    });
                self
            }
            pub fn full<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<bool>,
                T::Error: ::std::fmt::Display,
            {
                self.full = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for full: {e}")
                    });
                self
            }
            pub fn max_bytes<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.max_bytes = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for max_bytes: {e}")
                    });
                self
            }
            pub fn used_bytes<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i64>,
                T::Error: ::std::fmt::Display,
            {
                self.used_bytes = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for used_bytes: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<StorageStatus> for super::StorageStatus {
            type Error = super::error::ConversionError;
            fn try_from(
                value: StorageStatus,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    disk_free_bytes: value.disk_free_bytes?,
                    full: value.full?,
                    max_bytes: value.max_bytes?,
                    used_bytes: value.used_bytes?,
                })
            }
        }
        impl ::std::convert::From<super::StorageStatus> for StorageStatus {
            fn from(value: super::StorageStatus) -> Self {
                Self {
                    disk_free_bytes: Ok(value.disk_free_bytes),
                    full: Ok(value.full),
                    max_bytes: Ok(value.max_bytes),
                    used_bytes: Ok(value.used_bytes),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WaitingFor {
            explanation: ::std::result::Result<
                super::WaitingForExplanation,
                ::std::string::String,
            >,
            help: ::std::result::Result<super::WaitingForHelp, ::std::string::String>,
            preceding_delivery: ::std::result::Result<
                ::std::option::Option<super::PrecedingDelivery>,
                ::std::string::String,
            >,
            reason: ::std::result::Result<crate::WaitingReason, ::std::string::String>,
            since: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            until: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for WaitingFor {
            fn default() -> Self {
                Self {
                    explanation: Err("no value supplied for explanation".to_string()),
                    help: Err("no value supplied for help".to_string()),
                    preceding_delivery: Ok(Default::default()),
                    reason: Err("no value supplied for reason".to_string()),
                    since: Err("no value supplied for since".to_string()),
                    until: Ok(Default::default()),
                }
            }
        }
        impl WaitingFor {
            pub fn explanation<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::WaitingForExplanation>,
                T::Error: ::std::fmt::Display,
            {
                self.explanation = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for explanation: {e}")
                    });
                self
            }
            pub fn help<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::WaitingForHelp>,
                T::Error: ::std::fmt::Display,
            {
                self.help = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for help: {e}")
                    });
                self
            }
            pub fn preceding_delivery<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::PrecedingDelivery>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.preceding_delivery = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for preceding_delivery: {e}"
                        )
                    });
                self
            }
            pub fn reason<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::WaitingReason>,
                T::Error: ::std::fmt::Display,
            {
                self.reason = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for reason: {e}")
                    });
                self
            }
            pub fn since<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.since = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for since: {e}")
                    });
                self
            }
            pub fn until<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.until = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for until: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WaitingFor> for super::WaitingFor {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WaitingFor,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    explanation: value.explanation?,
                    help: value.help?,
                    preceding_delivery: value.preceding_delivery?,
                    reason: value.reason?,
                    since: value.since?,
                    until: value.until?,
                })
            }
        }
        impl ::std::convert::From<super::WaitingFor> for WaitingFor {
            fn from(value: super::WaitingFor) -> Self {
                Self {
                    explanation: Ok(value.explanation),
                    help: Ok(value.help),
                    preceding_delivery: Ok(value.preceding_delivery),
                    reason: Ok(value.reason),
                    since: Ok(value.since),
                    until: Ok(value.until),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Webhook {
            account: ::std::result::Result<
                ::std::option::Option<super::WebhookAccount>,
                ::std::string::String,
            >,
            auth: ::std::result::Result<super::Auth, ::std::string::String>,
            created_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            deactivation: ::std::result::Result<
                ::std::option::Option<super::Deactivation>,
                ::std::string::String,
            >,
            description: ::std::result::Result<
                ::std::option::Option<super::WebhookDescription>,
                ::std::string::String,
            >,
            event_types: ::std::result::Result<
                ::std::vec::Vec<super::WebhookEventTypesItem>,
                ::std::string::String,
            >,
            headers: ::std::result::Result<
                ::std::vec::Vec<super::CustomHeader>,
                ::std::string::String,
            >,
            health: ::std::result::Result<
                ::std::option::Option<super::WebhookHealth>,
                ::std::string::String,
            >,
            id: ::std::result::Result<::uuid::Uuid, ::std::string::String>,
            max_per_second: ::std::result::Result<
                ::std::option::Option<::std::num::NonZeroU32>,
                ::std::string::String,
            >,
            ordered: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
            status: ::std::result::Result<super::WebhookStatus, ::std::string::String>,
            target_url: ::std::result::Result<
                super::WebhookTargetUrl,
                ::std::string::String,
            >,
            updated_at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Webhook {
            fn default() -> Self {
                Self {
                    account: Ok(Default::default()),
                    auth: Err("no value supplied for auth".to_string()),
                    created_at: Err("no value supplied for created_at".to_string()),
                    deactivation: Ok(Default::default()),
                    description: Ok(Default::default()),
                    event_types: Ok(Default::default()),
                    headers: Ok(Default::default()),
                    health: Ok(Default::default()),
                    id: Err("no value supplied for id".to_string()),
                    max_per_second: Ok(Default::default()),
                    ordered: Ok(Default::default()),
                    status: Err("no value supplied for status".to_string()),
                    target_url: Err("no value supplied for target_url".to_string()),
                    updated_at: Err("no value supplied for updated_at".to_string()),
                }
            }
        }
        impl Webhook {
            pub fn account<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::WebhookAccount>>,
                T::Error: ::std::fmt::Display,
            {
                self.account = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for account: {e}")
                    });
                self
            }
            pub fn auth<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::Auth>,
                T::Error: ::std::fmt::Display,
            {
                self.auth = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for auth: {e}")
                    });
                self
            }
            pub fn created_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.created_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for created_at: {e}")
                    });
                self
            }
            pub fn deactivation<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::Deactivation>>,
                T::Error: ::std::fmt::Display,
            {
                self.deactivation = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for deactivation: {e}")
                    });
                self
            }
            pub fn description<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::WebhookDescription>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.description = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for description: {e}")
                    });
                self
            }
            pub fn event_types<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::vec::Vec<super::WebhookEventTypesItem>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.event_types = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for event_types: {e}")
                    });
                self
            }
            pub fn headers<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::CustomHeader>>,
                T::Error: ::std::fmt::Display,
            {
                self.headers = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for headers: {e}")
                    });
                self
            }
            pub fn health<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::WebhookHealth>>,
                T::Error: ::std::fmt::Display,
            {
                self.health = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for health: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::uuid::Uuid>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn max_per_second<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::std::num::NonZeroU32>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.max_per_second = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for max_per_second: {e}"
                        )
                    });
                self
            }
            pub fn ordered<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.ordered = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for ordered: {e}")
                    });
                self
            }
            pub fn status<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::WebhookStatus>,
                T::Error: ::std::fmt::Display,
            {
                self.status = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status: {e}")
                    });
                self
            }
            pub fn target_url<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::WebhookTargetUrl>,
                T::Error: ::std::fmt::Display,
            {
                self.target_url = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for target_url: {e}")
                    });
                self
            }
            pub fn updated_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.updated_at = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for updated_at: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Webhook> for super::Webhook {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Webhook,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    account: value.account?,
                    auth: value.auth?,
                    created_at: value.created_at?,
                    deactivation: value.deactivation?,
                    description: value.description?,
                    event_types: value.event_types?,
                    headers: value.headers?,
                    health: value.health?,
                    id: value.id?,
                    max_per_second: value.max_per_second?,
                    ordered: value.ordered?,
                    status: value.status?,
                    target_url: value.target_url?,
                    updated_at: value.updated_at?,
                })
            }
        }
        impl ::std::convert::From<super::Webhook> for Webhook {
            fn from(value: super::Webhook) -> Self {
                Self {
                    account: Ok(value.account),
                    auth: Ok(value.auth),
                    created_at: Ok(value.created_at),
                    deactivation: Ok(value.deactivation),
                    description: Ok(value.description),
                    event_types: Ok(value.event_types),
                    headers: Ok(value.headers),
                    health: Ok(value.health),
                    id: Ok(value.id),
                    max_per_second: Ok(value.max_per_second),
                    ordered: Ok(value.ordered),
                    status: Ok(value.status),
                    target_url: Ok(value.target_url),
                    updated_at: Ok(value.updated_at),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WebhookActivation {
            status: ::std::result::Result<
                super::WebhookActivationStatus,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for WebhookActivation {
            fn default() -> Self {
                Self {
                    status: Err("no value supplied for status".to_string()),
                }
            }
        }
        impl WebhookActivation {
            pub fn status<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::WebhookActivationStatus>,
                T::Error: ::std::fmt::Display,
            {
                self.status = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WebhookActivation> for super::WebhookActivation {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WebhookActivation,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { status: value.status? })
            }
        }
        impl ::std::convert::From<super::WebhookActivation> for WebhookActivation {
            fn from(value: super::WebhookActivation) -> Self {
                Self { status: Ok(value.status) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WebhookDeactivation {
            status: ::std::result::Result<
                super::WebhookDeactivationStatus,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for WebhookDeactivation {
            fn default() -> Self {
                Self {
                    status: Err("no value supplied for status".to_string()),
                }
            }
        }
        impl WebhookDeactivation {
            pub fn status<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::WebhookDeactivationStatus>,
                T::Error: ::std::fmt::Display,
            {
                self.status = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WebhookDeactivation>
        for super::WebhookDeactivation {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WebhookDeactivation,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self { status: value.status? })
            }
        }
        impl ::std::convert::From<super::WebhookDeactivation> for WebhookDeactivation {
            fn from(value: super::WebhookDeactivation) -> Self {
                Self { status: Ok(value.status) }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WebhookFailure {
            at: ::std::result::Result<
                ::chrono::DateTime<::chrono::offset::Utc>,
                ::std::string::String,
            >,
            explanation: ::std::result::Result<
                ::std::option::Option<super::WebhookFailureExplanation>,
                ::std::string::String,
            >,
            help: ::std::result::Result<
                ::std::option::Option<super::WebhookFailureHelp>,
                ::std::string::String,
            >,
            outcome: ::std::result::Result<crate::Outcome, ::std::string::String>,
            status_code: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for WebhookFailure {
            fn default() -> Self {
                Self {
                    at: Err("no value supplied for at".to_string()),
                    explanation: Ok(Default::default()),
                    help: Ok(Default::default()),
                    outcome: Err("no value supplied for outcome".to_string()),
                    status_code: Ok(Default::default()),
                }
            }
        }
        impl WebhookFailure {
            pub fn at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
                T::Error: ::std::fmt::Display,
            {
                self.at = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for at: {e}"));
                self
            }
            pub fn explanation<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::WebhookFailureExplanation>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.explanation = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for explanation: {e}")
                    });
                self
            }
            pub fn help<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::WebhookFailureHelp>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.help = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for help: {e}")
                    });
                self
            }
            pub fn outcome<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Outcome>,
                T::Error: ::std::fmt::Display,
            {
                self.outcome = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for outcome: {e}")
                    });
                self
            }
            pub fn status_code<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.status_code = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for status_code: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WebhookFailure> for super::WebhookFailure {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WebhookFailure,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    at: value.at?,
                    explanation: value.explanation?,
                    help: value.help?,
                    outcome: value.outcome?,
                    status_code: value.status_code?,
                })
            }
        }
        impl ::std::convert::From<super::WebhookFailure> for WebhookFailure {
            fn from(value: super::WebhookFailure) -> Self {
                Self {
                    at: Ok(value.at),
                    explanation: Ok(value.explanation),
                    help: Ok(value.help),
                    outcome: Ok(value.outcome),
                    status_code: Ok(value.status_code),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WebhookHealth {
            backlog: ::std::result::Result<i32, ::std::string::String>,
            consecutive_failures: ::std::result::Result<i32, ::std::string::String>,
            last_failure: ::std::result::Result<
                ::std::option::Option<super::WebhookFailure>,
                ::std::string::String,
            >,
            last_success_at: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            since: ::std::result::Result<
                ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                ::std::string::String,
            >,
            state: ::std::result::Result<crate::HealthState, ::std::string::String>,
        }
        impl ::std::default::Default for WebhookHealth {
            fn default() -> Self {
                Self {
                    backlog: Err("no value supplied for backlog".to_string()),
                    consecutive_failures: Err(
                        "no value supplied for consecutive_failures".to_string(),
                    ),
                    last_failure: Ok(Default::default()),
                    last_success_at: Ok(Default::default()),
                    since: Ok(Default::default()),
                    state: Err("no value supplied for state".to_string()),
                }
            }
        }
        impl WebhookHealth {
            pub fn backlog<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.backlog = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for backlog: {e}")
                    });
                self
            }
            pub fn consecutive_failures<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<i32>,
                T::Error: ::std::fmt::Display,
            {
                self.consecutive_failures = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for consecutive_failures: {e}"
                        )
                    });
                self
            }
            pub fn last_failure<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::WebhookFailure>>,
                T::Error: ::std::fmt::Display,
            {
                self.last_failure = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for last_failure: {e}")
                    });
                self
            }
            pub fn last_success_at<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.last_success_at = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for last_success_at: {e}"
                        )
                    });
                self
            }
            pub fn since<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.since = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for since: {e}")
                    });
                self
            }
            pub fn state<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::HealthState>,
                T::Error: ::std::fmt::Display,
            {
                self.state = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for state: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WebhookHealth> for super::WebhookHealth {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WebhookHealth,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    backlog: value.backlog?,
                    consecutive_failures: value.consecutive_failures?,
                    last_failure: value.last_failure?,
                    last_success_at: value.last_success_at?,
                    since: value.since?,
                    state: value.state?,
                })
            }
        }
        impl ::std::convert::From<super::WebhookHealth> for WebhookHealth {
            fn from(value: super::WebhookHealth) -> Self {
                Self {
                    backlog: Ok(value.backlog),
                    consecutive_failures: Ok(value.consecutive_failures),
                    last_failure: Ok(value.last_failure),
                    last_success_at: Ok(value.last_success_at),
                    since: Ok(value.since),
                    state: Ok(value.state),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WebhookPage {
            cursor: ::std::result::Result<
                ::std::option::Option<super::WebhookPageCursor>,
                ::std::string::String,
            >,
            data: ::std::result::Result<
                ::std::vec::Vec<super::Webhook>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for WebhookPage {
            fn default() -> Self {
                Self {
                    cursor: Ok(Default::default()),
                    data: Err("no value supplied for data".to_string()),
                }
            }
        }
        impl WebhookPage {
            pub fn cursor<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::WebhookPageCursor>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.cursor = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for cursor: {e}")
                    });
                self
            }
            pub fn data<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Webhook>>,
                T::Error: ::std::fmt::Display,
            {
                self.data = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for data: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WebhookPage> for super::WebhookPage {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WebhookPage,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    cursor: value.cursor?,
                    data: value.data?,
                })
            }
        }
        impl ::std::convert::From<super::WebhookPage> for WebhookPage {
            fn from(value: super::WebhookPage) -> Self {
                Self {
                    cursor: Ok(value.cursor),
                    data: Ok(value.data),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WebhookRegistration {
            auth: ::std::result::Result<
                ::std::option::Option<super::AuthInput>,
                ::std::string::String,
            >,
            description: ::std::result::Result<
                ::std::option::Option<super::WebhookRegistrationDescription>,
                ::std::string::String,
            >,
            event_types: ::std::result::Result<
                ::std::vec::Vec<super::WebhookRegistrationEventTypesItem>,
                ::std::string::String,
            >,
            headers: ::std::result::Result<
                ::std::option::Option<super::CustomHeaderInputs>,
                ::std::string::String,
            >,
            max_per_second: ::std::result::Result<
                ::std::option::Option<::std::num::NonZeroU32>,
                ::std::string::String,
            >,
            ordered: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
            target_url: ::std::result::Result<
                super::WebhookRegistrationTargetUrl,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for WebhookRegistration {
            fn default() -> Self {
                Self {
                    auth: Ok(Default::default()),
                    description: Ok(Default::default()),
                    event_types: Ok(Default::default()),
                    headers: Ok(Default::default()),
                    max_per_second: Ok(Default::default()),
                    ordered: Ok(Default::default()),
                    target_url: Err("no value supplied for target_url".to_string()),
                }
            }
        }
        impl WebhookRegistration {
            pub fn auth<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::AuthInput>>,
                T::Error: ::std::fmt::Display,
            {
                self.auth = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for auth: {e}")
                    });
                self
            }
            pub fn description<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::WebhookRegistrationDescription>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.description = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for description: {e}")
                    });
                self
            }
            pub fn event_types<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::vec::Vec<super::WebhookRegistrationEventTypesItem>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.event_types = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for event_types: {e}")
                    });
                self
            }
            pub fn headers<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::CustomHeaderInputs>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.headers = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for headers: {e}")
                    });
                self
            }
            pub fn max_per_second<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<::std::num::NonZeroU32>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.max_per_second = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for max_per_second: {e}"
                        )
                    });
                self
            }
            pub fn ordered<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.ordered = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for ordered: {e}")
                    });
                self
            }
            pub fn target_url<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::WebhookRegistrationTargetUrl>,
                T::Error: ::std::fmt::Display,
            {
                self.target_url = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for target_url: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WebhookRegistration>
        for super::WebhookRegistration {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WebhookRegistration,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    auth: value.auth?,
                    description: value.description?,
                    event_types: value.event_types?,
                    headers: value.headers?,
                    max_per_second: value.max_per_second?,
                    ordered: value.ordered?,
                    target_url: value.target_url?,
                })
            }
        }
        impl ::std::convert::From<super::WebhookRegistration> for WebhookRegistration {
            fn from(value: super::WebhookRegistration) -> Self {
                Self {
                    auth: Ok(value.auth),
                    description: Ok(value.description),
                    event_types: Ok(value.event_types),
                    headers: Ok(value.headers),
                    max_per_second: Ok(value.max_per_second),
                    ordered: Ok(value.ordered),
                    target_url: Ok(value.target_url),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct WebhookUpdate {
            auth: ::std::result::Result<
                ::std::option::Option<super::AuthInput>,
                ::std::string::String,
            >,
            description: ::std::result::Result<
                ::std::option::Option<super::WebhookUpdateDescription>,
                ::std::string::String,
            >,
            event_types: ::std::result::Result<
                ::std::vec::Vec<super::WebhookUpdateEventTypesItem>,
                ::std::string::String,
            >,
            headers: ::std::result::Result<
                ::std::option::Option<super::CustomHeaderInputs>,
                ::std::string::String,
            >,
            max_per_second: ::std::result::Result<
                ::std::option::Option<i32>,
                ::std::string::String,
            >,
            ordered: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
            target_url: ::std::result::Result<
                ::std::option::Option<super::WebhookUpdateTargetUrl>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for WebhookUpdate {
            fn default() -> Self {
                Self {
                    auth: Ok(Default::default()),
                    description: Ok(Default::default()),
                    event_types: Ok(Default::default()),
                    headers: Ok(Default::default()),
                    max_per_second: Ok(Default::default()),
                    ordered: Ok(Default::default()),
                    target_url: Ok(Default::default()),
                }
            }
        }
        impl WebhookUpdate {
            pub fn auth<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::AuthInput>>,
                T::Error: ::std::fmt::Display,
            {
                self.auth = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for auth: {e}")
                    });
                self
            }
            pub fn description<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::WebhookUpdateDescription>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.description = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for description: {e}")
                    });
                self
            }
            pub fn event_types<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::vec::Vec<super::WebhookUpdateEventTypesItem>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.event_types = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for event_types: {e}")
                    });
                self
            }
            pub fn headers<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::CustomHeaderInputs>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.headers = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for headers: {e}")
                    });
                self
            }
            pub fn max_per_second<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i32>>,
                T::Error: ::std::fmt::Display,
            {
                self.max_per_second = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for max_per_second: {e}"
                        )
                    });
                self
            }
            pub fn ordered<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.ordered = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for ordered: {e}")
                    });
                self
            }
            pub fn target_url<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<
                    ::std::option::Option<super::WebhookUpdateTargetUrl>,
                >,
                T::Error: ::std::fmt::Display,
            {
                self.target_url = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for target_url: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<WebhookUpdate> for super::WebhookUpdate {
            type Error = super::error::ConversionError;
            fn try_from(
                value: WebhookUpdate,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    auth: value.auth?,
                    description: value.description?,
                    event_types: value.event_types?,
                    headers: value.headers?,
                    max_per_second: value.max_per_second?,
                    ordered: value.ordered?,
                    target_url: value.target_url?,
                })
            }
        }
        impl ::std::convert::From<super::WebhookUpdate> for WebhookUpdate {
            fn from(value: super::WebhookUpdate) -> Self {
                Self {
                    auth: Ok(value.auth),
                    description: Ok(value.description),
                    event_types: Ok(value.event_types),
                    headers: Ok(value.headers),
                    max_per_second: Ok(value.max_per_second),
                    ordered: Ok(value.ordered),
                    target_url: Ok(value.target_url),
                }
            }
        }
    }
    /// Generation of default values for serde.
    pub mod defaults {
        pub(super) fn default_u64<T, const V: u64>() -> T
        where
            T: ::std::convert::TryFrom<u64>,
            <T as ::std::convert::TryFrom<u64>>::Error: ::std::fmt::Debug,
        {
            T::try_from(V).unwrap()
        }
    }
    /// Error types.
    pub mod error {
        /// Error from a `TryFrom` or `FromStr` implementation.
        pub struct ConversionError(::std::borrow::Cow<'static, str>);
        impl ::std::error::Error for ConversionError {}
        impl ::std::fmt::Display for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }
        impl ::std::fmt::Debug for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<&'static str> for ConversionError {
            fn from(value: &'static str) -> Self {
                Self(value.into())
            }
        }
        impl From<String> for ConversionError {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }
    }
}
#[derive(Clone, Debug)]
/**Client for Notifications API

Register a target URL once. The service then sends the notifications of the selected event types to this URL. So your application does not need to poll.

## Requests

Every operation needs an access token in the header `Authorization: Bearer <token>`. A token has scopes. It belongs either to one account or to the platform. An account is a customer. The platform is the operator's own application, and can publish to every account. The description of each operation names the required scope, and says if only platform tokens may call it. If an object does not exist or belongs to another account, the response is 404. A platform token sees the objects of all accounts, and the member `account` of each object.

Request bodies are JSON (`Content-Type: application/json`). The service refuses unknown members, and members with the value null. It also refuses JSON that some parsers cannot read (RFC 7493, I-JSON): unpaired surrogates such as `\ud800`, numbers outside the range of a double such as `1e400`, and more than 64 levels of arrays and objects. So every client and callback server can read what the service stores. Two members of an object in `data` may have the same name. The service keeps both, but many parsers read only the last one. If a request has several errors, the response has the status that comes first in this list: 401, 429, 403, 415, 413, 400, 404, 409. If a body has several errors, `errors` lists up to 32 of them. There are two exceptions for 429. A request without a valid access token gets 429 instead of 401 if its address sent too many such requests, and the limit on running tests is checked last. A request with a valid access token is never refused because of other requests from its address.

Every response has the headers `Cache-Control: no-store` and `X-Content-Type-Options: nosniff`. If the service itself uses TLS, responses also have the header `Strict-Transport-Security`.

Lists begin with the newest item. There are exceptions: the lists of event types and accounts are sorted by name, and the list of pauses by `id`. `limit` is the maximum number of items on a page. To get the next page, repeat the request with the `cursor` from the previous response. The last page has no `cursor`. Items that are created after the request for the first page do not change the following pages. A page with a `cursor` can have fewer items than `limit`, or no items. Such a page is rare. It is possible if the filter `type` or `health` matches only few of very many items, if very many deliveries have another `status`, or if payloads are large.

## Problems

An error response is a problem detail (RFC 9457) in `application/problem+json`. If `Accept` allows `application/json` but not `application/problem+json`, the response is in `application/json`. The member `code` names the kind of problem:

| status | code | when |
|---|---|---|
| 400 | `invalid_request` | the body is not valid JSON, cannot be read by every parser, or does not match its schema; `errors` has the position in the body. An error repeats no value of a member. It may name a member, a header, a host, a port or an address. Or an identifier, query or header is not valid. |
| 400 | `credentials_required` | the update changes the scheme, host or port of `targetURL`, but does not repeat the credentials (`auth`, `headers`) |
| 401 | `unauthenticated` | the access token is missing, malformed, unknown, expired or revoked |
| 403 | `insufficient_scope` | the token lacks the scope that the operation needs, or the operation is only for tokens of an account or only for platform tokens |
| 404 | `not_found` | the object does not exist, or it belongs to another account, or the path is not in this document |
| 405 | `method_not_allowed` | the path does not have the method; `Allow` has its methods |
| 409 | `idempotency_conflict` | the idempotency key was already used with another body |
| 409 | `webhook_deactivated` | the webhook is deactivated |
| 409 | `webhook_limit` | the account has reached its maximum number of webhooks |
| 409 | `notification_deleted` | the notification was deleted and cannot be sent again |
| 413 | `payload_too_large` | the body is too large |
| 415 | `unsupported_media_type` | the `Content-Type` of the request is not `application/json`, or the body has a `Content-Encoding` |
| 429 | `rate_limited` | the token sent too many requests, the request has no valid token and its address sent too many such requests, or the account already runs two tests. `Retry-After` is the number of seconds to wait |
| 500 | `internal` | the service failed |
| 503 | `overloaded` | the service cannot handle the request now. It may already have stored the change that you requested. `Retry-After` is the number of seconds to wait |

If the path is not in this document, the response is 404 with the code `not_found`. If the path does not have the method, the response is 405.

## Limits

| what | limit |
|---|---|
| request body | 256 KiB by default |
| levels of arrays and objects in a request body | 64 |
| webhooks of an account | 1,000 by default |
| `targetURL`, `tokenURL` | 2,048 characters |
| `username`, `clientID` | 255 characters |
| `password`, `clientSecret`, `scope`, `audience` | 1,024 characters |
| `example` of an event type | 16 KiB |
| `headers` of a webhook | 20 headers; a name has at most 64 characters, and a value has at most 1,024 characters |
| `eventTypes` | 100 items, each with at most 130 characters |
| `description` of a webhook | 512 characters |
| `maxPerSecond` | 1,000. The limit for callbacks that start at the same moment is a tenth of `maxPerSecond`, but never less than 1. |
| `type` of a notification | 128 characters |
| `Idempotency-Key` | 255 characters; a key is stored for 24 hours |
| `limit` of a page | at most 200 items; the default is 10 items |
| items that the service reads for one page | 10,000 items; a page ends when its payloads reach 4 MiB |
| open connections | 1,024 in total and 256 from one address, by default; if a limit is reached, the service closes an open connection without a request in progress before it accepts a new one. It first closes connections that have not sent a request |
| time from opening a connection to the end of the header of its first request | 10 seconds by default, with the TLS handshake |
| time between two requests on a connection | 75 seconds by default; then the service closes the connection. If a client reads a long response slowly, it must read at least 1,000 bytes per second |
| header of a request | 64 KiB over HTTP/1.1, 16 KiB over HTTP/2 |
| requests in progress | 100 on one HTTP/2 connection, 256 from one address, and 1,024 in total; further requests wait |
| requests per second with one token, failed authentications per minute from one address | no limit by default |
| `overlapSeconds` of a rotation | at most 604,800 (7 days); the default is 86,400 (1 day) |
| webhook tests | 2 at the same time in one account; each test takes at most 8 seconds |
| when a webhook that accepts nothing is deactivated | after more than 5 days and at least 10 failed attempts, by default |
| attempts in progress at the same time | 64 for each webhook and 256 for each account, by default; fewer for a new or failing webhook |
| attempts that have been in progress for more than 1 second | a separate limit: 256 for each account, by default |
| one attempt | 15 seconds in total, 5 seconds to open a connection; the service reads at most 64 KiB of the response |
| response of the `tokenURL` | 64 KiB; the access token in it has at most 8,192 characters |
| attempts of a delivery | 10 by default; the last attempt is 3 to 4 days after the first; `Retry-After` delays an attempt by at most 24 hours |
| attempts shown for a delivery | the most recent 50 |
| pending deliveries that `backlog` of a webhook counts | 1,000 |
| deliveries that one call of recoverDeliveries, redeliverDeliveries or cancelDeliveries examines | 10,000 |
| stored part of a response to a callback | the first 4 KiB |
| how long a delivery is kept | by default, 7 days after it succeeded, or 30 days after it failed or was cancelled |
| how long statistics are kept | 30 days; intervals of less than one hour 48 hours |
| intervals in one response of getStatistics | 1,000 |
| how long an event of the audit log is kept | 365 days by default |
| how long a notification is kept | until all its deliveries are removed; by default, 7 days if it never had a delivery |


Version: 0.1.0*/
pub struct Client {
    pub(crate) baseurl: String,
    pub(crate) client: reqwest::Client,
    pub(crate) inner: crate::exchange::Exchange,
}
impl Client {
    /// Construct a new client with an existing `reqwest::Client`,
    /// allowing more control over its configuration.
    ///
    /// `baseurl` is the base URL provided to the internal
    /// `reqwest::Client`, and should include a scheme and hostname,
    /// as well as port and a path stem if applicable.
    pub(crate) fn new_with_client(
        baseurl: &str,
        client: reqwest::Client,
        inner: crate::exchange::Exchange,
    ) -> Self {
        Self {
            baseurl: baseurl.to_string(),
            client,
            inner,
        }
    }
}
impl ClientInfo<crate::exchange::Exchange> for Client {
    fn api_version() -> &'static str {
        "0.1.0"
    }
    fn baseurl(&self) -> &str {
        self.baseurl.as_str()
    }
    fn client(&self) -> &reqwest::Client {
        &self.client
    }
    fn inner(&self) -> &crate::exchange::Exchange {
        &self.inner
    }
}
const _: () = {
    #[allow(dead_code)]
    fn assert_client_hooks()
    where
        Client: ClientHooks<crate::exchange::Exchange>,
    {}
};
impl Client {
    /**List accounts

Lists the accounts that have webhooks or pending deliveries, sorted by name, with the numbers of their webhooks and pending deliveries. `failingWebhookCount` and `pausedWebhookCount` count active webhooks by the state of their `health`. The service counts all of them again and again, so the numbers are at most a few seconds old, or older if millions of deliveries wait. `countedAt` is the time of the count. Only platform tokens may call this operation.

Scope: `webhooks.read`.

Sends a `GET` request to `/api/notifications/v1/accounts`

Arguments:
- `cursor`: The `cursor` in the response with the previous page. Without a cursor, the response is the first page.
- `health`: Returns only accounts with at least one webhook in this state of `health`.
- `limit`: The maximum number of items on the page.
```text
let response = client.list_accounts()
    .cursor(cursor)
    .health(health)
    .limit(limit)
    .send()
    .await;
```*/
    pub fn list_accounts(&self) -> builder::ListAccounts<'_> {
        builder::ListAccounts::new(self)
    }
    /**List audit events

Lists the events of the audit log, newest first. An event says who did what, with which object, from where, with which access token, and when. An event never contains a secret.

These actions have an event:

- Each successful call of an operation that changes something. `action` is the `operationId` of the operation. publishNotification is an exception, because each notification is stored anyway: use listNotifications. A call with `dryRun`, and pauseDeliveries for a scope that is already paused, change nothing, so they have no event.
- Each successful call of getSigningSecret. The service returns the secret only after the event is stored.
- `token.created`, `token.rotated`, `token.revoked`: the operator created, replaced or revoked an access token of the account. The token that replaces another one has an event `token.created`.
- `authentication.failed`: requests without a valid access token. The service counts these requests for each address and reason, and stores one event for each of them at most once per minute. If there are too many addresses in a minute, the rest have one event for each reason, without an address. `reason` is `missing_token`, `malformed_token`, `unknown_token`, `expired_token` or `revoked_token`. Only the last two reasons concern an account.
- `webhook.deactivated`: the service deactivated a webhook. `reason` is `gone` (the callback server responded with 410) or `failing` (it accepted nothing for too long).
- `webhook.activated`: the service activated a webhook, because its callback server has agreed in a handshake. `reason` is `verified`.
- `deliveries.paused`, `deliveries.resumed`: the operator paused or resumed deliveries of the account or of a webhook with a command.
- Other actions of the operator, which concern no account: `backup.created`, `backup.restored`, `store.migrated`, and for a new master key `key.rotation_started` and `key.rotated`.

More actions may be added. A change and its event are stored together, so no change is without its event. A refused request has no event, except if its access token is not valid.

A token of an account lists the events that concern this account. Events of the platform and of the operator then have no `user`, `tokenID`, `address` and `requestID`. A platform token lists all events, or the events that concern the account in `account`, with all members. Events are kept for 365 days by default.

Scope: `audit.read`.

Sends a `GET` request to `/api/notifications/v1/audit-events`

Arguments:
- `account`: Returns only events of this account. A platform token may name any account. A token of an account may name only its own account; for another account, the response is 400.
- `action`: Returns only events with this action.
- `cursor`: The `cursor` in the response with the previous page. Without a cursor, the response is the first page.
- `limit`: The maximum number of items on the page.
- `since`: Returns only events at this time or later.
- `until`: Returns only events before this time.
```text
let response = client.list_audit_events()
    .account(account)
    .action(action)
    .cursor(cursor)
    .limit(limit)
    .since(since)
    .until(until)
    .send()
    .await;
```*/
    pub fn list_audit_events(&self) -> builder::ListAuditEvents<'_> {
        builder::ListAuditEvents::new(self)
    }
    /**Get the caller

Returns what the service knows about the access token of the request: the account, the name, the scopes and the time when the token expires. Every valid token may call this operation, so it needs no scope.

Sends a `GET` request to `/api/notifications/v1/caller`

```text
let response = client.get_caller()
    .send()
    .await;
```*/
    pub fn get_caller(&self) -> builder::GetCaller<'_> {
        builder::GetCaller::new(self)
    }
    /**Cancel many deliveries

Cancels the selected deliveries that are pending. An attempt in progress is completed: if your callback server accepts it, the delivery has succeeded. A cancelled delivery can be repeated with recoverDeliveries, redeliverDeliveries and redeliver. You can safely repeat a call.

One call examines at most 10,000 deliveries. If the response has a `cursor`, there may be more deliveries. To continue, send the same request with this `cursor`. A call with `dryRun` only counts the deliveries.

Scope: `deliveries.write`.

Sends a `POST` request to `/api/notifications/v1/cancellations`

Arguments:
- `body`: The deliveries to change.
```text
let response = client.cancel_deliveries()
    .body(body)
    .send()
    .await;
```*/
    pub fn cancel_deliveries(&self) -> builder::CancelDeliveries<'_> {
        builder::CancelDeliveries::new(self)
    }
    /**List deliveries

Lists the deliveries of notifications to webhooks, newest first. If you send several filters, the list has only the deliveries that match all filters. With a platform token, the operation lists the objects of all accounts, or of the account in `account`, and each object has the member `account`.

Scope: `deliveries.read`.

Sends a `GET` request to `/api/notifications/v1/deliveries`

Arguments:
- `account`: Returns only deliveries of this account. A platform token may name any account. A token of an account may name only its own account; for another account, the response is 400.
- `cursor`: The `cursor` in the response with the previous page. Without a cursor, the response is the first page.
- `limit`: The maximum number of items on the page.
- `notification_id`: Returns only deliveries of this notification.
- `since`: Returns only deliveries that were created at this time or later.
- `status`: Returns only deliveries with this status.
- `type_`: Returns only deliveries of notifications of this type.
- `until`: Returns only deliveries that were created before this time.
- `webhook_id`: Returns only deliveries to this webhook.
```text
let response = client.list_deliveries()
    .account(account)
    .cursor(cursor)
    .limit(limit)
    .notification_id(notification_id)
    .since(since)
    .status(status)
    .type_(type_)
    .until(until)
    .webhook_id(webhook_id)
    .send()
    .await;
```*/
    pub fn list_deliveries(&self) -> builder::ListDeliveries<'_> {
        builder::ListDeliveries::new(self)
    }
    /**Get a delivery and its attempts

Returns one delivery and its 50 most recent attempts. Each attempt has its start time, and can have a response and an error.

Scope: `deliveries.read`.

Sends a `GET` request to `/api/notifications/v1/deliveries/{id}`

Arguments:
- `id`: The delivery's identifier.
```text
let response = client.get_delivery()
    .id(id)
    .send()
    .await;
```*/
    pub fn get_delivery(&self) -> builder::GetDelivery<'_> {
        builder::GetDelivery::new(self)
    }
    /**Repeat a delivery

Makes a delivery due now, and starts the retry schedule of this delivery again. The delivery can have any status, and becomes pending. `attemptCount` is not reset. The callback uses the webhook's current URL and credentials. If the delivery has already succeeded, the callback server receives the notification again with the same `webhook-id`.

If an attempt of the delivery is in progress, no second attempt starts. If the callback server accepts the attempt in progress, the redelivery has succeeded. Otherwise, the next attempt starts immediately after the attempt in progress.

If the delivery was not pending before this operation, it waits in the queue with the retries of its webhook. In an ordered webhook, the delivery comes after all deliveries that already wait. To make all deliveries of a period due again, use recoverDeliveries.

Scope: `deliveries.write`.

Sends a `POST` request to `/api/notifications/v1/deliveries/{id}/redelivery`

Arguments:
- `id`: The delivery's identifier.
```text
let response = client.redeliver()
    .id(id)
    .send()
    .await;
```*/
    pub fn redeliver(&self) -> builder::Redeliver<'_> {
        builder::Redeliver::new(self)
    }
    /**List event types

Lists the event types of the operator's catalogue, sorted by name. If the operator has a catalogue, you can publish only the types in the catalogue. In this case, each item of a webhook's `eventTypes` must match a type in the catalogue or one of the service's own types (`webhook.…`). If the operator has no catalogue, the list is empty, and you can publish every type that does not begin with `webhook.`.

Scope: `notifications.read`.

Sends a `GET` request to `/api/notifications/v1/event-types`

Arguments:
- `cursor`: The `cursor` in the response with the previous page. Without a cursor, the response is the first page.
- `limit`: The maximum number of items on the page.
```text
let response = client.list_event_types()
    .cursor(cursor)
    .limit(limit)
    .send()
    .await;
```*/
    pub fn list_event_types(&self) -> builder::ListEventTypes<'_> {
        builder::ListEventTypes::new(self)
    }
    /**List notifications

Lists the notifications of the token's account, newest first. With a platform token, the operation lists the notifications of all accounts. With a platform token, the operation lists the objects of all accounts, or of the account in `account`, and each object has the member `account`.

Scope: `notifications.read`.

Sends a `GET` request to `/api/notifications/v1/notifications`

Arguments:
- `account`: Returns only notifications of this account. A platform token may name any account. A token of an account may name only its own account; for another account, the response is 400.
- `cursor`: The `cursor` in the response with the previous page. Without a cursor, the response is the first page.
- `limit`: The maximum number of items on the page.
- `type_`: Returns only notifications of this type.
```text
let response = client.list_notifications()
    .account(account)
    .cursor(cursor)
    .limit(limit)
    .type_(type_)
    .send()
    .await;
```*/
    pub fn list_notifications(&self) -> builder::ListNotifications<'_> {
        builder::ListNotifications::new(self)
    }
    /**Publish a notification

Publishes a notification to the webhooks that match it. The service stores the notification and its deliveries before it responds. The callbacks follow immediately.

If you send `webhook`, only that webhook receives the notification. Otherwise, every active webhook of the account with matching `eventTypes` receives the notification. If no webhook matches, or if the account is unknown, the service still accepts the notification, and `deliveryCount` is 0. The operator can choose that a platform token gets 404 for an account without webhooks. If you send both `account` and `webhook`, the webhook must belong to this account.

If you send an `Idempotency-Key`, you can safely repeat the request for 24 hours. A request with the same key and the same body publishes nothing and returns the result of the first request. A request with the same key and another body fails with `idempotency_conflict`. If the notification was deleted, a repeated request fails with `notification_deleted`. The keys of an account are independent of the keys of other accounts and of the platform.

The callbacks have the `traceparent` and `tracestate` of the publication.

Scope: `notifications.publish`.

Sends a `POST` request to `/api/notifications/v1/notifications`

Arguments:
- `idempotency_key`: Identifies this publication. A repeated request with the same key does not publish the notification again.
- `traceparent`: The trace of this publication, as defined by [W3C Trace Context](https://www.w3.org/TR/trace-context-1/#traceparent-header). Each callback has the same `traceparent`. The service ignores a value that is not a trace of version 00.
- `tracestate`: Vendor data of the trace in `traceparent`. Each callback has the same `tracestate`. The service ignores a value that is not a list of `key=value` pairs, or that is longer than 512 characters.
- `body`: The notification, and the account or webhook that receives it.
```text
let response = client.publish_notification()
    .idempotency_key(idempotency_key)
    .traceparent(traceparent)
    .tracestate(tracestate)
    .body(body)
    .send()
    .await;
```*/
    pub fn publish_notification(&self) -> builder::PublishNotification<'_> {
        builder::PublishNotification::new(self)
    }
    /**Get a notification

Returns one notification with its data.

Scope: `notifications.read`.

Sends a `GET` request to `/api/notifications/v1/notifications/{id}`

Arguments:
- `id`: The notification's identifier.
```text
let response = client.get_notification()
    .id(id)
    .send()
    .await;
```*/
    pub fn get_notification(&self) -> builder::GetNotification<'_> {
        builder::GetNotification::new(self)
    }
    /**Delete a notification

Deletes a notification. Before the service responds, it erases the `data` and the stored responses of callback servers. Such a response may repeat the data. The pending deliveries of the notification are cancelled, and no new attempt starts. An attempt that is in progress is completed and recorded, but its response is not stored.

Afterwards, the response to getNotification is 404. You can still read the deliveries of the notification, which contain the notification's identifier and type. But you cannot repeat these deliveries. The service still stores the `Idempotency-Key` of the publication. If you repeat the publication with this key, the request fails with `notification_deleted`. The service cannot delete the data that callback servers have already received. The operator is responsible for copies of the database, such as backups.

Scope: `notifications.write`.

Sends a `DELETE` request to `/api/notifications/v1/notifications/{id}`

Arguments:
- `id`: The notification's identifier.
```text
let response = client.delete_notification()
    .id(id)
    .send()
    .await;
```*/
    pub fn delete_notification(&self) -> builder::DeleteNotification<'_> {
        builder::DeleteNotification::new(self)
    }
    /**List pauses

Lists the pauses of deliveries, sorted by `id`. A webhook can be in several pauses: of the webhook, of its account, and of all deliveries. Its deliveries wait until all of them have ended. Only platform tokens may call this operation.

Scope: `webhooks.read`.

Sends a `GET` request to `/api/notifications/v1/pauses`

Arguments:
- `cursor`: The `cursor` in the response with the previous page. Without a cursor, the response is the first page.
- `limit`: The maximum number of items on the page.
```text
let response = client.list_pauses()
    .cursor(cursor)
    .limit(limit)
    .send()
    .await;
```*/
    pub fn list_pauses(&self) -> builder::ListPauses<'_> {
        builder::ListPauses::new(self)
    }
    /**Pause deliveries

Pauses the deliveries of all webhooks, of an account, or of a webhook. At most one second after the response, no attempt starts in this scope. Attempts in progress are completed. Publishing continues: new deliveries and retries wait, also over a restart of the service, and the wait does not count as an attempt. Test callbacks and handshakes are still sent.

If the scope is already paused, the call changes nothing and returns the existing pause. If the webhook does not exist, the response is 404. An account without webhooks can be paused, so check the spelling. The pause of a webhook ends when the webhook is deleted. Only platform tokens may call this operation.

Scope: `pauses.write`.

Sends a `POST` request to `/api/notifications/v1/pauses`

Arguments:
- `body`: The scope of the pause.
```text
let response = client.pause_deliveries()
    .body(body)
    .send()
    .await;
```*/
    pub fn pause_deliveries(&self) -> builder::PauseDeliveries<'_> {
        builder::PauseDeliveries::new(self)
    }
    /**Resume deliveries

Ends a pause. Due deliveries are attempted at most one second after the response, unless another pause includes them. If there is no such pause, the response is 404. Only platform tokens may call this operation.

Scope: `pauses.write`.

Sends a `DELETE` request to `/api/notifications/v1/pauses/{id}`

Arguments:
- `id`: The pause's identifier.
```text
let response = client.resume_deliveries()
    .id(id)
    .send()
    .await;
```*/
    pub fn resume_deliveries(&self) -> builder::ResumeDeliveries<'_> {
        builder::ResumeDeliveries::new(self)
    }
    /**Repeat many deliveries

Makes the selected deliveries due now, like redeliver: also deliveries that succeeded, for example after your callback server has lost data. A pending delivery becomes due now. For each delivery, the retry schedule starts again, but `attemptCount` is not reset. If `webhookID` is absent, the call skips deactivated and deleted webhooks. Deliveries of deleted notifications do not change. To repeat only failed and cancelled deliveries, use recoverDeliveries.

Do not repeat a call without its `cursor`: the deliveries would be sent once more.

One call examines at most 10,000 deliveries. If the response has a `cursor`, there may be more deliveries. To continue, send the same request with this `cursor`. A call with `dryRun` only counts the deliveries.

Scope: `deliveries.write`.

Sends a `POST` request to `/api/notifications/v1/redeliveries`

Arguments:
- `body`: The deliveries to change.
```text
let response = client.redeliver_deliveries()
    .body(body)
    .send()
    .await;
```*/
    pub fn redeliver_deliveries(&self) -> builder::RedeliverDeliveries<'_> {
        builder::RedeliverDeliveries::new(self)
    }
    /**Get the service status

Returns whether the service accepts and delivers notifications, what waits, and how full its storage is. If the service runs as several server processes, the response describes the process that handles the request. The counts are at most a few seconds old, or older if millions of deliveries wait. Only platform tokens may call this operation.

Scope: `webhooks.read`.

Sends a `GET` request to `/api/notifications/v1/service-status`

```text
let response = client.get_service_status()
    .send()
    .await;
```*/
    pub fn get_service_status(&self) -> builder::GetServiceStatus<'_> {
        builder::GetServiceStatus::new(self)
    }
    /**Get statistics

Returns how many attempts had which outcome, how many deliveries succeeded and failed, and percentiles of two times, for each interval of a time range and for the whole range. The statistics are about one webhook, one account or all accounts:

- With `webhookID`, they are about this webhook. A webhook that does not exist, was deleted, or belongs to another account is a 404.
- Without `webhookID`, they are about the account of the token. A platform token names an account in `account`, or gets the statistics of all accounts.

Each attempt counts in the interval in which it ended. Callbacks of testWebhook and handshakes do not count.

- `latencyMs` is the time from the publication of a notification to the end of the attempt that the callback server accepted. It includes the time in which the delivery waited, and earlier attempts. Deliveries that redeliver, redeliverDeliveries or recoverDeliveries made due again do not count in it.
- `durationMs` is the duration of an attempt, as in `durationMs` of an attempt. All attempts count in it.

The percentiles come from histograms, so they differ from the exact values by at most 4.5 %. Percentiles of several intervals cannot be added or averaged. Use a longer interval or `total`, whose percentiles are exact to the same 4.5 %.

The service keeps statistics for 30 days. Intervals of less than one hour are kept for 48 hours. The counts of an outcome are stored together with the outcome, so they are complete, also after a crash of the service.

Scope: `deliveries.read`.

Sends a `GET` request to `/api/notifications/v1/statistics`

Arguments:
- `account`: Returns the statistics of this account. A platform token may name any account. A token of an account may name only its own account; for another account, the response is 400. With `webhookID`, the webhook must belong to this account.
- `interval`: The length of the intervals. `5m` and `15m` are possible only if the range begins in the last 48 hours. The range may have at most 1,000 intervals. Without this parameter, the service chooses the shortest interval of which the range has at most about 300.
- `since`: The start of the range, at most 30 days ago. It is rounded down to a multiple of the interval. Without this parameter, the range begins 24 hours before `until`.
- `until`: The end of the range. It is rounded up to a multiple of the interval. Without this parameter, the range ends now, and the last interval is not complete yet.
- `webhook_id`: Returns the statistics of this webhook.
```text
let response = client.get_statistics()
    .account(account)
    .interval(interval)
    .since(since)
    .until(until)
    .webhook_id(webhook_id)
    .send()
    .await;
```*/
    pub fn get_statistics(&self) -> builder::GetStatistics<'_> {
        builder::GetStatistics::new(self)
    }
    /**List webhooks

Lists the webhooks of the token's account, newest first. With a platform token, the operation lists the webhooks of all accounts, or of the account in `account`, and each webhook has the member `account`.

Each webhook has the member `health`. To find the webhooks that need attention, use the filter `health`.

Scope: `webhooks.read`.

Sends a `GET` request to `/api/notifications/v1/webhooks`

Arguments:
- `account`: Returns only webhooks of this account. A platform token may name any account. A token of an account may name only its own account; for another account, the response is 400.
- `cursor`: The `cursor` in the response with the previous page. Without a cursor, the response is the first page.
- `health`: Returns only webhooks with this state of `health`.
- `limit`: The maximum number of items on the page.
- `status`: Returns only webhooks with this status.
```text
let response = client.list_webhooks()
    .account(account)
    .cursor(cursor)
    .health(health)
    .limit(limit)
    .status(status)
    .send()
    .await;
```*/
    pub fn list_webhooks(&self) -> builder::ListWebhooks<'_> {
        builder::ListWebhooks::new(self)
    }
    /**Register a webhook

Registers a target URL. From now on, the service sends every notification of the selected `eventTypes` to this URL. If your callback server does not accept a notification, the service sends the notification again later.

Use a webhook instead of polling. For example, you have bought something from a catalogue and wait until the purchase is delivered. Without a webhook, you have to ask the catalogue every few seconds. With a webhook, you receive the notification `catalog.purchase.closed` as soon as the purchase is delivered.

You need a callback server: an HTTPS server with a certificate of a public certificate authority. The callback server receives the callback `notification`, which this document describes together with this operation. Your callback server must check the signature, and respond with a status from 200 to 299.

The operator can require a handshake. The handshake shows that your callback server wants the notifications. If a handshake is required, a new webhook is `deactivated` with the reason `unverified`. The webhook receives no notifications until your callback server agrees. The service sends a callback of the type `webhook.handshake` to your callback server. This callback is signed and authenticated like every callback. The `data` of this callback is `{"challenge": "…"}`. To agree, respond with the status 200 and the same `data` object as the JSON body. The body may have additional members. If the webhook has a `tokenURL`, its token server also has to agree: it must issue an access token for this callback. The service sends the callback only with this token. After any other response except 410, the service tries again on the retry schedule. If the last attempt of the schedule has failed, or if your response was 410, call activateWebhook to start a new handshake.

The response contains the registered values, but no secrets. The `targetURL` in the response is exactly the text that you sent. If you register the same URL again, you get a second webhook. Your callback server then receives callbacks for each of the two webhooks. An account can have 1,000 webhooks by default.

Scope: `webhooks.write`.

Sends a `POST` request to `/api/notifications/v1/webhooks`

Arguments:
- `body`: The target URL, and how the service authenticates to the callback server.
```text
let response = client.register_webhook()
    .body(body)
    .send()
    .await;
```*/
    pub fn register_webhook(&self) -> builder::RegisterWebhook<'_> {
        builder::RegisterWebhook::new(self)
    }
    /**Get a webhook

Returns one webhook, without secrets.

Scope: `webhooks.read`.

Sends a `GET` request to `/api/notifications/v1/webhooks/{id}`

Arguments:
- `id`: The webhook's identifier.
```text
let response = client.get_webhook()
    .id(id)
    .send()
    .await;
```*/
    pub fn get_webhook(&self) -> builder::GetWebhook<'_> {
        builder::GetWebhook::new(self)
    }
    /**Delete a webhook

Deletes a webhook and its secrets, and cancels its pending deliveries. A callback that is in progress is completed. You can still read the deliveries of the webhook.

Scope: `webhooks.write`.

Sends a `DELETE` request to `/api/notifications/v1/webhooks/{id}`

Arguments:
- `id`: The webhook's identifier.
```text
let response = client.delete_webhook()
    .id(id)
    .send()
    .await;
```*/
    pub fn delete_webhook(&self) -> builder::DeleteWebhook<'_> {
        builder::DeleteWebhook::new(self)
    }
    /**Update a webhook

Changes the members of the webhook that the request body contains. All other members stay unchanged. Pending deliveries use the new URL and the new credentials. If the service has one node, no new callback uses the old values after the response to this operation. If the service has several nodes, other nodes can still use the old values for at most 10 seconds after the response.

The service never sends stored credentials to another scheme, host or port. If you change the scheme, host or port of `targetURL`, repeat the credentials in the same update. If the webhook has authentication, send `auth`. If the webhook has custom headers, send `headers`. If `auth` or `headers` is missing, the update fails with `credentials_required`.

If the operator requires a handshake, any change of `targetURL`, and any new `tokenURL`, deactivates an active webhook with the reason `unverified`. The pending deliveries of this webhook are cancelled. The webhook becomes active when the servers at its URLs agree, as registerWebhook describes. If the webhook is already deactivated for another reason, it stays deactivated. In this case, the handshake starts only when you activate the webhook.

Scope: `webhooks.write`.

Sends a `PATCH` request to `/api/notifications/v1/webhooks/{id}`

Arguments:
- `id`: The webhook's identifier.
- `body`: The members to change.
```text
let response = client.update_webhook()
    .id(id)
    .body(body)
    .send()
    .await;
```*/
    pub fn update_webhook(&self) -> builder::UpdateWebhook<'_> {
        builder::UpdateWebhook::new(self)
    }
    /**Activate a webhook

Activates a webhook, so that it receives the notifications that are published from now on. Cancelled deliveries stay cancelled until you recover them with recoverDeliveries. If the webhook is already active, nothing changes.

If the operator requires a handshake, and the servers at the current `targetURL` and `tokenURL` have not agreed yet, this operation starts a handshake. In this case, the response has the status `deactivated` and the reason `unverified`. The webhook becomes active as soon as the callback server agrees. A later activation with the same `targetURL` and `tokenURL` needs no new handshake.

Scope: `webhooks.write`.

Sends a `PATCH` request to `/api/notifications/v1/webhooks/{id}/activation`

Arguments:
- `id`: The webhook's identifier.
- `body`: The new status.
```text
let response = client.activate_webhook()
    .id(id)
    .body(body)
    .send()
    .await;
```*/
    pub fn activate_webhook(&self) -> builder::ActivateWebhook<'_> {
        builder::ActivateWebhook::new(self)
    }
    /**Deactivate a webhook

Deactivates a webhook, so that it receives no notifications, and cancels its pending deliveries. If the service has one node, no new callback to the webhook starts after the response to this operation. If the service has several nodes, other nodes can still start callbacks for at most 10 seconds after the response. If the webhook is already deactivated, nothing changes. There is one exception: if the webhook waits for a handshake, the handshake ends, and the reason becomes `requested`.

Scope: `webhooks.write`.

Sends a `PATCH` request to `/api/notifications/v1/webhooks/{id}/deactivation`

Arguments:
- `id`: The webhook's identifier.
- `body`: The new status.
```text
let response = client.deactivate_webhook()
    .id(id)
    .body(body)
    .send()
    .await;
```*/
    pub fn deactivate_webhook(&self) -> builder::DeactivateWebhook<'_> {
        builder::DeactivateWebhook::new(self)
    }
    /**Recover a webhook's deliveries

Makes the failed and cancelled deliveries of a webhook due again, in the order of their creation. Use this operation after an outage of your callback server. `since` and `until` select the deliveries by the time of their creation. `type`, `outcome` and `statusCode` select them by their event type and by the result of their last attempt. For each delivery, the retry schedule starts again, but `attemptCount` is not reset. New deliveries do not wait for recovered deliveries. There is one exception: in an ordered webhook, recovered deliveries come after all deliveries that already wait. New deliveries of this webhook come after the recovered deliveries. Deliveries of deleted notifications do not change.

One call examines at most 10,000 deliveries. If the response has a `cursor`, there may be more deliveries to recover. To continue, send the same request with this `cursor`. You can safely repeat a call, also after an interruption, because pending and succeeded deliveries do not change.

A call with `dryRun` also examines at most 10,000 deliveries, but it only counts the deliveries and does not change them. If the webhook was deactivated shortly before the call, the response can have a `count` of 0 and a `cursor`. In this case, the service is still cancelling pending deliveries.

Scope: `deliveries.write`.

Sends a `POST` request to `/api/notifications/v1/webhooks/{id}/recovery`

Arguments:
- `id`: The webhook's identifier.
- `body`: The deliveries to recover.
```text
let response = client.recover_deliveries()
    .id(id)
    .body(body)
    .send()
    .await;
```*/
    pub fn recover_deliveries(&self) -> builder::RecoverDeliveries<'_> {
        builder::RecoverDeliveries::new(self)
    }
    /**Get a webhook's signing secret

Returns the secret that signs the webhook's callbacks. The service generates a new secret at registration and at each rotation. The audit log has an event for each call of this operation: see listAuditEvents.

Scope: `webhooks.secrets`.

Sends a `GET` request to `/api/notifications/v1/webhooks/{id}/signing-secret`

Arguments:
- `id`: The webhook's identifier.
```text
let response = client.get_signing_secret()
    .id(id)
    .send()
    .await;
```*/
    pub fn get_signing_secret(&self) -> builder::GetSigningSecret<'_> {
        builder::GetSigningSecret::new(self)
    }
    /**Rotate a webhook's signing secret

Generates a new signing secret and returns it. The previous secret stays valid for `overlapSeconds` seconds. This time is the overlap. During the overlap, each callback has two signatures: one with the previous secret and one with the new secret. Your callback server can check the callback with either secret, so you have time to install the new secret. After the overlap, the previous secret is invalid.

At most two secrets are valid at a time. If you rotate again during the overlap, the older of the two secrets becomes invalid immediately. Your callback server may know only this older secret. If you do not receive the response to a rotation, call getSigningSecret before you repeat the rotation. If getSigningSecret does not return the secret that you had before the rotation, the rotation was successful. The returned secret is then the new secret.

Scope: `webhooks.secrets`.

Sends a `POST` request to `/api/notifications/v1/webhooks/{id}/signing-secret/rotation`

Arguments:
- `id`: The webhook's identifier.
- `body`: How long the current secret stays valid.
```text
let response = client.rotate_signing_secret()
    .id(id)
    .body(body)
    .send()
    .await;
```*/
    pub fn rotate_signing_secret(&self) -> builder::RotateSigningSecret<'_> {
        builder::RotateSigningSecret::new(self)
    }
    /**Send a test callback

Sends a callback of the type `webhook.test` now, and returns the result after at most 8 seconds. This operation also works for a deactivated webhook, and while the operator has paused deliveries. The test is not stored, and its result does not affect the webhook. An account can run at most two tests at the same time. A test also counts against the limits of a host that has accepted few callbacks, which registerWebhook describes with its callback.

If you send the parameter `type`, the callback has this event type, and its `data` is the example of this event type. The operation listEventTypes shows the examples. Your callback server cannot distinguish such a callback from a real notification. If the operator's catalogue has no example of the event type, the response is 404.

Scope: `webhooks.write`.

Sends a `POST` request to `/api/notifications/v1/webhooks/{id}/test`

Arguments:
- `id`: The webhook's identifier.
- `type_`: The event type whose example the callback contains.
```text
let response = client.test_webhook()
    .id(id)
    .type_(type_)
    .send()
    .await;
```*/
    pub fn test_webhook(&self) -> builder::TestWebhook<'_> {
        builder::TestWebhook::new(self)
    }
}
/// Types for composing operation parameters.
#[allow(clippy::all)]
pub mod builder {
    use super::types;
    #[allow(unused_imports)]
    use super::{
        encode_path, ByteStream, ClientInfo, ClientHooks, Error, OperationInfo,
        RequestBuilderExt, ResponseValue,
    };
    /**Builder for [`Client::list_accounts`]

[`Client::list_accounts`]: super::Client::list_accounts*/
    #[derive(Debug, Clone)]
    pub struct ListAccounts<'a> {
        client: &'a super::Client,
        cursor: Result<Option<types::ListAccountsCursor>, String>,
        health: Result<Option<types::WebhookHealthState>, String>,
        limit: Result<Option<::std::num::NonZeroU32>, String>,
    }
    impl<'a> ListAccounts<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                cursor: Ok(None),
                health: Ok(None),
                limit: Ok(None),
            }
        }
        pub fn cursor<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListAccountsCursor>,
        {
            self.cursor = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListAccountsCursor` for cursor failed".to_string()
                });
            self
        }
        pub fn health<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::WebhookHealthState>,
        {
            self.health = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `WebhookHealthState` for health failed".to_string()
                });
            self
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU32>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU32` for limit failed"
                        .to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/accounts`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::AccountPage>, Error<types::Problem>> {
            let Self { client, cursor, health, limit } = self;
            let cursor = cursor.map_err(Error::InvalidRequest)?;
            let health = health.map_err(Error::InvalidRequest)?;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/accounts", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("cursor", &cursor))
                .query(&progenitor_client::QueryParam::new("health", &health))
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "list_accounts",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::list_audit_events`]

[`Client::list_audit_events`]: super::Client::list_audit_events*/
    #[derive(Debug, Clone)]
    pub struct ListAuditEvents<'a> {
        client: &'a super::Client,
        account: Result<Option<types::ListAuditEventsAccount>, String>,
        action: Result<Option<types::ListAuditEventsAction>, String>,
        cursor: Result<Option<types::ListAuditEventsCursor>, String>,
        limit: Result<Option<::std::num::NonZeroU32>, String>,
        since: Result<Option<::chrono::DateTime<::chrono::offset::Utc>>, String>,
        until: Result<Option<::chrono::DateTime<::chrono::offset::Utc>>, String>,
    }
    impl<'a> ListAuditEvents<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                account: Ok(None),
                action: Ok(None),
                cursor: Ok(None),
                limit: Ok(None),
                since: Ok(None),
                until: Ok(None),
            }
        }
        pub fn account<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListAuditEventsAccount>,
        {
            self.account = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListAuditEventsAccount` for account failed"
                        .to_string()
                });
            self
        }
        pub fn action<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListAuditEventsAction>,
        {
            self.action = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListAuditEventsAction` for action failed".to_string()
                });
            self
        }
        pub fn cursor<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListAuditEventsCursor>,
        {
            self.cursor = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListAuditEventsCursor` for cursor failed".to_string()
                });
            self
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU32>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU32` for limit failed"
                        .to_string()
                });
            self
        }
        pub fn since<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
        {
            self.since = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: chrono :: DateTime < :: chrono :: offset :: Utc >` for since failed"
                        .to_string()
                });
            self
        }
        pub fn until<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
        {
            self.until = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: chrono :: DateTime < :: chrono :: offset :: Utc >` for until failed"
                        .to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/audit-events`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::AuditEventPage>, Error<types::Problem>> {
            let Self { client, account, action, cursor, limit, since, until } = self;
            let account = account.map_err(Error::InvalidRequest)?;
            let action = action.map_err(Error::InvalidRequest)?;
            let cursor = cursor.map_err(Error::InvalidRequest)?;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let since = since.map_err(Error::InvalidRequest)?;
            let until = until.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/audit-events", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("account", &account))
                .query(&progenitor_client::QueryParam::new("action", &action))
                .query(&progenitor_client::QueryParam::new("cursor", &cursor))
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .query(&progenitor_client::QueryParam::new("since", &since))
                .query(&progenitor_client::QueryParam::new("until", &until))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "list_audit_events",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::get_caller`]

[`Client::get_caller`]: super::Client::get_caller*/
    #[derive(Debug, Clone)]
    pub struct GetCaller<'a> {
        client: &'a super::Client,
    }
    impl<'a> GetCaller<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self { client: client }
        }
        ///Sends a `GET` request to `/api/notifications/v1/caller`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Caller>, Error<types::Problem>> {
            let Self { client } = self;
            let url = format!("{}/api/notifications/v1/caller", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "get_caller",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::cancel_deliveries`]

[`Client::cancel_deliveries`]: super::Client::cancel_deliveries*/
    #[derive(Debug, Clone)]
    pub struct CancelDeliveries<'a> {
        client: &'a super::Client,
        body: Result<types::builder::DeliverySelection, String>,
    }
    impl<'a> CancelDeliveries<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::DeliverySelection>,
            <V as std::convert::TryInto<
                types::DeliverySelection,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `DeliverySelection` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::DeliverySelection,
            ) -> types::builder::DeliverySelection,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/cancellations`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::ChangedDeliveries>, Error<types::Problem>> {
            let Self { client, body } = self;
            let body = body
                .and_then(|v| {
                    types::DeliverySelection::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/cancellations", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "cancel_deliveries",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                202u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::list_deliveries`]

[`Client::list_deliveries`]: super::Client::list_deliveries*/
    #[derive(Debug, Clone)]
    pub struct ListDeliveries<'a> {
        client: &'a super::Client,
        account: Result<Option<types::ListDeliveriesAccount>, String>,
        cursor: Result<Option<types::ListDeliveriesCursor>, String>,
        limit: Result<Option<::std::num::NonZeroU32>, String>,
        notification_id: Result<Option<::uuid::Uuid>, String>,
        since: Result<Option<::chrono::DateTime<::chrono::offset::Utc>>, String>,
        status: Result<Option<types::DeliveryStatus>, String>,
        type_: Result<Option<types::ListDeliveriesType>, String>,
        until: Result<Option<::chrono::DateTime<::chrono::offset::Utc>>, String>,
        webhook_id: Result<Option<::uuid::Uuid>, String>,
    }
    impl<'a> ListDeliveries<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                account: Ok(None),
                cursor: Ok(None),
                limit: Ok(None),
                notification_id: Ok(None),
                since: Ok(None),
                status: Ok(None),
                type_: Ok(None),
                until: Ok(None),
                webhook_id: Ok(None),
            }
        }
        pub fn account<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListDeliveriesAccount>,
        {
            self.account = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListDeliveriesAccount` for account failed"
                        .to_string()
                });
            self
        }
        pub fn cursor<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListDeliveriesCursor>,
        {
            self.cursor = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListDeliveriesCursor` for cursor failed".to_string()
                });
            self
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU32>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU32` for limit failed"
                        .to_string()
                });
            self
        }
        pub fn notification_id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.notification_id = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for notification_id failed"
                        .to_string()
                });
            self
        }
        pub fn since<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
        {
            self.since = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: chrono :: DateTime < :: chrono :: offset :: Utc >` for since failed"
                        .to_string()
                });
            self
        }
        pub fn status<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::DeliveryStatus>,
        {
            self.status = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `DeliveryStatus` for status failed".to_string()
                });
            self
        }
        pub fn type_<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListDeliveriesType>,
        {
            self.type_ = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListDeliveriesType` for type_ failed".to_string()
                });
            self
        }
        pub fn until<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
        {
            self.until = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: chrono :: DateTime < :: chrono :: offset :: Utc >` for until failed"
                        .to_string()
                });
            self
        }
        pub fn webhook_id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.webhook_id = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for webhook_id failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/deliveries`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::DeliveryPage>, Error<types::Problem>> {
            let Self {
                client,
                account,
                cursor,
                limit,
                notification_id,
                since,
                status,
                type_,
                until,
                webhook_id,
            } = self;
            let account = account.map_err(Error::InvalidRequest)?;
            let cursor = cursor.map_err(Error::InvalidRequest)?;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let notification_id = notification_id.map_err(Error::InvalidRequest)?;
            let since = since.map_err(Error::InvalidRequest)?;
            let status = status.map_err(Error::InvalidRequest)?;
            let type_ = type_.map_err(Error::InvalidRequest)?;
            let until = until.map_err(Error::InvalidRequest)?;
            let webhook_id = webhook_id.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/deliveries", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("account", &account))
                .query(&progenitor_client::QueryParam::new("cursor", &cursor))
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .query(
                    &progenitor_client::QueryParam::new(
                        "notificationID",
                        &notification_id,
                    ),
                )
                .query(&progenitor_client::QueryParam::new("since", &since))
                .query(&progenitor_client::QueryParam::new("status", &status))
                .query(&progenitor_client::QueryParam::new("type", &type_))
                .query(&progenitor_client::QueryParam::new("until", &until))
                .query(&progenitor_client::QueryParam::new("webhookID", &webhook_id))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "list_deliveries",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::get_delivery`]

[`Client::get_delivery`]: super::Client::get_delivery*/
    #[derive(Debug, Clone)]
    pub struct GetDelivery<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
    }
    impl<'a> GetDelivery<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/deliveries/{id}`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::DeliveryDetail>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/deliveries/{}", client.baseurl, encode_path(& id
                .to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "get_delivery",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::redeliver`]

[`Client::redeliver`]: super::Client::redeliver*/
    #[derive(Debug, Clone)]
    pub struct Redeliver<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
    }
    impl<'a> Redeliver<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/deliveries/{id}/redelivery`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Delivery>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/deliveries/{}/redelivery", client.baseurl,
                encode_path(& id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "redeliver",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                202u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                409u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::list_event_types`]

[`Client::list_event_types`]: super::Client::list_event_types*/
    #[derive(Debug, Clone)]
    pub struct ListEventTypes<'a> {
        client: &'a super::Client,
        cursor: Result<Option<types::ListEventTypesCursor>, String>,
        limit: Result<Option<::std::num::NonZeroU32>, String>,
    }
    impl<'a> ListEventTypes<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                cursor: Ok(None),
                limit: Ok(None),
            }
        }
        pub fn cursor<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListEventTypesCursor>,
        {
            self.cursor = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListEventTypesCursor` for cursor failed".to_string()
                });
            self
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU32>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU32` for limit failed"
                        .to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/event-types`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::EventTypePage>, Error<types::Problem>> {
            let Self { client, cursor, limit } = self;
            let cursor = cursor.map_err(Error::InvalidRequest)?;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/event-types", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("cursor", &cursor))
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "list_event_types",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::list_notifications`]

[`Client::list_notifications`]: super::Client::list_notifications*/
    #[derive(Debug, Clone)]
    pub struct ListNotifications<'a> {
        client: &'a super::Client,
        account: Result<Option<types::ListNotificationsAccount>, String>,
        cursor: Result<Option<types::ListNotificationsCursor>, String>,
        limit: Result<Option<::std::num::NonZeroU32>, String>,
        type_: Result<Option<types::ListNotificationsType>, String>,
    }
    impl<'a> ListNotifications<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                account: Ok(None),
                cursor: Ok(None),
                limit: Ok(None),
                type_: Ok(None),
            }
        }
        pub fn account<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListNotificationsAccount>,
        {
            self.account = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListNotificationsAccount` for account failed"
                        .to_string()
                });
            self
        }
        pub fn cursor<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListNotificationsCursor>,
        {
            self.cursor = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListNotificationsCursor` for cursor failed"
                        .to_string()
                });
            self
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU32>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU32` for limit failed"
                        .to_string()
                });
            self
        }
        pub fn type_<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListNotificationsType>,
        {
            self.type_ = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListNotificationsType` for type_ failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/notifications`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::NotificationPage>, Error<types::Problem>> {
            let Self { client, account, cursor, limit, type_ } = self;
            let account = account.map_err(Error::InvalidRequest)?;
            let cursor = cursor.map_err(Error::InvalidRequest)?;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let type_ = type_.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/notifications", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("account", &account))
                .query(&progenitor_client::QueryParam::new("cursor", &cursor))
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .query(&progenitor_client::QueryParam::new("type", &type_))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "list_notifications",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::publish_notification`]

[`Client::publish_notification`]: super::Client::publish_notification*/
    #[derive(Debug, Clone)]
    pub struct PublishNotification<'a> {
        client: &'a super::Client,
        idempotency_key: Result<
            Option<types::PublishNotificationIdempotencyKey>,
            String,
        >,
        traceparent: Result<Option<::std::string::String>, String>,
        tracestate: Result<Option<::std::string::String>, String>,
        body: Result<types::builder::NotificationPublication, String>,
    }
    impl<'a> PublishNotification<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                idempotency_key: Ok(None),
                traceparent: Ok(None),
                tracestate: Ok(None),
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn idempotency_key<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::PublishNotificationIdempotencyKey>,
        {
            self.idempotency_key = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `PublishNotificationIdempotencyKey` for idempotency_key failed"
                        .to_string()
                });
            self
        }
        pub fn traceparent<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::string::String>,
        {
            self.traceparent = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: string :: String` for traceparent failed"
                        .to_string()
                });
            self
        }
        pub fn tracestate<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::string::String>,
        {
            self.tracestate = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: string :: String` for tracestate failed"
                        .to_string()
                });
            self
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::NotificationPublication>,
            <V as std::convert::TryInto<
                types::NotificationPublication,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!(
                        "conversion to `NotificationPublication` for body failed: {}", s
                    )
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::NotificationPublication,
            ) -> types::builder::NotificationPublication,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/notifications`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Notification>, Error<types::Problem>> {
            let Self { client, idempotency_key, traceparent, tracestate, body } = self;
            let idempotency_key = idempotency_key.map_err(Error::InvalidRequest)?;
            let traceparent = traceparent.map_err(Error::InvalidRequest)?;
            let tracestate = tracestate.map_err(Error::InvalidRequest)?;
            let body = body
                .and_then(|v| {
                    types::NotificationPublication::try_from(v)
                        .map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/notifications", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(4usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            if let Some(value) = idempotency_key {
                header_map.append("Idempotency-Key", value.to_string().try_into()?);
            }
            if let Some(value) = traceparent {
                header_map.append("traceparent", value.to_string().try_into()?);
            }
            if let Some(value) = tracestate {
                header_map.append("tracestate", value.to_string().try_into()?);
            }
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "publish_notification",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                202u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                409u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::get_notification`]

[`Client::get_notification`]: super::Client::get_notification*/
    #[derive(Debug, Clone)]
    pub struct GetNotification<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
    }
    impl<'a> GetNotification<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/notifications/{id}`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Notification>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/notifications/{}", client.baseurl, encode_path(&
                id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "get_notification",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::delete_notification`]

[`Client::delete_notification`]: super::Client::delete_notification*/
    #[derive(Debug, Clone)]
    pub struct DeleteNotification<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
    }
    impl<'a> DeleteNotification<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        ///Sends a `DELETE` request to `/api/notifications/v1/notifications/{id}`
        pub async fn send(self) -> Result<ResponseValue<()>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/notifications/{}", client.baseurl, encode_path(&
                id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .delete(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "delete_notification",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                204u16 => Ok(ResponseValue::empty(response)),
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::list_pauses`]

[`Client::list_pauses`]: super::Client::list_pauses*/
    #[derive(Debug, Clone)]
    pub struct ListPauses<'a> {
        client: &'a super::Client,
        cursor: Result<Option<types::ListPausesCursor>, String>,
        limit: Result<Option<::std::num::NonZeroU32>, String>,
    }
    impl<'a> ListPauses<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                cursor: Ok(None),
                limit: Ok(None),
            }
        }
        pub fn cursor<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListPausesCursor>,
        {
            self.cursor = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListPausesCursor` for cursor failed".to_string()
                });
            self
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU32>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU32` for limit failed"
                        .to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/pauses`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::PausePage>, Error<types::Problem>> {
            let Self { client, cursor, limit } = self;
            let cursor = cursor.map_err(Error::InvalidRequest)?;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/pauses", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("cursor", &cursor))
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "list_pauses",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::pause_deliveries`]

[`Client::pause_deliveries`]: super::Client::pause_deliveries*/
    #[derive(Debug, Clone)]
    pub struct PauseDeliveries<'a> {
        client: &'a super::Client,
        body: Result<types::builder::PauseRequest, String>,
    }
    impl<'a> PauseDeliveries<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::PauseRequest>,
            <V as std::convert::TryInto<types::PauseRequest>>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `PauseRequest` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::PauseRequest,
            ) -> types::builder::PauseRequest,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/pauses`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Pause>, Error<types::Problem>> {
            let Self { client, body } = self;
            let body = body
                .and_then(|v| {
                    types::PauseRequest::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/pauses", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "pause_deliveries",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::resume_deliveries`]

[`Client::resume_deliveries`]: super::Client::resume_deliveries*/
    #[derive(Debug, Clone)]
    pub struct ResumeDeliveries<'a> {
        client: &'a super::Client,
        id: Result<types::ResumeDeliveriesId, String>,
    }
    impl<'a> ResumeDeliveries<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ResumeDeliveriesId>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `ResumeDeliveriesId` for id failed".to_string()
                });
            self
        }
        ///Sends a `DELETE` request to `/api/notifications/v1/pauses/{id}`
        pub async fn send(self) -> Result<ResponseValue<()>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/pauses/{}", client.baseurl, encode_path(& id
                .to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .delete(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "resume_deliveries",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                204u16 => Ok(ResponseValue::empty(response)),
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::redeliver_deliveries`]

[`Client::redeliver_deliveries`]: super::Client::redeliver_deliveries*/
    #[derive(Debug, Clone)]
    pub struct RedeliverDeliveries<'a> {
        client: &'a super::Client,
        body: Result<types::builder::DeliverySelection, String>,
    }
    impl<'a> RedeliverDeliveries<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::DeliverySelection>,
            <V as std::convert::TryInto<
                types::DeliverySelection,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `DeliverySelection` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::DeliverySelection,
            ) -> types::builder::DeliverySelection,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/redeliveries`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::ChangedDeliveries>, Error<types::Problem>> {
            let Self { client, body } = self;
            let body = body
                .and_then(|v| {
                    types::DeliverySelection::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/redeliveries", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "redeliver_deliveries",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                202u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                409u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::get_service_status`]

[`Client::get_service_status`]: super::Client::get_service_status*/
    #[derive(Debug, Clone)]
    pub struct GetServiceStatus<'a> {
        client: &'a super::Client,
    }
    impl<'a> GetServiceStatus<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self { client: client }
        }
        ///Sends a `GET` request to `/api/notifications/v1/service-status`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::ServiceStatus>, Error<types::Problem>> {
            let Self { client } = self;
            let url = format!("{}/api/notifications/v1/service-status", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "get_service_status",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::get_statistics`]

[`Client::get_statistics`]: super::Client::get_statistics*/
    #[derive(Debug, Clone)]
    pub struct GetStatistics<'a> {
        client: &'a super::Client,
        account: Result<Option<types::GetStatisticsAccount>, String>,
        interval: Result<Option<types::StatisticsInterval>, String>,
        since: Result<Option<::chrono::DateTime<::chrono::offset::Utc>>, String>,
        until: Result<Option<::chrono::DateTime<::chrono::offset::Utc>>, String>,
        webhook_id: Result<Option<::uuid::Uuid>, String>,
    }
    impl<'a> GetStatistics<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                account: Ok(None),
                interval: Ok(None),
                since: Ok(None),
                until: Ok(None),
                webhook_id: Ok(None),
            }
        }
        pub fn account<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::GetStatisticsAccount>,
        {
            self.account = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `GetStatisticsAccount` for account failed".to_string()
                });
            self
        }
        pub fn interval<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::StatisticsInterval>,
        {
            self.interval = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `StatisticsInterval` for interval failed".to_string()
                });
            self
        }
        pub fn since<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
        {
            self.since = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: chrono :: DateTime < :: chrono :: offset :: Utc >` for since failed"
                        .to_string()
                });
            self
        }
        pub fn until<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::chrono::DateTime<::chrono::offset::Utc>>,
        {
            self.until = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: chrono :: DateTime < :: chrono :: offset :: Utc >` for until failed"
                        .to_string()
                });
            self
        }
        pub fn webhook_id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.webhook_id = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for webhook_id failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/statistics`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Statistics>, Error<types::Problem>> {
            let Self { client, account, interval, since, until, webhook_id } = self;
            let account = account.map_err(Error::InvalidRequest)?;
            let interval = interval.map_err(Error::InvalidRequest)?;
            let since = since.map_err(Error::InvalidRequest)?;
            let until = until.map_err(Error::InvalidRequest)?;
            let webhook_id = webhook_id.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/statistics", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("account", &account))
                .query(&progenitor_client::QueryParam::new("interval", &interval))
                .query(&progenitor_client::QueryParam::new("since", &since))
                .query(&progenitor_client::QueryParam::new("until", &until))
                .query(&progenitor_client::QueryParam::new("webhookID", &webhook_id))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "get_statistics",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::list_webhooks`]

[`Client::list_webhooks`]: super::Client::list_webhooks*/
    #[derive(Debug, Clone)]
    pub struct ListWebhooks<'a> {
        client: &'a super::Client,
        account: Result<Option<types::ListWebhooksAccount>, String>,
        cursor: Result<Option<types::ListWebhooksCursor>, String>,
        health: Result<Option<types::WebhookHealthState>, String>,
        limit: Result<Option<::std::num::NonZeroU32>, String>,
        status: Result<Option<types::WebhookStatus>, String>,
    }
    impl<'a> ListWebhooks<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                account: Ok(None),
                cursor: Ok(None),
                health: Ok(None),
                limit: Ok(None),
                status: Ok(None),
            }
        }
        pub fn account<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListWebhooksAccount>,
        {
            self.account = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListWebhooksAccount` for account failed".to_string()
                });
            self
        }
        pub fn cursor<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::ListWebhooksCursor>,
        {
            self.cursor = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `ListWebhooksCursor` for cursor failed".to_string()
                });
            self
        }
        pub fn health<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::WebhookHealthState>,
        {
            self.health = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `WebhookHealthState` for health failed".to_string()
                });
            self
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU32>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU32` for limit failed"
                        .to_string()
                });
            self
        }
        pub fn status<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::WebhookStatus>,
        {
            self.status = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `WebhookStatus` for status failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/webhooks`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::WebhookPage>, Error<types::Problem>> {
            let Self { client, account, cursor, health, limit, status } = self;
            let account = account.map_err(Error::InvalidRequest)?;
            let cursor = cursor.map_err(Error::InvalidRequest)?;
            let health = health.map_err(Error::InvalidRequest)?;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let status = status.map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/webhooks", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("account", &account))
                .query(&progenitor_client::QueryParam::new("cursor", &cursor))
                .query(&progenitor_client::QueryParam::new("health", &health))
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .query(&progenitor_client::QueryParam::new("status", &status))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "list_webhooks",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::register_webhook`]

[`Client::register_webhook`]: super::Client::register_webhook*/
    #[derive(Debug, Clone)]
    pub struct RegisterWebhook<'a> {
        client: &'a super::Client,
        body: Result<types::builder::WebhookRegistration, String>,
    }
    impl<'a> RegisterWebhook<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::WebhookRegistration>,
            <V as std::convert::TryInto<
                types::WebhookRegistration,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `WebhookRegistration` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::WebhookRegistration,
            ) -> types::builder::WebhookRegistration,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/webhooks`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Webhook>, Error<types::Problem>> {
            let Self { client, body } = self;
            let body = body
                .and_then(|v| {
                    types::WebhookRegistration::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!("{}/api/notifications/v1/webhooks", client.baseurl,);
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "register_webhook",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                409u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::get_webhook`]

[`Client::get_webhook`]: super::Client::get_webhook*/
    #[derive(Debug, Clone)]
    pub struct GetWebhook<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
    }
    impl<'a> GetWebhook<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/webhooks/{id}`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Webhook>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}", client.baseurl, encode_path(& id
                .to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "get_webhook",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::delete_webhook`]

[`Client::delete_webhook`]: super::Client::delete_webhook*/
    #[derive(Debug, Clone)]
    pub struct DeleteWebhook<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
    }
    impl<'a> DeleteWebhook<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        ///Sends a `DELETE` request to `/api/notifications/v1/webhooks/{id}`
        pub async fn send(self) -> Result<ResponseValue<()>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}", client.baseurl, encode_path(& id
                .to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .delete(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "delete_webhook",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                204u16 => Ok(ResponseValue::empty(response)),
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::update_webhook`]

[`Client::update_webhook`]: super::Client::update_webhook*/
    #[derive(Debug, Clone)]
    pub struct UpdateWebhook<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
        body: Result<types::builder::WebhookUpdate, String>,
    }
    impl<'a> UpdateWebhook<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::WebhookUpdate>,
            <V as std::convert::TryInto<types::WebhookUpdate>>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `WebhookUpdate` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::WebhookUpdate,
            ) -> types::builder::WebhookUpdate,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `PATCH` request to `/api/notifications/v1/webhooks/{id}`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Webhook>, Error<types::Problem>> {
            let Self { client, id, body } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let body = body
                .and_then(|v| {
                    types::WebhookUpdate::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}", client.baseurl, encode_path(& id
                .to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .patch(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "update_webhook",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::activate_webhook`]

[`Client::activate_webhook`]: super::Client::activate_webhook*/
    #[derive(Debug, Clone)]
    pub struct ActivateWebhook<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
        body: Result<types::builder::WebhookActivation, String>,
    }
    impl<'a> ActivateWebhook<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::WebhookActivation>,
            <V as std::convert::TryInto<
                types::WebhookActivation,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `WebhookActivation` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::WebhookActivation,
            ) -> types::builder::WebhookActivation,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `PATCH` request to `/api/notifications/v1/webhooks/{id}/activation`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Webhook>, Error<types::Problem>> {
            let Self { client, id, body } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let body = body
                .and_then(|v| {
                    types::WebhookActivation::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}/activation", client.baseurl,
                encode_path(& id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .patch(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "activate_webhook",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::deactivate_webhook`]

[`Client::deactivate_webhook`]: super::Client::deactivate_webhook*/
    #[derive(Debug, Clone)]
    pub struct DeactivateWebhook<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
        body: Result<types::builder::WebhookDeactivation, String>,
    }
    impl<'a> DeactivateWebhook<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::WebhookDeactivation>,
            <V as std::convert::TryInto<
                types::WebhookDeactivation,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `WebhookDeactivation` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::WebhookDeactivation,
            ) -> types::builder::WebhookDeactivation,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `PATCH` request to `/api/notifications/v1/webhooks/{id}/deactivation`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Webhook>, Error<types::Problem>> {
            let Self { client, id, body } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let body = body
                .and_then(|v| {
                    types::WebhookDeactivation::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}/deactivation", client.baseurl,
                encode_path(& id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .patch(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "deactivate_webhook",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::recover_deliveries`]

[`Client::recover_deliveries`]: super::Client::recover_deliveries*/
    #[derive(Debug, Clone)]
    pub struct RecoverDeliveries<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
        body: Result<types::builder::DeliveryRecovery, String>,
    }
    impl<'a> RecoverDeliveries<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::DeliveryRecovery>,
            <V as std::convert::TryInto<
                types::DeliveryRecovery,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `DeliveryRecovery` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::DeliveryRecovery,
            ) -> types::builder::DeliveryRecovery,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/webhooks/{id}/recovery`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::RecoveredDeliveries>, Error<types::Problem>> {
            let Self { client, id, body } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let body = body
                .and_then(|v| {
                    types::DeliveryRecovery::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}/recovery", client.baseurl,
                encode_path(& id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "recover_deliveries",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                202u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                409u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::get_signing_secret`]

[`Client::get_signing_secret`]: super::Client::get_signing_secret*/
    #[derive(Debug, Clone)]
    pub struct GetSigningSecret<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
    }
    impl<'a> GetSigningSecret<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/api/notifications/v1/webhooks/{id}/signing-secret`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::SigningSecret>, Error<types::Problem>> {
            let Self { client, id } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}/signing-secret", client.baseurl,
                encode_path(& id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "get_signing_secret",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::rotate_signing_secret`]

[`Client::rotate_signing_secret`]: super::Client::rotate_signing_secret*/
    #[derive(Debug, Clone)]
    pub struct RotateSigningSecret<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
        body: Result<types::builder::SigningSecretRotation, String>,
    }
    impl<'a> RotateSigningSecret<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::SigningSecretRotation>,
            <V as std::convert::TryInto<
                types::SigningSecretRotation,
            >>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!(
                        "conversion to `SigningSecretRotation` for body failed: {}", s
                    )
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(
                types::builder::SigningSecretRotation,
            ) -> types::builder::SigningSecretRotation,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/webhooks/{id}/signing-secret/rotation`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::SigningSecret>, Error<types::Problem>> {
            let Self { client, id, body } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let body = body
                .and_then(|v| {
                    types::SigningSecretRotation::try_from(v).map_err(|e| e.to_string())
                })
                .map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}/signing-secret/rotation", client
                .baseurl, encode_path(& id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "rotate_signing_secret",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                413u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                415u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
    /**Builder for [`Client::test_webhook`]

[`Client::test_webhook`]: super::Client::test_webhook*/
    #[derive(Debug, Clone)]
    pub struct TestWebhook<'a> {
        client: &'a super::Client,
        id: Result<::uuid::Uuid, String>,
        type_: Result<Option<types::TestWebhookType>, String>,
    }
    impl<'a> TestWebhook<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                id: Err("id was not initialized".to_string()),
                type_: Ok(None),
            }
        }
        pub fn id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::uuid::Uuid>,
        {
            self.id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `:: uuid :: Uuid` for id failed".to_string()
                });
            self
        }
        pub fn type_<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::TestWebhookType>,
        {
            self.type_ = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `TestWebhookType` for type_ failed".to_string()
                });
            self
        }
        ///Sends a `POST` request to `/api/notifications/v1/webhooks/{id}/test`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Attempt>, Error<types::Problem>> {
            let Self { client, id, type_ } = self;
            let id = id.map_err(Error::InvalidRequest)?;
            let type_ = type_.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/api/notifications/v1/webhooks/{}/test", client.baseurl, encode_path(&
                id.to_string()),
            );
            let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
            header_map
                .append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(
                        super::Client::api_version(),
                    ),
                );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("type", &type_))
                .headers(header_map)
                .build()?;
            let info = OperationInfo {
                operation_id: "test_webhook",
            };
            client.pre(&mut request, &info).await?;
            let result = client.exec(request, &info).await;
            client.post(&result, &info).await?;
            let response = result?;
            match response.status().as_u16() {
                200u16 => ResponseValue::from_response(response).await,
                400u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                401u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                403u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                404u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                429u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                500u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                503u16 => {
                    Err(
                        Error::ErrorResponse(
                            ResponseValue::from_response(response).await?,
                        ),
                    )
                }
                _ => Err(Error::UnexpectedResponse(response)),
            }
        }
    }
}
/// Items consumers will typically use such as the Client.
pub mod prelude {
    pub use self::super::Client;
}
