//! Addresses that are not public, in all their forms.

use std::net::IpAddr;

use http::Method;
use serde_json::json;
use url::{Host, Url};

use super::world::World;
use crate::harness::{Api, id_of};

/// Checks that the service sends nothing to the host of a URL, and to a name with the address of this host.
pub(super) async fn are_refused(world: &World, hosts: &[&str]) {
    let api = world.strict.api();
    let own = api.register_url("https://example.com/notify").await;
    for host in hosts {
        let url = format!("https://{host}/latest/meta-data/");
        let auth = json!({ "type": "client_credential", "clientID": "c", "clientSecret": "s", "tokenURL": url });
        for (method, path, body, pointer) in [
            (Method::POST, "/webhooks".to_owned(), json!({ "targetURL": url }), "/targetURL"),
            (Method::POST, "/webhooks".to_owned(), json!({ "targetURL": "https://example.com", "auth": auth }), "/auth/tokenURL"),
            (Method::PATCH, format!("/webhooks/{own}"), json!({ "targetURL": url }), "/targetURL"),
            (Method::PATCH, format!("/webhooks/{own}"), json!({ "auth": auth }), "/auth/tokenURL"),
        ] {
            let response = api.call(method, &path, &[], body.to_string()).await;
            assert_eq!((response.status, response.pointer().as_deref()), (400, Some(pointer)), "{host}: {response:?}");
            let detail = response.json()["detail"].to_string();
            assert!(detail.contains("is not publicly reachable"), "{host}: {detail}");
        }
        is_refused_as_the_address_of_a_name(world, &api, address_of(&url)).await;
    }
}

/// Returns the address in a URL, as the service reads it.
fn address_of(url: &str) -> IpAddr {
    match Url::parse(url).expect(url).host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        other => panic!("{url} has the host {other:?}"),
    }
}

async fn is_refused_as_the_address_of_a_name(world: &World, api: &Api, address: IpAddr) {
    let name = world.name_server.set(&format!("with-{}", address.to_string().replace([':', '.'], "-")), &[&[address]]);
    let webhook = id_of(&api.register(&json!({ "targetURL": format!("https://{name}/") })).await);
    let attempt = api.test(&webhook).await;
    assert_eq!((&attempt["outcome"], attempt.get("statusCode")), (&json!("name_not_found"), None), "{address}: {attempt}");
    assert_eq!(world.name_server.lookups(&name), 1, "{address}: the service looks up the name once");
}
