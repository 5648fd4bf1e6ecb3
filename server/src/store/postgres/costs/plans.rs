//! Reads the query plans that PostgreSQL logs (`auto_explain`). Finds the plan nodes whose cost grows with the size of
//! the database.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::super::ready::ALL_WEBHOOKS;

/// The tables that stay small. Every other table grows.
const SMALL_TABLES: [&str; 8] = ["dead_incarnations", "holds", "keys", "nodes", "pauses", "properties", "schema_migrations", "walks"];

/// Maximum number of rows that one plan node may sort. No step and no page of a list has more rows.
const MAX_SORTED: f64 = 1000.0;

/// Maximum number of rows that one plan node may examine.
const MAX_EXAMINED: f64 = 10_001.0;

/// Indexes that a plan may scan completely, because the operation needs all rows.
const SCANNED_INDEXES: [&str; 5] = ["cancellations_pkey", "erasures_pkey", "pending_cancelled", "pending_suspects", "tokens_pkey"];

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
    children: Vec<Node>,
}

impl Plan {
    /// Parses all plans of one database from `log`, a part of the log of PostgreSQL. Returns `None` if the last plan is
    /// incomplete.
    pub(super) fn read(log: &str, database: &str) -> Option<Vec<Plan>> {
        let mut lines = log.lines().peekable();
        let mut plans = Vec::new();
        while let Some(line) = lines.next() {
            if !line.ends_with("  plan:") || line.split(' ').next() != Some(database) {
                continue;
            }
            // The further lines of a log message begin with a tab.
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

    /// Parses the JSON output of `EXPLAIN` for these statements.
    pub(super) fn explained<'a>(output: &str, statements: impl Iterator<Item = &'a String>) -> Vec<Plan> {
        let plans = serde_json::Deserializer::from_str(output).into_iter::<[Plan; 1]>();
        let of_statement = |(plan, statement): (serde_json::Result<[Plan; 1]>, &String)| {
            let [plan] = plan.unwrap_or_else(|error| panic!("{error}: {output}"));
            Plan { statement: statement.clone(), ..plan }
        };
        plans.zip(statements).map(of_statement).collect()
    }

    /// Returns the number of rows that the plan examined in growing tables, including rows that did not match.
    pub(super) fn examined_rows(&self) -> f64 {
        self.root.all().iter().filter(|node| node.grows()).map(|node| node.examined_rows()).sum()
    }

    /// Returns how the plan finds the rows of growing tables: for each scan, the table, the index and the condition.
    pub(super) fn accesses(&self, leading: &HashMap<String, String>) -> Vec<String> {
        let mut accesses: Vec<String> = self.root.all().iter().filter(|node| node.grows()).map(|node| node.access(leading)).collect();
        accesses.sort_unstable();
        accesses
    }

    /// Returns the maximum number of rows of `table` that a single plan node has examined.
    pub(super) fn max_examined_rows(&self, table: &str) -> f64 {
        let of_table = self.root.all().into_iter().filter(|node| node.table.as_deref() == Some(table));
        of_table.map(Node::examined_rows).fold(0.0, f64::max)
    }

    /// Returns the nodes of the plan whose cost grows, or may grow, with the size of the database.
    pub(super) fn problems(&self, leading: &HashMap<String, String>) -> Vec<String> {
        // Only statements that read every webhook have this condition. They run rarely, for example when a node joins or is
        // taken over.
        if self.statement.contains(ALL_WEBHOOKS) {
            return Vec::new();
        }
        self.root.all().into_iter().filter_map(|node| node.problem(leading)).collect()
    }
}

impl Node {
    /// Returns this plan node and all its descendants.
    fn all(&self) -> Vec<&Node> {
        let mut all = vec![self];
        all.extend(self.children.iter().flat_map(Node::all));
        all
    }

    fn access(&self, leading: &HashMap<String, String>) -> String {
        let Node { kind, table, index, index_condition, .. } = self;
        let (kind, condition) = (kind.replace("Index Only", "Index"), index_condition.as_deref().unwrap_or_default());
        let table = table.as_deref().unwrap_or_default();
        // If a condition names the identifier and another column, an index by both columns is as good as the primary key.
        match condition.contains("(id = ") && self.is_limited(leading) {
            true => format!("{kind} {table} by id"),
            false => format!("{kind} {table} {index:?} {condition}"),
        }
    }

    fn grows(&self) -> bool {
        self.kind != "ModifyTable" && self.table.as_ref().is_some_and(|table| !SMALL_TABLES.contains(&table.as_str()))
    }

    fn examined_rows(&self) -> f64 {
        self.loops * (self.rows + self.filtered + self.rechecked)
    }

    /// Whether the index condition limits the scan to a part of the index. `leading` has the first column of each index.
    fn is_limited(&self, leading: &HashMap<String, String>) -> bool {
        let Some(index) = &self.index else { return true };
        let (condition, column) = (self.index_condition.as_deref().unwrap_or_default(), leading.get(index).map_or("", String::as_str));
        SCANNED_INDEXES.contains(&index.as_str())
            || [format!("({column} "), format!("ROW({column}, ")].iter().any(|first| condition.contains(first))
    }

    fn problem(&self, leading: &HashMap<String, String>) -> Option<String> {
        let why = match self.kind.as_str() {
            "Seq Scan" if self.grows() => "scans a growing table",
            "Index Scan" | "Index Only Scan" if self.grows() && !self.is_limited(leading) => "scans an index completely",
            "Bitmap Heap Scan" if self.grows() => "reads a growing table without order",
            "Sort" | "Incremental Sort" if self.loops * self.rows > MAX_SORTED => "sorts more rows than a page has",
            "Materialize" | "Hash" if self.all().iter().any(|node| node.grows()) => "keeps rows of a growing table in memory",
            "Gather" | "Gather Merge" => "uses parallel workers",
            _ if self.examined_rows() > MAX_EXAMINED => "examines too many rows",
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
            "{:1$}{line}: {rows} rows in each of {loops} loops, {2} rows removed, {3} buffers in total",
            "",
            depth * 2,
            filtered + rechecked,
            hit + read
        );
        self.children.iter().for_each(|node| node.show(depth + 1, shown));
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = String::new();
        self.root.show(1, &mut shown);
        write!(formatter, "{}\n{shown}", self.statement.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
