//! The way from a leaf to a root, and everything that is wrong with it.

use std::collections::VecDeque;

use rustls_pki_types::CertificateDer;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, VerifiedPath};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::error::fault;
use super::leaf::{Leaf, life};
use super::roots::Roots;
use crate::facts::UnixTime;
use crate::facts::certificate::CertificateFault;

/// The most certificates above the leaf that are looked at; more would let a stranger choose how long the
/// search for a path takes. Real paths have one to four; a server that sends a whole bundle has the rest
/// beside the path.
const MAX_INTERMEDIATES: usize = 8;

/// A leaf and what may lie between it and a root.
#[derive(Clone, Copy)]
pub(super) struct Chain<'a> {
    pub(super) end_entity: &'a EndEntityCert<'a>,
    pub(super) intermediates: &'a [CertificateDer<'a>],
    pub(super) roots: &'a Roots,
}

impl Chain<'_> {
    /// Returns the faults, but for those of the leaf's own life and name.
    ///
    /// None if webpki accepts the chain now; else at least one, unless the leaf's life is the only fault.
    pub(super) fn faults(
        &self,
        leaf_der: &CertificateDer<'_>,
        leaf: &Leaf,
        now: UnixTime,
    ) -> Vec<CertificateFault> {
        let Err(first) = self.verify(now, Purpose::TlsServer) else {
            return Vec::new();
        };
        let is_self_signed =
            leaf.is_signed_by_itself(leaf_der, self.end_entity, self.roots.algorithms())
                && !self.is_root(leaf_der);
        let mut faults = Vec::new();
        if is_self_signed {
            faults.push(CertificateFault::SelfSigned);
        }
        if leaf.is_for_other_purposes {
            faults.push(CertificateFault::WrongPurpose);
        }
        self.search(leaf, now, &mut faults);
        if faults.is_empty() && leaf.time_faults(now).is_empty() {
            faults.push(fault(&first));
        }
        faults
    }

    /// Sets one fault after the other aside and looks what stands behind it.
    fn search(&self, leaf: &Leaf, now: UnixTime, faults: &mut Vec<CertificateFault>) {
        let mut moment = leaf.nearest_moment(now);
        let mut purpose = Purpose::TlsServer;
        // Three turns: one for the time, one for the purpose, one for what is left.
        for _ in 0..3 {
            let error = match self.verify(moment, purpose) {
                Ok(path) => {
                    let has_expired = |der: CertificateDer<'_>| {
                        life(&der).is_some_and(|(_, not_after)| now > not_after)
                    };
                    if path
                        .intermediate_certificates()
                        .any(|certificate| has_expired(certificate.der()))
                    {
                        push_once(faults, CertificateFault::IssuerExpired);
                    }
                    return;
                }
                Err(error) => error,
            };
            match (fault(&error), purpose) {
                (CertificateFault::IssuerExpired, _) => {
                    if faults.contains(&CertificateFault::IssuerExpired) {
                        return;
                    }
                    faults.push(CertificateFault::IssuerExpired);
                    moment = self.shared_moment(leaf, moment);
                }
                (CertificateFault::WrongPurpose, Purpose::TlsServer) => {
                    push_once(faults, CertificateFault::WrongPurpose);
                    purpose = Purpose::Any;
                }
                // What a self-signed certificate has instead of an issuer says no more than that.
                (CertificateFault::UnknownIssuer, _)
                    if faults.contains(&CertificateFault::SelfSigned) =>
                {
                    return;
                }
                _ if error == webpki::Error::CaUsedAsEndEntity
                    && faults.contains(&CertificateFault::SelfSigned) =>
                {
                    return;
                }
                (other, _) => {
                    push_once(faults, other);
                    return;
                }
            }
        }
    }

    fn verify(
        &self,
        moment: UnixTime,
        purpose: Purpose,
    ) -> Result<VerifiedPath<'_>, webpki::Error> {
        self.end_entity.verify_for_usage(
            self.roots.algorithms().all,
            self.roots.anchors(),
            self.intermediates,
            moment.into(),
            purpose,
            None,
            None,
        )
    }

    /// Returns the last moment, up to `latest`, at which neither the leaf nor any issuer presented has expired.
    fn shared_moment(&self, leaf: &Leaf, latest: UnixTime) -> UnixTime {
        self.intermediates
            .iter()
            .filter_map(|der| life(der))
            .map(|(_, not_after)| not_after)
            .filter(|not_after| *not_after >= leaf.not_before)
            .fold(latest, UnixTime::min)
    }

    fn is_root(&self, leaf_der: &CertificateDer<'_>) -> bool {
        webpki::anchor_from_trusted_cert(leaf_der).is_ok_and(|leaf| {
            self.roots.anchors().iter().any(|root| {
                root.subject == leaf.subject
                    && root.subject_public_key_info == leaf.subject_public_key_info
            })
        })
    }
}

/// Chooses up to [`MAX_INTERMEDIATES`] of what was presented above the leaf: all, or those that lie on a way up
/// from it, by the names of issuers and subjects.
pub(super) fn choose<'a>(
    leaf: &'a CertificateDer<'a>,
    presented: &'a [CertificateDer<'a>],
) -> Vec<CertificateDer<'a>> {
    if presented.len() <= MAX_INTERMEDIATES {
        return presented.to_vec();
    }
    let Some((_, issuer)) = names(leaf) else {
        return presented.iter().take(MAX_INTERMEDIATES).cloned().collect();
    };
    let mut left: Vec<_> = presented
        .iter()
        .filter_map(|der| names(der).map(|(subject, issuer)| (der, subject, issuer)))
        .collect();
    let mut chosen = Vec::new();
    let mut wanted = VecDeque::from([issuer]);
    while let Some(name) = wanted.pop_front() {
        left.retain(|(der, subject, issuer)| {
            let is_chosen =
                *subject == name && !chosen.contains(*der) && chosen.len() < MAX_INTERMEDIATES;
            if is_chosen {
                chosen.push((*der).clone());
                wanted.push_back(issuer);
            }
            !is_chosen
        });
    }
    chosen
}

/// Reads subject and issuer, as their octets stand.
fn names<'a>(der: &'a CertificateDer<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some((
        certificate.tbs_certificate.subject.as_raw(),
        certificate.tbs_certificate.issuer.as_raw(),
    ))
}

fn push_once(faults: &mut Vec<CertificateFault>, fault: CertificateFault) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// What a certificate must be for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    /// TLS servers, or it does not say.
    TlsServer,
    /// Whatever it says.
    Any,
}

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        match self {
            Self::TlsServer => KeyUsage::server_auth().validate(purposes),
            Self::Any => Ok(()),
        }
    }
}
