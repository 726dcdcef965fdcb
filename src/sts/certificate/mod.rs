//! §3.3, §4.2: everything that is wrong with a certificate chain.
//!
//! The checks themselves are webpki's: a chain has no fault exactly when webpki accepts it, for a TLS server
//! of that name, now. webpki stops at the first fault, so a refused chain is looked at again with that fault
//! set aside, to see what stands behind it.
//!
//! [RFC 8461, Section 3.3] for the policy host and [Section 4.2] for an MX host demand the same: a chain to a
//! trusted root, unexpired, with a DNS-ID (never a common name) for the host, in which `*` may only be the
//! whole left-most label. Revocation MAY be checked and is not.
//!
//! [RFC 8461, Section 3.3]: https://www.rfc-editor.org/rfc/rfc8461#section-3.3
//! [Section 4.2]: https://www.rfc-editor.org/rfc/rfc8461#section-4.2

mod chain;
mod error;
mod leaf;
mod names;
mod roots;
#[cfg(test)]
mod tests;

use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

pub use names::{matches_patterns, san_matches_pattern};
pub use roots::{RootError, Roots};

use chain::Chain;
use error::described;
use leaf::Leaf;

use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::{DnsName, UnixTime};

/// Judges the chain that a host presented, the leaf first: all faults, none if it is valid for `name` at `now`.
///
/// A name that spells an address matches nothing: it would be taken for an address, matched with IP SANs and
/// sent no SNI.
#[must_use]
pub fn judge(
    chain: &[CertificateDer<'_>],
    roots: &Roots,
    name: &DnsName,
    now: UnixTime,
) -> PeerCertificate {
    let Some((end_entity, intermediates)) = chain.split_first() else {
        return unreadable(chain, Leaf::default(), "no certificate was presented");
    };
    let leaf = Leaf::read(end_entity).for_host(name);
    let certificate = match EndEntityCert::try_from(end_entity) {
        Ok(certificate) => certificate,
        Err(error) => return unreadable(chain, leaf, &described(&error)),
    };
    let mut faults = leaf.time_faults(now);
    if !is_valid_for(&certificate, name) {
        faults.push(leaf.name_mismatch(name));
    }
    let chosen = chain::choose(end_entity, intermediates);
    let chain_to_root = Chain {
        end_entity: &certificate,
        intermediates: &chosen,
        roots,
    };
    faults.extend(chain_to_root.faults(end_entity, &leaf, now));
    peer_certificate(chain, leaf, faults)
}

/// Returns whether a DNS name of the certificate is `name`, by webpki's rules.
fn is_valid_for(certificate: &EndEntityCert<'_>, name: &DnsName) -> bool {
    if name.as_address().is_some() {
        return false;
    }
    rustls_pki_types::DnsName::try_from(name.as_str()).is_ok_and(|name| {
        certificate
            .verify_is_valid_for_subject_name(&ServerName::DnsName(name))
            .is_ok()
    })
}

fn unreadable(chain: &[CertificateDer<'_>], leaf: Leaf, detail: &str) -> PeerCertificate {
    let fault = CertificateFault::Unreadable {
        detail: detail.into(),
    };
    peer_certificate(chain, leaf, vec![fault])
}

fn peer_certificate(
    chain: &[CertificateDer<'_>],
    leaf: Leaf,
    faults: Vec<CertificateFault>,
) -> PeerCertificate {
    PeerCertificate {
        chain: chain
            .iter()
            .take(PeerCertificate::MAX_CHAIN)
            .map(|der| der.as_ref().into())
            .collect(),
        subject_alt_names: leaf.names,
        names_left_out: leaf.names_left_out,
        issuer: leaf.issuer,
        not_before: leaf.not_before,
        not_after: leaf.not_after,
        faults,
    }
}
