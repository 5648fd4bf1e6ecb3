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
    PausesWrite,
}

impl Scope {
    pub const ALL: [Scope; 10] = [
        Scope::WebhooksRead,
        Scope::WebhooksWrite,
        Scope::WebhooksSecrets,
        Scope::NotificationsPublish,
        Scope::NotificationsRead,
        Scope::NotificationsWrite,
        Scope::DeliveriesRead,
        Scope::DeliveriesWrite,
        Scope::AuditRead,
        Scope::PausesWrite,
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
            Scope::PausesWrite => "pauses.write",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Returns whether a platform token may have this scope. A platform token can publish, read and delete
    /// notifications, and pause deliveries. It can also read webhooks, deliveries and the audit log. Only a token of an
    /// account can change webhooks, read signing secrets, or repeat deliveries.
    #[must_use]
    pub const fn for_platform(self) -> bool {
        !matches!(self, Scope::WebhooksWrite | Scope::WebhooksSecrets | Scope::DeliveriesWrite)
    }

    /// Returns whether a token of an account may have this scope. Only the platform can pause deliveries.
    #[must_use]
    pub const fn for_account(self) -> bool {
        !matches!(self, Scope::PausesWrite)
    }
}
