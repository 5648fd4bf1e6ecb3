use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use data_encoding::HEXLOWER;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::*;

mod cost;
mod echoes;

/// Passwords and tokens with every kind of character that encodings change.
const SECRETS: &[&str] = &[
    "PASSWORD",
    "correct horse battery staple",
    r#"qu"ote\back/slash<&>'%41+=;"#,
    "påss😀wörd",
    "tab\tand\nline",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.-_-_-_",
    "???>>>~~~ÿÿÿ",
    "the text \\u0041%2525&amp;amp; with escapes",
];

fn redactor(secrets: &[&str]) -> Redactor {
    Redactor::new(secrets, SentValues::default())
}

fn json(secret: &str) -> String {
    let quoted = serde_json::to_string(secret).expect("a string");
    quoted[1..quoted.len() - 1].to_owned()
}

fn json_all(secret: &str) -> String {
    secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn html(secret: &str) -> String {
    secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Returns every form in which a response may contain a complete secret. Each form has a name.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let percent = percent_encode(secret.as_bytes(), NON_ALPHANUMERIC).to_string();
    let percent_all: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let every_other = |encode: fn(char) -> String| {
        secret.chars().enumerate().map(|(index, char)| if index % 2 == 0 { encode(char) } else { char.to_string() }).collect::<String>()
    };
    vec![
        ("raw", secret.to_owned()),
        ("percent", percent.clone()),
        ("percent, all in lower case", percent_all),
        ("form", url::form_urlencoded::byte_serialize(secret.as_bytes()).collect()),
        ("json", json(secret)),
        ("json with escaped slashes", json(secret).replace('/', "\\/")),
        ("json, all escaped", json_all(secret)),
        ("json, all escaped in upper case", json_all(secret).to_uppercase().replace("\\U", "\\u")),
        ("json in json", json(&json(secret))),
        ("percent in json", json(&percent)),
        ("json in percent", percent_encode(json(secret).as_bytes(), NON_ALPHANUMERIC).to_string()),
        ("html", html(secret)),
        ("html, decimal", secret.chars().map(|char| format!("&#{};", u32::from(char))).collect()),
        ("html, hexadecimal", secret.chars().map(|char| format!("&#x{:x};", u32::from(char))).collect()),
        ("html in json", json(&html(secret))),
        ("json in html", html(&json(secret))),
        ("base64", STANDARD.encode(secret)),
        ("base64 without padding", STANDARD_NO_PAD.encode(secret)),
        ("base64 for URLs", URL_SAFE.encode(secret)),
        ("base64 for URLs without padding", URL_SAFE_NO_PAD.encode(secret)),
        ("base64 in json with escaped slashes", STANDARD.encode(secret).replace('/', "\\/")),
        ("base64 in percent", percent_encode(STANDARD.encode(secret).as_bytes(), NON_ALPHANUMERIC).to_string()),
        ("hex", HEXLOWER.encode(secret.as_bytes())),
        ("hex in upper case", HEXLOWER.encode(secret.as_bytes()).to_uppercase()),
        ("json, every other character escaped", every_other(json_all_of)),
    ]
}

fn json_all_of(char: char) -> String {
    json_all(&char.to_string())
}

#[test]
fn a_secret_is_redacted_in_every_encoding() {
    for secret in SECRETS {
        let redactor = redactor(&["another secret", secret]);
        for (name, encoded) in encodings(secret) {
            // If a secret contains escapes and only some characters are escaped again, the result is ambiguous.
            if name.contains("every other") && secret.contains('\\') {
                continue;
            }
            let text = format!("{{\"you sent\": \"{encoded}\", \"again\": \"{encoded}\"}}");
            assert_eq!(redactor.redact(&text), r#"{"you sent": "[redacted]", "again": "[redacted]"}"#, "{name} of {secret:?}: {encoded}");
            let excerpt = redactor.excerpt(encoded.as_bytes(), 4096, true);
            assert_eq!(excerpt, ("[redacted]".to_owned(), false), "{name} of {secret:?} alone");
        }
    }
}

#[test]
fn a_secret_within_a_longer_base64_text_is_redacted_at_every_alignment() {
    for secret in SECRETS {
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", ":", "::", ":::"] {
                for engine in [STANDARD, URL_SAFE, STANDARD_NO_PAD] {
                    let encoded = engine.encode(format!("{before}{secret}{after}"));
                    let redacted = redactor(&[secret]).redact(&encoded);
                    let rest = redacted.replacen(REDACTED, "", 1);
                    // `rest` is the surrounding text. At each side of the secret, one more digit with some bits of the
                    // secret may remain.
                    let max_rest = (before.len() + after.len()) * 8 / 6 + 2 + encoded.matches('=').count() + 1;
                    assert!(redacted.contains(REDACTED) && rest.len() <= max_rest, "{secret:?} in {encoded}: {redacted}");
                }
            }
        }
    }
}

#[test]
fn an_authorization_header_is_redacted_with_its_parts() {
    let credentials = STANDARD.encode("USERNAME:PASSWORD");
    let redactor = redactor(&[&credentials, "PASSWORD"]);
    for (text, expected) in [
        (format!("authorization: Basic {credentials}\r\n"), "authorization: Basic [redacted]\r\n"),
        (format!("basic {credentials}"), "basic [redacted]"),
        ("PASSWORD for USERNAME".to_owned(), "[redacted] for USERNAME"),
    ] {
        assert_eq!(redactor.redact(&text), expected);
    }
}

