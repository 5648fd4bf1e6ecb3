//! The tables of the target, and the source of each column.
//!
//! Five tables are not moved. `nodes` and `dead_incarnations` describe running and dead servers. The first node on
//! PostgreSQL fills `ready` again. `changes` has only the changes of the last minutes. `schema_migrations` describes
//! the schema of the target itself.

use tokio_postgres::types::Type;

use super::kinds::Kind;
use super::row::{Row, Value};

pub(super) struct Table {
    pub(super) name: &'static str,
    /// The table in the source, or a subquery, in SQL.
    source: &'static str,
    /// The SQL condition that selects the rows of the source to move.
    source_filter: &'static str,
    /// The SQL condition that selects the rows of the target that come from the source.
    target_filter: &'static str,
    /// The number of columns in the primary key. The key columns are the first of `columns`.
    key: usize,
    columns: &'static [Column],
}

struct Column {
    name: &'static str,
    kind: Kind,
    /// The SQL expression that returns the column's value from the source.
    source: &'static str,
}

/// Builds columns from `name: Kind` or `name: Kind = "expression"`. Without an expression, the source has a column of this name.
macro_rules! columns {
    ($($name:ident: $kind:ident $(= $source:literal)?),*) => {
        &[$(Column { name: stringify!($name), kind: Kind::$kind, source: columns!(@source $name $($source)?) }),*]
    };
    (@source $name:ident) => { stringify!($name) };
    (@source $name:ident $source:literal) => { $source };
}

/// The small tables are first, so that an error in a small table appears early.
pub(super) const TABLES: [Table; 22] = [
    table("keys", 1, columns![id: Text, kind: Text, state: Text, sealed: Bytes, created_at: Millis]),
    Table {
        source_filter: "name <> 'write_probe'",
        target_filter: "name NOT IN ('write_probe', 'unfinished_move')",
        ..table("properties", 1, columns![name: Text, value: Bytes])
    },
    table(
        "tokens",
        1,
        columns![
            id: Id, hash: Bytes, name: Text, account: Text, scopes: Text, created_at: Millis, expires_at: Millis, revoked_at: Millis,
            replaced_by: Id, last_used_at: Millis, mac: Bytes
        ],
    ),
    table(
        "webhooks",
        1,
        columns![
            id: Id, account: Text, target_url: Text, auth: Text, auth_secret: Bytes, header_names: Text, headers: Bytes,
            signing_secret: Bytes, previous_secret: Bytes, previous_valid_until: Millis, event_types: Text, description: Text,
            max_per_second: Int, ordered: Bool, deactivation_reason: Text, deactivated_at: Millis, epoch: Int, revision: Int,
            created_at: Millis, updated_at: Millis, registrant: Bytes, verified: Bool, deleted_at: Millis
        ],
    ),
    Table {
        source: "(SELECT account, sum(deleted_at IS NULL) AS webhook_count FROM webhooks GROUP BY account)",
        ..table("accounts", 1, columns![account: Text, webhook_count: Int, version: Big = "1"])
    },
    table(
        "handshakes",
        1,
        columns![
            webhook_id: Id, challenge: Text, attempt_count: Int, due_at: Millis, taken_by: Id = "NULL"
        ],
    ),
    table("sequences", 1, columns![webhook_id: Id, last: Big]),
    table("holds", 1, columns![webhook_id: Id, since: Millis, held_until: Millis]),
    table("rates", 1, columns![webhook_id: Id, theoretical_arrival_time: Micros]),
    table("failures", 1, columns![webhook_id: Id, since: Millis, attempts: Int, warned: Bool]),
    // A row of this process on PostgreSQL never has this value of `process`, so the moved rows do not change any more.
    table(
        "statistics",
        3,
        columns![
            subject: Id, started_at: Millis, process: Id = "zeroblob(16)", value: Bytes, last_success_at: Millis, last_failure_at: Millis,
            last_failure_outcome: Text, last_failure_status_code: Small
        ],
    ),
    table("pauses", 2, columns![scope: Text, name: Text, since: Millis]),
    // A node keeps the row of a cancellation for a while, because a publication may commit late. During a move, nothing is
    // published. So `since` and `due_at` can be 0.
    table("cancellations", 1, columns![webhook_id: Id, epoch: Int, since: Millis = "0", due_at: Millis = "0"]),
    table("erasures", 1, columns![notification_id: Id, wiped_up_to: Id]),
    table(
        "idempotency_keys",
        2,
        columns![
            owner: Text, key: Text, fingerprint: Bytes, notification_id: Id, expires_at: Millis
        ],
    ),
    table("walks", 1, columns![name: Text, reached: Id, begun_at: Millis]),
    table("audit_events", 1, columns![id: Id, account: Text, action: Text, count: Int, details: Text]),
    table(
        "notifications",
        1,
        columns![
            id: Id, account: Text, type: Text, created_at: Millis, delivery_count: Int, trace_parent: Text, trace_state: Text, data: Text
        ],
    ),
    table(
        "deliveries",
        1,
        columns![
            id: Id, notification_id: Id, webhook_id: Id, account: Text, created_at: Millis,
            ended_at: Millis = "CASE WHEN status <> 0 THEN due_at END", epoch: Int, attempt_count: Int, schedule_start: Int, status: Small
        ],
    ),
    Table {
        source: "deliveries",
        source_filter: "status = 0",
        ..table(
            "pending",
            1,
            columns![
                delivery_id: Id = "id", webhook_id: Id, epoch: Int, lane: Small, sequence: Big, due_at: Millis, leased_by: Id = "NULL",
                deaths: Small
            ],
        )
    },
    Table {
        source: "deliveries",
        source_filter: "status IN (2, 3)",
        ..table(
            "unsuccessful",
            1,
            columns![
                delivery_id: Id = "id", webhook_id: Id, account: Text, created_at: Millis, status: Small
            ],
        )
    },
    table(
        "attempts",
        2,
        columns![
            delivery_id: Id, number: Int, started_at: Millis, duration_ms: Int, outcome: Text, status_code: Small, error: Excerpt,
            response_body: Excerpt, truncated: Bool, facts: Text, exchange: Text
        ],
    ),
];

