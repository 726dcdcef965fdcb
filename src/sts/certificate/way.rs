//! The way from a leaf up to a root as the names tell it, before any signature is looked at.

use std::collections::VecDeque;

use rustls_pki_types::CertificateDer;
use x509_parser::der_parser::asn1_rs::{Any, FromDer as _};
use x509_parser::prelude::{X509Certificate, X509Name};

use super::read;
use super::roots::Roots;
use crate::facts::certificate::CertificateFault;

/// The most certificates above the leaf that are looked at; more would let a stranger choose how long the
/// search for a path takes. Real paths have one to four; a server that sends a whole bundle has the rest
/// beside the path.
pub(super) const MAX_INTERMEDIATES: usize = 8;

/// What lies above a leaf, by the names of issuers and subjects.
#[derive(Debug)]
pub(super) struct Way<'a> {
    /// The certificates, the leaf first, each with its place among those presented.
    certificates: Vec<(usize, &'a X509Certificate<'a>)>,
    /// How many certificates were presented.
    sent: usize,
    /// Whether a root has the name of an issuer on the way.
    pub(super) reaches_root: bool,
    /// The first issuer that was not presented; `None` where each was.
    missing: Option<&'a X509Name<'a>>,
}

impl<'a> Way<'a> {
    /// Finds the way from the first of the certificates presented; `None` if that one cannot be read.
    pub(super) fn find(
        presented: &'a [Option<X509Certificate<'a>>],
        roots: &Roots,
    ) -> Option<Self> {
        let leaf = presented.first()?.as_ref()?;
        let mut way = Self {
            certificates: vec![(0, leaf)],
            sent: presented.len(),
            reaches_root: false,
            missing: None,
        };
        let mut wanted = VecDeque::from([leaf.issuer()]);
        while let Some(issuer) = wanted.pop_front() {
            let is_root = has_root(roots, issuer);
            way.reaches_root |= is_root;
            let mut was_sent = false;
            for (place, candidate) in presented.iter().enumerate().skip(1) {
                let Some(candidate) = candidate else { continue };
                if candidate.subject().as_raw() != issuer.as_raw() {
                    continue;
                }
                was_sent = true;
                let is_known = |(_, other): &(usize, &X509Certificate<'_>)| {
                    other.as_raw() == candidate.as_raw()
                };
                if !way.certificates.iter().any(is_known) {
                    way.certificates.push((place, candidate));
                    wanted.push_back(candidate.issuer());
                }
            }
            if !was_sent && !is_root && issuer.as_raw() != leaf.subject().as_raw() {
                way.missing = way.missing.or(Some(issuer));
            }
        }
        Some(way)
    }

    /// Chooses up to [`MAX_INTERMEDIATES`] of what was presented above the leaf: all, or those on the way.
    pub(super) fn choose<'c>(&self, presented: &[CertificateDer<'c>]) -> Vec<CertificateDer<'c>> {
        if presented.len() <= MAX_INTERMEDIATES {
            return presented.to_vec();
        }
        self.certificates
            .iter()
            .filter_map(|(place, _)| presented.get(place.checked_sub(1)?).cloned())
            .take(MAX_INTERMEDIATES)
            .collect()
    }

    /// Returns whether more certificates lie on the way than are chosen.
    pub(super) fn is_cut(&self) -> bool {
        self.issuers().count() > MAX_INTERMEDIATES
    }

    /// Returns the certificates above the leaf.
    pub(super) fn issuers(&self) -> impl Iterator<Item = &'a X509Certificate<'a>> {
        self.certificates
            .iter()
            .skip(1)
            .map(|(_, certificate)| *certificate)
    }

    /// Returns all of them, the leaf first.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &'a X509Certificate<'a>> {
        self.certificates
            .iter()
            .map(|(_, certificate)| *certificate)
    }

    /// Says where a chain ends that leads to no trusted root.
    ///
    /// Q: A leaf alone, is its intermediate missing or its CA unknown? A: That cannot be known: said is what is
    /// seen, and the remedy names both.
    pub(super) fn end(&self) -> CertificateFault {
        let last = self.certificates().last().map(|last| last.subject());
        let issuer = self.missing.or(last).map(read::name).unwrap_or_default();
        match self.certificates.as_slice() {
            [_leaf] => CertificateFault::IssuerNotSent {
                sent: self.sent,
                issuer,
            },
            _ => CertificateFault::UnknownIssuer { issuer },
        }
    }
}

/// Returns whether a root bears the name.
fn has_root(roots: &Roots, name: &X509Name<'_>) -> bool {
    // Of a root's name only the content is kept, without the tag and the length before it.
    Any::from_der(name.as_raw()).is_ok_and(|(_, name)| {
        roots
            .anchors()
            .iter()
            .any(|root| root.subject.as_ref() == name.data)
    })
}
