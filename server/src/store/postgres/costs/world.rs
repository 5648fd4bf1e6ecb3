//! A database that has grown, and what watches what a store costs it.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::OnceLock;

use webhooks_postgres::Cluster;

use super::*;

/// Webhooks of which always the same waits, whatever else is stored.
pub(super) const FEW: Range<usize> = 0..20;

/// One that has much behind it.
pub(super) const BUSY: usize = 20;

pub(super) const DEACTIVATED: usize = 21;

/// Those that what grows is spread over, of a hundred accounts.
pub(super) const MANY: Range<usize> = 30..1030;

/// A server that tells what each statement of a store cost, and in which nothing happens that nobody has asked for.
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
            // Plans are told apart by their databases.
            ("log_line_prefix", "%d "),
        ];
        let options = settings.iter().fold(webhooks_postgres::Options::default(), |options, (name, value)| options.set(name, value));
        Cluster::with(&options).unwrap_or_else(|error| panic!("{error:#}"))
    })
}

/// What PostgreSQL plans a statement for. It chooses between the two once it has run it five times, so both have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Planned {
    /// For the parameters at hand.
    Anew,
    /// Once for any parameters, when the statement first runs on its connection.
    Once,
}

impl Planned {
    pub(super) fn name(self) -> &'static str {
        match self {
            Planned::Anew => "anew",
            Planned::Once => "once",
        }
    }
}

pub(super) struct World {
    database: String,
    watch: Session,
    pub(super) now: DateTime<Utc>,
    /// The first column of each index.
    leading: HashMap<String, String>,
}

impl World {
    /// With nothing in it.
    pub(super) async fn new() -> World {
        let database = cluster().create_database().expect("a database");
        let [_, watch] = Connections::open(&options(&cluster().url(&database))).expect("connections");
        schema::migrate(&watch).await.expect("migrated");
        let watch = watch.session().await.expect("a session");
        let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).expect("a time");
        let mut world = World { database, watch, now, leading: HashMap::new() };
        world.run("CREATE EXTENSION pg_stat_statements").await;
        world.run(include_str!("fill.sql")).await;
        let leading = "SELECT c.relname::text, a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]";
        world.leading = world.watch.query(leading, &[]).await.expect("indexes").iter().map(|row| (row.get(0), row.get(1))).collect();
        world
    }

    /// More webhooks.
    pub(super) async fn know(&self, webhooks: Range<usize>) {
        let (number, before, created_at) = (webhooks.start, webhooks.end, self.days_ago(60).to_rfc3339());
        self.run(&format!("SELECT know({number}, {before}, '{created_at}')")).await;
    }

    /// As `know` names it.
    pub(super) fn webhook(&self, number: usize) -> Uuid {
        let milliseconds = self.days_ago(60).timestamp_millis() as u128;
        Uuid::from_u128(milliseconds << 80 | 0x70008 << 60 | number as u128)
    }

    pub(super) fn account(&self, number: usize) -> Account {
        Account::parse(format!("account-{}", number / 10)).expect("an account")
    }

    /// A store on it, whose statements are watched.
    pub(super) async fn store(&self, planned: Planned) -> Postgres {
        let mode = match planned {
            Planned::Anew => "force_custom_plan",
            Planned::Once => "force_generic_plan",
        };
        let settings = [("auto_explain.log_min_duration", "0"), ("pg_stat_statements.track", "all"), ("plan_cache_mode", mode)];
        let settings: String = settings.iter().map(|(name, value)| format!("-c%20{name}%3D{value}%20")).collect();
        let url = format!("{}?options={settings}", cluster().url(&self.database));
        Postgres::open(options(&url), Arc::default()).await.expect("opened")
    }

    pub(super) fn days_ago(&self, days: i64) -> DateTime<Utc> {
        self.now - TimeDelta::days(days)
    }

    /// Statements beside the stores.
    pub(super) async fn run(&self, sql: &str) {
        self.watch.run(sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }

    /// Fills it with so many deliveries of these webhooks, `apart` seconds from one another.
    pub(super) async fn fill(&self, count: usize, days_ago: i64, apart: usize, webhooks: Range<usize>, becomes: &str) {
        let (start, of, before) = (self.days_ago(days_ago).to_rfc3339(), webhooks.start, webhooks.end);
        self.run(&format!(
            "SELECT fill({count}, '{start}', interval '{apart} seconds', {of}, {before}, string_to_array('{becomes}', ' '))"
        ))
        .await;
    }

    /// As if all that is due now were in the memory of a node.
    pub(super) async fn settle(&self) {
        self.run("SELECT settle()").await;
    }

    /// Removes all deliveries of a webhook.
    pub(super) async fn forget(&self, number: usize) {
        self.run(&format!("SELECT forget('{}')", self.webhook(number))).await;
    }

    /// What that does in the database, while nothing else is done on it.
    pub(super) async fn spent<T>(&self, verb: impl Future<Output = T>) -> (T, Spent) {
        let mut log = log();
        log.seek(SeekFrom::End(0)).expect("the end of the log");
        let before = self.pages().await;
        let answer = verb.await;
        let pages = self.pages().await - before;
        let mut text = String::new();
        loop {
            log.read_to_string(&mut text).expect("text");
            // A task of the store may still be at a statement, such as a notification.
            if let Some(plans) = Plan::read(&text, &self.database) {
                return (answer, Spent { pages, plans });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn pages(&self) -> i64 {
        let sum = "SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint FROM pg_stat_statements(false)
                   WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        self.watch.query_one(sum, &[]).await.expect("a sum").get(0)
    }

    /// How many rows of a table have been updated, and how many of these stayed in their page (HOT), as far as has been told.
    pub(super) async fn updates(&self, table: &str) -> (i64, i64) {
        let told = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1";
        let told = self.watch.query_one(told, &[&table]).await.expect("statistics");
        (told.get(0), told.get(1))
    }

    /// How statements with parameters of these types would be carried out now, whatever the parameters.
    pub(super) fn explained(&self, statements: &BTreeMap<String, Vec<String>>) -> Vec<Plan> {
        let mut sql: String = connections::TURNED_OFF.iter().map(|name| format!("SET {name} = off;\n")).collect();
        sql.push_str("SET plan_cache_mode = force_generic_plan;\n");
        for (number, (statement, types)) in statements.iter().enumerate() {
            let (types, values) = match types.is_empty() {
                true => (String::new(), String::new()),
                false => (format!("({})", types.join(", ")), format!("({})", vec!["NULL"; types.len()].join(", "))),
            };
            sql.push_str(&format!(
                "PREPARE statement_{number} {types} AS {statement};\nEXPLAIN (FORMAT JSON) EXECUTE statement_{number} {values};\n"
            ));
        }
        Plan::explained(&cluster().execute(&self.database, &sql).expect("explained"), statements.keys())
    }

    /// What in a plan costs more the more is stored.
    pub(super) fn offences(&self, plan: &Plan) -> Vec<String> {
        plan.offences(&self.leading)
    }
}

/// What the server has said.
fn log() -> std::fs::File {
    std::fs::File::open(cluster().directory().join("log")).expect("a log")
}

fn options(url: &str) -> Options {
    Options {
        url: url.parse().expect("a URL"),
        connections: 3,
        statement_timeout: Duration::from_secs(30),
        pooled: false,
        node_name: "one".to_owned(),
        delivers: true,
    }
}
