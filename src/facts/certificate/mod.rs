//! What a peer's certificates say, and every fault that was found in them.

mod fault;

pub use fault::{CertificateFault, ChainFault};

use super::UnixTime;

/// The chain that a peer presented, with its faults, all of them.
///
/// A refused certificate is kept like an accepted one: what was wrong with it is the next question.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PeerCertificate {
    /// The certificates as presented, the leaf first, at most [`Self::MAX_CHAIN`]; `None` for octets that are
    /// no certificate.
    pub chain: Vec<Option<Certificate>>,
    /// How many more there were.
    pub certificates_left_out: usize,
    /// What is wrong with it for the host that was asked; empty if nothing is.
    pub faults: Vec<CertificateFault>,
}

impl PeerCertificate {
    /// How many certificates of a chain are kept: no path that is taken has more than a leaf, six issuers and a
    /// root.
    pub const MAX_CHAIN: usize = 8;

    /// How many of a leaf's names are kept: some have tens of thousands, and a domain's check keeps hundreds of
    /// certificates.
    pub const MAX_NAMES: usize = 32;

    /// Returns the leaf, if it can be read.
    #[must_use]
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()?.as_ref()
    }

    /// Returns the DNS names of the leaf, as they stand: at most [`Self::MAX_NAMES`], one that the asked host
    /// satisfies among them if there is one.
    #[must_use]
    pub fn dns_names(&self) -> &[Box<str>] {
        self.leaf().map_or(&[], |leaf| &leaf.dns_names)
    }

    /// Returns how many more DNS names the leaf has.
    #[must_use]
    pub fn names_left_out(&self) -> usize {
        self.leaf().map_or(0, |leaf| leaf.names_left_out)
    }
}

/// What one certificate says, in text; control characters are escaped.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Certificate {
    /// Whom it is for, as a distinguished name.
    pub subject: Box<str>,
    /// Who issued it, as a distinguished name.
    pub issuer: Box<str>,
    /// From when it is valid.
    pub not_before: UnixTime,
    /// Until when it is valid.
    pub not_after: UnixTime,
    /// Its DNS names, as they stand, the first of them where there are many.
    pub dns_names: Vec<Box<str>>,
    /// How many more it has.
    pub names_left_out: usize,
    /// Its other names, the first of them where there are many, each after its kind: `IP:192.0.2.1`, `URI:https://corp.test`, `email:jo@corp.test`.
    pub other_names: Vec<Box<str>>,
    /// Whether it is a CA's.
    pub is_ca: bool,
    /// How many further CAs may follow below it; `None`: any number.
    pub path_length: Option<u32>,
    /// What its key may be used for; `None`: it does not say.
    pub key_usages: Option<KeyUsages>,
    /// For which purposes it is (extended key usage); `None`: it does not say.
    pub purposes: Option<Vec<Box<str>>>,
    /// The kind and the size of its key: `RSA 2048`.
    pub key: Box<str>,
    /// The algorithm that it is signed with.
    pub signature_algorithm: Box<str>,
}

/// The bits of the key usage extension ([RFC 5280, Section 4.2.1.3]), the first the least significant.
///
/// [RFC 5280, Section 4.2.1.3]: https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeyUsages(pub u16);

impl KeyUsages {
    /// Handshakes and the like.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// RSA key transport.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// Static Diffie-Hellman.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// Certificates.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// Revocation lists.
    pub const CRL_SIGN: Self = Self(1 << 6);

    const NAMES: [&str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// Returns whether one of `usages` is among them.
    #[must_use]
    pub const fn has(self, usages: Self) -> bool {
        self.0 & usages.0 != 0
    }

    /// Returns the names, as the RFC spells them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyUsages;

    #[test]
    fn key_usages_have_the_names_of_the_rfc() {
        let names = |usages: KeyUsages| usages.names().collect::<Vec<_>>();
        assert_eq!(names(KeyUsages(0)), Vec::<&str>::new());
        assert_eq!(names(KeyUsages(0x1ff)), KeyUsages::NAMES);
        for (usages, name) in [
            (KeyUsages::DIGITAL_SIGNATURE, "digitalSignature"),
            (KeyUsages::KEY_ENCIPHERMENT, "keyEncipherment"),
            (KeyUsages::KEY_AGREEMENT, "keyAgreement"),
            (KeyUsages::KEY_CERT_SIGN, "keyCertSign"),
            (KeyUsages::CRL_SIGN, "cRLSign"),
        ] {
            assert_eq!(names(usages), [name]);
            assert!(usages.has(usages) && !KeyUsages(0x1ff ^ usages.0).has(usages));
        }
    }
}
