//! §3.3, §4.2: everything that is wrong with a certificate chain.
//!
//! webpki builds the path and checks most of it; what it looks past is checked here. It stops at the first
//! fault, so a refused chain is looked at again with that fault set aside, to see what stands behind it.
//!
//! [RFC 8461, Section 3.3] for the policy host and [Section 4.2] for an MX host demand the same: a chain to a
//! trusted root, unexpired, with a DNS-ID (never a common name) for the host, in which `*` may only be the
//! whole left-most label. Revocation MAY be checked and is not.
//!
//! # RFC 5280, Section 6.1, rule by rule
//!
//! Where we refuse what OpenSSL accepts, the fault is ours ([`CertificateFault::is_ours`]): no verdict hangs
//! on it. A test goes through the rows.
//!
//! | rule | section | webpki | here |
//! |---|---|---|---|
//! | signature | 6.1.3 (a)(1) | checks | as webpki |
//! | weak algorithm: SHA-1, MD5 | 6.1.3 (a)(1) | refuses | as webpki, by its name |
//! | algorithm that webpki lacks | 6.1.3 (a)(1) | refuses | ours |
//! | issuer's RSA key below 2048 bits | 6.1.3 (a)(1) | says that the signature is bad | refused as too short |
//! | leaf's RSA key below 2048 bits | RFC 9325 §4.5 | fails in the handshake alone | refused as too short |
//! | RSA key above 8192 bits | | refuses | ours |
//! | life of each certificate | 6.1.3 (a)(2) | checks | as webpki, leaf and issuers told apart |
//! | revocation | 6.1.3 (a)(3) | if it is given lists | not checked: the RFC says MAY |
//! | issuer's name is the next one's | 6.1.3 (a)(4) | octet by octet | as webpki |
//! | name constraints: DNS, IP | 6.1.3 (b)(c) | checks | as webpki |
//! | name constraints: other names | 6.1.3 (b)(c) | refuses | ours |
//! | policies | 6.1.3 (d)-(f) | not read | not read: no policy is asked for |
//! | critical policy extension | 6.1.4 (o), 6.1.5 (f) | refuses | ours |
//! | version 3 | 6.1.4 (k) | checks, of the leaf too | as webpki |
//! | issuer is a CA | 6.1.4 (k) | checks | as webpki |
//! | path length | 6.1.4 (l)(m) | checks | as webpki |
//! | keyCertSign of each issuer | 6.1.4 (n) | looks past it | checked on the path that is taken |
//! | unknown critical extension | 6.1.4 (o), 6.1.5 (f) | refuses | as webpki, by its number |
//! | extended key usage, of issuers too | RFC 5280 §4.2.1.12 | checks | as webpki, leaf and issuers told apart |
//! | digitalSignature of the leaf | RFC 8446 §4.4.2.2 | looks past it | checked |
//! | leaf is no CA's | | checks | ours |
//! | at most six issuers | | checks | ours |
//! | few issuers of one name | | 100 signatures | eight certificates; ours |
//! | root's own extensions | 6.1.1 (d) | name constraints alone | as webpki: a root is taken as it is |
//!
//! [RFC 8461, Section 3.3]: https://www.rfc-editor.org/rfc/rfc8461#section-3.3
//! [Section 4.2]: https://www.rfc-editor.org/rfc/rfc8461#section-4.2

mod chain;
mod error;
mod leaf;
mod names;
mod read;
mod roots;
#[cfg(test)]
mod tests;
mod way;
mod words;

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_parser::prelude::X509Certificate;

pub use names::{matches_patterns, san_matches_pattern};
pub use roots::{RootError, Roots};

use chain::Chain;
use error::{fault, key_fault};
use leaf::Leaf;
use way::Way;
use words::described;

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
    let read: Vec<Option<X509Certificate<'_>>> = chain.iter().map(|der| read::parse(der)).collect();
    let mut peer = PeerCertificate {
        chain: read
            .iter()
            .take(PeerCertificate::MAX_CHAIN)
            .enumerate()
            .map(|(place, certificate)| {
                let host = (place == 0).then_some(name);
                certificate.as_ref().map(|read| read::facts(read, host))
            })
            .collect(),
        certificates_left_out: chain.len().saturating_sub(PeerCertificate::MAX_CHAIN),
        faults: Vec::new(),
    };
    peer.faults = match (chain, read.first(), peer.leaf()) {
        ([end_entity, intermediates @ ..], Some(Some(read_leaf)), Some(facts)) => {
            let leaf = Leaf {
                facts,
                read: read_leaf,
            };
            match (EndEntityCert::try_from(end_entity), Way::find(&read, roots)) {
                (Ok(certificate), Some(way)) => {
                    let mut faults = leaf.time_faults(now);
                    faults.extend(leaf.name_mismatch(&certificate, name));
                    let chain = Chain {
                        end_entity: &certificate,
                        leaf,
                        intermediates: &way.choose(intermediates),
                        way: &way,
                        roots,
                    };
                    faults.extend(chain.faults(now));
                    faults.extend(leaf.usage_fault());
                    faults.extend(key_fault(read_leaf).map(CertificateFault::BadChain));
                    faults
                }
                // webpki makes nothing of the leaf: what it minds, and what can be said all the same.
                (Err(error), Some(way)) => {
                    let mut faults = leaf.time_faults(now);
                    faults.push(if error == webpki::Error::UnsupportedCriticalExtension {
                        fault(&error, &way)
                    } else {
                        unreadable(&described(&error))
                    });
                    if !way.reaches_root {
                        faults.push(way.end());
                    }
                    faults
                }
                (_, None) => vec![unreadable("it is not valid DER")],
            }
        }
        ([], ..) => vec![unreadable("no certificate was presented")],
        (_, _, _) => vec![unreadable("it is not valid DER")],
    };
    peer
}

fn unreadable(detail: &str) -> CertificateFault {
    CertificateFault::Unreadable {
        detail: detail.into(),
    }
}
