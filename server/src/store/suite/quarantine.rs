//! Tests of the deliveries during whose attempts processes die.

use super::*;

/// Simulates `count` deaths of the process. After each death but the last, the next process leases all due deliveries.
async fn after_deaths(mut bench: Bench, count: i64, webhooks: &[&Webhook]) -> Bench {
    for number in 1..=count {
        bench = bench.restarted().await;
        webhooks.iter().for_each(|webhook| bench.prove(webhook));
        if number < count {
            assert!(!bench.leased_at(10 * number).await.is_empty());
        }
    }
    bench
}

async fn lease_suspect(bench: &Bench) -> Option<Suspect> {
    lease_suspect_except(bench, &[]).await
}

async fn lease_suspect_except(bench: &Bench, skip: &[Uuid]) -> Option<Suspect> {
    bench.store.lease_suspect(seconds(1), bench.slots.clone(), skip.to_vec()).await.expect("leased").next
}

fn ids(leased: &[Leased]) -> Vec<Uuid> {
    leased.iter().map(|leased| leased.delivery_id).collect()
}

#[tokio::test]
async fn a_delivery_that_was_in_flight_at_three_deaths_is_leased_alone() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let both = [bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0)];
    let bench = after_deaths(bench, 2, &[&webhook]).await;
    let accused = bench.leased_at(1).await;
    assert_eq!(accused.iter().map(|leased| leased.deaths).collect::<Vec<_>>(), [2, 2]);
    assert!(lease_suspect(&bench).await.is_none());
    let bench = bench.restarted().await;
    bench.prove(&webhook);
    assert!(bench.leased_at(1).await.is_empty(), "suspects are not leased with the other deliveries");
    let other = bench.publish_to(&webhook).await;
    assert_eq!(other[0].deaths, 0, "the webhook's other deliveries are leased as usual");
    let first = lease_suspect(&bench).await.expect("a suspect").leased;
    assert_eq!((first.delivery_id, first.deaths, first.attempt), (both[0].delivery_id, 3, 1));
    assert!(lease_suspect(&bench).await.is_none(), "one suspect at a time");
    bench.finish(&first, Next::RetryAt(seconds(2))).await;
    let second = lease_suspect(&bench).await.expect("the other suspect").leased;
    assert_eq!((second.delivery_id, second.deaths), (both[1].delivery_id, 3));
    bench.finish(&second, Next::Succeeded).await;
    assert!(lease_suspect(&bench).await.is_none());
    let again = bench.leased_at(2).await;
    assert_eq!((ids(&again), again[0].deaths), (vec![first.delivery_id], 0), "an outcome clears the count");
}

#[tokio::test]
async fn deaths_of_a_suspect_are_counted_and_the_suspect_with_the_most_deaths_comes_first() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    bench.publish_to(&webhook).await;
    bench.publish_to(&webhook).await;
    let mut bench = after_deaths(bench, 3, &[&webhook]).await;
    assert!(bench.leased_at(1).await.is_empty());
    let first = lease_suspect(&bench).await.expect("a suspect").leased;
    for deaths in [4, 5, 6] {
        bench = bench.restarted().await;
        let again = lease_suspect(&bench).await.expect("the same suspect").leased;
        assert_eq!((again.delivery_id, again.deaths), (first.delivery_id, deaths));
    }
    let again = Leased { lease: lease_of(&bench).await, ..first };
    bench.finish(&again, Next::Failed).await;
    assert_eq!(bench.status(&again).await, DeliveryStatus::Failed);
    assert_eq!(lease_suspect(&bench).await.expect("the other suspect").leased.deaths, 3);
}

/// Returns the identity of the leases of the current process.
async fn lease_of(bench: &Bench) -> Uuid {
    let other = bench.webhook("other").await;
    bench.publish_to(&other).await.remove(0).lease
}

#[tokio::test]
async fn releases_and_stops_are_no_deaths() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    bench.publish_to(&webhook).await;
    let mut bench = after_deaths(bench, 2, &[&webhook]).await;
    for _ in 0..4 {
        let leased = bench.leased_at(1).await.remove(0);
        assert_eq!(leased.deaths, 2);
        bench.store.release_delivery(leased.delivery_id, leased.lease).await.expect("released");
        drop(leased);
        bench = bench.restarted().await;
        assert_eq!(bench.leased_at(1).await[0].deaths, 2, "a released delivery was not in flight");
        // This process stops in order, and could not release its lease.
        bench.store.release_leases().await.expect("released");
        bench = bench.restarted().await;
    }
}

#[tokio::test]
async fn a_suspect_blocks_its_ordered_webhook_until_it_has_an_outcome() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let head = bench.publish_to(&webhook).await.remove(0);
    bench.publish_to(&webhook).await;
    let bench = after_deaths(bench, 3, &[&webhook]).await;
    for _ in 0..2 {
        assert!(bench.leased_at(1).await.is_empty(), "the next delivery waits for the suspect");
    }
    let suspect = lease_suspect(&bench).await.expect("a suspect").leased;
    assert_eq!((suspect.delivery_id, suspect.lane), (head.delivery_id, Lane::Ordered));
    let next = bench.finish(&suspect, Next::Failed).await.next.expect("the next delivery");
    assert_eq!(next.deaths, 0);
}

