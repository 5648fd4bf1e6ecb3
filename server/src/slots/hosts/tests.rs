use url::Url;

use super::super::tests::{at, work};
use super::*;

fn hosts(urls: &[&str]) -> Hosts {
    let urls: Vec<Url> = urls.iter().map(|url| url.parse().expect("a URL")).collect();
    Hosts::of(&urls)
}

fn slots() -> Arc<Slots> {
    let new_host = NewHost { attempts: 4, attempts_per_second: 10 };
    Slots::new(Caps { new_host, ..Caps::new(4000, 100) })
}

/// Takes slots for new webhooks of different accounts, until a limit is reached.
fn take_all(slots: &Arc<Slots>, hosts: &Hosts, first: u128, milliseconds: i64) -> Vec<Slot> {
    let take = |n: u128| slots.try_take(&n.to_string().as_str().into(), hosts, work(n, Lane::Fresh), 1, at(milliseconds));
    (first..).map_while(take).take(2000).collect()
}

fn end_all(held: Vec<Slot>, accepted: bool, milliseconds: i64) {
    held.into_iter().for_each(|slot| drop(slot.end(accepted, at(milliseconds))));
}

/// Lets the host accept callbacks of many webhooks until its limits are lifted.
fn lift(slots: &Arc<Slots>, hosts: &Hosts) {
    for n in 0..u128::from(LIFTED) {
        let slot = slots.try_take(&n.to_string().as_str().into(), hosts, work(1_000_000 + n, Lane::Fresh), 1, at(0));
        drop(slot.expect("a slot").end(true, at(0)));
    }
}

#[test]
fn a_new_host_has_four_attempts_in_flight_over_all_accounts() {
    let (slots, host) = (slots(), hosts(&["https://a.example/1"]));
    let held = take_all(&slots, &host, 0, 0);
    assert_eq!(held.len(), 4);
    assert!(take_all(&slots, &hosts(&["https://A.EXAMPLE.:8443/2"]), 100, 10_000).is_empty(), "the port and the case do not matter");
    assert_eq!(take_all(&slots, &hosts(&["https://b.example/"]), 200, 0).len(), 4, "another host does not wait");
    drop(held);
    assert_eq!(take_all(&slots, &host, 300, 10_000).len(), 4);
}

#[test]
fn a_new_host_that_fails_gets_ten_attempts_a_second() {
    let (slots, host) = (slots(), hosts(&["https://a.example/"]));
    let mut begun = 0;
    for step in 0..1000 {
        let held = take_all(&slots, &host, 10_000 * step, step as i64 * 10);
        begun += held.len();
        end_all(held, false, step as i64 * 10);
        let _ = slots.take_ready(at(step as i64 * 10), 10_000);
    }
    assert_eq!(begun, 10 + 99, "ten seconds at ten a second, and the ten of a new host");
}

#[test]
fn each_accepted_callback_raises_the_limits_until_they_are_lifted() {
    let (slots, host) = (slots(), hosts(&["https://a.example/"]));
    let (mut first, mut round) = (0, Vec::new());
    for _ in 0..9 {
        let held = take_all(&slots, &host, first, 0);
        round.push(held.len());
        end_all(held, true, 0);
        first += 10_000;
    }
    assert_eq!(round, [4, 8, 16, 32, 64, 128, 256, 512, 2000], "no time has passed, because accepted callbacks use no tokens");
}

#[test]
fn failures_halve_the_limits_of_a_proven_host_down_to_those_of_a_new_host() {
    let (slots, host) = (slots(), hosts(&["https://a.example/"]));
    lift(&slots, &host);
    let mut sizes = Vec::new();
    for second in 1..=12 {
        let held = take_all(&slots, &host, second as u128 * 10_000, second * 1000);
        sizes.push(held.len());
        end_all(held, false, second * 1000);
    }
    assert_eq!(sizes, [2000, 504, 254, 129, 66, 35, 19, 11, 7, 5, 4, 4]);
}

