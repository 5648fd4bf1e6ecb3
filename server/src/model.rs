//! Plain values that several modules use. They have no side effects and do not depend on the store, the engine or HTTP.

mod attempt_facts;
mod audit_log_target;
mod backlog_counts;
pub(crate) mod byte_order_mark;
mod callback_template;
mod challenge;
pub mod duration;
pub mod event_types;
mod fleet;
mod key;
mod lane;
mod pause;
mod rate;
pub mod statistics;
mod storage_use;
mod token;
mod webhook_health;

pub use crate::api::Outcome;
pub use attempt_facts::{AttemptFacts, Exchange, fingerprint};
pub use audit_log_target::AuditLogTarget;
pub use backlog_counts::{AccountCounts, BacklogCounts};
pub use callback_template::CallbackTemplate;
pub use challenge::Challenge;
pub use fleet::Fleet;
pub use key::{KeyKind, KeyRecord, KeyState};
pub use lane::{DuePerLane, Lane, Next};
pub use pause::{Pause, PauseScope};
pub use rate::Rate;
pub use storage_use::StorageUse;
pub use token::{StoredToken, TOKEN_LIFETIME_DAYS, Token, TokenName};
pub use webhook_health::{FAILING_AFTER, WebhookHealth};
