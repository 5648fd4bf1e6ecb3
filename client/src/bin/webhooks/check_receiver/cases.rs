//! The callbacks to send: callbacks that a receiver must accept, and callbacks that a receiver must refuse.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SubsecRound as _, Utc};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use uuid::Uuid;
use webhooks_client::Payload;
use webhooks_client::callback::{SigningSecret, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign};
use webhooks_client::types::{CallbackBody, CallbackBodyType, CallbackNotification, CallbackWebhook};

pub(crate) const TEST_TYPE: &str = "webhook.test";

/// An event type that no receiver knows, because the service never sends it.
const UNKNOWN_TYPE: &str = "check-receiver.unknown";

/// Twice the largest time difference that a receiver should accept (Standard Webhooks).
const OUTSIDE_TOLERANCE: Duration = Duration::from_secs(10 * 60);

/// The webhook whose callbacks the receiver gets.
pub(crate) struct Webhook {
    pub(crate) id: Uuid,
    pub(crate) secret: SigningSecret,
    /// A secret that the receiver does not know.
    pub(crate) unknown_secret: SigningSecret,
    pub(crate) authorization: Option<Authorization>,
    /// The custom headers of the webhook.
    pub(crate) headers: HeaderMap,
    /// Whether to check the handshake.
    pub(crate) handshake: bool,
    pub(crate) event_type: CallbackBodyType,
    pub(crate) data: Payload,
    /// The notification of the valid callback. The case `repeated` sends this notification again.
    pub(crate) first_notification: Uuid,
}

pub(crate) struct Authorization {
    pub(crate) correct: HeaderValue,
    pub(crate) wrong: HeaderValue,
}

pub(crate) struct Callback {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Accepted,
    Refused,
    /// Refused because of missing or wrong credentials.
    Unauthorized,
    /// Accepted, and the response contains the challenge of the handshake.
    Agreed,
}

/// A callback and the expected response of a receiver.
pub(crate) struct Case {
    /// The name of the check in the output. This name never changes, so programs can use it.
    pub(crate) name: &'static str,
    /// A description of the callback, of at most 36 characters.
    pub(crate) sent: &'static str,
    pub(crate) expected: Expected,
    /// The consequences of a wrong response, and how to correct the receiver.
    pub(crate) advice: &'static str,
    compose: fn(&Webhook, SystemTime) -> Callback,
}

/// Returns the cases for a webhook, in the order of sending. The first case is the valid callback.
pub(crate) fn for_webhook(webhook: &Webhook) -> impl Iterator<Item = &'static Case> {
    let test = (webhook.event_type.as_str() != TEST_TYPE).then_some(&TEST);
    let unauthorized = if webhook.authorization.is_some() { UNAUTHORIZED.as_slice() } else { &[] };
    let handshake = webhook.handshake.then_some(&HANDSHAKE);
    ACCEPTED.iter().chain(test).chain(handshake).chain(&REFUSED).chain(unauthorized)
}

const HANDSHAKE: Case = Case {
    name: "handshake",
    sent: "a handshake",
    expected: Expected::Agreed,
    advice: "If the operator requires a handshake, the webhook gets no notifications until the receiver agrees. Respond to a callback of \
             the type webhook.handshake with 200, `Content-Type: application/json` and its `data`, {\"challenge\": \"…\"}, as body.",
    compose: |webhook, now| {
        webhook.with_body(now, |body| {
            let mut body = json!(body);
            body["type"] = json!("webhook.handshake");
            body["data"] = json!({ "challenge": Uuid::now_v7().simple().to_string() });
            serde_json::to_vec(&body)
        })
    },
};

