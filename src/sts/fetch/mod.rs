//! §3.3: whether an HTTPS exchange yields a policy.
//!
//! [RFC 8461, Section 3.3]: only a response with status 200, over TLS with a certificate for the policy host,
//! makes a policy valid; a redirect is never followed.
//!
//! [RFC 8461, Section 3.3]: https://www.rfc-editor.org/rfc/rfc8461#section-3.3

#[cfg(test)]
mod tests;

use super::excerpt::excerpt;
use super::fields::{split_once, trim};
use super::policy::{self, Policy, PolicyError};
use super::reading::Reading;
use crate::facts::certificate::CertificateFault;
use crate::facts::dns::DnsFailure;
use crate::facts::http::{BodyEnd, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse};
use crate::facts::{DnsName, DnsNameError, Say, Sentence};

/// The largest policy body that is read unless set otherwise, in octets: "a suggested maximum policy size is
/// 64 kilobytes".
pub const DEFAULT_MAX_POLICY_BYTES: u64 = 65_536;

/// A policy that was fetched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// The policy.
    pub policy: Policy,
    /// The body that it was read from.
    pub body: Box<[u8]>,
}

/// Judges one exchange.
///
/// # Errors
///
/// When it does not yield a valid policy in this reading: the first reason, in the order certificate, status,
/// media type, body.
pub fn judge(exchange: &HttpExchange, reading: Reading) -> Result<Fetched, FetchError> {
    let faults = exchange
        .certificate
        .as_ref()
        .map_or(&[][..], |certificate| &certificate.faults);
    let response = match &exchange.outcome {
        Ok(response) => response,
        Err(failure) => {
            return Err(match failure.kind {
                HttpFailureKind::CertificateRefused if !faults.is_empty() => {
                    FetchError::Certificate(faults.to_vec())
                }
                HttpFailureKind::Alert(_)
                | HttpFailureKind::BrokenInHandshake
                | HttpFailureKind::CertificateRefused
                | HttpFailureKind::ConnectTimedOut
                | HttpFailureKind::FamilyOff
                | HttpFailureKind::HandshakeFailed
                | HttpFailureKind::HeadTooLarge
                | HttpFailureKind::Malformed
                | HttpFailureKind::OldTls
                | HttpFailureKind::NotGlobal
                | HttpFailureKind::OwnAddress
                | HttpFailureKind::Refused
                | HttpFailureKind::Reset
                | HttpFailureKind::TimedOut
                | HttpFailureKind::Unreachable => FetchError::Connection(failure.clone()),
            });
        }
    };
    // §3.3: the policy host must present a certificate that is valid for its name.
    if exchange.certificate.is_none() {
        return Err(FetchError::Certificate(vec![
            CertificateFault::Unreadable {
                detail: "no certificate was presented".into(),
            },
        ]));
    }
    if !faults.is_empty() {
        return Err(FetchError::Certificate(faults.to_vec()));
    }
    check_head(response, reading)?;
    match &response.body_end {
        BodyEnd::Complete => {}
        BodyEnd::Interrupted { detail } => {
            return Err(FetchError::Interrupted {
                detail: detail.clone(),
            });
        }
        BodyEnd::TimedOut => return Err(FetchError::TimedOut),
        BodyEnd::TooLarge { limit_bytes } => {
            return Err(FetchError::TooLarge {
                limit_bytes: *limit_bytes,
            });
        }
    }
    Ok(Fetched {
        policy: policy::parse(&response.body, reading)?,
        body: response.body.clone(),
    })
}

fn check_head(response: &HttpResponse, reading: Reading) -> Result<(), FetchError> {
    // "Policies fetched via HTTPS are only valid if the HTTP response code is 200 (OK). HTTP 3xx redirects
    // MUST NOT be followed"
    if response.status != 200 {
        return Err(FetchError::Status {
            status: response.status,
            location: response.location.as_deref().map(excerpt),
            is_web_page: is_web_page(response),
        });
    }
    match reading {
        Reading::Tolerant => Ok(()),
        Reading::Letter => check_media_types(&response.content_types),
    }
}

/// Q: What if there are several `Content-Type` headers? A: Each of them must say text/plain: nobody knows
/// which one another sender looks at.
fn check_media_types(content_types: &[Box<[u8]>]) -> Result<(), FetchError> {
    if content_types.is_empty() {
        return Err(FetchError::MediaType { found: None });
    }
    match content_types.iter().find(|value| !is_text_plain(value)) {
        None => Ok(()),
        Some(value) => Err(FetchError::MediaType {
            found: Some(excerpt(value)),
        }),
    }
}

/// Returns whether the value of a `Content-Type` header is text/plain, in any case and with any parameters.
///
/// Parameters other than `charset=utf-8` or `charset=us-ascii` are ignored (§3.2), and these two say what the
/// grammar says: the policy is UTF-8 in any case. So all parameters are ignored, malformed ones too.
#[must_use]
pub fn is_text_plain(content_type: &[u8]) -> bool {
    is_media_type(content_type, b"text/plain")
}

fn is_media_type(content_type: &[u8], expected: &[u8]) -> bool {
    let essence = split_once(content_type, b';').map_or(content_type, |(essence, _)| essence);
    trim(essence).eq_ignore_ascii_case(expected)
}

