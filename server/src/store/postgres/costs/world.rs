//! A test database that grows, and functions that measure the cost of operations in it.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::OnceLock;

use webhooks_postgres::Cluster;

use super::*;

/// Webhooks whose backlog stays the same while the database grows.
pub(super) const CONSTANT: Range<usize> = 0..20;

/// A webhook with many deliveries and a backlog that grows.
pub(super) const BUSY: usize = 20;

pub(super) const DEACTIVATED: usize = 21;

/// The webhooks that get most of the added deliveries. They belong to a hundred accounts.
pub(super) const GROWING: Range<usize> = 30..1030;

/// A server that logs the plan and the cost of each statement of a store. The server runs no autovacuum.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let settings = [
            ("shared_preload_libraries", "pg_stat_statements, auto_explain"),
            ("pg_stat_statements.track", "none"),
            ("auto_explain.log_analyze", "on"),
            ("auto_explain.log_buffers", "on"),
            ("auto_explain.log_timing", "off"),
            ("auto_explain.log_nested_statements", "on"),
            ("auto_explain.log_format", "json"),
            ("autovacuum", "off"),
            // Each log line begins with the name of the database, so each plan can be assigned to its test.
            ("log_line_prefix", "%d "),
        ];
        let options = settings.iter().fold(webhooks_postgres::Options::default(), |options, (name, value)| options.set(name, value));
        Cluster::with(&options).unwrap_or_else(|error| panic!("{error:#}"))
    })
}

/// How PostgreSQL plans a prepared statement. PostgreSQL chooses one of the two modes after five executions. So the
/// plans of each mode must be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanMode {
    /// PostgreSQL makes a new plan for the parameters of each execution.
    Custom,
    /// PostgreSQL makes one plan for all parameters, when the statement first runs on a connection.
    Generic,
}

impl PlanMode {
    pub(super) fn name(self) -> &'static str {
        match self {
            PlanMode::Custom => "custom",
            PlanMode::Generic => "generic",
        }
    }
}

/// The parameters with which a statement is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameters {
    /// The plan is made for all values.
    Generic,
    /// The plan is made for one set of values. Arrays have this number of elements.
    Custom(usize),
}

impl Parameters {
    /// Returns an SQL expression of this type.
    fn value(self, kind: &str) -> String {
        let Parameters::Custom(length) = self else { return "NULL".to_owned() };
        let element = match kind.trim_end_matches("[]") {
            "uuid" => "'00000000-0000-7000-8000-000000000000'::uuid",
            "text" => "'text'",
            "bytea" => "'bytes'::bytea",
            "boolean" => "true",
            "timestamp with time zone" => "'2030-01-01'::timestamptz",
            _ => "1",
        };
        match kind.ends_with("[]") {
            true => format!("array_fill(({element})::{}, ARRAY[{length}])", kind.trim_end_matches("[]")),
            false => element.to_owned(),
        }
    }
}

pub(super) struct World {
    database: String,
    /// The session for statements that are not measured.
    session: Session,
    pub(super) now: DateTime<Utc>,
    /// The first column, or the first expression, of each index.
    leading: HashMap<String, String>,
}

