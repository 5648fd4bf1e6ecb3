use std::io::Write;

use slog::Drain as _;
use tempfile::TempDir;

use super::*;
use crate::api::Scope;
use crate::api::types::{Account, AuditEvent};
use crate::secrets::access_token::{new_token, with_mac};
use crate::secrets::master_key::MasterKey;
use crate::store::sqlite::Sqlite;
use crate::store::token_created;

#[derive(Clone, Default)]
struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Fixture {
    tokens: AccessTokens,
    log: CapturedLog,
    directory: TempDir,
}

const START: DateTime<Utc> = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");

impl Fixture {
    fn new() -> Fixture {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let metrics = Arc::new(Metrics::default());
        let store = Arc::new(Sqlite::open(&directory.path().join("webhooks.db"), metrics.clone()).expect("opened"));
        let log = CapturedLog::default();
        let logger = Logger::root(Mutex::new(slog_json::Json::default(log.clone())).fuse(), slog::o!());
        let vault = Arc::new(Vault::new(MasterKey::generate()));
        let store_monitor = Arc::new(StoreMonitor::new(metrics.clone(), logger.clone()));
        Fixture { tokens: AccessTokens::new(store, vault, Clock::manual(START), metrics, store_monitor, logger), log, directory }
    }

    /// Stores a token, and returns its row and its secret text.
    async fn create(&self, name: &str, expires_at: Option<DateTime<Utc>>) -> (StoredToken, String) {
        let account = Account::parse("acme").expect("an account");
        let name = name.parse().expect("a name");
        let (row, text) =
            new_token(&self.tokens.vault, &name, Some(account), &[Scope::WebhooksRead], START, expires_at).expect("random bytes");
        self.tokens.store.create_token(row.clone(), &token_created(&row, AuditEvent::OPERATOR)).await.expect("stored");
        (row, text)
    }

    async fn find(&self, text: &str) -> Option<Arc<KnownToken>> {
        self.tokens.find(text).await.expect("readable")
    }

    async fn check_at(&self, now: DateTime<Utc>) {
        self.tokens.clock.advance(now - self.tokens.clock.now());
        self.tokens.check_all(now).await;
    }

    /// Runs SQL as another program would.
    fn run(&self, sql: &str) {
        let file = rusqlite::Connection::open(self.directory.path().join("webhooks.db")).expect("the database");
        file.execute_batch(sql).expect(sql);
    }

