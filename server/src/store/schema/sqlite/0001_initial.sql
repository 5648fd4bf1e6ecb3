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
    header_names TEXT,              -- of custom headers, separated by spaces; null: none
    headers BLOB,                   -- sealed: their names and values
    signing_secret BLOB NOT NULL,   -- sealed
    previous_secret BLOB,           -- sealed: the signing secret before, while both are valid
    previous_valid_until INTEGER,
    event_types TEXT,               -- patterns separated by spaces; null: all
    description TEXT,
    max_per_second INTEGER,         -- null: no limit
    ordered INTEGER NOT NULL,
    deactivation_reason TEXT,       -- null: active
    deactivated_at INTEGER,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    verified INTEGER NOT NULL DEFAULT 0, -- 1: the callback at target_url has agreed, in a handshake
    deleted_at INTEGER              -- a tombstone, kept for the deliveries that name it
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_of_account ON webhooks (account, id) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_deleted ON webhooks (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX webhooks_with_two_secrets ON webhooks (previous_valid_until) WHERE previous_valid_until IS NOT NULL;

-- Webhooks whose callback has yet to agree.
CREATE TABLE handshakes (
    webhook_id BLOB PRIMARY KEY,
    challenge TEXT NOT NULL,
    attempt_count INTEGER NOT NULL,
    due_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX handshakes_in_order ON handshakes (due_at);

CREATE TABLE notifications (
    id BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL,
    trace_parent TEXT,              -- W3C Trace Context, as published
    trace_state TEXT,
    data TEXT                       -- null: deleted; last, because what stands behind a long one is far to read
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_of_account ON notifications (account, id);
CREATE INDEX notifications_for_nobody ON notifications (id) WHERE delivery_count = 0;

CREATE TABLE deliveries (
    id BLOB PRIMARY KEY,
    notification_id BLOB NOT NULL,
    webhook_id BLOB NOT NULL,
    account TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    status INTEGER NOT NULL,        -- 0 pending, 1 succeeded, 2 failed, 3 cancelled
    lane INTEGER NOT NULL,          -- 0 fresh, 1 retry, 2 ordered
    sequence INTEGER,               -- in the ordered lane: where it stands
    attempt_count INTEGER NOT NULL,
    schedule_start INTEGER NOT NULL DEFAULT 0, -- the last attempt that the present retry schedule does not count
    due_at INTEGER NOT NULL,        -- of one that is not pending: when it ended
    leased_by BLOB,                 -- the incarnation of the node that is on it
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_of_account ON deliveries (account, id);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_of_notification ON deliveries (notification_id, id);
-- What one webhook has waiting, in the order in which it falls due, or in which it was published.
CREATE INDEX deliveries_waiting ON deliveries (webhook_id, epoch, lane, due_at) WHERE status = 0;
CREATE INDEX deliveries_in_order ON deliveries (webhook_id, epoch, sequence) WHERE status = 0 AND sequence IS NOT NULL;
-- Few of many, and what its customer asks for after an outage.
CREATE INDEX deliveries_failed ON deliveries (account, id) WHERE status = 2;
-- What of one webhook can be recovered, oldest first.
CREATE INDEX deliveries_unsuccessful ON deliveries (webhook_id, created_at, id) WHERE status IN (2, 3);

-- When a webhook's next delivery that nobody is on falls due: one row per webhook and lane. What is due and only finds no
-- room is not here but in the memory of the node, so that finding work walks over nothing that cannot go.
CREATE TABLE ready (
    webhook_id BLOB NOT NULL,
    lane INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, lane)
) STRICT, WITHOUT ROWID;

CREATE INDEX ready_in_order ON ready (due_at);

-- The last sequence that each ordered webhook has given.
CREATE TABLE sequences (
    webhook_id BLOB PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When each webhook with a rate limit is even again (generic cell rate algorithm), in microseconds since 1970.
CREATE TABLE rates (
    webhook_id BLOB PRIMARY KEY,
    even_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

-- Active webhooks that have accepted nothing since an attempt failed. A success removes the row.
CREATE TABLE failures (
    webhook_id BLOB PRIMARY KEY,
    since INTEGER NOT NULL,         -- when the first of these attempts ended
    attempts INTEGER NOT NULL,
    warned INTEGER NOT NULL         -- 1: webhook.failing has been published
) STRICT, WITHOUT ROWID;

-- What the operator has paused: nothing of it begins, and it waits in `deliveries` alone.
CREATE TABLE pauses (
    scope TEXT NOT NULL,            -- all, account or webhook
    name TEXT NOT NULL,             -- the account, or the webhook's id; empty: all
    since INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Webhooks whose pending deliveries up to an epoch are to be marked cancelled, some hundreds at a time.
CREATE TABLE cancellations (
    webhook_id BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Deleted notifications whose deliveries still keep excerpts of what receivers answered, up to which they are wiped.
CREATE TABLE erasures (
    notification_id BLOB PRIMARY KEY,
    wiped_up_to BLOB NOT NULL       -- a delivery's id
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

-- How far the removal of what is old has come.
CREATE TABLE walks (
    name TEXT PRIMARY KEY,
    reached BLOB NOT NULL,          -- the last identifier that it has looked at
    begun_at INTEGER NOT NULL       -- when it last began at the oldest
) STRICT, WITHOUT ROWID;
