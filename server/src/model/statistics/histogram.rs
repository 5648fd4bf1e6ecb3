//! A histogram of durations on a logarithmic scale.

use super::{Damaged, read_count, write_varint};

/// The number of buckets between a duration and its double.
const BUCKETS_PER_DOUBLING: u8 = 8;

/// The number of the highest bucket. It starts at 2^31 ms, which is almost 25 days. Longer durations are counted in it.
const MAX_BUCKET: u8 = 31 * BUCKETS_PER_DOUBLING;

/// The lower bounds of the buckets between 2^31 and 2^32, without the first: 2^31 * 2^(n/8) for n from 1 to 7, rounded up.
const BOUNDS: [u32; 7] = [2_341_847_524, 2_553_802_834, 2_784_941_738, 3_037_000_500, 3_311_872_530, 3_611_622_603, 3_938_502_376];

/// Counts durations in whole milliseconds. The bounds of neighbouring buckets differ by 9 %. A percentile is the middle of
/// a bucket, so its error is at most 4.5 %, and at most one millisecond more because it is rounded.
///
/// Only buckets that are not empty need memory. The crate `hdrhistogram` allocates all buckets of its range: with two
/// significant digits and this range, it would need 25 KB for each webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The buckets that are not empty, with their counts, in order.
    buckets: Vec<(u8, u64)>,
}

impl Histogram {
    pub fn add(&mut self, milliseconds: u32) {
        self.add_many(bucket_of(milliseconds), 1);
    }

    pub fn merge(&mut self, other: &Histogram) {
        other.buckets.iter().for_each(|(bucket, count)| self.add_many(*bucket, *count));
    }

    /// Returns how many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Returns a duration in milliseconds such that this percentage of all durations is not longer, or `None` if nothing
    /// was counted.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<u32> {
        let rank = (u128::from(self.count()) * u128::from(percent)).div_ceil(100).max(1);
        let mut passed = 0;
        let reached = self.buckets.iter().find(|(_, count)| {
            passed += u128::from(*count);
            passed >= rank
        });
        reached.map(|(bucket, _)| middle_of(*bucket))
    }

    fn add_many(&mut self, bucket: u8, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(found) => self.buckets[found].1 = self.buckets[found].1.saturating_add(count),
            Err(position) => self.buckets.insert(position, (bucket, count)),
        }
    }

    /// Appends the stored form: the number of buckets, and for each bucket its number and its count.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        // There are at most 249 buckets.
        bytes.push(self.buckets.len() as u8);
        for (bucket, count) in &self.buckets {
            bytes.push(*bucket);
            write_varint(bytes, *count);
        }
    }

    pub(super) fn decode(bytes: &mut &[u8]) -> Result<Histogram, Damaged> {
        let length = read_byte(bytes)?;
        let mut buckets: Vec<(u8, u64)> = Vec::with_capacity(usize::from(length));
        for _ in 0..length {
            let bucket = read_byte(bytes)?;
            if bucket > MAX_BUCKET || buckets.last().is_some_and(|(last, _)| *last >= bucket) {
                return Err(Damaged);
            }
            buckets.push((bucket, read_count(bytes)?));
        }
        Ok(Histogram { buckets })
    }
}

pub(super) fn read_byte(bytes: &mut &[u8]) -> Result<u8, Damaged> {
    let (first, rest) = bytes.split_first().ok_or(Damaged)?;
    *bytes = rest;
    Ok(*first)
}

/// Returns the bucket of a duration. Durations below one millisecond are in the bucket of one millisecond.
fn bucket_of(milliseconds: u32) -> u8 {
    let milliseconds = milliseconds.max(1);
    let shift = milliseconds.leading_zeros();
    let scaled = milliseconds << shift;
    let part = BOUNDS.iter().take_while(|bound| scaled >= **bound).count() as u8;
    ((31 - shift as u8) * BUCKETS_PER_DOUBLING + part).min(MAX_BUCKET)
}

/// Returns the middle of a bucket in milliseconds, on the logarithmic scale. It is at most 2^31 - 1, the largest time in the
/// API.
fn middle_of(bucket: u8) -> u32 {
    ((f64::from(bucket) + 0.5) / f64::from(BUCKETS_PER_DOUBLING)).exp2().round().min(f64::from(i32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some durations of each order of magnitude, the bounds of the scale, and durations next to the bounds of buckets.
    fn durations() -> Vec<u32> {
        let powers = (0..31).flat_map(|power| [1_u32 << power, (1 << power) - 1, (1 << power) + 1]);
        let parts = (0..249).map(|bucket| (f64::from(bucket) / 8.0).exp2() as u32);
        powers.chain(parts).chain([0, 3, 10, 999, 15_000, 1_999_999_999]).collect()
    }

    #[test]
    fn a_percentile_of_equal_durations_has_an_error_of_at_most_four_and_a_half_percent() {
        for duration in durations().into_iter().filter(|duration| *duration < 1 << 31) {
            let mut histogram = Histogram::default();
            (0..10).for_each(|_| histogram.add(duration));
            for percent in [1, 50, 95, 99, 100] {
                let estimate = f64::from(histogram.percentile(percent).expect("counted"));
                let exact = f64::from(duration.max(1));
                assert!((estimate - exact).abs() <= exact * 0.045 + 0.5, "{duration} ms: {estimate}");
            }
        }
        assert_eq!((1..=11).map(|milliseconds| middle_of(bucket_of(milliseconds))).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    }

    #[test]
    fn longer_durations_are_never_in_lower_buckets() {
        let mut durations = durations();
        durations.push(u32::MAX);
        durations.sort_unstable();
        assert!(durations.is_sorted_by_key(|duration| bucket_of(*duration)));
        assert_eq!((bucket_of(0), bucket_of(1), bucket_of(2), bucket_of(1 << 31), bucket_of(u32::MAX)), (0, 0, 8, 248, 248));
    }

    #[test]
    fn percentiles_follow_the_ranks_of_the_durations() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.percentile(50), histogram.count()), (None, 0));
        for (duration, count) in [(10, 50), (100, 45), (1000, 4), (10_000, 1)] {
            (0..count).for_each(|_| histogram.add(duration));
        }
        let percentiles = [50, 51, 95, 96, 99, 100].map(|percent| histogram.percentile(percent).map(bucket_of));
        assert_eq!(percentiles, [10, 100, 100, 1000, 1000, 10_000].map(|duration| Some(bucket_of(duration))));
        assert_eq!(histogram.count(), 100);
    }
}