    fn metric(&self, name: &str) -> f64 {
        let text = self.tokens.metrics.to_text().expect("a text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    }

    fn look_ups(&self) -> f64 {
        self.metric("webhooks_access_token_lookups_total")
    }

    /// The number of log lines with a text.
    fn logged(&self, text: &str) -> usize {
        String::from_utf8_lossy(&lock(&self.log.0)).lines().filter(|line| line.contains(text)).count()
    }

    async fn last_uses(&self) -> Vec<Option<DateTime<Utc>>> {
        self.tokens.store.list_tokens().await.expect("readable").iter().map(|token| token.last_used_at).collect()
    }
}

#[tokio::test]
async fn a_cached_token_costs_no_look_up_and_no_check_of_its_row() {
    let fixture = Fixture::new();
    let (row, text) = fixture.create("a", None).await;
    let begun = Instant::now();
    assert_eq!(fixture.find(&text).await.map(|known| known.token.id), Some(row.id));
    fixture.run("DELETE FROM tokens");
    for _ in 0..100 {
        let found = fixture.find(&text).await.is_some();
        assert!(found || begun.elapsed() >= MAX_AGE);
    }
    assert!(fixture.look_ups() == 1.0 || begun.elapsed() >= MAX_AGE);
}

#[tokio::test]
async fn a_text_that_was_not_issued_causes_no_look_up() {
    let fixture = Fixture::new();
    let (_, text) = fixture.create("a", None).await;
    let (_, foreign) = Fixture::new().create("a", None).await;
    let changed = format!("{}{}", &text[..text.len() - 1], if text.ends_with('A') { 'B' } else { 'A' });
    for guess in [String::new(), "unknown".to_owned(), "x".repeat(text.len()), format!("{text}x"), text.to_uppercase(), changed, foreign] {
        assert!(fixture.find(&guess).await.is_none(), "{guess}");
    }
    assert_eq!(fixture.look_ups(), 0.0);
    assert!(fixture.find(&text).await.is_some());
    assert_eq!(fixture.look_ups(), 1.0);
}

#[tokio::test]
async fn an_issued_token_without_a_row_is_not_looked_up_for_each_request() {
    let fixture = Fixture::new();
    let (_, text) = fixture.create("a", None).await;
    fixture.run("DELETE FROM tokens");
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(fixture.find(&text).await.is_none());
    }
    assert!(fixture.look_ups() == 1.0 || begun.elapsed() >= MAX_AGE);
}

#[tokio::test]
async fn a_last_use_is_stored_once_for_each_minute() {
    let fixture = Fixture::new();
    let (_, text) = fixture.create("a", None).await;
    fixture.create("b", None).await;
    let known = fixture.find(&text).await.expect("found");
    let minute = START - TimeDelta::seconds(START.timestamp() % 60);
    let commands = || fixture.metric("webhooks_store_commit_commands_sum");
    let created = commands();
    for second in 0..60 {
        fixture.tokens.note_use(&known, minute + TimeDelta::seconds(second));
    }
    assert_eq!(fixture.last_uses().await, [None, None], "a request writes nothing");
    fixture.tokens.store_uses().await;
    assert_eq!(fixture.last_uses().await, [Some(minute), None]);
    assert_eq!(commands(), created + 1.0);
    // The token is read again, or another node has stored the same minute.
    let again = KnownToken::new(Token { last_used_at: Some(minute), ..known.token.clone() });
    for known in [&*known, &again] {
        fixture.tokens.note_use(known, minute + TimeDelta::seconds(59));
        fixture.tokens.note_use(known, minute - TimeDelta::minutes(1));
    }
    fixture.tokens.store_uses().await;
    assert_eq!(commands(), created + 1.0, "nothing has changed");
    fixture.tokens.note_use(&known, minute + TimeDelta::seconds(60));
    fixture.tokens.store_uses().await;
    assert_eq!(fixture.last_uses().await, [Some(minute + TimeDelta::minutes(1)), None]);
    assert_eq!(commands(), created + 2.0);
}

#[tokio::test]
async fn a_last_use_that_could_not_be_stored_is_stored_later() {
    let fixture = Fixture::new();
    let (_, text) = fixture.create("a", None).await;
    let known = fixture.find(&text).await.expect("found");
    fixture.run("ALTER TABLE tokens RENAME TO lost_tokens");
    fixture.tokens.note_use(&known, START);
    fixture.tokens.store_uses().await;
    assert_eq!(fixture.logged("cannot store when access tokens were last used"), 1);
    fixture.run("ALTER TABLE lost_tokens RENAME TO tokens");
    fixture.tokens.store_uses().await;
    assert!(fixture.last_uses().await[0].is_some());
}

#[tokio::test]
async fn a_token_warns_once_a_day_in_the_14_days_before_it_expires() {
    let fixture = Fixture::new();
    let expires_at = START + TimeDelta::days(30);
    let (row, text) = fixture.create("warns", Some(expires_at)).await;
    let (revoked, _) = fixture.create("revoked", Some(expires_at - TimeDelta::days(1))).await;
    let (old, _) = fixture.create("replaced", Some(expires_at - TimeDelta::days(2))).await;
    fixture.create("ended", Some(START - TimeDelta::days(1))).await;
    fixture.create("unlimited", None).await;
    fixture
        .tokens
        .store
        .revoke_token(revoked.id, START, &AuditEvent::new("token.revoked", AuditEvent::OPERATOR, START))
        .await
        .expect("stored");
    let successor = with_mac(&fixture.tokens.vault, StoredToken { id: Uuid::now_v7(), hash: vec![1; 32], expires_at: None, ..old.clone() });
    let rotation = store::TokenRotation { previous_mac: old.mac.clone(), replaced: old, successor };
    assert!(fixture.tokens.store.rotate_token(rotation, &[]).await.expect("stored"));

    let warnings = || fixture.logged("expires soon");
    fixture.check_at(expires_at - TimeDelta::days(14) - TimeDelta::seconds(1)).await;
    assert_eq!(warnings(), 0);
    assert_eq!(fixture.metric("webhooks_access_token_next_expiry_timestamp_seconds"), expires_at.timestamp() as f64);
    for hour in 0..=(14 * 24) {
        fixture.check_at(expires_at - TimeDelta::days(14) + TimeDelta::hours(hour)).await;
    }
    assert_eq!(warnings(), 14);
    assert_eq!(fixture.logged(&row.id.to_string()), 14, "every warning names the token");
    assert_eq!(fixture.logged(&text), 0);
    assert_eq!(fixture.metric("webhooks_access_token_next_expiry_timestamp_seconds"), 0.0, "no other token expires");
}

#[tokio::test]
async fn a_changed_row_is_unknown_and_logged_once_with_its_id() {
    let fixture = Fixture::new();
    let (row, text) = fixture.create("a", Some(START + TimeDelta::days(1))).await;
    let (other, other_text) = fixture.create("b", None).await;
    fixture.run("UPDATE tokens SET account = 'other' WHERE name = 'a'");
    for _ in 0..3 {
        assert!(fixture.find(&text).await.is_none());
        fixture.check_at(START).await;
    }
    assert_eq!((fixture.logged("is refused"), fixture.logged(&row.id.to_string())), (1, 1));
    assert_eq!((fixture.logged("expires soon"), fixture.logged(&other.id.to_string())), (0, 0));
    assert!(fixture.find(&other_text).await.is_some());
}
