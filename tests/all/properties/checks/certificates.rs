//! Chains of certificates.

use rustls_pki_types::CertificateDer;
use stickler::facts::certificate::CertificateFault;
use stickler::facts::{DnsName, UnixTime};
use stickler::sts::certificate::{Roots, judge};

/// Judges a chain: what is shown of it is bounded and free of control characters. Returns its faults.
pub(crate) fn chain(
    chain: &[Vec<u8>],
    roots: &Roots,
    name: &DnsName,
    now: UnixTime,
) -> Vec<CertificateFault> {
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|der| der.as_slice().into()).collect();
    let seen = judge(&chain, roots, name, now);
    for certificate in seen.chain.iter().flatten() {
        let names = [&certificate.subject, &certificate.issuer];
        let mut shown = (certificate.dns_names.iter())
            .chain(&certificate.other_names)
            .chain(names);
        assert!(
            !shown.any(|text| text.contains(char::is_control)),
            "{seen:?}"
        );
        assert!(names.iter().all(|name| name.len() < 4_096), "{seen:?}");
    }
    seen.faults
}
