//! Which certificate a server shows, to whom, and over which versions of TLS.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::facts::UnixTime;
use crate::world::fault::named;

/// The certificates of one server: which one is shown depends on the SNI and on the client's algorithms.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Identity {
    /// By server name, in lower case; `*.corp.test` stands for any one label below `corp.test` that has no
    /// entry. The first whose key the client can check is shown.
    pub by_name: BTreeMap<String, Vec<CertificateSpec>>,
    /// For clients that name no server, or another one; if empty, these are refused with an alert.
    pub default: Vec<CertificateSpec>,
}

impl Identity {
    /// Makes an identity that shows `certificate` to everybody.
    #[must_use]
    pub fn of(certificate: CertificateSpec) -> Self {
        Self {
            by_name: BTreeMap::new(),
            default: vec![certificate],
        }
    }
}

/// The versions of TLS that a server speaks; older ones are a [`TlsFault`](crate::world::TlsFault).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

/// A certificate to be made.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CertificateSpec {
    /// The names in subjectAltName, as they stand.
    pub names: Vec<String>,
    /// The addresses in subjectAltName.
    pub ip_names: Vec<IpAddr>,
    /// The kind of key.
    pub key: KeyKind,
    /// From when to when it is valid; `None`: from a month before to ten years after the world's start.
    pub life: Option<Life>,
    /// What is wrong with it.
    pub fault: Option<CertificateFault>,
}

impl CertificateSpec {
    /// Makes a certificate for `names` with an ECDSA key and no fault.
    #[must_use]
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            ip_names: Vec::new(),
            key: KeyKind::Ecdsa,
            life: None,
            fault: None,
        }
    }

    /// Returns the same certificate with `fault`.
    #[must_use]
    pub fn with_fault(self, fault: CertificateFault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }
}

named! {
    /// A kind of key.
    pub enum KeyKind {
        /// ECDSA on P-256.
        Ecdsa = "ecdsa",
        /// RSA with 2048 bits; slow to make, so there is one a process.
        Rsa = "rsa",
    }
}

/// A certificate's life.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Life {
    /// The first moment at which it is valid.
    pub not_before: UnixTime,
    /// The last moment at which it is valid.
    pub not_after: UnixTime,
}

named! {
    /// What is wrong with a certificate. "No longer" and "not yet" are meant as of the world's start.
    pub enum CertificateFault {
        /// It expired a month ago.
        Expired = "expired",
        /// It becomes valid in ten years.
        NotYetValid = "not-yet-valid",
        /// It is made out to `wrong-name.test`.
        WrongName = "wrong-name",
        /// The name stands in the subject's common name; there is no subjectAltName.
        CnOnly = "cn-only",
        /// It is made out to the name without its first label.
        ApexCertOnly = "apex-cert-only",
        /// It has `*` for the first label: not a fault.
        Wildcard = "wildcard",
        /// It has one `*` for the first two labels.
        WildcardTwoLevels = "wildcard-two-levels",
        /// It has `*` for all but the first letter of the first label.
        PartialWildcard = "partial-wildcard",
        /// It is its own issuer.
        SelfSigned = "self-signed",
        /// It is its own issuer and says that it is a CA.
        SelfSignedCa = "self-signed-ca",
        /// Its chain ends at a root that nobody trusts.
        UntrustedRoot = "untrusted-root",
        /// The chain stops at the leaf.
        MissingIntermediate = "missing-intermediate",
        /// The intermediate expired a month ago.
        ExpiredIntermediate = "expired-intermediate",
        /// It is for clients only.
        WrongEku = "wrong-eku",
        /// The intermediate may only issue for `permitted.test`.
        NameConstraints = "name-constraints",
        /// It has addresses for names (192.0.2.1 if none is given) and nothing else.
        IpSanOnly = "ip-san-only",
        /// The leaf's encoding is cut short.
        Garbled = "garbled",
    }
}
