//! Prints the error of a failed command on standard error: the problem, the invalid part of the request, and advice.

use std::error::Error as _;
use std::io;
use std::process::ExitCode;

use serde_json::json;
use webhooks_client::{Code, Failure};

use crate::output::{Format, printable};

/// The failure of a request to the API, the address of the API, and the source of the access token.
#[derive(Debug, thiserror::Error)]
#[error("the request to {url} failed")]
pub(crate) struct ApiFailure {
    #[source]
    pub(crate) failure: Failure,
    pub(crate) url: String,
    pub(crate) token_source: String,
}

pub(crate) fn report(error: &anyhow::Error, format: Format) -> ExitCode {
    // A closed pipe is not an error, for example in `webhooks list | head -1`.
    if error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)) {
        return ExitCode::SUCCESS;
    }
    let failure = error.downcast_ref::<ApiFailure>();
    if format.is_json() {
        let value = match failure.and_then(|api| api.failure.problem()) {
            Some(problem) => json!(problem),
            None => json!({ "title": error.to_string(), "detail": format!("{error:#}") }),
        };
        eprintln!("{value}");
    } else {
        let text = match failure {
            // The chain can have messages before the API failure. `explain` describes the API failure and its causes.
            Some(failure) => {
                let context = error.chain().take_while(|cause| !cause.is::<ApiFailure>()).map(ToString::to_string);
                context.chain([failure.explain()]).collect::<Vec<_>>().join("\n")
            }
            None => format!("{error:#}"),
        };
        eprintln!("error: {}", printable(&text));
    }
    ExitCode::FAILURE
}

impl ApiFailure {
    fn explain(&self) -> String {
        let url = &self.url;
        match &self.failure {
            Failure::Problem { code, status, problem, .. } => {
                let mut lines = vec![format!("{} ({} {code})", problem.title.as_str(), status.as_u16())];
                lines.push(format!("  {}", problem.detail.as_str()));
                for error in &problem.errors {
                    let position = if error.pointer.is_empty() { "the whole body" } else { error.pointer.as_str() };
                    let line = format!("{position}: {}", error.detail.as_str());
                    // If the problem has only one error, `detail` often has the same text as this error.
                    if line != problem.detail.as_str() {
                        lines.push(format!("  {line}"));
                    }
                }
                if matches!(code, Code::Unauthenticated | Code::InsufficientScope) {
                    lines.push(format!("  the access token is from {}", self.token_source));
                }
                lines.push(format!("  request {}", problem.instance.as_str()));
                lines.join("\n")
            }
            Failure::Unreachable(error) => explain_unreachable(url, error),
            Failure::Foreign { status, excerpt, .. } => {
                let status = status.map_or_else(String::new, |status| format!(" with status {status}"));
                format!("the response of {url}{status} is not from the webhook service: is the address correct?\n  {excerpt}")
            }
            failure => failure.to_string(),
        }
    }
}

fn explain_unreachable(url: &str, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("{url} did not respond in time");
    }
    let mut causes = vec![];
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return format!(
                "no server listens at {url}\n  start one with `cargo run --release -- --dev`, or set the address with --url or API_BASE_URL"
            );
        }
        causes.push(cause.to_string());
        next = cause.source();
    }
    format!("cannot reach {url}: {}", causes.join(": "))
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn explain(detail: &str, code: Code) -> String {
        let problem = serde_json::from_value(json!({
            "type": "/docs#problem-invalid_request", "title": "The request is not valid", "status": 400, "code": code.as_str(),
            "detail": detail, "instance": "urn:uuid:1", "errors": [{ "pointer": "/auth", "detail": "is wrong" }],
        }));
        let problem = Box::new(problem.expect("a problem"));
        let failure = Failure::Problem { code, status: StatusCode::BAD_REQUEST, retry_after: None, problem };
        ApiFailure { failure, url: "http://127.0.0.1:8080".to_owned(), token_source: "API_ACCESS_TOKEN".to_owned() }.explain()
    }

    #[test]
    fn the_explanation_of_a_problem_has_its_errors_and_the_request() {
        let expected = "The request is not valid (400 invalid_request)\n  see below\n  /auth: is wrong\n  request urn:uuid:1";
        assert_eq!(explain("see below", Code::InvalidRequest), expected);
    }

    #[test]
    fn an_error_that_repeats_the_detail_is_omitted() {
        assert_eq!(explain("/auth: is wrong", Code::InvalidRequest).matches("is wrong").count(), 1);
    }

    #[test]
    fn the_explanation_of_a_refused_token_names_its_source() {
        assert!(explain("see below", Code::Unauthenticated).contains("the access token is from API_ACCESS_TOKEN"));
    }
}
