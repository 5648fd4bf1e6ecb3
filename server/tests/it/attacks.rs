//! Known attacks on products of this kind, as one table. Each row is executed against running servers, or against the
//! verification of callbacks in the client.
//!
//! An identifier is a CVE, an advisory (GHSA, RUSTSEC), or an issue or pull request on GitHub (`owner/repository#number`).

mod addresses;
mod requests;
mod signatures;
mod tenants;
mod world;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt as _;
use world::World;

/// A known attack.
struct Attack {
    /// The fault in other products. The public text of each identifier describes this attack.
    identifiers: &'static [&'static str],
    attack: &'static str,
    /// What this service must do.
    required: &'static str,
    run: for<'a> fn(&'a World) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
}

/// Makes a row that calls an asynchronous function, with additional arguments if there are some.
macro_rules! run {
    ($function:path $(, $argument:expr)*) => {
        |world| Box::pin($function(world $(, $argument)*))
    };
}

#[rustfmt::skip] // One group of lines for each attack
const ATTACKS: &[Attack] = &[
    Attack {
        identifiers: &["CVE-2025-64522", "CVE-2026-56266"],
        attack: "the URL of a webhook names a private address or the metadata service of a cloud",
        required: "refuse the URL at registration, at an update and as a token URL; a name with this address is like an absent name",
        run: run!(addresses::are_refused, &[
            "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "168.63.129.16", "[fd00:ec2::254]", "[fd12:3456::1]",
        ]),
    },
    Attack {
        identifiers: &["CVE-2026-79913", "CVE-2026-44430", "CVE-2026-55187", "GHSA-mvm9-4fhw-xqf3"],
        attack: "an IPv6 address contains a private IPv4 address: NAT64, 6to4, or Teredo",
        required: "refuse it",
        run: run!(addresses::are_refused, &[
            "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[2002:7f00:1::1]", "[2002:a9fe:a9fe::]",
            "[2001:0:808:808::80ff:fffe]", "[2001:0:a00:1::f7f7:f7f7]",
        ]),
    },
    Attack {
        identifiers: &["CVE-2026-55473", "CVE-2026-44430"],
        attack: "an address has the local-use translation prefix 64:ff9b:1::/48 (RFC 8215)",
        required: "refuse it",
        run: run!(addresses::are_refused, &["[64:ff9b:1::127.0.0.1]", "[64:ff9b:1:a9fe:a9:fe00::]", "[64:ff9b:1::8.8.8.8]"]),
    },
    Attack {
        identifiers: &["CVE-2026-79913", "GHSA-65xc-mg8p-36rf"],
        attack: "an IPv4-compatible or IPv4-translated IPv6 address contains a private IPv4 address",
        required: "refuse it",
        run: run!(addresses::are_refused, &["[::127.0.0.1]", "[::a9fe:a9fe]", "[::ffff:0:127.0.0.1]"]),
    },
    Attack {
        identifiers: &["CVE-2026-56266", "CVE-2026-33480", "OneUptime/oneuptime#2578"],
        attack: "an IPv4-mapped IPv6 address contains a private IPv4 address",
        required: "refuse it",
        run: run!(addresses::are_refused, &["[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:ffff:a00:1]"]),
    },
    Attack {
        identifiers: &["CVE-2026-44430", "CVE-2026-55187"],
        attack: "an address is in the deprecated site-local block fec0::/10",
        required: "refuse it",
        run: run!(addresses::are_refused, &["[fec0::1]", "[feff:ffff::1]"]),
    },
    Attack {
        identifiers: &["CVE-2026-80347"],
        attack: "the brackets of an IPv6 literal hide the address from the check",
        required: "refuse it",
        run: run!(addresses::are_refused, &["[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[fe80::1]"]),
    },
    Attack {
        identifiers: &["CVE-2026-22874"],
        attack: "an address is in a reserved block that a short list of private networks does not contain",
        required: "refuse it",
        run: run!(addresses::are_refused, &[
            "0.0.0.0", "100.64.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
            "255.255.255.255",
            "[100::1]", "[100:0:0:1::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[ff02::1]", "[ff0e::1]", "[4000::1]",
        ]),
    },
    Attack {
        identifiers: &["GHSA-j8q9-r9pq-2hh9", "CVE-2026-55187"],
        attack: "an ISATAP address under a global prefix contains a private IPv4 address",
        required: "refuse it",
        run: run!(addresses::are_refused, &["[2606:4700::5efe:10.0.0.1]", "[2606:4700::200:5efe:169.254.169.254]"]),
    },
    Attack {
        identifiers: &["CVE-2021-29922", "CVE-2021-29921", "CVE-2021-28918", "CVE-2020-28360"],
        attack: "an IPv4 address is written in decimal, octal, hexadecimal or short form",
        required: "read every form in the same way as the connection does, and refuse the address",
        run: run!(addresses::are_refused, &[
            "2130706433", "0x7f000001", "0x7F.1", "0177.0.0.1", "00000177.1", "127.1", "127.0.0.1.", "0251.0376.0251.0376", "0xa9fea9fe",
            "012.1", "3232235777", "0",
        ]),
    },
    Attack {
        identifiers: &["CVE-2026-44492"],
        attack: "an address in another form is not in NO_PROXY, so the request goes to the proxy of the environment",
        required: "use no proxy of the environment, for any URL",
        run: run!(requests::use_no_proxy_of_the_environment),
    },
    Attack {
        identifiers: &["CVE-2026-104636"],
        attack: "a public server redirects the request to a private address",
        required: "follow no redirect: of a delivery, a test, a token request or a handshake",
        run: run!(requests::follow_no_redirect),
    },
    Attack {
        identifiers: &["CVE-2026-58508"],
        attack: "a name has a public address when it is checked, and a private address when it is used",
        required: "look up the name once for each connection, check every address, and connect only to the checked addresses",
        run: run!(requests::connect_only_to_checked_addresses),
    },
    Attack {
        identifiers: &["CVE-2026-56227"],
        attack: "a test of a webhook shows whether an internal server exists, and what it responds",
        required: "report a name with a private address like a name that does not exist",
        run: run!(requests::show_nothing_of_internal_servers),
    },
    Attack {
        identifiers: &["CVE-2026-32096"],
        attack: "a URL in a request gets a request at once",
        required: "send and look up nothing at registration; show no response to a handshake",
        run: run!(requests::send_nothing_at_registration),
    },
    Attack {
        identifiers: &["CVE-2026-56079", "rmyndharis/OpenWA#323"],
        attack: "a handler finds an object by its identifier alone, and shows secrets, payloads and deliveries of another tenant",
        required: "respond as if the object did not exist",
        run: run!(tenants::are_not_found_by_identifier),
    },
    Attack {
        identifiers: &["CVE-2026-48976", "rmyndharis/OpenWA#323"],
        attack: "an update of another tenant's webhook takes it over, or sends its stored credentials to a new URL",
        required: "respond with 404; an own webhook gets a new origin only with new credentials",
        run: run!(tenants::keep_their_webhooks_and_credentials),
    },
    Attack {
        identifiers: &["CVE-2026-16624"],
        attack: "a member of the registration names another owner, and the webhook receives the events of this owner",
        required: "refuse unknown members; the owner is the account of the token",
        run: run!(tenants::own_what_they_register),
    },
    Attack {
        identifiers: &["CVE-2026-56252"],
        attack: "an operation on webhooks, such as a test, ignores the scope of the token",
        required: "respond with 403, or with 404 for another tenant's webhook, and send nothing",
        run: run!(tenants::need_the_scope_for_tests),
    },
    Attack {
        identifiers: &["gotempsh/temps#329"],
        attack: "a delivery of another tenant is sent again, and the response shows its URL and status",
        required: "respond with 404 and send nothing",
        run: run!(tenants::repeat_only_their_deliveries),
    },
    Attack {
        identifiers: &["CVE-2025-6454"],
        attack: "CR LF in a custom header, in credentials, in the URL or in an access token adds headers to the request",
        required: "refuse the text, or send it without a new line",
        run: run!(requests::have_no_injected_headers),
    },
    Attack {
        identifiers: &[],
        attack: "the log of deliveries shows the credentials and custom headers of the requests",
        required: "return and store no secret, even if the receiver repeats the request",
        run: run!(requests::show_no_secret_in_deliveries),
    },
    Attack {
        identifiers: &["CVE-2024-21491", "RUSTSEC-2024-0010"],
        attack: "a signature that is only the beginning of the valid signature is accepted",
        required: "accept only the whole signature",
        run: run!(signatures::are_compared_completely),
    },
    Attack {
        identifiers: &["librefang/librefang#3492"],
        attack: "the secret of the receiver is empty, so everybody can make a valid signature",
        required: "refuse an empty or short secret, and refuse every callback if there is no secret",
        run: run!(signatures::need_a_long_secret),
    },
    Attack {
        identifiers: &["CVE-2026-33143", "CVE-2026-39969"],
        attack: "a callback without a signature is accepted",
        required: "refuse it",
        run: run!(signatures::are_required),
    },
    Attack {
        identifiers: &[],
        attack: "only the first signature of a list is tried, so a receiver loses callbacks during a rotation, and then stops to verify",
        required: "try every signature with every secret",
        run: run!(signatures::may_be_the_last_of_a_list),
    },
    Attack {
        identifiers: &[],
        attack: "the signature is computed over a body that was parsed and written again",
        required: "sign, send and verify the same bytes",
        run: run!(signatures::cover_the_bytes_of_the_body),
    },
    Attack {
        identifiers: &[],
        attack: "two members of an object have the same name, and two parsers read different ones",
        required: "refuse them outside of `data`; send `data` byte for byte",
        run: run!(signatures::do_not_hide_duplicate_members),
    },
    Attack {
        identifiers: &["managoat/fountain#1706", "1f916-ai/1f916#29"],
        attack: "a row with a smaller key commits later, after the cursor of a feed has passed it, so a reader never sees it",
        required: "lists begin with the newest row, and their cursors only go back: the next walk from the start shows the row",
        run: run!(tenants::see_rows_that_commit_late),
    },
];

#[tokio::test]
async fn every_known_attack_fails() {
    let world = World::start().await;
    let mut successful = Vec::new();
    for Attack { identifiers, attack, required, run } in ATTACKS {
        // A failed assertion prints its own message, and the other attacks still run.
        if AssertUnwindSafe(run(&world)).catch_unwind().await.is_err() {
            successful.push(format!("{attack}\n    {identifiers:?}; required: {required}"));
        }
    }
    assert!(successful.is_empty(), "{} known attacks succeed:\n{}", successful.len(), successful.join("\n"));
    assert_eq!(world.internal_connections(), 0, "the internal server got a connection");
}

#[test]
fn an_identifier_is_listed_once_for_each_attack() {
    for attack in ATTACKS {
        let all: Vec<&&str> = attack.identifiers.iter().collect();
        for (index, identifier) in all.iter().enumerate() {
            let is_known_form =
                ["CVE-", "GHSA-", "RUSTSEC-"].iter().any(|prefix| identifier.starts_with(prefix)) || identifier.contains('#');
            assert!(is_known_form && !all[..index].contains(identifier), "{identifier} of the attack: {}", attack.attack);
        }
    }
}
