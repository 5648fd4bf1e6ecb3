//! The responses of the hostile receivers.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::sleep;

use super::counts::SharedCounts;
use super::frames::{self, HEAD_BYTES, PREFACE, kind};
use super::secret::{common_encodings, encodings, utf16};

/// Time between two bytes of a slow response.
const DRIP_PAUSE: Duration = Duration::from_millis(200);

/// Maximum size of the head of a request that a receiver reads.
const MAX_HEAD_BYTES: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Response {
    Hang,
    Drip,
    EndlessInformational,
    EndlessHeader,
    EndlessBody,
    /// A compressed body without end. Each kilobyte decompresses to 158 kilobytes.
    EndlessGzip,
    /// The request, and the secret in many encodings.
    Echo,
    /// The request in UTF-16.
    EchoUtf16,
    /// The secret in common encodings, without the rest of the request.
    Encodings,
    /// A body in which each position matches many of the customer's header values.
    Words,
    Redirect,
    RetryAfter,
    Unavailable,
    /// The beginning of a response. Then the connection is reset.
    Reset,
    /// A token of a megabyte.
    LargeToken,
    EndlessToken,
}

/// The connection to the service.
pub(super) struct Peer<'a, S> {
    pub(super) stream: &'a mut S,
    pub(super) counts: &'a SharedCounts,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<'_, S> {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.counts.change(|counts| counts.sent_bytes += bytes.len() as u64);
        self.stream.flush().await
    }

    async fn write_endlessly(&mut self, bytes: &[u8]) -> io::Result<()> {
        loop {
            self.write(bytes).await?;
        }
    }

    /// Reads until the service closes the connection. The result is always an error, because the service ended the
    /// connection.
    pub(super) async fn wait_for_end(&mut self) -> io::Result<()> {
        let mut part = [0; 4096];
        while self.stream.read(&mut part).await? > 0 {}
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads a request and sends the response.
    pub(super) async fn respond(&mut self, response: Response) -> io::Result<()> {
        let request = self.read_request().await?;
        self.counts.change(|counts| counts.requests += 1);
        match response {
            Response::Hang => self.wait_for_end().await,
            Response::Drip => {
                self.write(b"HTTP/1.1 200 OK\r\nx: ").await?;
                loop {
                    sleep(DRIP_PAUSE).await;
                    self.write(b"a").await?;
                }
            }
            Response::EndlessInformational => self.write_endlessly(&b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100)).await,
            Response::EndlessHeader => {
                self.write(b"HTTP/1.1 200 OK\r\n").await?;
                self.write_endlessly(&b"x-field: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100)).await
            }
            Response::EndlessBody => {
                self.write(b"HTTP/1.1 500 Internal Server Error\r\n\r\n").await?;
                self.write_endlessly(&b"%zz\\q&;".repeat(1_000)).await
            }
            Response::EndlessToken => {
                self.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"access_token\":\"").await?;
                self.write_endlessly(&[b'a'; 4096]).await
            }
            Response::EndlessGzip => {
                self.write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-encoding: gzip\r\n\r\n").await?;
                let (beginning, repeated) = endless_gzip();
                self.write(&beginning).await?;
                self.write_endlessly(&repeated.repeat(300)).await
            }
            Response::Echo => {
                self.write(&failure(&[lines(encodings()), request.clone(), STANDARD.encode(request).into_bytes()].concat())).await
            }
            Response::EchoUtf16 => self.write(&failure(&utf16(&request))).await,
            Response::Encodings => self.write(&failure(&lines(common_encodings()))).await,
            Response::Words => self.write(&failure(&words_body())).await,
            Response::Redirect => self.write(&complete("302 Found", "location: http://127.0.0.1:1/\r\n", b"")).await,
            Response::RetryAfter => {
                let field = "retry-after: 99999999999999999999999999\r\n";
                self.write(&complete("429 Too Many Requests", field, b"")).await
            }
            Response::Unavailable => self.write(&complete("503 Service Unavailable", "", b"")).await,
            Response::Reset => self.write(b"HTTP/1.1 200 OK\r\ncontent-le").await,
            Response::LargeToken => {
                let token = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "a".repeat(1_000_000));
                self.write(&complete("200 OK", "content-type: application/json\r\n", token.as_bytes())).await
            }
        }
    }

    /// Returns the head and the body of a request over HTTP/1.1.
    async fn read_request(&mut self) -> io::Result<Vec<u8>> {
        const END: &[u8] = b"\r\n\r\n";
        let (mut request, mut part) = (Vec::new(), [0; 4096]);
        let end = loop {
            let length = self.stream.read(&mut part).await?;
            if length == 0 || request.len() > MAX_HEAD_BYTES {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            request.extend_from_slice(&part[..length]);
            if let Some(at) = request.windows(END.len()).position(|window| window == END) {
                break at + END.len();
            }
        };
        let body = content_length(&request[..end]).min(MAX_HEAD_BYTES);
        let missing = (end + body).saturating_sub(request.len());
        let read = request.len();
        request.resize(read + missing, 0);
        self.stream.read_exact(&mut request[read..]).await?;
        Ok(request)
    }

    /// Reads frames until a request begins. Then sends GOAWAY, as a server does that stops.
    pub(super) async fn go_away(&mut self) -> io::Result<()> {
        self.write(&frames::frame(kind::SETTINGS, 0, 0, &[])).await?;
        self.stream.read_exact(&mut [0; PREFACE.len()]).await?;
        loop {
            let mut head = [0; HEAD_BYTES];
            self.stream.read_exact(&mut head).await?;
            let (length, kind) = frames::head(head);
            self.stream.read_exact(&mut vec![0; length]).await?;
            if kind == frames::kind::HEADERS {
                self.counts.change(|counts| counts.requests += 1);
                return self.write(&frames::go_away()).await;
            }
        }
    }

    pub(super) async fn ping(&mut self) -> io::Result<()> {
        self.write(&frames::frame(kind::SETTINGS, 0, 0, &[])).await?;
        self.write_endlessly(&frames::pings(0)).await
    }
}

