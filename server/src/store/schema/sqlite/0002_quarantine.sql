-- Deaths of the server process during attempts.

-- How often the process has died during an attempt of a pending delivery since the last outcome of the delivery. An
-- expired lease is counted when the delivery is leased again.
ALTER TABLE deliveries ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;

-- The suspects: deliveries that may have ended the process. The process attempts one suspect at a time.
CREATE INDEX deliveries_suspects ON deliveries (deaths, id) WHERE status = 0 AND deaths >= 3;

-- Processes that died. A process that stops in order removes its row from `nodes`, so it is not added here.
CREATE TABLE dead_incarnations (
    incarnation BLOB PRIMARY KEY,
    found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The incarnation of the process that makes the current attempt. null: no attempt has begun.
ALTER TABLE handshakes ADD COLUMN taken_by BLOB;
