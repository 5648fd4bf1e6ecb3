//! Forms of secrets that occur when servers print a whole request, and texts that are withheld.

use super::*;

const SECRET: &str = "marked pässword/with+every:kind&of%character";

fn lines(text: &str, length: usize, separator: &str) -> String {
    text.as_bytes().chunks(length).map(|line| std::str::from_utf8(line).expect("ASCII")).collect::<Vec<_>>().join(separator)
}

fn bytes(text: &str, byte: fn(u8) -> String, separator: &str) -> String {
    text.bytes().map(byte).collect::<Vec<_>>().join(separator)
}

/// Forms in which servers print bytes.
fn prints(text: &str) -> Vec<(&'static str, String)> {
    let hex = |byte: u8| format!("{byte:02x}");
    let base64 = STANDARD.encode(text);
    let quoted_printable = text
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("={byte:02X}") })
        .collect::<String>();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("upper case", text.to_uppercase()),
        ("lower case", text.to_lowercase()),
        ("Buffer of Node.js", format!("<Buffer {}>", bytes(text, hex, " "))),
        ("JSON of a Buffer", format!("{{\"type\":\"Buffer\",\"data\":[{}]}}", bytes(text, |byte| byte.to_string(), ","))),
        ("JSON of a Uint8Array", text.bytes().enumerate().map(|(at, byte)| format!("\"{at}\":{byte}")).collect::<Vec<_>>().join(",")),
        ("hex with colons", bytes(text, hex, ":")),
        ("hex in upper case with dashes", bytes(text, |byte| format!("{byte:02X}"), "-")),
        ("hex with prefixes", bytes(text, |byte| format!("0x{byte:02x}"), ", ")),
        ("hex escapes", bytes(text, |byte| format!("\\x{byte:02x}"), "")),
        ("octal escapes", bytes(text, |byte| format!("\\{byte:03o}"), "")),
        ("hex in groups and lines", lines(&lines(&HEXLOWER.encode(text.as_bytes()), 4, " "), 40, "\n")),
        ("base64 in lines", lines(&base64, 20, "\r\n")),
        ("base64 in a folded header", lines(&base64, 20, "\r\n\t")),
        ("base64 in lines in JSON", lines(&base64, 20, "\\n")),
        ("base64 twice", STANDARD.encode(&base64)),
        ("base64 twice in lines", lines(&STANDARD.encode(lines(&base64, 20, "\n")), 20, "\n")),
        ("hex in base64", STANDARD.encode(HEXLOWER.encode(text.as_bytes()))),
        ("base64 in hex", HEXLOWER.encode(base64.as_bytes())),
        ("percent in base64", STANDARD.encode(percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string())),
        ("base64 of UTF-16", STANDARD.encode(&utf16)),
        ("hex of UTF-16", HEXLOWER.encode(&utf16)),
        ("quoted-printable", quoted_printable.clone()),
        ("quoted-printable in lines", lines(&quoted_printable, 19, "=\r\n")),
        ("percent, four times", (0..4).fold(text.to_owned(), |text, _| percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string())),
    ]
}

#[test]
fn a_secret_is_redacted_in_every_form_that_servers_print() {
    let redactor = redactor(&[SECRET]);
    for (name, printed) in prints(SECRET) {
        let kept = redactor.redact(&format!("you sent: {printed} to us"));
        let rest = kept.replace(REDACTED, "").replace("you sent: ", "").replace(" to us", "");
        // The surrounding characters of a list and some digits beside the secret may remain.
        assert!(kept.contains(REDACTED) && rest.len() <= 32, "{name}: {printed}: {kept}");
    }
}

const NOTIFICATION_ID: &str = "0197d6d4-3c11-7d2e-9a53-0a4ee2b1c001";

/// A redactor for a callback with two signatures and an access token.
fn redactor_of_a_callback() -> (Redactor, Vec<String>) {
    let signatures = [[7; 32], [9; 32]].map(|tag| format!("v1,{}", STANDARD.encode(tag)));
    let authorization = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0".to_owned();
    let sent = SentValues {
        notification_id: NOTIFICATION_ID.to_owned(),
        signatures: signatures.join(" "),
        authorizations: vec![Zeroizing::new(authorization.clone())],
    };
    let mut values = signatures.to_vec();
    values.push(authorization);
    (Redactor::new(["an unrelated secret"], sent), values)
}

