-- Identifiers are UUIDv7, so the order of a primary key is the order of creation. The time in the identifier of a
-- delivery is its `created_at`, so lists find a time range by identifiers. Times come from the clocks of the nodes, in
-- whole milliseconds. A comment marks each time that comes from the clock of the database.
--
-- Notifications, deliveries and attempts are kept for long. Rows that change with each attempt are in separate tables
-- (`pending`, `ready`). No index of `deliveries` contains a column that changes. So the new version of a row stays in
-- the page of the row (HOT), and an update does not touch the indexes. For this, more than half of each page is left
-- free. Deliveries that are published together usually end together, and a transaction cannot reuse the space of the
-- rows that it replaces. The tables that change often are small and are vacuumed often. There are no foreign keys,
-- because each one costs one more look-up and lock for every written row.
--
-- Some indexes contain only rows whose first column `IS NOT NULL`, although the column is never null. The planner uses
-- such an index only if a condition names the first column. Without this predicate, the planner can choose the index for
-- another of its columns, and scan the index completely. It does so when the statistics say that the table is empty.

CREATE TABLE properties (
    name text PRIMARY KEY,
    value bytea NOT NULL
);

-- One row for each running server process. A lease is valid only while its node has a row here.
CREATE TABLE nodes (
    incarnation uuid PRIMARY KEY,
    name text NOT NULL,
    version text NOT NULL,
    delivers boolean NOT NULL,      -- false: the node serves only the API
    started_at timestamptz NOT NULL,
    alive_until timestamptz NOT NULL, -- clock of the database
    master_keys text NOT NULL       -- the ids of the master keys that the node holds, separated by spaces
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

-- Nodes that another node has found dead. A node that stops in order removes its row from `nodes`, so it is not added
-- here.
CREATE TABLE dead_incarnations (
    incarnation uuid PRIMARY KEY,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp() -- clock of the database
);

CREATE TABLE tokens (
    id uuid PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,     -- SHA-256 of the token
    name text NOT NULL,
    account text,                   -- null: a platform token
    scopes text NOT NULL,           -- separated by spaces
    created_at timestamptz NOT NULL,
    expires_at timestamptz,         -- null: never
    revoked_at timestamptz,
    replaced_by uuid,               -- the token that a rotation created
    last_used_at timestamptz,       -- a whole minute
    mac bytea NOT NULL              -- of the columns from id to expires_at; the server refuses a row with a wrong MAC
) WITH (fillfactor = 70);

-- Accounts that have, or had, a webhook.
CREATE TABLE accounts (
    account text PRIMARY KEY,
    webhook_count integer NOT NULL, -- without deleted webhooks
    version bigint NOT NULL         -- increases with each change of its webhooks; nodes cache the webhooks of one version
) WITH (fillfactor = 70);

CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    target_url text NOT NULL,
    auth text NOT NULL,             -- JSON, without secrets
    auth_secret bytea,              -- encrypted
    header_names text,              -- names of the custom headers, separated by spaces; null: none
    headers bytea,                  -- encrypted: names and values of the custom headers
    signing_secret bytea NOT NULL,  -- encrypted
    previous_secret bytea,          -- encrypted: the previous signing secret, while both are valid
    previous_valid_until timestamptz,
    event_types text,               -- patterns separated by spaces; null: all
    description text,
    max_per_second integer,         -- null: no limit
    ordered boolean NOT NULL,
    deactivation_reason text,       -- null: active
    deactivated_at timestamptz,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    registrant bytea,               -- token, request and address of the registration; null: older than events are kept
    verified boolean NOT NULL DEFAULT false, -- a handshake with target_url has succeeded
    deleted_at timestamptz          -- the row is a tombstone, kept for the deliveries that reference it
);

CREATE INDEX webhooks_of_account ON webhooks (account, id) WHERE deleted_at IS NULL AND account IS NOT NULL;
CREATE INDEX webhooks_deleted ON webhooks (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX webhooks_deactivated ON webhooks (id) WHERE deactivation_reason IS NOT NULL AND deleted_at IS NULL AND id IS NOT NULL;
CREATE INDEX webhooks_with_two_secrets ON webhooks (previous_valid_until) WHERE previous_valid_until IS NOT NULL;

-- Changes that the other nodes must read within seconds. Rows are removed after two minutes.
CREATE TABLE changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- not in the order of commits, so readers look back 30 seconds
    webhook_id uuid,                -- the webhook that was changed, deactivated or deleted
    revision integer,               -- the new revision of the webhook
    notification_id uuid,           -- the notification that was deleted
    at timestamptz NOT NULL DEFAULT clock_timestamp() -- clock of the database
);

CREATE INDEX changes_by_age ON changes (at);

