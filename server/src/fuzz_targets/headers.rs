//! Targets for the headers of requests and responses.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Timelike as _, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::delivery::retry::{RetryAfter, RetrySchedule};
use crate::http::client_address::TrustedProxies;

const PEER: [u8; 4] = [10, 0, 0, 1];
const CLIENT: &str = "192.0.2.1";

/// Each line of the input is a header: the first character `x` means `X-Forwarded-For`, and any other character `Forwarded`.
///
/// What a client sends before the element of a trusted proxy does not decide which address counts.
pub fn forwarding_headers(data: &[u8]) {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network")).to_vec());
    let x_forwarded_for = HeaderName::from_static("x-forwarded-for");
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some((kind, value)) = line.split_first() else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        headers.append(if *kind == b'x' { x_forwarded_for.clone() } else { header::FORWARDED }, value);
    }
    let untrusted = IpAddr::from([198, 51, 100, 7]);
    assert_eq!(proxies.client_of(untrusted, &headers), untrusted, "a client is no proxy");
    let (peer, client): (IpAddr, IpAddr) = (PEER.into(), CLIENT.parse().expect("an address"));
    let found = proxies.client_of(peer, &headers);
    assert_eq!(found, found.to_canonical());
    assert_eq!(proxies.client_of("::ffff:10.0.0.1".parse().expect("an address"), &headers), found, "two forms of one address");
    if let Some(expected) = simple(&headers, &proxies, peer) {
        assert_eq!(found, expected, "{headers:?}");
    }

    // The proxy adds its element to the last line, or in a new line. The header of the other kind is the client's.
    for (name, element) in [(x_forwarded_for, CLIENT.to_owned()), (header::FORWARDED, format!("for={CLIENT}"))] {
        for with_other in [true, false] {
            let mut sent = headers.clone();
            if !with_other {
                let other = if name == header::FORWARDED { HeaderName::from_static("x-forwarded-for") } else { header::FORWARDED };
                sent.remove(other);
            }
            let mut new_line = sent.clone();
            new_line.append(name.clone(), HeaderValue::from_str(&element).expect("a value"));
            let found = proxies.client_of(peer, &new_line);
            assert!(found == client || (with_other && found == peer), "{new_line:?}: {found}");

            let lines: Vec<HeaderValue> = sent.get_all(&name).iter().cloned().collect();
            let Some((last, before)) = lines.split_last() else { continue };
            let joined = [last.as_bytes(), b", ", element.as_bytes()].concat();
            sent.remove(&name);
            for value in before.iter().cloned().chain(HeaderValue::from_bytes(&joined)) {
                sent.append(name.clone(), value);
            }
            let found = proxies.client_of(peer, &sent);
            assert!(found == client || found == peer, "{sent:?}: {found}");
        }
    }
}

/// Returns the address for headers that consist only of plain addresses in `X-Forwarded-For`.
fn simple(headers: &HeaderMap, proxies: &TrustedProxies, peer: IpAddr) -> Option<IpAddr> {
    if headers.is_empty() || headers.contains_key(header::FORWARDED) {
        return None;
    }
    let lines: Option<Vec<&str>> = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().ok()).collect();
    let all: Option<Vec<IpAddr>> = lines?.join(",").split(',').map(|element| element.trim().parse().ok()).collect();
    let all: Vec<IpAddr> = all?.iter().map(IpAddr::to_canonical).collect();
    let last_client = all.iter().rfind(|address| !proxies.contains(**address));
    Some(last_client.or(all.first()).copied().unwrap_or(peer))
}

/// The input is the value of `Retry-After`, and also a retry schedule.
///
/// A value in a form of RFC 9110 has its meaning. The next attempt is neither earlier than scheduled, nor later than a day from now.
pub fn retry_after(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(schedule) = text.parse::<RetrySchedule>() {
        assert_eq!(schedule.to_string().parse().as_ref(), Ok(&schedule), "{text}");
        assert!((1..=101).contains(&schedule.attempts()), "{text}");
    }
    let parsed = RetryAfter::parse(text);
    let value = text.trim_matches([' ', '\t']);
    match parsed {
        None => assert!(expected_date(value).is_none(), "{text} is a date"),
        Some(RetryAfter::Wait(wait)) => {
            let digits = value.trim_start_matches('0');
            assert!(value.bytes().all(|byte| byte.is_ascii_digit()), "{text} is no number");
            let is_exact = wait.as_secs().to_string() == if digits.is_empty() { "0" } else { digits };
            assert!(is_exact || wait == Duration::from_secs(u64::MAX), "{text}: {wait:?}");
        }
        Some(RetryAfter::At(time)) => {
            let written = httpdate::fmt_http_date(time.into());
            assert_eq!(RetryAfter::parse(&written), parsed, "{text} is written as {written}");
            assert!(expected_date(value).is_none_or(|expected| expected == time), "{text}: {time}");
        }
    }
    let now: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let schedule = RetrySchedule::default();
    for attempts_made in 0..=10 {
        let scheduled = schedule.next(attempts_made, now, None, 0.5);
        let next = schedule.next(attempts_made, now, parsed, 0.5);
        assert_eq!(scheduled.is_some(), next.is_some(), "Retry-After changes the number of attempts");
        if let (Some(scheduled), Some(next)) = (scheduled, next) {
            assert!(next >= scheduled && next <= scheduled.max(now + TimeDelta::days(1)), "{text}: {next}");
        }
    }
}

/// Returns the time of a date in the form that RFC 9110 §5.6.7 prefers, parsed by another library.
fn expected_date(value: &str) -> Option<DateTime<Utc>> {
    const FORMAT: &str = "%a, %d %b %Y %H:%M:%S GMT";
    let time = NaiveDateTime::parse_from_str(value, FORMAT).ok()?;
    // The other library also parses variants of the form, leap seconds, and times before 1970.
    let is_preferred =
        time.format(FORMAT).to_string() == value && time.nanosecond() < 1_000_000_000 && (1970..=9999).contains(&time.year());
    is_preferred.then(|| time.and_utc())
}
