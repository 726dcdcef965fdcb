//! A certificate, as much of it as a verifier looks at.

use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::{DnsName, UnixTime};
use crate::fakes::{self, CertificateFault as Fault, Identity, Life};

/// A certificate with what a verifier finds in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Certificate {
    /// Its DNS names: whole names, or `*.` before one.
    pub names: Vec<Box<str>>,
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
        Some(Self {
            names: certificate.dns_names(),
            not_before,
            not_after,
            chain_faults: certificate
                .fault
                .and_then(chain_fault)
                .into_iter()
                .collect(),
        })
    }

    /// Shows the certificate to a sender that asks for `host` at `now`.
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
        faults.extend(self.chain_faults.iter().cloned());
        if !self.names.iter().any(|name| is_for(name, host)) {
            faults.push(CertificateFault::NameMismatch {
                expected: host.as_str().into(),
                presented: self.names.clone(),
            });
        }
        PeerCertificate {
            chain: Vec::new(),
            subject_alt_names: self.names.clone(),
            names_left_out: 0,
            issuer: "CN=model".into(),
            not_before: self.not_before,
            not_after: self.not_after,
            faults,
        }
    }
}

/// Returns what a verifier finds in a certificate with this fault besides its names and its dates.
fn chain_fault(fault: fakes::CertificateFault) -> Option<CertificateFault> {
    match fault {
        Fault::SelfSigned | Fault::SelfSignedCa => Some(CertificateFault::SelfSigned),
        Fault::UntrustedRoot | Fault::MissingIntermediate => Some(CertificateFault::UnknownIssuer),
        Fault::ExpiredIntermediate => Some(CertificateFault::IssuerExpired),
        Fault::WrongEku => Some(CertificateFault::WrongPurpose),
        Fault::NameConstraints => Some(CertificateFault::BadChain {
            detail: "name constraints".into(),
        }),
        Fault::Garbled => Some(CertificateFault::Unreadable {
            detail: "cut short".into(),
        }),
        Fault::Expired
        | Fault::NotYetValid
        | Fault::WrongName
        | Fault::CnOnly
        | Fault::ApexCertOnly
        | Fault::Wildcard
        | Fault::WildcardTwoLevels
        | Fault::PartialWildcard
        | Fault::IpSanOnly => None,
    }
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
