//! What a peer's certificate says, and every fault that was found in it.

use std::fmt;

use super::{Say, Sentence, UnixTime};

/// The chain that a peer presented, with its faults, all of them.
///
/// A refused certificate is kept like an accepted one: what was wrong with it is the next question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PeerCertificate {
    /// The certificates as DER, the leaf first, as presented. Empty in the model, which has none.
    pub chain: Vec<Box<[u8]>>,
    /// The leaf's DNS names, as they stand: at most [`Self::MAX_NAMES`], one that the asked host satisfies
    /// among them if there is one, and none longer than the DNS allows.
    pub subject_alt_names: Vec<Box<str>>,
    /// How many more names it has.
    pub names_left_out: usize,
    /// The leaf's issuer, as a distinguished name in text.
    pub issuer: Box<str>,
    /// From when the leaf is valid.
    pub not_before: UnixTime,
    /// Until when the leaf is valid.
    pub not_after: UnixTime,
    /// What is wrong with it for the host that was asked; empty if nothing is.
    pub faults: Vec<CertificateFault>,
}

impl PeerCertificate {
    /// How many of a certificate's names are kept: some have tens of thousands, and a domain's check keeps
    /// hundreds of certificates.
    pub const MAX_NAMES: usize = 32;

    /// How many certificates of a chain are kept, the leaf among them.
    pub const MAX_CHAIN: usize = 10;
}

/// One fault of a certificate (RFC 8461, Sections 3.3 and 4.2). Several can hold at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CertificateFault {
    /// The leaf's time is over.
    Expired {
        /// When it ended.
        not_after: UnixTime,
    },
    /// A certificate above the leaf has expired.
    IssuerExpired,
    /// The leaf's time has not come.
    NotYetValid {
        /// When it begins.
        not_before: UnixTime,
    },
    /// No DNS name of the leaf is the host's. A common name does not count.
    NameMismatch {
        /// The host's name.
        expected: Box<str>,
        /// The leaf's DNS names, at most [`Self::MAX_PRESENTED`].
        presented: Vec<Box<str>>,
    },
    /// Nothing presented leads to a trusted root.
    UnknownIssuer,
    /// The leaf is signed by its own key and is no trusted root.
    SelfSigned,
    /// The leaf may not be used by a TLS server.
    WrongPurpose,
    /// The chain breaks a rule: name constraints, path length, a signature.
    BadChain {
        /// Which, in the words of the verifier.
        detail: Box<str>,
    },
    /// The octets are no certificate that could be read.
    Unreadable {
        /// What the reader said.
        detail: Box<str>,
    },
}

impl CertificateFault {
    /// The longest list of presented names that a fault keeps.
    pub const MAX_PRESENTED: usize = 8;
}

impl Say for CertificateFault {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::Expired { not_after } => {
                sentence.words("certificate expired at ").moment(*not_after)
            }
            Self::IssuerExpired => sentence.words("a certificate of the chain has expired"),
            Self::NotYetValid { not_before } => sentence
                .words("certificate not valid before ")
                .moment(*not_before),
            Self::NameMismatch {
                expected,
                presented,
            } if presented.is_empty() => sentence.words(format_args!(
                "certificate has no DNS name, {expected} was expected"
            )),
            Self::NameMismatch {
                expected,
                presented,
            } => sentence.words(format_args!(
                "certificate is for {}, not for {expected}",
                presented.join(", ")
            )),
            Self::UnknownIssuer => sentence.failure(
                "certificate is not from a trusted issuer",
                "or an intermediate is missing",
            ),
            Self::SelfSigned => sentence.words("certificate is self-signed"),
            Self::WrongPurpose => sentence.words("certificate is not for TLS servers"),
            Self::BadChain { detail } => {
                sentence.words(format_args!("certificate chain is not valid: {detail}"))
            }
            Self::Unreadable { detail } => {
                sentence.words(format_args!("certificate cannot be read: {detail}"))
            }
        };
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::CertificateFault as Fault;
    use crate::facts::UnixTime;

    #[test]
    fn each_fault_says_what_was_found() {
        let time = UnixTime::from_secs(1_772_438_400);
        for (fault, expected) in [
            (
                Fault::Expired { not_after: time },
                "certificate expired at 2026-03-02T08:00:00Z",
            ),
            (
                Fault::IssuerExpired,
                "a certificate of the chain has expired",
            ),
            (
                Fault::NotYetValid { not_before: time },
                "certificate not valid before 2026-03-02T08:00:00Z",
            ),
            (
                Fault::NameMismatch {
                    expected: "mx.test".into(),
                    presented: vec![],
                },
                "certificate has no DNS name, mx.test was expected",
            ),
            (
                Fault::NameMismatch {
                    expected: "mx.test".into(),
                    presented: vec!["a.test".into(), "*.b.test".into()],
                },
                "certificate is for a.test, *.b.test, not for mx.test",
            ),
            (
                Fault::UnknownIssuer,
                "certificate is not from a trusted issuer (or an intermediate is missing)",
            ),
            (Fault::SelfSigned, "certificate is self-signed"),
            (Fault::WrongPurpose, "certificate is not for TLS servers"),
            (
                Fault::BadChain { detail: "x".into() },
                "certificate chain is not valid: x",
            ),
            (
                Fault::Unreadable { detail: "x".into() },
                "certificate cannot be read: x",
            ),
        ] {
            assert_eq!(fault.to_string(), expected);
        }
    }
}
