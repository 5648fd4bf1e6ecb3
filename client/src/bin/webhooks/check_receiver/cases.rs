//! What is sent: callbacks that a receiver must accept, and each way in which one can be wrong.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SubsecRound as _, Utc};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use webhooks_client::callback::{SigningSecret, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign};
use webhooks_client::types::{CallbackBody, CallbackBodyNotification, CallbackBodyType, CallbackBodyWebhook};

pub(crate) const TEST_TYPE: &str = "webhook.test";

/// The service never sends it, so that no receiver knows it.
const UNKNOWN_TYPE: &str = "check-receiver.unknown";

/// Twice what Standard Webhooks tolerates.
const TOO_FAR: Duration = Duration::from_secs(10 * 60);

/// The receiver's webhook, as the service knows it.
pub(crate) struct Webhook {
    pub(crate) id: Uuid,
    pub(crate) secret: SigningSecret,
    /// One that the receiver does not know.
    pub(crate) strange_secret: SigningSecret,
    pub(crate) authorization: Option<Authorization>,
    /// The customer's own.
    pub(crate) headers: HeaderMap,
    /// The operator may require one.
    pub(crate) handshake: bool,
    pub(crate) event_type: CallbackBodyType,
    pub(crate) data: Map<String, Value>,
    /// That of the first callback, which comes twice.
    pub(crate) first_notification: Uuid,
}

pub(crate) struct Authorization {
    pub(crate) right: HeaderValue,
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
    /// Refused for its credentials.
    Unauthorized,
    /// Answered as a handshake wants it.
    Agreed,
}

/// A callback, and what a receiver does with it.
pub(crate) struct Case {
    /// The same in every version, for programs.
    pub(crate) name: &'static str,
    /// For people, in 36 characters at most.
    pub(crate) sent: &'static str,
    pub(crate) expected: Expected,
    /// What can happen when the receiver does the opposite, and how to mend it.
    pub(crate) otherwise: &'static str,
    compose: fn(&Webhook, SystemTime) -> Callback,
}

/// What is sent to the webhook's receiver, in this order. The first is valid in every way.
pub(crate) fn of(webhook: &Webhook) -> impl Iterator<Item = &'static Case> {
    let test = (webhook.event_type.as_str() != TEST_TYPE).then_some(&TEST);
    let unauthorized = if webhook.authorization.is_some() { UNAUTHORIZED.as_slice() } else { &[] };
    let handshake = webhook.handshake.then_some(&HANDSHAKE);
    ACCEPTED.iter().chain(test).chain(handshake).chain(&REFUSED).chain(unauthorized)
}

