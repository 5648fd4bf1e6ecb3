//! The scopes of access tokens, with their names in openapi.json.

/// One permission of an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    WebhooksRead,
    WebhooksWrite,
    WebhooksSecrets,
    NotificationsPublish,
    NotificationsRead,
    NotificationsWrite,
    DeliveriesRead,
    DeliveriesWrite,
    AuditRead,
}

impl Scope {
    pub const ALL: [Scope; 9] = [
        Scope::WebhooksRead,
        Scope::WebhooksWrite,
        Scope::WebhooksSecrets,
        Scope::NotificationsPublish,
        Scope::NotificationsRead,
        Scope::NotificationsWrite,
        Scope::DeliveriesRead,
        Scope::DeliveriesWrite,
        Scope::AuditRead,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::WebhooksRead => "webhooks.read",
            Scope::WebhooksWrite => "webhooks.write",
            Scope::WebhooksSecrets => "webhooks.secrets",
            Scope::NotificationsPublish => "notifications.publish",
            Scope::NotificationsRead => "notifications.read",
            Scope::NotificationsWrite => "notifications.write",
            Scope::DeliveriesRead => "deliveries.read",
            Scope::DeliveriesWrite => "deliveries.write",
            Scope::AuditRead => "audit.read",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Returns whether a platform token may have this scope. A platform token can publish, read and delete
    /// notifications. It can also read webhooks, deliveries and the audit log. Only a token of an account can change
    /// webhooks, read signing secrets, or repeat deliveries.
    #[must_use]
    pub const fn for_platform(self) -> bool {
        !matches!(self, Scope::WebhooksWrite | Scope::WebhooksSecrets | Scope::DeliveriesWrite)
    }
}