#[test]
fn a_webhook_that_accepts_does_not_wait_for_its_host() {
    let (slots, host) = (slots(), hosts(&["https://shared.example/"]));
    let take = |now| slots.try_take(&"good".into(), &host, work(1, Lane::Fresh), 1, at(now));
    drop(take(0).expect("a slot").end(true, at(0)));
    let hanging = take_all(&slots, &host, 100, 0);
    assert_eq!(hanging.len(), 5, "the host has accepted one callback");
    let first = take(0).expect("one attempt of a webhook that accepts");
    assert!(take(0).is_none(), "more attempts wait for the host");
    drop(first.end(true, at(0)));
    assert!(slots.take_ready(at(0), 10).contains(&work(1, Lane::Fresh)), "the work is ready when no attempt of the webhook is in flight");
    assert!(take(0).is_some());
}

#[test]
fn a_webhook_that_accepts_waits_for_a_host_that_has_not_accepted() {
    let slots = slots();
    let take = |host: &str| slots.try_take(&"good".into(), &hosts(&[host]), work(1, Lane::Fresh), 1, at(0));
    drop(take("https://known.example/").expect("a slot").end(true, at(0)));
    let held = take_all(&slots, &hosts(&["https://new.example/"]), 100, 0);
    assert!(take("https://new.example/").is_none());
    drop(held);
    assert!(slots.take_ready(at(0), 10).contains(&work(1, Lane::Fresh)));
    assert!(take("https://new.example/").is_some());
}

#[test]
fn work_waits_for_its_host_in_turns_of_the_accounts() {
    let (slots, host) = (slots(), hosts(&["https://a.example/"]));
    let held = take_all(&slots, &host, 0, 0);
    for n in 10..20 {
        assert!(slots.try_take(&"busy".into(), &host, work(n, Lane::Fresh), 1, at(0)).is_none());
    }
    assert!(slots.try_take(&"quiet".into(), &host, work(30, Lane::Fresh), 1, at(0)).is_none());
    assert!(slots.take_ready(at(0), 10).is_empty());
    drop(held);
    let ready = slots.take_ready(at(0), 100);
    // The first work of account 4 waits since `take_all`.
    assert_eq!(ready, [work(4, Lane::Fresh), work(10, Lane::Fresh), work(30, Lane::Fresh), work(11, Lane::Fresh)]);
    assert!(slots.next_check().is_some_and(|check| check <= at(1000)), "the rest is checked again, even if this work takes no slot");
    assert_eq!(slots.take_ready(at(1000), 100).len(), 4);
}

#[test]
fn work_that_waits_for_a_token_is_ready_when_the_token_is_there() {
    let (slots, host) = (slots(), hosts(&["https://a.example/"]));
    let begun = [0, 100, 200].map(|first| {
        let held = take_all(&slots, &host, first, 0);
        let count = held.len();
        end_all(held, false, 0);
        count
    });
    assert_eq!(begun, [4, 4, 2]);
    assert_eq!(slots.take_ready(at(0), 10), []);
    assert_eq!(slots.next_check(), Some(at(100)));
    assert_eq!(slots.take_ready(at(100), 10), [work(4, Lane::Fresh)]);
    assert!(slots.try_take(&"4".into(), &host, work(4, Lane::Fresh), 1, at(100)).is_some());
}

#[test]
fn a_changed_webhook_does_not_wait_for_its_previous_host() {
    let (slots, host) = (slots(), hosts(&["https://a.example/"]));
    let _held = take_all(&slots, &host, 0, 0);
    slots.reset_health(Uuid::from_u128(4));
    assert_eq!(slots.take_ready(at(0), 10), [work(4, Lane::Fresh)]);
    assert!(slots.try_take(&"4".into(), &hosts(&["https://b.example/"]), work(4, Lane::Fresh), 1, at(0)).is_some());
    assert!(slots.take_ready(at(5000), 10).is_empty());
}

