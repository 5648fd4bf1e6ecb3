//! The plans that the server logs (`auto_explain`), and what in one would grow with what is stored.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Deserialize;

/// What stays small, however much is stored. Every other table grows.
const SMALL: [&str; 5] = ["nodes", "pauses", "properties", "schema_migrations", "walks"];

/// No verb takes more rows in hand at once: so many has the largest step, and none has a larger page.
const PAGE: f64 = 1000.0;

/// No page looks at more rows than so many.
const MOST: f64 = 10_001.0;

/// Indexes that are read from end to end, because all that they have is wanted.
const WHOLE: [&str; 3] = ["erasures_pkey", "pending_cancelled", "tokens_pkey"];

/// Where a node begins, ends or is taken over from, and where the operator resumes everything, every webhook is looked at once.
const OF_ALL_WEBHOOKS: &str = "$1::text IS NULL";

/// A statement, and how the server carried it out.
#[derive(Deserialize)]
pub(super) struct Plan {
    #[serde(rename = "Query Text", default)]
    statement: String,
    #[serde(rename = "Plan")]
    root: Node,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(rename = "Node Type")]
    kind: String,
    #[serde(rename = "Relation Name")]
    table: Option<String>,
    #[serde(rename = "Index Name")]
    index: Option<String>,
    #[serde(rename = "Index Cond")]
    index_condition: Option<String>,
    filter: Option<String>,
    #[serde(rename = "Subplan Name")]
    subplan: Option<String>,
    #[serde(rename = "Actual Rows", default)]
    rows: f64,
    #[serde(rename = "Actual Loops", default)]
    loops: f64,
    #[serde(rename = "Rows Removed by Filter", default)]
    filtered: f64,
    #[serde(rename = "Rows Removed by Index Recheck", default)]
    rechecked: f64,
    #[serde(rename = "Shared Hit Blocks", default)]
    hit: u64,
    #[serde(rename = "Shared Read Blocks", default)]
    read: u64,
    #[serde(rename = "Plans", default)]
    below: Vec<Node>,
}

impl Plan {
    /// All that a part of the server's log has of a database; `None` while the last one is still being written.
    pub(super) fn read(log: &str, database: &str) -> Option<Vec<Plan>> {
        let mut lines = log.lines().peekable();
        let mut plans = Vec::new();
        while let Some(line) = lines.next() {
            if !line.ends_with("  plan:") || line.split(' ').next() != Some(database) {
                continue;
            }
            // What belongs to a message is indented.
            let mut text = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
                text.push_str(line);
            }
            match serde_json::from_str(&text) {
                Ok(plan) => plans.push(plan),
                Err(error) if error.is_eof() && lines.peek().is_none() => return None,
                Err(error) => panic!("{error}: {text}"),
            }
        }
        Some(plans)
    }

    /// What `EXPLAIN` tells of these statements, as JSON.
    pub(super) fn explained<'a>(told: &str, statements: impl Iterator<Item = &'a String>) -> Vec<Plan> {
        let plans = serde_json::Deserializer::from_str(told).into_iter::<[Plan; 1]>();
        let of_statement = |(plan, statement): (serde_json::Result<[Plan; 1]>, &String)| {
            let [plan] = plan.unwrap_or_else(|error| panic!("{error}: {told}"));
            Plan { statement: statement.clone(), ..plan }
        };
        plans.zip(statements).map(of_statement).collect()
    }

    /// The rows of tables that grow which were looked at, wanted or not.
    pub(super) fn looked_at(&self) -> f64 {
        self.root.all().iter().filter(|node| node.grows()).map(|node| node.looked_at()).sum()
    }

    /// The most that one node looked at of a table.
    pub(super) fn most_of(&self, table: &str) -> f64 {
        let of_table = self.root.all().into_iter().filter(|node| node.table.as_deref() == Some(table));
        of_table.map(Node::looked_at).fold(0.0, f64::max)
    }

    /// What costs more the more is stored, or may come to.
    pub(super) fn offences(&self, leading: &HashMap<String, String>) -> Vec<String> {
        if self.statement.contains(OF_ALL_WEBHOOKS) {
            return Vec::new();
        }
        self.root.all().into_iter().filter_map(|node| node.offence(leading)).collect()
    }
}

impl Node {
    /// Itself, and all below it.
    fn all(&self) -> Vec<&Node> {
        let mut all = vec![self];
        all.extend(self.below.iter().flat_map(Node::all));
        all
    }

    fn grows(&self) -> bool {
        self.kind != "ModifyTable" && self.table.as_ref().is_some_and(|table| !SMALL.contains(&table.as_str()))
    }

    fn looked_at(&self) -> f64 {
        self.loops * (self.rows + self.filtered + self.rechecked)
    }

    /// Whether it finds what it looks for, and does not go over all of its index. `leading` has each index's first column.
    fn is_guided(&self, leading: &HashMap<String, String>) -> bool {
        let Some(index) = &self.index else { return true };
        let (condition, column) = (self.index_condition.as_deref().unwrap_or_default(), leading.get(index).map_or("", String::as_str));
        WHOLE.contains(&index.as_str()) || [format!("({column} "), format!("ROW({column}, ")].iter().any(|first| condition.contains(first))
    }

    fn offence(&self, leading: &HashMap<String, String>) -> Option<String> {
        let why = match self.kind.as_str() {
            "Seq Scan" if self.grows() => "reads a table from end to end",
            "Index Scan" | "Index Only Scan" if self.grows() && !self.is_guided(leading) => "reads an index from end to end",
            "Bitmap Heap Scan" if self.grows() => "reads in no order",
            "Sort" | "Incremental Sort" if self.loops * self.rows > PAGE => "sorts more than a page",
            "Materialize" | "Hash" if self.all().iter().any(|node| node.grows()) => "keeps what it reads of a table that grows",
            "Gather" | "Gather Merge" => "asks for other processes",
            _ if self.looked_at() > MOST => "goes over the same again and again",
            _ => return None,
        };
        let of = [&self.table, &self.index].map(|name| name.as_deref().unwrap_or_default()).join(" ");
        Some(format!("{} {why}: {}", self.kind, of.trim()))
    }

    fn show(&self, depth: usize, shown: &mut String) {
        let mut line = self.kind.clone();
        for (name, value) in
            [("as", &self.subplan), ("on", &self.table), ("by", &self.index), ("where", &self.index_condition), ("filter", &self.filter)]
        {
            if let Some(value) = value {
                let _ = write!(line, " {name} {value}");
            }
        }
        let Node { rows, loops, filtered, rechecked, hit, read, .. } = self;
        let _ = writeln!(
            shown,
            "{:1$}{line}: {loops} times {rows} rows, {2} removed, {3} buffers in all",
            "",
            depth * 2,
            filtered + rechecked,
            hit + read
        );
        self.below.iter().for_each(|node| node.show(depth + 1, shown));
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = String::new();
        self.root.show(1, &mut shown);
        write!(formatter, "{}\n{shown}", self.statement.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
