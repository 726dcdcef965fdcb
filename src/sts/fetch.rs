//! §3.3: whether an HTTPS exchange yields a policy.
//!
//! [RFC 8461, Section 3.3]: only a response with status 200, over TLS with a certificate for the policy host,
//! makes a policy valid; a redirect is never followed.
//!
//! [RFC 8461, Section 3.3]: https://www.rfc-editor.org/rfc/rfc8461#section-3.3

use super::excerpt::excerpt;
use super::fields::{split_once, trim};
use super::policy::{self, Policy, PolicyError};
use super::reading::Reading;
use crate::facts::certificate::CertificateFault;
use crate::facts::dns::DnsFailure;
use crate::facts::http::{BodyEnd, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse};
use crate::facts::{DnsName, DnsNameError};

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
                HttpFailureKind::CertificateRefused
                | HttpFailureKind::ConnectTimedOut
                | HttpFailureKind::HandshakeFailed
                | HttpFailureKind::Malformed
                | HttpFailureKind::OldTls
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
    let essence = split_once(content_type, b';').map_or(content_type, |(essence, _)| essence);
    trim(essence).eq_ignore_ascii_case(b"text/plain")
}

/// Why a policy could not be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FetchError {
    /// The policy host's certificate has faults, all of them listed.
    #[error("certificate of the policy host: {}", joined(.0))]
    Certificate(Vec<CertificateFault>),
    /// No HTTP response came.
    #[error("{0}")]
    Connection(HttpFailure),
    /// The name of the policy host would be too long for the DNS. Told by the sender, not by [`judge`].
    #[error("the policy host has no possible name: {0}")]
    Host(#[source] DnsNameError),
    /// The lookup of the policy host failed. Told by the sender, not by [`judge`].
    #[error("lookup of the policy host: {0}")]
    HostLookup(DnsFailure),
    /// The policy host does not exist (NXDOMAIN). Told by the sender, not by [`judge`].
    #[error("the policy host {host} does not exist")]
    HostNotFound {
        /// The policy host.
        host: DnsName,
    },
    /// The connection broke within the body.
    #[error("the connection broke within the body ({detail})")]
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
    /// The policy host has no address. Told by the sender, not by [`judge`].
    #[error("the policy host {host} has no address")]
    NoAddress {
        /// The policy host.
        host: DnsName,
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
    pub const fn is_ours(&self) -> bool {
        match self {
            Self::Connection(failure) => failure.kind.is_ours(),
            Self::HostLookup(failure) => failure.kind.is_ours(),
            Self::TimedOut => true,
            Self::Certificate(_)
            | Self::Host(_)
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

fn joined(faults: &[CertificateFault]) -> String {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("; ")
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{FetchError, is_text_plain, judge};
    use crate::facts::UnixTime;
    use crate::facts::certificate::{CertificateFault, PeerCertificate};
    use crate::facts::dns::{DnsFailure, DnsFailureKind};
    use crate::facts::http::{BodyEnd, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse};
    use crate::sts::policy::{self, Mode};
    use crate::sts::reading::Reading;

    const BODY: &[u8] = b"version: STSv1\nmode: none\nmax_age: 60\n";

    fn certificate(faults: Vec<CertificateFault>) -> PeerCertificate {
        PeerCertificate {
            chain: Vec::new(),
            subject_alt_names: vec!["mta-sts.corp.test".into()],
            issuer: "CN=lab".into(),
            not_before: UnixTime::from_secs(0),
            not_after: UnixTime::MAX,
            faults,
        }
    }

    fn response() -> HttpResponse {
        HttpResponse {
            status: 200,
            content_types: vec![b"text/plain"[..].into()],
            location: None,
            body: BODY.into(),
            body_end: BodyEnd::Complete,
        }
    }

    fn exchange(outcome: Result<HttpResponse, HttpFailure>) -> HttpExchange {
        HttpExchange {
            address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            certificate: Some(certificate(Vec::new())),
            outcome,
        }
    }

    #[test]
    fn a_policy_comes_with_its_body() {
        let fetched = judge(&exchange(Ok(response())), Reading::Letter).unwrap();
        assert_eq!(fetched.policy.mode(), Mode::None);
        assert_eq!(&*fetched.body, BODY);
    }

    #[test]
    fn any_status_but_200_is_refused_whatever_the_body() {
        for status in [
            100, 199, 201, 203, 204, 206, 301, 302, 304, 307, 308, 404, 410, 500, 503,
        ] {
            for reading in Reading::BOTH {
                let response = HttpResponse {
                    status,
                    location: Some(b"https://x.test/\r\n"[..].into()),
                    ..response()
                };
                assert_eq!(
                    judge(&exchange(Ok(response)), reading),
                    Err(FetchError::Status {
                        status,
                        location: Some("https://x.test/\\r\\n".into())
                    })
                );
            }
        }
    }

    #[test]
    fn the_media_type_is_text_plain_with_any_parameters() {
        for (value, expected) in [
            (&b"text/plain"[..], true),
            (b"TEXT/Plain", true),
            (b" text/plain\t", true),
            (b"text/plain; charset=utf-8", true),
            (b"text/plain;charset=US-ASCII", true),
            (b"text/plain; charset=iso-8859-1; x", true),
            (b"text/plain;", true),
            (b"text/plain ; =", true),
            (b"text/html", false),
            (b"text/plain, text/html", false),
            (b"text/plainer", false),
            (b"text / plain", false),
            (b"application/octet-stream; x=text/plain", false),
            (b"", false),
            (b";", false),
            (b"text/pl\xffain", false),
        ] {
            assert_eq!(
                is_text_plain(value),
                expected,
                "{:?}",
                String::from_utf8_lossy(value)
            );
        }
    }

    #[test]
    fn another_media_type_or_none_passes_only_tolerantly() {
        for (content_types, found) in [
            (vec![], None),
            (vec![&b"text/html"[..]], Some("text/html")),
            (vec![b"text/plain", b"text/html"], Some("text/html")),
            (vec![b"text/html", b"text/plain"], Some("text/html")),
        ] {
            let response = HttpResponse {
                content_types: content_types.into_iter().map(Into::into).collect(),
                ..response()
            };
            let exchange = exchange(Ok(response));
            assert_eq!(
                judge(&exchange, Reading::Letter),
                Err(FetchError::MediaType {
                    found: found.map(Into::into)
                })
            );
            assert!(judge(&exchange, Reading::Tolerant).is_ok(), "{found:?}");
        }
    }

    #[test]
    fn a_body_that_is_not_whole_is_refused_though_it_reads_as_a_policy() {
        for (body_end, expected, is_ours) in [
            (
                BodyEnd::Interrupted {
                    detail: "eof".into(),
                },
                FetchError::Interrupted {
                    detail: "eof".into(),
                },
                false,
            ),
            (BodyEnd::TimedOut, FetchError::TimedOut, true),
            (
                BodyEnd::TooLarge {
                    limit_bytes: 65_536,
                },
                FetchError::TooLarge {
                    limit_bytes: 65_536,
                },
                false,
            ),
        ] {
            for reading in Reading::BOTH {
                let response = HttpResponse {
                    body_end: body_end.clone(),
                    ..response()
                };
                let error = judge(&exchange(Ok(response)), reading).unwrap_err();
                assert_eq!((&error, error.is_ours()), (&expected, is_ours));
            }
        }
    }

    #[test]
    fn a_certificate_with_faults_is_refused_with_all_of_them() {
        let faults = vec![CertificateFault::SelfSigned, CertificateFault::WrongPurpose];
        let refused = HttpFailure {
            kind: HttpFailureKind::CertificateRefused,
            detail: "".into(),
        };
        for (outcome, certificate, expected) in [
            (
                Err(refused.clone()),
                Some(certificate(faults.clone())),
                FetchError::Certificate(faults.clone()),
            ),
            // A network that goes on regardless does not make the policy valid.
            (
                Ok(response()),
                Some(certificate(faults.clone())),
                FetchError::Certificate(faults),
            ),
            (
                Ok(response()),
                None,
                FetchError::Certificate(vec![CertificateFault::Unreadable {
                    detail: "no certificate was presented".into(),
                }]),
            ),
            (
                Err(refused.clone()),
                Some(certificate(Vec::new())),
                FetchError::Connection(refused.clone()),
            ),
            (Err(refused.clone()), None, FetchError::Connection(refused)),
        ] {
            for reading in Reading::BOTH {
                let exchange = HttpExchange {
                    certificate: certificate.clone(),
                    ..exchange(outcome.clone())
                };
                let error = judge(&exchange, reading).unwrap_err();
                assert_eq!((&error, error.is_ours()), (&expected, false));
            }
        }
    }

    #[test]
    fn a_failed_connection_is_ours_where_another_vantage_may_do_better() {
        use HttpFailureKind as H;
        for (kind, is_ours) in [
            (H::HandshakeFailed, true),
            (H::Malformed, false),
            (H::OldTls, false),
            (H::Refused, false),
            (H::Reset, false),
            (H::TimedOut, true),
            (H::Unreachable, true),
        ] {
            let failure = HttpFailure {
                kind,
                detail: "why".into(),
            };
            let error = judge(&exchange(Err(failure.clone())), Reading::Letter).unwrap_err();
            assert_eq!(error, FetchError::Connection(failure));
            assert_eq!(error.is_ours(), is_ours, "{kind}");
        }
        for (kind, is_ours) in [
            (DnsFailureKind::TimedOut, true),
            (DnsFailureKind::ServFail, false),
        ] {
            let failure = DnsFailure {
                kind,
                detail: "".into(),
            };
            assert_eq!(FetchError::HostLookup(failure).is_ours(), is_ours, "{kind}");
        }
    }

    #[test]
    fn a_body_that_is_no_policy_says_where() {
        let response = HttpResponse {
            body: b"version: STSv1\nmode: on\n"[..].into(),
            ..response()
        };
        for reading in Reading::BOTH {
            let error = judge(&exchange(Ok(response.clone())), reading).unwrap_err();
            let expected = policy::parse(&response.body, reading).unwrap_err();
            assert_eq!(error, FetchError::Policy(expected));
            assert_eq!(
                error.to_string(),
                "line 2: mode `on` is none of enforce, testing, none"
            );
        }
    }

    #[test]
    fn errors_read_as_sentences() {
        for (error, expected) in [
            (
                FetchError::Status {
                    status: 301,
                    location: Some("https://x.test/".into()),
                },
                "status 301, a redirect to https://x.test/, which is never followed",
            ),
            (
                FetchError::Status {
                    status: 404,
                    location: None,
                },
                "status 404",
            ),
            (
                FetchError::MediaType { found: None },
                "media type is absent, not text/plain",
            ),
            (
                FetchError::Certificate(vec![
                    CertificateFault::SelfSigned,
                    CertificateFault::IssuerExpired,
                ]),
                "certificate of the policy host: certificate is self-signed; \
                 a certificate of the chain has expired",
            ),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }
}
