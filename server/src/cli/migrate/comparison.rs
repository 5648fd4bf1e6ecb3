//! Whether a table of the target is the same as what of the source it comes from, row by row.

use std::cmp::Ordering;
use std::pin::pin;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use futures_util::TryStreamExt as _;

use super::row::{Row, Value};
use super::source::Source;
use super::tables::Table;
use super::target::Target;

pub(super) enum Comparison {
    Same(Compared),
    /// The first row that differs, in words.
    Different(String),
}

pub(super) struct Compared {
    pub(super) rows: u64,
    /// The beginning of the SHA-256 of all rows, in the order of their keys.
    pub(super) hash: String,
}

/// So much of a hash is shown, in bytes.
const SHOWN: usize = 8;

/// Reads both in the order of their keys, and tells how many rows were the same so far.
pub(super) async fn compare(
    source: &Source,
    target: &Target,
    table: &'static Table,
    mut tell: impl FnMut(usize),
) -> anyhow::Result<Comparison> {
    let (mut count, mut hash) = (0, digest::Context::new(&digest::SHA256));
    let mut expected = source.rows(table, None);
    let mut found = pin!(target.rows(table).await?);
    while let Some(rows) = expected.recv().await {
        let rows = rows?;
        for row in &rows {
            let there = found.try_next().await?;
            if there.as_ref() != Some(row) {
                return Ok(Comparison::Different(difference(table, row, there)));
            }
            row.iter().for_each(|value| value.digest(&mut hash));
        }
        count += rows.len() as u64;
        tell(rows.len());
    }
    if let Some(more) = found.try_next().await? {
        return Ok(Comparison::Different(only_there(table, &more)));
    }
    target.end_of_rows().await?;
    Ok(Comparison::Same(Compared { rows: count, hash: HEXLOWER.encode(&hash.finish().as_ref()[..SHOWN]) }))
}

/// Names columns, and never what stands in them.
fn difference(table: &Table, expected: &Row, there: Option<Row>) -> String {
    let there = there.filter(|there| table.key_of(there) <= table.key_of(expected));
    match there {
        None => format!("of the table {} the row {} is missing", table.name, named(table.key_of(expected))),
        Some(there) if table.key_of(&there).cmp(table.key_of(expected)) == Ordering::Less => only_there(table, &there),
        Some(there) => {
            format!(
                "of the table {} the row {} differs in {}",
                table.name,
                named(table.key_of(expected)),
                table.differing(expected, &there)
            )
        }
    }
}

fn only_there(table: &Table, row: &Row) -> String {
    format!("the table {} has the row {}, which the source does not have", table.name, named(table.key_of(row)))
}

fn named(key: &[Value]) -> String {
    key.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
