//! Events of the audit log: who did what, with which object, from where, and when.

use std::net::IpAddr;

use super::*;

text! {
    /// What was done: the `operationId` of an operation, or another name.
    open AuditAction { 1..=64, r"^[A-Za-z]+(\.[a-z_]+)?$", "an operationId such as `updateWebhook`, or a name such as `token.created`" }
}

/// An event of the audit log. It never contains a secret. More values of its texts may be added.
///
/// The store and the lines of the audit log contain the same members as the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// A UUIDv7. Its time is `at`, so the order of the identifiers is the order of the events.
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub action: AuditAction,
    /// The account that the event concerns.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::count")]
    pub count: Option<u32>,
    #[serde(flatten)]
    pub details: AuditDetails,
}

/// The members of an event that no list selects or changes. The store keeps them as one JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditDetails {
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub actor: String,
    /// The user of the operating system who ran a command.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_.-]+$"))]
    pub user: Option<String>,
    /// The identifier of the access token. It is not the token.
    #[serde(default, skip_serializing_if = "is_none", rename = "tokenID")]
    #[schemars(with = "Uuid")]
    pub token_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(min = 2, max = 45), regex(pattern = r"^[0-9A-Fa-f.:]+$"))]
    pub address: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "is_none", rename = "requestID")]
    #[schemars(with = "Uuid")]
    pub request_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "AuditObject")]
    pub object: Option<AuditObject>,
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub result: String,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub reason: Option<String>,
    /// The time of the first of several requests.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub first_at: Option<DateTime<Utc>>,
}

/// The object of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditObject {
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub r#type: String,
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub id: String,
}

impl AuditObject {
    #[must_use]
    pub fn new(kind: &str, id: impl ToString) -> AuditObject {
        AuditObject { r#type: kind.to_owned(), id: id.to_string() }
    }

    #[must_use]
    pub fn webhook(id: Uuid) -> AuditObject {
        AuditObject::new("webhook", id)
    }
}

impl AuditEvent {
    pub const ACCOUNT: &str = "account";
    pub const PLATFORM: &str = "platform";
    pub const OPERATOR: &str = "operator";
    pub const SERVICE: &str = "service";
    pub const UNKNOWN: &str = "unknown";

    /// The action of a registration.
    pub const REGISTERED: &str = "registerWebhook";

    pub const SUCCEEDED: &str = "succeeded";
    pub const REFUSED: &str = "refused";
    pub const FAILED: &str = "failed";

    /// Returns the event of an action that succeeded. `actor` is one of the constants above.
    #[must_use]
    pub fn new(action: &str, actor: &str, at: DateTime<Utc>) -> AuditEvent {
        AuditEvent::with_id(new_id(at), action, actor)
    }

    fn with_id(id: Uuid, action: &str, actor: &str) -> AuditEvent {
        AuditEvent {
            id,
            at: time_of(id),
            action: AuditAction::stored(action.to_owned()),
            account: None,
            count: None,
            details: AuditDetails {
                actor: actor.to_owned(),
                user: None,
                token_id: None,
                address: None,
                request_id: None,
                object: None,
                result: AuditEvent::SUCCEEDED.to_owned(),
                reason: None,
                first_at: None,
            },
        }
    }

    /// Returns the event of a registration. It has the identifier of the webhook.
    #[must_use]
    pub fn of_registration(webhook_id: Uuid, account: Account, token_id: Uuid, address: IpAddr, request_id: Option<Uuid>) -> AuditEvent {
        let mut event = AuditEvent::with_id(webhook_id, AuditEvent::REGISTERED, AuditEvent::ACCOUNT);
        let details = &mut event.details;
        (details.token_id, details.address, details.request_id) = (Some(token_id), Some(address), request_id);
        event.about(Some(account), AuditObject::webhook(webhook_id))
    }

    /// Returns the event of something that the service itself did to a webhook.
    #[must_use]
    pub fn of_service(action: &str, account: &str, webhook_id: Uuid, reason: &str, at: DateTime<Utc>) -> AuditEvent {
        let mut event = AuditEvent::new(action, AuditEvent::SERVICE, at);
        event.account = Some(Account::stored(account.to_owned()));
        event.details.object = Some(AuditObject::webhook(webhook_id));
        event.details.reason = Some(reason.to_owned());
        event
    }

    #[must_use]
    pub fn about(mut self, account: Option<Account>, object: AuditObject) -> AuditEvent {
        self.account = account;
        self.details.object = Some(object);
        self
    }

    /// Returns the event as its account may see it: without the origin of what the platform or the operator did.
    #[must_use]
    pub fn for_account(mut self) -> AuditEvent {
        if [AuditEvent::PLATFORM, AuditEvent::OPERATOR].contains(&self.details.actor.as_str()) {
            let AuditDetails { user, token_id, address, request_id, .. } = &mut self.details;
            (*user, *token_id, *address, *request_id) = (None, None, None, None);
        }
        self
    }
}

#[derive(Serialize, JsonSchema)]
pub struct AuditEventPage {
    #[schemars(length(max = 200))]
    pub data: Vec<AuditEvent>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Cursor")]
    pub cursor: Option<Cursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEventQuery {
    /// Returns only events of this account.
    pub account: Option<Account>,
    /// Returns only events at this time or later.
    pub since: Option<Timestamp>,
    /// Returns only events before this time.
    pub until: Option<Timestamp>,
    /// Returns only events with this action.
    pub action: Option<AuditAction>,
    /// The maximum number of items on the page.
    pub limit: Option<PageLimit>,
    /// The `cursor` in the response with the previous page.
    pub cursor: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_does_not_see_the_origin_of_what_others_did() {
        let id = Uuid::now_v7();
        for (actor, is_shown) in [("account", true), ("unknown", true), ("platform", false), ("operator", false)] {
            let mut event = AuditEvent::new("deleteNotification", actor, Utc::now()).about(None, AuditObject::new("notification", id));
            let details = &mut event.details;
            (details.user, details.token_id, details.request_id) = (Some("root".to_owned()), Some(id), Some(id));
            details.address = Some([192, 0, 2, 1].into());
            let shown = serde_json::to_value(event.for_account()).expect("JSON");
            for member in ["user", "tokenID", "requestID", "address"] {
                assert_eq!(shown.get(member).is_some(), is_shown, "{actor} {member}");
            }
            assert_eq!(shown["object"]["id"], id.to_string());
        }
    }
}
