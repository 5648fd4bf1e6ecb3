//! Routes that the server answers and the generated document leaves out: dropshot publishes only what it is told to, so
//! anything could be served that openapi.json does not know.

/// The documentation itself.
const ALLOWED: [&str; 2] = ["GET /docs", "GET /openapi.json"];

#[test]
fn only_the_documentation_is_served_beside_the_api() {
    let routes = webhooks_server::http::routes().expect("the server's routes").into_router();
    let hidden: Vec<String> = routes
        .endpoints(None)
        .filter(|(_, _, endpoint)| !endpoint.visible)
        .map(|(_, _, endpoint)| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    assert_eq!(hidden, ALLOWED);
}
