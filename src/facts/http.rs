//! What a policy host answered.

use std::fmt;
use std::net::IpAddr;

use super::certificate::PeerCertificate;
use super::tls::AlertReceived;
use super::{Say, Sentence};

/// One GET of `https://HOST/.well-known/mta-sts.txt`, at one address of the host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpExchange {
    /// The address asked, as the DNS gave it.
    pub address: IpAddr,
    /// The certificate presented, accepted or refused; `None` if the handshake did not get there.
    pub certificate: Option<PeerCertificate>,
    /// What came of it.
    pub outcome: Result<HttpResponse, HttpFailure>,
}

impl HttpExchange {
    /// Returns whether no connection was made, so that a client goes on to the host's next address.
    #[must_use]
    pub fn is_before_connection(&self) -> bool {
        self.outcome
            .as_ref()
            .is_err_and(|failure| failure.kind.is_before_connection())
    }

    /// Returns whether the address was left out because it is not one of the Internet at large.
    #[must_use]
    pub fn is_special(&self) -> bool {
        self.outcome
            .as_ref()
            .is_err_and(|failure| failure.kind == HttpFailureKind::NotGlobal)
    }

    /// Returns whether nothing left this host, as without IPv6: that says nothing about the address.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        self.outcome
            .as_ref()
            .is_err_and(|failure| failure.kind.is_out_of_reach())
    }
}

/// A response, as it came: nothing decoded, no redirect followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Each value of each `Content-Type` header, any octets; the first [`HttpResponse::MAX_VALUE_OCTETS`] of
    /// them all.
    pub content_types: Vec<Box<[u8]>>,
    /// The value of `Location`, if there is one, as far as [`HttpResponse::MAX_VALUE_OCTETS`].
    pub location: Option<Box<[u8]>>,
    /// The headers, as far as they are kept: which server answered, and for how long caches keep the answer.
    pub headers: Headers,
    /// The body, at most as long as the size limit.
    pub body: Box<[u8]>,
    /// How the body ended.
    pub body_end: BodyEnd,
}

impl HttpResponse {
    /// The longest text that is kept of the headers of one name.
    pub const MAX_VALUE_OCTETS: usize = 1_024;
}

/// The headers of a response, in order, names in lower case, values as they came: apart from those of the framing,
/// and from those that [`HttpResponse`] has a place for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Headers(Vec<(Box<str>, Box<[u8]>)>);

impl Headers {
    /// How many are kept, the first.
    pub const MAX_HEADERS: usize = 64;

    /// The longest value that is kept of one header; the rest of it is cut off.
    pub const MAX_VALUE_OCTETS: usize = 256;

    /// How many octets of names and values are kept in all; a header that has no room is left out.
    pub const MAX_OCTETS: usize = 8_192;

    /// The headers that only say how the message travels (RFC 9112), and those that are kept elsewhere.
    const LEFT_OUT: [&str; 6] = [
        "connection",
        "content-length",
        "content-type",
        "keep-alive",
        "location",
        "transfer-encoding",
    ];

    /// Keeps headers, as far as the bounds let.
    #[must_use]
    pub fn keep<'h>(all: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Self {
        let mut room = Self::MAX_OCTETS;
        let mut kept = Vec::new();
        for (name, value) in all {
            let name = name.to_ascii_lowercase();
            if Self::LEFT_OUT.contains(&name.as_str()) {
                continue;
            }
            let value = value.get(..Self::MAX_VALUE_OCTETS).unwrap_or(value);
            let Some(left) = room.checked_sub(name.len().saturating_add(value.len())) else {
                continue;
            };
            if kept.len() == Self::MAX_HEADERS {
                break;
            }
            room = left;
            kept.push((name.into(), value.into()));
        }
        Self(kept)
    }

    /// Returns the values of a header, by its name in lower case, in order.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.iter().filter(move |(key, _)| *key == name);
        named.map(|(_, value)| value)
    }

    /// Returns them all, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// How a body ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BodyEnd {
    /// All of it came.
    Complete,
    /// The connection broke before the announced end.
    Interrupted {
        /// The cause chain.
        detail: Box<str>,
    },
    /// Time ran out before the end.
    TimedOut,
    /// It is longer than the limit; reading stopped there.
    TooLarge {
        /// The limit, in octets.
        limit_bytes: u64,
    },
}

