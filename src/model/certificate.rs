//! A certificate, as much of it as a verifier looks at.

use crate::facts::certificate::{CertificateFault, ChainFault, PeerCertificate};
use crate::facts::{self, DnsName, UnixTime};
use crate::fakes::{self, CertificateFault as Fault, ChainPart, Identity, Life};

/// A certificate with what a verifier finds in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Certificate {
    /// The common name of its subject.
    pub subject: Box<str>,
    /// Its DNS names: whole names, or `*.` before one.
    pub names: Vec<Box<str>>,
    /// Its other names, each after its kind.
    pub other_names: Vec<Box<str>>,
    /// From when it is valid.
    pub not_before: UnixTime,
    /// Until when it is valid.
    pub not_after: UnixTime,
    /// What is wrong with it besides its names and its dates.
    pub chain_faults: Vec<CertificateFault>,
}

impl Certificate {
    /// Returns the certificate that a sender is shown that asks for `host` and takes any key, in a story that
    /// starts at `start`; `None`: its handshake is refused.
    #[must_use]
    pub fn shown(identity: &Identity, host: &DnsName, start: UnixTime) -> Option<Self> {
        let certificate = identity.for_name(host.as_str()).first()?;
        let Life {
            not_before,
            not_after,
        } = certificate.life(start);
        let is_first = certificate.fault.is_some()
            || certificate
                .chain
                .first()
                .is_none_or(|first| *first == ChainPart::Leaf);
        if !is_first {
            return Some(Self::of_an_authority(certificate));
        }
        Some(Self {
            subject: certificate.subject().into(),
            names: certificate.dns_names(),
            other_names: other_names(certificate),
            not_before,
            not_after,
            chain_faults: match certificate.fault {
                Some(fault) => chain_fault(fault, start).into_iter().collect(),
                None if certificate.chain.contains(&ChainPart::Intermediate) => Vec::new(),
                None => vec![CertificateFault::IssuerNotSent {
                    sent: certificate.chain.len(),
                    issuer: INTERMEDIATE.into(),
                }],
            },
        })
    }

    /// What a verifier sees where another certificate stands in the place of the server's own.
    fn of_an_authority(certificate: &fakes::Certificate) -> Self {
        let is_stranger = certificate.chain.first() == Some(&ChainPart::Stranger);
        Self {
            not_after: UnixTime::MAX,
            chain_faults: vec![
                if is_stranger {
                    CertificateFault::SelfSigned
                } else {
                    CertificateFault::BadChain(ChainFault::CaAsServer)
                },
                CertificateFault::NotForSignatures {
                    senders_split: false,
                },
                CertificateFault::BadChain(ChainFault::HandshakeSignature {
                    detail: "it is another's".into(),
                }),
            ],
            ..Self::default()
        }
    }

    /// Shows the certificate, without those above it, to a sender that asks for `host` at `now`.
    #[must_use]
    pub fn present(&self, host: &DnsName, now: UnixTime) -> PeerCertificate {
        let mut faults = Vec::new();
        if now > self.not_after {
            faults.push(CertificateFault::Expired {
                not_after: self.not_after,
            });
        }
        if now < self.not_before {
            faults.push(CertificateFault::NotYetValid {
                not_before: self.not_before,
            });
        }
        let is_unreadable =
            |fault: &CertificateFault| matches!(fault, CertificateFault::Unreadable { .. });
        if let Some(fault) = self.chain_faults.iter().find(|fault| is_unreadable(fault)) {
            return PeerCertificate {
                chain: vec![None],
                certificates_left_out: 0,
                faults: vec![fault.clone()],
            };
        }
        if !self.names.iter().any(|name| is_for(name, host)) {
            faults.push(CertificateFault::NameMismatch {
                expected: host.as_str().into(),
                presented: self.names.clone(),
            });
        }
        faults.extend(self.chain_faults.iter().cloned());
        PeerCertificate {
            chain: vec![Some(facts::certificate::Certificate {
                subject: format!("CN={}", self.subject).into(),
                issuer: INTERMEDIATE.into(),
                not_before: self.not_before,
                not_after: self.not_after,
                dns_names: self.names.clone(),
                other_names: self.other_names.clone(),
                ..facts::certificate::Certificate::default()
            })],
            certificates_left_out: 0,
            faults,
        }
    }
}

/// The issuer of what is not said to have another.
const INTERMEDIATE: &str = "CN=Stickler Lab Intermediate";

fn other_names(certificate: &fakes::Certificate) -> Vec<Box<str>> {
    let addresses = certificate.addresses();
    let addresses = addresses.iter().map(|address| format!("IP:{address}"));
    let uris = certificate.uri_names.iter().map(|uri| format!("URI:{uri}"));
    let mail = certificate.mail_names.iter();
    let mail = mail.map(|mailbox| format!("email:{mailbox}"));
    addresses.chain(uris).chain(mail).map(Into::into).collect()
}

/// Returns what a verifier finds in a certificate with this fault besides its names and its dates.
fn chain_fault(fault: Fault, start: UnixTime) -> Option<CertificateFault> {
    use CertificateFault as Found;

    Some(match fault {
        Fault::SelfSigned | Fault::SelfSignedCa => Found::SelfSigned,
        Fault::UntrustedRoot => Found::UnknownIssuer {
            issuer: "CN=Somebody Else's Root".into(),
        },
        Fault::MissingIntermediate => Found::IssuerNotSent {
            sent: 1,
            issuer: INTERMEDIATE.into(),
        },
        Fault::ExpiredIntermediate => Found::IssuerExpired,
        Fault::EarlyIntermediate => Found::IssuerNotYetValid {
            not_before: Life::usual(Some(Fault::NotYetValid), start).not_before,
        },
        Fault::WrongEku => Found::WrongPurpose,
        Fault::NameConstraints => Found::BadChain(ChainFault::NameConstraints),
        Fault::PathLength => Found::BadChain(ChainFault::PathLength),
        Fault::SevenIntermediates | Fault::SameNamedIssuers => {
            Found::BadChain(ChainFault::TooLarge)
        }
        Fault::NoKeyCertSign => Found::IssuerMayNotSign {
            issuer: "CN=Stickler Lab Intermediate That May Not Sign".into(),
        },
        Fault::NoDigitalSignature => Found::NotForSignatures {
            senders_split: false,
        },
        Fault::KeyEnciphermentOnly => Found::NotForSignatures {
            senders_split: true,
        },
        Fault::CaLeaf => Found::BadChain(ChainFault::CaAsServer),
        Fault::UnknownCriticalExtension => Found::BadChain(ChainFault::CriticalExtension {
            oid: fakes::UNKNOWN_EXTENSION.into(),
        }),
        Fault::BadSignature => Found::BadChain(ChainFault::BadSignature),
        Fault::Sha1Signature => Found::BadChain(ChainFault::WeakAlgorithm {
            algorithm: "sha1WithRSAEncryption".into(),
        }),
        Fault::Garbled => Found::Unreadable {
            detail: "cut short".into(),
        },
        Fault::Expired
        | Fault::NotYetValid
        | Fault::WrongName
        | Fault::CnOnly
        | Fault::ApexCertOnly
        | Fault::Wildcard
        | Fault::WildcardTwoLevels
        | Fault::PartialWildcard
        | Fault::IpSanOnly => return None,
    })
}

/// Written apart from the sender's own rule, so that the two can disagree.
fn is_for(name: &str, host: &DnsName) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host
            .split_first_label()
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(host.as_str()),
    }
}