-- Handshakes that have not ended.
CREATE TABLE handshakes (
    webhook_id uuid PRIMARY KEY,
    challenge text NOT NULL,
    attempt_count integer NOT NULL,
    due_at timestamptz NOT NULL,
    taken_by uuid                   -- the incarnation of the node that performs the handshake
);

CREATE INDEX handshakes_in_order ON handshakes (due_at);

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    type text NOT NULL,
    created_at timestamptz NOT NULL,
    delivery_count integer NOT NULL,
    trace_parent text,              -- W3C Trace Context, as published
    trace_state text,
    data text                       -- null: deleted
);

CREATE INDEX notifications_of_account ON notifications (account, id) WHERE account IS NOT NULL;
CREATE INDEX notifications_for_nobody ON notifications (created_at, id) WHERE delivery_count = 0;

CREATE TABLE deliveries (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    account text NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,           -- null: pending
    epoch integer NOT NULL,
    attempt_count integer NOT NULL DEFAULT 0,
    schedule_start integer NOT NULL DEFAULT 0, -- the last attempt before the current retry schedule
    status smallint NOT NULL DEFAULT 0 -- 0 pending, 1 succeeded, 2 failed, 3 cancelled
) WITH (fillfactor = 45);

CREATE INDEX deliveries_of_account ON deliveries (account, id) WHERE account IS NOT NULL;
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, id) WHERE webhook_id IS NOT NULL;
CREATE INDEX deliveries_of_notification ON deliveries (notification_id, id) WHERE notification_id IS NOT NULL;

-- Deliveries that are pending or have an attempt in flight. The row is removed when the delivery has ended.
CREATE TABLE pending (
    delivery_id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL,
    epoch integer NOT NULL,
    lane smallint NOT NULL,         -- 0 fresh, 1 retry, 2 ordered; 3: cancelled while an attempt is in flight
    sequence bigint,                -- the position in the ordered lane
    due_at timestamptz NOT NULL,
    leased_by uuid,                 -- the incarnation of the node that leases it; in no index, so updates stay in their page (HOT)
    -- How often a node has died during an attempt of the delivery since the last outcome of the delivery. An expired
    -- lease is counted when the delivery is leased again.
    deaths smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.1);

