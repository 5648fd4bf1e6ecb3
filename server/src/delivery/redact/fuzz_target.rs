//! What the fuzz target of the redaction needs.

use super::*;

/// Maximum number of bytes that a search of a text looks at. The search ends with the form that exceeds the limit, and no form is
/// longer than the text.
pub(in crate::delivery) const MAX_WORK: usize = scan::MAX_WORK + 4096 + MARGIN;

/// Redacts a secret and another secret. Returns the kept text, whether the text is incomplete, and the number of bytes of all forms
/// that were searched. An empty secret means that there are no secrets.
pub(in crate::delivery) fn redacted(secret: &[u8], text: &[u8], limit: usize) -> (String, bool, usize) {
    let secrets = [b"another secret of the webhook", secret];
    let redactor = Redactor::new(if secret.is_empty() { &[][..] } else { &secrets }, SentValues::default());
    assert_eq!(format!("{redactor:?}"), "Redactor([redacted])");
    let (kept, is_truncated) = redactor.excerpt(text, limit, true);
    let searched = text_of(&text[..text.len().min(limit + MARGIN)]);
    let work = match (redactor.patterns.get(), searched) {
        (Some(Some(patterns)), Ok(searched)) => {
            let mut scan = Scan::new(patterns, searched.len(), searched.len() < text.len());
            let _ = scan.search_all_forms(&View::of(searched.as_bytes()));
            scan.work()
        }
        _ => 0,
    };
    (kept, is_truncated, work)
}
