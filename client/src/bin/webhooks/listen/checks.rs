//! Verifies the credentials and the signature of a callback. The comparisons take constant time.

use std::fmt::Write as _;
use std::time::SystemTime;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use webhooks_client::callback::{SigningSecret, verify_signature};

pub(crate) struct Checks {
    pub(crate) credentials: Credentials,
    /// If this list is empty, signatures are not checked.
    pub(crate) secrets: Vec<SigningSecret>,
}

pub(crate) enum Credentials {
    Basic { username: String, password: String },
    Bearer { token: String },
    Any,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    NotChecked,
    Genuine,
    Wrong(String),
}

impl Checks {
    pub(crate) fn signature(&self, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Verdict {
        if self.secrets.is_empty() {
            return Verdict::NotChecked;
        }
        match verify_signature(&self.secrets, headers, body, now) {
            Ok(()) => Verdict::Genuine,
            Err(error) => Verdict::Wrong(error.to_string()),
        }
    }

    pub(crate) fn authorization(&self, headers: &HeaderMap) -> Verdict {
        let expected = match &self.credentials {
            Credentials::Any => return Verdict::NotChecked,
            // RFC 7617 §2 defines this format. The texts are UTF-8.
            Credentials::Basic { username, password } => format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))),
            Credentials::Bearer { token } => format!("Bearer {token}"),
        };
        let Some(received) = headers.get(AUTHORIZATION) else { return Verdict::Wrong("the header `authorization` is missing".to_owned()) };
        match verify_slices_are_equal(received.as_bytes(), expected.as_bytes()) {
            Ok(()) => Verdict::Genuine,
            Err(_) => Verdict::Wrong("the header `authorization` has wrong credentials".to_owned()),
        }
    }

    pub(crate) fn credentials_name(&self) -> &'static str {
        match self.credentials {
            Credentials::Basic { .. } => "basic",
            Credentials::Bearer { .. } => "bearer",
            Credentials::Any => "authorization",
        }
    }
}

impl Verdict {
    pub(crate) fn describe(&self, name: &str) -> String {
        let mut text = name.to_owned();
        let _ = match self {
            Verdict::NotChecked => write!(text, " not checked"),
            Verdict::Genuine => write!(text, " ok"),
            Verdict::Wrong(reason) => write!(text, " WRONG ({reason})"),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(credentials: Credentials, header: Option<&str>) -> Verdict {
        let headers = header.map(|value| (AUTHORIZATION, value.parse().expect("a header value"))).into_iter().collect();
        Checks { credentials, secrets: vec![] }.authorization(&headers)
    }

    #[test]
    fn only_correct_credentials_pass() {
        // RFC 7617 §2 and §2.1.
        let basic = |username: &str, password: &str| Credentials::Basic { username: username.to_owned(), password: password.to_owned() };
        assert_eq!(verdict(basic("Aladdin", "open sesame"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")), Verdict::Genuine);
        assert_eq!(verdict(basic("test", "123£"), Some("Basic dGVzdDoxMjPCow==")), Verdict::Genuine);
        assert_eq!(verdict(Credentials::Bearer { token: "abc".to_owned() }, Some("Bearer abc")), Verdict::Genuine);
        assert_eq!(verdict(Credentials::Any, Some("Basic x")), Verdict::NotChecked);
        for header in [None, Some("Basic dGVzdDoxMjPCow=="), Some("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Some("")] {
            assert!(matches!(verdict(basic("Aladdin", "open sesame"), header), Verdict::Wrong(_)), "{header:?}");
        }
    }
}
