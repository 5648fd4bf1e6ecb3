//! The version that a change demands, by Semantic Versioning 2.0.0: before 1.0.0 the minor number says what breaks.

use semver::Version;

use super::finding::Weight;

/// The lowest release that says it; after a pre-release, that pre-release's own release.
pub(super) fn demanded(old: &Version, weight: Option<Weight>) -> Version {
    let release = Version::new(old.major, old.minor, old.patch);
    match (weight, old.major) {
        _ if !old.pre.is_empty() => release,
        (None, _) => release,
        (Some(Weight::Addition), 0) => Version::new(0, old.minor, old.patch + 1),
        (Some(Weight::Breaking), 0) | (Some(Weight::Addition), _) => Version::new(old.major, old.minor + 1, 0),
        (Some(Weight::Breaking), _) => Version::new(old.major + 1, 0, 0),
    }
}

pub(super) fn is_enough(old: &Version, new: &Version, weight: Option<Weight>) -> bool {
    match weight {
        None => new >= old,
        Some(_) if !old.pre.is_empty() => new > old,
        Some(_) => Version::new(new.major, new.minor, new.patch) >= demanded(old, weight),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_demands_its_bump() -> anyhow::Result<()> {
        use Weight::{Addition, Breaking};
        for (old, weight, new, enough) in [
            ("0.1.0", None, "0.1.0", true),
            ("0.1.0", None, "0.1.1", true),
            ("0.1.1", None, "0.1.0", false),
            ("0.1.0", Some(Addition), "0.1.0", false),
            ("0.1.0", Some(Addition), "0.1.1", true),
            ("0.1.0", Some(Addition), "0.2.0", true),
            ("0.1.0", Some(Breaking), "0.1.0", false),
            ("0.1.0", Some(Breaking), "0.1.9", false),
            ("0.1.7", Some(Breaking), "0.2.0", true),
            ("0.1.0", Some(Breaking), "0.2.0-rc.1", true),
            ("0.1.0", Some(Breaking), "1.0.0", true),
            ("0.9.0", Some(Breaking), "0.8.0", false),
            ("1.0.0", Some(Addition), "1.0.1", false),
            ("1.0.0", Some(Addition), "1.1.0", true),
            ("1.4.2", Some(Breaking), "1.5.0", false),
            ("1.4.2", Some(Breaking), "2.0.0", true),
            ("2.0.0", Some(Breaking), "1.9.0", false),
            ("2.0.0-rc.1", Some(Breaking), "2.0.0-rc.1", false),
            ("2.0.0-rc.1", Some(Breaking), "2.0.0-rc.2", true),
            ("2.0.0-rc.1", Some(Breaking), "2.0.0", true),
        ] {
            let (old, new) = (Version::parse(old)?, Version::parse(new)?);
            assert_eq!(is_enough(&old, &new, weight), enough, "{old} to {new} for {weight:?}");
        }
        Ok(())
    }

    #[test]
    fn the_lowest_release_that_is_enough_is_named() -> anyhow::Result<()> {
        use Weight::{Addition, Breaking};
        for (old, weight, demanded_version) in [
            ("0.1.3", Some(Addition), "0.1.4"),
            ("0.1.3", Some(Breaking), "0.2.0"),
            ("1.2.3", Some(Addition), "1.3.0"),
            ("1.2.3", Some(Breaking), "2.0.0"),
            ("1.2.3", None, "1.2.3"),
            ("2.0.0-rc.1", Some(Breaking), "2.0.0"),
        ] {
            assert_eq!(demanded(&Version::parse(old)?, weight), Version::parse(demanded_version)?, "{old} for {weight:?}");
        }
        Ok(())
    }
}
