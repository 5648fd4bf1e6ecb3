use data_encoding::HEXLOWER;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::*;

/// Passwords and tokens with all that encodings touch.
const SECRETS: &[&str] = &[
    "PASSWORD",
    "correct horse battery staple",
    r#"qu"ote\back/slash<&>'%41+=;"#,
    "påss😀wörd",
    "tab\tand\nline",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.-_-_-_",
    "???>>>~~~ÿÿÿ",
    "\\u0041%2525&amp;amp;",
];

fn redactor(secrets: &[&str]) -> Redactor {
    Redactor::new(secrets)
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

/// Every way in which a secret may come back whole, by name.
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
            // Escaping only some characters is no encoding of a text that itself looks escaped.
            if name.contains("every other") && secret.contains('\\') {
                continue;
            }
            let text = format!("{{\"you sent\": \"{encoded}\", \"again\": \"{encoded}\"}}");
            assert_eq!(redactor.redact(&text), r#"{"you sent": "[redacted]", "again": "[redacted]"}"#, "{name} of {secret:?}: {encoded}");
            let whole = excerpt(encoded.as_bytes(), 4096, &redactor);
            assert_eq!(whole, ("[redacted]".to_owned(), false), "{name} of {secret:?} alone");
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
                    // What is left holds the neighbours, and at each side a digit that holds some bits of the secret as well.
                    let neighbours = (before.len() + after.len()) * 8 / 6 + 2 + encoded.matches('=').count() + 1;
                    assert!(redacted.contains(REDACTED) && rest.len() <= neighbours, "{secret:?} in {encoded}: {redacted}");
                }
            }
        }
    }
}

#[test]
fn an_authorization_header_is_redacted_with_its_parts() {
    let header = format!("Basic {}", STANDARD.encode("USERNAME:PASSWORD"));
    let redactor = redactor(&[&header, &header["Basic ".len()..], "PASSWORD"]);
    for (text, expected) in [
        (format!("authorization: {header}\r\n"), "authorization: [redacted]\r\n"),
        (format!("basic {}", STANDARD.encode("USERNAME:PASSWORD")), "basic [redacted]"),
        ("PASSWORD for USERNAME".to_owned(), "[redacted] for USERNAME"),
    ] {
        assert_eq!(redactor.redact(&text), expected);
    }
}

#[test]
fn of_secrets_that_overlap_nothing_is_left() {
    let redactor = redactor(&["abcdef", "abcdefghij", "defgh", "hijklm", ""]);
    for (text, expected) in [
        ("-abcdefghij-", "-[redacted]-"),
        ("-abcdefgh-", "-[redacted]-"),
        ("-abcdefghijklm-", "-[redacted]-"),
        ("-abcdefabcdef-", "-[redacted]-"),
        ("-abcde-", "-abcde-"),
        ("", ""),
    ] {
        assert_eq!(redactor.redact(text), expected, "{text}");
    }
}

#[test]
fn a_short_secret_is_redacted_raw_and_does_not_tear_up_the_text() {
    let redactor = redactor(&["7a!"]);
    assert_eq!(redactor.redact("7a! 376121 N2Eh %37%61!"), "[redacted] 376121 [redacted] [redacted]");
}

#[test]
fn text_without_a_secret_stays_as_it_is() {
    let text = "{\"error\": \"50 % off & more\\n\", \"pass\": \"PASSWORT\", \"é\": \"\\ud83d\"}";
    assert_eq!(redactor(SECRETS).redact(text), text);
    assert_eq!(redactor(&[]).redact(text), text);
    assert_eq!(redactor(&["", ""]).redact(text), text);
}

#[test]
fn a_secret_need_not_be_text() {
    let key = [0xff, 0x00, 0x80, 0xfe, 0x01, 0x02, 0x03, 0x04];
    let redactor = Redactor::new([&key]);
    assert_eq!(redactor.redact(&STANDARD.encode(key)), REDACTED);
    assert_eq!(redactor.redact("FF0080fe01020304"), REDACTED);
    assert_eq!(excerpt(&[&b"key "[..], &key, b"."].concat(), 99, &redactor), ("key [redacted].".to_owned(), false));
    // A page in Latin-1 that shows a password.
    assert_eq!(excerpt(b"p\xe5ssw\xf6rd?", 99, &self::redactor(&["påsswörd"])), ("[redacted]?".to_owned(), false));
}

#[test]
fn an_excerpt_is_cut_between_characters_after_it_was_redacted() {
    let redactor = redactor(&["PASSWORD"]);
    for (body, limit, expected, is_cut) in [
        (&b"ok"[..], 4096, "ok", false),
        (b"ok", 2, "ok", false),
        (b"okay", 2, "ok", true),
        (b"", 4096, "", false),
        (b"ok", 0, "", true),
        ("äöü".as_bytes(), 4, "äö", true),
        ("äöü".as_bytes(), 3, "ä", true),
        ("a😀".as_bytes(), 4, "a", true),
        // A byte that is no UTF-8 becomes a character of three bytes.
        (b"\xff\xff", 5, "\u{fffd}", true),
        (b"\xff\xff", 6, "\u{fffd}\u{fffd}", false),
        (b"a PASSWORD", 12, "a [redacted]", false),
        (b"a PASSWORD", 6, "a [red", true),
        (b"a PASSWORD b", 12, "a [redacted]", true),
    ] {
        assert_eq!(excerpt(body, limit, &redactor), (expected.to_owned(), is_cut), "{body:?} to {limit}");
    }
    let (text, is_cut) = excerpt("ä".repeat(70_000).as_bytes(), 4096, &redactor);
    assert_eq!((text.len(), is_cut), (4096, true));
}

#[test]
fn a_secret_that_the_end_of_the_body_cuts_off_is_left_out() {
    for secret in SECRETS {
        let redactor = redactor(&[secret]);
        for (name, encoded) in encodings(secret) {
            if name.contains("every other") && secret.contains('\\') {
                continue;
            }
            for cut in 0..encoded.len() {
                let body = [b"you sent: ", &encoded.as_bytes()[..cut]].concat();
                let (text, is_cut) = excerpt(&body, 4096, &redactor);
                let left = text.strip_prefix("you sent: ").unwrap_or_else(|| panic!("{text:?}"));
                if left == REDACTED {
                    continue;
                }
                let left = left.trim_end_matches(char::REPLACEMENT_CHARACTER);
                assert!(encoded.starts_with(left), "{name} of {secret:?} cut at {cut}: {left:?}");
                assert!(left.len() <= longest_rest(name), "{name} of {secret:?} cut at {cut}: {left:?} is left");
                assert!(is_cut || left.len() + 3 >= cut, "{name} of {secret:?} cut at {cut}: what is missing is told");
            }
        }
    }
}

/// Three bytes of a secret, and a fourth in part, may be left; so many bytes do they take.
fn longest_rest(name: &str) -> usize {
    match name {
        _ if name.contains(" in ") => 24,
        _ if name.starts_with("json") || name.starts_with("html") => 24,
        _ if name.starts_with("percent") || name == "form" => 12,
        _ => 4,
    }
}

#[test]
fn debug_output_shows_no_secret() {
    assert_eq!(format!("{:?}", redactor(&["PASSWORD"])), "Redactor([redacted])");
}
