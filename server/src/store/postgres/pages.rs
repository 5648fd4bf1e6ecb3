//! Pages of lists: what one costs is bounded, however few of many rows its filter lets through.
//!
//! Rows come in chunks, of which the first has as many as the page wants and one more, and each other four times as many as
//! the one before: a list without a filter takes one query, and one that finds little takes no more than a few.

use super::*;

/// So many rows are looked at for one page.
const LOOKED_AT_ONCE: usize = 10_000;

/// A page ends when it has so many bytes of payloads.
const PAYLOAD_BYTES: usize = 4 << 20;

/// A page of what the filter lets through, on the way to be one.
pub(super) struct Collecting<T> {
    limit: usize,
    part: Part<T>,
    looked_at_once: usize,
    looked_at: usize,
    bytes: usize,
    last: Uuid,
    last_taken: Option<Uuid>,
    /// How many rows to ask for next; `None` when nothing more is to be looked at.
    wanted: Option<usize>,
}

impl<T> Collecting<T> {
    pub(super) fn new(page: Page) -> Collecting<T> {
        let limit = page.limit as usize;
        Collecting {
            limit,
            part: Part { items: Vec::with_capacity(limit), next: None },
            looked_at_once: LOOKED_AT_ONCE,
            looked_at: 0,
            bytes: 0,
            last: page.after.unwrap_or(Uuid::max()),
            last_taken: None,
            wanted: Some(limit + 1),
        }
    }

    /// Which rows of the list to look at next: as many, or all there are, that stand behind an identifier. `None` when the page
    /// is complete.
    pub(super) fn next_chunk(&self) -> Option<(Uuid, i64)> {
        self.wanted.map(|wanted| (self.last, wanted as i64))
    }

    /// Goes through these rows in the order of the list, whose first two columns are the identifier and whether the filter lets
    /// it through, and collects what `take` makes of those that it does, with the bytes of payload in it.
    pub(super) fn add(&mut self, rows: &[Row], mut take: impl FnMut(&Row) -> Answer<(T, usize)>) -> Answer<()> {
        let look = |row: &Row| {
            let (id, lets_through): (Uuid, bool) = (row.try_get(0)?, row.try_get(1)?);
            Ok((id, lets_through.then(|| take(row)).transpose()?))
        };
        self.look_at(rows.iter().map(look).collect::<Answer<_>>()?);
        Ok(())
    }

    fn look_at(&mut self, rows: Vec<(Uuid, Option<(T, usize)>)>) {
        let Some(wanted) = self.wanted.take() else { return };
        let is_end = rows.len() < wanted;
        for (id, item) in rows {
            // The one behind all that may be looked at only tells that the list goes on.
            if self.looked_at == self.looked_at_once {
                self.part.next = Some(self.last);
                return;
            }
            self.looked_at += 1;
            self.last = id;
            let Some((item, bytes)) = item else { continue };
            if self.part.items.len() == self.limit || self.bytes >= PAYLOAD_BYTES {
                self.part.next = self.last_taken;
                return;
            }
            self.part.items.push(item);
            self.bytes += bytes;
            self.last_taken = Some(id);
        }
        self.wanted = (!is_end).then(|| (wanted * 4).min(self.looked_at_once + 1 - self.looked_at));
    }

    pub(super) fn part(self) -> Part<T> {
        self.part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of those rows of ten that `lets_through`, in pages of three.
    fn pages(looked_at_once: usize, bytes: usize, lets_through: impl Fn(u8) -> bool) -> Vec<Vec<u8>> {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let mut collecting = Collecting { looked_at_once, ..Collecting::new(Page { after, limit: 3 }) };
            while let Some((before, wanted)) = collecting.next_chunk() {
                let numbers = (0..10_u8).rev().filter(|number| Uuid::from_u128((*number).into()) < before);
                let look = |number: u8| (Uuid::from_u128(number.into()), lets_through(number).then_some((number, bytes)));
                collecting.look_at(numbers.take(wanted as usize).map(look).collect());
            }
            let part = collecting.part();
            pages.push(part.items);
            if part.next.is_none() {
                return pages;
            }
            after = part.next;
        }
    }

    #[test]
    fn pages_meet_and_the_last_one_says_so() {
        assert_eq!(pages(100, 0, |_| true), [vec![9, 8, 7], vec![6, 5, 4], vec![3, 2, 1], vec![0]]);
        assert_eq!(pages(100, 0, |number| number < 6), [vec![5, 4, 3], vec![2, 1, 0]], "no page follows that would be empty");
        assert_eq!(pages(100, 0, |number| number == 5), [[5]]);
        assert_eq!(pages(100, 0, |_| false), [[0; 0]]);
    }

    #[test]
    fn a_page_ends_when_enough_rows_were_looked_at_and_goes_on_behind_them() {
        assert_eq!(pages(4, 0, |number| number < 2), [vec![], vec![], vec![1, 0]]);
        assert_eq!(pages(5, 0, |number| number == 9 || number == 0), [vec![9], vec![0]]);
        assert_eq!(pages(10, 0, |_| false), [[0; 0]], "all were looked at");
    }

    #[test]
    fn a_page_ends_when_it_is_large_enough() {
        assert_eq!(pages(100, PAYLOAD_BYTES, |number| number > 6), [[9], [8], [7]]);
    }

    #[test]
    fn a_list_that_lets_little_through_takes_few_chunks() {
        let mut collecting = Collecting::<()>::new(Page { after: None, limit: 100 });
        let mut chunks = Vec::new();
        let mut rows = (1..=20_000_u128).rev();
        while let Some((_, wanted)) = collecting.next_chunk() {
            chunks.push(wanted);
            collecting.look_at(rows.by_ref().take(wanted as usize).map(|number| (Uuid::from_u128(number), None)).collect());
        }
        assert_eq!(chunks, [101, 404, 1616, 6464, 1416]);
        assert_eq!(collecting.part().next, Some(Uuid::from_u128(10_001)), "ten thousand were looked at");
    }
}
