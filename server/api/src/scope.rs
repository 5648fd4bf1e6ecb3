//! The scopes of access tokens, as openapi.json names them.

/// A scope of an access token: one permission.
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
}

impl Scope {
    pub const ALL: [Scope; 8] = [
        Scope::WebhooksRead,
        Scope::WebhooksWrite,
        Scope::WebhooksSecrets,
        Scope::NotificationsPublish,
        Scope::NotificationsRead,
        Scope::NotificationsWrite,
        Scope::DeliveriesRead,
        Scope::DeliveriesWrite,
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
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Whether a platform token may have this scope. The platform publishes, deletes its notifications, and reads. Only the
    /// customer manages webhooks and redelivers.
    #[must_use]
    pub const fn for_platform(self) -> bool {
        !matches!(self, Scope::WebhooksWrite | Scope::WebhooksSecrets | Scope::DeliveriesWrite)
    }
}
