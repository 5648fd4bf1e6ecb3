//! Routes that the server answers and the generated document leaves out: dropshot publishes only what it is told to, so
//! anything could be served that openapi.json does not know.

use anyhow::Context as _;

/// The documentation itself.
const ALLOWED: [&str; 2] = ["GET /docs", "GET /openapi.json"];

/// Of the unpublished routes and the allowed ones, those that are not both.
///
/// # Errors
/// When the server's routes cannot be put together.
pub(super) fn unexpected() -> anyhow::Result<Vec<String>> {
    let routes = webhooks_server::server::routes().context("the server's routes")?.into_router();
    let hidden: Vec<String> = routes
        .endpoints(None)
        .filter(|(_, _, endpoint)| !endpoint.visible)
        .map(|(_, _, endpoint)| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    Ok(compare(&hidden))
}

fn compare(hidden: &[String]) -> Vec<String> {
    let missing = ALLOWED.into_iter().filter(|route| !hidden.iter().any(|found| found == route));
    let missing = missing.map(|route| format!("{route}: must be served beside the API, and is not"));
    let stray = hidden.iter().filter(|route| !ALLOWED.contains(&route.as_str()));
    missing.chain(stray.map(|route| format!("{route}: is served, but is not in openapi.json"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_and_a_missing_route_are_found() {
        let hidden = ["GET /docs".to_owned(), "GET /debug".to_owned()];
        let expected =
            ["GET /openapi.json: must be served beside the API, and is not", "GET /debug: is served, but is not in openapi.json"];
        assert_eq!(compare(&hidden), expected);
    }
}
