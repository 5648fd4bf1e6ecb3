//! The cost of operations on keys.

use super::*;
use crate::model::{KeyKind, KeyState};

impl Round<'_> {
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
        let begun = self.cost("begin a key rotation", self.store.begin_key_rotation(next.clone(), true, event())).await;
        assert_eq!(begun, RotationStart::NotHeld(vec!["one".to_owned()]));
        assert_eq!(self.store.begin_key_rotation(next.clone(), false, event()).await.expect("stored"), RotationStart::Begun);
        let webhook = self.store.get_webhook(None, self.world.webhook(BUSY)).await.expect("readable").expect("a webhook");
        let values = SealedValues::of(&webhook);
        assert!(self.cost("seal a webhook again", self.store.reseal_webhook(webhook.id, values.clone(), values)).await);
        let (before, after) = (Sealed(next.sealed.clone()), Sealed(next.sealed));
        assert!(self.cost("seal a key again", self.store.reseal_key(next.id, before, after)).await);
        assert!(self.cost("finish a key rotation", self.store.finish_key_rotation(event())).await);
        self.world.run("TRUNCATE keys").await;
    }
}
