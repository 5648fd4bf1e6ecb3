//! Access tokens and keys.

use super::*;
use crate::model::{KeyKind, KeyState};

impl Round<'_> {
    pub(super) async fn tokens(&self) {
        let id = Uuid::now_v7();
        let token = Token { id, account: None, scopes: Arc::new([]), created_at: self.now, expires_at: None, revoked_at: None };
        let mut hash = [0; 32];
        hash[..16].copy_from_slice(id.as_bytes());
        self.cost("create a token", self.store.create_token(token, hash)).await;
        self.cost("find a token", self.store.find_token(hash)).await.expect("found");
        self.cost("list tokens", self.store.list_tokens()).await;
        assert!(self.cost("revoke a token", self.store.revoke_token(id, self.now)).await);
    }

    /// Rotates the master key of this database. The sealed values of the test are no real ones.
    pub(super) async fn keys(&self) {
        let key = || KeyRecord {
            id: Uuid::now_v7().to_string(),
            kind: KeyKind::Master,
            state: KeyState::Current,
            sealed: vec![1],
            created_at: self.now,
        };
        self.store.initialise(vec![key()]).await.expect("stored");
        self.cost("list keys", self.store.list_keys()).await;
        let next = key();
        let begun = self.cost("begin a key rotation", self.store.begin_key_rotation(next.clone(), true)).await;
        assert_eq!(begun, RotationStart::NotHeld(vec!["one".to_owned()]));
        assert_eq!(self.store.begin_key_rotation(next.clone(), false).await.expect("stored"), RotationStart::Begun);
        let webhook = self.store.get_webhook(None, self.world.webhook(BUSY)).await.expect("readable").expect("a webhook");
        let values = SealedValues::of(&webhook);
        assert!(self.cost("seal a webhook again", self.store.reseal_webhook(webhook.id, values.clone(), values)).await);
        let (before, after) = (Sealed(next.sealed.clone()), Sealed(next.sealed));
        assert!(self.cost("seal a key again", self.store.reseal_key(next.id, before, after)).await);
        self.cost("finish a key rotation", self.store.finish_key_rotation()).await;
        self.world.run("TRUNCATE keys").await;
    }
}
