//! What can be wrong with a certificate chain.

use std::fmt;

use crate::facts::{Say, Sentence, UnixTime};

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
    /// The time of a certificate above the leaf has not come.
    IssuerNotYetValid {
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
    /// The leaf's issuer is no trusted root, and no certificate of it was sent.
    IssuerNotSent {
        /// How many certificates were sent.
        sent: usize,
        /// The issuer.
        issuer: Box<str>,
    },
    /// The certificates lead from the leaf to an issuer that is not trusted.
    UnknownIssuer {
        /// Where they end.
        issuer: Box<str>,
    },
    /// The leaf is signed by its own key and is no trusted root.
    SelfSigned,
    /// The leaf may not be used by a TLS server.
    WrongPurpose,
    /// The leaf's key usage leaves out digitalSignature.
    NotForSignatures {
        /// Whether it has keyEncipherment or keyAgreement, with which OpenSSL accepts it.
        senders_split: bool,
    },
    /// An issuer's key usage leaves out keyCertSign.
    IssuerMayNotSign {
        /// The issuer.
        issuer: Box<str>,
    },
    /// The chain breaks another rule.
    BadChain(ChainFault),
    /// The leaf is no certificate that can be read.
    Unreadable {
        /// What the reader said.
        detail: Box<str>,
    },
}

/// A rule that a chain breaks, or one that only this program has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ChainFault {
    /// A signature does not verify.
    BadSignature,
    /// The leaf is a CA's certificate. Ours: OpenSSL lets it pass.
    CaAsServer,
    /// A critical extension that nobody knows.
    CriticalExtension {
        /// Which.
        oid: Box<str>,
    },
    /// The handshake is not signed with the leaf's key.
    HandshakeSignature {
        /// The cause chain.
        detail: Box<str>,
    },
    /// A certificate is signed by one that is no CA's.
    IssuerNotCa,
    /// An issuer is for other purposes than TLS servers.
    IssuerPurpose,
    /// A certificate above the leaf cannot be read.
    Malformed,
    /// A name lies outside of what an issuer may sign.
    NameConstraints,
    /// There are more issuers than one of them allows.
    PathLength,
    /// The key is too short to be trusted.
    ShortKey {
        /// Its size.
        bits: usize,
    },
    /// Larger than what is searched here: many issuers, or many of one name. Ours: OpenSSL searches further.
    TooLarge,
    /// Something that is not read here. Ours: OpenSSL reads it.
    Unsupported {
        /// What.
        what: Box<str>,
    },
    /// A signature algorithm that is too weak to be trusted.
    WeakAlgorithm {
        /// Which.
        algorithm: Box<str>,
    },
    /// Another rule.
    Other {
        /// Which, in the words of the verifier.
        detail: Box<str>,
    },
}

impl CertificateFault {
    /// The longest list of presented names that a fault keeps.
    pub const MAX_PRESENTED: usize = 8;

    /// Returns whether only we may see it so: OpenSSL, and with it most senders, accepts what we refuse.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::BadChain(
                ChainFault::CaAsServer | ChainFault::TooLarge | ChainFault::Unsupported { .. }
            )
        )
    }
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
            Self::IssuerNotYetValid { not_before } => sentence
                .words("a certificate of the chain is not valid before ")
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
            Self::IssuerNotSent { sent: 1, issuer } => {
                sentence.failure("1 certificate sent, its issuer is not among them", issuer)
            }
            Self::IssuerNotSent { sent, issuer } => sentence.failure(
                format_args!("{sent} certificates sent, the issuer of the first is not among them"),
                issuer,
            ),
            Self::UnknownIssuer { issuer } => {
                sentence.failure("certificate is not from a trusted issuer", issuer)
            }
            Self::SelfSigned => sentence.words("certificate is self-signed"),
            Self::WrongPurpose => sentence.words("certificate is not for TLS servers"),
            Self::NotForSignatures {
                senders_split: true,
            } => sentence.failure(
                "certificate may not sign handshakes: no digitalSignature in its key usage",
                "OpenSSL accepts it, GnuTLS does not",
            ),
            Self::NotForSignatures {
                senders_split: false,
            } => sentence
                .words("certificate may not sign handshakes: no digitalSignature in its key usage"),
            Self::IssuerMayNotSign { issuer } => sentence.failure(
                "an issuer may not sign certificates: no keyCertSign in its key usage",
                issuer,
            ),
            Self::BadChain(fault) => sentence
                .words("certificate chain is not valid: ")
                .add(fault),
            Self::Unreadable { detail } => sentence.failure("certificate cannot be read", detail),
        };
    }
}

