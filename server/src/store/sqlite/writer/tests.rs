use std::sync::mpsc;

use super::*;

/// Starts a writer whose first command blocks until the test sends a message.
fn blocked_writer(directory: &std::path::Path) -> (Arc<Writer>, mpsc::Sender<()>) {
    let connection = Connection::open(directory.join("test.db")).expect("a database");
    connection.execute_batch("CREATE TABLE written (text TEXT NOT NULL)").expect("a table");
    let writer = Arc::new(Writer::start(connection, Arc::default(), Arc::default()).expect("a thread"));
    let (unblock, wait) = mpsc::channel();
    let (started, has_started) = mpsc::channel();
    let task_writer = writer.clone();
    tokio::spawn(async move {
        let block = move |_: &Connection| {
            let _ = started.send(());
            let _ = wait.recv();
            Ok(())
        };
        task_writer.write(Share::Own, Urgency::Now, block).await
    });
    has_started.recv().expect("the first command runs");
    (writer, unblock)
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
async fn a_failed_command_does_not_affect_the_others_of_its_commit() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, unblock) = blocked_writer(directory.path());
    let fails = |connection: &Connection| connection.execute("INSERT INTO written (text) VALUES (NULL)", []).map(|_| 0);
    let panics = |connection: &Connection| -> rusqlite::Result<i64> {
        insert("half")(connection)?;
        panic!("a command panics")
    };
    let all = futures_util::future::join(
        futures_util::future::join(writer.write(of("a", 0), Urgency::Now, insert("a")), writer.write(of("b", 0), Urgency::Now, fails)),
        futures_util::future::join(writer.write(of("c", 0), Urgency::Now, panics), writer.write(of("d", 0), Urgency::Now, insert("d"))),
    );
    let unblocking = async {
        assert_eq!(writer.shared.lock().queue.len(), 4, "all commands wait for one commit");
        unblock.send(()).expect("the command waits");
    };
    let (((a, b), (c, d)), ()) = futures_util::future::join(all, unblocking).await;
    assert!(a.is_ok() && d.is_ok(), "{a:?} {d:?}");
    assert!(matches!((&b, &c), (Err(Error::Failed(_)), Err(Error::Failed(_)))), "{b:?} {c:?}");
    let texts = |connection: &Connection| connection.query_row("SELECT group_concat(text) FROM written", [], |row| row.get::<_, String>(0));
    assert_eq!(writer.write(Share::Own, Urgency::Now, texts).await.expect("readable"), "a,d");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_measured_time_of_a_command_includes_its_wait() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, unblock) = blocked_writer(directory.path());
    let blocked_for = async {
        let since = Instant::now();
        assert_eq!(writer.shared.lock().queue.len(), 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let blocked_for = since.elapsed();
        unblock.send(()).expect("the command waits");
        blocked_for
    };
    let (outcome, blocked_for) = futures_util::future::join(writer.write(Share::Own, Urgency::Soon, |_| Ok(())), blocked_for).await;
    outcome.expect("written");
    let text = writer.shared.metrics.to_text().expect("text");
    let value = |name: &str| -> f64 {
        let sample =
            text.lines().find_map(|line| line.strip_prefix(&format!("webhooks_store_write_duration_seconds_{name}{{urgency=\"soon\"}} ")));
        sample.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    };
    assert_eq!(value("count"), 1.0);
    assert!(value("sum") >= blocked_for.as_secs_f64(), "{} s", value("sum"));
}

/// On a full disk, SQLite may roll back a transaction while its commands run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_during_a_command_fails_all_commands_of_the_commit() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, unblock) = blocked_writer(directory.path());
    let roll_back = |connection: &Connection| -> rusqlite::Result<i64> {
        connection.execute_batch("ROLLBACK")?;
        Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None))
    };
    let all = futures_util::future::join3(
        writer.write(of("a", 0), Urgency::Now, insert("a")),
        writer.write(of("b", 0), Urgency::Now, roll_back),
        writer.write(of("c", 0), Urgency::Now, insert("c")),
    );
    let ((a, b, c), ()) = futures_util::future::join(all, async { unblock.send(()).expect("the command waits") }).await;
    for refused in [a, b, c] {
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
    let count = |connection: &Connection| connection.query_row("SELECT count(*) FROM written", [], |row| row.get::<_, i64>(0));
    assert_eq!(writer.write(Share::Own, Urgency::Now, count).await.expect("readable"), 0);
}
