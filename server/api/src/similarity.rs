//! Finds the name that a person probably meant.

/// Returns the number of characters to insert, remove, replace or swap.
#[must_use]
pub fn distance(first: &str, second: &str) -> usize {
    strsim::damerau_levenshtein(first, second)
}

/// Returns the known name that a person probably meant: it has the same letters in another case or with other separators,
/// or it differs in at most a third of its letters.
#[must_use]
pub fn most_similar<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let name = letters(name);
    let (distance, best) = known.iter().map(|known| (distance(&name, &letters(known)), known)).min_by_key(|(distance, _)| *distance)?;
    (distance <= best.len() / 3).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_name_is_suggested() {
        let known: Vec<String> = ["targetURL", "eventTypes", "auth", "maxPerSecond"].map(str::to_owned).into();
        for (name, expected) in [
            ("targetUrl", Some("targetURL")),
            ("target_url", Some("targetURL")),
            ("eventType", Some("eventTypes")),
            ("maxPerSeconds", Some("maxPerSecond")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(most_similar(name, &known).map(String::as_str), expected, "{name}");
        }
    }
}
