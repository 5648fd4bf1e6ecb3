-- Functions that fill a database, so that the costs of operations can be compared at different sizes.

-- Returns a UUIDv7 from a time and a number. The number must be unique for this time.
CREATE FUNCTION identifier(at timestamptz, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(number), 15, '0'))::uuid
$$;

-- The webhooks with deliveries. Each account has ten webhooks, and three of the ten are ordered.
CREATE TABLE known (
    number bigint PRIMARY KEY,
    id uuid NOT NULL,
    account text NOT NULL,
    ordered boolean NOT NULL
);

-- Adds the webhooks with numbers from `number` to `before - 1`.
CREATE FUNCTION add_webhooks(number bigint, before bigint, created_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
        SELECT n, identifier(created_at, n) AS id, 'account-' || n / 10 AS account, n % 10 >= 7 AS ordered
        FROM generate_series(number, before - 1) AS n;
    INSERT INTO known SELECT * FROM made;
    INSERT INTO accounts SELECT account, count(*), 1 FROM made GROUP BY account ON CONFLICT (account) DO NOTHING;
    INSERT INTO webhooks (id, account, target_url, auth, signing_secret, ordered, epoch, revision, created_at, updated_at, registrant)
        SELECT id, account, 'https://example.com/' || n, '{"type":"noauth"}', 'sealed', ordered, 1, 1, created_at, created_at, registrant
        FROM made CROSS JOIN decode(repeat('00', 32) || '7f000001', 'hex') AS registrant;
    -- The first 30 webhooks have no rows in these three tables, as in a new database.
    INSERT INTO failures SELECT id, created_at, 3, false FROM made WHERE n % 10 = 1 AND n >= 30;
    INSERT INTO sequences SELECT id, 1000000000 FROM made WHERE ordered AND n >= 30;
    INSERT INTO rates SELECT id, created_at FROM made WHERE n % 10 = 2 AND n >= 30;
END $$;

CREATE SEQUENCE serials;

-- Adds `count` deliveries. The first delivery is created at `start`, and each further delivery is created `apart`
-- after the previous one. The webhooks with numbers from `webhook` to `before - 1` get one delivery after another. The
-- deliveries get the states in `states` one after another: succeeded, failed, cancelled, fresh or retry.
CREATE FUNCTION fill(count bigint, start timestamptz, apart interval, webhook bigint, before bigint, states text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
        SELECT n, identifier(at, nextval('serials')) AS id, identifier(at, nextval('serials')) AS notification_id, at,
            known.id AS webhook_id, account, ordered, state, state IN ('fresh', 'retry') AS pending,
            CASE state WHEN 'succeeded' THEN 1 WHEN 'failed' THEN 3 WHEN 'retry' THEN 1 ELSE 0 END AS attempts
        FROM generate_series(0, count - 1) AS n
        CROSS JOIN LATERAL (
            SELECT start + n * apart AS at, states[1 + (n / (before - webhook) + n) % cardinality(states)] AS state) AS given
        JOIN known ON known.number = webhook + n % (before - webhook)
        ORDER BY n;
    INSERT INTO notifications (id, account, type, created_at, delivery_count, data)
        SELECT notification_id, account, 'order.placed', at, 1, '{"order":"' || repeat('x', 200) || '"}' FROM made;
    INSERT INTO deliveries (id, notification_id, webhook_id, account, created_at, ended_at, epoch, attempt_count, status)
        SELECT id, notification_id, webhook_id, account, at, CASE WHEN NOT pending THEN at + interval '1 second' END, 1, attempts,
            CASE state WHEN 'succeeded' THEN 1 WHEN 'failed' THEN 2 WHEN 'cancelled' THEN 3 ELSE 0 END
        FROM made;
    INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, response_body, truncated)
        SELECT id, number, at, 12, CASE state WHEN 'succeeded' THEN 'accepted' ELSE 'rejected' END,
            CASE state WHEN 'succeeded' THEN 204 ELSE 503 END, 'try again later', false
        FROM made CROSS JOIN LATERAL generate_series(1, attempts) AS number;
    INSERT INTO unsuccessful (delivery_id, webhook_id, account, created_at, status)
        SELECT id, webhook_id, account, at, CASE state WHEN 'failed' THEN 2 ELSE 3 END FROM made WHERE state IN ('failed', 'cancelled');
    INSERT INTO audit_events (id, account, action, details)
        SELECT id, account, 'redeliver', '{"actor":"account","result":"succeeded"}' FROM made;
    -- Retries are due in one to two hours.
    INSERT INTO pending (delivery_id, webhook_id, epoch, lane, sequence, due_at)
        SELECT id, webhook_id, 1, CASE WHEN ordered THEN 2 WHEN state = 'retry' THEN 1 ELSE 0 END, CASE WHEN ordered THEN n END,
            CASE state WHEN 'retry' THEN now() + interval '1 hour' + n % 3600 * interval '1 second' ELSE at END
        FROM made WHERE pending;
    INSERT INTO idempotency_keys (owner, key, fingerprint, notification_id, expires_at)
        SELECT account, 'key-' || id, 'fingerprint', notification_id, now() + interval '1 hour' + n % 3600 * interval '1 second'
        FROM made WHERE n % 2 = 0;
END $$;

-- Leaves only later retries in `ready`, as if a node had all due work in its memory.
CREATE FUNCTION hide_due_work() RETURNS void LANGUAGE sql AS $$
    UPDATE pending SET due_at = now() + interval '1 hour' WHERE lane = 1 AND due_at <= now();
    TRUNCATE ready;
    INSERT INTO ready SELECT webhook_id, 1, min(due_at) FROM pending WHERE lane = 1 AND due_at > now() GROUP BY webhook_id;
$$;

-- Removes all deliveries of a webhook.
CREATE FUNCTION remove_deliveries(webhook uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM notifications WHERE id = ANY(ARRAY(SELECT notification_id FROM deliveries WHERE webhook_id = webhook));
    DELETE FROM deliveries WHERE webhook_id = webhook;
    DELETE FROM pending WHERE webhook_id = webhook;
    DELETE FROM unsuccessful WHERE webhook_id = webhook;
$$;
