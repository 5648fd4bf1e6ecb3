//! The cost of the operator's pauses.

use super::*;

impl Round<'_> {
    pub(super) async fn pausing(&self) {
        let scopes = [
            ("pause a webhook", "resume a webhook", PauseScope::Webhook(self.world.webhook(3))),
            ("pause an account", "resume an account", PauseScope::Account(self.world.account(3))),
            ("pause all", "resume all", PauseScope::All),
        ];
        for (pause, resume, scope) in scopes {
            assert!(self.cost(pause, self.store.pause_deliveries(scope.clone(), self.now, event())).await);
            self.cost("list pauses", self.store.list_pauses()).await;
            self.cost("list holds", self.store.list_holds(self.now)).await;
            assert!(self.cost(resume, self.store.resume_deliveries(scope, self.now, event())).await);
            self.world.hide_due_work().await;
        }
    }
}
