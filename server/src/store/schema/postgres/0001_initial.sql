-- Identifiers are UUIDv7, so a primary key is also the order of creation. Times are those of the nodes, in whole milliseconds,
-- except where a comment says that they are this server's.
--
-- What is written once and read for long (notifications, deliveries, attempts) is apart from what changes with each attempt
-- (pending, ready). No index of `deliveries` names a column that changes, so its updates stay in their page (HOT) and leave
-- nothing for the indexes to clean up. For that each page is left more than half empty: what is published together is recorded
-- together, and before a transaction has ended, none of the rows that it has replaced makes room. What changes is small, and
-- vacuumed often. There are no foreign keys: each would be one more look-up and lock for every row that is written.

CREATE TABLE properties (
    name text PRIMARY KEY,
    value bytea NOT NULL
);

-- One row per running server process. A lease counts only while its node is here.
CREATE TABLE nodes (
    incarnation uuid PRIMARY KEY,
    name text NOT NULL,
    version text NOT NULL,
    delivers boolean NOT NULL,      -- false: it serves the API alone
    started_at timestamptz NOT NULL,
    alive_until timestamptz NOT NULL -- of this server's clock
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE tokens (
    id uuid PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,     -- SHA-256 of the token
    account text,                   -- null: a platform token
    scopes text NOT NULL,           -- separated by spaces
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);

-- An account that has had a webhook.
CREATE TABLE accounts (
    account text PRIMARY KEY,
    webhook_count integer NOT NULL, -- without deleted ones
    version bigint NOT NULL         -- grows with each change of a webhook of it: what a node remembers of them is of one version
) WITH (fillfactor = 70);

CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    target_url text NOT NULL,
    auth text NOT NULL,             -- JSON, without secrets
    auth_secret bytea,              -- sealed
    header_names text,              -- of custom headers, separated by spaces; null: none
    headers bytea,                  -- sealed: their names and values
    signing_secret bytea NOT NULL,  -- sealed
    previous_secret bytea,          -- sealed: the signing secret before, while both are valid
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
    verified boolean NOT NULL DEFAULT false, -- the callback at target_url has agreed, in a handshake
    deleted_at timestamptz          -- a tombstone, kept for the deliveries that name it
);

-- An account is never null. That this says so keeps it from those who look for an id alone, which only looks cheap in an index
-- of few rows.
CREATE INDEX webhooks_of_account ON webhooks (account, id) WHERE deleted_at IS NULL AND account IS NOT NULL;
CREATE INDEX webhooks_deleted ON webhooks (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX webhooks_with_two_secrets ON webhooks (previous_valid_until) WHERE previous_valid_until IS NOT NULL;

-- What other nodes have to hear of within seconds. Rows go after a minute.
CREATE TABLE changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- not the order of commits: whoever reads this looks back some seconds
    webhook_id uuid,                -- changed, deactivated or deleted
    revision integer,               -- the one that it has since
    notification_id uuid,           -- deleted
    at timestamptz NOT NULL DEFAULT clock_timestamp() -- of this server's clock
);

CREATE INDEX changes_by_age ON changes (at);

-- Webhooks whose callback has yet to agree.
CREATE TABLE handshakes (
    webhook_id uuid PRIMARY KEY,
    challenge text NOT NULL,
    attempt_count integer NOT NULL,
    due_at timestamptz NOT NULL,
    taken_by uuid                   -- the incarnation of the node that is on it
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

CREATE INDEX notifications_of_account ON notifications (account, id);
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
    schedule_start integer NOT NULL DEFAULT 0, -- the last attempt that the present retry schedule does not count
    status smallint NOT NULL DEFAULT 0 -- 0 pending, 1 succeeded, 2 failed, 3 cancelled
) WITH (fillfactor = 45);

CREATE INDEX deliveries_of_account ON deliveries (account, id);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_of_notification ON deliveries (notification_id, id);

