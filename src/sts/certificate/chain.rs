//! The way from a leaf to a root, and everything that is wrong with it.

use rustls_pki_types::CertificateDer;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, VerifiedPath};

use super::error::fault;
use super::leaf::Leaf;
use super::read;
use super::roots::Roots;
use super::way::Way;
use crate::facts::UnixTime;
use crate::facts::certificate::{CertificateFault, ChainFault, KeyUsages};

/// A leaf and what may lie between it and a root.
#[derive(Clone, Copy)]
pub(super) struct Chain<'a> {
    pub(super) end_entity: &'a EndEntityCert<'a>,
    pub(super) leaf: Leaf<'a>,
    pub(super) intermediates: &'a [CertificateDer<'a>],
    pub(super) way: &'a Way<'a>,
    pub(super) roots: &'a Roots,
}

impl Chain<'_> {
    /// Returns the faults, but for those of the leaf itself: its life, its name, its key.
    ///
    /// None if webpki accepts the chain now and each issuer may sign; else at least one, unless the leaf's
    /// life is the only fault.
    pub(super) fn faults(&self, now: UnixTime) -> Vec<CertificateFault> {
        let Err(first) = self.verify(now, Purpose::TlsServer, Issuers::MaySign) else {
            return Vec::new();
        };
        let algorithms = self.roots.algorithms();
        let is_self_signed =
            self.leaf.is_signed_by_itself(self.end_entity, algorithms) && !self.is_root();
        let mut faults = Vec::new();
        if is_self_signed {
            faults.push(CertificateFault::SelfSigned);
        }
        if self.leaf.is_for_other_purposes() {
            faults.push(CertificateFault::WrongPurpose);
        }
        self.search(now, &mut faults);
        if faults.is_empty() && self.leaf.time_faults(now).is_empty() {
            faults.push(fault(&first, self.way));
        }
        // What only we refuse hides what everybody refuses.
        if !self.way.reaches_root && faults.iter().all(CertificateFault::is_ours) {
            push_once(&mut faults, self.way.end());
        }
        faults
    }

    /// Sets one fault after the other aside and looks what stands behind it.
    fn search(&self, now: UnixTime, faults: &mut Vec<CertificateFault>) {
        let mut moment = self.leaf.nearest_moment(now);
        let mut purpose = Purpose::TlsServer;
        // Three turns: one for the time, one for the purpose, one for what is left.
        for _ in 0..3 {
            let error = match self.verify(moment, purpose, Issuers::Any) {
                Ok(path) => {
                    self.look_at_issuers(&path, now, faults);
                    if self.verify(moment, purpose, Issuers::MaySign).is_err() {
                        faults.extend(issuer_that_may_not_sign(&path));
                    }
                    return;
                }
                Err(error) => error,
            };
            let found = fault(&error, self.way);
            if found == CertificateFault::IssuerExpired && !faults.contains(&found) {
                faults.push(found);
                moment = self.shared_moment(moment);
                continue;
            }
            if found == CertificateFault::BadChain(ChainFault::IssuerPurpose)
                && purpose == Purpose::TlsServer
            {
                if !faults.contains(&CertificateFault::WrongPurpose) {
                    faults.push(found);
                }
                purpose = Purpose::Any;
                continue;
            }
            // What a self-signed certificate has instead of an issuer says no more than that.
            let says_no_more = faults.contains(&CertificateFault::SelfSigned)
                && matches!(
                    found,
                    CertificateFault::IssuerNotSent { .. }
                        | CertificateFault::UnknownIssuer { .. }
                        | CertificateFault::BadChain(ChainFault::CaAsServer)
                );
            if !says_no_more {
                push_once(faults, found);
            }
            return;
        }
    }

    /// Looks at the issuers of a path that holds at another moment.
    fn look_at_issuers(
        &self,
        path: &VerifiedPath<'_>,
        now: UnixTime,
        faults: &mut Vec<CertificateFault>,
    ) {
        let has_expired =
            |der: &CertificateDer<'_>| life(der).is_some_and(|(_, not_after)| now > not_after);
        if path
            .intermediate_certificates()
            .any(|certificate| has_expired(&certificate.der()))
        {
            push_once(faults, CertificateFault::IssuerExpired);
        }
    }

    fn verify(
        &self,
        moment: UnixTime,
        purpose: Purpose,
        issuers: Issuers,
    ) -> Result<VerifiedPath<'_>, webpki::Error> {
        let may_sign = |path: &VerifiedPath<'_>| match issuer_that_may_not_sign(path) {
            // webpki has no error for it; this one only has to be one, so that it tries other paths.
            Some(_) => Err(webpki::Error::UnknownIssuer),
            None => Ok(()),
        };
        self.end_entity.verify_for_usage(
            self.roots.algorithms().all,
            self.roots.anchors(),
            self.intermediates,
            moment.into(),
            purpose,
            None,
            match issuers {
                Issuers::Any => None,
                Issuers::MaySign => Some(&may_sign),
            },
        )
    }

    /// Returns the last moment, up to `latest`, at which neither the leaf nor any issuer presented has expired.
    fn shared_moment(&self, latest: UnixTime) -> UnixTime {
        self.intermediates
            .iter()
            .filter_map(|der| life(der))
            .map(|(_, not_after)| not_after)
            .filter(|not_after| *not_after >= self.leaf.facts.not_before)
            .fold(latest, UnixTime::min)
    }

    fn is_root(&self) -> bool {
        let der = CertificateDer::from(self.leaf.read.as_raw());
        webpki::anchor_from_trusted_cert(&der).is_ok_and(|leaf| {
            self.roots.anchors().iter().any(|root| {
                root.subject == leaf.subject
                    && root.subject_public_key_info == leaf.subject_public_key_info
            })
        })
    }
}

/// Returns the first issuer of a path whose key usage leaves out keyCertSign ([RFC 5280, Section 6.1.4 (n)]:
/// "If a key usage extension is present, verify that the keyCertSign bit is set").
///
/// [RFC 5280, Section 6.1.4 (n)]: https://www.rfc-editor.org/rfc/rfc5280#section-6.1.4
fn issuer_that_may_not_sign(path: &VerifiedPath<'_>) -> Option<CertificateFault> {
    path.intermediate_certificates().find_map(|issuer| {
        let der = issuer.der();
        let (usages, issuer) = match read::parse(&der) {
            Some(read) => (read::key_usages(&read), read::name(read.subject())),
            // Nothing that is not understood may sign.
            None => (Some(KeyUsages::default()), Box::default()),
        };
        usages
            .is_some_and(|usages| !usages.has(KeyUsages::KEY_CERT_SIGN))
            .then_some(CertificateFault::IssuerMayNotSign { issuer })
    })
}

/// Returns the beginning and the end of a certificate's life.
fn life(der: &[u8]) -> Option<(UnixTime, UnixTime)> {
    Some(read::life(&read::parse(der)?))
}

fn push_once(faults: &mut Vec<CertificateFault>, fault: CertificateFault) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// Which issuers a path may have.
#[derive(Clone, Copy, Debug)]
enum Issuers {
    /// Those that webpki takes.
    Any,
    /// Those whose key usage lets them sign certificates.
    MaySign,
}

/// What a certificate must be for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
