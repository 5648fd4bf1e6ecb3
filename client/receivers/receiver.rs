use std::time::SystemTime;

use webhooks_client::callback::{Callback, SigningSecret, verify};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let secrets = [std::env::var("SIGNING_SECRET")?.parse::<SigningSecret>()?];
    let server = tiny_http::Server::http(("127.0.0.1", std::env::var("PORT")?.parse()?))?;
    for mut request in server.incoming_requests() {
        let mut body = Vec::new();
        // `body` gets the raw bytes, before any parser. An error means that the sender has closed the connection.
        if request.as_reader().read_to_end(&mut body).is_err() {
            continue;
        }
        let headers = request.headers().iter();
        let headers =
            headers.filter_map(|header| Some((header.field.as_str().as_str().parse().ok()?, header.value.as_str().parse().ok()?)));
        let status = match verify(&secrets, &headers.collect(), &body, SystemTime::now()) {
            Ok(Callback::<serde_json::Value> { notification, r#type, .. }) => {
                println!("{} {}", notification.id, r#type); // deduplicate by the identifier
                204
            }
            Err(_) => 401,
        };
        request.respond(tiny_http::Response::empty(status))?;
    }
    Ok(())
}
