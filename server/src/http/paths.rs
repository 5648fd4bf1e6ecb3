//! The errors of requests whose path or method does not exist.

use std::collections::BTreeMap;

use dropshot::HttpError;
use http::{Method, StatusCode};

use crate::api::problem::{ApiError, Kind};
use crate::api::similarity::distance;

/// Maximum number of changed characters between a path and the suggested path.
const MAX_DISTANCE: usize = 4;

/// The paths of the API, with the methods of each path and the identifiers of their operations.
pub(super) struct Paths(BTreeMap<String, BTreeMap<String, String>>);

impl Paths {
    /// Takes the path, the method and the identifier of each operation.
    pub(super) fn new(operations: impl Iterator<Item = (String, String, String)>) -> Paths {
        let mut paths: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (path, method, operation) in operations {
            paths.entry(path).or_default().insert(method, operation);
        }
        Paths(paths)
    }

    /// Converts the error of the router.
    pub(super) fn refused(&self, error: &HttpError, method: &Method, path: &str) -> ApiError {
        match error.status_code.as_status() {
            StatusCode::METHOD_NOT_ALLOWED => self.without_method(method, path),
            StatusCode::NOT_FOUND => ApiError::new(Kind::NotFound, self.without_path(method, path)),
            // The path is not valid, for example an escape that is not UTF-8.
            _ => ApiError::new(Kind::InvalidRequest, "the path is not valid"),
        }
    }

    fn without_method(&self, method: &Method, path: &str) -> ApiError {
        let methods = self.0.iter().find(|(template, _)| matches(template, path)).map(|(_, methods)| methods);
        let mut allowed: Vec<&str> = methods.into_iter().flatten().map(|(method, _)| method.as_str()).collect();
        let operations: Vec<String> = methods.into_iter().flatten().map(|(method, operation)| format!("{method} ({operation})")).collect();
        // Every resource with GET also has HEAD (RFC 9110 §9.1).
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        let detail = format!("this path has no method {method}; it has {}", operations.join(", "));
        ApiError::method_not_allowed(allowed.join(", "), detail)
    }

    fn without_path(&self, method: &Method, path: &str) -> String {
        let documented = "there is no such path; `/openapi.json` and `/docs` describe all paths";
        let Some((template, methods)) = self.most_similar(path) else { return documented.to_owned() };
        let operation = methods.get(method.as_str()).or(methods.values().next());
        let operation = operation.map(|operation| format!(" ({operation})")).unwrap_or_default();
        format!("there is no such path; did you mean `{template}`{operation}?")
    }

    /// Returns the path that a person probably meant: it differs in a few characters, or it ends with the requested path.
    fn most_similar(&self, path: &str) -> Option<(&str, &BTreeMap<String, String>)> {
        let distance_to = |template: &str| {
            let filled = filled(template, path);
            if path.len() > 1 && filled.ends_with(path.trim_end_matches('/')) { 0 } else { distance(&filled, path) }
        };
        let best =
            self.0.iter().map(|(template, methods)| (distance_to(template), template, methods)).min_by_key(|(distance, ..)| *distance);
        best.filter(|(distance, template, _)| *distance <= MAX_DISTANCE.min(template.len() / 3))
            .map(|(_, template, methods)| (template.as_str(), methods))
    }
}

/// Whether a path has the form of a template.
fn matches(template: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    template.split('/').count() == path.split('/').count() && filled(template, path) == path
}

/// Replaces each parameter of a template by the segment of the path at the same position from the end.
fn filled(template: &str, path: &str) -> String {
    let mut given = path.trim_end_matches('/').rsplit('/');
    let mut segments: Vec<&str> = template
        .rsplit('/')
        .map(|segment| {
            let given = given.next();
            // An identifier has digits.
            let given = given.filter(|given| given.contains(|c: char| c.is_ascii_digit()));
            if segment.starts_with('{') { given.unwrap_or(segment) } else { segment }
        })
        .collect();
    segments.reverse();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths() -> Paths {
        let operations = [
            ("/api/notifications/v1/webhooks", "GET", "listWebhooks"),
            ("/api/notifications/v1/webhooks", "POST", "registerWebhook"),
            ("/api/notifications/v1/webhooks/{id}", "GET", "getWebhook"),
            ("/api/notifications/v1/webhooks/{id}/test", "POST", "testWebhook"),
            ("/api/notifications/v1/notifications", "POST", "publishNotification"),
            ("/docs", "GET", "docs"),
        ];
        Paths::new(operations.into_iter().map(|(path, method, operation)| (path.to_owned(), method.to_owned(), operation.to_owned())))
    }

    #[test]
    fn a_similar_path_is_suggested() {
        for (method, path, expected) in [
            (Method::POST, "/webhooks", Some("`/api/notifications/v1/webhooks` (registerWebhook)")),
            (Method::GET, "/api/notifications/v1/webhook", Some("`/api/notifications/v1/webhooks` (listWebhooks)")),
            (Method::GET, "/api/notifications/v2/webhooks", Some("`/api/notifications/v1/webhooks` (listWebhooks)")),
            (Method::POST, "/v1/notifications", Some("`/api/notifications/v1/notifications` (publishNotification)")),
            (
                Method::POST,
                "/api/notifications/v1/webhooks/0197a5a0/tests",
                Some("`/api/notifications/v1/webhooks/{id}/test` (testWebhook)"),
            ),
            (Method::GET, "/", None),
            (Method::GET, "/favicon.ico", None),
            (Method::GET, "/wp-login.php", None),
        ] {
            let detail = paths().without_path(&method, path);
            match expected {
                Some(expected) => assert_eq!(detail, format!("there is no such path; did you mean {expected}?"), "{path}"),
                None => assert!(detail.contains("describe all paths"), "{path}: {detail}"),
            }
        }
    }

    #[test]
    fn the_methods_of_a_path_are_named_with_their_operations() {
        let error = paths().without_method(&Method::PUT, "/api/notifications/v1/webhooks");
        assert_eq!(error.detail, "this path has no method PUT; it has GET (listWebhooks), POST (registerWebhook)");
        let error = paths().without_method(&Method::DELETE, "/api/notifications/v1/webhooks/0197a5a0/test");
        assert_eq!(error.detail, "this path has no method DELETE; it has POST (testWebhook)");
    }
}
