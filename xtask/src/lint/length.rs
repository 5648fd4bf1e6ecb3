//! No hand-written file is longer than a reader can keep in mind.

use std::path::Path;

const MOST_LINES: usize = 450;

const GENERATED: [&str; 2] = ["client/src/generated.rs", "client/src/mock.rs"];

/// Files that are longer, and how long they may be until they are split. A number may only become smaller.
const LONGER: [(&str, usize); 4] = [
    ("server/src/store/postgres/leases.rs", 589),
    ("server/src/store/postgres/publications.rs", 510),
    ("server/src/store/sqlite.rs", 616),
    ("server/src/store/suite.rs", 456),
];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for folder in ["client", "server", "xtask"] {
        for (path, text) in super::sources(root, folder)? {
            if !GENERATED.contains(&path.as_str()) {
                findings.extend(judge(&path, text.lines().count()));
            }
        }
    }
    Ok(findings)
}

fn judge(path: &str, lines: usize) -> Option<String> {
    let longer = LONGER.iter().find(|(longer, _)| *longer == path).map(|(_, most)| *most);
    match longer {
        None if lines > MOST_LINES => Some(format!("{path}: {lines} lines; split it by responsibility, {MOST_LINES} are the limit")),
        Some(most) if lines > most => Some(format!("{path}: {lines} lines; it had {most} and may only become shorter")),
        Some(most) if lines <= MOST_LINES => Some(format!("{path}: {lines} lines; remove it from LONGER, where it has {most}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_a_longer_one_only_shrinks() {
        assert_eq!(judge("a.rs", MOST_LINES), None);
        assert!(judge("a.rs", MOST_LINES + 1).is_some_and(|finding| finding.contains("split it")));
        let (longer, most) = LONGER[0];
        assert_eq!(judge(longer, most), None);
        assert!(judge(longer, most + 1).is_some_and(|finding| finding.contains("only become shorter")));
        assert!(judge(longer, MOST_LINES).is_some_and(|finding| finding.contains("remove it")));
    }
}