#[test]
fn a_complete_text_that_ends_with_a_scheme_is_unchanged() {
    let authorizations = ["Bearer expected-token-value", "Basic VVNFUk5BTUU6UEFTU1dPUkQ="].map(|value| Zeroizing::new(value.to_owned()));
    let sent = SentValues { authorizations: authorizations.to_vec(), ..SentValues::default() };
    let redactor = Redactor::new(["marked secret"], sent);
    for text in ["unsupported scheme, expected Bearer", "unsupported scheme, use Basic", "WWW-Authenticate: Bearer", "this is expected"] {
        assert_eq!(redactor.excerpt(text.as_bytes(), 4096, true), (text.to_owned(), false));
    }
    let cut = redactor.excerpt(b"unsupported scheme, expected", 4096, false);
    assert_eq!(cut, ("unsupported scheme, [redacted]".to_owned(), false), "the rest of the body may be the rest of the token");
    assert_eq!(redactor.redact("unknown token expected-token-value"), "unknown token [redacted]");
}

#[test]
fn overlapping_secrets_are_redacted_completely() {
    let redactor = redactor(&["abcdef", "abcdefghij", "defgh", "hijklm", ""]);
    for (text, expected) in [
        ("-abcdefghij-", "-[redacted]-"),
        ("-abcdefgh-", "-[redacted]-"),
        ("-abcdefghijklm-", "-[redacted]-"),
        ("-abcdefabcdef-", "-[redacted]-"),
        ("-abcde-", "-abcde-"),
        ("-hijklm-abcdefghij", "-[redacted]-[redacted]"),
        ("", ""),
    ] {
        assert_eq!(redactor.redact(text), expected, "{text}");
    }
}

#[test]
fn a_short_secret_is_redacted_only_where_it_is_complete() {
    let redactor = redactor(&["7a!x", "7a!"]);
    assert_eq!(redactor.redact("7a!x 7a! 37612178 N2EheA %37%61!x"), "[redacted] 7a! [redacted] [redacted] [redacted]");
}

#[test]
fn text_without_a_secret_is_unchanged() {
    let text = "{\"error\": \"50 % off & more\\n\", \"pass\": \"PASSWORT\", \"é\": \"\\ud83d\"}";
    assert_eq!(redactor(SECRETS).redact(text), text);
    assert_eq!(redactor(&[]).redact(text), text);
    assert_eq!(redactor(&["", ""]).redact(text), text);
}

#[test]
fn a_secret_need_not_be_text() {
    let key = [0xff, 0x00, 0x80, 0xfe, 0x01, 0x02, 0x03, 0x04];
    let redactor = Redactor::new([&key], SentValues::default());
    assert_eq!(redactor.redact(&STANDARD.encode(key)), REDACTED);
    assert_eq!(redactor.redact("FF0080fe01020304"), REDACTED);
    // A server in Latin-1 that escapes a password.
    assert_eq!(self::redactor(&["påsswörd"]).redact("p%E5ssw%F6rd?"), "[redacted]?");
}

#[test]
fn an_excerpt_is_redacted_and_then_truncated_between_characters() {
    let redactor = redactor(&["PASSWORD"]);
    for (body, limit, expected, is_truncated) in [
        (&b"ok"[..], 4096, "ok", false),
        (b"ok", 2, "ok", false),
        (b"okay", 2, "ok", true),
        (b"", 4096, "", false),
        (b"ok", 0, "", true),
        ("äöü".as_bytes(), 4, "äö", true),
        ("äöü".as_bytes(), 3, "ä", true),
        ("a😀".as_bytes(), 4, "a", true),
        (b"a PASSWORD", 12, "a [redacted]", false),
        (b"a PASSWORD", 6, "a [red", true),
        (b"a PASSWORD b", 12, "a [redacted]", true),
        // The text after the limit is not shown, even if the redacted text is shorter than the limit.
        (b"a PASSWORD-PASSWORD-PASSWORD-b", 29, "a [redacted]-[redacted]-[reda", true),
        ("p\u{e4}ss".as_bytes(), 2, "p", true),
    ] {
        assert_eq!(redactor.excerpt(body, limit, true), (expected.to_owned(), is_truncated), "{body:?} to {limit}");
    }
    let (text, is_truncated) = redactor.excerpt("ä".repeat(70_000).as_bytes(), 4096, true);
    assert_eq!((text.len(), is_truncated), (4096, true));
}

#[test]
fn a_secret_truncated_by_the_end_of_the_body_is_redacted() {
    for secret in SECRETS {
        let redactor = redactor(&[secret]);
        for (name, encoded) in encodings(secret) {
            if name.contains("every other") && secret.contains('\\') {
                continue;
            }
            for cut in 0..encoded.len() {
                let body = [b"you sent: ", &encoded.as_bytes()[..cut]].concat();
                let (text, _) = redactor.excerpt(&body, 4096, false);
                let rest = text.strip_prefix("you sent: ").unwrap_or_else(|| panic!("{text:?}"));
                let rest = rest.replace(REDACTED, "");
                assert!(rest.len() <= max_rest(name), "{name} of {secret:?} cut at {cut}: {rest:?} remains");
            }
        }
    }
}

/// Returns the maximum encoded length of the part that may remain: three bytes of a secret and part of a fourth byte.
fn max_rest(name: &str) -> usize {
    match name {
        _ if name.contains(" in ") => 24,
        _ if name.starts_with("json") || name.starts_with("html") => 24,
        _ if name.starts_with("percent") || name == "form" => 12,
        _ => 7,
    }
}

#[test]
fn debug_output_shows_no_secret() {
    assert_eq!(format!("{:?}", redactor(&["PASSWORD"])), "Redactor([redacted])");
}
