//! A certificate, as it was presented.

use crate::diagnose::document::CertificateReport;
use crate::facts::Say;
use crate::facts::certificate::PeerCertificate;

pub(super) fn lay_out(peer: &PeerCertificate) -> CertificateReport {
    CertificateReport {
        subject_alt_names: peer
            .subject_alt_names
            .iter()
            .map(ToString::to_string)
            .collect(),
        names_left_out: peer.names_left_out,
        issuer: peer.issuer.to_string(),
        not_before: peer.not_before,
        not_after: peer.not_after,
        faults: peer.faults.iter().map(Say::sentence).collect(),
    }
}
