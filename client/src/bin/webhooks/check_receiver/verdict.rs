//! Judges responses by the rules of openapi.json. A status 2xx accepts the callback. The status 410 deactivates the webhook.
//! After any other outcome, the service sends the callback again.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::cases::{Case, Expected};
use super::exchange::Outcome;

const NOT_CHECKED: &str = "The signature is not checked at all, so anybody who knows the URL can send false notifications. Verify it \
                           with a library for Standard Webhooks, or with `verify` of the crate webhooks-client. Respond with 401 if it \
                           is not valid.";

/// A sent callback, its outcome and the verdict.
pub(crate) struct Check {
    pub(crate) case: &'static Case,
    pub(crate) outcome: Outcome,
    pub(crate) verdict: Verdict,
    /// For a wrong response: the consequences, and how to correct the receiver. For a correct response: a possible
    /// improvement.
    pub(crate) explanation: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    Wrong,
    /// The outcome shows nothing, because the receiver does not accept the valid callback.
    Unclear,
}

/// Judges all outcomes. The first outcome is the outcome of the valid callback. The other verdicts depend on this
/// outcome.
pub(crate) fn judge_all(sent: &[(&'static Case, Outcome)], limit: Duration) -> Vec<Check> {
    let valid = sent.first().map(|(_, outcome)| outcome);
    let to_refuse = || sent.iter().filter(|(case, _)| case.expected == Expected::Refused);
    let checks_nothing = to_refuse().count() > 0 && to_refuse().all(|(_, outcome)| outcome.accepts());
    let judge = |(index, (case, outcome)): (usize, &(&'static Case, Outcome))| {
        let mistake = mistake(case, outcome, limit);
        let verdict = match (&mistake, valid) {
            (_, Some(valid)) if index > 0 && is_unclear(case, outcome, valid) => Verdict::Unclear,
            (Some(_), _) => Verdict::Wrong,
            (None, _) => Verdict::Ok,
        };
        let explanation = match verdict {
            Verdict::Ok => improvement(case, outcome, limit),
            Verdict::Wrong if checks_nothing && case.expected == Expected::Refused => Some(NOT_CHECKED.to_owned()),
            Verdict::Wrong => mistake,
            Verdict::Unclear => None,
        };
        Check { case, outcome: outcome.clone(), verdict, explanation }
    };
    sent.iter().enumerate().map(judge).collect()
}

/// Whether the outcome shows nothing: if the receiver refuses the valid callback, it may
/// refuse other callbacks for the same reason.
fn is_unclear(case: &Case, outcome: &Outcome, valid: &Outcome) -> bool {
    let refused = matches!(case.expected, Expected::Refused | Expected::Unauthorized)
        && outcome.status().is_some_and(|status| (400..500).contains(&status));
    !valid.accepts() && (refused || outcome.status() == valid.status())
}

fn mistake(case: &Case, outcome: &Outcome, limit: Duration) -> Option<String> {
    let status = match outcome {
        Outcome::Response { agreed: true, .. } if case.expected == Expected::Agreed => return None,
        Outcome::Response { status, .. } => status.as_u16(),
        Outcome::TimedOut => {
            return Some(format!(
                "There was no response within {} s, so the service would send it again. Store the callback, respond, and process it later.",
                limit.as_secs()
            ));
        }
        Outcome::Broken(reason) | Outcome::Unreachable(reason) => {
            return Some(format!("There was no response ({reason}). Check the log of the receiver for a crash. Always respond."));
        }
    };
    let text = match (case.expected, status) {
        (Expected::Accepted, 200..=299) | (Expected::Refused, 400..=409 | 411..=499) | (Expected::Unauthorized, 401 | 403) => return None,
        (_, 300..=399) => "The service does not follow redirects. Register the final URL.".to_owned(),
        (Expected::Accepted | Expected::Agreed, 410) => {
            "410 deactivates the webhook: it gets no more callbacks. Respond with 410 only if you want that.".to_owned()
        }
        (_, 410) => "410 deactivates the webhook: it gets no more callbacks. Respond with 401 to an invalid callback.".to_owned(),
        (Expected::Accepted | Expected::Agreed, 500..) => format!("The receiver has failed: check its log. {}", case.advice),
        (_, 500..) => {
            "The receiver fails instead of refusing, so anybody can cause errors in its log and false alarms. Respond with 401 if a \
             header is missing, malformed or wrong."
                .to_owned()
        }
        (Expected::Unauthorized, 400..=499) => {
            format!("Only 401 says that the credentials are wrong and makes the service fetch a new token. {status} does not.")
        }
        _ => case.advice.to_owned(),
    };
    Some(text)
}

/// Returns a possible improvement of a correct response.
fn improvement(case: &Case, outcome: &Outcome, limit: Duration) -> Option<String> {
    let Outcome::Response { status, took, large, .. } = outcome else { return None };
    let third = limit / 3;
    if *took > third {
        let (late, limit) = (third.as_secs_f32(), limit.as_secs());
        return Some(format!(
            "The response took more than {late} s, and the service gives up after {limit} s. Store the callback, respond, and \
             process it later."
        ));
    }
    if case.expected == Expected::Unauthorized && *status != StatusCode::UNAUTHORIZED {
        return Some(format!("Only 401 says that the credentials are wrong and makes the service fetch a new token. {status} does not."));
    }
    large.then(|| "The response has more than 64 KiB. The service does not read the rest, and only the status matters.".to_owned())
}

impl Outcome {
    fn accepts(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Outcome::Response { status, .. } => Some(status.as_u16()),
            Outcome::TimedOut | Outcome::Broken(_) | Outcome::Unreachable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{ACCEPTED, REFUSED, UNAUTHORIZED};
    use super::*;

    const LIMIT: Duration = Duration::from_secs(15);

    fn response(status: u16) -> Outcome {
        Outcome::Response { status: StatusCode::from_u16(status).expect("a status"), took: Duration::ZERO, large: false, agreed: false }
    }

    /// Returns the verdict on the outcome of one case. The response to the valid callback has the status `valid`.
    fn verdict(case: &'static Case, valid: u16, outcome: Outcome) -> (Verdict, Option<String>) {
        // Adds an invalid callback that the receiver refuses. If the receiver accepted all invalid callbacks, the explanation would
        // be `NOT_CHECKED`.
        let sent = [(&ACCEPTED[0], response(valid)), (case, outcome), (&REFUSED[0], response(401))];
        let check = judge_all(&sent, LIMIT).swap_remove(1);
        (check.verdict, check.explanation)
    }

    #[test]
    fn the_verdict_depends_on_the_status_and_the_sent_callback() {
        let (accepted, refused, unauthorized) = (&ACCEPTED[1], &REFUSED[1], &UNAUTHORIZED[0]);
        for (case, ok, wrong) in [
            (accepted, &[200, 204, 299][..], &[302, 401, 410, 429, 500][..]),
            (refused, &[400, 401, 403, 409, 499], &[200, 204, 302, 410, 500, 599]),
            (unauthorized, &[401, 403], &[204, 307, 400, 404, 410, 500]),
        ] {
            for status in ok {
                assert_eq!(verdict(case, 204, response(*status)).0, Verdict::Ok, "{} {status}", case.name);
            }
            for status in wrong {
                let (verdict, explanation) = verdict(case, 204, response(*status));
                assert_eq!(verdict, Verdict::Wrong, "{} {status}", case.name);
                assert!(explanation.is_some(), "{} {status}", case.name);
            }
            for outcome in [Outcome::TimedOut, Outcome::Broken("reset".to_owned()), Outcome::Unreachable("refused".to_owned())] {
                assert_eq!(verdict(case, 204, outcome).0, Verdict::Wrong, "{}", case.name);
            }
        }
    }

    #[test]
    fn a_refusal_is_unclear_if_the_valid_callback_is_refused() {
        assert_eq!(verdict(&REFUSED[1], 404, response(401)).0, Verdict::Unclear);
        assert_eq!(verdict(&ACCEPTED[1], 404, response(404)).0, Verdict::Unclear);
        // These outcomes are wrong even if the receiver refuses the valid callback.
        assert_eq!(verdict(&ACCEPTED[1], 404, response(500)).0, Verdict::Wrong);
        assert_eq!(verdict(&REFUSED[1], 404, response(204)).0, Verdict::Wrong);
    }

    #[test]
    fn a_correct_response_can_have_a_suggestion() {
        let response = |status, took, large| Outcome::Response { status, took, large, agreed: false };
        let (ok, slow) = (StatusCode::OK, Duration::from_secs(6));
        for (case, outcome, expected) in [
            (&ACCEPTED[1], response(ok, slow, false), "more than 5 s"),
            (&ACCEPTED[1], response(ok, Duration::ZERO, true), "more than 64 KiB"),
            (&UNAUTHORIZED[0], response(StatusCode::FORBIDDEN, Duration::ZERO, false), "Only 401"),
        ] {
            let (verdict, explanation) = verdict(case, 204, outcome);
            assert_eq!(verdict, Verdict::Ok);
            assert!(explanation.is_some_and(|text| text.contains(expected)), "{expected}");
        }
        assert_eq!(verdict(&ACCEPTED[1], 204, response(ok, Duration::from_secs(5), false)), (Verdict::Ok, None));
    }
}
