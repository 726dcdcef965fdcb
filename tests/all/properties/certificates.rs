//! Mutants of the certificates that a peer presents: DER from strangers, before any of it is trusted.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, NameConstraints, SanType, date_time_ymd,
};
use stickler::facts::certificate::CertificateFault;
use stickler::facts::{DnsName, UnixTime};
use stickler::sts::certificate::Roots;

use super::checks::certificates::chain as check;
use crate::support::mutations::inputs;
use crate::support::xorshift::Xorshift;

/// How many of the inputs of another parser are made of chains: a mutant is read by two parsers, some of them up
/// to signatures, which takes long without optimisation.
fn chains_of(inputs: usize) -> usize {
    inputs * 3 / 20
}

/// Tags and lengths of DER.
const ALPHABET: &[u8] = b"\x00\x01\x02\x03\x04\x05\x06\x0c\x13\x16\x17\x18\x1e\x30\x31\x7f\x80\x81\x82\x83\x84\x88\xa0\xa1\xa3\xff";

fn params(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, (2020, 2036));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params
}

/// Chains that say as much as chains say: a good one, and a leaf that signed itself.
fn chains() -> (Roots, [Vec<Vec<u8>>; 2]) {
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(authority("root"), key()).unwrap();
    let mut constrained = authority("intermediate");
    constrained.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("corp.test".into())],
        excluded_subtrees: vec![GeneralSubtree::DnsName("elsewhere.test".into())],
    });
    let intermediate = CertifiedIssuer::signed_by(constrained, key(), &root).unwrap();
    let mut leaf = params("mx.corp.test", (2026, 2027));
    leaf.subject_alt_names = vec![
        SanType::DnsName("mx.corp.test".try_into().unwrap()),
        SanType::DnsName("*.corp.test".try_into().unwrap()),
        SanType::IpAddress("192.0.2.1".parse().unwrap()),
        SanType::Rfc822Name("jo@corp.test".try_into().unwrap()),
    ];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let signed = leaf.signed_by(&key(), &intermediate).unwrap();
    let alone = leaf.self_signed(&key()).unwrap();
    let roots = Roots::none().with([root.der()]).unwrap();
    let good = vec![signed.der().to_vec(), intermediate.der().to_vec()];
    (roots, [good, vec![alone.der().to_vec()]])
}

#[test]
fn no_mutated_chain_panics_or_passes() {
    let (roots, chains) = chains();
    let name: DnsName = "mx.corp.test".parse().unwrap();
    let now: UnixTime = "2026-06-01T00:00:00Z".parse().unwrap();
    let faults = |chain: &[Vec<u8>], now| check(chain, &roots, &name, now);
    assert_eq!(faults(&chains[0], now), []);
    assert_eq!(faults(&chains[1], now), [CertificateFault::SelfSigned]);

    let mut random = Xorshift::new(0x5280);
    let seeds: Vec<&[u8]> = chains.iter().flatten().map(Vec::as_slice).collect();
    let mut readable = 0;
    let count = chains_of(inputs());
    for _ in 0..count {
        let mut chain = chains[usize::from(random.below(4) == 0)].clone();
        let place = random.below(chain.len());
        let original = chain[place].clone();
        if random.below(2) == 0 {
            random.mutate(&seeds, ALPHABET, &mut chain[place]);
        } else {
            // One octet alone leaves most of the structure as it is.
            let at = random.below(original.len());
            chain[place][at] = random.pick(ALPHABET);
        }
        // At a time when the leaf has expired its faults are searched further.
        let now = if random.below(8) == 0 {
            UnixTime::MAX
        } else {
            now
        };
        let faults = faults(&chain, now);
        assert!(
            !faults.is_empty() || seeds.contains(&chain[place].as_slice()),
            "a changed certificate passes: {}",
            chain[place].escape_ascii()
        );
        readable += usize::from(
            !faults
                .iter()
                .any(|fault| matches!(fault, CertificateFault::Unreadable { .. })),
        );
    }
    assert!(readable > count / 5, "only {readable} could be read");
}