/// Whether the response is HTML: by its media type, or by its first character.
fn is_web_page(response: &HttpResponse) -> bool {
    let mut content_types = response.content_types.iter();
    content_types.any(|value| is_media_type(value, b"text/html"))
        || response.body.trim_ascii_start().starts_with(b"<")
}

/// Why a policy could not be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FetchError {
    /// The policy host's certificate has faults, all of them listed.
    #[error("{}", certificate(.0))]
    Certificate(Vec<CertificateFault>),
    /// No HTTP response came.
    #[error("{0}")]
    Connection(HttpFailure),
    /// The name of the policy host would be too long for the DNS. Found by the sender, not by [`judge`].
    #[error("the policy host has no possible name: {0}")]
    Host(#[source] DnsNameError),
    /// The lookup of the policy host failed. Found by the sender, not by [`judge`].
    #[error("{}", host_lookup(.0))]
    HostLookup(DnsFailure),
    /// The policy host does not exist (NXDOMAIN). Found by the sender, not by [`judge`].
    #[error("the policy host {host}{} does not exist", behind(.alias_of))]
    HostNotFound {
        /// The policy host.
        host: DnsName,
        /// The name at which its CNAMEs end, which is the one that does not exist; `None` if it is no alias.
        alias_of: Option<DnsName>,
    },
    /// The connection broke within the body.
    #[error("{}", interrupted(.detail))]
    Interrupted {
        /// The cause chain.
        detail: Box<str>,
    },
    /// Another media type than text/plain, or none.
    #[error(
        "media type is {}, not text/plain",
        .found.as_deref().unwrap_or("absent")
    )]
    MediaType {
        /// The value of the header.
        found: Option<Box<str>>,
    },
    /// None of the policy host's addresses that were asked can be connected to, and there are more of them.
    /// Found by the sender, not by [`judge`].
    #[error(
        "none of the {tried} addresses of the policy host {host} that were asked can be connected to (left \
         out: {not_tried})"
    )]
    MoreAddresses {
        /// The policy host.
        host: DnsName,
        /// How many were asked.
        tried: usize,
        /// How many were not.
        not_tried: usize,
    },
    /// The policy host has no address. Found by the sender, not by [`judge`].
    #[error("the policy host {host}{} has no address", behind(.alias_of))]
    NoAddress {
        /// The policy host.
        host: DnsName,
        /// The name at which its CNAMEs end, which is the one that has none; `None` if it is no alias.
        alias_of: Option<DnsName>,
    },
    /// The body is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Another status than 200.
    #[error(
        "status {status}{}",
        .location.as_deref().map(|to| format!(", a redirect to {to}, which is never followed")).unwrap_or_default()
    )]
    Status {
        /// The status.
        status: u16,
        /// Where `Location` points.
        location: Option<Box<str>>,
        /// Whether a web page came with it, for people.
        is_web_page: bool,
    },
    /// Time ran out within the body.
    #[error("the body was not finished in time")]
    TimedOut,
    /// The body is longer than the limit.
    #[error("the body is longer than {limit_bytes} octets")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
}

impl FetchError {
    /// Returns whether the fault may lie on our side: another vantage might have got the policy.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Certificate(faults) => faults.iter().all(CertificateFault::is_ours),
            Self::Connection(failure) => failure.kind.is_ours(),
            Self::HostLookup(failure) => failure.kind.is_ours(),
            Self::MoreAddresses { .. } | Self::TimedOut => true,
            Self::Host(_)
            | Self::HostNotFound { .. }
            | Self::Interrupted { .. }
            | Self::MediaType { .. }
            | Self::NoAddress { .. }
            | Self::Policy(_)
            | Self::Status { .. }
            | Self::TooLarge { .. } => false,
        }
    }
}

impl Say for FetchError {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::Certificate(faults) => sentence.whole_failure(certificate(faults)),
            Self::Connection(failure) => sentence.add(failure),
            Self::HostLookup(failure) => sentence.whole_failure(host_lookup(failure)),
            Self::Interrupted { detail } => sentence.add(&interrupted(detail)),
            Self::Policy(error) => sentence.whole_failure(error.sentence()),
            Self::Host(_)
            | Self::HostNotFound { .. }
            | Self::MediaType { .. }
            | Self::MoreAddresses { .. }
            | Self::NoAddress { .. }
            | Self::Status { .. }
            | Self::TimedOut
            | Self::TooLarge { .. } => sentence.words(self),
        };
    }
}

fn behind(target: &Option<DnsName>) -> String {
    target.as_ref().map_or_else(String::new, |target| {
        format!(" is an alias (CNAME) of {target}, which")
    })
}

fn certificate(faults: &[CertificateFault]) -> Sentence {
    let mut sentence = Sentence::from("certificate of the policy host: ");
    sentence.join("; ", faults);
    sentence
}

fn host_lookup(failure: &DnsFailure) -> Sentence {
    let mut sentence = Sentence::from("lookup of the policy host: ");
    sentence.add(failure);
    sentence
}

fn interrupted(detail: &str) -> Sentence {
    let mut sentence = Sentence::default();
    sentence.failure("the connection broke within the body", detail);
    sentence
}