const fn table(name: &'static str, key: usize, columns: &'static [Column]) -> Table {
    Table { name, source: name, source_filter: "TRUE", target_filter: "TRUE", key, columns }
}

impl Table {
    pub(super) fn count_in_source(&self) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.source, self.source_filter)
    }

    /// Selects the rows in key order. If `after` is true, selects only the rows after a key. The parameters of the
    /// query are this key.
    pub(super) fn select_in_source(&self, after: bool) -> String {
        let columns = joined(self.columns.iter().map(|column| column.source));
        let key = joined(self.key_columns().map(|column| column.source));
        // A time in a key is in microseconds.
        let values = self.key_columns().map(|column| if column.kind == Kind::Millis { "? / 1000" } else { "?" });
        let after = if after { format!("AND ({key}) > ({})", joined(values)) } else { String::new() };
        format!("SELECT {columns} FROM {} WHERE {} {after} ORDER BY {key}", self.source, self.source_filter)
    }

    /// Selects the rows in the same order as [`Table::select_in_source`]. The collation "C" sorts texts by their bytes.
    pub(super) fn select_in_target(&self) -> String {
        let order = self.key_columns().map(|column| match column.kind {
            Kind::Text => format!("{} COLLATE \"C\"", column.name),
            _ => column.name.to_owned(),
        });
        format!("SELECT {} FROM {} WHERE {} ORDER BY {}", self.column_names(), self.name, self.target_filter, joined(order))
    }

    pub(super) fn copy_into_target(&self) -> String {
        format!("COPY {} ({}) FROM STDIN (FORMAT binary)", self.name, self.column_names())
    }

    pub(super) fn types(&self) -> Vec<Type> {
        self.columns.iter().map(|column| column.kind.in_target()).collect()
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn read_in_source(&self, row: &rusqlite::Row<'_>) -> anyhow::Result<Row> {
        let values = self.columns.iter().enumerate().map(|(index, column)| {
            let value = row.get_ref(index)?;
            column.kind.read(value).ok_or_else(|| anyhow::anyhow!("unexpected value in the column {}", column.name))
        });
        values.collect()
    }

    pub(super) fn key_of<'a>(&self, row: &'a [Value]) -> &'a [Value] {
        &row[..self.key]
    }

    /// Returns the names of the columns in which two rows differ.
    pub(super) fn differing_columns(&self, one: &[Value], other: &[Value]) -> String {
        let differing = self.columns.iter().zip(one.iter().zip(other)).filter(|(_, (one, other))| one != other);
        joined(differing.map(|(column, _)| column.name))
    }

    fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().take(self.key)
    }

    fn column_names(&self) -> String {
        joined(self.columns.iter().map(|column| column.name))
    }
}