impl World {
    /// Creates an empty database with the schema and the functions of `fill.sql`.
    pub(super) async fn new() -> World {
        let database = cluster().create_database().expect("a database");
        let [_, connections] = Connections::open(&options(&cluster().url(&database))).expect("connections");
        schema::migrate(&connections).await.expect("migrated");
        let session = connections.session().await.expect("a session");
        let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).expect("a time");
        let mut world = World { database, session, now, leading: HashMap::new() };
        world.run("CREATE EXTENSION pg_stat_statements").await;
        world.run(include_str!("fill.sql")).await;
        let leading = "SELECT c.relname::text, coalesce(a.attname::text, pg_get_indexdef(i.indexrelid, 1, true))
                       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                       LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attnum > 0";
        world.leading = world.session.query(leading, &[]).await.expect("indexes").iter().map(|row| (row.get(0), row.get(1))).collect();
        world
    }

    pub(super) async fn add_webhooks(&self, webhooks: Range<usize>) {
        let (number, before, created_at) = (webhooks.start, webhooks.end, self.days_ago(60).to_rfc3339());
        self.run(&format!("SELECT add_webhooks({number}, {before}, '{created_at}')")).await;
    }

    /// Returns the identifier that `add_webhooks` gives to a webhook.
    pub(super) fn webhook(&self, number: usize) -> Uuid {
        let milliseconds = self.days_ago(60).timestamp_millis() as u128;
        Uuid::from_u128(milliseconds << 80 | 0x70008 << 60 | number as u128)
    }

    pub(super) fn account(&self, number: usize) -> Account {
        Account::parse(format!("account-{}", number / 10)).expect("an account")
    }

    /// Opens a store whose statements are measured.
    pub(super) async fn store(&self, mode: PlanMode) -> Postgres {
        let plan_cache_mode = match mode {
            PlanMode::Custom => "force_custom_plan",
            PlanMode::Generic => "force_generic_plan",
        };
        let settings = [("auto_explain.log_min_duration", "0"), ("pg_stat_statements.track", "all"), ("plan_cache_mode", plan_cache_mode)];
        let settings: String = settings.iter().map(|(name, value)| format!("-c%20{name}%3D{value}%20")).collect();
        let url = format!("{}?options={settings}", cluster().url(&self.database));
        Postgres::open(options(&url), Arc::default()).await.expect("opened")
    }

    pub(super) fn days_ago(&self, days: i64) -> DateTime<Utc> {
        self.now - TimeDelta::days(days)
    }

    /// Runs statements that are not measured.
    pub(super) async fn run(&self, sql: &str) {
        self.session.run(sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }

    /// Adds `count` deliveries to these webhooks. Each delivery is created `apart` seconds after the previous one. The
    /// deliveries get the states in `states` one after another.
    pub(super) async fn fill(&self, count: usize, days_ago: i64, apart: usize, webhooks: Range<usize>, states: &str) {
        let (start, first, before) = (self.days_ago(days_ago).to_rfc3339(), webhooks.start, webhooks.end);
        self.run(&format!(
            "SELECT fill({count}, '{start}', interval '{apart} seconds', {first}, {before}, string_to_array('{states}', ' '))"
        ))
        .await;
    }

    /// Removes everything from `ready` except later retries, as if a node had all due work in its memory.
    pub(super) async fn hide_due_work(&self) {
        self.run("SELECT hide_due_work()").await;
    }

    pub(super) async fn remove_deliveries(&self, number: usize) {
        self.run(&format!("SELECT remove_deliveries('{}')", self.webhook(number))).await;
    }

    /// Runs an operation and measures its work in the database. No other operation may run in the database at the same
    /// time.
    pub(super) async fn measure<T>(&self, operation: impl Future<Output = T>) -> (T, Usage) {
        let mut log = log();
        log.seek(SeekFrom::End(0)).expect("the end of the log");
        let before = self.pages().await;
        let result = operation.await;
        let pages = self.pages().await - before;
        let mut text = String::new();
        loop {
            log.read_to_string(&mut text).expect("text");
            // A background task of the store, for example the wakeup, may still write a plan to the log.
            if let Some(plans) = Plan::read(&text, &self.database) {
                return (result, Usage { pages, plans });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn pages(&self) -> i64 {
        let sum = "SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint FROM pg_stat_statements(false)
                   WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        self.session.query_one(sum, &[]).await.expect("a sum").get(0)
    }

    /// Returns the number of updates and the number of HOT updates that PostgreSQL reports for a table.
    pub(super) async fn updates(&self, table: &str) -> (i64, i64) {
        let sql = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1";
        let row = self.session.query_one(sql, &[&table]).await.expect("statistics");
        (row.get(0), row.get(1))
    }

    /// Runs `before` and returns the plans that `statements` have then. `statements` maps each statement to its parameter
    /// types.
    pub(super) fn explained(&self, statements: &BTreeMap<String, Vec<String>>, parameters: Parameters, before: &str) -> Vec<Plan> {
        let mode = if parameters == Parameters::Generic { "force_generic_plan" } else { "force_custom_plan" };
        let settings = connections::PLANNER_SETTINGS.map(|(name, value)| format!("SET {name} = '{value}';\n")).concat();
        let mut sql = format!("{before}{settings}SET plan_cache_mode = {mode};\n");
        for (number, (statement, types)) in statements.iter().enumerate() {
            let (types, values) = match types.is_empty() {
                true => (String::new(), String::new()),
                false => {
                    let values = types.iter().map(|kind| parameters.value(kind)).collect::<Vec<_>>();
                    (format!("({})", types.join(", ")), format!("({})", values.join(", ")))
                }
            };
            sql.push_str(&format!(
                "PREPARE statement_{number} {types} AS {statement};\nEXPLAIN (FORMAT JSON) EXECUTE statement_{number} {values};\n"
            ));
        }
        Plan::explained(&cluster().execute(&self.database, &sql).expect("explained"), statements.keys())
    }

    /// Returns the names of the tables of the schema.
    pub(super) async fn tables(&self) -> Vec<String> {
        let sql = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'known'";
        self.session.query(sql, &[]).await.expect("tables").iter().map(|row| row.get(0)).collect()
    }

    /// Returns how a plan finds the rows of growing tables.
    pub(super) fn accesses(&self, plan: &Plan) -> Vec<String> {
        plan.accesses(&self.leading)
    }

    /// Returns the parts of a plan whose cost grows with the database.
    pub(super) fn problems(&self, plan: &Plan) -> Vec<String> {
        plan.problems(&self.leading)
    }
}

fn log() -> std::fs::File {
    std::fs::File::open(cluster().directory().join("log")).expect("a log")
}

fn options(url: &str) -> Options {
    Options {
        url: url.parse().expect("a URL"),
        connections: 3,
        // On a slow machine, the statements that fill a large database take long.
        statement_timeout: Duration::from_secs(300),
        pooled: false,
        node_name: "one".to_owned(),
        delivers: true,
    }
}
