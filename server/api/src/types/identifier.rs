//! Identifiers that contain the creation time of their object (UUIDv7, RFC 9562, section 5.7).
//!
//! The time in an identifier is exactly the `createdAt` of the object, in milliseconds. So a list can find the objects of
//! a time range by their identifiers, in any index that ends with the identifier.

use std::cell::Cell;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::to_milliseconds;

/// The bits of a UUIDv7 below the variant.
const RAND_B: u32 = 62;

thread_local! {
    /// The time of the last identifier that this thread has made, and its 74 bits without the time, version and variant.
    static LAST: Cell<(u64, u128)> = const { Cell::new((0, 0)) };
}

/// Returns a new identifier for an object that is created at `time`, in milliseconds. If a thread makes several
/// identifiers for the same millisecond, each one is greater than the one before ("monotonic random", RFC 9562, section
/// 6.2). A clock that is set back does not change this rule, or the time in the identifier.
#[must_use]
pub fn new_id(time: DateTime<Utc>) -> Uuid {
    let milliseconds = milliseconds_of(to_milliseconds(time));
    let random = Uuid::new_v4().as_u128();
    let low = random & ((1 << RAND_B) - 1);
    let tail = match LAST.get() {
        // The step is random, so nobody can guess the next identifier.
        (last, tail) if last == milliseconds && tail > 0 => tail + 1 + (low & u128::from(u32::MAX)),
        // The first bit is zero, so the tail does not overflow.
        _ => ((random >> 64) & 0x7ff) << RAND_B | low,
    };
    LAST.set((milliseconds, tail));
    let (version, variant) = (0x7 << 76, 0b10 << RAND_B);
    Uuid::from_u128(u128::from(milliseconds) << 80 | version | (tail >> RAND_B) << 64 | variant | tail & ((1 << RAND_B) - 1))
}

/// Returns the identifier that is greater than the identifiers of all objects that were created before `time`, and less
/// than the identifiers of all other objects.
#[must_use]
pub fn first_id_at(time: DateTime<Utc>) -> Uuid {
    // Objects are created at whole milliseconds, so a part of a millisecond is rounded up.
    let rounded_up = u64::from(to_milliseconds(time) < time);
    Uuid::from_u128(u128::from((milliseconds_of(time) + rounded_up).min(MAX_MILLISECONDS)) << 80)
}

const MAX_MILLISECONDS: u64 = (1 << 48) - 1;

fn milliseconds_of(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp_millis()).unwrap_or_default().min(MAX_MILLISECONDS)
}

/// Returns the creation time of the object with this identifier.
#[must_use]
pub fn time_of(id: Uuid) -> DateTime<Utc> {
    let milliseconds = i64::try_from(id.as_u128() >> 80).expect("48 bits fit in 63 bits");
    DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_identifier_contains_its_time_even_after_the_clock_was_set_back() {
        let later = DateTime::from_timestamp_millis(1_136_214_245_006).expect("a time");
        for at in [later, later - TimeDelta::hours(1), DateTime::UNIX_EPOCH, later] {
            let id = new_id(at + TimeDelta::microseconds(999));
            assert_eq!(time_of(id), at);
            assert!(first_id_at(at) < id && id < first_id_at(at + TimeDelta::microseconds(1)));
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        }
        assert_eq!(first_id_at(DateTime::<Utc>::MIN_UTC), Uuid::nil());
        assert!(first_id_at(DateTime::<Utc>::MAX_UTC) > new_id(Utc::now()));
        assert!(time_of(Uuid::max()) > Utc::now());
    }

    #[test]
    fn identifiers_of_one_millisecond_ascend() {
        let ids: Vec<_> = (0..1000).map(|_| new_id(DateTime::UNIX_EPOCH)).collect();
        assert!(ids.is_sorted_by(|before, after| before < after));
    }
}
