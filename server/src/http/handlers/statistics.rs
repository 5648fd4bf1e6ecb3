//! The operation that returns statistics.

use chrono::{DateTime, TimeDelta, Utc};
use dropshot::{HttpResponseOk, Query, RequestContext};

use crate::api::extract::Checked;
use crate::api::problem::{ApiError, Kind};
use crate::api::types::{
    Statistics, StatisticsDeliveries, StatisticsInterval, StatisticsItem, StatisticsPercentiles, StatisticsQuery, StatisticsTotal,
};
use crate::api::{ApiResult, Scope};
use crate::http::App;
use crate::http::auth;
use crate::http::reply::reply;
use crate::model::statistics as counted;
use crate::store::{DETAILS_KEPT, STATISTICS_KEPT, StatisticsByInterval, StatisticsOf, StatisticsRange};

/// The range without `since`.
const DEFAULT_RANGE: TimeDelta = TimeDelta::hours(24);

/// The maximum number of intervals in a response.
const MAX_INTERVALS: i64 = 1000;

/// The maximum number of intervals in a response to a request without `interval`. 300 intervals of five minutes are 25
/// hours, so they include the first and the last interval of a day that are not complete.
const MAX_DEFAULT_INTERVALS: i64 = 300;

/// How much earlier a range may begin than statistics are promised. A client computes `since` before the server gets the
/// request, and its clock may differ. The store keeps statistics for longer than this.
const TOLERANCE: TimeDelta = TimeDelta::minutes(15);

pub(super) async fn get(rqctx: &RequestContext<App>, query: Checked<Query<StatisticsQuery>>) -> ApiResult<HttpResponseOk<Statistics>> {
    reply(rqctx, async {
        let caller = auth::caller(rqctx, Scope::DeliveriesRead).await?;
        let query = query.get()?.into_inner();
        let app = rqctx.context();
        let webhook_id = query.webhook_id.as_ref().map(|id| id.0);
        let [since, until] = [&query.since, &query.until].map(|time| time.as_ref().map(|time| time.0));
        let (range, interval) =
            range(since, until, query.interval, app.clock.now()).map_err(|detail| ApiError::new(Kind::InvalidRequest, detail))?;
        let account = caller.listed_account(query.account)?;
        let of = match (webhook_id, &account) {
            (Some(id), account) => {
                let webhook = app.store.get_webhook(account.clone(), id).await?;
                StatisticsOf::Webhook(webhook.ok_or_else(|| ApiError::not_found("webhook"))?.id)
            }
            (None, Some(account)) => StatisticsOf::Account(account),
            (None, None) => StatisticsOf::AllAccounts,
        };
        let by_interval = app.store.get_statistics(of, range).await?;
        Ok(HttpResponseOk(response(range, interval, &by_interval)))
    })
    .await
}

/// Returns the range of a request, or what the caller must change.
fn range(
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    interval: Option<StatisticsInterval>,
    now: DateTime<Utc>,
) -> Result<(StatisticsRange, StatisticsInterval), String> {
    let until = until.unwrap_or(now);
    let since = since.or_else(|| until.checked_sub_signed(DEFAULT_RANGE)).unwrap_or(until);
    let (earliest, earliest_of_details) = (now - STATISTICS_KEPT, now - DETAILS_KEPT);
    if since >= until {
        return Err("since: must be before `until`, which is the current time if it is not given".to_owned());
    }
    if since < earliest - TOLERANCE {
        return Err(format!("since: statistics are kept for 30 days: send {} or later", shown(earliest)));
    }
    let has_details = since >= earliest_of_details - TOLERANCE;
    let count = |interval: StatisticsInterval| {
        let length = interval.length().num_milliseconds();
        // Adding the length minus one rounds the end up.
        (ceiling(until) + length - 1).div_euclid(length) - since.timestamp_millis().div_euclid(length)
    };
    let is_kept = |interval: StatisticsInterval| has_details || interval.length() >= TimeDelta::hours(1);
    let fits = |interval: &StatisticsInterval| is_kept(*interval) && count(*interval) <= MAX_DEFAULT_INTERVALS;
    let interval = interval.or_else(|| StatisticsInterval::ALL.into_iter().find(fits)).unwrap_or(StatisticsInterval::Day);
    if !is_kept(interval) {
        let earliest = shown(earliest_of_details);
        return Err(format!(
            "interval: intervals of less than 1h are kept for 48 hours: send `interval=1h`, or a `since` of {earliest} or later"
        ));
    }
    if count(interval) > MAX_INTERVALS {
        let detail = format!("interval: the range has {} intervals, but a response has at most {MAX_INTERVALS}", count(interval));
        return Err(format!("{detail}: send a longer interval or an earlier `until`"));
    }
    let length = interval.length().num_milliseconds();
    let start = since.timestamp_millis().div_euclid(length) * length;
    let [since, until] = [start, start + count(interval) * length].map(DateTime::from_timestamp_millis);
    let (Some(since), Some(until)) = (since, until) else { return Err("until: must be a time before the year 10000".to_owned()) };
    Ok((StatisticsRange { since, until, interval: interval.length() }, interval))
}

/// Returns the time in milliseconds since 1970, rounded up.
fn ceiling(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis() + i64::from(!time.timestamp_subsec_nanos().is_multiple_of(1_000_000))
}

fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn response(range: StatisticsRange, interval: StatisticsInterval, by_interval: &StatisticsByInterval) -> Statistics {
    let (mut items, mut total) = (Vec::new(), counted::Statistics::default());
    let mut start = range.since;
    while start < range.until {
        let counted = by_interval.get(&start);
        counted.into_iter().for_each(|counted| total.merge(counted));
        items.push(StatisticsItem { start, counts: counted.map_or_else(|| counts(&counted::Statistics::default()), counts) });
        start += range.interval;
    }
    Statistics { since: range.since, until: range.until, interval, items, total: counts(&total) }
}

