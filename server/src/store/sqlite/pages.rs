//! Pages of lists: what one costs is bounded, however few of many rows its filter lets through.

use super::*;

/// So many rows are looked at for one page.
const LOOKED_AT_ONCE: usize = 10_000;

/// A page ends when it has so many bytes of payloads.
const PAYLOAD_BYTES: usize = 4 << 20;

/// Goes through rows in the order of the list, whose first two columns are the identifier and whether the filter lets it
/// through, and collects what `take` makes of those that it does, with the bytes of payload in it.
pub(super) fn collect<T>(
    mut rows: rusqlite::Rows<'_>,
    limit: u32,
    take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<(T, usize)>,
) -> rusqlite::Result<Part<T>> {
    collect_at_most(&mut rows, limit, LOOKED_AT_ONCE, take)
}

fn collect_at_most<T>(
    rows: &mut rusqlite::Rows<'_>,
    limit: u32,
    looked_at_once: usize,
    mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<(T, usize)>,
) -> rusqlite::Result<Part<T>> {
    let mut part = Part { items: Vec::new(), next: None };
    let (mut looked_at, mut bytes, mut last_taken, mut last) = (0, 0, None, None);
    while let Some(row) = rows.next()? {
        if looked_at == looked_at_once {
            part.next = last;
            break;
        }
        looked_at += 1;
        let id = row.get::<_, Key>(0)?.0;
        last = Some(id);
        if !row.get(1)? {
            continue;
        }
        if part.items.len() == limit as usize || bytes >= PAYLOAD_BYTES {
            part.next = last_taken;
            break;
        }
        let (item, of_item) = take(row)?;
        part.items.push(item);
        bytes += of_item;
        last_taken = Some(id);
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of those rows of ten that `lets_through`, in pages of three.
    fn pages(looked_at_once: usize, bytes: usize, lets_through: &str) -> Vec<Vec<u8>> {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch("CREATE TABLE rows (id BLOB PRIMARY KEY, number INTEGER)").expect("a table");
        for number in 0..10_u8 {
            connection.execute("INSERT INTO rows VALUES (?1, ?2)", (Key(Uuid::from_u128(number.into())), number)).expect("a row");
        }
        let (mut pages, mut after) = (Vec::new(), Uuid::max());
        loop {
            let query = format!("SELECT id, {lets_through}, number FROM rows WHERE id < ?1 ORDER BY id DESC");
            let mut statement = connection.prepare(&query).expect("a statement");
            let mut rows = statement.query([Key(after)]).expect("rows");
            let part = collect_at_most(&mut rows, 3, looked_at_once, |row| Ok((row.get(2)?, bytes))).expect("a page");
            pages.push(part.items);
            let Some(next) = part.next else { return pages };
            after = next;
        }
    }

    #[test]
    fn pages_meet_and_the_last_one_says_so() {
        assert_eq!(pages(100, 0, "1"), [vec![9, 8, 7], vec![6, 5, 4], vec![3, 2, 1], vec![0]]);
        assert_eq!(pages(100, 0, "number < 6"), [vec![5, 4, 3], vec![2, 1, 0]], "no page follows that would be empty");
        assert_eq!(pages(100, 0, "number = 5"), [[5]]);
        assert_eq!(pages(100, 0, "0"), [[0; 0]]);
    }

    #[test]
    fn a_page_ends_when_enough_rows_were_looked_at_and_goes_on_behind_them() {
        assert_eq!(pages(4, 0, "number < 2"), [vec![], vec![], vec![1, 0]]);
        assert_eq!(pages(5, 0, "number IN (9, 0)"), [vec![9], vec![0]]);
        assert_eq!(pages(10, 0, "0"), [[0; 0]], "all were looked at");
    }

    #[test]
    fn a_page_ends_when_it_is_large_enough() {
        assert_eq!(pages(100, PAYLOAD_BYTES, "number > 6"), [[9], [8], [7]]);
    }
}