const HANDSHAKE: Case = Case {
    name: "handshake",
    sent: "a handshake",
    expected: Expected::Agreed,
    otherwise: "Where the operator requires it, the webhook gets nothing until the receiver has agreed. Answer a callback of the type \
                webhook.handshake with 200, `Content-Type: application/json` and its `data`, {\"challenge\": \"…\"}, as body.",
    compose: |webhook, now| {
        webhook.rewritten(now, |body| {
            let mut body = body.clone();
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
        otherwise: "Nothing would ever be accepted. Check that the secret is this webhook's, and compute the signature over the bytes \
                    of the body as they came, before anything parses them. For a receiver that wants a password or a token, give \
                    --username or --bearer-file.",
        compose: |webhook, now| webhook.callback(webhook.first_notification, now),
    },
    Case {
        name: "repeated",
        sent: "the same again, the same webhook-id",
        expected: Expected::Accepted,
        otherwise: "An answer that is lost on its way makes the service send the callback again, and a receiver that refuses it then \
                    gets it for days, until the delivery has failed. Answer 2xx to what is done already, and do nothing more.",
        compose: |webhook, now| webhook.callback(webhook.first_notification, now),
    },
    Case {
        name: "spaces",
        sent: "JSON with spaces and line ends",
        expected: Expected::Accepted,
        otherwise: "The data comes in the bytes that were published, and a signature over JSON that was parsed and written anew does \
                    not match them. Compute it over the body as it came.",
        compose: |webhook, now| webhook.rewritten(now, serde_json::to_vec_pretty),
    },
    Case {
        name: "two-signatures",
        sent: "a strange and then a valid signature",
        expected: Expected::Accepted,
        otherwise: "While a signing secret is being rotated, each callback carries a signature by the old one and one by the new one. \
                    Split `webhook-signature` at its spaces; one signature that matches is enough.",
        compose: |webhook, now| webhook.signed(&[webhook.strange_secret.clone(), webhook.secret.clone()], now),
    },
    Case {
        name: "new-version",
        sent: "a valid signature, and one of v2",
        expected: Expected::Accepted,
        otherwise: "The day that the service adds a second way of signing, every callback would be refused. Split `webhook-signature` at \
                    its spaces, and skip what does not begin with `v1,`.",
        compose: |webhook, now| {
            let mut callback = webhook.fresh(now);
            let value = format!("{} v2,bm90IHlldCBpbnZlbnRlZA==", callback.header(WEBHOOK_SIGNATURE));
            callback.set(WEBHOOK_SIGNATURE, &value);
            callback
        },
    },
    Case {
        name: "new-member",
        sent: "unknown members in the body",
        expected: Expected::Accepted,
        otherwise: "The service may add members to the body at any time. Ignore those that you do not know.",
        compose: |webhook, now| {
            webhook.rewritten(now, |body| {
                let mut body = body.clone();
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
        otherwise: "The platform may publish new types at any time, and each such callback would be sent again for days. Answer 2xx to a \
                    type that you do not know, or register with --event-type for those that you do.",
        compose: |webhook, now| webhook.of_type(UNKNOWN_TYPE, now),
    },
];

const TEST: Case = Case {
    name: "test",
    sent: "the type webhook.test",
    expected: Expected::Accepted,
    otherwise: "`webhooks test` sends this, and would report that the receiver does not work. Answer 2xx, and do nothing more.",
    compose: |webhook, now| webhook.of_type(TEST_TYPE, now),
};

pub(super) const REFUSED: [Case; 10] = [
    Case {
        name: "unsigned",
        sent: "no webhook-signature",
        expected: Expected::Refused,
        otherwise: "Anybody who knows the URL can tell the receiver that anything has happened. Answer 401 to what has no valid signature.",
        compose: |webhook, now| webhook.fresh(now).without(WEBHOOK_SIGNATURE),
    },
    Case {
        name: "altered-signature",
        sent: "a changed signature",
        expected: Expected::Refused,
        otherwise: "A signature that is not compared protects nothing. Compute your own, compare the whole of it in constant time, and \
                    answer 401 when they differ.",
        compose: |webhook, now| {
            let mut callback = webhook.fresh(now);
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
        otherwise: "Whoever can see one callback can make it say something else. Compute the signature over the whole body, and answer 401 \
                    when it differs.",
        compose: |webhook, now| {
            let mut callback = webhook.fresh(now);
            let mut body: Value = serde_json::from_slice(&callback.body).expect("it was made of JSON");
            body["data"]["checkReceiver"] = json!("altered");
            callback.body = body.to_string().into_bytes();
            callback
        },
    },
    Case {
        name: "altered-id",
        sent: "an id changed after signing",
        expected: Expected::Refused,
        otherwise: "Whoever can see one callback can have it handled again under a new identifier. Compute the signature over \
                    `<webhook-id>.<webhook-timestamp>.<body>`.",
        compose: |webhook, now| {
            let mut callback = webhook.fresh(now);
            callback.set(WEBHOOK_ID, &Uuid::now_v7().to_string());
            callback
        },
    },
    Case {
        name: "altered-time",
        sent: "a time changed after signing",
        expected: Expected::Refused,
        otherwise: "Whoever can see one callback can send it again for ever, under a new time. Compute the signature over \
                    `<webhook-id>.<webhook-timestamp>.<body>`.",
        compose: |webhook, now| {
            let stale = webhook.fresh(now - TOO_FAR);
            let mut callback = webhook.fresh(now);
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
        otherwise: "Anybody who knows the URL can tell the receiver that anything has happened. Compute the signature with this webhook's \
                    secret (the base64 after `whsec_`), and answer 401 when it differs.",
        compose: |webhook, now| webhook.signed(std::slice::from_ref(&webhook.strange_secret), now),
    },
    Case {
        name: "stale",
        sent: "signed 10 minutes ago",
        expected: Expected::Refused,
        otherwise: "Whoever has recorded one callback can send it again for ever. Once the signature is checked, answer 401 when \
                    `webhook-timestamp` is more than 5 minutes from your clock.",
        compose: |webhook, now| webhook.fresh(now - TOO_FAR),
    },
    Case {
        name: "future",
        sent: "signed 10 minutes ahead",
        expected: Expected::Refused,
        otherwise: "Time is checked in one direction only, or not at all, so that a callback stays good for too long. Answer 401 when \
                    `webhook-timestamp` is more than 5 minutes from your clock, before or after.",
        compose: |webhook, now| webhook.fresh(now + TOO_FAR),
    },
    Case {
        name: "no-id",
        sent: "no webhook-id",
        expected: Expected::Refused,
        otherwise: "Without an identifier nobody can tell a repetition. It is part of what is signed: answer 401 when it is missing.",
        compose: |webhook, now| webhook.fresh(now).without(WEBHOOK_ID),
    },
    Case {
        name: "no-time",
        sent: "no webhook-timestamp",
        expected: Expected::Refused,
        otherwise: "Without a time nobody can tell how old a callback is. It is part of what is signed: answer 401 when it is missing.",
        compose: |webhook, now| webhook.fresh(now).without(WEBHOOK_TIMESTAMP),
    },
];

pub(super) const UNAUTHORIZED: [Case; 2] = [
    Case {
        name: "no-credentials",
        sent: "no Authorization, else valid",
        expected: Expected::Unauthorized,
        otherwise: "The credentials that you registered are not asked for. Answer 401 when `Authorization` is missing.",
        compose: |webhook, now| webhook.fresh(now).without(AUTHORIZATION.as_str()),
    },
    Case {
        name: "wrong-credentials",
        sent: "wrong password or token, else valid",
        expected: Expected::Unauthorized,
        otherwise: "The credentials that you registered are not compared. Compare the whole of `Authorization` in constant time, and \
                    answer 401 when it differs.",
        compose: |webhook, now| {
            let mut callback = webhook.fresh(now);
            if let Some(authorization) = &webhook.authorization {
                callback.headers.insert(AUTHORIZATION, authorization.wrong.clone());
            }
            callback
        },
    },
];

impl Case {
    /// The callback as it is sent at `now`.
    pub(crate) fn compose(&self, webhook: &Webhook, now: SystemTime) -> Callback {
        (self.compose)(webhook, now)
    }
}

impl Webhook {
    /// The valid callback of a notification.
    fn callback(&self, notification: Uuid, now: SystemTime) -> Callback {
        let body = self.body(notification, now).to_string().into_bytes();
        self.seal(std::slice::from_ref(&self.secret), notification, now, body)
    }

    /// A valid callback of a notification that has not come before.
    fn fresh(&self, now: SystemTime) -> Callback {
        self.callback(Uuid::now_v7(), now)
    }

    fn signed(&self, secrets: &[SigningSecret], now: SystemTime) -> Callback {
        let notification = Uuid::now_v7();
        self.seal(secrets, notification, now, self.body(notification, now).to_string().into_bytes())
    }

    fn of_type(&self, event_type: &str, now: SystemTime) -> Callback {
        self.rewritten(now, |body| {
            let mut body = body.clone();
            body["type"] = json!(event_type);
            serde_json::to_vec(&body)
        })
    }

    /// A fresh callback whose body is written in its own way before it is signed.
    fn rewritten(&self, now: SystemTime, write: impl Fn(&Value) -> serde_json::Result<Vec<u8>>) -> Callback {
        let notification = Uuid::now_v7();
        let body = write(&self.body(notification, now)).expect("a JSON value can be written");
        self.seal(std::slice::from_ref(&self.secret), notification, now, body)
    }

    fn body(&self, notification: Uuid, now: SystemTime) -> Value {
        json!(CallbackBody {
            type_: self.event_type.clone(),
            timestamp: DateTime::<Utc>::from(now).trunc_subsecs(3),
            data: self.data.clone(),
            notification: CallbackBodyNotification { id: notification },
            webhook: CallbackBodyWebhook { id: self.id },
        })
    }

    fn seal(&self, secrets: &[SigningSecret], notification: Uuid, now: SystemTime, body: Vec<u8>) -> Callback {
        let mut headers = sign(secrets, notification, now, &body);
        headers.extend(self.headers.clone());
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.right.clone());
        }
        Callback { headers, body }
    }
}

impl Callback {
    /// One of the headers that [`sign`] made.
    fn header(&self, name: &'static str) -> &str {
        self.headers[name].to_str().expect("it was made of ASCII text")
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, value.parse().expect("identifiers and base64 are visible ASCII characters"));
    }

    fn without(mut self, name: &str) -> Callback {
        self.headers.remove(name);
        self
    }
}