#[test]
fn the_host_of_the_token_url_is_limited_too() {
    let slots = slots();
    let held: Vec<Slot> =
        (0..10).flat_map(|n| take_all(&slots, &hosts(&[&format!("https://{n}.example/"), "https://token.example/"]), n * 100, 0)).collect();
    assert_eq!(held.len(), 4);
    assert!(slots.try_visit(&hosts(&["https://token.example/"]), at(0)).is_none());
    drop(held);
    let visits: Vec<Visit> = std::iter::from_fn(|| slots.try_visit(&hosts(&["https://token.example/"]), at(0))).collect();
    assert_eq!(visits.len(), 4, "tests and handshakes count too");
}

#[test]
fn a_released_attempt_uses_no_token() {
    let (slots, host) = (slots(), hosts(&["https://a.example/"]));
    for n in 0..100 {
        drop(slots.try_take(&"a".into(), &host, work(n, Lane::Fresh), 1, at(0)).expect("a slot"));
    }
}

#[test]
fn new_names_of_one_address_share_its_limits() {
    let slots = slots();
    let name = |n: u128| format!("{n}.wildcard.example");
    let address: IpAddr = "192.0.2.7".parse().expect("an address");
    let take = |n: u128, milliseconds| {
        slots.try_take(
            &n.to_string().as_str().into(),
            &hosts(&[&format!("https://{}/", name(n))]),
            work(n, Lane::Fresh),
            1,
            at(milliseconds),
        )
    };
    let mut held: Vec<Slot> = Vec::new();
    for n in 0..40 {
        let slot = take(n, 0).expect("the address of the name is not known yet");
        if slots.may_connect(&name(n), &[address], at(0)) {
            held.push(slot);
        }
    }
    assert_eq!(held.len(), 16, "four times the limit of one host");
    assert!(take(30, 1000).is_none(), "the address is known now, so the work waits for the address");
    assert!(slots.may_connect("other.example", &["192.0.2.8".parse().expect("an address")], at(0)));
    drop(held.pop().expect("a slot").end(true, at(1000)));
    assert!(take(15, 1000).is_some(), "a name that has accepted a callback does not wait for its address");
    assert!(slots.take_ready(at(1000), 10).contains(&work(30, Lane::Fresh)));
    drop(held);
    assert!(take(31, 2000).is_some());
}

#[test]
fn addresses_of_one_ipv6_network_and_mapped_addresses_are_one_host() {
    for (one, same) in [
        ("https://[2001:db8::1]/", "https://[2001:db8::ffff:1]:8443/"),
        ("https://192.0.2.1/", "https://[::ffff:192.0.2.1]/"),
        ("https://192.0.2.1/", "https://[64:ff9b::192.0.2.1]/"),
        ("https://a.example/", "http://A.example.:81/"),
    ] {
        assert_eq!(hosts(&[one]).0, hosts(&[same]).0, "{one} {same}");
        assert_eq!(hosts(&[one, same]).0.len(), 1);
    }
    for (one, other) in [("https://[2001:db8:0:1::1]/", "https://[2001:db8:0:2::1]/"), ("https://127.0.0.1:81/", "https://127.0.0.1:82/")] {
        assert_ne!(hosts(&[one]).0, hosts(&[other]).0, "{one} {other}");
    }
}

#[test]
fn many_new_hosts_use_bounded_memory_and_remove_no_limit() {
    let slots = slots();
    let (failing, proven) = (hosts(&["https://failing.example/"]), hosts(&["https://proven.example/"]));
    lift(&slots, &proven);
    let hanging = take_all(&slots, &failing, 0, 0);
    let many = 3 * (MAX_NEW_HOSTS + MAX_KEPT_HOSTS) as u128;
    for n in 0..many {
        // Every second host accepts its callback.
        let visit = slots.try_visit(&hosts(&[&format!("https://{n}.example/")]), at(n as i64)).expect("a new host");
        visit.end(n % 2 == 0, at(n as i64));
    }
    assert!(slots.lock().hosts.limits.len() <= MAX_NEW_HOSTS + MAX_KEPT_HOSTS);
    assert!(take_all(&slots, &failing, 100, many as i64).is_empty());
    assert_eq!(take_all(&slots, &proven, 10_000, many as i64).len(), 2000);
    assert_eq!(hanging.len(), 4);
}

