//! Chains of strangers: how much of them is looked at, and octets that are no certificate.

use rustls_pki_types::CertificateDer;

use super::{C, F, HOST, below, ca, faults, leaf, not_sent, now, root, sign, trusting, unknown};
use crate::sts::certificate::way::Way;
use crate::sts::certificate::{Roots, judge, read};

#[test]
fn a_chain_of_many_certificates_is_looked_at_only_so_far() {
    let root = root("root");
    let intermediate = below(ca("intermediate"), &root);
    let mut chain = vec![sign(&leaf(&[HOST]), &intermediate)];
    // Decoys of the name that is looked for, each with another key.
    chain.extend((0..8).map(|_| self::root("intermediate").der().clone()));
    chain.push(intermediate.der().clone());
    let seen = judge(&chain, &trusting(&root), &HOST.parse().unwrap(), now());
    assert_eq!(seen.faults, [F::BadChain(C::TooLarge)]);
    let kept = (seen.chain.len(), seen.certificates_left_out);
    assert_eq!(kept, (8, 2), "the first are kept as evidence all the same");
    // A bundle with the path somewhere in it.
    chain.splice(1..9, (0..8).map(|_| self::root("decoy").der().clone()));
    assert_eq!(faults(&chain, &trusting(&root)), []);
    let lower = below(ca("lower"), &intermediate);
    chain[0] = sign(&leaf(&[HOST]), &lower);
    assert_eq!(faults(&chain, &trusting(&root)), [not_sent(10, "CN=lower")]);
    chain.push(lower.der().clone());
    assert_eq!(faults(&chain, &trusting(&root)), []);
}

#[test]
fn at_most_eight_certificates_are_chosen_from_those_on_the_way_up() {
    let root = root("root");
    let roots = trusting(&root);
    let intermediate = below(ca("intermediate"), &root);
    let leaf = sign(&leaf(&[HOST]), &intermediate);
    let of_name = |name: &str, count: usize| -> Vec<CertificateDer<'static>> {
        (0..count).map(|_| self::root(name).der().clone()).collect()
    };
    let on_the_way = [intermediate.der().clone(), root.der().clone()];
    for (case, presented, expected) in [
        ("eight of another name", of_name("decoy", 8), 8),
        ("nine of another name", of_name("decoy", 9), 0),
        ("eight of the name", of_name("intermediate", 8), 8),
        ("nine of the name", of_name("intermediate", 9), 8),
        (
            "seven of another name, and the way",
            [of_name("decoy", 7), on_the_way.to_vec()].concat(),
            2,
        ),
        (
            "the way, each twice, and others",
            [
                of_name("decoy", 7),
                on_the_way.to_vec(),
                on_the_way.to_vec(),
            ]
            .concat(),
            2,
        ),
    ] {
        let chain: Vec<_> = std::iter::once(&leaf).chain(&presented).collect();
        let read: Vec<_> = chain.iter().map(|der| read::parse(der)).collect();
        let way = Way::find(&read, &roots).unwrap();
        assert_eq!(way.choose(&presented).len(), expected, "{case}");
        assert_eq!(way.is_cut(), case == "nine of the name", "{case}");
    }
}

#[test]
fn octets_that_are_no_certificate_are_a_fault_never_a_panic() {
    let root = root("root");
    let roots = trusting(&root);
    assert_eq!(
        faults(&[], &roots),
        [F::Unreadable {
            detail: "no certificate was presented".into()
        }]
    );
    assert_eq!(
        faults(&[CertificateDer::from(&b"garbage"[..])], &roots),
        [F::Unreadable {
            detail: "it is not valid DER".into()
        }]
    );
    // Garbage above the leaf does not hide the leaf, nor what is missing above what can be read.
    let garbage = CertificateDer::from(&b"garbage"[..]);
    let issuer = below(ca("issuer"), &root);
    let of_root = sign(&leaf(&[HOST]), &root);
    let of_issuer = sign(&leaf(&[HOST]), &issuer);
    let between = issuer.der().clone();
    let stranger = trusting(&self::root("stranger"));
    for (chain, roots, expected) in [
        (vec![of_root.clone(), garbage.clone()], &roots, vec![]),
        (
            vec![of_issuer.clone(), between.clone(), garbage.clone()],
            &roots,
            vec![],
        ),
        (
            vec![of_root, garbage.clone()],
            &stranger,
            vec![F::BadChain(C::Malformed)],
        ),
        (
            vec![of_issuer.clone(), garbage.clone()],
            &roots,
            vec![F::BadChain(C::Malformed)],
        ),
        (
            vec![of_issuer, between, garbage],
            &stranger,
            vec![unknown("CN=root")],
        ),
    ] {
        assert_eq!(faults(&chain, roots), expected);
    }
}

#[test]
fn no_mutation_of_a_chain_panics_or_passes_with_another_leaf() {
    let root = root("root");
    let roots = trusting(&root);
    let intermediate = below(ca("intermediate"), &root);
    let good = sign(&leaf(&[HOST]), &intermediate);
    let mut changed = 0;
    // Every octet once, and every length once.
    for position in 0..good.len() {
        let mut octets = good.to_vec();
        octets[position] ^= 0x15;
        let cut = good[..position].to_vec();
        for octets in [octets, cut] {
            let chain = [CertificateDer::from(octets), intermediate.der().clone()];
            assert_ne!(faults(&chain, &roots), [], "octet {position}");
            changed += 1;
        }
    }
    assert_eq!(changed, 2 * good.len());
}

#[test]
fn what_is_no_certificate_cannot_be_a_root() {
    let garbage = CertificateDer::from(&b"garbage"[..]);
    let error = Roots::none()
        .with([root("root").der(), &garbage])
        .unwrap_err();
    assert_eq!(error.position, 2);
    let known = Roots::mozilla();
    assert!(known.len() > 50 && !known.is_empty());
    assert!(Roots::none().is_empty());
    assert_eq!(
        format!("{:?}", Roots::none()),
        "Roots { anchors: 0, .. }",
        "a hundred roots are not spelt out"
    );
}
