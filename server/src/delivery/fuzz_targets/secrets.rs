//! An independent search for secrets: it decodes with other libraries than the redaction, and only one encoding at a time.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};

/// Maximum number of bytes of a secret that may remain together. The redaction searches for parts of 12 bytes, and a text in which
/// all of these parts are replaced has no part of this length.
const PART: usize = 16;

/// Minimum length of a secret. Shorter secrets occur by chance in the text beside them.
const MIN_SECRET: usize = 8;

const REDACTED: &str = "[redacted]";

/// Replaces the names of encodings in braces by the secret in this encoding.
pub(super) fn expanded(text: &[u8], secret: &[u8]) -> Vec<u8> {
    let lossy = String::from_utf8_lossy(secret);
    let json = serde_json::to_string(&lossy).expect("a string");
    let base64 = base64::engine::general_purpose::STANDARD.encode(secret);
    let forms: [(&[u8], Vec<u8>); 9] = [
        (b"{raw}", secret.to_vec()),
        (b"{percent}", percent_encode(secret, NON_ALPHANUMERIC).to_string().into_bytes()),
        (b"{json}", json.as_bytes()[1..json.len() - 1].to_vec()),
        (b"{escapes}", lossy.encode_utf16().flat_map(|unit| format!("\\u{unit:04x}").into_bytes()).collect()),
        (b"{base64}", base64.clone().into_bytes()),
        (b"{base64url}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret).into_bytes()),
        (b"{lines}", base64.as_bytes().chunks(20).collect::<Vec<_>>().join(&b"\r\n"[..])),
        (b"{hex}", HEXLOWER.encode(secret).into_bytes()),
        (b"{HEX}", HEXUPPER.encode(secret).into_bytes()),
    ];
    let mut expanded = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        match forms.iter().find(|(name, _)| rest.starts_with(name)) {
            // An input can name the secret often, but no response is larger than a connection allows.
            Some((name, form)) if expanded.len() < 64 * 1024 => {
                expanded.extend_from_slice(form);
                rest = &rest[name.len()..];
            }
            _ => {
                expanded.push(*first);
                rest = after;
            }
        }
    }
    expanded
}

/// Returns a description of a part of the secret that the text contains in some encoding.
pub(super) fn surviving(secret: &[u8], text: &str) -> Option<String> {
    if secret.len() < MIN_SECRET {
        return None;
    }
    let length = secret.len().min(PART);
    let parts: Vec<u128> = secret.windows(length).map(|part| part.iter().fold(0, |part, byte| part << 8 | u128::from(*byte))).collect();
    let mask = if length == 16 { u128::MAX } else { (1 << (8 * length)) - 1 };
    let contains = |bytes: &[u8]| {
        let mut window = 0_u128;
        bytes.iter().enumerate().any(|(at, byte)| {
            window = (window << 8 | u128::from(*byte)) & mask;
            at + 1 >= length && parts.contains(&window)
        })
    };
    // If the secret has escapes itself, the meaning of a text with fewer escapes depends on the decoder.
    let has_escapes = secret.iter().any(|byte| b"%\\&".contains(byte));
    for piece in without_marker_at_end(text).split(REDACTED) {
        let bytes = piece.as_bytes();
        let mut forms = vec![("raw", bytes.to_vec())];
        if !has_escapes {
            forms.push(("percent", percent_decode(bytes).collect()));
            forms.push(("JSON", json_decoded(piece)));
        }
        forms.extend(base64_decoded(bytes).map(|decoded| ("base64", decoded)));
        forms.extend(hex_decoded(bytes).map(|decoded| ("hex", decoded)));
        if let Some((name, _)) = forms.iter().find(|(_, form)| contains(form)) {
            return Some(format!("a {name} form"));
        }
    }
    None
}

/// The limit of a text may truncate its last marker, which is not a part of a secret.
fn without_marker_at_end(text: &str) -> &str {
    let marker = (1..REDACTED.len()).rev().find_map(|length| text.strip_suffix(&REDACTED[..length]));
    marker.unwrap_or(text)
}

/// Decodes `\u0041` and the short escapes (RFC 8259 §7).
fn json_decoded(text: &str) -> Vec<u8> {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escape = rest.strip_prefix('\\').and_then(|escape| {
            let kind = escape.chars().next()?;
            let short = |unit: u8| Some((u16::from(unit), 2));
            match kind {
                '"' | '\\' | '/' => short(kind.try_into().ok()?),
                'b' => short(8),
                'f' => short(12),
                'n' => short(10),
                'r' => short(13),
                't' => short(9),
                'u' => {
                    let digits = escape.get(1..5).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
                    Some((u16::from_str_radix(digits, 16).ok()?, 6))
                }
                _ => None,
            }
        });
        match escape {
            Some((unit, length)) => {
                units.push(unit);
                rest = &rest[length..];
            }
            None => {
                units.extend_from_slice(first.encode_utf16(&mut [0; 2]));
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    String::from_utf16_lossy(&units).into_bytes()
}

/// Decodes each run of digits at each alignment.
fn base64_decoded(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&STANDARD, config);
    let standard: Vec<u8> = text
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        })
        .collect();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let decoded = move |run: &[u8]| {
        (0..4)
            .filter_map(|skipped| {
                let digits = run.get(skipped..)?;
                engine.decode(&digits[..digits.len() - usize::from(digits.len() % 4 == 1)]).ok()
            })
            .collect::<Vec<_>>()
    };
    standard.split(|byte| !is_digit(byte)).filter(|run| run.len() >= MIN_SECRET).flat_map(decoded).collect::<Vec<_>>().into_iter()
}

fn hex_decoded(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    text.split(|byte| !byte.is_ascii_hexdigit()).filter(|run| run.len() >= 2 * MIN_SECRET).flat_map(|run| {
        [0, 1].into_iter().filter_map(|skipped| {
            let digits = &run[skipped..];
            HEXLOWER_PERMISSIVE.decode(&digits[..digits.len() & !1]).ok()
        })
    })
}
