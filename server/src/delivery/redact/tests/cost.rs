//! The cost of a search is limited for all secrets and texts, and random secrets are found.

use super::*;

const MAX_TEXT: usize = 4096;

/// A sequence of numbers that are the same in each run (a linear congruential generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(u8::try_from(0x20 + self.below(0x5f)).expect("ASCII"))).collect()
    }
}

/// Header values of 1,024 characters whose words are `word` of each length from 8.
fn header_values(word: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    for length in 8..195 {
        let next: String = word.chars().cycle().take(length).collect();
        let last = values.last_mut().expect("not empty");
        if last.len() + 1 + next.len() > 1024 {
            values.push(next);
        } else {
            last.push(' ');
            last.push_str(&next);
        }
    }
    values.iter().flat_map(|value| std::iter::once(value.clone()).chain(value.split(' ').map(str::to_owned))).collect()
}

fn cost(secrets: &[String], body: &str) -> (Option<usize>, usize) {
    let secrets = Redactor::new(secrets, SentValues::default()).secrets;
    let Some(patterns) = Patterns::new(&secrets, &SentValues::default()) else { return (None, 0) };
    let text = &body[..body.len().min(MAX_TEXT + MARGIN)];
    let mut scan = Scan::new(&patterns, text.len(), true);
    let _ = scan.search_all_forms(&View::of(text.as_bytes()));
    (Some(patterns.len()), scan.work())
}

/// The secrets and bodies that need the most memory or time.
fn extremes() -> Vec<(&'static str, Vec<String>, String)> {
    let mut numbers = Numbers(7);
    let random: Vec<String> = [1024; 20].into_iter().chain([8192; 4]).map(|length| numbers.text(length)).collect();
    let escapes: Vec<String> = (0..20).map(|_| "%25".repeat(341)).collect();
    let long = "a".repeat(16 * 1024);
    let nested = (0..6).fold(numbers.text(4096), |text, _| STANDARD.encode(text));
    let percent = (0..3).fold(numbers.text(4096), |text, _| percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string());
    vec![
        ("words of one letter", header_values("a"), format!("%zz\\q&;{long}")),
        ("words of two letters", header_values("ab"), format!("%zz\\q&;{}", "ab".repeat(8192))),
        ("short secrets", (4..13).map(|length| "a".repeat(length)).collect(), long),
        ("large secrets", random, numbers.text(16 * 1024)),
        ("escapes", escapes.clone(), "%25&amp;\\u0025=25".repeat(1000)),
        ("nested base64", header_values("a"), nested),
        ("nested percent", escapes, percent),
        ("digits", header_values("1"), "1,".repeat(8192)),
    ]
}

#[test]
fn the_cost_of_a_search_is_limited_for_all_secrets_and_bodies() {
    for (name, secrets, body) in extremes() {
        let (parts, work) = cost(&secrets, &body);
        assert!(parts.is_none_or(|parts| parts <= patterns::MAX_PARTS), "{name}: {parts:?} parts");
        assert!(work <= scan::MAX_WORK + MAX_TEXT + MARGIN, "{name}: {work} bytes searched");
    }
    let (_, work) = cost(&header_values("a"), &format!("%zz\\q&;{}", "a".repeat(16 * 1024)));
    assert!(work <= 10 * (MAX_TEXT + MARGIN), "{work} bytes searched");
}

#[test]
fn secrets_with_too_many_parts_withhold_the_text() {
    let mut numbers = Numbers(3);
    let secrets: Vec<String> = (0..10).map(|_| numbers.text(8192)).collect();
    let kept = Redactor::new(&secrets, SentValues::default()).redact("an error");
    assert!(kept.starts_with("[redacted] The service does not keep this text"), "{kept}");
}

#[test]
fn the_usual_texts_are_within_the_limit() {
    let page = "<p class=\"error\">Bad gateway &amp; no route to host: 10 % of requests fail\\n%20</p>\n".repeat(60);
    let json = "{\"error\":\"database is away\",\"at\":\"2026-01-01T00:00:00Z\",\"path\":\"C:\\\\app\"}\n".repeat(60);
    let redactor = redactor(&["a secret of the webhook", "another one"]);
    for text in [page, json] {
        assert_eq!(redactor.excerpt(text.as_bytes(), 4096, true), (text[..4096].to_owned(), true));
    }
}

#[test]
fn random_secrets_in_random_texts_are_redacted_in_every_encoding() {
    let mut numbers = Numbers(42);
    for _ in 0..25 {
        let length = 8 + numbers.below(100);
        let secret = numbers.text(length);
        let redactor = redactor(&["another secret", &secret]);
        for (name, encoded) in encodings(&secret) {
            // If a secret contains escapes and only some characters are escaped again, the result is ambiguous.
            if name.contains("every other") && secret.contains('\\') {
                continue;
            }
            let (before, after) = (numbers.below(20), numbers.below(20));
            let body = format!("{} {encoded} {}", "lorem ".repeat(before), "ipsum ".repeat(after));
            let (kept, _) = redactor.excerpt(body.as_bytes(), 4096, true);
            let rest = kept.replace(REDACTED, "").replace("lorem ", "").replace("ipsum ", "");
            assert!(kept.contains(REDACTED), "{name} of {secret:?}: {kept}");
            assert!(rest.trim().len() <= 4, "{name} of {secret:?}: {rest:?} remains of {encoded:?}");
        }
    }
}

/// Prints the time of each search: `cargo test --release -p webhooks-server --lib -- redact::tests::cost --nocapture`.
#[test]
fn the_time_of_each_extreme_search_is_printed() {
    for (name, secrets, body) in extremes() {
        let redactor = Redactor::new(&secrets, SentValues::default());
        let started = std::time::Instant::now();
        let (kept, _) = redactor.excerpt(body.as_bytes(), 4096, true);
        println!("{name}: {:?}, {:?}, {} characters", started.elapsed(), cost(&secrets, &body), kept.len());
    }
}