#[test]
fn a_proven_host_with_a_new_address_gets_lower_limits_once() {
    let slots = slots();
    let host = hosts(&["https://proven.example/"]);
    let [known, new, victim]: [IpAddr; 3] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|address| address.parse().expect("an address"));
    let accept = |count: u32, address: IpAddr| {
        for _ in 0..count {
            let mut visit = slots.try_visit(&host, at(0)).expect("a permission");
            visit.set_reached(Reached { address: Some(address), failed_at_token_url: false });
            visit.end(true, at(0));
        }
    };
    let level = || slots.lock().hosts.limits["proven.example"].level;
    let resolve = |addresses: &[IpAddr]| assert!(slots.may_connect("proven.example", addresses, at(0)));
    accept(LIFTED, known);
    resolve(&[known]);
    assert_eq!(level(), LIFTED, "a known address");
    resolve(&[known, new]);
    assert_eq!(level(), MAX_ADDRESS_LEVEL, "a new address");
    accept(LIFTED, known);
    resolve(&[known, new]);
    assert_eq!(level(), LIFTED, "not again for an address that is not used");
    resolve(&[new]);
    assert_eq!(level(), MAX_ADDRESS_LEVEL, "the host has accepted nothing at its only address");
    accept(LIFTED, new);
    resolve(&[new]);
    resolve(&[known]);
    assert_eq!(level(), LIFTED, "the host has accepted callbacks at both addresses");
    resolve(&[known, victim]);
    accept(LIFTED, known);
    let mut failed = slots.try_visit(&host, at(1000)).expect("a permission");
    failed.set_reached(Reached { address: Some(victim), failed_at_token_url: false });
    failed.end(false, at(1000));
    assert_eq!(level(), MAX_ADDRESS_LEVEL / 2, "a failure at an address at which the host has accepted nothing");
}

#[test]
fn a_failure_lowers_only_the_limits_of_the_host_that_failed() {
    let slots = slots();
    let both = hosts(&["https://target.example/", "https://token.example/"]);
    lift(&slots, &both);
    let levels = || ["target.example", "token.example"].map(|key| slots.lock().hosts.limits[key].level);
    for (failed_at_token_url, milliseconds, expected) in [(true, 1000, [LIFTED, LIFTED / 2]), (false, 2000, [LIFTED / 2, LIFTED / 2])] {
        let mut visit = slots.try_visit(&both, at(milliseconds)).expect("a permission");
        visit.set_reached(Reached { address: None, failed_at_token_url });
        visit.end(false, at(milliseconds));
        assert_eq!(levels(), expected);
    }
}

#[test]
fn an_attempt_that_was_not_made_uses_no_token_of_its_address() {
    let slots = slots();
    let address: IpAddr = "192.0.2.7".parse().expect("an address");
    let visit = |name: &str| slots.try_visit(&hosts(&[&format!("https://{name}/")]), at(0));
    let first = visit("a.example").expect("a permission");
    assert!(slots.may_connect("a.example", &[address], at(0)));
    drop(first);
    for _ in 0..100 {
        drop(visit("a.example").expect("a permission"));
    }
    let mut begun = 0;
    for n in 0..100 {
        let name = format!("{n}.example");
        let visit = visit(&name).expect("the address of the name is not known yet");
        if slots.may_connect(&name, &[address], at(0)) {
            begun += 1;
            visit.end(false, at(0));
        }
    }
    assert_eq!(begun, 40, "a refused attempt adds no token");
}
