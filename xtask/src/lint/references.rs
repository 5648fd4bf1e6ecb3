//! The threat model names tests as `FILE::TEST`. Each of them must exist.

use regex::Regex;

use super::Source;

const DOCUMENT: &str = "server/THREAT-MODEL.md";

pub(super) fn check(document: &str, sources: &[Source]) -> anyhow::Result<Vec<String>> {
    let reference = Regex::new(r"`([a-z0-9_/.-]+\.rs)::([a-z0-9_]+)`")?;
    let mut findings = Vec::new();
    for (number, line) in document.lines().enumerate() {
        for captures in reference.captures_iter(line) {
            let (file, test) = (&captures[1], &captures[2]);
            let definition = format!("fn {test}(");
            if !sources.iter().any(|(path, text)| path == file && text.contains(&definition)) {
                findings.push(format!("{DOCUMENT}:{}: there is no test {test} in {file}", number + 1));
            }
        }
    }
    Ok(findings)
}

pub(super) fn document() -> anyhow::Result<String> {
    crate::read(&crate::repository(DOCUMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_does_not_exist_is_found() {
        let sources = [("a/b.rs".to_owned(), "async fn one() {}".to_owned())];
        let document = "| x | `a/b.rs::one` |\n| y | `a/b.rs::two`, `a/c.rs::one` |";
        let expected =
            ["server/THREAT-MODEL.md:2: there is no test two in a/b.rs", "server/THREAT-MODEL.md:2: there is no test one in a/c.rs"];
        assert_eq!(check(document, &sources).expect("a valid pattern"), expected);
    }
}
