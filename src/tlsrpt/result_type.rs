//! §4.3: the names of failures in reports, and the one mapping from our faults to them.
//!
//! Result types: [RFC 8460, Section 4.3].
//!
//! [RFC 8460, Section 4.3]: https://www.rfc-editor.org/rfc/rfc8460#section-4.3

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::certificate::CertificateFault;
use crate::sts::fetch::FetchError;
use crate::sts::transport::{Transport, TransportFault};

/// What went wrong, in the words of a report. The types that only DANE needs are not among them yet.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ResultType {
    /// The leaf has expired.
    CertificateExpired,
    /// The leaf is for other hosts.
    CertificateHostMismatch,
    /// The chain does not lead to a trusted root, or breaks a rule on the way.
    CertificateNotTrusted,
    /// STARTTLS is not offered, or not granted.
    StarttlsNotSupported,
    /// The policy could not be fetched.
    StsPolicyFetchError,
    /// A policy was fetched and is not valid.
    StsPolicyInvalid,
    /// The policy host's certificate is not valid.
    StsWebpkiInvalid,
    /// Any other failure.
    ValidationFailure,
}

impl ResultType {
    /// The type for an MX host that the policy does not list.
    ///
    /// RFC 8460 has no type of its own for it; the general one is what is left.
    pub const MX_MISMATCH: Self = Self::ValidationFailure;

    /// Every type, in the order of the wire names.
    pub const ALL: [Self; 8] = [
        Self::CertificateExpired,
        Self::CertificateHostMismatch,
        Self::CertificateNotTrusted,
        Self::StarttlsNotSupported,
        Self::StsPolicyFetchError,
        Self::StsPolicyInvalid,
        Self::StsWebpkiInvalid,
        Self::ValidationFailure,
    ];

    /// Returns the name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::StarttlsNotSupported => "starttls-not-supported",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
            Self::ValidationFailure => "validation-failure",
        }
    }
}

impl fmt::Display for ResultType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&CertificateFault> for ResultType {
    /// Maps a fault of an MX host's certificate.
    fn from(fault: &CertificateFault) -> Self {
        match fault {
            CertificateFault::Expired { .. } => Self::CertificateExpired,
            CertificateFault::NameMismatch { .. } => Self::CertificateHostMismatch,
            CertificateFault::BadChain(_)
            | CertificateFault::IssuerExpired
            | CertificateFault::IssuerMayNotSign { .. }
            | CertificateFault::IssuerNotSent { .. }
            | CertificateFault::IssuerNotYetValid { .. }
            | CertificateFault::NotForSignatures { .. }
            | CertificateFault::NotYetValid { .. }
            | CertificateFault::SelfSigned
            | CertificateFault::UnknownIssuer { .. }
            | CertificateFault::WrongPurpose => Self::CertificateNotTrusted,
            CertificateFault::Unreadable { .. } => Self::ValidationFailure,
        }
    }
}

impl From<&TransportFault> for ResultType {
    fn from(fault: &TransportFault) -> Self {
        match fault {
            TransportFault::Certificate(fault) => fault.into(),
            TransportFault::StarttlsNotOffered | TransportFault::StarttlsRefused(_) => {
                Self::StarttlsNotSupported
            }
            TransportFault::Alert(_)
            | TransportFault::HandshakeFailed { .. }
            | TransportFault::Injected
            | TransportFault::OldTls => Self::ValidationFailure,
        }
    }
}

impl ResultType {
    /// Returns the types that stand for what was seen of the transport to an MX host, without repetition.
    ///
    /// Q: Is a handshake reported that fails for a reason which may lie on our side? A: Yes: any other failure of
    /// a negotiation is `validation-failure` (Section 4.3.3). What is not reported are the network's own troubles,
    /// as time-outs ([RFC 8460, Section 4.3.4]), and what has nothing to do with TLS.
    ///
    /// [RFC 8460, Section 4.3.4]: https://www.rfc-editor.org/rfc/rfc8460#section-4.3.4
    #[must_use]
    pub fn of(transport: &Transport) -> Vec<Self> {
        let mut types = Vec::new();
        match transport {
            Transport::Refused(faults) => {
                for result_type in faults.iter().map(Self::from) {
                    if !types.contains(&result_type) {
                        types.push(result_type);
                    }
                }
            }
            Transport::Undetermined { .. } => types.push(Self::ValidationFailure),
            Transport::Accepted(_)
            | Transport::NotAsked
            | Transport::RejectedUs(_)
            | Transport::Unreachable { .. } => {}
        }
        types
    }
}

