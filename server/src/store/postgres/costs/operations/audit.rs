//! The cost of storing and listing events of the audit log. The cost of the other operations includes their events.

use super::*;
use crate::store::AuditFilter;

impl Round<'_> {
    pub(super) async fn audit(&self) {
        let events = [event().clone(), event().clone()];
        self.cost("record two events", self.store.record_audit_events(&events)).await;
        let of_account = || AuditFilter { account: Some(self.world.account(BUSY)), ..AuditFilter::default() };
        let of_action = |action: &str| Some(AuditAction::parse(action).expect("an action"));
        let list = |filter| self.store.list_audit_events(filter, self.page(100));
        assert!(!self.cost("list events of an account", list(of_account())).await.items.is_empty());
        assert!(!self.cost("list all events", list(AuditFilter::default())).await.items.is_empty());
        let other = AuditFilter { action: of_action("updateWebhook"), ..of_account() };
        let of_other = self.cost("list events of an action", list(other.clone())).await;
        assert!(of_other.items.is_empty() && of_other.next.is_none());
        self.cost("list all events of an action", list(AuditFilter { account: None, ..other })).await;
        // Most events of the account are outside this range, and are not read.
        let range = AuditFilter { since: Some(self.world.days_ago(46)), until: Some(self.world.days_ago(45)), ..of_account() };
        let of_range = self.cost("list events of a time range", list(range)).await;
        assert!(of_range.items.is_empty() && of_range.next.is_none());
    }
}
