//! Pages of lists: what one costs is bounded, however few of many rows its filter lets through.
//!
//! Rows come in chunks, of which the first has as many as the page wants and one more, and each other four times as many as
//! the one before: a list without a filter takes one query, and one that finds little takes no more than a few.

use super::*;

/// So many rows are looked at for one page.
const LOOKED_AT_ONCE: usize = 10_000;

/// A page ends when it has so many bytes of payloads.
const PAYLOAD_BYTES: usize = 4 << 20;

/// A row of a list.
pub(super) struct Looked<T> {
    pub(super) id: Uuid,
    /// With the bytes of payload in it; `None` when the filter does not let it through.
    pub(super) item: Option<(T, usize)>,
}

impl<T> Looked<T> {
    /// From a row whose first two columns are the identifier and whether the filter lets it through, and what `take` makes of
    /// one that it does.
    pub(super) fn at(row: &Row, take: impl FnOnce(&Row) -> Answer<(T, usize)>) -> Answer<Looked<T>> {
        Ok(Looked { id: row.try_get(0)?, item: if row.try_get(1)? { Some(take(row)?) } else { None } })
    }
}

/// Goes through rows in the order of the list and collects what the filter lets through. `chunk` answers at most so many
/// rows that stand behind an identifier.
pub(super) async fn collect<T>(page: Page, chunk: impl AsyncFnMut(Uuid, i64) -> Answer<Vec<Looked<T>>>) -> Answer<Part<T>> {
    collect_at_most(page, LOOKED_AT_ONCE, chunk).await
}

async fn collect_at_most<T>(
    page: Page,
    looked_at_once: usize,
    mut chunk: impl AsyncFnMut(Uuid, i64) -> Answer<Vec<Looked<T>>>,
) -> Answer<Part<T>> {
    let mut part = Part { items: Vec::new(), next: None };
    let (mut looked_at, mut bytes, mut last_taken) = (0, 0, None);
    let mut last = page.after.unwrap_or(Uuid::max());
    let mut size = page.limit as usize + 1;
    loop {
        // The one behind all that may be looked at only tells that the list goes on.
        let wanted = size.min(looked_at_once + 1 - looked_at);
        let rows = chunk(last, wanted as i64).await?;
        let is_end = rows.len() < wanted;
        for row in rows {
            if looked_at == looked_at_once {
                part.next = Some(last);
                return Ok(part);
            }
            looked_at += 1;
            last = row.id;
            let Some((item, of_item)) = row.item else { continue };
            if part.items.len() == page.limit as usize || bytes >= PAYLOAD_BYTES {
                part.next = last_taken;
                return Ok(part);
            }
            part.items.push(item);
            bytes += of_item;
            last_taken = Some(row.id);
        }
        if is_end {
            return Ok(part);
        }
        size *= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of those rows of ten that `lets_through`, in pages of three.
    async fn pages(looked_at_once: usize, bytes: usize, lets_through: impl Fn(u8) -> bool) -> Vec<Vec<u8>> {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let chunk = async |before: Uuid, limit: i64| {
                let numbers = (0..10_u8).rev().filter(|number| Uuid::from_u128((*number).into()) < before).take(limit as usize);
                let look =
                    |number: u8| Looked { id: Uuid::from_u128(number.into()), item: lets_through(number).then_some((number, bytes)) };
                Ok(numbers.map(look).collect())
            };
            let part = collect_at_most(Page { after, limit: 3 }, looked_at_once, chunk).await.expect("a page");
            pages.push(part.items);
            if part.next.is_none() {
                return pages;
            }
            after = part.next;
        }
    }

    #[tokio::test]
    async fn pages_meet_and_the_last_one_says_so() {
        assert_eq!(pages(100, 0, |_| true).await, [vec![9, 8, 7], vec![6, 5, 4], vec![3, 2, 1], vec![0]]);
        assert_eq!(pages(100, 0, |number| number < 6).await, [vec![5, 4, 3], vec![2, 1, 0]], "no page follows that would be empty");
        assert_eq!(pages(100, 0, |number| number == 5).await, [[5]]);
        assert_eq!(pages(100, 0, |_| false).await, [[0; 0]]);
    }

    #[tokio::test]
    async fn a_page_ends_when_enough_rows_were_looked_at_and_goes_on_behind_them() {
        assert_eq!(pages(4, 0, |number| number < 2).await, [vec![], vec![], vec![1, 0]]);
        assert_eq!(pages(5, 0, |number| number == 9 || number == 0).await, [vec![9], vec![0]]);
        assert_eq!(pages(10, 0, |_| false).await, [[0; 0]], "all were looked at");
    }

    #[tokio::test]
    async fn a_page_ends_when_it_is_large_enough() {
        assert_eq!(pages(100, PAYLOAD_BYTES, |number| number > 6).await, [[9], [8], [7]]);
    }

    #[tokio::test]
    async fn a_list_that_lets_little_through_takes_few_chunks() {
        let mut chunks = Vec::new();
        let mut rows = (1..=20_000_u128).rev();
        let page = Page { after: None, limit: 100 };
        let part = collect(page, async |_, limit| {
            chunks.push(limit);
            let nothing = |number| Looked { id: Uuid::from_u128(number), item: None::<((), usize)> };
            Ok(rows.by_ref().take(limit as usize).map(nothing).collect())
        });
        assert_eq!(part.await.expect("a page").next, Some(Uuid::from_u128(10_001)), "ten thousand were looked at");
        assert_eq!(chunks, [101, 404, 1616, 6464, 1416]);
    }
}