-- `pending_waiting` finds the deliveries of a webhook by due time. `pending_in_order` finds the deliveries of an
-- ordered webhook by position.
CREATE INDEX pending_waiting ON pending (webhook_id, epoch, lane, due_at, delivery_id) WHERE webhook_id IS NOT NULL;
CREATE INDEX pending_in_order ON pending (webhook_id, epoch, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX pending_cancelled ON pending (delivery_id) WHERE lane = 3;
-- The suspects: deliveries that may have ended a node. All nodes together attempt one suspect at a time.
CREATE INDEX pending_suspects ON pending (deaths, delivery_id) WHERE deaths >= 3;

-- Deliveries that failed or were cancelled. They are few, and customers recover them after an outage.
CREATE TABLE unsuccessful (
    delivery_id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL,
    account text NOT NULL,
    created_at timestamptz NOT NULL, -- creation time of the delivery
    status smallint NOT NULL        -- 2 failed, 3 cancelled
);

-- The recoverable deliveries of a webhook, oldest first. A list of deliveries has no condition on `created_at`, so the
-- planner does not use this index for it.
CREATE INDEX unsuccessful_of_webhook ON unsuccessful (webhook_id, created_at, delivery_id) WHERE created_at IS NOT NULL;
-- The deliveries of one status, newest first. Each delivery is in one of the two indexes of each kind.
CREATE INDEX unsuccessful_failed ON unsuccessful (delivery_id) WHERE status = 2;
CREATE INDEX unsuccessful_failed_of_account ON unsuccessful (account, delivery_id) WHERE status = 2;
CREATE INDEX unsuccessful_failed_of_webhook ON unsuccessful (webhook_id, delivery_id) WHERE status = 2;
CREATE INDEX unsuccessful_cancelled ON unsuccessful (delivery_id) WHERE status = 3;
CREATE INDEX unsuccessful_cancelled_of_account ON unsuccessful (account, delivery_id) WHERE status = 3;
CREATE INDEX unsuccessful_cancelled_of_webhook ON unsuccessful (webhook_id, delivery_id) WHERE status = 3;

-- One row for each webhook and lane: when the next delivery without a lease falls due. Due work that waits for a slot
-- has no row here. It is only in the memory of a node, so searches for due work do not read it again.
CREATE TABLE ready (
    webhook_id uuid NOT NULL,
    lane smallint NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (webhook_id, lane)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE INDEX ready_in_order ON ready (lane, due_at);

-- The last position that was assigned for each ordered webhook. The row is also a lock. Transactions that publish to
-- the webhook, lease its next delivery or record its outcomes lock the row until they commit.
CREATE TABLE sequences (
    webhook_id uuid PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- Webhooks whose receiver has asked for a pause (Retry-After). A row is removed some time after the pause.
CREATE TABLE holds (
    webhook_id uuid PRIMARY KEY,
    since timestamptz NOT NULL,
    held_until timestamptz NOT NULL
);

-- The theoretical arrival time of each webhook with a rate limit (generic cell rate algorithm).
CREATE TABLE rates (
    webhook_id uuid PRIMARY KEY,
    theoretical_arrival_time timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE TABLE attempts (
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    started_at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    outcome text NOT NULL,
    status_code smallint,
    error text,
    response_body text,
    truncated boolean NOT NULL,
    -- The connection and the durations, as JSON.
    facts text,
    -- The header fields of the request and the response without secrets, as JSON. Only attempts without acceptance have it.
    exchange text,
    PRIMARY KEY (delivery_id, number)
);

-- Failed attempts of active webhooks since their last success. A success removes the row.
CREATE TABLE failures (
    webhook_id uuid PRIMARY KEY,
    since timestamptz NOT NULL,     -- when the first of these attempts ended
    attempts integer NOT NULL,
    warned boolean NOT NULL         -- webhook.failing has been published
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- Statistics of attempts. A row has the counts of one process in five minutes. Rows that are older than two days are merged:
-- one row has the counts of all processes in an hour.
CREATE TABLE statistics (
    subject uuid NOT NULL,          -- a webhook's id, the hash of an account (UUIDv8), or all bits set: all accounts
    started_at timestamptz NOT NULL, -- when the interval started
    process uuid NOT NULL,          -- the process that counted; zeros: a merged row
    value bytea NOT NULL,           -- counts and histograms, in a form with a version
    last_success_at timestamptz,    -- when the last accepted attempt ended
    last_failure_at timestamptz,    -- when the last other attempt ended; the next two columns belong to it
    last_failure_outcome text,
    last_failure_status_code smallint,
    PRIMARY KEY (subject, started_at, process)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- The scopes that the operator has paused. Deliveries of these scopes stay in `pending` and are not leased.
CREATE TABLE pauses (
    scope text NOT NULL,            -- all, account or webhook
    name text NOT NULL,             -- the account, or the webhook's id; empty: all
    since timestamptz NOT NULL,
    PRIMARY KEY (scope, name)
);

-- Webhooks whose pending deliveries, up to an epoch, must get the status `cancelled`. Each step changes some hundreds
-- of deliveries. The row stays for at least a minute, because a publish that read the webhook while it was active may
-- commit late.
CREATE TABLE cancellations (
    webhook_id uuid PRIMARY KEY,
    epoch integer NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(), -- clock of the database, also in the next column
    due_at timestamptz NOT NULL DEFAULT clock_timestamp() -- when the next step runs
);

CREATE INDEX cancellations_in_order ON cancellations (due_at);

-- Deleted notifications whose attempts may still have stored responses.
CREATE TABLE erasures (
    notification_id uuid PRIMARY KEY,
    wiped_up_to uuid NOT NULL       -- the last delivery whose responses were removed
);

CREATE TABLE idempotency_keys (
    owner text NOT NULL,            -- the publishing account; empty: the platform
    key text NOT NULL,
    fingerprint bytea NOT NULL,     -- a MAC of the request's body
    notification_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (owner, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (expires_at);

-- The progress of the removal of old rows.
CREATE TABLE walks (
    name text PRIMARY KEY,
    reached uuid NOT NULL,          -- the last identifier that was examined
    begun_at timestamptz NOT NULL   -- when the walk last started at the oldest row
);

-- All key material. The master keys themselves are never in the database.
CREATE TABLE keys (
    id text PRIMARY KEY,
    kind text NOT NULL,             -- master: a master key; mac: the key of keyed digests
    state text NOT NULL,            -- next, current, retiring or retired
    -- master: a constant that this master key has encrypted, which proves that a given key is this key. Other kinds: the
    -- key, encrypted with a master key
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX keys_in_use ON keys (kind, state) WHERE state IN ('current', 'retiring');

-- The audit log. The time of an event is in its identifier, so the order of the primary key is the order of the events.
-- The event of a registration is stored here when the webhook is deleted; before, its webhook has what the event says.
CREATE TABLE audit_events (
    id uuid PRIMARY KEY,
    account text,                   -- the account that the event concerns; null: none
    action text NOT NULL,
    count integer,
    details text NOT NULL           -- JSON: the other members of the event, without secrets
);

CREATE INDEX audit_events_of_account ON audit_events (account, id) WHERE account IS NOT NULL;
CREATE INDEX audit_events_of_action ON audit_events (action, id) WHERE action IS NOT NULL;
CREATE INDEX audit_events_of_account_and_action ON audit_events ((account || ' ' || action), id) WHERE account IS NOT NULL;
