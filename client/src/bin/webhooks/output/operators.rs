//! Prints access tokens, and what only operators see.

use webhooks_client::types::{AccountSummary, Caller, Pause, ServiceStatus};

use super::record_of;
use super::{Cell, Show, time};

impl Show for Caller {
    const COLUMNS: &'static [&'static str] = &["TOKEN", "NAME", "KIND", "ACCOUNT", "SCOPES"];

    fn row(&self) -> Vec<Cell> {
        let account = self.account.as_ref().map_or_else(String::new, |account| account.to_string());
        vec![
            Cell::Id(self.token_id),
            self.token_name.as_str().into(),
            Cell::Short(self.kind.to_string()),
            Cell::Short(account),
            Cell::Text(scopes(self)),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record_of([
            ("kind", Some(self.kind.to_string())),
            ("account", self.account.as_ref().map(|account| account.to_string())),
            ("token", Some(self.token_id.to_string())),
            ("name", Some(self.token_name.to_string())),
            ("scopes", Some(scopes(self))),
            ("expires", Some(self.expires_at.as_ref().map_or_else(|| "never".to_owned(), time))),
        ])
    }
}

fn scopes(caller: &Caller) -> String {
    caller.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

impl Show for Pause {
    const COLUMNS: &'static [&'static str] = &["PAUSE", "SINCE"];

    fn row(&self) -> Vec<Cell> {
        vec![self.id.as_str().into(), Cell::Time(self.since)]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record_of([("pause", Some(self.id.to_string())), ("since", Some(time(&self.since)))])
    }
}

impl Show for AccountSummary {
    const COLUMNS: &'static [&'static str] = &["ACCOUNT", "ACTIVE", "FAILING", "PAUSED", "DEACTIVATED", "PENDING"];

    fn row(&self) -> Vec<Cell> {
        let counts = [
            self.active_webhook_count,
            self.failing_webhook_count.unwrap_or_default(),
            self.paused_webhook_count.unwrap_or_default(),
            self.deactivated_webhook_count,
            self.pending_delivery_count,
        ];
        std::iter::once(self.account.as_str().into()).chain(counts.map(|count| Cell::Short(count.to_string()))).collect()
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record_of([
            ("account", Some(self.account.to_string())),
            ("active webhooks", Some(self.active_webhook_count.to_string())),
            ("failing webhooks", self.failing_webhook_count.map(|count| count.to_string())),
            ("paused webhooks", self.paused_webhook_count.map(|count| count.to_string())),
            ("deactivated webhooks", Some(self.deactivated_webhook_count.to_string())),
            ("pending deliveries", Some(self.pending_delivery_count.to_string())),
        ])
    }
}

impl Show for ServiceStatus {
    const COLUMNS: &'static [&'static str] = &["STATUS", "REASONS"];

    fn row(&self) -> Vec<Cell> {
        vec![Cell::Result(ready(self).to_owned()), Cell::Text(reasons(self))]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let backlog = self.backlog.as_ref();
        record_of([
            ("status", Some(ready(self).to_owned())),
            ("reasons", (!self.reasons.is_empty()).then(|| reasons(self))),
            ("paused", self.paused_since.as_ref().map(|since| format!("since {}", time(since)))),
            (
                "storage",
                self.storage.as_ref().map(|storage| {
                    let limit = if storage.max_bytes > 0 { format!(" of {}", storage.max_bytes) } else { String::new() };
                    format!("{}{limit} bytes used{}", storage.used_bytes, if storage.full { ", full" } else { "" })
                }),
            ),
            ("disk", self.storage.as_ref().and_then(|storage| storage.disk_free_bytes).map(|bytes| format!("{bytes} bytes free"))),
            ("fresh deliveries", backlog.map(|backlog| backlog.fresh_delivery_count.to_string())),
            ("retries", backlog.map(|backlog| backlog.retry_delivery_count.to_string())),
            ("ordered deliveries", backlog.map(|backlog| backlog.ordered_delivery_count.to_string())),
            ("oldest due", backlog.and_then(|backlog| backlog.oldest_due_at.as_ref()).map(time)),
            ("active webhooks", backlog.map(|backlog| backlog.active_webhook_count.to_string())),
            ("deactivated webhooks", backlog.map(|backlog| backlog.deactivated_webhook_count.to_string())),
            ("counted", backlog.map(|backlog| time(&backlog.counted_at))),
        ])
    }
}

fn reasons(status: &ServiceStatus) -> String {
    status.reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join("\n")
}

fn ready(status: &ServiceStatus) -> &'static str {
    if status.ready { "ready" } else { "not ready" }
}
