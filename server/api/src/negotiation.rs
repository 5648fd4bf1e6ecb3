//! The preferences of a client in headers such as `Accept` (RFC 9110 §12.4.2).

use http::{HeaderMap, HeaderName};

/// Returns the items of a header in lower case, with their weights. An item without a weight has the weight 1.
pub fn weights(headers: &HeaderMap, name: HeaderName) -> Vec<(String, f32)> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let weighted = |item: &str| {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        (name, parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0))
    };
    values.flat_map(|value| value.split(',')).map(weighted).collect()
}
