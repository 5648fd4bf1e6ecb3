//! Access tokens: which rows of the table are authentic, and names, expiry, last use and rotation.

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::json;
use webhooks_server::model::StoredToken;
use webhooks_server::secrets::access_token::token_hash;
use webhooks_server_api::Scope;

use crate::harness::{Api, Process, Server, Setup, eventually, run_binary};

async fn rows(server: &Server) -> Vec<StoredToken> {
    server.database().store().await.list_tokens().await.expect("readable")
}

async fn row(server: &Server, name: &str) -> StoredToken {
    rows(server).await.into_iter().find(|row| row.name == name).expect("the token")
}

/// Waits until the server refuses the token, which it may have cached.
async fn wait_for_refusal(api: &Api) {
    let refused = eventually("the refusal", async || Some(api.get("/webhooks").await).filter(|response| response.status != 200)).await;
    assert_eq!(refused.problem(), (401, "unauthenticated".to_owned()));
}

/// The number of look-ups of access tokens in the store.
async fn look_ups(server: &Server) -> u64 {
    let metrics = server.admin_api().send(Method::GET, "/metrics", &[], "").await;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix("webhooks_access_token_lookups_total "));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no number in {text}"))
}

#[tokio::test]
async fn a_token_whose_row_was_changed_in_sql_is_unknown_and_logged_once() {
    let server = Setup::dev().manual_clock().start().await;
    let expires_at = server.now() + TimeDelta::days(30);
    let mut changed = Vec::new();
    for (name, change) in [
        ("account", "account = 'other'"),
        ("platform", "account = NULL"),
        ("scopes", "scopes = 'webhooks.read webhooks.secrets'"),
        ("expiry", "expires_at = NULL"),
        ("creation", "created_at = expires_at"),
        ("name", "name = 'another name'"),
    ] {
        let api = server.api_with(&server.named_token(name, Some("acme"), &[Scope::WebhooksRead], Some(expires_at)).await);
        api.get("/webhooks").await.expect(200);
        let id = row(&server, name).await.id.to_string();
        server.database().run(&format!("UPDATE tokens SET {change} WHERE name = '{name}'")).await;
        changed.push((name, id, api));
    }
    for (name, id, api) in &changed {
        wait_for_refusal(api).await;
        assert_eq!(api.get("/webhooks").await.status, 401, "{name}");
        let log = server.log();
        assert_eq!(log.matches(id.as_str()).count(), 1, "{name}: {log}");
        let line = log.lines().find(|line| line.contains(id.as_str())).expect("a line");
        assert!(line.contains("is refused") && line.contains("webhooks-server token revoke ID") && line.contains("ERRO"), "{line}");
    }
}

#[tokio::test]
async fn a_row_that_was_inserted_in_sql_gives_no_access_and_is_found_within_an_hour() {
    let server = Setup::dev().manual_clock().start().await;
    let database = server.database();
    let [weak, strong] = [
        server.named_token("weak", Some("acme"), &[], None).await,
        server.named_token("strong", Some("acme"), &[Scope::WebhooksRead], None).await,
    ];
    server.api_with(&strong).get("/webhooks").await.expect(200);

    // A text that somebody has invented, with a copy of a row.
    let invented = format!("wht_{}", "A".repeat(64));
    let (id, id_literal) = match database.is_embedded() {
        true => ("0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", "x'0197a5a03c7e7d2a9f106b1f2f6f3d55'"),
        false => ("0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", "'0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55'::uuid"),
    };
    let hash = database.literal(&token_hash(&invented));
    database
        .run(&format!(
            "INSERT INTO tokens (id, hash, name, account, scopes, created_at, expires_at, mac)
             SELECT {id_literal}, {hash}, name, account, scopes, created_at, expires_at, mac FROM tokens WHERE name = 'strong'"
        ))
        .await;
    assert_eq!(server.api_with(&invented).get("/webhooks").await.problem(), (401, "unauthenticated".to_owned()));
    server.advance(TimeDelta::hours(1));
    eventually("the message about the row", async || server.log().contains(id).then_some(())).await;

    // A valid text, with the rights of another row.
    assert_eq!(server.api_with(&weak).get("/webhooks").await.status, 403);
    database.run(&format!("DELETE FROM tokens WHERE id = {id_literal}")).await;
    database
        .run(
            "CREATE TABLE aside AS SELECT hash FROM tokens WHERE name = 'weak';
             DELETE FROM tokens WHERE name = 'weak';
             UPDATE tokens SET hash = (SELECT hash FROM aside) WHERE name = 'strong';
             DROP TABLE aside",
        )
        .await;
    let api = server.api_with(&weak);
    eventually("the refusal", async || (api.get("/webhooks").await.status == 401).then_some(())).await;
}

