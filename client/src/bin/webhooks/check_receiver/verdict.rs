//! What an answer says about a receiver. The rules are openapi.json's: 2xx accepts, 410 deactivates, all else is sent again.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::cases::{Case, Expected};
use super::exchange::Got;

const NOT_CHECKED: &str = "The signature is not checked at all, so anybody who knows the URL can tell the receiver that anything has happened. \
                           Check it with a library of Standard Webhooks, or with `verify` of the crate webhooks-client, and answer 401 \
                           when it is wrong.";

/// A callback that was sent, what came back, and what that means.
pub(crate) struct Check {
    pub(crate) case: &'static Case,
    pub(crate) got: Got,
    pub(crate) verdict: Verdict,
    /// What can happen if it stays so, and how to mend it; for one that is well, what could be better.
    pub(crate) explanation: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    Wrong,
    /// It says nothing as long as the valid callback is not accepted.
    Unclear,
}

/// Judges all answers. The first is that to the valid callback, which decides what the others say.
pub(crate) fn judge_all(sent: &[(&'static Case, Got)], limit: Duration) -> Vec<Check> {
    let valid = sent.first().map(|(_, got)| got);
    let to_refuse = || sent.iter().filter(|(case, _)| case.expected == Expected::Refused);
    let checks_nothing = to_refuse().count() > 0 && to_refuse().all(|(_, got)| got.accepts());
    let judge = |(index, (case, got)): (usize, &(&'static Case, Got))| {
        let fault = fault(case, got, limit);
        let verdict = match (&fault, valid) {
            (_, Some(valid)) if index > 0 && is_unclear(case, got, valid) => Verdict::Unclear,
            (Some(_), _) => Verdict::Wrong,
            (None, _) => Verdict::Ok,
        };
        let explanation = match verdict {
            Verdict::Ok => reservation(case, got, limit),
            Verdict::Wrong if checks_nothing && case.expected == Expected::Refused => Some(NOT_CHECKED.to_owned()),
            Verdict::Wrong => fault,
            Verdict::Unclear => None,
        };
        Check { case, got: got.clone(), verdict, explanation }
    };
    sent.iter().enumerate().map(judge).collect()
}

/// A receiver that does not accept the valid callback refuses others for the same reason, or may.
fn is_unclear(case: &Case, got: &Got, valid: &Got) -> bool {
    let refused = matches!(case.expected, Expected::Refused | Expected::Unauthorized)
        && got.status().is_some_and(|status| (400..500).contains(&status));
    !valid.accepts() && (refused || got.status() == valid.status())
}

fn fault(case: &Case, got: &Got, limit: Duration) -> Option<String> {
    let status = match got {
        Got::Answer { agreed: true, .. } if case.expected == Expected::Agreed => return None,
        Got::Answer { status, .. } => status.as_u16(),
        Got::Late => {
            return Some(format!(
                "There was no answer within {} s, so the service would send it again. Keep what comes, answer, and do the work afterwards.",
                limit.as_secs()
            ));
        }
        Got::Broken(reason) | Got::Unreachable(reason) => {
            return Some(format!("There was no answer ({reason}), as when the receiver has crashed: its log may say why. Always answer."));
        }
    };
    let text = match (case.expected, status) {
        (Expected::Accepted, 200..=299) | (Expected::Refused, 400..=409 | 411..=499) | (Expected::Unauthorized, 401 | 403) => return None,
        (_, 300..=399) => "The service follows no redirect. Register the URL that answers itself.".to_owned(),
        (Expected::Accepted | Expected::Agreed, 410) => {
            "410 deactivates the webhook, and then nothing comes any more. Answer it only when that is what you want.".to_owned()
        }
        (_, 410) => "410 deactivates the webhook, and then nothing comes any more. Answer 401 to what is not genuine.".to_owned(),
        (Expected::Accepted | Expected::Agreed, 500..) => format!("The receiver has failed: its log may say why. {}", case.otherwise),
        (_, 500..) => "The receiver fails where it should refuse, so that anybody can fill its log with errors and set off its alarms. \
                       Answer 401 when a header is missing, cannot be read, or does not match."
            .to_owned(),
        (Expected::Unauthorized, 400..=499) => {
            format!(
                "It is refused, but only 401 says that it was for the credentials, and has the service fetch a new token ({status} does not)."
            )
        }
        _ => case.otherwise.to_owned(),
    };
    Some(text)
}

/// What could be better about an answer that is right.
fn reservation(case: &Case, got: &Got, limit: Duration) -> Option<String> {
    let Got::Answer { status, took, large, .. } = got else { return None };
    let third = limit / 3;
    if *took > third {
        let (late, limit) = (third.as_secs_f32(), limit.as_secs());
        return Some(format!(
            "It took more than {late} s, and after {limit} s the service gives up. Keep what comes, answer, and do the work afterwards."
        ));
    }
    if case.expected == Expected::Unauthorized && *status != StatusCode::UNAUTHORIZED {
        return Some(format!("Only 401 says that it was for the credentials, and has the service fetch a new token; {status} does not."));
    }
    large.then(|| "The answer has more than 64 KiB: the service reads no more, and only the status counts.".to_owned())
}

impl Got {
    fn accepts(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Got::Answer { status, .. } => Some(status.as_u16()),
            Got::Late | Got::Broken(_) | Got::Unreachable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{ACCEPTED, REFUSED, UNAUTHORIZED};
    use super::*;

    const LIMIT: Duration = Duration::from_secs(15);

    fn answer(status: u16) -> Got {
        Got::Answer { status: StatusCode::from_u16(status).expect("a status"), took: Duration::ZERO, large: false, agreed: false }
    }

    /// What the answer to one callback says, after the valid one was answered with `valid`.
    fn verdict(case: &'static Case, valid: u16, got: Got) -> (Verdict, Option<String>) {
        // One more, or a receiver that accepts this one would check nothing at all.
        let sent = [(&ACCEPTED[0], answer(valid)), (case, got), (&REFUSED[0], answer(401))];
        let check = judge_all(&sent, LIMIT).swap_remove(1);
        (check.verdict, check.explanation)
    }

    #[test]
    fn a_status_is_judged_by_what_was_sent() {
        let (accepted, refused, unauthorized) = (&ACCEPTED[1], &REFUSED[1], &UNAUTHORIZED[0]);
        for (case, right, wrong) in [
            (accepted, &[200, 204, 299][..], &[302, 401, 410, 429, 500][..]),
            (refused, &[400, 401, 403, 409, 499], &[200, 204, 302, 410, 500, 599]),
            (unauthorized, &[401, 403], &[204, 307, 400, 404, 410, 500]),
        ] {
            for status in right {
                assert_eq!(verdict(case, 204, answer(*status)).0, Verdict::Ok, "{} {status}", case.name);
            }
            for status in wrong {
                let (verdict, explanation) = verdict(case, 204, answer(*status));
                assert_eq!(verdict, Verdict::Wrong, "{} {status}", case.name);
                assert!(explanation.is_some(), "{} {status}", case.name);
            }
            for got in [Got::Late, Got::Broken("reset".to_owned()), Got::Unreachable("refused".to_owned())] {
                assert_eq!(verdict(case, 204, got).0, Verdict::Wrong, "{}", case.name);
            }
        }
    }

    #[test]
    fn a_refusal_says_nothing_of_a_receiver_that_refuses_the_valid_callback() {
        assert_eq!(verdict(&REFUSED[1], 404, answer(401)).0, Verdict::Unclear);
        assert_eq!(verdict(&ACCEPTED[1], 404, answer(404)).0, Verdict::Unclear);
        // But these do.
        assert_eq!(verdict(&ACCEPTED[1], 404, answer(500)).0, Verdict::Wrong);
        assert_eq!(verdict(&REFUSED[1], 404, answer(204)).0, Verdict::Wrong);
    }

    #[test]
    fn what_is_right_but_could_be_better_is_said() {
        let answer = |status, took, large| Got::Answer { status, took, large, agreed: false };
        let (ok, slow) = (StatusCode::OK, Duration::from_secs(6));
        for (case, got, expected) in [
            (&ACCEPTED[1], answer(ok, slow, false), "more than 5 s"),
            (&ACCEPTED[1], answer(ok, Duration::ZERO, true), "more than 64 KiB"),
            (&UNAUTHORIZED[0], answer(StatusCode::FORBIDDEN, Duration::ZERO, false), "Only 401"),
        ] {
            let (verdict, explanation) = verdict(case, 204, got);
            assert_eq!(verdict, Verdict::Ok);
            assert!(explanation.is_some_and(|text| text.contains(expected)), "{expected}");
        }
        assert_eq!(verdict(&ACCEPTED[1], 204, answer(ok, Duration::from_secs(5), false)), (Verdict::Ok, None));
    }
}