fn complete(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{fields}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Returns a response that reports a failure. The service stores a part of the body.
fn failure(body: &[u8]) -> Vec<u8> {
    complete("500 Internal Server Error", "", body)
}

fn lines(encodings: Vec<(&'static str, Vec<u8>)>) -> Vec<u8> {
    encodings.into_iter().flat_map(|(_, bytes)| [bytes, b"\n".to_vec()].concat()).collect()
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0)
}

/// The values of the custom headers of the customer whose receiver responds with [`Response::Words`]. They consist of
/// words with 8 to 194 letters `a`.
pub(super) fn words_headers() -> Vec<String> {
    let mut values = vec![String::new(); 20];
    for length in (8..195).rev() {
        // A value has at most 1,024 characters, so each word is added to the shortest value.
        if let Some(value) = values.iter_mut().min_by_key(|value| value.len()) {
            let space = if value.is_empty() { "" } else { " " };
            *value += &format!("{space}{}", "a".repeat(length));
        }
    }
    values
}

fn words_body() -> Vec<u8> {
    [&b"%zz\\q&;"[..], &[b'a'; 16 * 1024]].concat()
}

/// Returns the beginning of a gzip stream (RFC 1952), and bytes that can follow again and again. The stream is one
/// block with fixed Huffman codes (RFC 1951, section 3.2.6).
fn endless_gzip() -> (Vec<u8>, Vec<u8>) {
    let mut bits: Vec<bool> = vec![false, true, false];
    // The literal 0 has the code 00110000. Length 258 has the code 11000101, and distance 1 has the code 00000.
    bits.extend([0, 0, 1, 1, 0, 0, 0, 0].map(|bit| bit == 1));
    // The pattern has 13 bits. So it repeats after 13 bytes.
    for _ in 0..24 {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0].map(|bit| bit == 1));
    }
    let byte = |bits: &[bool]| bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at);
    let bytes: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    let (first, rest) = bytes.split_at(2);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    ([&head, first].concat(), rest[..13].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_contain_every_word_and_are_permitted() {
        let headers = words_headers();
        assert_eq!(headers.len(), 20);
        assert!(headers.iter().all(|value| value.len() <= 1024));
        let mut lengths: Vec<usize> = headers.iter().flat_map(|value| value.split(' ')).map(str::len).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, (8..195).collect::<Vec<_>>());
    }

    #[test]
    fn the_compressed_body_repeats() {
        let (beginning, repeated) = endless_gzip();
        assert_eq!((beginning.len(), repeated.len()), (12, 13));
        // Python decompresses `beginning + repeated * 1000` to 2,064,001 zero bytes.
        assert_eq!(beginning[10..], [0x62, 0x18]);
    }

    #[test]
    fn the_length_of_a_body_is_read() {
        assert_eq!(content_length(b"POST / HTTP/1.1\r\nContent-Length: 17\r\n\r\n"), 17);
        assert_eq!(content_length(b"POST / HTTP/1.1\r\n\r\n"), 0);
    }
}