#[test]
fn an_echo_of_a_callback_is_withheld_in_every_form() {
    let note = "[redacted] The service does not keep this text: it repeats headers";
    let (redactor, values) = redactor_of_a_callback();
    let mut texts: Vec<String> = values.iter().map(|value| format!("you sent {value}")).collect();
    texts.extend(values[..2].iter().map(|signature| signature["v1,".len()..].to_owned()));
    texts.extend(["webhook-signature: v1,x", "{\"Webhook-Signature\":[\"v1,x\"]}", "HTTP_WEBHOOK_SIGNATURE=v1,x"].map(str::to_owned));
    texts.push(format!("webhook-id: {NOTIFICATION_ID}\nwebhook-timestamp: 1\nwebhook-signature: reversed\n"));
    for text in texts {
        let mut forms = prints(&text);
        forms.extend(encodings(&text));
        for (name, printed) in forms {
            let kept = redactor.redact(&printed);
            assert!(kept.starts_with(note), "{name}: {printed}: {kept}");
        }
    }
}

#[test]
fn an_error_that_names_headers_without_their_values_is_unchanged() {
    let (redactor, _) = redactor_of_a_callback();
    for text in [
        r#"{"error":"invalid webhook-signature"}"#,
        "Missing required headers: webhook-id, webhook-timestamp, webhook-signature",
        r#"{"webhook_id":"wh_1"}"#,
        "This was removed in v1, use the new endpoint under api v2 instead of it",
        "the webhook-timestamp 1700000000 is too old",
        "unsupported webhook-signature: v1 or v1a is required; webhook-signature: v1,<signature>",
        "a callback with the webhook-id 0197d6d4-3c11-7d2e-9a53-0a4ee2b1c001 was refused",
        "the webhook is unknown",
        "the header Authorization is missing",
        "v1,2,3 are supported",
        "expected v1,47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= from the other secret",
    ] {
        assert_eq!(redactor.excerpt(text.as_bytes(), 4096, true), (text.to_owned(), false));
    }
}

#[tokio::test]
async fn a_search_that_waits_too_long_withholds_the_text() {
    static BUSY: Semaphore = Semaphore::const_new(0);
    static FREE: Semaphore = Semaphore::const_new(1);
    assert_eq!(search(&BUSY, || 1).await, None);
    assert_eq!(search(&FREE, || 1).await, Some(1));
    assert_eq!(FREE.available_permits(), 1);
}

#[test]
fn a_body_that_is_not_text_is_withheld() {
    let redactor = redactor(&[SECRET]);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    for body in [&b"p\xe5ssword"[..], b"\x1f\x8b\x08\x00\x00", &utf16("an error"), &utf16(SECRET), b"a\0"] {
        let (text, is_truncated) = redactor.excerpt(body, 4096, true);
        assert_eq!((text.as_str(), is_truncated), ("[redacted] The service does not keep this text: it is not UTF-8.", true));
    }
    let beginning = "ä".repeat(3000);
    assert_eq!(redactor.excerpt(&beginning.as_bytes()[..3001], 4096, true), ("ä".repeat(1500), false));
}

#[test]
fn a_long_encoded_word_is_redacted_and_identifiers_are_kept() {
    let redactor = redactor(&[SECRET]);
    let base32 = "NVQXE23FMQQHBQ5EONZXO33SMQXXO2LUNAVWK5TFOJ4TU23JNZSCM33GEVRWQYLSMFRXIZLS";
    assert_eq!(redactor.redact(&format!("you sent {base32}.")), "you sent [redacted].");
    assert_eq!(redactor.redact(&format!("key={base32}===&b=1")), "key=[redacted]&b=1");
    for text in [
        "request 4bf92f3577b34da6a3ce929d0e0e4736a3ce929d0e0e47364bf92f3577b34da6 failed",
        "https://api.example.com/api/notifications/v1/webhooks/0197d6d4-3c11-7d2e-9a53-0a4ee2b1c001/deliveries",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "sha256=4bf92f3577b34da6a3ce929d0e0e4736a3ce929d0e0e47364bf92f3577b34da6",
        "request_id=4bf92f3577b34da6a3ce929d0e0e4736a3ce929d0e0e47364bf92f3577b34da6&b=1",
        "at _ZN4core3ops8function6FnOnce40call_once_u7b_u7b_vtable_shim_u7d_u7d17h0123456789abcdefE ()",
    ] {
        assert_eq!(redactor.redact(text), text);
    }
}
