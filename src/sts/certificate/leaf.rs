//! The leaf by itself: its life, its names, what its key is for.

use rustls_pki_types::ServerName;
use webpki::EndEntityCert;
use x509_parser::prelude::X509Certificate;

use super::read::SERVER_AUTH;
use crate::facts::certificate::{Certificate, CertificateFault, KeyUsages};
use crate::facts::{DnsName, UnixTime};

/// The leaf: what was read of it, and what it was read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf<'a> {
    /// What it says.
    pub(super) facts: &'a Certificate,
    /// The same as it stands.
    pub(super) read: &'a X509Certificate<'a>,
}

impl Leaf<'_> {
    /// Returns the faults of its life at `now`; its first and its last second belong to it.
    pub(super) fn time_faults(&self, now: UnixTime) -> Vec<CertificateFault> {
        let Certificate {
            not_before,
            not_after,
            ..
        } = *self.facts;
        let mut faults = Vec::new();
        if now > not_after {
            faults.push(CertificateFault::Expired { not_after });
        }
        if now < not_before {
            faults.push(CertificateFault::NotYetValid { not_before });
        }
        faults
    }

    /// Returns the moment of its life that is nearest to `now`.
    pub(super) fn nearest_moment(&self, now: UnixTime) -> UnixTime {
        now.max(self.facts.not_before).min(self.facts.not_after)
    }

    /// Returns the fault of not being for `name`, by webpki's rules, if it is not.
    pub(super) fn name_mismatch(
        &self,
        certificate: &EndEntityCert<'_>,
        name: &DnsName,
    ) -> Option<CertificateFault> {
        let is_for_it = name.as_address().is_none()
            && rustls_pki_types::DnsName::try_from(name.as_str()).is_ok_and(|name| {
                certificate
                    .verify_is_valid_for_subject_name(&ServerName::DnsName(name))
                    .is_ok()
            });
        (!is_for_it).then(|| CertificateFault::NameMismatch {
            expected: name.as_str().into(),
            presented: self
                .facts
                .dns_names
                .iter()
                .take(CertificateFault::MAX_PRESENTED)
                .cloned()
                .collect(),
        })
    }

    /// Returns whether it says for which purposes it is, and TLS servers are not among them.
    pub(super) fn is_for_other_purposes(&self) -> bool {
        self.facts
            .purposes
            .as_ref()
            .is_some_and(|purposes| !purposes.iter().any(|purpose| &**purpose == SERVER_AUTH))
    }

    /// Returns the fault of a key usage without digitalSignature ([RFC 8446, Section 4.4.2.2]: "The
    /// digitalSignature bit MUST be set if the Key Usage extension is present"), which webpki looks past.
    ///
    /// Q: And in TLS 1.2 with RSA key transport, for which keyEncipherment suffices? A: No client of today
    /// offers that alone, and ECDHE signs. OpenSSL lets any of the three usages pass, `GnuTLS` does not.
    ///
    /// [RFC 8446, Section 4.4.2.2]: https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.2
    pub(super) fn usage_fault(&self) -> Option<CertificateFault> {
        let usages = self.facts.key_usages?;
        (!usages.has(KeyUsages::DIGITAL_SIGNATURE)).then(|| CertificateFault::NotForSignatures {
            senders_split: usages.has(KeyUsages::KEY_ENCIPHERMENT)
                || usages.has(KeyUsages::KEY_AGREEMENT),
        })
    }

    /// Returns whether its own key signed it, with an algorithm that is trusted.
    pub(super) fn is_signed_by_itself(
        &self,
        certificate: &EndEntityCert<'_>,
        algorithms: rustls::crypto::WebPkiSupportedAlgorithms,
    ) -> bool {
        if self.read.issuer().as_raw() != self.read.subject().as_raw() {
            return false;
        }
        let message = self.read.tbs_certificate.as_ref();
        let signature = &self.read.signature_value.data;
        algorithms.all.iter().any(|algorithm| {
            certificate
                .verify_signature(*algorithm, message, signature)
                .is_ok()
        })
    }
}
