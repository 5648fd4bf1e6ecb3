use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use super::{Database, address, bytes, command_error, directory_beside, migrate_successfully};
use crate::harness::{Process, run_binary, with_timeout};

const ROWS: usize = 40_000;

struct Migration {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Migration {
    fn start(data_dir: &str, to: &str) -> Migration {
        let mut command = Command::from(webhooks_process::command(env!("CARGO_BIN_EXE_webhooks-server")));
        command.args(["migrate", "--from", &address(data_dir), "--to", to]).env_clear().kill_on_drop(true);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the process starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Migration { child, lines }
    }

    /// Waits until the output says that some rows of a table are copied or compared, but not all.
    async fn wait_for_progress(&mut self, what: &str, table: &str) {
        loop {
            let line = with_timeout("progress", self.lines.next_line()).await.expect("readable").expect("the output continues");
            if line.starts_with(what) && line.ends_with(&format!(" of {ROWS} rows of {table}")) {
                assert!(!line.contains(&format!(" {ROWS} of ")), "{line}");
                return;
            }
        }
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("a running process").to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.expect("kill runs").success());
    }

    async fn kill(mut self) {
        self.child.kill().await.expect("the kill succeeds");
    }

    /// Waits for the exit. Returns the exit status and the output that was not read before.
    async fn wait_for_exit(mut self) -> (ExitStatus, String) {
        let mut output = String::new();
        while let Some(line) = with_timeout("the end", self.lines.next_line()).await.expect("readable") {
            output = output + &line + "\n";
        }
        (self.child.wait().await.expect("an exit status"), output)
    }
}

/// Creates a source with much data, and kills its server. The data contains U+0000 and extreme timestamps. PostgreSQL does not
/// support these values.
async fn large_source() -> Process {
    let mut source = Process::start_embedded(&[]).await;
    let webhook = source.api().register_url("https://example.com").await;
    source.kill().await;
    let database = rusqlite::Connection::open(source.file("webhooks.db")).expect("the database");
    let filled = format!(
        "CREATE TEMP TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT i FROM n;
         CREATE TEMP TABLE webhook AS SELECT id, account FROM webhooks WHERE id = unhex(replace('{webhook}', '-', ''));
         INSERT INTO notifications (id, account, type, created_at, delivery_count, data)
             SELECT unhex(printf('01900000000070008000%012x', i)), account, 'a.b', 1700000000000 + i, 1,
                 iif(i % 10 = 0, NULL, json_object('n', i, 'text', 'ünïcode')) FROM numbers, webhook;
         INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, status, lane, attempt_count, due_at, created_at)
             SELECT unhex(printf('01900000000170008000%012x', i)), unhex(printf('01900000000070008000%012x', i)), id, account, 1, i % 4,
                 i % 2, i % 3, iif(i % 100 = 0, 9223372036854775807, 1700000000000 + i), 1700000000000 + i FROM numbers, webhook;
         INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated, facts, exchange)
             SELECT unhex(printf('01900000000170008000%012x', i)), 1, iif(i % 100 = 0, -9223372036854775808, 1700000000000 + i), i, 'rejected',
                 500, NULL, 'an' || char(0) || 'swer', i % 2, '{{}}', '{{}}' FROM numbers;
         INSERT INTO properties (name, value) VALUES ('kept', x'01');
         INSERT INTO rates (webhook_id, theoretical_arrival_time) SELECT id, -9223372036854775808 FROM webhook;
         INSERT INTO holds (webhook_id, since, held_until) SELECT id, 1600000000000, 1700000000000 FROM webhook;
         INSERT INTO sequences (webhook_id, last) SELECT id, 7 FROM webhook;
         INSERT INTO failures (webhook_id, since, attempts, warned) SELECT id, 1700000000000, 3, 1 FROM webhook;
         INSERT INTO handshakes (webhook_id, challenge, attempt_count, due_at) SELECT id, 'c', 2, 9000000000000 FROM webhook;
         INSERT INTO cancellations (webhook_id, epoch) SELECT id, 0 FROM webhook;
         INSERT INTO erasures (notification_id, wiped_up_to) SELECT id, id FROM notifications WHERE data IS NULL LIMIT 3;
         INSERT INTO statistics (subject, started_at, value, last_failure_at, last_failure_outcome, last_failure_status_code)
             SELECT id, 1700000100000, x'010000000000', 1700000100000, 'rejected', 500 FROM webhook;
         INSERT INTO pauses (scope, name, since) VALUES ('all', '', 1700000000000), ('account', 'acme', 1700000000000);
         INSERT OR REPLACE INTO walks (name, reached, begun_at) VALUES ('succeeded', zeroblob(16), 1700000000000);
         INSERT INTO idempotency_keys (owner, key, fingerprint, notification_id, expires_at)
             SELECT iif(i % 2 = 0, 'Zebra', 'ant'), printf('ö-%d', i), zeroblob(32), zeroblob(16), i FROM numbers LIMIT 6000;",
    );
    database.execute_batch(&filled).expect("filled");
    source
}