pub(super) const ACCEPTED: [Case; 7] = [
    Case {
        name: "valid",
        sent: "a callback as the service sends it",
        expected: Expected::Accepted,
        advice: "The receiver would never accept a callback. Check that it has the secret of this webhook, and that it computes the \
                 signature over the received bytes of the body. If it requires a password or a token, give --username or --bearer-file.",
        compose: |webhook, now| webhook.callback(webhook.first_notification, now),
    },
    Case {
        name: "repeated",
        sent: "the same callback a second time",
        expected: Expected::Accepted,
        advice: "If a response is lost, the service sends the callback again. If the receiver refuses it, the service repeats it for days, \
                 until the delivery fails. Respond with 2xx to a handled callback, and ignore it.",
        compose: |webhook, now| webhook.callback(webhook.first_notification, now),
    },
    Case {
        name: "spaces",
        sent: "JSON with spaces and line ends",
        expected: Expected::Accepted,
        advice: "The signature covers the exact bytes of the body. JSON that was parsed and serialized again has other bytes. Compute the \
                 signature over the received bytes.",
        compose: |webhook, now| webhook.with_body(now, |body| serde_json::to_vec_pretty(&body)),
    },
    Case {
        name: "two-signatures",
        sent: "a wrong signature before a valid one",
        expected: Expected::Accepted,
        advice: "During a rotation, each callback has one signature for the old secret and one for the new secret. Split \
                 `webhook-signature` at spaces. One valid signature is enough.",
        compose: |webhook, now| webhook.signed_with(&[webhook.unknown_secret.clone(), webhook.secret.clone()], now),
    },
    Case {
        name: "new-version",
        sent: "a valid signature and one of v2",
        expected: Expected::Accepted,
        advice: "If the service adds a second signature version, the receiver would refuse every callback. Split `webhook-signature` at \
                 spaces, and skip parts that do not begin with `v1,`.",
        compose: |webhook, now| {
            let mut callback = webhook.new_callback(now);
            let value = format!("{} v2,bm90IHlldCBpbnZlbnRlZA==", callback.header(WEBHOOK_SIGNATURE));
            callback.set(WEBHOOK_SIGNATURE, &value);
            callback
        },
    },
    Case {
        name: "new-member",
        sent: "unknown members in the body",
        expected: Expected::Accepted,
        advice: "The service may add members to the body at any time. Ignore unknown members.",
        compose: |webhook, now| {
            webhook.with_body(now, |body| {
                let mut body = json!(body);
                body["checkReceiver"] = json!({ "new": true });
                body["notification"]["checkReceiver"] = json!("new");
                serde_json::to_vec(&body)
            })
        },
    },
    Case {
        name: "new-type",
        sent: "an unknown type",
        expected: Expected::Accepted,
        advice: "The platform may publish new types at any time, and the service would send each such callback again for days. Respond \
                 with 2xx to unknown types, or register with --event-type for the types that you need.",
        compose: |webhook, now| webhook.with_type(UNKNOWN_TYPE, now),
    },
];

const TEST: Case = Case {
    name: "test",
    sent: "the type webhook.test",
    expected: Expected::Accepted,
    advice: "`webhooks test` sends this type, and would report that the receiver does not work. Respond with 2xx, and ignore it.",
    compose: |webhook, now| webhook.with_type(TEST_TYPE, now),
};

pub(super) const REFUSED: [Case; 10] = [
    Case {
        name: "unsigned",
        sent: "no webhook-signature",
        expected: Expected::Refused,
        advice: "Anybody who knows the URL can send false notifications. Respond with 401 if there is no valid signature.",
        compose: |webhook, now| webhook.new_callback(now).without(WEBHOOK_SIGNATURE),
    },
    Case {
        name: "altered-signature",
        sent: "a changed signature",
        expected: Expected::Refused,
        advice: "A signature protects nothing unless the receiver compares it. Compute the signature, compare all of it in constant time, \
                 and respond with 401 if it differs.",
        compose: |webhook, now| {
            let mut callback = webhook.new_callback(now);
            let signature = callback.header(WEBHOOK_SIGNATURE);
            let changed = if signature.starts_with("v1,A") { "v1,B" } else { "v1,A" };
            let value = format!("{changed}{}", &signature[changed.len()..]);
            callback.set(WEBHOOK_SIGNATURE, &value);
            callback
        },
    },
    Case {
        name: "altered-body",
        sent: "a body changed after signing",
        expected: Expected::Refused,
        advice: "Anybody who sees one callback can change its data. Compute the signature over the whole body, and respond with 401 if it \
                 differs.",
        compose: |webhook, now| {
            let mut callback = webhook.new_callback(now);
            let mut body: Value = serde_json::from_slice(&callback.body).expect("the body is JSON");
            body["data"]["checkReceiver"] = json!("altered");
            callback.body = body.to_string().into_bytes();
            callback
        },
    },
    Case {
        name: "altered-id",
        sent: "an id changed after signing",
        expected: Expected::Refused,
        advice: "Anybody who sees one callback can send it again with a new id. Compute the signature over \
                 `<webhook-id>.<webhook-timestamp>.<body>`.",
        compose: |webhook, now| {
            let mut callback = webhook.new_callback(now);
            callback.set(WEBHOOK_ID, &Uuid::now_v7().to_string());
            callback
        },
    },
    Case {
        name: "altered-time",
        sent: "a time changed after signing",
        expected: Expected::Refused,
        advice: "Anybody who sees one callback can send it again at any time with a new time. Compute the signature over \
                 `<webhook-id>.<webhook-timestamp>.<body>`.",
        compose: |webhook, now| {
            let stale = webhook.new_callback(now - OUTSIDE_TOLERANCE);
            let mut callback = webhook.new_callback(now);
            callback.set(WEBHOOK_ID, stale.header(WEBHOOK_ID));
            callback.set(WEBHOOK_SIGNATURE, stale.header(WEBHOOK_SIGNATURE));
            callback.body = stale.body;
            callback
        },
    },
    Case {
        name: "strange-secret",
        sent: "signed with another secret",
        expected: Expected::Refused,
        advice: "Anybody who knows the URL can send false notifications. Compute the signature with the secret of this webhook (the base64 \
                 after `whsec_`), and respond with 401 if it differs.",
        compose: |webhook, now| webhook.signed_with(std::slice::from_ref(&webhook.unknown_secret), now),
    },
    Case {
        name: "stale",
        sent: "signed 10 minutes ago",
        expected: Expected::Refused,
        advice: "Anybody who has recorded one callback can send it again at any time. After the check of the signature, respond with 401 \
                 if `webhook-timestamp` differs from your clock by more than 5 minutes.",
        compose: |webhook, now| webhook.new_callback(now - OUTSIDE_TOLERANCE),
    },
    Case {
        name: "future",
        sent: "signed 10 minutes ahead",
        expected: Expected::Refused,
        advice: "The receiver does not check the time, or checks only for old callbacks, so a callback stays valid for too long. Respond \
                 with 401 if `webhook-timestamp` is more than 5 minutes before or after your clock.",
        compose: |webhook, now| webhook.new_callback(now + OUTSIDE_TOLERANCE),
    },
    Case {
        name: "no-id",
        sent: "no webhook-id",
        expected: Expected::Refused,
        advice: "Without the id, the receiver cannot recognize a repeated callback. The signature covers the id: respond with 401 if it is \
                 missing.",
        compose: |webhook, now| webhook.new_callback(now).without(WEBHOOK_ID),
    },
    Case {
        name: "no-time",
        sent: "no webhook-timestamp",
        expected: Expected::Refused,
        advice: "Without the time, the receiver cannot know the age of a callback. The signature covers the time: respond with 401 if it \
                 is missing.",
        compose: |webhook, now| webhook.new_callback(now).without(WEBHOOK_TIMESTAMP),
    },
];

