//! What a failed command tells, once, on standard error: what is wrong, where, and what to do about it.

use std::error::Error as _;
use std::io;
use std::process::ExitCode;

use reqwest::StatusCode;
use serde_json::json;
use webhooks_client::types::Problem;

use crate::output::printable;

/// Why the API gave no answer that is of use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}", problem.title.as_str())]
    Problem { problem: Box<Problem>, token_source: String },
    #[error("cannot reach {url}")]
    Unreachable {
        url: String,
        #[source]
        error: reqwest::Error,
    },
    #[error("{url} gave an answer that this program does not understand")]
    Foreign { url: String, status: Option<StatusCode>, body: String },
}

pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    // Whoever read our output has seen enough (`webhooks list | head -1`).
    if error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)) {
        return ExitCode::SUCCESS;
    }
    let failure = error.downcast_ref::<Failure>();
    if json {
        let value = match failure {
            Some(Failure::Problem { problem, .. }) => json!(problem),
            _ => json!({ "title": error.to_string(), "detail": format!("{error:#}") }),
        };
        eprintln!("{value}");
    } else {
        let text = match failure {
            // What was being done may stand before a failure of the API; what follows it is part of its explanation.
            Some(failure) => {
                let doing = error.chain().take_while(|cause| !cause.is::<Failure>()).map(ToString::to_string);
                doing.chain([failure.explain()]).collect::<Vec<_>>().join("\n")
            }
            None => format!("{error:#}"),
        };
        eprintln!("error: {}", printable(&text));
    }
    ExitCode::FAILURE
}

impl Failure {
    fn explain(&self) -> String {
        match self {
            Failure::Problem { problem, token_source } => {
                let mut lines = vec![format!("{} ({} {})", problem.title.as_str(), problem.status, problem.code.as_str())];
                lines.push(format!("  {}", problem.detail.as_str()));
                for error in &problem.errors {
                    let place = if error.pointer.is_empty() { "the whole body" } else { error.pointer.as_str() };
                    let line = format!("{place}: {}", error.detail.as_str());
                    // A single error is often the detail itself.
                    if line != problem.detail.as_str() {
                        lines.push(format!("  {line}"));
                    }
                }
                if matches!(problem.status, 401 | 403) {
                    lines.push(format!("  the access token is from {token_source}"));
                }
                lines.push(format!("  request {}", problem.instance.as_str()));
                lines.join("\n")
            }
            Failure::Unreachable { url, error } => explain_unreachable(url, error),
            Failure::Foreign { url, status, body } => {
                let status = status.map_or_else(String::new, |status| format!(", with the status {status}"));
                let body: String = body.chars().take(1000).collect();
                format!("{url} gave an answer that this program does not understand{status}: is it the webhook service?\n  {body}")
            }
        }
    }
}

fn explain_unreachable(url: &str, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("{url} gave no answer in time");
    }
    let mut causes = vec![];
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return format!(
                "nothing listens at {url}\n  start a server with `cargo run --release -- --dev`, or say where it is with --url or API_BASE_URL"
            );
        }
        causes.push(cause.to_string());
        next = cause.source();
    }
    format!("cannot reach {url}: {}", causes.join(": "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn explain(detail: &str, status: u16) -> String {
        let problem = serde_json::from_value(json!({
            "type": "/docs#problem-invalid_request", "title": "The request is not valid", "status": status, "code": "invalid_request",
            "detail": detail, "instance": "urn:uuid:1", "errors": [{ "pointer": "/auth", "detail": "is wrong" }],
        }));
        Failure::Problem { problem: Box::new(problem.expect("a problem")), token_source: "API_ACCESS_TOKEN".to_owned() }.explain()
    }

    #[test]
    fn a_problem_tells_what_where_and_which_request() {
        let expected = "The request is not valid (400 invalid_request)\n  see below\n  /auth: is wrong\n  request urn:uuid:1";
        assert_eq!(explain("see below", 400), expected);
    }

    #[test]
    fn nothing_is_told_twice() {
        assert_eq!(explain("/auth: is wrong", 400).matches("is wrong").count(), 1);
    }

    #[test]
    fn a_refused_token_is_told_with_its_source() {
        assert!(explain("see below", 401).contains("the access token is from API_ACCESS_TOKEN"));
    }
}
