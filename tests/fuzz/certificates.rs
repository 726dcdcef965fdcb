//! Chains as a peer presents them: each certificate after its length in two octets.

use std::sync::OnceLock;

use rustls_pki_types::CertificateDer;
use stickler::facts::{DnsName, UnixTime};
use stickler::sts::certificate::Roots;

use crate::checks::certificates;

/// The root that the good seed leads to; `seeds/make-certificates` made both.
const ROOT: &[u8] = include_bytes!("seeds/root.der");
const GOOD: &[u8] = include_bytes!("seeds/certificates/good");

/// Nothing passes but what begins with the leaf of the good chain.
pub(crate) fn chain(octets: &[u8]) {
    static WITH: OnceLock<(Roots, DnsName, UnixTime)> = OnceLock::new();
    let (roots, name, now) = WITH.get_or_init(|| {
        let root = CertificateDer::from(ROOT);
        let roots = Roots::none().with([&root]).expect("a root");
        let name = "mx.corp.test".parse().expect("a name");
        let now = "2030-01-01T00:00:00Z".parse().expect("a time");
        let faults = certificates::chain(&split(GOOD), &roots, &name, now);
        assert_eq!(faults, [], "the good chain is good");
        (roots, name, now)
    });
    let chain = split(octets);
    let faults = certificates::chain(&chain, roots, name, *now);
    assert!(!faults.is_empty() || chain.first() == split(GOOD).first());
}

fn split(mut octets: &[u8]) -> Vec<Vec<u8>> {
    let mut chain = Vec::new();
    while let Some((length, rest)) = octets.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (der, rest) = rest.split_at(length.min(rest.len()));
        chain.push(der.to_vec());
        octets = rest;
    }
    chain
}
