//! The version that a change requires according to Semantic Versioning 2.0.0. Before version 1.0.0, a breaking change
//! increments the minor version.

use semver::Version;

use super::finding::Severity;

/// Returns the lowest release that may follow `old` after a change of this severity. If `old` is a pre-release such as
/// `1.2.0-beta`, the result is `1.2.0`.
pub(super) fn required(old: &Version, severity: Option<Severity>) -> Version {
    let release = Version::new(old.major, old.minor, old.patch);
    match (severity, old.major) {
        _ if !old.pre.is_empty() => release,
        (None, _) => release,
        (Some(Severity::Addition), 0) => Version::new(0, old.minor, old.patch + 1),
        (Some(Severity::Breaking), 0) | (Some(Severity::Addition), _) => Version::new(old.major, old.minor + 1, 0),
        (Some(Severity::Breaking), _) => Version::new(old.major + 1, 0, 0),
    }
}

/// Whether `new` is at least the required version. A pre-release of the required version is enough.
pub(super) fn is_enough(old: &Version, new: &Version, severity: Option<Severity>) -> bool {
    match severity {
        None => new >= old,
        Some(_) if !old.pre.is_empty() => new > old,
        Some(_) => Version::new(new.major, new.minor, new.patch) >= required(old, severity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_must_match_the_severity_of_the_change() -> anyhow::Result<()> {
        use Severity::{Addition, Breaking};
        for (old, severity, new, enough) in [
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
            assert_eq!(is_enough(&old, &new, severity), enough, "{old} to {new} for {severity:?}");
        }
        Ok(())
    }

    #[test]
    fn the_required_version_is_the_lowest_release_that_is_enough() -> anyhow::Result<()> {
        use Severity::{Addition, Breaking};
        for (old, severity, expected) in [
            ("0.1.3", Some(Addition), "0.1.4"),
            ("0.1.3", Some(Breaking), "0.2.0"),
            ("1.2.3", Some(Addition), "1.3.0"),
            ("1.2.3", Some(Breaking), "2.0.0"),
            ("1.2.3", None, "1.2.3"),
            ("2.0.0-rc.1", Some(Breaking), "2.0.0"),
        ] {
            assert_eq!(required(&Version::parse(old)?, severity), Version::parse(expected)?, "{old} for {severity:?}");
        }
        Ok(())
    }
}
