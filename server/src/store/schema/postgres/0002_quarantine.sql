-- Deaths of nodes during attempts.

-- How often a node has died during an attempt of the delivery since the last outcome of the delivery. An expired lease
-- is counted when the delivery is leased again.
ALTER TABLE pending ADD COLUMN deaths smallint NOT NULL DEFAULT 0;

-- The suspects: deliveries that may have ended a node. All nodes together attempt one suspect at a time.
CREATE INDEX pending_suspects ON pending (deaths, delivery_id) WHERE deaths >= 3;

-- Nodes that another node has found dead. A node that stops in order removes its row from `nodes`, so it is not added
-- here.
CREATE TABLE dead_incarnations (
    incarnation uuid PRIMARY KEY,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp() -- clock of the database
);
