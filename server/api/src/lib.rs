//! The API as one trait with all operations. The first line of each operation's doc comment is the summary of the
//! operation in openapi.json. openapi.json defines the API and contains the full descriptions.
//!
//! A handler authenticates the caller before it checks the body, the path or the query. So the trait uses the
//! extractors `JsonBody` and `Checked`, which never fail. A [`Reply`] is either a success or a problem response.

mod body_errors;
pub mod callback;
pub mod docs;
pub mod extract;
pub mod json;
pub mod negotiation;
pub mod operational;
mod outcome;
pub mod problem;
mod scope;
pub mod similarity;
mod text;
pub mod trace;
pub mod types;
mod waiting;

pub use outcome::Outcome;
pub use scope::Scope;
pub use waiting::WaitingReason;

use dropshot::{Header, HttpResponseAccepted, HttpResponseDeleted, HttpResponseHeaders, HttpResponseOk, Path, Query, RequestContext};

use extract::{Checked, JsonBody};
use problem::Reply;
use types::*;

/// The exact text of openapi.json, which is the specification.
pub const OPENAPI_JSON: &str = include_str!("../openapi.json");

/// The extension that has the keyword `not` of the schema of a string. dropshot drops `not` there, but keeps extensions.
pub const NOT: &str = "x-not";

/// The default listen address of the API. Only clients on the same machine can connect to this address. The first
/// server in openapi.json has the same address.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

pub type ApiResult<R> = Result<Reply<R>, Problem>;

#[dropshot::api_description]
pub trait Api {
    type Context;

    /// Register a webhook
    #[endpoint { method = POST, path = "/api/notifications/v1/webhooks", operation_id = "registerWebhook", tags = ["Webhooks"] }]
    async fn register_webhook(
        rqctx: RequestContext<Self::Context>,
        body: JsonBody<WebhookRegistration>,
    ) -> ApiResult<HttpResponseOk<Webhook>>;

    /// List webhooks
    #[endpoint { method = GET, path = "/api/notifications/v1/webhooks", operation_id = "listWebhooks", tags = ["Webhooks"] }]
    async fn list_webhooks(
        rqctx: RequestContext<Self::Context>,
        query: Checked<Query<WebhookQuery>>,
    ) -> ApiResult<HttpResponseOk<WebhookPage>>;

