//! What the leaf says of itself, for people and for the search for faults.

use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::names::san_matches_pattern;
use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::{DnsName, UnixTime};

/// The longest issuer that is kept, in characters.
const MAX_ISSUER: usize = 256;

/// The leaf, as far as it can be read.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Its DNS names, as they stand; control characters are escaped.
    pub(super) names: Vec<Box<str>>,
    /// How many names were left out.
    pub(super) names_left_out: usize,
    /// Its issuer.
    pub(super) issuer: Box<str>,
    /// The beginning of its life; 1970 if it cannot be read.
    pub(super) not_before: UnixTime,
    /// The end of its life; the end of time if it cannot be read.
    pub(super) not_after: UnixTime,
    /// Whether issuer and subject are the same.
    pub(super) is_self_issued: bool,
    /// Whether it says for which purposes it is, and TLS servers are not among them.
    pub(super) is_for_other_purposes: bool,
}

impl Default for Leaf {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            names_left_out: 0,
            issuer: Box::default(),
            not_before: UnixTime::from_secs(0),
            not_after: UnixTime::MAX,
            is_self_issued: false,
            is_for_other_purposes: false,
        }
    }
}

impl Leaf {
    /// Reads what can be read; a certificate that this reader cannot read may still be fine for webpki.
    pub(super) fn read(der: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else {
            return Self::default();
        };
        let names = match certificate.subject_alternative_name() {
            Ok(Some(extension)) => extension
                .value
                .general_names
                .iter()
                .filter_map(dns_name)
                .map(escaped)
                .collect(),
            Ok(None) | Err(_) => Vec::new(),
        };
        let issuer: String = certificate
            .issuer()
            .to_string()
            .chars()
            .take(MAX_ISSUER)
            .collect();
        Self {
            names,
            names_left_out: 0,
            issuer: escaped(&issuer),
            not_before: moment(certificate.validity().not_before.timestamp()),
            not_after: moment(certificate.validity().not_after.timestamp()),
            is_self_issued: certificate.issuer().as_raw() == certificate.subject().as_raw(),
            is_for_other_purposes: certificate
                .extended_key_usage()
                .is_ok_and(|usage| usage.is_some_and(|usage| !usage.value.server_auth)),
        }
    }

    /// Keeps no more names than are told, one for `host` among them if there is one.
    pub(super) fn for_host(mut self, host: &DnsName) -> Self {
        let all = self.names.len();
        if let Some(last) = PeerCertificate::MAX_NAMES.checked_sub(1)
            && all > PeerCertificate::MAX_NAMES
            && let Ok(pattern) = host.as_str().parse()
            && let Some(place) =
                (self.names.iter().skip(last)).position(|name| san_matches_pattern(name, &pattern))
        {
            self.names.swap(last, last.saturating_add(place));
        }
        self.names.truncate(PeerCertificate::MAX_NAMES);
        self.names.shrink_to_fit();
        self.names_left_out = all.saturating_sub(self.names.len());
        self
    }

    /// Returns the faults of its life at `now`; its first and its last second belong to it.
    pub(super) fn time_faults(&self, now: UnixTime) -> Vec<CertificateFault> {
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
        faults
    }

    /// Returns the moment of its life that is nearest to `now`.
    pub(super) fn nearest_moment(&self, now: UnixTime) -> UnixTime {
        now.max(self.not_before).min(self.not_after)
    }

    /// Returns the fault of not being for `name`.
    pub(super) fn name_mismatch(&self, name: &DnsName) -> CertificateFault {
        CertificateFault::NameMismatch {
            expected: name.as_str().into(),
            presented: self
                .names
                .iter()
                .take(CertificateFault::MAX_PRESENTED)
                .cloned()
                .collect(),
        }
    }

    /// Returns whether its own key signed it, with an algorithm that is trusted.
    pub(super) fn is_signed_by_itself(
        &self,
        der: &[u8],
        certificate: &webpki::EndEntityCert<'_>,
        algorithms: rustls::crypto::WebPkiSupportedAlgorithms,
    ) -> bool {
        if !self.is_self_issued {
            return false;
        }
        let Ok((_, read)) = X509Certificate::from_der(der) else {
            return false;
        };
        let (message, signature) = (read.tbs_certificate.as_ref(), &read.signature_value.data);
        algorithms.all.iter().any(|algorithm| {
            certificate
                .verify_signature(*algorithm, message, signature)
                .is_ok()
        })
    }
}

/// Returns the beginning and the end of a certificate's life.
pub(super) fn life(der: &[u8]) -> Option<(UnixTime, UnixTime)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    Some((
        moment(validity.not_before.timestamp()),
        moment(validity.not_after.timestamp()),
    ))
}

fn dns_name<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    if let GeneralName::DNSName(name) = name {
        Some(name)
    } else {
        None
    }
}

/// The longest name that the DNS holds, with a wildcard's star: what is longer stands for no host.
const MAX_NAME: usize = 255;

fn escaped(text: &str) -> Box<str> {
    let text = match text.char_indices().nth(MAX_NAME) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    };
    if text.chars().any(char::is_control) {
        text.escape_debug().to_string().into()
    } else {
        text.into()
    }
}

/// A time before 1970 becomes 1970.
fn moment(timestamp: i64) -> UnixTime {
    UnixTime::from_secs(u64::try_from(timestamp).unwrap_or(0))
}
