//! What an edge of a policy host answers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::certificate::{Identity, TlsVersions};
use crate::world::fault::HttpsFault;

/// One address of one or more policy hosts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Edge {
    /// The certificates.
    pub identity: Identity,
    /// The versions of TLS.
    pub versions: TlsVersions,
    /// What it suffers on the wire.
    pub fault: Option<HttpsFault>,
    /// What it serves, by the name in `Host`, in lower case; a request for any other is unannounced.
    pub sites: BTreeMap<String, Site>,
}

/// What is served under one host name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Site {
    /// The pages, by path; a request for any other is unannounced.
    pub pages: BTreeMap<String, Page>,
}

impl Site {
    /// Where a policy lies (RFC 8461, Section 3.3).
    pub const POLICY_PATH: &'static str = "/.well-known/mta-sts.txt";

    /// Makes a site that has `page` where a policy lies.
    #[must_use]
    pub fn policy(page: impl Into<Page>) -> Self {
        Self {
            pages: BTreeMap::from([(Self::POLICY_PATH.to_owned(), page.into())]),
        }
    }
}

/// What answers a GET.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Page {
    /// An HTTP response.
    Response(Response),
    /// These octets, whatever they are; then the connection is closed.
    Raw(Vec<u8>),
}

impl From<Response> for Page {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// An HTTP/1.1 response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The status code, as three digits.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// The headers in order, apart from those of the framing: also `Content-Type`, if there is to be one.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// How the body's end is told.
    pub framing: Framing,
    /// How fast the body comes.
    pub pace: Pace,
}

impl Response {
    /// Makes an answer of status 200 with `body` and the media type `text/plain`.
    #[must_use]
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "OK")
            .with_header("Content-Type", "text/plain; charset=utf-8")
            .with_body(body)
    }

    /// Makes an answer without a body or headers.
    #[must_use]
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::default(),
            pace: Pace::default(),
        }
    }

    /// Makes a redirect to `location`.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status, "Moved").with_header("Location", location)
    }

    /// Returns the same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Returns the same answer with another body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// Returns the same answer with the body as a gzip member and `Content-Encoding: gzip`, whether the
    /// client asked for it or not.
    #[must_use]
    pub fn gzipped(self) -> Self {
        let body = gzip_stored(&self.body);
        self.with_header("Content-Encoding", "gzip").with_body(body)
    }
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Framing {
    /// By `Content-Length`.
    #[default]
    Length,
    /// By the chunked coding, in chunks of at most so many octets (at least one).
    Chunked(usize),
    /// By the end of the connection.
    Close,
}

/// How fast a body comes. Times are real time, as I/O deadlines are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pace {
    /// At once.
    #[default]
    AtOnce,
    /// So many octets (at least one), then a pause, and so on, from the head on.
    Slow {
        /// The octets sent at a time.
        octets: usize,
        /// The pause after them.
        pause: Duration,
    },
    /// After so many octets of the body nothing more comes, and the connection stays open.
    StallAfter(usize),
    /// After so many octets of the body the connection is closed.
    CutAfter(usize),
}

/// Returns `octets` as a gzip member (RFC 1952) of stored blocks.
fn gzip_stored(octets: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = octets.chunks(usize::from(u16::MAX)).peekable();
    if blocks.peek().is_none() {
        member.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a chunk is at most u16::MAX octets");
        member.push(u8::from(blocks.peek().is_none()));
        member.extend(length.to_le_bytes());
        member.extend((!length).to_le_bytes());
        member.extend(block);
    }
    member.extend(crc32(octets).to_le_bytes());
    let length = u32::try_from(octets.len() % (1 << 32)).expect("it is taken modulo 2^32");
    member.extend(length.to_le_bytes());
    member
}

/// Returns the check sum of RFC 1952, Section 8.
fn crc32(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |mut crc, octet| {
        crc ^= u32::from(*octet);
        for _bit in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_check_sum_is_that_of_gzip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
