//! What certificates have wrong, as the titles of findings, and what several hosts have in common.

use std::collections::BTreeSet;

use crate::diagnose::fix::Holder;
use crate::diagnose::judged::Host;
use crate::facts::certificate::{CertificateFault, ChainFault};

/// Names a fault in a few words.
pub(super) fn title(holder: Holder<'_>, fault: &CertificateFault) -> String {
    let whose = match holder {
        Holder::MxHost(..) => "an MX host's certificate",
        Holder::PolicyHost(_) => "the policy host's certificate",
    };
    let what = match fault {
        CertificateFault::Expired { .. } => "has expired",
        CertificateFault::IssuerExpired => "comes with an intermediate that has expired",
        CertificateFault::NotYetValid { .. } => "is not valid yet",
        CertificateFault::IssuerNotYetValid { .. } => {
            "comes with an intermediate that is not valid yet"
        }
        CertificateFault::NameMismatch { presented, .. } if presented.is_empty() => {
            "has no DNS name"
        }
        CertificateFault::NameMismatch { .. } => "is for another name",
        CertificateFault::IssuerNotSent { .. } => "is sent without its issuer's",
        CertificateFault::UnknownIssuer { .. } => "is from a CA that senders do not know",
        CertificateFault::SelfSigned => "is self-signed",
        CertificateFault::WrongPurpose => "is not for TLS servers",
        CertificateFault::NotForSignatures { .. } => "may not sign handshakes",
        CertificateFault::IssuerMayNotSign { .. } => "is from an issuer that may not sign",
        CertificateFault::BadChain(ChainFault::BadSignature) => "has a bad signature",
        CertificateFault::BadChain(ChainFault::HandshakeSignature { .. }) => {
            "does not belong to the server's key"
        }
        CertificateFault::BadChain(ChainFault::ShortKey { .. }) => "has a key that is too short",
        CertificateFault::BadChain(ChainFault::WeakAlgorithm { .. }) => {
            "is signed with a weak algorithm"
        }
        CertificateFault::BadChain(
            ChainFault::CaAsServer
            | ChainFault::CriticalExtension { .. }
            | ChainFault::IssuerNotCa
            | ChainFault::IssuerPurpose
            | ChainFault::Malformed
            | ChainFault::NameConstraints
            | ChainFault::Other { .. }
            | ChainFault::PathLength
            | ChainFault::TooLarge
            | ChainFault::Unsupported { .. },
        ) => "has a chain that breaks a rule",
        CertificateFault::Unreadable { .. } => "cannot be read",
    };
    format!("{whose} {what}")
}

/// Returns the one issuer, not trusted, of the certificates of all the MX hosts, of which there are several: it
/// may be somebody between us and them.
pub(super) fn common_stranger<'h>(hosts: &'h [Host<'_>]) -> Option<&'h str> {
    let mut issuers = BTreeSet::new();
    for host in hosts {
        let mut is_seen = false;
        for address in &host.addresses {
            let Some(peer) = address.probe.certificate() else {
                continue;
            };
            let is_unknown = peer.faults.iter().any(|fault| {
                matches!(
                    fault,
                    CertificateFault::IssuerNotSent { .. } | CertificateFault::UnknownIssuer { .. }
                )
            });
            if !is_unknown {
                return None;
            }
            issuers.insert(&*peer.leaf()?.issuer);
            is_seen = true;
        }
        if !is_seen {
            return None;
        }
    }
    let mut issuers = issuers.into_iter();
    issuers
        .next()
        .filter(|_| hosts.len() > 1 && issuers.next().is_none())
}
