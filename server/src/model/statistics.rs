//! Counts of attempts and deliveries, in a form that can be merged.

use std::borrow::Cow;

use super::Outcome;

mod histogram;

pub use histogram::Histogram;
use histogram::read_byte;

/// The first byte of the stored form.
const VERSION: u8 = 1;

/// A stored value that [`Statistics::encode`] cannot have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged statistics")]
pub struct Damaged;

/// An ended attempt, as far as statistics count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedAttempt {
    pub outcome: Cow<'static, str>,
    pub duration_ms: u32,
    /// Set if the attempt ended its delivery.
    pub end: Option<DeliveryEnd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// The time from the creation of the delivery to the end of the attempt, or `None` if the delivery was made due again
    /// by a redelivery. Then this time says nothing about the service or the receiver.
    Succeeded {
        latency_ms: Option<u32>,
    },
    Failed,
}

/// What was counted in one interval of time for one webhook, one account or all accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The number of attempts by outcome, in the order of the outcomes' names.
    attempts: Vec<(Cow<'static, str>, u64)>,
    succeeded: u64,
    failed: u64,
    latency: Histogram,
    duration: Histogram,
}

impl Statistics {
    pub fn count(&mut self, attempt: &CountedAttempt) {
        self.add_attempts(&attempt.outcome, 1);
        self.duration.add(attempt.duration_ms);
        match attempt.end {
            Some(DeliveryEnd::Succeeded { latency_ms }) => {
                self.succeeded = self.succeeded.saturating_add(1);
                latency_ms.into_iter().for_each(|latency| self.latency.add(latency));
            }
            Some(DeliveryEnd::Failed) => self.failed = self.failed.saturating_add(1),
            None => {}
        }
    }

    pub fn merge(&mut self, other: &Statistics) {
        other.attempts.iter().for_each(|(outcome, count)| self.add_attempts(outcome, *count));
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        self.failed = self.failed.saturating_add(other.failed);
        self.latency.merge(&other.latency);
        self.duration.merge(&other.duration);
    }

    /// Returns the number of attempts by outcome. An outcome that no attempt had is left out.
    pub fn attempts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.attempts.iter().map(|(outcome, count)| (&**outcome, *count))
    }

    /// Returns how often a delivery succeeded.
    #[must_use]
    pub fn succeeded(&self) -> u64 {
        self.succeeded
    }

    /// Returns how often a delivery failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Returns the times from the creation of deliveries to their success.
    #[must_use]
    pub fn latency(&self) -> &Histogram {
        &self.latency
    }

    /// Returns the durations of all attempts.
    #[must_use]
    pub fn duration(&self) -> &Histogram {
        &self.duration
    }

    fn add_attempts(&mut self, outcome: &str, count: u64) {
        match self.attempts.binary_search_by(|(known, _)| (**known).cmp(outcome)) {
            Ok(found) => self.attempts[found].1 = self.attempts[found].1.saturating_add(count),
            Err(position) => self.attempts.insert(position, (outcome_name(outcome), count)),
        }
    }

    /// Returns the stored form: the version, the number of outcomes, each outcome with its count, the deliveries that
    /// succeeded and failed, and the two histograms. Counts and lengths of names are variable-length integers (LEB128).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        bytes.push(VERSION);
        write_varint(&mut bytes, self.attempts.len() as u64);
        for (outcome, count) in &self.attempts {
            write_varint(&mut bytes, outcome.len() as u64);
            bytes.extend_from_slice(outcome.as_bytes());
            write_varint(&mut bytes, *count);
        }
        write_varint(&mut bytes, self.succeeded);
        write_varint(&mut bytes, self.failed);
        self.latency.encode(&mut bytes);
        self.duration.encode(&mut bytes);
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`Damaged`] if these bytes are not a stored form of a known version.
    pub fn decode(mut bytes: &[u8]) -> Result<Statistics, Damaged> {
        let bytes = &mut bytes;
        if read_byte(bytes)? != VERSION {
            return Err(Damaged);
        }
        let mut attempts: Vec<(Cow<'static, str>, u64)> = Vec::new();
        for _ in 0..read_varint(bytes)? {
            let length = usize::try_from(read_varint(bytes)?).map_err(|_| Damaged)?;
            let (name, rest) = bytes.split_at_checked(length).ok_or(Damaged)?;
            let name = std::str::from_utf8(name).map_err(|_| Damaged)?;
            *bytes = rest;
            if attempts.last().is_some_and(|(last, _)| **last >= *name) {
                return Err(Damaged);
            }
            attempts.push((outcome_name(name), read_count(bytes)?));
        }
        let (succeeded, failed) = (read_varint(bytes)?, read_varint(bytes)?);
        let (latency, duration) = (Histogram::decode(bytes)?, Histogram::decode(bytes)?);
        if !bytes.is_empty() {
            return Err(Damaged);
        }
        Ok(Statistics { attempts, succeeded, failed, latency, duration })
    }
}

