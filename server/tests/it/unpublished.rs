//! Routes that are served but are not in openapi.json. dropshot does not document them, so the test reads the router.

/// The documentation page and openapi.json.
const DOCUMENTATION_ROUTES: [&str; 2] = ["GET /docs", "GET /openapi.json"];

#[test]
fn the_documentation_is_the_only_unpublished_route() {
    let routes = webhooks_server::http::routes().expect("the server's routes").into_router();
    let hidden: Vec<String> = routes
        .endpoints(None)
        .filter(|(_, _, endpoint)| !endpoint.visible)
        .map(|(_, _, endpoint)| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    assert_eq!(hidden, DOCUMENTATION_ROUTES);
}
