//! What an edge of a policy host answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::certificate::{Identity, TlsVersions};
use super::faults::HttpsFault;
use super::lag::Lag;
use super::names::names;

/// One address of one or more policy hosts.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Edge {
    /// The certificates.
    pub identity: Identity,
    /// The versions of TLS.
    pub versions: TlsVersions,
    /// What it suffers on the wire.
    pub fault: Option<HttpsFault>,
    /// What answers a GET for [`Page::PATH`], by the name in `Host`, in lower case; a request for any other
    /// name or path is unannounced.
    pub pages: BTreeMap<String, Page>,
    /// The pages that still answer in their place at first.
    pub lag: Option<Lag<BTreeMap<String, Page>>>,
}

/// What answers a GET.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Page {
    /// An HTTP response.
    Response(Response),
    /// These octets, whatever they are; then the connection is closed.
    Raw(Vec<u8>),
}

impl Page {
    /// Where a policy lies (RFC 8461, Section 3.3).
    pub const PATH: &'static str = "/.well-known/mta-sts.txt";
}

impl From<Response> for Page {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// An HTTP/1.1 response.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Response {
    /// The status code, as three digits.
    pub status: u16,
    /// The reason phrase.
    pub reason: Box<str>,
    /// The headers in order, apart from those of the framing: also `Content-Type`, if there is to be one.
    pub headers: Vec<(Box<str>, Box<[u8]>)>,
    /// The body.
    #[serde(serialize_with = "write_octets", deserialize_with = "read_octets")]
    pub body: Arc<[u8]>,
    /// How the body travels.
    pub transfer: Transfer,
}

impl Response {
    /// Makes an answer of status 200 with `body` and the media type `text/plain`.
    #[must_use]
    pub fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, "OK")
            .with_header("Content-Type", "text/plain; charset=utf-8")
            .with_body(body)
    }

    /// Makes an answer without a body or headers.
    #[must_use]
    pub fn new(status: u16, reason: impl Into<Box<str>>) -> Self {
        Self {
            status,
            reason: reason.into(),
            headers: Vec::new(),
            body: Arc::default(),
            transfer: Transfer::Plain,
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
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Returns the same answer with another body.
    #[must_use]
    pub fn with_body(self, body: impl AsRef<[u8]>) -> Self {
        Self {
            body: body.as_ref().into(),
            ..self
        }
    }

    /// Returns how much of the body comes in time, or before the connection ends, where it is spoiled.
    #[must_use]
    pub fn half(&self) -> usize {
        self.body.len() / 2
    }

    /// Returns the values of a header, in order.
    pub fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }
}

fn write_octets<S: Serializer>(octets: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    <[u8]>::serialize(octets, serializer)
}

fn read_octets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
    Box::deserialize(deserializer).map(Arc::from)
}

names! {
    /// How a body travels.
    Transfer, "a way for a body to travel" {
        /// At once, its length announced.
        Plain = "plain",
        /// In chunks, without a length.
        Chunked = "chunked",
        /// Without a length, ended by the end of the connection.
        Close = "close",
        /// Packed with gzip, asked for or not.
        Gzip = "gzip",
        /// In drops, slower than any deadline allows.
        Slow = "slow",
        /// Nothing comes after its first half; the connection stays open.
        Stall = "stall",
        /// The connection is closed after its first half.
        Cut = "cut",
    }
}

#[cfg(test)]
mod tests {
    use super::{Response, Transfer};

    #[test]
    fn an_answer_has_its_headers_in_order_and_its_body() {
        let response = Response::ok("policy")
            .with_header("Age", "1")
            .with_header("content-type", "text/html");
        assert_eq!(
            response,
            Response {
                status: 200,
                reason: "OK".into(),
                headers: vec![
                    (
                        "Content-Type".into(),
                        (*b"text/plain; charset=utf-8").into()
                    ),
                    ("Age".into(), (*b"1").into()),
                    ("content-type".into(), (*b"text/html").into()),
                ],
                body: (*b"policy").into(),
                transfer: Transfer::Plain,
            }
        );
        for (name, expected) in [
            (
                "CONTENT-TYPE",
                &[&b"text/plain; charset=utf-8"[..], b"text/html"][..],
            ),
            ("age", &[b"1"]),
            ("Location", &[]),
        ] {
            assert_eq!(
                response.header(name).collect::<Vec<_>>(),
                expected,
                "{name}"
            );
        }
        let moved = Response::redirect(301, "/there");
        assert_eq!(moved.header("location").collect::<Vec<_>>(), [b"/there"]);
    }

    #[test]
    fn half_a_body_is_the_shorter_half() {
        for (body, expected) in [("", 0), ("a", 0), ("ab", 1), ("abcd", 2), ("abcdefg", 3)] {
            assert_eq!(Response::ok(body).half(), expected, "{body}");
        }
    }
}