    /// Get a webhook
    #[endpoint { method = GET, path = "/api/notifications/v1/webhooks/{id}", operation_id = "getWebhook", tags = ["Webhooks"] }]
    async fn get_webhook(rqctx: RequestContext<Self::Context>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseOk<Webhook>>;

    /// Update a webhook
    #[endpoint { method = PATCH, path = "/api/notifications/v1/webhooks/{id}", operation_id = "updateWebhook", tags = ["Webhooks"] }]
    async fn update_webhook(
        rqctx: RequestContext<Self::Context>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookUpdate>,
    ) -> ApiResult<HttpResponseOk<Webhook>>;

    /// Deactivate a webhook
    #[endpoint { method = PATCH, path = "/api/notifications/v1/webhooks/{id}/deactivation", operation_id = "deactivateWebhook", tags = ["Webhooks"] }]
    async fn deactivate_webhook(
        rqctx: RequestContext<Self::Context>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookDeactivation>,
    ) -> ApiResult<HttpResponseOk<Webhook>>;

    /// Activate a webhook
    #[endpoint { method = PATCH, path = "/api/notifications/v1/webhooks/{id}/activation", operation_id = "activateWebhook", tags = ["Webhooks"] }]
    async fn activate_webhook(
        rqctx: RequestContext<Self::Context>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookActivation>,
    ) -> ApiResult<HttpResponseOk<Webhook>>;

    /// Delete a webhook
    #[endpoint { method = DELETE, path = "/api/notifications/v1/webhooks/{id}", operation_id = "deleteWebhook", tags = ["Webhooks"] }]
    async fn delete_webhook(rqctx: RequestContext<Self::Context>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseDeleted>;

    /// Send a test callback
    #[endpoint { method = POST, path = "/api/notifications/v1/webhooks/{id}/test", operation_id = "testWebhook", tags = ["Webhooks"] }]
    async fn test_webhook(
        rqctx: RequestContext<Self::Context>,
        path: Checked<Path<IdPath>>,
        query: Checked<Query<TestQuery>>,
    ) -> ApiResult<HttpResponseOk<Attempt>>;

    /// Get a webhook's signing secret
    #[endpoint { method = GET, path = "/api/notifications/v1/webhooks/{id}/signing-secret", operation_id = "getSigningSecret", tags = ["Webhooks"] }]
    async fn get_signing_secret(
        rqctx: RequestContext<Self::Context>,
        path: Checked<Path<IdPath>>,
    ) -> ApiResult<HttpResponseHeaders<HttpResponseOk<SigningSecretRecord>, NoStore>>;

    /// Recover a webhook's deliveries
    #[endpoint { method = POST, path = "/api/notifications/v1/webhooks/{id}/recovery", operation_id = "recoverDeliveries", tags = ["Webhooks"] }]
    async fn recover_deliveries(
        rqctx: RequestContext<Self::Context>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<DeliveryRecovery>,
    ) -> ApiResult<HttpResponseAccepted<RecoveredDeliveries>>;

    /// Rotate a webhook's signing secret
    #[endpoint { method = POST, path = "/api/notifications/v1/webhooks/{id}/signing-secret/rotation", operation_id = "rotateSigningSecret", tags = ["Webhooks"] }]
    async fn rotate_signing_secret(
        rqctx: RequestContext<Self::Context>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<SigningSecretRotation>,
    ) -> ApiResult<HttpResponseHeaders<HttpResponseOk<SigningSecretRecord>, NoStore>>;

    /// Publish a notification
    #[endpoint { method = POST, path = "/api/notifications/v1/notifications", operation_id = "publishNotification", tags = ["Notifications"] }]
    async fn publish_notification(
        rqctx: RequestContext<Self::Context>,
        headers: Checked<Header<PublicationHeaders>>,
        body: JsonBody<NotificationPublication>,
    ) -> ApiResult<HttpResponseAccepted<Notification>>;

    /// List notifications
    #[endpoint { method = GET, path = "/api/notifications/v1/notifications", operation_id = "listNotifications", tags = ["Notifications"] }]
    async fn list_notifications(
        rqctx: RequestContext<Self::Context>,
        query: Checked<Query<NotificationQuery>>,
    ) -> ApiResult<HttpResponseOk<NotificationPage>>;

    /// Get a notification
    #[endpoint { method = GET, path = "/api/notifications/v1/notifications/{id}", operation_id = "getNotification", tags = ["Notifications"] }]
    async fn get_notification(rqctx: RequestContext<Self::Context>, path: Checked<Path<IdPath>>)
    -> ApiResult<HttpResponseOk<Notification>>;

    /// Delete a notification
    #[endpoint { method = DELETE, path = "/api/notifications/v1/notifications/{id}", operation_id = "deleteNotification", tags = ["Notifications"] }]
    async fn delete_notification(rqctx: RequestContext<Self::Context>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseDeleted>;

    /// List event types
    #[endpoint { method = GET, path = "/api/notifications/v1/event-types", operation_id = "listEventTypes", tags = ["Notifications"] }]
    async fn list_event_types(
        rqctx: RequestContext<Self::Context>,
        query: Checked<Query<EventTypeQuery>>,
    ) -> ApiResult<HttpResponseOk<EventTypePage>>;

    /// List deliveries
    #[endpoint { method = GET, path = "/api/notifications/v1/deliveries", operation_id = "listDeliveries", tags = ["Deliveries"] }]
    async fn list_deliveries(
        rqctx: RequestContext<Self::Context>,
        query: Checked<Query<DeliveryQuery>>,
    ) -> ApiResult<HttpResponseOk<DeliveryPage>>;

    /// Get a delivery and its attempts
    #[endpoint { method = GET, path = "/api/notifications/v1/deliveries/{id}", operation_id = "getDelivery", tags = ["Deliveries"] }]
    async fn get_delivery(rqctx: RequestContext<Self::Context>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseOk<DeliveryDetail>>;

    /// Repeat a delivery
    #[endpoint { method = POST, path = "/api/notifications/v1/deliveries/{id}/redelivery", operation_id = "redeliver", tags = ["Deliveries"] }]
    async fn redeliver(rqctx: RequestContext<Self::Context>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseAccepted<Delivery>>;

    /// Repeat many deliveries
    #[endpoint { method = POST, path = "/api/notifications/v1/redeliveries", operation_id = "redeliverDeliveries", tags = ["Deliveries"] }]
    async fn redeliver_deliveries(
        rqctx: RequestContext<Self::Context>,
        body: JsonBody<DeliverySelection>,
    ) -> ApiResult<HttpResponseAccepted<ChangedDeliveries>>;

    /// Cancel many deliveries
    #[endpoint { method = POST, path = "/api/notifications/v1/cancellations", operation_id = "cancelDeliveries", tags = ["Deliveries"] }]
    async fn cancel_deliveries(
        rqctx: RequestContext<Self::Context>,
        body: JsonBody<DeliverySelection>,
    ) -> ApiResult<HttpResponseAccepted<ChangedDeliveries>>;

    /// Get statistics
    #[endpoint { method = GET, path = "/api/notifications/v1/statistics", operation_id = "getStatistics", tags = ["Deliveries"] }]
    async fn get_statistics(
        rqctx: RequestContext<Self::Context>,
        query: Checked<Query<StatisticsQuery>>,
    ) -> ApiResult<HttpResponseOk<Statistics>>;

    /// List audit events
    #[endpoint { method = GET, path = "/api/notifications/v1/audit-events", operation_id = "listAuditEvents", tags = ["Audit log"] }]
    async fn list_audit_events(
        rqctx: RequestContext<Self::Context>,
        query: Checked<Query<AuditEventQuery>>,
    ) -> ApiResult<HttpResponseOk<AuditEventPage>>;

    /// Get the caller
    #[endpoint { method = GET, path = "/api/notifications/v1/caller", operation_id = "getCaller", tags = ["Access tokens"] }]
    async fn get_caller(rqctx: RequestContext<Self::Context>) -> ApiResult<HttpResponseOk<Caller>>;

    /// Get the service status
    #[endpoint { method = GET, path = "/api/notifications/v1/service-status", operation_id = "getServiceStatus", tags = ["Operators"] }]
    async fn get_service_status(rqctx: RequestContext<Self::Context>) -> ApiResult<HttpResponseOk<ServiceStatus>>;

    /// List accounts
    #[endpoint { method = GET, path = "/api/notifications/v1/accounts", operation_id = "listAccounts", tags = ["Operators"] }]
    async fn list_accounts(
        rqctx: RequestContext<Self::Context>,
        query: Checked<Query<AccountQuery>>,
    ) -> ApiResult<HttpResponseOk<AccountPage>>;

    /// List pauses
    #[endpoint { method = GET, path = "/api/notifications/v1/pauses", operation_id = "listPauses", tags = ["Operators"] }]
    async fn list_pauses(rqctx: RequestContext<Self::Context>, query: Checked<Query<PauseQuery>>) -> ApiResult<HttpResponseOk<PausePage>>;

    /// Pause deliveries
    #[endpoint { method = POST, path = "/api/notifications/v1/pauses", operation_id = "pauseDeliveries", tags = ["Operators"] }]
    async fn pause_deliveries(rqctx: RequestContext<Self::Context>, body: JsonBody<PauseRequest>) -> ApiResult<HttpResponseOk<Pause>>;

    /// Resume deliveries
    #[endpoint { method = DELETE, path = "/api/notifications/v1/pauses/{id}", operation_id = "resumeDeliveries", tags = ["Operators"] }]
    async fn resume_deliveries(rqctx: RequestContext<Self::Context>, path: Checked<Path<PausePath>>) -> ApiResult<HttpResponseDeleted>;
}
