use super::*;
use crate::slots::{Caps, Slots};
use crate::store::suite::database::TestDatabase;
use crate::store::suite::statistics::{counts, ended};
use crate::store::suite::{Bench, seconds};

/// A store, and two leased deliveries of one webhook.
async fn store() -> (Arc<Sqlite>, Bench, [Leased; 2]) {
    let database = TestDatabase::file();
    let path = database.directory().join("webhooks.db");
    let store = Arc::new(Sqlite::open(&path, Arc::default()).expect("opened"));
    store.join(Vec::new()).await.expect("joined");
    let bench = Bench { store: store.clone(), slots: Slots::new(Caps::new(100, 10)), database: Arc::new(database) };
    let webhook = bench.webhook("acme").await;
    let leased = [bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0)];
    (store, bench, leased)
}

impl Bench {
    /// Records a success in a command, and then runs `end` in the same command.
    async fn accept_and(
        &self,
        store: &Sqlite,
        leased: &Leased,
        end: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<()> {
        let (slots, incarnation, now) = (self.slots.clone(), store.incarnation, seconds(5));
        let ended = ended(leased, "accepted", Next::Succeeded, 5);
        let command = move |connection: &Connection, cache: &SubscriptionCache| {
            LeaseTransaction { connection, cache, slots: &slots, incarnation, now }.finish(&ended)?;
            end(connection)
        };
        store.write_with(Share::Own, Urgency::Now, command).await
    }
}

fn fail(_: &Connection) -> rusqlite::Result<()> {
    Err(rusqlite::Error::InvalidQuery)
}

/// The whole transaction is rolled back, as SQLite may do when the disk is full.
fn roll_back(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("ROLLBACK")?;
    fail(connection)
}

#[tokio::test]
async fn a_failed_command_counts_nothing_and_the_others_of_its_transaction_are_counted() {
    let (store, bench, [one, two]) = store().await;
    let (counted, failed) = tokio::join!(bench.accept_and(&store, &one, |_| Ok(())), bench.accept_and(&store, &two, fail));
    assert!(counted.is_ok() && failed.is_err());
    let counted = async || bench.first_hour(StatisticsOf::AllAccounts).await;
    assert_eq!(counted().await, Some(counts(&[("accepted", 1)], 1, 0, 1)));
    bench.accept_and(&store, &two, |_| Ok(())).await.expect("stored");
    assert_eq!(counted().await, Some(counts(&[("accepted", 2)], 2, 0, 2)));
}

#[tokio::test]
async fn a_transaction_that_was_rolled_back_counts_nothing() {
    let (store, bench, [one, two]) = store().await;
    bench.accept_and(&store, &one, |_| Ok(())).await.expect("stored");
    bench.accept_and(&store, &two, roll_back).await.expect_err("rolled back");
    bench.accept_and(&store, &two, |_| Ok(())).await.expect("stored");
    assert_eq!(bench.first_hour(StatisticsOf::AllAccounts).await, Some(counts(&[("accepted", 2)], 2, 0, 2)));
}

#[tokio::test]
async fn a_failed_commit_counts_nothing() {
    let (store, bench, [one, two]) = store().await;
    bench.accept_and(&store, &one, |_| Ok(())).await.expect("stored");
    // A violated constraint that is checked at the commit. The rows are already written at that time.
    let violate = |connection: &Connection| {
        connection.execute_batch(
            "CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TABLE parent (id INTEGER PRIMARY KEY);
             INSERT INTO child VALUES (1)",
        )
    };
    bench.accept_and(&store, &two, violate).await.expect_err("not committed");
    bench.accept_and(&store, &two, |_| Ok(())).await.expect("stored");
    assert_eq!(bench.first_hour(StatisticsOf::AllAccounts).await, Some(counts(&[("accepted", 2)], 2, 0, 2)));
}