-- Each delivery that is pending, or that a node is still on. Its row goes when it has ended.
CREATE TABLE pending (
    delivery_id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL,
    epoch integer NOT NULL,
    lane smallint NOT NULL,         -- 0 fresh, 1 retry, 2 ordered; 3: cancelled while an attempt is under way
    sequence bigint,                -- in the ordered lane: where it stands
    due_at timestamptz NOT NULL,
    leased_by uuid                  -- the incarnation of the node that is on it; no index names this, so leasing stays in the page
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.1);

-- What one webhook has waiting, in the order in which it falls due, or in which it was published.
CREATE INDEX pending_waiting ON pending (webhook_id, epoch, lane, due_at, delivery_id);
CREATE INDEX pending_in_order ON pending (webhook_id, epoch, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX pending_cancelled ON pending (delivery_id) WHERE lane = 3;

-- Deliveries that failed or were cancelled: few of many, and what a customer asks for after an outage.
CREATE TABLE unsuccessful (
    delivery_id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL,
    account text NOT NULL,
    created_at timestamptz NOT NULL, -- of the delivery
    status smallint NOT NULL        -- 2 failed, 3 cancelled
);

-- What of one webhook can be recovered, oldest first. Whoever looks for a delivery alone is kept from it, as from
-- `webhooks_of_account`.
CREATE INDEX unsuccessful_of_webhook ON unsuccessful (webhook_id, created_at, delivery_id) WHERE webhook_id IS NOT NULL;
CREATE INDEX unsuccessful_of_account ON unsuccessful (account, delivery_id) WHERE status = 2;

-- When a webhook's next delivery that nobody is on falls due: one row per webhook and lane. What is due and only finds no
-- room is not here but in the memory of the node that found it, so that finding work walks over nothing that cannot go.
CREATE TABLE ready (
    webhook_id uuid NOT NULL,
    lane smallint NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (webhook_id, lane)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE INDEX ready_in_order ON ready (lane, due_at);

-- The last sequence that each ordered webhook has given. Its row is also the lock of the webhook's order: whoever publishes
-- to the webhook, takes the next of it or records what became of it holds that until the commit.
CREATE TABLE sequences (
    webhook_id uuid PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- When each webhook with a rate limit is even again (generic cell rate algorithm).
CREATE TABLE rates (
    webhook_id uuid PRIMARY KEY,
    even_at timestamptz NOT NULL
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
    PRIMARY KEY (delivery_id, number)
);

-- Active webhooks that have accepted nothing since an attempt failed. A success removes the row.
CREATE TABLE failures (
    webhook_id uuid PRIMARY KEY,
    since timestamptz NOT NULL,     -- when the first of these attempts ended
    attempts integer NOT NULL,
    warned boolean NOT NULL         -- webhook.failing has been published
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- What the operator has paused: nothing of it begins, and it waits in `pending` alone.
CREATE TABLE pauses (
    scope text NOT NULL,            -- all, account or webhook
    name text NOT NULL,             -- the account, or the webhook's id; empty: all
    since timestamptz NOT NULL,
    PRIMARY KEY (scope, name)
);

-- Webhooks whose pending deliveries up to an epoch are to be marked cancelled, some hundreds at a time. A publish that had
-- seen the webhook active may commit just after this, so the row stays for a while after the last one was marked.
CREATE TABLE cancellations (
    webhook_id uuid PRIMARY KEY,
    epoch integer NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(), -- of this server's clock, as what follows
    due_at timestamptz NOT NULL DEFAULT clock_timestamp() -- when it is looked at
);

CREATE INDEX cancellations_in_order ON cancellations (due_at);

-- Deleted notifications whose deliveries still keep excerpts of what receivers answered, up to which they are wiped. An
-- attempt that ended as its notification was deleted may be recorded just after this, so all are wiped again some time later.
CREATE TABLE erasures (
    notification_id uuid PRIMARY KEY,
    wiped_up_to uuid NOT NULL       -- a delivery's id
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

-- How far the removal of what is old has come.
CREATE TABLE walks (
    name text PRIMARY KEY,
    reached uuid NOT NULL,          -- the last identifier that it has looked at
    begun_at timestamptz NOT NULL   -- when it last began at the oldest
);