/// Returns the name of an outcome. A known name needs no memory of its own.
#[must_use]
pub fn outcome_name(name: &str) -> Cow<'static, str> {
    let known = Outcome::ALL.into_iter().map(Outcome::as_str).find(|known| *known == name);
    known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
}

fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = read_byte(bytes)?;
        let bits = u64::from(byte & 0x7f);
        // The last byte of the longest form has only one bit.
        if bits << shift >> shift != bits {
            return Err(Damaged);
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Damaged)
}

/// Reads the count of something that occurred at least once.
fn read_count(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    read_varint(bytes).and_then(|count| if count == 0 { Err(Damaged) } else { Ok(count) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns attempts of all kinds. `seed` changes their values and their order.
    fn attempts(seed: u32) -> Vec<CountedAttempt> {
        let outcomes = ["accepted", "rejected", "timed_out", "an_outcome_of_a_later_version"];
        (0..200_u32)
            .map(|number| {
                let value = (number + seed).wrapping_mul(2_654_435_761);
                let outcome = outcome_name(outcomes[(value >> 7) as usize % outcomes.len()]);
                let end = match value % 4 {
                    0 => None,
                    1 => Some(DeliveryEnd::Failed),
                    2 => Some(DeliveryEnd::Succeeded { latency_ms: None }),
                    _ => Some(DeliveryEnd::Succeeded { latency_ms: Some(value >> (value % 31)) }),
                };
                CountedAttempt { outcome, duration_ms: value >> (value % 29), end }
            })
            .collect()
    }

    fn counted(attempts: &[CountedAttempt]) -> Statistics {
        let mut statistics = Statistics::default();
        attempts.iter().for_each(|attempt| statistics.count(attempt));
        statistics
    }

    fn merged(parts: &[&Statistics]) -> Statistics {
        let mut statistics = Statistics::default();
        parts.iter().for_each(|part| statistics.merge(part));
        statistics
    }

    #[test]
    fn merging_equals_counting_together_in_any_order_and_grouping() {
        let [one, two, three] = [1, 2, 3].map(attempts);
        let all = counted(&[one.clone(), two.clone(), three.clone()].concat());
        let [one, two, three] = [one, two, three].map(|attempts| counted(&attempts));
        assert_eq!(all.attempts().map(|(_, count)| count).sum::<u64>(), 600);
        assert_eq!(merged(&[&one, &two, &three]), all);
        assert_eq!(merged(&[&three, &one, &two]), all);
        assert_eq!(merged(&[&one, &merged(&[&three, &two])]), all);
        assert_eq!(merged(&[&merged(&[&two, &one]), &three, &Statistics::default()]), all);
    }

    #[test]
    fn the_stored_form_has_everything_and_is_small() {
        for statistics in [Statistics::default(), counted(&attempts(1)), merged(&[&counted(&attempts(1)), &counted(&attempts(2))])] {
            assert_eq!(Statistics::decode(&statistics.encode()), Ok(statistics));
        }
        let large = Statistics { succeeded: u64::MAX, failed: 1 << 63, ..Statistics::default() };
        assert_eq!(Statistics::decode(&large.encode()), Ok(large.clone()));
        assert_eq!(merged(&[&large, &large]).succeeded(), u64::MAX, "a count does not overflow");
        let end = Some(DeliveryEnd::Succeeded { latency_ms: Some(20) });
        let one = counted(&[CountedAttempt { outcome: outcome_name("accepted"), duration_ms: 12, end }]);
        assert_eq!(one.encode(), [&[1, 1, 8][..], b"accepted", &[1, 1, 0, 1, 34, 1, 1, 28, 1]].concat());
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let stored = counted(&attempts(1)).encode();
        for length in 0..stored.len() {
            assert_eq!(Statistics::decode(&stored[..length]), Err(Damaged), "cut at {length}");
        }
        assert_eq!(Statistics::decode(&[&stored[..], &[0]].concat()), Err(Damaged), "more bytes than one value");
        // Each changed bit gives an error or another value, but never a panic, and a value has only one stored form.
        for position in 0..stored.len() * 8 {
            let mut changed = stored.clone();
            changed[position / 8] ^= 1 << (position % 8);
            if let Ok(statistics) = Statistics::decode(&changed) {
                assert_eq!(Statistics::decode(&statistics.encode()), Ok(statistics), "bit {position}");
            }
        }
        for bytes in [&[2, 0, 0, 0, 0, 0][..], &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], &[1, 1, 0xff, 0xff, 3]] {
            assert_eq!(Statistics::decode(bytes), Err(Damaged), "{bytes:?}");
        }
        assert_eq!(Statistics::decode(&[1, 0, 0, 0, 1, 249, 1, 0]), Err(Damaged), "there is no such bucket");
        assert_eq!(Statistics::decode(&[1, 0, 0, 0, 2, 8, 1, 8, 1, 0]), Err(Damaged), "a bucket occurs twice");
        assert_eq!(Statistics::decode(&[1, 0, 0, 0, 1, 8, 0, 0]), Err(Damaged), "an empty bucket is not stored");
    }
}
