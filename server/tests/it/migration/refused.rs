use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use webhooks_postgres::shared;

use super::{Database, address, command_error, directory_beside, migrate_successfully, text};
use crate::harness::{Process, eventually, run_binary_wrapped, wrapper_enforcing_file_modes, write_private};

/// Creates a source with little data, and kills its server.
async fn small_source() -> Process {
    let mut source = Process::start_embedded(&[]).await;
    source.api().register_url("https://example.com").await;
    source.kill().await;
    source
}

/// SQL that marks a finished migration as unfinished, as if it had been interrupted just before its end.
const MAKE_UNFINISHED: &str = "UPDATE properties SET name = 'unfinished_move' WHERE name = 'finished_move'";

#[tokio::test]
async fn a_source_or_target_in_use_is_refused_and_not_changed() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut source = Process::start_embedded(&[]).await;
    let (data_dir, database) = (source.data_dir(), Database::create());
    let to = |database: &Database| ["migrate".to_owned(), "--from".to_owned(), address(&data_dir), "--to".to_owned(), database.url.clone()];
    let error_for = async |database: &Database| command_error(&to(database).each_ref().map(String::as_str)).await;
    let error = error_for(&database).await;
    assert!(error.contains("another webhooks-server is running on the data directory"), "{error}");
    assert_eq!(database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0", "nothing was created");
    source.kill().await;

    let (directory, key) = directory_beside(&source);
    let mut node = Process::start_on(directory, &["--store", &database.url, "--master-key-file", &key, "--node-name", "first"]).await;
    let error = error_for(&database).await;
    assert!(error.contains("is in use by nodes (first)"), "{error}");
    // The SQL removes the node and marks the database as the target of a migration. The node then tries to join again.
    database.execute("INSERT INTO properties (name, value) VALUES ('unfinished_move', 'x'); DELETE FROM nodes");
    eventually("the node to refuse the database", async || node.log().contains("not everything has been moved").then_some(())).await;
    assert_eq!(database.execute("SELECT count(*) FROM nodes"), "0");
    node.kill().await;
    let error = error_for(&database).await;
    assert!(error.contains("an unfinished move of another version of this program"), "{error}");
    database.execute("DELETE FROM properties WHERE name = 'unfinished_move'");
    let error = error_for(&database).await;
    assert!(error.contains("already contains data in the table keys: create an empty database"), "{error}");

    // The first target contains a migration of another source. The second target contains an unfinished migration of this source,
    // and a server ran on the source after this migration.
    let (other, database) = (small_source().await, Database::create());
    migrate_successfully(&other.data_dir(), &database.url).await;
    let error = error_for(&database).await;
    assert!(error.contains("contains another move, which has finished"), "{error}");
    database.execute(MAKE_UNFINISHED);
    let error = error_for(&database).await;
    assert!(error.contains("an unfinished move of another source"), "{error}");
    let database = Database::create();
    migrate_successfully(&data_dir, &database.url).await;
    database.execute(MAKE_UNFINISHED);
    let refused = source.start_error(&[]).await;
    assert!(refused.contains("was moved to postgres://") && refused.contains(&source.file("moved-to").display().to_string()), "{refused}");
    std::fs::remove_file(source.file("moved-to")).expect("the file of the finished move");
    source.start_again().await;
    source.kill().await;
    let error = error_for(&database).await;
    assert!(error.contains("a server has run on the source since"), "{error}");
}

#[tokio::test]
async fn an_error_is_one_line_without_passwords() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let source = small_source().await;
    let (from, database) = (address(&source.data_dir()), Database::create());
    let to = database.url.replace("postgres@", "postgres:PASSWORD@");
    let empty = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, text: &str| {
        write_private(&empty.path().join(name), text);
        empty.path().join(name).display().to_string()
    };
    let (other_key, backup) = (file("key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"), file("backup.db", ""));
    let missing_source = address(&empty.path().join("nowhere").display().to_string());
    let backup = address(&backup);
    shared()
        .execute("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0; CREATE ROLE guest LOGIN")
        .expect("made");
    let latin = shared().url("latin");
    let guest = database.url.replace("postgres@", "guest@");
    let missing = shared().url("missing");
    let closed = "postgres://postgres:PASSWORD@127.0.0.1:1/closed";
    for (from, to, more, expected) in [
        ("postgres://u:PASSWORD@h/d", &*to, &[][..], "'--from <STORE>': must be `sqlite`"),
        ("sqlite:", &to, &[], "'--from <STORE>': must be `sqlite`"),
        ("mysql:x", &to, &[], "'--from <STORE>': must be `sqlite`"),
        (&missing_source, &to, &[], "there is no database"),
        (&backup, &to, &[], "backup.db is not the database of a data directory"),
        ("sqlite", &to, &["--data-dir", "/nowhere"], "there is no database /nowhere/webhooks.db"),
        (&from, "sqlite", &[], "'--to <STORE>': must be a URL such as postgres://"),
        (&from, "mysql://u:PASSWORD@h/d", &[], "must be a URL such as postgres://"),
        (&from, "postgres://u:PASSWORD@h:port/d", &[], "must be a URL such as postgres://"),
        (&from, &to, &["--master-key-file", "/nowhere"], "/nowhere does not exist"),
        (&from, &to, &["--master-key-file", &other_key], "contains the key"),
        (&from, &to, &["--store-password-file", "/nowhere"], "cannot read the password file /nowhere"),
        (&from, closed, &[], "cannot connect to postgres://127.0.0.1:1/closed"),
        (&from, &missing, &[], "database \"missing\" does not exist"),
        (&from, &latin, &[], "the encoding LATIN1: create a database with the encoding UTF8"),
        (&from, &guest, &[], "to schema 1: the database refused a statement: db error: ERROR: permission denied for schema public"),
    ] {
        let error = command_error(&[&["migrate", "--from", from, "--to", to], more].concat()).await;
        assert!(error.contains(expected) && !error.contains("PASSWORD"), "{expected}: {error}");
    }
    shared().execute("postgres", "DROP DATABASE latin; DROP ROLE guest").expect("dropped");

    let lock = source.file("server.lock");
    let database_file = source.file("webhooks.db");
    for protected in [&lock, &database_file] {
        let mode = |mode| std::fs::set_permissions(protected, Permissions::from_mode(mode)).expect("the test owns the file");
        mode(0o400);
        let output = run_binary_wrapped(&wrapper_enforcing_file_modes(), &["migrate", "--from", &from, "--to", &to]).await;
        mode(0o600);
        let error = text(&output.stderr);
        assert!(!output.status.success() && error.contains("run webhooks-server as a user who may write"), "{error}");
    }
    let changed = |sql: &str| rusqlite::Connection::open(&database_file).expect("a database").execute_batch(sql).expect("changed");
    for (version, expected) in [(1000, "it has schema 1000, and this program knows"), (0, "it is not a database of webhooks-server")] {
        changed(&format!("PRAGMA user_version = {version}"));
        let error = command_error(&["migrate", "--from", &from, "--to", &to]).await;
        assert!(error.contains(expected), "{error}");
    }
    changed("PRAGMA user_version = 1; UPDATE webhooks SET id = x'00'");
    let error = command_error(&["migrate", "--from", &from, "--to", &to]).await;
    assert!(error.contains("cannot read the source of the table webhooks: unexpected value in the column id"), "{error}");
}
