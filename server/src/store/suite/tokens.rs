//! Access tokens.

use super::*;

pub(super) fn token() -> StoredToken {
    let id = Uuid::now_v7();
    StoredToken {
        id,
        hash: [*id.as_bytes(); 2].concat(),
        name: "a ñame".to_owned(),
        account: Some(Account::parse("acme").expect("an account")),
        scopes: "webhooks.read unknown".to_owned(),
        created_at: milliseconds(1),
        expires_at: Some(milliseconds(1_000_001)),
        revoked_at: None,
        replaced_by: None,
        last_used_at: None,
        mac: id.as_bytes().to_vec(),
    }
}

impl Bench {
    async fn create(&self, token: &StoredToken) {
        self.store.create_token(token.clone(), event()).await.expect("stored");
    }

    async fn find(&self, token: &StoredToken) -> Option<StoredToken> {
        self.store.find_token(*token.hash.first_chunk().expect("a hash of 32 bytes")).await.expect("readable")
    }
}

#[tokio::test]
async fn a_token_is_read_exactly_as_it_was_stored() {
    let bench = Bench::new(100, 10).await;
    let (token, of_platform) = (token(), StoredToken { account: None, expires_at: None, ..token() });
    assert_eq!(bench.find(&token).await, None);
    bench.create(&token).await;
    bench.create(&of_platform).await;
    assert_eq!(bench.find(&token).await.as_ref(), Some(&token));
    assert_eq!(bench.store.list_tokens().await.expect("readable"), [token, of_platform]);
}

#[tokio::test]
async fn only_an_unchanged_valid_token_is_rotated_and_only_once() {
    let bench = Bench::new(100, 10).await;
    let (old, revoked, successor) = (token(), token(), token());
    bench.create(&old).await;
    bench.create(&revoked).await;
    assert!(bench.store.revoke_token(revoked.id, seconds(1), event()).await.expect("stored"));
    let rotate = async |old: &StoredToken, previous_mac: &[u8], successor: &StoredToken| {
        let replaced = StoredToken { expires_at: Some(seconds(60)), mac: vec![9], ..old.clone() };
        let rotation = TokenRotation { replaced, previous_mac: previous_mac.to_vec(), successor: successor.clone() };
        bench.store.rotate_token(rotation, &[]).await.expect("stored")
    };
    assert!(!rotate(&old, b"another", &successor).await, "the token was changed");
    assert!(!rotate(&revoked, &revoked.mac, &successor).await, "the token is revoked");
    assert!(!rotate(&token(), &old.mac, &successor).await, "there is no such token");
    assert_eq!(bench.find(&successor).await, None);
    assert_eq!(bench.find(&old).await.as_ref(), Some(&old));

    assert!(rotate(&old, &old.mac, &successor).await);
    assert_eq!(bench.find(&successor).await.as_ref(), Some(&successor));
    let replaced = StoredToken { expires_at: Some(seconds(60)), mac: vec![9], replaced_by: Some(successor.id), ..old.clone() };
    assert_eq!(bench.find(&old).await, Some(replaced));
    assert!(!rotate(&old, &[9], &token()).await, "the token was replaced already");
}

#[tokio::test]
async fn the_last_use_of_a_token_never_decreases() {
    let bench = Bench::new(100, 10).await;
    let (one, other) = (token(), token());
    bench.create(&one).await;
    bench.create(&other).await;
    let last_uses = async |uses: Vec<(Uuid, DateTime<Utc>)>| {
        bench.store.record_token_uses(uses).await.expect("stored");
        bench.store.list_tokens().await.expect("readable").iter().map(|token| token.last_used_at).collect::<Vec<_>>()
    };
    assert_eq!(last_uses(vec![(one.id, seconds(60))]).await, [Some(seconds(60)), None]);
    assert_eq!(last_uses(vec![(one.id, seconds(0)), (other.id, seconds(0))]).await, [Some(seconds(60)), Some(seconds(0))]);
    assert_eq!(last_uses(vec![(one.id, seconds(120)), (Uuid::now_v7(), seconds(60))]).await, [Some(seconds(120)), Some(seconds(0))]);
}
