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

/// Puts a command in line without waiting for it; false when it is refused.
async fn line_up(writer: &Arc<Writer>, share: Share) -> bool {
    line_up_as(writer, share, Urgency::Now).await
}

async fn line_up_as(writer: &Arc<Writer>, share: Share, urgency: Urgency) -> bool {
    let before = writer.shared.lock().len();
    let of_task = writer.clone();
    let task = tokio::spawn(async move { of_task.write(share, urgency, insert("x")).await });
    loop {
        tokio::task::yield_now().await;
        if writer.shared.lock().len() > before {
            return true;
        }
        if task.is_finished() {
            return !matches!(task.await.expect("no panic"), Err(Error::Overloaded));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_fills_a_quarter_and_the_others_the_rest() {
    for payload in [0, 1024 * 1024 - COMMAND_BYTES] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (writer, go) = held(directory.path());
        let share = (CAPACITY / SHARE).min(CAPACITY_BYTES / SHARE / (payload + COMMAND_BYTES));
        for account in ["a", "b", "c", "d"] {
            for _ in 0..share {
                assert!(line_up(&writer, of(account, payload)).await, "{account} has its share");
            }
            assert!(!line_up(&writer, of(account, payload)).await, "{account} has no more than its share");
        }
        assert!(!line_up(&writer, of("e", payload)).await, "all is full");
        assert!(line_up(&writer, Share::Own).await, "what attempts came to is still recorded");
        {
            let queue = writer.shared.lock();
            assert_eq!(queue.count, SHARE * share);
            assert!(queue.count <= CAPACITY && queue.bytes <= CAPACITY_BYTES);
        }
        go.send(()).expect("it waits");
        assert!(writer.write(Share::Own, Urgency::Now, |_| Ok(())).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_take_turns_and_what_attempts_came_to_has_half_of_a_commit() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, go) = held(directory.path());
    for _ in 0..BATCH {
        assert!(line_up(&writer, Share::Own).await);
        assert!(line_up(&writer, of("flood", 0)).await);
    }
    assert!(line_up(&writer, of("quiet", 0)).await);
    {
        let mut queue = writer.shared.lock();
        assert_eq!(queue.take().len(), BATCH);
        assert!(!queue.accounts.contains_key("quiet"), "the quiet one is in the very next commit");
        let flood = queue.accounts.get("flood").map_or(0, |line| line.commands.len());
        assert_eq!((queue.own.commands.len(), flood), (BATCH / 2, BATCH / 2 + 1));
    }
    go.send(()).expect("it waits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_is_gathered_for_its_time_and_then_rides_in_a_commit() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (writer, go) = held(directory.path());
    for _ in 0..3 {
        assert!(line_up_as(&writer, Share::Own, Urgency::Soon).await);
    }
    for _ in 0..2 {
        assert!(line_up(&writer, of("a", 0)).await);
    }
    {
        let mut queue = writer.shared.lock();
        // Until a time that does not come while this runs, and then for long enough.
        let never = Duration::from_secs(3600);
        queue.gathered_since = Instant::now() + never;
        assert_eq!((queue.take().len(), queue.gathered.commands.len()), (2, 3), "it is not time yet");
        queue.urgent = 0;
        assert_eq!(queue.wait(), Some(PATIENCE));
        queue.gathered_since -= never + PATIENCE;
        assert_eq!(queue.wait(), Some(Duration::ZERO));
        assert_eq!(queue.take().len(), 3, "all in one");
        assert_eq!(queue.wait(), None);
    }
    go.send(()).expect("it waits");
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
        assert_eq!(writer.shared.lock().len(), 4, "all in one commit");
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
        assert_eq!(writer.shared.lock().len(), 1);
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