#[tokio::test]
async fn guessed_tokens_cause_no_look_up_in_the_database() {
    let server = Setup::dev().flags(&["--failed-authentications-per-minute", "5"]).manual_clock().start().await;
    let token = server.token(Some("acme"), &[Scope::WebhooksRead], None).await;
    for number in 0..30 {
        let guess = format!("wht_{:A>64}", number);
        assert!(matches!(server.api_with(&guess).get("/webhooks").await.status, 401 | 429));
        let other = if token.ends_with('A') { 'B' } else { 'A' };
        let changed = format!("{}{other}", &token[..token.len() - 1]);
        assert!(matches!(server.api_with(&changed).get("/webhooks").await.status, 401 | 429));
    }
    assert_eq!(look_ups(&server).await, 0);
    server.api_with(&token).get("/webhooks").await.expect(200);
    assert_eq!(look_ups(&server).await, 1);
}

#[tokio::test]
async fn the_last_use_of_a_token_is_stored_within_a_minute_and_at_a_stop() {
    let mut server = Setup::dev().manual_clock().start().await;
    let api = server.api_with(&server.named_token("used", Some("acme"), &[Scope::WebhooksRead], None).await);
    server.named_token("unused", Some("acme"), &[Scope::WebhooksRead], None).await;
    let minute = "2026-01-02T15:04:00Z".parse::<DateTime<Utc>>().expect("a time");
    for _ in 0..10 {
        api.get("/webhooks").await.expect(200);
    }
    assert_eq!(row(&server, "used").await.last_used_at, None, "a request writes nothing");
    let stored = async |expected: DateTime<Utc>| {
        eventually("the last use", async || (row(&server, "used").await.last_used_at == Some(expected)).then_some(())).await;
    };
    server.advance(TimeDelta::minutes(1));
    stored(minute).await;
    // A request without the scope is a use too.
    assert_eq!(api.post("/notifications", &serde_json::json!({ "type": "a.b", "data": {} })).await.status, 403);
    server.advance(TimeDelta::minutes(1));
    stored(minute + TimeDelta::minutes(1)).await;
    assert_eq!(row(&server, "unused").await.last_used_at, None);
    api.get("/webhooks").await.expect(200);
    server.stop().await;
    assert_eq!(row(&server, "used").await.last_used_at, Some(minute + TimeDelta::minutes(2)));
}

#[tokio::test]
async fn a_token_that_expires_within_14_days_is_logged_once_a_day() {
    let server = Setup::dev().manual_clock().start().await;
    let start = server.now();
    server.named_token("ends", Some("acme"), &[Scope::WebhooksRead], Some(start + TimeDelta::days(20))).await;
    let id = row(&server, "ends").await.id.to_string();
    // Each hourly check of these hours finds one more of these tokens, so the test knows when the check has ended.
    let mut later = Vec::new();
    for hour in 1..=3 {
        let name = format!("hour {hour}");
        let expires_at = start + TimeDelta::days(21) + TimeDelta::hours(hour);
        server.named_token(&name, Some("acme"), &[], Some(expires_at)).await;
        later.push(row(&server, &name).await.id.to_string());
    }
    let wait_for = async |id: &str, expected: usize| {
        let warned = async || (server.log().matches(id).count() == expected).then_some(());
        eventually(&format!("{expected} warnings"), warned).await;
    };
    server.advance(TimeDelta::days(7));
    wait_for(&id, 1).await;
    for id in &later {
        server.advance(TimeDelta::hours(1));
        wait_for(id, 1).await;
    }
    assert_eq!(server.log().matches(&id).count(), 1);
    server.advance(TimeDelta::days(1));
    wait_for(&id, 2).await;
    let log = server.log();
    let line = log.lines().find(|line| line.contains("an access token expires soon")).expect("a line");
    for expected in [id.as_str(), "ends", "acme", "webhooks-server token rotate ID", "2026-01-22"] {
        assert!(line.contains(expected), "{expected} in {line}");
    }
}