impl Say for ChainFault {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::BadSignature => sentence.words("a signature does not verify"),
            Self::CaAsServer => sentence.failure(
                "a CA's certificate is used as a server's",
                "OpenSSL accepts it",
            ),
            Self::CriticalExtension { oid } => {
                sentence.failure("it has a critical extension that nobody knows", oid)
            }
            Self::HandshakeSignature { detail } => {
                sentence.failure("the handshake is not signed with its key", detail)
            }
            Self::IssuerNotCa => {
                sentence.words("a certificate was signed by one that is not a CA's")
            }
            Self::IssuerPurpose => sentence.words("an issuer is not for TLS servers"),
            Self::Malformed => sentence.words("a certificate above the first cannot be read"),
            Self::NameConstraints => sentence.failure(
                "a name lies outside of what an issuer may sign",
                "name constraints",
            ),
            Self::PathLength => sentence.failure(
                "there are more issuers than one of them allows",
                "path length",
            ),
            Self::ShortKey { bits } => sentence.words(format_args!(
                "a key of {bits} bits is too short to be trusted"
            )),
            Self::TooLarge => sentence.failure(
                "it has more issuers than are searched here",
                "OpenSSL searches further",
            ),
            Self::Unsupported { what } => sentence.failure(
                format_args!("{what} is not understood here"),
                "OpenSSL understands it",
            ),
            Self::WeakAlgorithm { algorithm } => {
                sentence.failure("a signature algorithm is too weak to be trusted", algorithm)
            }
            Self::Other { detail } => sentence.words(detail),
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
    use super::{CertificateFault as Fault, ChainFault};
    use crate::facts::UnixTime;

    #[test]
    fn each_fault_says_what_was_found() {
        let time = UnixTime::from_secs(1_772_438_400);
        let issuer = || "CN=R1".into();
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
                Fault::IssuerNotYetValid { not_before: time },
                "a certificate of the chain is not valid before 2026-03-02T08:00:00Z",
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
                Fault::IssuerNotSent {
                    sent: 1,
                    issuer: issuer(),
                },
                "1 certificate sent, its issuer is not among them (CN=R1)",
            ),
            (
                Fault::IssuerNotSent {
                    sent: 3,
                    issuer: issuer(),
                },
                "3 certificates sent, the issuer of the first is not among them (CN=R1)",
            ),
            (
                Fault::UnknownIssuer { issuer: issuer() },
                "certificate is not from a trusted issuer (CN=R1)",
            ),
            (Fault::SelfSigned, "certificate is self-signed"),
            (Fault::WrongPurpose, "certificate is not for TLS servers"),
            (
                Fault::NotForSignatures {
                    senders_split: true,
                },
                "certificate may not sign handshakes: no digitalSignature in its key usage (OpenSSL accepts it, \
                 GnuTLS does not)",
            ),
            (
                Fault::NotForSignatures {
                    senders_split: false,
                },
                "certificate may not sign handshakes: no digitalSignature in its key usage",
            ),
            (
                Fault::IssuerMayNotSign { issuer: issuer() },
                "an issuer may not sign certificates: no keyCertSign in its key usage (CN=R1)",
            ),
            (
                Fault::BadChain(ChainFault::Other { detail: "x".into() }),
                "certificate chain is not valid: x",
            ),
            (
                Fault::Unreadable { detail: "x".into() },
                "certificate cannot be read (x)",
            ),
        ] {
            assert_eq!(fault.to_string(), expected);
            assert!(!fault.is_ours(), "{fault}");
        }
    }

    #[test]
    fn each_fault_of_a_chain_says_which_rule_and_whether_it_is_ours() {
        let text = || "x".into();
        for (fault, is_ours, expected) in [
            (
                ChainFault::BadSignature,
                false,
                "a signature does not verify",
            ),
            (
                ChainFault::CaAsServer,
                true,
                "a CA's certificate is used as a server's (OpenSSL accepts it)",
            ),
            (
                ChainFault::CriticalExtension { oid: text() },
                false,
                "it has a critical extension that nobody knows (x)",
            ),
            (
                ChainFault::HandshakeSignature { detail: text() },
                false,
                "the handshake is not signed with its key (x)",
            ),
            (
                ChainFault::IssuerNotCa,
                false,
                "a certificate was signed by one that is not a CA's",
            ),
            (
                ChainFault::IssuerPurpose,
                false,
                "an issuer is not for TLS servers",
            ),
            (
                ChainFault::Malformed,
                false,
                "a certificate above the first cannot be read",
            ),
            (
                ChainFault::NameConstraints,
                false,
                "a name lies outside of what an issuer may sign (name constraints)",
            ),
            (
                ChainFault::PathLength,
                false,
                "there are more issuers than one of them allows (path length)",
            ),
            (
                ChainFault::ShortKey { bits: 1024 },
                false,
                "a key of 1024 bits is too short to be trusted",
            ),
            (
                ChainFault::TooLarge,
                true,
                "it has more issuers than are searched here (OpenSSL searches further)",
            ),
            (
                ChainFault::Unsupported { what: text() },
                true,
                "x is not understood here (OpenSSL understands it)",
            ),
            (
                ChainFault::WeakAlgorithm { algorithm: text() },
                false,
                "a signature algorithm is too weak to be trusted (x)",
            ),
        ] {
            let fault = Fault::BadChain(fault);
            let expected = format!("certificate chain is not valid: {expected}");
            assert_eq!(fault.to_string(), expected);
            assert_eq!(fault.is_ours(), is_ours, "{fault}");
        }
    }
}