impl From<&FetchError> for ResultType {
    /// Q: What is a response with another media type: not fetched, or not valid? A: Not valid: it came, and a
    /// check of what came refused it.
    fn from(error: &FetchError) -> Self {
        match error {
            FetchError::Certificate(_) => Self::StsWebpkiInvalid,
            FetchError::MediaType { .. } | FetchError::Policy(_) => Self::StsPolicyInvalid,
            FetchError::Connection(_)
            | FetchError::Host(_)
            | FetchError::HostLookup(_)
            | FetchError::HostNotFound { .. }
            | FetchError::Interrupted { .. }
            | FetchError::MoreAddresses { .. }
            | FetchError::NoAddress { .. }
            | FetchError::Status { .. }
            | FetchError::TimedOut
            | FetchError::TooLarge { .. } => Self::StsPolicyFetchError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ResultType as R;
    use crate::facts::UnixTime;
    use crate::facts::certificate::{CertificateFault as F, ChainFault};
    use crate::facts::dns::{DnsFailure, DnsFailureKind};
    use crate::facts::http::{HttpFailure, HttpFailureKind};
    use crate::facts::smtp::Reply;
    use crate::sts::fetch::FetchError as E;
    use crate::sts::policy;
    use crate::sts::reading::Reading;
    use crate::sts::transport::TransportFault as T;

    #[test]
    fn wire_names_are_those_of_the_rfc() {
        let names: Vec<&str> = R::ALL.into_iter().map(R::as_str).collect();
        assert_eq!(
            names,
            [
                "certificate-expired",
                "certificate-host-mismatch",
                "certificate-not-trusted",
                "starttls-not-supported",
                "sts-policy-fetch-error",
                "sts-policy-invalid",
                "sts-webpki-invalid",
                "validation-failure",
            ]
        );
        assert_eq!(R::MX_MISMATCH.to_string(), "validation-failure");
    }

    #[test]
    fn certificate_faults_have_their_types() {
        let time = UnixTime::from_secs(0);
        for (fault, expected) in [
            (F::Expired { not_after: time }, R::CertificateExpired),
            (
                F::NameMismatch {
                    expected: "a".into(),
                    presented: Vec::new(),
                },
                R::CertificateHostMismatch,
            ),
            (F::IssuerExpired, R::CertificateNotTrusted),
            (
                F::NotYetValid { not_before: time },
                R::CertificateNotTrusted,
            ),
            (
                F::IssuerNotYetValid { not_before: time },
                R::CertificateNotTrusted,
            ),
            (
                F::IssuerNotSent {
                    sent: 1,
                    issuer: "".into(),
                },
                R::CertificateNotTrusted,
            ),
            (
                F::UnknownIssuer { issuer: "".into() },
                R::CertificateNotTrusted,
            ),
            (
                F::IssuerMayNotSign { issuer: "".into() },
                R::CertificateNotTrusted,
            ),
            (
                F::NotForSignatures {
                    senders_split: true,
                },
                R::CertificateNotTrusted,
            ),
            (F::SelfSigned, R::CertificateNotTrusted),
            (F::WrongPurpose, R::CertificateNotTrusted),
            (
                F::BadChain(ChainFault::BadSignature),
                R::CertificateNotTrusted,
            ),
            (F::Unreadable { detail: "".into() }, R::ValidationFailure),
        ] {
            assert_eq!(R::from(&fault), expected, "{fault:?}");
            assert_eq!(R::from(&T::Certificate(fault)), expected);
        }
    }

    #[test]
    fn transport_faults_have_their_types() {
        let reply = Reply {
            code: 454,
            lines: Vec::new(),
        };
        for (fault, expected) in [
            (T::StarttlsNotOffered, R::StarttlsNotSupported),
            (T::StarttlsRefused(reply), R::StarttlsNotSupported),
            (T::Injected, R::ValidationFailure),
            (T::OldTls, R::ValidationFailure),
            (
                T::HandshakeFailed { detail: "".into() },
                R::ValidationFailure,
            ),
        ] {
            assert_eq!(R::from(&fault), expected, "{fault:?}");
        }
    }

    #[test]
    fn failed_fetches_have_their_types() {
        let host = || "mta-sts.corp.test".parse().unwrap();
        let policy_error = policy::parse(b"", Reading::Letter).unwrap_err();
        for (error, expected) in [
            (E::Certificate(vec![F::SelfSigned]), R::StsWebpkiInvalid),
            (E::Policy(policy_error), R::StsPolicyInvalid),
            (E::MediaType { found: None }, R::StsPolicyInvalid),
            (
                E::Status {
                    status: 404,
                    location: None,
                    is_web_page: false,
                },
                R::StsPolicyFetchError,
            ),
            (E::TimedOut, R::StsPolicyFetchError),
            (E::TooLarge { limit_bytes: 1 }, R::StsPolicyFetchError),
            (E::Interrupted { detail: "".into() }, R::StsPolicyFetchError),
            (
                E::HostNotFound {
                    host: host(),
                    alias_of: None,
                },
                R::StsPolicyFetchError,
            ),
            (
                E::NoAddress {
                    host: host(),
                    alias_of: None,
                },
                R::StsPolicyFetchError,
            ),
            (
                E::MoreAddresses {
                    host: host(),
                    tried: 32,
                    not_tried: 1,
                },
                R::StsPolicyFetchError,
            ),
            (
                E::Host("".parse::<crate::facts::DnsName>().unwrap_err()),
                R::StsPolicyFetchError,
            ),
            (
                E::HostLookup(DnsFailure {
                    kind: DnsFailureKind::SERVFAIL,
                    detail: "".into(),
                }),
                R::StsPolicyFetchError,
            ),
            (
                E::Connection(HttpFailure {
                    kind: HttpFailureKind::Refused,
                    detail: "".into(),
                }),
                R::StsPolicyFetchError,
            ),
        ] {
            assert_eq!(R::from(&error), expected, "{error}");
        }
    }
}