/// Returns the line of `token list` with a token.
async fn line(process: &Process, name: &str) -> String {
    let list = process.token_command(&["list"]).await;
    list.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in {list}")).to_owned()
}

fn id_in(line: &str) -> String {
    line.split_whitespace().next().expect("an identifier").to_owned()
}

#[tokio::test]
async fn a_token_has_a_name_and_expires_after_a_year_unless_it_is_created_otherwise() {
    let process = Process::start_embedded(&[]).await;
    let date = |days| (Utc::now() + TimeDelta::days(days)).format("%Y-%m-%dT").to_string();
    let today = date(0);
    let create = async |more: &[&str]| {
        process.token_command(&[&["create", "--account", "acme", "--scope", "webhooks.read"], more].concat()).await;
    };
    create(&[]).await;
    create(&["--name", "nightly report (EU)", "--expires-in-days", "30"]).await;
    create(&["--name", "unlimited", "--never-expires"]).await;
    process.token_command(&["create", "--platform", "--scope", "webhooks.read"]).await;
    if date(0) != today {
        // Midnight has passed during the test, so the expected dates are not known.
        return;
    }
    for (name, account, expires) in [
        ("first start", "default", date(365)),
        (&format!("acme {}", &today[..10]), "acme", date(365)),
        ("nightly report (EU)", "acme", date(30)),
        ("unlimited", "acme", "never".to_owned()),
        (&format!("platform {}", &today[..10]), "(platform)", date(365)),
    ] {
        let line = line(&process, name).await;
        let (_, rest) = line.split_once(name).expect("the name");
        let cells: Vec<&str> = rest.split_whitespace().collect();
        assert_eq!((cells[0], cells[2], cells[4]), (account, "never", "valid"), "{line}");
        assert!(cells[3].starts_with(&expires), "{expires} in {line}");
    }
    for (arguments, expected) in [
        (&["--name", "a\u{1b}[31mb"][..], "printable"),
        (&["--name", &"x".repeat(129)], "at most 128 characters"),
        (&["--name", ""], "must not be empty"),
        (&["--expires-in-days", "0"], "--expires-in-days"),
        (&["--expires-in-days", "5", "--never-expires"], "cannot be used with"),
    ] {
        let arguments = [&["create", "--account", "acme", "--scope", "webhooks.read"], arguments].concat();
        let output = process.try_token_command(&arguments).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(expected), "{arguments:?}: {error}");
    }
}