/// Why no response came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpFailure {
    /// What kind of failure.
    pub kind: HttpFailureKind,
    /// The cause chain.
    pub detail: Box<str>,
}

impl Say for HttpFailure {
    fn say(&self, sentence: &mut Sentence) {
        let kind = self.kind.to_string();
        let adds_nothing = kind.eq_ignore_ascii_case(&self.detail) || kind.contains(&*self.detail);
        sentence.failure(self.kind, if adds_nothing { "" } else { &self.detail });
    }
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HttpFailureKind {
    /// The server sent a TLS alert, other than `protocol_version`.
    Alert(AlertReceived),
    /// The connection broke in the TLS handshake, before a certificate was seen: a box that keeps this client
    /// away looks the same.
    BrokenInHandshake,
    /// The certificate was refused; its faults stand beside it.
    CertificateRefused,
    /// The connection was not made in time.
    ConnectTimedOut,
    /// An option excludes addresses of this family: nothing left this host.
    FamilyOff,
    /// The head of the response is larger than this client takes; another may take more.
    HeadTooLarge,
    /// The TLS handshake failed, and it may only be that client and server have no parameters in common.
    HandshakeFailed,
    /// The reply is not HTTP, or not even TLS, or breaks their rules.
    Malformed,
    /// The address is not one of the Internet at large, so nobody connected to it: see
    /// [`special_purpose`](super::special::special_purpose).
    NotGlobal,
    /// No TLS version of 1.2 or above in common, as the server proved.
    OldTls,
    /// The address means the machine that connects, whichever it is: loopback, or unspecified.
    OwnAddress,
    /// The connection was refused (RST).
    Refused,
    /// The connection broke after it was made.
    Reset,
    /// The connection was made, and no full answer came in time.
    TimedOut,
    /// No route, no permission, no address family: nothing left this host.
    Unreachable,
}

impl HttpFailureKind {
    /// Returns whether nothing left this host.
    const fn is_out_of_reach(self) -> bool {
        matches!(self, Self::FamilyOff | Self::Unreachable)
    }

    /// Returns whether no connection was made, so that a client goes on to the host's next address.
    #[must_use]
    pub const fn is_before_connection(self) -> bool {
        match self {
            Self::ConnectTimedOut
            | Self::FamilyOff
            | Self::NotGlobal
            | Self::OwnAddress
            | Self::Refused
            | Self::Unreachable => true,
            Self::Alert(_)
            | Self::BrokenInHandshake
            | Self::CertificateRefused
            | Self::HandshakeFailed
            | Self::HeadTooLarge
            | Self::Malformed
            | Self::OldTls
            | Self::Reset
            | Self::TimedOut => false,
        }
    }

    /// Returns whether the failure may lie on our side: another vantage might have got an answer.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        match self {
            Self::Alert(received) => received.is_ours(),
            Self::BrokenInHandshake
            | Self::ConnectTimedOut
            | Self::FamilyOff
            | Self::HandshakeFailed
            | Self::HeadTooLarge
            | Self::NotGlobal
            | Self::TimedOut
            | Self::Unreachable => true,
            Self::CertificateRefused
            | Self::Malformed
            | Self::OldTls
            | Self::OwnAddress
            | Self::Refused
            | Self::Reset => false,
        }
    }
}

