//! Limits the length of hand-written files.

use std::path::Path;

const MAX_LINES: usize = 450;

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for folder in ["client", "server", "xtask"] {
        for (path, text) in super::sources(root, folder)? {
            if !super::GENERATED.contains(&path.as_str()) {
                findings.extend(judge(&path, text.lines().count()));
            }
        }
    }
    Ok(findings)
}

fn judge(path: &str, lines: usize) -> Option<String> {
    (lines > MAX_LINES).then(|| format!("{path}: {lines} lines, the limit is {MAX_LINES}; split it by responsibility"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_reported() {
        assert_eq!(judge("a.rs", MAX_LINES), None);
        assert!(judge("a.rs", MAX_LINES + 1).is_some_and(|finding| finding.contains("split it")));
    }
}