fn joined<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    names.fold(String::new(), |list, name| if list.is_empty() { name.as_ref().to_owned() } else { format!("{list}, {}", name.as_ref()) })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The tables of the source or the target that are not moved.
    const NOT_MOVED: [&str; 5] = ["nodes", "dead_incarnations", "ready", "changes", "schema_migrations"];

    #[tokio::test]
    async fn every_column_of_both_stores_is_moved() {
        if webhooks_postgres::skip_without(&["postgres"]) {
            return;
        }
        let cluster = webhooks_postgres::shared();
        let database = cluster.create_database().expect("a database");
        let options = crate::store::postgres::Options {
            url: cluster.url(&database).parse().expect("a URL"),
            connections: 1,
            statement_timeout: std::time::Duration::from_secs(30),
            pooled: false,
            node_name: String::new(),
            delivers: false,
        };
        drop(crate::store::postgres::migration_guard::connect(&options).await.expect("a database with the schema"));
        let columns = "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'";
        let expected: HashSet<String> =
            cluster.execute(&database, columns).expect("columns").lines().map(str::to_owned).filter(|line| is_moved(line)).collect();
        let moved: HashSet<String> = TABLES
            .iter()
            .flat_map(|table| table.columns.iter().map(|column| format!("{}|{}|{}", table.name, column.name, column.kind.in_target())))
            .collect();
        assert_eq!(moved, expected);

        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("webhooks.db");
        drop(crate::store::sqlite::Sqlite::open(&file, Default::default()).expect("a database"));
        let source = rusqlite::Connection::open(&file).expect("the same database");
        let mut columns = source
            .prepare("SELECT t.name || '|' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'")
            .expect("a statement");
        let columns = columns.query_map([], |row| row.get::<_, String>(0)).expect("columns").map(|column| column.expect("a name"));
        for column in columns.filter(|column| is_moved(column)) {
            let (table, name) = column.split_once('|').expect("two names");
            let used =
                TABLES.iter().filter(|moved| moved.source == table).flat_map(|moved| moved.columns).any(|moved| moved.source == name);
            // The leases are not moved, because their server is stopped.
            assert!(used || ["deliveries|leased_by", "handshakes|taken_by"].contains(&column.as_str()), "{column} is not moved");
        }
        cluster.drop_database(&database).expect("the database exists");
    }

    #[test]
    fn a_copy_continues_after_the_last_key() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("webhooks.db");
        drop(crate::store::sqlite::Sqlite::open(&file, Default::default()).expect("a database"));
        let source = rusqlite::Connection::open(&file).expect("the same database");
        source
            .execute_batch(
                "INSERT INTO statistics (subject, started_at, value) VALUES (zeroblob(16), 1, x'01'), (zeroblob(16), 2, x'02'),
                     (zeroblob(16), 3, x'03'), (randomblob(16), 1, x'04');
                 INSERT INTO pauses (scope, name, since) VALUES ('account', 'a', 1), ('account', 'b', 1), ('webhook', 'a', 1)",
            )
            .expect("filled");
        for (name, count) in [("statistics", 4), ("pauses", 3)] {
            let table = TABLES.iter().find(|table| table.name == name).expect("a table");
            let read = |after: &[Value]| -> Vec<Row> {
                let mut select = source.prepare(&table.select_in_source(!after.is_empty())).expect("a statement");
                let rows = select.query_and_then(rusqlite::params_from_iter(after), |row| table.read_in_source(row)).expect("rows");
                rows.map(|row| row.expect("a row")).collect()
            };
            let all = read(&[]);
            assert_eq!(all.len(), count);
            for (position, row) in all.iter().enumerate() {
                assert_eq!(read(table.key_of(row)), all[position + 1..], "{name} after row {position}");
            }
        }
    }

    fn is_moved(column: &str) -> bool {
        !NOT_MOVED.iter().any(|table| column.starts_with(&format!("{table}|")))
    }
}