fn counts(counted: &counted::Statistics) -> StatisticsTotal {
    StatisticsTotal {
        attempts: counted.attempts().map(|(outcome, count)| (outcome.to_owned(), count)).collect(),
        deliveries: StatisticsDeliveries { succeeded: counted.succeeded(), failed: counted.failed() },
        latency_ms: percentiles(counted.latency()),
        duration_ms: percentiles(counted.duration()),
    }
}

fn percentiles(histogram: &counted::Histogram) -> Option<StatisticsPercentiles> {
    let [p50, p95, p99] = [50, 95, 99].map(|percent| histogram.percentile(percent));
    Some(StatisticsPercentiles { p50: p50?, p95: p95?, p99: p99? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn ranged(
        since: Option<&str>,
        until: Option<&str>,
        interval: Option<StatisticsInterval>,
    ) -> Result<(String, String, StatisticsInterval, i64), String> {
        let now = time("2026-03-31T12:34:56.789Z");
        let (range, interval) = range(since.map(time), until.map(time), interval, now)?;
        let count = (range.until - range.since).num_milliseconds() / range.interval.num_milliseconds();
        assert_eq!(range.since + range.interval * i32::try_from(count).expect("a small number"), range.until);
        Ok((shown(range.since), shown(range.until), interval, count))
    }

    #[test]
    fn a_range_is_rounded_to_intervals_and_has_few_of_them_by_default() {
        use StatisticsInterval::*;
        for (since, until, interval, expected) in [
            (None, None, None, ("2026-03-30T12:30:00Z", "2026-03-31T12:35:00Z", FiveMinutes, 289)),
            (None, None, Some(Hour), ("2026-03-30T12:00:00Z", "2026-03-31T13:00:00Z", Hour, 25)),
            (None, None, Some(Day), ("2026-03-30T00:00:00Z", "2026-04-01T00:00:00Z", Day, 2)),
            (
                Some("2026-03-31T12:00:00Z"),
                Some("2026-03-31T12:15:00Z"),
                None,
                ("2026-03-31T12:00:00Z", "2026-03-31T12:15:00Z", FiveMinutes, 3),
            ),
            (
                Some("2026-03-31T12:00:01Z"),
                Some("2026-03-31T12:15:00.000001Z"),
                None,
                ("2026-03-31T12:00:00Z", "2026-03-31T12:20:00Z", FiveMinutes, 4),
            ),
            (Some("2026-03-29T12:34:56Z"), None, None, ("2026-03-29T12:30:00Z", "2026-03-31T12:45:00Z", QuarterOfAnHour, 193)),
            (Some("2026-03-29T12:34:56Z"), None, Some(FiveMinutes), ("2026-03-29T12:30:00Z", "2026-03-31T12:35:00Z", FiveMinutes, 577)),
            (Some("2026-03-29T02:00:00Z"), Some("2026-03-29T03:00:00Z"), None, ("2026-03-29T02:00:00Z", "2026-03-29T03:00:00Z", Hour, 1)),
            (Some("2026-03-20T00:00:00Z"), None, None, ("2026-03-20T00:00:00Z", "2026-03-31T13:00:00Z", Hour, 277)),
            (Some("2026-03-01T12:34:56Z"), None, None, ("2026-03-01T12:00:00Z", "2026-03-31T18:00:00Z", SixHours, 121)),
            (Some("2026-03-31T00:00:00Z"), Some("2027-03-31T00:00:00Z"), None, ("2026-03-31T00:00:00Z", "2027-03-31T00:00:00Z", Day, 365)),
        ] {
            let expected = Ok((expected.0.to_owned(), expected.1.to_owned(), expected.2, expected.3));
            assert_eq!(ranged(since, until, interval), expected, "{since:?} {until:?} {interval:?}");
        }
    }

    #[test]
    fn a_wrong_range_is_refused_with_what_to_send_instead() {
        use StatisticsInterval::*;
        for (since, until, interval, expected) in [
            (Some("2026-03-31T12:00:00Z"), Some("2026-03-31T12:00:00Z"), None, "since: must be before `until`"),
            (Some("2026-04-01T00:00:00Z"), None, None, "since: must be before `until`, which is the current time"),
            (Some("2026-03-01T12:00:00Z"), None, None, "since: statistics are kept for 30 days: send 2026-03-01T12:34:56Z or later"),
            (None, Some("2026-01-01T00:00:00Z"), None, "since: statistics are kept for 30 days"),
            (Some("2026-03-29T12:00:00Z"), None, Some(FiveMinutes), "send `interval=1h`, or a `since` of 2026-03-29T12:34:56Z or later"),
            (Some("2026-03-01T13:00:00Z"), None, Some(QuarterOfAnHour), "intervals of less than 1h are kept for 48 hours"),
            (
                Some("2026-03-31T00:00:00Z"),
                Some("2026-05-31T00:00:00Z"),
                Some(Hour),
                "the range has 1464 intervals, but a response has at most 1000: send a longer",
            ),
            (Some("2026-03-31T00:00:00Z"), Some("9999-12-31T23:59:59Z"), None, "but a response has at most 1000"),
            (Some("0000-01-01T00:00:00Z"), Some("0000-01-02T00:00:00Z"), None, "statistics are kept for 30 days"),
        ] {
            let refused = ranged(since, until, interval).expect_err("refused");
            assert!(refused.contains(expected), "{since:?} {until:?} {interval:?}: {refused}");
        }
    }
}
