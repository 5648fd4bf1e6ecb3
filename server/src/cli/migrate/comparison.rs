//! Compares each row of a table in the target with the row of the source.

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
    /// A description of the first row that differs.
    Different(String),
}

pub(super) struct Compared {
    pub(super) rows: u64,
    /// The first bytes of the SHA-256 hash of all rows in key order, in hex digits.
    pub(super) hash: String,
}

/// The number of hash bytes that are shown.
const SHOWN_HASH_BYTES: usize = 8;

/// Reads `table` from the source and from the target in key order. After each batch of equal rows, calls `report` with the
/// number of rows in the batch.
pub(super) async fn compare(
    source: &Source,
    target: &Target,
    table: &'static Table,
    mut report: impl FnMut(usize),
) -> anyhow::Result<Comparison> {
    let (mut count, mut hash) = (0, digest::Context::new(&digest::SHA256));
    let mut source_rows = source.rows(table, None);
    let mut target_rows = pin!(target.rows(table).await?);
    while let Some(rows) = source_rows.recv().await {
        let rows = rows?;
        for row in &rows {
            let actual = target_rows.try_next().await?;
            if actual.as_ref() != Some(row) {
                return Ok(Comparison::Different(difference(table, row, actual)));
            }
            row.iter().for_each(|value| value.digest(&mut hash));
        }
        count += rows.len() as u64;
        report(rows.len());
    }
    if let Some(row) = target_rows.try_next().await? {
        return Ok(Comparison::Different(not_in_source(table, &row)));
    }
    target.end_of_rows().await?;
    Ok(Comparison::Same(Compared { rows: count, hash: HEXLOWER.encode(&hash.finish().as_ref()[..SHOWN_HASH_BYTES]) }))
}

/// Describes the first difference: the key of the row and the names of the differing columns, but not their values.
fn difference(table: &Table, expected: &Row, actual: Option<Row>) -> String {
    let actual = actual.filter(|actual| table.key_of(actual) <= table.key_of(expected));
    match actual {
        None => format!("in the table {} the row {} is missing", table.name, key_text(table.key_of(expected))),
        Some(actual) if table.key_of(&actual).cmp(table.key_of(expected)) == Ordering::Less => not_in_source(table, &actual),
        Some(actual) => {
            format!(
                "in the table {} the row {} differs in {}",
                table.name,
                key_text(table.key_of(expected)),
                table.differing_columns(expected, &actual)
            )
        }
    }
}

fn not_in_source(table: &Table, row: &Row) -> String {
    format!("the table {} has the row {}, which is not in the source", table.name, key_text(table.key_of(row)))
}

fn key_text(key: &[Value]) -> String {
    key.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