pub(super) const UNAUTHORIZED: [Case; 2] = [
    Case {
        name: "no-credentials",
        sent: "no Authorization, otherwise valid",
        expected: Expected::Unauthorized,
        advice: "The receiver does not require the registered credentials. Respond with 401 if `Authorization` is missing.",
        compose: |webhook, now| webhook.new_callback(now).without(AUTHORIZATION.as_str()),
    },
    Case {
        name: "wrong-credentials",
        sent: "wrong credentials, otherwise valid",
        expected: Expected::Unauthorized,
        advice: "The receiver does not compare the registered credentials. Compare all of `Authorization` in constant time, and respond \
                 with 401 if it differs.",
        compose: |webhook, now| {
            let mut callback = webhook.new_callback(now);
            if let Some(authorization) = &webhook.authorization {
                callback.headers.insert(AUTHORIZATION, authorization.wrong.clone());
            }
            callback
        },
    },
];

impl Case {
    /// Returns the callback to send at `now`.
    pub(crate) fn compose(&self, webhook: &Webhook, now: SystemTime) -> Callback {
        (self.compose)(webhook, now)
    }
}

impl Webhook {
    /// Returns the valid callback of this notification.
    fn callback(&self, notification: Uuid, now: SystemTime) -> Callback {
        self.signed(std::slice::from_ref(&self.secret), notification, now, |body| serde_json::to_vec(&body))
    }

    /// Returns a valid callback of a new notification.
    fn new_callback(&self, now: SystemTime) -> Callback {
        self.callback(Uuid::now_v7(), now)
    }

    /// Returns a callback of a new notification with one signature for each of these secrets.
    fn signed_with(&self, secrets: &[SigningSecret], now: SystemTime) -> Callback {
        self.signed(secrets, Uuid::now_v7(), now, |body| serde_json::to_vec(&body))
    }

    /// Returns a valid callback of a new notification with this event type.
    fn with_type(&self, event_type: &str, now: SystemTime) -> Callback {
        let event_type: CallbackBodyType = event_type.parse().expect("the event types of the cases are valid");
        self.with_body(now, |body| serde_json::to_vec(&CallbackBody { type_: event_type, ..body }))
    }

    /// Returns a valid callback of a new notification. `serialize` creates the body.
    fn with_body(&self, now: SystemTime, serialize: impl FnOnce(CallbackBody) -> serde_json::Result<Vec<u8>>) -> Callback {
        self.signed(std::slice::from_ref(&self.secret), Uuid::now_v7(), now, serialize)
    }

    fn signed(
        &self,
        secrets: &[SigningSecret],
        notification: Uuid,
        now: SystemTime,
        serialize: impl FnOnce(CallbackBody) -> serde_json::Result<Vec<u8>>,
    ) -> Callback {
        let body = CallbackBody {
            type_: self.event_type.clone(),
            timestamp: DateTime::<Utc>::from(now).trunc_subsecs(3),
            data: self.data.clone(),
            notification: CallbackNotification { id: notification },
            webhook: CallbackWebhook { id: self.id },
        };
        let body = serialize(body).expect("the body of a callback can be serialized");
        let mut headers = sign(secrets, notification, now, &body);
        headers.extend(self.headers.clone());
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.correct.clone());
        }
        Callback { headers, body }
    }
}

impl Callback {
    /// Returns the value of a header that [`sign`] created.
    fn header(&self, name: &'static str) -> &str {
        self.headers[name].to_str().expect("the header is ASCII text")
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, value.parse().expect("identifiers and base64 are visible ASCII characters"));
    }

    fn without(mut self, name: &str) -> Callback {
        self.headers.remove(name);
        self
    }
}
