//! Limits the length of hand-written files.

use super::Source;

const MAX_LINES: usize = 450;

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    sources.iter().filter_map(|(path, text)| judge(path, text.lines().count())).collect()
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
