//! A certificate, as it was presented.

use crate::diagnose::document::{CertificateReport, ChainedCertificateReport};
use crate::facts::Say;
use crate::facts::certificate::{Certificate, PeerCertificate};

/// How many names of each certificate of a chain are shown.
const SHOWN_NAMES: usize = 4;

pub(super) fn lay_out(peer: &PeerCertificate) -> CertificateReport {
    let leaf = peer.leaf();
    CertificateReport {
        subject_alt_names: texts(peer.dns_names()),
        names_left_out: peer.names_left_out(),
        issuer: leaf.map(|leaf| leaf.issuer.to_string()),
        not_before: leaf.map(|leaf| leaf.not_before),
        not_after: leaf.map(|leaf| leaf.not_after),
        chain: peer
            .chain
            .iter()
            .map(|sent| sent.as_ref().map(chained).unwrap_or_default())
            .collect(),
        chain_left_out: peer.certificates_left_out,
        faults: peer.faults.iter().map(Say::sentence).collect(),
    }
}

fn chained(certificate: &Certificate) -> ChainedCertificateReport {
    ChainedCertificateReport {
        subject: Some(certificate.subject.to_string()),
        issuer: Some(certificate.issuer.to_string()),
        not_before: Some(certificate.not_before),
        not_after: Some(certificate.not_after),
        subject_alt_names: first(&certificate.dns_names),
        other_names: first(&certificate.other_names),
        is_ca: Some(certificate.is_ca),
        path_length: certificate.path_length,
        key_usage: certificate
            .key_usages
            .map(|usages| usages.names().collect()),
        extended_key_usage: certificate.purposes.as_deref().map(texts),
        key: Some(certificate.key.to_string()),
        signature_algorithm: Some(certificate.signature_algorithm.to_string()),
    }
}

/// The server's own names stand beside the chain, all that are kept.
fn first(names: &[Box<str>]) -> Vec<String> {
    texts(names.get(..SHOWN_NAMES).unwrap_or(names))
}

fn texts(texts: &[Box<str>]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
