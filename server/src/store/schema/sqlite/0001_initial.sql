-- Identifiers are UUIDv7 as 16 bytes, so the order of a primary key is the order of creation. The time in the identifier
-- of a delivery is its `created_at`, so lists find a time range by identifiers. Times are milliseconds since 1970.

CREATE TABLE properties (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per node. A lease is valid only while its node has a row.
CREATE TABLE nodes (
    incarnation BLOB PRIMARY KEY,
    started_at INTEGER NOT NULL,
    master_keys TEXT NOT NULL       -- the ids of the master keys that the node holds, separated by spaces
) STRICT, WITHOUT ROWID;

-- Processes that died. A process that stops in order removes its row from `nodes`, so it is not added here.
CREATE TABLE dead_incarnations (
    incarnation BLOB PRIMARY KEY,
    found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,      -- SHA-256 of the token
    name TEXT NOT NULL,
    account TEXT,                   -- null: the platform
    scopes TEXT NOT NULL,           -- separated by spaces
    created_at INTEGER NOT NULL,
    expires_at INTEGER,             -- null: never
    revoked_at INTEGER,
    replaced_by BLOB,               -- the token that a rotation created
    last_used_at INTEGER,           -- a whole minute
    mac BLOB NOT NULL               -- of the columns from id to expires_at; the server refuses a row with a wrong MAC
) STRICT, WITHOUT ROWID;

CREATE TABLE webhooks (
    id BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    target_url TEXT NOT NULL,
    auth TEXT NOT NULL,             -- JSON, without secrets
    auth_secret BLOB,               -- encrypted
    header_names TEXT,              -- names of custom headers, separated by spaces; null: none
    headers BLOB,                   -- encrypted: names and values of the custom headers
    signing_secret BLOB NOT NULL,   -- encrypted
    previous_secret BLOB,           -- encrypted: the replaced signing secret while it is valid
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
    registrant BLOB,                -- token, request and address of the registration; null: older than events are kept
    verified INTEGER NOT NULL DEFAULT 0, -- 1: the callback at target_url agreed in a handshake
    deleted_at INTEGER              -- set: the row is a tombstone, kept for its deliveries
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_of_account ON webhooks (account, id) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_deleted ON webhooks (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX webhooks_deactivated ON webhooks (id) WHERE deactivation_reason IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX webhooks_with_two_secrets ON webhooks (previous_valid_until) WHERE previous_valid_until IS NOT NULL;

-- Webhooks whose receiver has not agreed in a handshake yet.
CREATE TABLE handshakes (
    webhook_id BLOB PRIMARY KEY,
    challenge TEXT NOT NULL,
    attempt_count INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    taken_by BLOB                   -- the incarnation of the process that makes the current attempt; null: none has begun
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
    data TEXT                       -- null: deleted. The last column, because columns after a large value are slow to read.
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
    sequence INTEGER,               -- the position in the ordered lane
    attempt_count INTEGER NOT NULL,
    schedule_start INTEGER NOT NULL DEFAULT 0, -- the last attempt before the current retry schedule
    due_at INTEGER NOT NULL,        -- if the delivery is not pending: when it ended
    leased_by BLOB,                 -- the incarnation of the node that holds the lease
    created_at INTEGER NOT NULL,
    -- How often the process has died during an attempt of this delivery since its last outcome. An expired lease is
    -- counted when the delivery is leased again.
    deaths INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_of_account ON deliveries (account, id);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_of_notification ON deliveries (notification_id, id);
-- `deliveries_waiting` finds the pending deliveries of a webhook by due time. `deliveries_in_order` finds the pending
-- deliveries of an ordered webhook by position.
CREATE INDEX deliveries_waiting ON deliveries (webhook_id, epoch, lane, due_at) WHERE status = 0;
CREATE INDEX deliveries_in_order ON deliveries (webhook_id, epoch, sequence) WHERE status = 0 AND sequence IS NOT NULL;
-- Failed and cancelled deliveries are few, and customers list them after an outage.
CREATE INDEX deliveries_unsuccessful_by_age ON deliveries (status, id) WHERE status IN (2, 3);
CREATE INDEX deliveries_unsuccessful_of_account ON deliveries (account, status, id) WHERE status IN (2, 3);
CREATE INDEX deliveries_unsuccessful_of_webhook ON deliveries (webhook_id, status, id) WHERE status IN (2, 3);
-- The recoverable deliveries of a webhook, oldest first.
CREATE INDEX deliveries_unsuccessful ON deliveries (webhook_id, created_at, id) WHERE status IN (2, 3);
-- The suspects: deliveries that may have ended the process. The process attempts one suspect at a time.
CREATE INDEX deliveries_suspects ON deliveries (deaths, id) WHERE status = 0 AND deaths >= 3;

-- One row for each webhook and lane: when the next delivery without a lease falls due. Due work that waits for a slot
-- has no row here. It is only in the memory of the node, so leasing reads only work that can start.
CREATE TABLE ready (
    webhook_id BLOB NOT NULL,
    lane INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, lane)
) STRICT, WITHOUT ROWID;

CREATE INDEX ready_in_order ON ready (due_at);

-- The last sequence number that was assigned in each ordered webhook.
CREATE TABLE sequences (
    webhook_id BLOB PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Webhooks whose receiver has asked for a pause (Retry-After). A row is removed some time after the pause.
CREATE TABLE holds (
    webhook_id BLOB PRIMARY KEY,
    since INTEGER NOT NULL,
    held_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The theoretical arrival time of each webhook with a rate limit (generic cell rate algorithm), in microseconds since 1970.
CREATE TABLE rates (
    webhook_id BLOB PRIMARY KEY,
    theoretical_arrival_time INTEGER NOT NULL
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
    -- The connection and the durations, as JSON.
    facts TEXT,
    -- The header fields of the request and the response without secrets, as JSON. Only attempts without acceptance have it.
    exchange TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- Active webhooks whose last attempts failed. A success removes the row.
CREATE TABLE failures (
    webhook_id BLOB PRIMARY KEY,
    since INTEGER NOT NULL,         -- when the first failed attempt since the last success ended
    attempts INTEGER NOT NULL,
    warned INTEGER NOT NULL         -- 1: webhook.failing was published
) STRICT, WITHOUT ROWID;

-- Statistics of attempts. A row has the counts of five minutes. Rows that are older than two days are merged: one row has
-- the counts of an hour.
CREATE TABLE statistics (
    subject BLOB NOT NULL,          -- a webhook's id, the hash of an account (UUIDv8), or all bits set: all accounts
    started_at INTEGER NOT NULL,    -- when the interval started
    value BLOB NOT NULL,            -- counts and histograms, in a form with a version
    last_success_at INTEGER,        -- when the last accepted attempt ended
    last_failure_at INTEGER,        -- when the last other attempt ended; the next two columns belong to it
    last_failure_outcome TEXT,
    last_failure_status_code INTEGER,
    PRIMARY KEY (subject, started_at)
) STRICT, WITHOUT ROWID;

-- The operator's pauses. No attempt begins in these scopes; due deliveries wait only in `deliveries`.
CREATE TABLE pauses (
    scope TEXT NOT NULL,            -- all, account or webhook
    name TEXT NOT NULL,             -- the account, or the webhook's id; empty: all
    since INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Webhooks whose pending deliveries, up to an epoch, must get the status `cancelled`. Each step changes some hundreds
-- of deliveries.
CREATE TABLE cancellations (
    webhook_id BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Deleted notifications whose attempts may still have stored responses.
CREATE TABLE erasures (
    notification_id BLOB PRIMARY KEY,
    wiped_up_to BLOB NOT NULL       -- the last delivery whose responses are erased
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL,            -- the publishing account; empty: the platform
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,      -- a MAC of the request body
    notification_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (expires_at);

-- The progress of removing old rows.
CREATE TABLE walks (
    name TEXT PRIMARY KEY,
    reached BLOB NOT NULL,          -- the last identifier that was examined
    begun_at INTEGER NOT NULL       -- when the walk last began at the oldest row
) STRICT, WITHOUT ROWID;

-- All key material. The master keys themselves are never in the database.
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,             -- master: a master key; mac: the key of keyed digests
    state TEXT NOT NULL,            -- next, current, retiring or retired
    -- master: a constant that this master key has encrypted, which proves that a given key is this key. Other kinds: the
    -- key, encrypted with a master key
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX keys_in_use ON keys (kind, state) WHERE state IN ('current', 'retiring');

-- The audit log. The time of an event is in its identifier, so the order of the primary key is the order of the events.
-- The event of a registration is stored here when the webhook is deleted; before, its webhook has what the event says.
CREATE TABLE audit_events (
    id BLOB PRIMARY KEY,
    account TEXT,                   -- the account that the event concerns; null: none
    action TEXT NOT NULL,
    count INTEGER,
    details TEXT NOT NULL           -- JSON: the other members of the event, without secrets
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_events_of_account ON audit_events (account, id) WHERE account IS NOT NULL;
CREATE INDEX audit_events_of_action ON audit_events (action, id);
CREATE INDEX audit_events_of_account_and_action ON audit_events (account, action, id) WHERE account IS NOT NULL;
