//! Pages of lists. The cost of a page is limited, even if the filter matches only few of many rows.
//!
//! Rows are read in chunks. The first chunk has one row more than the page. Each further chunk is four times as large
//! as the previous chunk. So a list without a filter needs one query. If few rows match the filter, a page needs only a
//! few queries.

use super::*;

/// The maximum number of rows that are examined for one page.
const MAX_EXAMINED: usize = 10_000;

/// A page ends when it contains at least this many bytes of payloads.
const MAX_PAYLOAD_BYTES: usize = 4 << 20;

/// Returns the condition and the `ORDER BY` of a query for the rows whose `column` has this value, newest first, up to
/// the identifier `before`. All of these rows have the same value. Because the order begins with this column, the planner
/// can use only the index that begins with it.
pub(super) fn in_order(column: Option<(&str, &str)>, id: &str, before: &str) -> (String, String) {
    match column {
        Some((name, value)) => (format!("({name}, {id}) < ({value}, {before}) AND {name} >= {value}"), format!("{name} DESC, {id} DESC")),
        None => (format!("{id} < {before}"), format!("{id} DESC")),
    }
}

/// Collects the items of a page from chunks of rows.
pub(super) struct PageCollector<T> {
    limit: usize,
    part: Part<T>,
    max_examined: usize,
    examined: usize,
    bytes: usize,
    /// The lowest identifier of the list.
    first: Uuid,
    last: Uuid,
    last_taken: Option<Uuid>,
    /// The size of the next chunk. `None` means that the page is complete.
    chunk_size: Option<usize>,
}

impl<T> PageCollector<T> {
    pub(super) fn new(page: Page) -> PageCollector<T> {
        let limit = page.limit as usize;
        PageCollector {
            limit,
            part: Part { items: Vec::with_capacity(limit), next: None },
            max_examined: MAX_EXAMINED,
            examined: 0,
            bytes: 0,
            first: Uuid::nil(),
            last: page.after.unwrap_or(Uuid::max()),
            last_taken: None,
            chunk_size: Some(limit + 1),
        }
    }

    /// Ends the list with the identifier `first`. A query for a chunk does not need this condition, because a page has at
    /// most one more chunk. PostgreSQL would not end a search in an index there.
    pub(super) fn down_to(self, first: Uuid) -> PageCollector<T> {
        PageCollector { first, ..self }
    }

    /// Returns the next chunk to read: the identifier of the row before the chunk, and the size of the chunk. Returns
    /// `None` when the page is complete.
    pub(super) fn next_chunk(&self) -> Option<(Uuid, i64)> {
        self.chunk_size.map(|size| (self.last, size as i64))
    }

    /// Adds a chunk of rows, in the order of the list. The first two columns are the identifier and whether the filter
    /// matches. `take` converts a matching row to an item and the size of its payload.
    pub(super) fn add(&mut self, rows: &[Row], mut take: impl FnMut(&Row) -> SessionResult<(T, usize)>) -> SessionResult<()> {
        self.add_some(rows, |row| take(row).map(Some))
    }

    /// Like [`PageCollector::add`], but `take` returns `None` for a row that does not match the part of the filter that SQL
    /// cannot express.
    pub(super) fn add_some(&mut self, rows: &[Row], mut take: impl FnMut(&Row) -> SessionResult<Option<(T, usize)>>) -> SessionResult<()> {
        let examine = |row: &Row| {
            let (id, matches): (Uuid, bool) = (row.try_get(0)?, row.try_get(1)?);
            Ok((id, if matches { take(row)? } else { None }))
        };
        self.add_chunk(rows.iter().map(examine).collect::<SessionResult<_>>()?);
        Ok(())
    }

    fn add_chunk(&mut self, rows: Vec<(Uuid, Option<(T, usize)>)>) {
        let Some(size) = self.chunk_size.take() else { return };
        let is_end = rows.len() < size;
        for (id, item) in rows {
            if id < self.first {
                return;
            }
            // This row is beyond the limit of examined rows. It only shows that the list continues.
            if self.examined == self.max_examined {
                self.part.next = Some(self.last);
                return;
            }
            self.examined += 1;
            self.last = id;
            let Some((item, bytes)) = item else { continue };
            if self.part.items.len() == self.limit || self.bytes >= MAX_PAYLOAD_BYTES {
                self.part.next = self.last_taken;
                return;
            }
            self.part.items.push(item);
            self.bytes += bytes;
            self.last_taken = Some(id);
        }
        self.chunk_size = (!is_end).then(|| (size * 4).min(self.max_examined + 1 - self.examined));
    }

    pub(super) fn part(self) -> Part<T> {
        self.part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns all pages of a list of ten rows, with `matches` as the filter. A page has at most three items, and each
    /// item has `bytes` of payload.
    fn pages(max_examined: usize, bytes: usize, matches: impl Fn(u8) -> bool) -> Vec<Vec<u8>> {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let mut collector = PageCollector { max_examined, ..PageCollector::new(Page { after, limit: 3 }) };
            while let Some((before, size)) = collector.next_chunk() {
                let numbers = (0..10_u8).rev().filter(|number| Uuid::from_u128((*number).into()) < before);
                let row = |number: u8| (Uuid::from_u128(number.into()), matches(number).then_some((number, bytes)));
                collector.add_chunk(numbers.take(size as usize).map(row).collect());
            }
            let part = collector.part();
            pages.push(part.items);
            if part.next.is_none() {
                return pages;
            }
            after = part.next;
        }
    }

    #[test]
    fn pages_cover_the_list_and_the_last_one_has_no_next() {
        assert_eq!(pages(100, 0, |_| true), [vec![9, 8, 7], vec![6, 5, 4], vec![3, 2, 1], vec![0]]);
        assert_eq!(pages(100, 0, |number| number < 6), [vec![5, 4, 3], vec![2, 1, 0]], "no empty page follows");
        assert_eq!(pages(100, 0, |number| number == 5), [[5]]);
        assert_eq!(pages(100, 0, |_| false), [[0; 0]]);
    }

    #[test]
    fn a_page_ends_after_the_maximum_of_examined_rows_and_the_next_continues() {
        assert_eq!(pages(4, 0, |number| number < 2), [vec![], vec![], vec![1, 0]]);
        assert_eq!(pages(5, 0, |number| number == 9 || number == 0), [vec![9], vec![0]]);
        assert_eq!(pages(10, 0, |_| false), [[0; 0]], "all rows were examined");
    }

    #[test]
    fn a_page_ends_when_its_payloads_are_large_enough() {
        assert_eq!(pages(100, MAX_PAYLOAD_BYTES, |number| number > 6), [[9], [8], [7]]);
    }

    #[test]
    fn a_list_with_few_matches_needs_few_chunks() {
        let mut collector = PageCollector::<()>::new(Page { after: None, limit: 100 });
        let mut chunks = Vec::new();
        let mut rows = (1..=20_000_u128).rev();
        while let Some((_, size)) = collector.next_chunk() {
            chunks.push(size);
            collector.add_chunk(rows.by_ref().take(size as usize).map(|number| (Uuid::from_u128(number), None)).collect());
        }
        assert_eq!(chunks, [101, 404, 1616, 6464, 1416]);
        assert_eq!(collector.part().next, Some(Uuid::from_u128(10_001)), "ten thousand rows were examined");
    }
}
