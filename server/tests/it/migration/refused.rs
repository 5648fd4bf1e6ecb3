use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use webhooks_postgres::shared;

use super::{Database, address, directory_beside, migrated, refused, text};
use crate::harness::{Process, binary_under, eventually, under_the_modes_of_files};

/// A source that is stopped, with little in it.
async fn small_source() -> Process {
    let mut source = Process::start_embedded(&[]).await;
    source.api().register_url("https://example.com").await;
    source.kill().await;
    source
}

/// Turns a finished move into one that was cut off at its very end.
const CUT_OFF: &str = "UPDATE properties SET name = 'unfinished_move' WHERE name = 'finished_move'";

#[tokio::test]
async fn neither_a_source_nor_a_target_that_is_in_use_is_touched() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut source = Process::start_embedded(&[]).await;
    let (data_dir, database) = (source.data_dir(), Database::create());
    let to = |database: &Database| ["migrate".to_owned(), "--from".to_owned(), address(&data_dir), "--to".to_owned(), database.url.clone()];
    let refused_for = async |database: &Database| refused(&to(database).each_ref().map(String::as_str)).await;
    let error = refused_for(&database).await;
    assert!(error.contains("another webhooks-server is running on the data directory"), "{error}");
    assert_eq!(database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0", "nothing was done");
    source.kill().await;

    let (directory, key) = directory_beside(&source);
    let mut node = Process::start_on(directory, &["--store", &database.url, "--master-key-file", &key, "--node-name", "first"]).await;
    let error = refused_for(&database).await;
    assert!(error.contains("is in use by nodes (first)"), "{error}");
    // Taken for dead, it comes back to what is to be a target now.
    database.execute("INSERT INTO properties (name, value) VALUES ('unfinished_move', 'x'); DELETE FROM nodes");
    eventually("the node to notice", async || node.log().contains("not everything has been moved").then_some(())).await;
    assert_eq!(database.execute("SELECT count(*) FROM nodes"), "0");
    node.kill().await;
    let error = refused_for(&database).await;
    assert!(error.contains("an unfinished move of another version of this program"), "{error}");
    database.execute("DELETE FROM properties WHERE name = 'unfinished_move'");
    let error = refused_for(&database).await;
    assert!(error.contains("holds data already, in the table properties: make an empty database"), "{error}");

    // A move of another source, and of this one as it was before a server ran on it again.
    let (other, database) = (small_source().await, Database::create());
    migrated(&other.data_dir(), &database.url).await;
    let error = refused_for(&database).await;
    assert!(error.contains("holds what was moved there before"), "{error}");
    database.execute(CUT_OFF);
    let error = refused_for(&database).await;
    assert!(error.contains("an unfinished move of another source"), "{error}");
    let database = Database::create();
    migrated(&data_dir, &database.url).await;
    database.execute(CUT_OFF);
    source.start_again().await;
    source.kill().await;
    let error = refused_for(&database).await;
    assert!(error.contains("a server has run on the source since"), "{error}");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_line_without_passwords() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let source = small_source().await;
    let (from, database) = (address(&source.data_dir()), Database::create());
    let to = database.url.replace("postgres@", "postgres:PASSWORD@");
    let empty = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, text: &[u8]| {
        std::fs::write(empty.path().join(name), text).expect("writable");
        empty.path().join(name).display().to_string()
    };
    let (other_key, backup) = (file("key", b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"), file("backup.db", b""));
    let without = address(&empty.path().join("nowhere").display().to_string());
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
        (&without, &to, &[], "there is no database"),
        (&backup, &to, &[], "backup.db is no database of a data directory"),
        ("sqlite", &to, &["--data-dir", "/nowhere"], "there is no database /nowhere/webhooks.db"),
        (&from, "sqlite", &[], "'--to <STORE>': must be a URL such as postgres://"),
        (&from, "mysql://u:PASSWORD@h/d", &[], "must be a URL such as postgres://"),
        (&from, "postgres://u:PASSWORD@h:port/d", &[], "must be a URL such as postgres://"),
        (&from, &to, &["--master-key-file", "/nowhere"], "/nowhere does not exist"),
        (&from, &to, &["--master-key-file", &other_key], "holds the key"),
        (&from, &to, &["--store-password-file", "/nowhere"], "cannot read the password file /nowhere"),
        (&from, closed, &[], "cannot connect to postgres://127.0.0.1:1/closed"),
        (&from, &missing, &[], "database \"missing\" does not exist"),
        (&from, &latin, &[], "the encoding LATIN1: make one with the encoding UTF8"),
        (&from, &guest, &[], "to schema 1: the database refused a statement: db error: ERROR: permission denied for schema public"),
    ] {
        let error = refused(&[&["migrate", "--from", from, "--to", to], more].concat()).await;
        assert!(error.contains(expected) && !error.contains("PASSWORD"), "{expected}: {error}");
    }
    shared().execute("postgres", "DROP DATABASE latin; DROP ROLE guest").expect("dropped");

    let lock = source.file("server.lock");
    let database_file = source.file("webhooks.db");
    for protected in [&lock, &database_file] {
        let mode = |mode| std::fs::set_permissions(protected, Permissions::from_mode(mode)).expect("it is ours");
        mode(0o400);
        let output = binary_under(&under_the_modes_of_files(), &["migrate", "--from", &from, "--to", &to]).await;
        mode(0o600);
        let error = text(&output.stderr);
        assert!(!output.status.success() && error.contains("run webhooks-server as a user who may write"), "{error}");
    }
    let changed = |sql: &str| rusqlite::Connection::open(&database_file).expect("a database").execute_batch(sql).expect("changed");
    for (version, expected) in [(1000, "it has schema 1000, and this program knows"), (0, "it is no database of webhooks-server")] {
        changed(&format!("PRAGMA user_version = {version}"));
        let error = refused(&["migrate", "--from", &from, "--to", &to]).await;
        assert!(error.contains(expected), "{error}");
    }
    changed("PRAGMA user_version = 1; UPDATE webhooks SET id = x'00'");
    let error = refused(&["migrate", "--from", &from, "--to", &to]).await;
    assert!(error.contains("cannot read what webhooks is made of: a value of id is not what it should be"), "{error}");
}
