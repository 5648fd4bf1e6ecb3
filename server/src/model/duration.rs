//! Durations in text form, and units in seconds.

pub const MINUTE: u64 = 60;
pub const HOUR: u64 = 60 * MINUTE;
pub const DAY: u64 = 24 * HOUR;

/// Converts a text such as `30m` to seconds. The text is a whole number and one of the units `s`, `m`, `h` and `d`. A
/// number that is too large gives `u64::MAX`.
pub fn parse_seconds(text: &str) -> Option<u64> {
    let (number, unit_secs) =
        [("s", 1), ("m", MINUTE), ("h", HOUR), ("d", DAY)].into_iter().find_map(|(unit, secs)| Some((text.strip_suffix(unit)?, secs)))?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(number.parse().unwrap_or(u64::MAX).saturating_mul(unit_secs))
}
