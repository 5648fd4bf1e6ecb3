//! Pages of lists. The cost of a page is limited, even if there are many rows and only few of them match the filter.

use super::*;

/// The maximum number of rows that are examined for one page.
const MAX_ROWS_EXAMINED: usize = 10_000;

/// A page ends when its payloads reach this size in bytes.
const MAX_PAYLOAD_BYTES: usize = 4 << 20;

/// Collects a page from rows in list order. Column 0 is the identifier. Column 1 says whether the row matches the
/// filter. For each matching row, `take` returns the item and the size of its payload.
pub(super) fn collect<T>(
    mut rows: rusqlite::Rows<'_>,
    limit: u32,
    take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<(T, usize)>,
) -> rusqlite::Result<Part<T>> {
    collect_at_most(&mut rows, limit, MAX_ROWS_EXAMINED, take)
}

fn collect_at_most<T>(
    rows: &mut rusqlite::Rows<'_>,
    limit: u32,
    max_rows: usize,
    mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<(T, usize)>,
) -> rusqlite::Result<Part<T>> {
    let mut part = Part { items: Vec::new(), next: None };
    let (mut examined, mut bytes, mut last_taken, mut last) = (0, 0, None, None);
    while let Some(row) = rows.next()? {
        if examined == max_rows {
            part.next = last;
            break;
        }
        examined += 1;
        let id = row.get::<_, Key>(0)?.0;
        last = Some(id);
        if !row.get(1)? {
            continue;
        }
        if part.items.len() == limit as usize || bytes >= MAX_PAYLOAD_BYTES {
            part.next = last_taken;
            break;
        }
        let (item, item_bytes) = take(row)?;
        part.items.push(item);
        bytes += item_bytes;
        last_taken = Some(id);
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists the rows numbered 0 to 9 that match `filter`, in pages of three.
    fn pages(max_rows: usize, bytes: usize, filter: &str) -> Vec<Vec<u8>> {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch("CREATE TABLE rows (id BLOB PRIMARY KEY, number INTEGER)").expect("a table");
        for number in 0..10_u8 {
            connection.execute("INSERT INTO rows VALUES (?1, ?2)", (Key(Uuid::from_u128(number.into())), number)).expect("a row");
        }
        let (mut pages, mut after) = (Vec::new(), Uuid::max());
        loop {
            let query = format!("SELECT id, {filter}, number FROM rows WHERE id < ?1 ORDER BY id DESC");
            let mut statement = connection.prepare(&query).expect("a statement");
            let mut rows = statement.query([Key(after)]).expect("rows");
            let part = collect_at_most(&mut rows, 3, max_rows, |row| Ok((row.get(2)?, bytes))).expect("a page");
            pages.push(part.items);
            let Some(next) = part.next else { return pages };
            after = next;
        }
    }

    #[test]
    fn pages_have_no_gaps_and_the_last_page_has_no_next() {
        assert_eq!(pages(100, 0, "1"), [vec![9, 8, 7], vec![6, 5, 4], vec![3, 2, 1], vec![0]]);
        assert_eq!(pages(100, 0, "number < 6"), [vec![5, 4, 3], vec![2, 1, 0]], "no empty page follows");
        assert_eq!(pages(100, 0, "number = 5"), [[5]]);
        assert_eq!(pages(100, 0, "0"), [[0; 0]]);
    }

    #[test]
    fn a_page_ends_at_the_row_limit_and_the_next_continues_there() {
        assert_eq!(pages(4, 0, "number < 2"), [vec![], vec![], vec![1, 0]]);
        assert_eq!(pages(5, 0, "number IN (9, 0)"), [vec![9], vec![0]]);
        assert_eq!(pages(10, 0, "0"), [[0; 0]], "all rows were examined");
    }

    #[test]
    fn a_page_ends_when_its_payloads_are_large() {
        assert_eq!(pages(100, MAX_PAYLOAD_BYTES, "number > 6"), [[9], [8], [7]]);
    }
}
