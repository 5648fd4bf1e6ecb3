//! Pages of lists. The cost of a page is limited, even if there are many rows and only few of them match the filter.

use super::*;

/// The maximum number of rows that are examined for one page.
const MAX_ROWS_EXAMINED: usize = 10_000;

/// A page ends when its payloads reach this size in bytes.
const MAX_PAYLOAD_BYTES: usize = 4 << 20;

/// Collects a page from rows in list order. Column 0 is the identifier. Column 1 says whether the row matches the
/// filter. For each matching row, `take` returns the item and the size of its payload.
pub(super) fn collect<T>(
    rows: rusqlite::Rows<'_>,
    limit: u32,
    take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<(T, usize)>,
) -> rusqlite::Result<Part<T>> {
    PageCollector::new(limit).collect(rows, take)
}

/// Like [`collect`], but `take` returns `None` for a row that does not match the part of the filter that SQL cannot
/// express.
pub(super) fn collect_some<T>(
    mut rows: rusqlite::Rows<'_>,
    limit: u32,
    mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<Option<(T, usize)>>,
) -> rusqlite::Result<Part<T>> {
    let mut collector = PageCollector::new(limit);
    while let Some(row) = rows.next()? {
        let item = if row.get(1)? { take(row)? } else { None };
        if !collector.add(row.get::<_, Key>(0)?.0, item.is_some(), || item.ok_or(rusqlite::Error::QueryReturnedNoRows))? {
            break;
        }
    }
    Ok(collector.part())
}

/// Collects a page. Its rows are added in list order.
pub(super) struct PageCollector<T> {
    limit: usize,
    max_rows: usize,
    part: Part<T>,
    examined: usize,
    bytes: usize,
    last: Option<Uuid>,
    last_taken: Option<Uuid>,
}

impl<T> PageCollector<T> {
    pub(super) fn new(limit: u32) -> PageCollector<T> {
        let part = Part { items: Vec::new(), next: None };
        PageCollector { limit: limit as usize, max_rows: MAX_ROWS_EXAMINED, part, examined: 0, bytes: 0, last: None, last_taken: None }
    }

    /// Adds a row. If the row matches the filter and the page has room, `take` returns the item and the size of its
    /// payload. Returns false if the page is complete.
    pub(super) fn add(&mut self, id: Uuid, matches: bool, take: impl FnOnce() -> rusqlite::Result<(T, usize)>) -> rusqlite::Result<bool> {
        if self.examined == self.max_rows {
            self.part.next = self.last;
            return Ok(false);
        }
        self.examined += 1;
        self.last = Some(id);
        if !matches {
            return Ok(true);
        }
        if self.part.items.len() == self.limit || self.bytes >= MAX_PAYLOAD_BYTES {
            self.part.next = self.last_taken;
            return Ok(false);
        }
        let (item, bytes) = take()?;
        self.part.items.push(item);
        self.bytes += bytes;
        self.last_taken = Some(id);
        Ok(true)
    }

    fn collect(
        mut self,
        mut rows: rusqlite::Rows<'_>,
        mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<(T, usize)>,
    ) -> rusqlite::Result<Part<T>> {
        while let Some(row) = rows.next()? {
            if !self.add(row.get::<_, Key>(0)?.0, row.get(1)?, || take(row))? {
                break;
            }
        }
        Ok(self.part)
    }

    pub(super) fn part(self) -> Part<T> {
        self.part
    }
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
            let rows = statement.query([Key(after)]).expect("rows");
            let collector = PageCollector { max_rows, ..PageCollector::new(3) };
            let part = collector.collect(rows, |row| Ok((row.get(2)?, bytes))).expect("a page");
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
