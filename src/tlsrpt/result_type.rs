//! §4.3: the names of failures in reports, and the one mapping from our faults to them.
//!
//! Result types: [RFC 8460, Section 4.3].
//!
//! [RFC 8460, Section 4.3]: https://www.rfc-editor.org/rfc/rfc8460#section-4.3

use std::fmt;

use crate::facts::certificate::CertificateFault;
use crate::sts::fetch::FetchError;
use crate::sts::transport::TransportFault;

/// What went wrong, in the words of a report. The types that only DANE needs are not among them yet.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
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
            CertificateFault::BadChain { .. }
            | CertificateFault::IssuerExpired
            | CertificateFault::NotYetValid { .. }
            | CertificateFault::SelfSigned
            | CertificateFault::UnknownIssuer
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
            TransportFault::HandshakeFailed { .. }
            | TransportFault::Injected
            | TransportFault::OldTls => Self::ValidationFailure,
        }
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
            | FetchError::NoAddress { .. }
            | FetchError::Status { .. }
            | FetchError::TimedOut
            | FetchError::TooLarge { .. } => Self::StsPolicyFetchError,
        }
    }
}
