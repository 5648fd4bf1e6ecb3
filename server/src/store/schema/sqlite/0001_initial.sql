-- Identifiers are UUIDv7 as 16 bytes, so a primary key is also the order of creation. Times are milliseconds since 1970.

CREATE TABLE properties (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per running server process. A lease counts only while its node is here.
CREATE TABLE nodes (
    incarnation BLOB PRIMARY KEY,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,      -- SHA-256 of the token
    account TEXT,                   -- null: a platform token
    scopes TEXT NOT NULL,           -- separated by spaces
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE webhooks (
    id BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    target_url TEXT NOT NULL,
    auth TEXT NOT NULL,             -- JSON, without secrets
    auth_secret BLOB,               -- sealed
    signing_secret BLOB NOT NULL,   -- sealed
    event_types TEXT,               -- patterns separated by spaces; null: all
    description TEXT,
    deactivation_reason TEXT,       -- null: active
    deactivated_at INTEGER,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER              -- a tombstone, kept for the deliveries that name it
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_of_account ON webhooks (account, id) WHERE deleted_at IS NULL;

CREATE TABLE notifications (
    id BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_of_account ON notifications (account, id);

CREATE TABLE deliveries (
    id BLOB PRIMARY KEY,
    notification_id BLOB NOT NULL,
    webhook_id BLOB NOT NULL,
    account TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    status INTEGER NOT NULL,        -- 0 pending, 1 succeeded, 2 failed, 3 cancelled
    lane INTEGER NOT NULL,          -- 0 fresh, 1 retry
    attempt_count INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    leased_by BLOB,                 -- the incarnation of the node that is on it
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_of_account ON deliveries (account, id);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_of_notification ON deliveries (notification_id, id);
-- What one webhook has waiting, in the order in which it falls due.
CREATE INDEX deliveries_waiting ON deliveries (webhook_id, epoch, lane, due_at) WHERE status = 0;

-- Which webhooks have something waiting that no node is on, and from when on: one row per webhook and lane, so that
-- finding work never walks over the backlog of a webhook that is at its cap.
CREATE TABLE ready (
    webhook_id BLOB NOT NULL,
    lane INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, lane)
) STRICT, WITHOUT ROWID;

CREATE INDEX ready_in_order ON ready (lane, due_at);

CREATE TABLE attempts (
    delivery_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    status_code INTEGER,
    error TEXT,
    response_body TEXT,
    truncated INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- Webhooks whose pending deliveries up to an epoch are to be marked cancelled, some hundreds at a time.
CREATE TABLE cancellations (
    webhook_id BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL,            -- the publishing account; empty: the platform
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,      -- a MAC of the request's body
    notification_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (expires_at);
