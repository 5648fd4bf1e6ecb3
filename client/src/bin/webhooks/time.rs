//! Times in arguments: a time as in RFC 3339, a time ago such as `2h`, a day, or a time of day.

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};

/// What an argument may contain, for errors.
const USAGE: &str = "a time such as 2006-01-02T15:04:05Z, 2h (two hours ago), 30m, 7d, yesterday, today, 2006-01-02 or 15:04";

/// Parses the argument of an option. A time without a zone is in the zone of this machine.
pub(crate) fn argument(text: &str) -> Result<DateTime<Utc>, String> {
    parse(text.trim(), &Local::now()).ok_or_else(|| format!("must be {USAGE}"))
}

fn parse<Z: TimeZone>(text: &str, now: &DateTime<Z>) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let today = now.date_naive();
    // A time that the change to summer time skips does not exist. Of a time that occurs twice, the first is meant.
    let local = |time: NaiveDateTime| time.and_local_timezone(now.timezone()).earliest().map(|time| time.to_utc());
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now.to_utc()),
        "today" => return local(today.and_time(NaiveTime::MIN)),
        "yesterday" => return local(today.checked_sub_days(Days::new(1))?.and_time(NaiveTime::MIN)),
        _ => {}
    }
    if let Some(ago) = duration(text) {
        return now.to_utc().checked_sub_signed(ago);
    }
    let of_day = |text: &str| ["%H:%M", "%H:%M:%S"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok());
    if let Some(time) = of_day(text) {
        return local(today.and_time(time));
    }
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    local(NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?.and_time(of_day(time)?))
}

/// Parses a number and a unit, such as `2h`.
fn duration(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().next_back()?;
    let count: i64 = text.strip_suffix(unit)?.trim_end().parse().ok().filter(|count| *count >= 0)?;
    match unit {
        's' => TimeDelta::try_seconds(count),
        'm' => TimeDelta::try_minutes(count),
        'h' => TimeDelta::try_hours(count),
        'd' => TimeDelta::try_days(count),
        'w' => TimeDelta::try_weeks(count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_be_absolute_or_relative() {
        let now = DateTime::parse_from_rfc3339("2026-03-10T12:30:00+02:00").expect("a time");
        for (text, expected) in [
            ("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z"),
            ("2026-03-10T12:00:00+02:00", "2026-03-10T10:00:00Z"),
            ("now", "2026-03-10T10:30:00Z"),
            ("90s", "2026-03-10T10:28:30Z"),
            ("30m", "2026-03-10T10:00:00Z"),
            ("2h", "2026-03-10T08:30:00Z"),
            ("2 h", "2026-03-10T08:30:00Z"),
            ("7d", "2026-03-03T10:30:00Z"),
            ("1w", "2026-03-03T10:30:00Z"),
            ("today", "2026-03-09T22:00:00Z"),
            ("Yesterday", "2026-03-08T22:00:00Z"),
            ("2026-03-01", "2026-02-28T22:00:00Z"),
            ("2026-03-01 08:15", "2026-03-01T06:15:00Z"),
            ("2026-03-01T08:15:30", "2026-03-01T06:15:30Z"),
            ("08:15", "2026-03-10T06:15:00Z"),
        ] {
            let expected: DateTime<Utc> = expected.parse().expect("a time");
            assert_eq!(parse(text, &now), Some(expected), "{text}");
        }
        for text in ["", "h", "-2h", "2y", "tomorrow?", "2026-13-01", "25:00", "99999999999999999d", "2h30m"] {
            assert_eq!(parse(text, &now), None, "{text}");
        }
        assert!(argument("soon").is_err_and(|error| error.contains("2h (two hours ago)")));
    }
}
