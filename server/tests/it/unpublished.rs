//! Routes that the server has but openapi.json does not list. The test reads the router, because dropshot does not
//! document these routes.

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