#[tokio::test]
async fn a_killed_migration_can_be_resumed_and_no_node_starts_before_its_end() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let source = large_source().await;
    let (data_dir, source_before) = (source.data_dir(), bytes(&source.file("")));
    let database = Database::create();
    let (directory, key) = directory_beside(&source);
    for (what, table) in [("copied", "notifications"), ("copied", "deliveries"), ("copied", "attempts"), ("compared", "notifications")] {
        let mut migration = Migration::start(&data_dir, &database.url);
        migration.wait_for_progress(what, table).await;
        if table == "deliveries" {
            migration.signal("-STOP").await;
            let error = command_error(&["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir]).await;
            assert!(error.contains("another webhooks-server is running on the data directory"), "{error}");
            let error = command_error(&["token", "create", "--account", "late", "--scope", "webhooks.read", "--data-dir", &data_dir]).await;
            assert!(error.contains("locked"), "{error}");
        }
        migration.kill().await;
        let node = directory.path().display().to_string();
        let of_node = ["--store", &database.url, "--master-key-file", &key, "--data-dir", &node];
        for command in [&["--listen", "127.0.0.1:0", "--admin-listen", "off"][..], &["token", "list"], &["delivery", "status"]] {
            let output = run_binary(&[command, &of_node[..if command.len() > 2 { 6 } else { 2 }]].concat()).await;
            let error = super::text(&output.stderr);
            assert!(!output.status.success() && error.contains("not everything has been moved to postgres://"), "{command:?}: {error}");
        }
    }
    let (table, output) = migrate_successfully(&data_dir, &database.url).await;
    assert!(!output.contains("copied"), "the killed migrations have copied everything: {output}");
    for name in ["notifications", "deliveries", "attempts"] {
        assert!(table.lines().any(|line| line.starts_with(name) && line.contains(&format!(" {ROWS} "))), "{table}");
        assert_eq!(database.execute(&format!("SELECT count(*) FROM {name}")), ROWS.to_string());
    }
    assert!(table.lines().skip(1).all(|line| line.split_whitespace().nth(1) != Some("0")), "every table has rows: {table}");
    assert_eq!(database.execute("SELECT count(*) FROM erasures"), "3");
    assert_eq!(database.execute("SELECT count(*) FROM cancellations WHERE since < now()"), "1");
    assert_eq!(database.execute("SELECT count(*) FROM pending"), (ROWS / 4).to_string());
    assert_eq!(
        database.execute("SELECT count(*), min(response_body), max(response_body) FROM attempts"),
        format!("{ROWS}|an\u{fffd}swer|an\u{fffd}swer")
    );
    assert!(bytes(&source.file("")) == source_before, "the source is unchanged");
    let target = Process::start_on(directory, &["--store", &database.url, "--master-key-file", &key]).await;
    let page = target.api().get("/deliveries?limit=200&status=failed").await.expect(200);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(200));
}

#[tokio::test]
async fn a_broken_connection_loses_nothing_and_a_concurrent_change_is_detected() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let source = large_source().await;
    let (data_dir, database) = (source.data_dir(), Database::create());
    let mut migration = Migration::start(&data_dir, &database.url);
    migration.wait_for_progress("copied", "deliveries").await;
    database
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    let (status, output) = migration.wait_for_exit().await;
    let last = output.lines().last().unwrap_or_default();
    assert!(!status.success() && last.contains("the move is not finished; run the same command again to continue it"), "{output}");

    let row = "01900000-0000-7000-8000-000000000001";
    for (change, undo, expected) in [
        (
            format!("UPDATE notifications SET data = data || ' ' WHERE id = '{row}'"),
            format!("UPDATE notifications SET data = rtrim(data) WHERE id = '{row}'"),
            format!("in the table notifications the row {row} differs in data"),
        ),
        (
            "INSERT INTO tokens (id, hash, name, account, scopes, created_at, mac)
                 SELECT gen_random_uuid(), 'x', name, account, scopes, created_at, mac FROM tokens"
                .to_owned(),
            "DELETE FROM tokens WHERE hash = 'x'".to_owned(),
            "the table tokens ".to_owned(),
        ),
        (
            format!("CREATE TABLE aside AS SELECT * FROM notifications WHERE id = '{row}'; DELETE FROM notifications WHERE id = '{row}'"),
            "INSERT INTO notifications SELECT * FROM aside".to_owned(),
            format!("in the table notifications the row {row} is missing"),
        ),
    ] {
        database.execute(&change);
        let error = command_error(&["migrate", "--from", &address(&data_dir), "--to", &database.url]).await;
        assert!(error.contains("differs from the source") && error.contains(&expected), "{expected}: {error}");
        assert!(error.contains("The move stays unfinished") && !error.contains("ünïcode"), "{error}");
        let started = command_error(&["token", "list", "--store", &database.url]).await;
        assert!(started.contains("not everything has been moved"), "{started}");
        database.execute(&undo);
    }
    migrate_successfully(&data_dir, &database.url).await;
}