#[tokio::test]
async fn a_redelivery_keeps_the_count_and_a_recovery_of_a_failed_delivery_clears_it() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    bench.publish_to(&webhook).await;
    let id = bench.publish_to(&webhook).await.remove(0).delivery_id;
    let mut bench = after_deaths(bench, 3, &[&webhook]).await;
    // The third death is not counted yet.
    let redelivered = bench.store.redeliver(webhook.account.clone(), id, seconds(1), event()).await.expect("stored");
    assert!(matches!(redelivered, Redelivered::Due(_)));
    assert!(bench.leased_at(1).await.is_empty(), "both deliveries are suspects");
    let other = lease_suspect(&bench).await.expect("a suspect").leased;
    bench.store.release_delivery(other.delivery_id, other.lease).await.expect("released");
    let suspect = lease_suspect_except(&bench, &[other.delivery_id]).await.expect("the redelivered suspect").leased;
    assert_eq!((suspect.delivery_id, suspect.deaths), (id, 3));
    bench.finish(&suspect, Next::Succeeded).await;

    for _ in 0..2 {
        lease_suspect(&bench).await.expect("the other suspect");
        bench = bench.restarted().await;
    }
    let failed = lease_suspect(&bench).await.expect("the other suspect").leased;
    assert_eq!(failed.deaths, MAX_DEATHS);
    bench.finish(&failed, Next::Failed).await;
    let recovery = Recovery { webhook_id: webhook.id, since: T0, until: None, dry_run: false, after: None };
    let step =
        bench.store.recover_deliveries(webhook.account.clone(), recovery, Cause::default(), seconds(1), event()).await.expect("recovered");
    assert_eq!(step, RecoveryStep::Recovered { count: 1, next: None });
    let recovered = failed.delivery_id;
    drop(failed);
    let leased = bench.leased_at(1).await;
    assert_eq!((ids(&leased), leased[0].deaths, leased[0].attempt), (vec![recovered], 0, 2));
}

#[tokio::test]
async fn suspects_of_paused_and_inactive_webhooks_do_not_block_other_suspects() {
    let bench = Bench::new(100, 10).await;
    let mut webhooks = Vec::new();
    for account in ["paused", "inactive", "active"] {
        let webhook = bench.webhook(account).await;
        bench.publish_to(&webhook).await;
        webhooks.push(webhook);
    }
    let [paused, inactive, active] = &webhooks[..] else { panic!("three webhooks") };
    let bench = after_deaths(bench, 3, &[paused, inactive, active]).await;
    assert!(bench.leased_at(1).await.is_empty());
    let scope = || PauseScope::Account(paused.account.clone());
    assert!(bench.store.pause_deliveries(scope(), T0, event()).await.expect("paused"));
    bench.store.deactivate_webhook(inactive.account.clone(), inactive.id, T0, event()).await.expect("stored").expect("found");
    let suspect = lease_suspect(&bench).await.expect("a suspect").leased;
    assert_eq!(suspect.destination.webhook_id, active.id);
    bench.finish(&suspect, Next::Succeeded).await;
    assert!(lease_suspect(&bench).await.is_none());
    assert!(bench.store.resume_deliveries(scope(), T0, event()).await.expect("resumed"));
    let suspect = lease_suspect(&bench).await.expect("a suspect").leased;
    assert_eq!(suspect.destination.webhook_id, paused.id);
    bench.finish(&suspect, Next::Succeeded).await;
    while bench.store.tidy(seconds(1)).await.expect("tidied") {}
    assert!(lease_suspect(&bench).await.is_none(), "a cancelled delivery is not attempted");
}

#[tokio::test]
async fn a_suspect_that_cannot_be_attempted_does_not_block_the_others() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    for _ in 0..3 {
        bench.publish_to(&webhook).await;
    }
    let bench = after_deaths(bench, 3, &[&webhook]).await;
    assert!(bench.leased_at(1).await.is_empty());
    let mut seen = Vec::new();
    while let Some(suspect) = lease_suspect_except(&bench, &seen).await {
        assert!(!seen.contains(&suspect.leased.delivery_id));
        seen.push(suspect.leased.delivery_id);
        bench.store.release_delivery(suspect.leased.delivery_id, suspect.leased.lease).await.expect("released");
    }
    assert_eq!(seen.len(), 3);
    assert!(lease_suspect(&bench).await.is_some(), "a released suspect stays a suspect");
}

#[tokio::test]
async fn a_suspect_needs_no_free_slot_and_keeps_the_rate_limit() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.max_per_second = Some(1)).await;
    bench.publish_to(&webhook).await;
    let bench = after_deaths(bench, 3, &[&webhook]).await;
    assert!(bench.leased_at(100).await.is_empty());
    let other = bench.publish_at(seconds(100), "acme").await.1;
    assert_eq!(other.len(), 1, "another delivery uses the rate limit");
    let full = Slots::new(Caps::new(1, 1));
    let work = WorkItem { webhook_id: webhook.id, lane: Lane::Fresh };
    let _in_flight = full.try_take(&"acme".into(), &Hosts::default(), work, 1, T0).expect("a free slot");
    let suspect = bench.store.lease_suspect(seconds(100), full, Vec::new()).await.expect("leased").next.expect("a suspect");
    assert_eq!(suspect.begin_at, seconds(101));
    assert!(bench.publish_at(milliseconds(101_500), "acme").await.1.is_empty(), "the suspect has used the next second");
}