#[tokio::test]
async fn a_rotated_token_is_valid_until_the_overlap_ends() {
    let process = Process::start(&[]).await;
    let create =
        ["create", "--account", "acme", "--scope", "webhooks.read,webhooks.write", "--name", "rotated", "--expires-in-days", "100"];
    let old = process.token_command(&create).await;
    let old_id = id_in(&line(&process, "rotated").await);
    let new = process.token_command(&["rotate", &old_id]).await;
    assert!(new.starts_with("wht_") && new != old && new.lines().count() == 1, "{new}");
    for token in [&old, &new] {
        process.api_with(token).register_url("https://example.com").await;
    }
    let list = process.token_command(&["list"]).await;
    let lines: Vec<&str> = list.lines().filter(|line| line.contains("rotated")).collect();
    assert_eq!(lines.len(), 2, "{list}");
    let (before, after) = (&lines[0], &lines[1]);
    assert!(before.starts_with(&old_id) && before.contains(" replaced "), "{list}");
    assert_eq!(after.split_whitespace().skip(1).take(2).collect::<Vec<_>>(), ["rotated", "acme"], "{list}");
    assert!(after.ends_with("valid     webhooks.read webhooks.write"), "{list}");
    let rows = process.database().store().await.list_tokens().await.expect("readable");
    let row = |id: String| rows.iter().find(|row| row.id.to_string() == id).expect("the token");
    let successor = row(id_in(after));
    assert_eq!(successor.expires_at.map(|at| at - successor.created_at), Some(TimeDelta::days(100)), "the same lifetime");
    assert_eq!(row(old_id.clone()).expires_at, Some(successor.created_at + TimeDelta::hours(24)));

    let output = process.try_token_command(&["rotate", &old_id]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains(&format!("was already replaced by {}", id_in(after))), "{error}");

    let newest = process.token_command(&["rotate", &id_in(after), "--overlap-hours", "0"]).await;
    wait_for_refusal(&process.api_with(&new)).await;
    process.api_with(&newest).get("/webhooks").await.expect(200);
    process.api_with(&old).get("/webhooks").await.expect(200);
    process.token_command(&["revoke", &old_id]).await;
    wait_for_refusal(&process.api_with(&old)).await;
    for (id, expected) in [(old_id.as_str(), "already replaced"), ("0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", "there is no token")] {
        let output = process.try_token_command(&["rotate", id]).await;
        assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_expired_revoked_or_changed_cannot_be_rotated() {
    let process = Process::start(&[]).await;
    for (name, change, expected) in [
        ("ended", "revoked_at = created_at", "expired or revoked"),
        ("changed", "scopes = 'webhooks.secrets'", "was not written by this program"),
    ] {
        process.token_command(&["create", "--account", "acme", "--scope", "webhooks.read", "--name", name]).await;
        let id = id_in(&line(&process, name).await);
        process.database().run(&format!("UPDATE tokens SET {change} WHERE name = '{name}'")).await;
        let output = process.try_token_command(&["rotate", &id]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(expected) && error.contains(&id), "{error}");
    }
    assert!(line(&process, "changed").await.contains(" not authentic "));
    assert!(line(&process, "ended").await.contains(" revoked "));
}

#[tokio::test]
async fn a_token_is_created_only_with_the_master_key_and_listed_and_revoked_without_it() {
    let process = Process::start_embedded(&[]).await;
    let key = process.file("master-key");
    std::fs::rename(&key, process.file("moved-key")).expect("a writable directory");
    let id = id_in(&line(&process, "first start").await);
    for arguments in [&["create", "--account", "acme", "--scope", "webhooks.read"][..], &["rotate", &id]] {
        let output = process.try_token_command(arguments).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        assert!(error.contains(&key.display().to_string()) && error.contains("--master-key-file"), "{error}");
    }
    let moved = process.file("moved-key").display().to_string();
    process.token_command(&["create", "--account", "acme", "--scope", "webhooks.read", "--master-key-file", &moved]).await;
    process.token_command(&["revoke", &id]).await;
    assert!(line(&process, "first start").await.contains(" revoked "));
}

#[tokio::test]
async fn on_postgres_a_token_is_created_only_with_the_master_key() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let name = webhooks_postgres::shared().create_database().expect("a database");
    let url = webhooks_postgres::shared().url(&name);
    let output = run_binary(&["token", "create", "--account", "acme", "--scope", "webhooks.read", "--store", &url]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty() && error.contains("--master-key-file"), "{error}");
    let output = run_binary(&["token", "list", "--store", &url]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    webhooks_postgres::shared().drop_database(&name).expect("the database exists");
}

#[tokio::test]
async fn a_caller_sees_the_rights_and_the_expiry_of_its_token() {
    let server = Setup::dev().manual_clock().start().await;
    let expires_at = server.now() + TimeDelta::days(30);
    let scopes = [Scope::WebhooksWrite, Scope::AuditRead];
    for (name, account, expires_at) in [("order page", Some("acme"), Some(expires_at)), ("publisher", None, None)] {
        let api = server.api_with(&server.named_token(name, account, &scopes, expires_at).await);
        let shown = api.get("/caller").await.expect(200);
        let mut expected = json!({
            "kind": account.map_or("platform", |_| "account"),
            "tokenID": row(&server, name).await.id,
            "tokenName": name,
            "scopes": ["audit.read", "webhooks.write"],
        });
        if let Some((account, expires_at)) = account.zip(expires_at) {
            (expected["account"], expected["expiresAt"]) = (json!(account), json!(expires_at));
        }
        assert_eq!(shown, expected);
    }
    server.api_with(&server.token(Some("acme"), &[], None).await).get("/caller").await.expect(200);
}
