//! Some editors write a byte order mark (U+FEFF) at the beginning of a file. It is no part of the content.

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns the bytes without a byte order mark at their beginning.
pub(crate) fn skipped(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}
