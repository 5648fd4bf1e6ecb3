//! No hand-written file is longer than a reader can keep in mind.

use std::path::Path;

const MOST_LINES: usize = 450;

const GENERATED: [&str; 2] = ["client/src/generated.rs", "client/src/mock.rs"];

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
    (lines > MOST_LINES).then(|| format!("{path}: {lines} lines; split it by responsibility, {MOST_LINES} are the limit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_found() {
        assert_eq!(judge("a.rs", MOST_LINES), None);
        assert!(judge("a.rs", MOST_LINES + 1).is_some_and(|finding| finding.contains("split it")));
    }
}
