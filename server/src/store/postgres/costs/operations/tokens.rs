//! The cost of access tokens.

use super::*;

impl Round<'_> {
    pub(super) async fn tokens(&self) {
        let token = self.token();
        let hash = *token.hash.first_chunk().expect("a hash of 32 bytes");
        self.cost("create a token", self.store.create_token(token.clone(), event())).await;
        assert_eq!(self.cost("find a token", self.store.find_token(hash)).await.as_ref(), Some(&token));
        self.cost("list tokens", self.store.list_tokens()).await;
        self.cost("record uses of tokens", self.store.record_token_uses(vec![(token.id, self.now)])).await;
        let events = [event().clone(), event().clone()];
        let rotation = TokenRotation { replaced: token.clone(), previous_mac: token.mac.clone(), successor: self.token() };
        assert!(self.cost("rotate a token", self.store.rotate_token(rotation, &events)).await);
        assert!(self.cost("revoke a token", self.store.revoke_token(token.id, self.now, event())).await);
    }

    fn token(&self) -> StoredToken {
        let id = Uuid::now_v7();
        StoredToken {
            id,
            hash: [*id.as_bytes(); 2].concat(),
            name: "a name".to_owned(),
            account: None,
            scopes: String::new(),
            created_at: self.now,
            expires_at: None,
            revoked_at: None,
            replaced_by: None,
            last_used_at: None,
            mac: id.as_bytes().to_vec(),
        }
    }
}