impl fmt::Display for HttpFailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alert(received) => return received.fmt(f),
            Self::BrokenInHandshake => "connection broke in the TLS handshake",
            Self::CertificateRefused => "certificate refused",
            Self::ConnectTimedOut => "no connection in time",
            Self::FamilyOff => "address family is switched off",
            Self::HandshakeFailed => "TLS handshake failed",
            Self::HeadTooLarge => "head of the response is too large",
            Self::Malformed => "reply is not valid HTTP over TLS",
            Self::NotGlobal => "special-purpose address, not connected to",
            Self::OldTls => "server speaks no TLS version from 1.2 on",
            Self::OwnAddress => "address is the sender's own, never another host's",
            Self::Refused => "connection refused",
            Self::Reset => "connection broke",
            Self::TimedOut => "no answer in time",
            Self::Unreachable => "address unreachable from here",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Headers, HttpExchange, HttpFailure, HttpFailureKind as Kind};
    use crate::facts::tls::{Alert, AlertReceived};

    #[test]
    fn headers_are_kept_within_bounds() {
        let long = vec![b'x'; Headers::MAX_VALUE_OCTETS + 1];
        let headers = Headers::keep([
            ("Server", &b"GitHub.com"[..]),
            ("Content-Length", b"77"),
            ("AGE", b"12"),
            ("age", b"13"),
            ("x-long", &long),
        ]);
        let kept: Vec<_> = headers.iter().collect();
        assert_eq!(
            kept,
            [
                ("server", &b"GitHub.com"[..]),
                ("age", b"12"),
                ("age", b"13"),
                ("x-long", &long[1..]),
            ]
        );
        assert_eq!(headers.named("age").count(), 2);

        let many = || std::iter::repeat_n(("a", &b"b"[..]), Headers::MAX_HEADERS + 1);
        assert_eq!(Headers::keep(many()).iter().count(), Headers::MAX_HEADERS);
        // One that has no room does not keep a small one out.
        let name = "n".repeat(Headers::MAX_OCTETS);
        let headers = Headers::keep([(&*name, &b"v"[..]), ("age", b"1")]);
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("age", &b"1"[..])]);
    }

    #[test]
    fn failures_say_what_happened_where_to_go_on_and_whose_they_may_be() {
        for (kind, is_before_connection, is_ours, expected) in [
            (
                Kind::Alert(AlertReceived::once(Alert(112))),
                false,
                false,
                "TLS alert unrecognized_name",
            ),
            (
                Kind::Alert(AlertReceived::once(Alert::HANDSHAKE_FAILURE)),
                false,
                true,
                "TLS alert handshake_failure",
            ),
            (
                Kind::BrokenInHandshake,
                false,
                true,
                "connection broke in the TLS handshake",
            ),
            (
                Kind::CertificateRefused,
                false,
                false,
                "certificate refused",
            ),
            (Kind::ConnectTimedOut, true, true, "no connection in time"),
            (Kind::HandshakeFailed, false, true, "TLS handshake failed"),
            (
                Kind::HeadTooLarge,
                false,
                true,
                "head of the response is too large",
            ),
            (
                Kind::Malformed,
                false,
                false,
                "reply is not valid HTTP over TLS",
            ),
            (
                Kind::FamilyOff,
                true,
                true,
                "address family is switched off",
            ),
            (
                Kind::NotGlobal,
                true,
                true,
                "special-purpose address, not connected to",
            ),
            (
                Kind::OldTls,
                false,
                false,
                "server speaks no TLS version from 1.2 on",
            ),
            (
                Kind::OwnAddress,
                true,
                false,
                "address is the sender's own, never another host's",
            ),
            (Kind::Refused, true, false, "connection refused"),
            (Kind::Reset, false, false, "connection broke"),
            (Kind::TimedOut, false, true, "no answer in time"),
            (
                Kind::Unreachable,
                true,
                true,
                "address unreachable from here",
            ),
        ] {
            assert_eq!(
                (kind.is_before_connection(), kind.is_ours()),
                (is_before_connection, is_ours),
                "{kind}"
            );
            let exchange = HttpExchange {
                address: [192, 0, 2, 1].into(),
                certificate: None,
                outcome: Err(HttpFailure {
                    kind,
                    detail: Box::default(),
                }),
            };
            assert_eq!(exchange.is_special(), kind == Kind::NotGlobal, "{kind}");
            let is_out_of_reach = matches!(kind, Kind::FamilyOff | Kind::Unreachable);
            assert_eq!(exchange.is_out_of_reach(), is_out_of_reach, "{kind}");
            assert_eq!(
                exchange.is_before_connection(),
                is_before_connection,
                "{kind}"
            );
            for (detail, expected) in [
                ("", expected.to_owned()),
                ("os error 1", format!("{expected} (os error 1)")),
                // What the kind says already.
                (&expected.to_uppercase(), expected.to_owned()),
                (expected.split_once(' ').unwrap().1, expected.to_owned()),
            ] {
                let failure = HttpFailure {
                    kind,
                    detail: detail.into(),
                };
                assert_eq!(failure.to_string(), expected);
            }
        }
    }
}
