use std::sync::mpsc;

use super::*;

/// A writer whose thread stands still in its first command until it is let go.
fn held(directory: &std::path::Path) -> (Arc<Writer>, mpsc::Sender<()>) {
    let connection = Connection::open(directory.join("test.db")).expect("a database");
    connection.execute_batch("CREATE TABLE written (text TEXT NOT NULL)").expect("a table");
    let writer = Arc::new(Writer::start(connection, Arc::default(), Arc::default()).expect("a thread"));
    let (go, wait) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    let of_task = writer.clone();
    tokio::spawn(async move {
        let stand_still = move |_: &Connection| {
            let _ = begun.send(());
            let _ = wait.recv();
            Ok(())
        };
        of_task.write(Share::Own, Urgency::Now, stand_still).await
    });
    has_begun.recv().expect("the first command runs");
    (writer, go)
}

fn of(account: &str, bytes: usize) -> Share {
    Share::Account { name: account.to_owned(), bytes }
}

fn insert(text: &'static str) -> impl FnOnce(&Connection) -> rusqlite::Result<i64> {
    move |connection| {
        connection.execute("INSERT INTO written (text) VALUES (?1)", [text])?;
        Ok(connection.last_insert_rowid())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_command_in_a_commit_costs_the_others_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, go) = held(directory.path());
    let fails = |connection: &Connection| connection.execute("INSERT INTO written (text) VALUES (NULL)", []).map(|_| 0);
    let panics = |connection: &Connection| -> rusqlite::Result<i64> {
        insert("half")(connection)?;
        panic!("a bad command")
    };
    let all = futures_util::future::join(
        futures_util::future::join(writer.write(of("a", 0), Urgency::Now, insert("a")), writer.write(of("b", 0), Urgency::Now, fails)),
        futures_util::future::join(writer.write(of("c", 0), Urgency::Now, panics), writer.write(of("d", 0), Urgency::Now, insert("d"))),
    );
    let let_go = async {
        assert_eq!(writer.shared.lock().queue.len(), 4, "all in one commit");
        go.send(()).expect("it waits");
    };
    let (((a, b), (c, d)), ()) = futures_util::future::join(all, let_go).await;
    assert!(a.is_ok() && d.is_ok(), "{a:?} {d:?}");
    assert!(matches!((&b, &c), (Err(Error::Failed(_)), Err(Error::Failed(_)))), "{b:?} {c:?}");
    let texts = |connection: &Connection| connection.query_row("SELECT group_concat(text) FROM written", [], |row| row.get::<_, String>(0));
    assert_eq!(writer.write(Share::Own, Urgency::Now, texts).await.expect("readable"), "a,d");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_a_command_is_that_of_its_wait_too() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, go) = held(directory.path());
    let held_for = async {
        let since = Instant::now();
        assert_eq!(writer.shared.lock().queue.len(), 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let held_for = since.elapsed();
        go.send(()).expect("it waits");
        held_for
    };
    let (outcome, held_for) = futures_util::future::join(writer.write(Share::Own, Urgency::Soon, |_| Ok(())), held_for).await;
    outcome.expect("written");
    let text = writer.shared.metrics.to_text().expect("text");
    let value = |name: &str| -> f64 {
        let line =
            text.lines().find_map(|line| line.strip_prefix(&format!("webhooks_store_write_duration_seconds_{name}{{urgency=\"soon\"}} ")));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    };
    assert_eq!(value("count"), 1.0);
    assert!(value("sum") >= held_for.as_secs_f64(), "{} s", value("sum"));
}

/// A full disk may roll back all of a transaction in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_lost_in_the_middle_is_lost_for_all_of_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, go) = held(directory.path());
    let lose = |connection: &Connection| -> rusqlite::Result<i64> {
        connection.execute_batch("ROLLBACK")?;
        Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None))
    };
    let all = futures_util::future::join3(
        writer.write(of("a", 0), Urgency::Now, insert("a")),
        writer.write(of("b", 0), Urgency::Now, lose),
        writer.write(of("c", 0), Urgency::Now, insert("c")),
    );
    let ((a, b, c), ()) = futures_util::future::join(all, async { go.send(()).expect("it waits") }).await;
    for refused in [a, b, c] {
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
    let count = |connection: &Connection| connection.query_row("SELECT count(*) FROM written", [], |row| row.get::<_, i64>(0));
    assert_eq!(writer.write(Share::Own, Urgency::Now, count).await.expect("readable"), 0);
}
