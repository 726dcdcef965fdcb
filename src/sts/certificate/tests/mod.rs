//! Real certificates, each with its faults.

mod bounds;
mod names;
mod rules;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, NameConstraints, PKCS_ED25519, SanType, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::{Roots, judge};
use crate::facts::UnixTime;
use crate::facts::certificate::{CertificateFault as F, ChainFault as C, KeyUsages};

const HOST: &str = "mx.corp.test";

fn now() -> UnixTime {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn time(text: &str) -> UnixTime {
    text.parse().unwrap()
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

type Ca = CertifiedIssuer<'static, KeyPair>;

/// A leaf for these DNS names, valid from May to July 2026.
fn leaf(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names
        .iter()
        .map(|name| SanType::DnsName((*name).try_into().unwrap()))
        .collect();
    params.distinguished_name.push(DnType::CommonName, HOST);
    params.not_before = date_time_ymd(2026, 5, 1);
    params.not_after = date_time_ymd(2026, 8, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

/// A CA, valid from 2020 to 2036.
fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    params
}

fn root(name: &str) -> Ca {
    CertifiedIssuer::self_signed(ca(name), key()).unwrap()
}

fn below(params: CertificateParams, issuer: &Ca) -> Ca {
    CertifiedIssuer::signed_by(params, key(), issuer).unwrap()
}

fn sign(params: &CertificateParams, issuer: &Ca) -> CertificateDer<'static> {
    params.signed_by(&key(), issuer).unwrap().der().clone()
}

fn trusting(ca: &Ca) -> Roots {
    Roots::none().with([ca.der()]).unwrap()
}

fn faults_at(chain: &[CertificateDer<'_>], roots: &Roots, now: UnixTime) -> Vec<F> {
    judge(chain, roots, &HOST.parse().unwrap(), now).faults
}

fn faults(chain: &[CertificateDer<'_>], roots: &Roots) -> Vec<F> {
    faults_at(chain, roots, now())
}

fn mismatch(presented: &[&str]) -> F {
    F::NameMismatch {
        expected: HOST.into(),
        presented: presented.iter().map(|name| (*name).into()).collect(),
    }
}

fn unknown(issuer: &str) -> F {
    F::UnknownIssuer {
        issuer: issuer.into(),
    }
}

fn not_sent(sent: usize, issuer: &str) -> F {
    F::IssuerNotSent {
        sent,
        issuer: issuer.into(),
    }
}

#[test]
fn a_good_chain_has_no_fault_and_shows_what_it_says() {
    let root = root("root");
    let intermediate = below(ca("intermediate"), &root);
    let chain = [
        sign(&leaf(&[HOST, "mx2.corp.test"]), &intermediate),
        intermediate.der().clone(),
    ];
    let seen = judge(&chain, &trusting(&root), &HOST.parse().unwrap(), now());
    assert_eq!(seen.faults, []);
    assert_eq!(seen.chain.len(), 2);
    let leaf = seen.leaf().unwrap();
    assert_eq!(seen.dns_names(), [HOST.into(), "mx2.corp.test".into()]);
    assert_eq!(&*leaf.subject, "CN=mx.corp.test");
    assert_eq!(&*leaf.issuer, "CN=intermediate");
    assert_eq!(leaf.not_before, time("2026-05-01T00:00:00Z"));
    assert_eq!(leaf.not_after, time("2026-08-01T00:00:00Z"));
    assert_eq!(&*leaf.key, "EC 256");
    assert_eq!(&*leaf.signature_algorithm, "ecdsa-with-SHA256");
    assert_eq!(
        (leaf.is_ca, leaf.key_usages, &leaf.purposes),
        (false, None, &None)
    );
    let issuer = seen.chain[1].as_ref().unwrap();
    assert_eq!((issuer.is_ca, issuer.path_length), (true, None));
}

#[test]
fn a_life_includes_its_first_and_last_second() {
    let root = root("root");
    let roots = trusting(&root);
    let chain = [sign(&leaf(&[HOST]), &root)];
    let not_before = time("2026-05-01T00:00:00Z");
    let not_after = time("2026-08-01T00:00:00Z");
    for (now, expected) in [
        ("2026-04-30T23:59:59Z", vec![F::NotYetValid { not_before }]),
        ("2026-05-01T00:00:00Z", vec![]),
        ("2026-08-01T00:00:00Z", vec![]),
        ("2026-08-01T00:00:01Z", vec![F::Expired { not_after }]),
    ] {
        assert_eq!(faults_at(&chain, &roots, time(now)), expected, "{now}");
    }
}

#[test]
fn every_fault_is_told_not_only_the_first() {
    let root = root("root");
    let roots = trusting(&root);
    let stranger = self::root("stranger");
    let mut expired = leaf(&["other.test"]);
    expired.not_after = date_time_ymd(2026, 5, 20);
    let not_after = time("2026-05-20T00:00:00Z");
    assert_eq!(
        faults(&[sign(&expired, &root)], &roots),
        [F::Expired { not_after }, mismatch(&["other.test"])]
    );
    assert_eq!(
        faults(&[sign(&expired, &stranger)], &roots),
        [
            F::Expired { not_after },
            mismatch(&["other.test"]),
            not_sent(1, "CN=stranger")
        ]
    );
    expired.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(
        faults(&[sign(&expired, &stranger)], &roots),
        [
            F::Expired { not_after },
            mismatch(&["other.test"]),
            F::WrongPurpose,
            not_sent(1, "CN=stranger")
        ]
    );
    let mut early = leaf(&["other.test"]);
    early.not_before = date_time_ymd(2026, 7, 1);
    assert_eq!(
        faults(&[sign(&early, &stranger)], &roots),
        [
            F::NotYetValid {
                not_before: time("2026-07-01T00:00:00Z")
            },
            mismatch(&["other.test"]),
            not_sent(1, "CN=stranger")
        ]
    );
}

#[test]
fn untrusted_and_incomplete_chains_have_an_unknown_issuer() {
    let root = root("root");
    let intermediate = below(ca("intermediate"), &root);
    let stranger = self::root("stranger");
    let end_entity = sign(&leaf(&[HOST]), &intermediate);
    for (chain, roots, name, expected) in [
        (
            vec![end_entity.clone()],
            trusting(&root),
            "missing intermediate",
            not_sent(1, "CN=intermediate"),
        ),
        (
            vec![end_entity.clone(), root.der().clone()],
            trusting(&root),
            "root in the place of the intermediate",
            not_sent(2, "CN=intermediate"),
        ),
        (
            vec![end_entity.clone(), intermediate.der().clone()],
            trusting(&stranger),
            "untrusted root",
            unknown("CN=root"),
        ),
        (
            vec![
                end_entity.clone(),
                intermediate.der().clone(),
                root.der().clone(),
            ],
            trusting(&stranger),
            "untrusted root presented too",
            unknown("CN=root"),
        ),
        (
            vec![end_entity.clone(), intermediate.der().clone()],
            Roots::none(),
            "no roots",
            unknown("CN=root"),
        ),
        (
            vec![end_entity, intermediate.der().clone()],
            Roots::mozilla(),
            "public roots",
            unknown("CN=root"),
        ),
    ] {
        assert_eq!(faults(&chain, &roots), [expected], "{name}");
    }
}

#[test]
fn a_self_signed_certificate_is_told_from_an_unknown_issuer() {
    let root = root("root");
    let roots = trusting(&root);
    let self_signed = |params: &CertificateParams| {
        let key = key();
        params.self_signed(&key).unwrap().der().clone()
    };
    let plain = self_signed(&leaf(&[HOST]));
    assert_eq!(
        faults(std::slice::from_ref(&plain), &roots),
        [F::SelfSigned]
    );
    // A root of one's own choice is trusted as it is.
    let trusted = roots.with([&plain]).unwrap();
    assert_eq!(faults(&[plain], &trusted), []);

    let mut hand_made = leaf(&[HOST]);
    hand_made.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let hand_made = self_signed(&hand_made);
    assert_eq!(
        faults(std::slice::from_ref(&hand_made), &roots),
        [F::SelfSigned],
        "CA:TRUE"
    );
    let trusted = roots.with([&hand_made]).unwrap();
    assert_eq!(
        faults(&[hand_made], &trusted),
        [F::BadChain(C::CaAsServer)],
        "CA:TRUE, trusted"
    );

    let mut bad = leaf(&["other.test"]);
    bad.not_after = date_time_ymd(2026, 5, 20);
    bad.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(
        faults(&[self_signed(&bad)], &roots),
        [
            F::Expired {
                not_after: time("2026-05-20T00:00:00Z")
            },
            mismatch(&["other.test"]),
            F::SelfSigned,
            F::WrongPurpose
        ]
    );

    // A root's name on a certificate of one's own making is not the root.
    let mut pretender = leaf(&[HOST]);
    pretender.distinguished_name = ca("root").distinguished_name;
    assert_eq!(
        faults(&[self_signed(&pretender)], &roots),
        [F::SelfSigned, F::BadChain(C::BadSignature)]
    );

    // A CA's certificate on a server is no self-signed one if a root has signed it, and expired besides.
    let mut a_ca = leaf(&[HOST]);
    a_ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    a_ca.not_after = date_time_ymd(2026, 5, 20);
    assert_eq!(
        faults(&[sign(&a_ca, &root)], &roots),
        [
            F::Expired {
                not_after: time("2026-05-20T00:00:00Z")
            },
            F::BadChain(C::CaAsServer)
        ]
    );

    // The subject's name in the issuer's place is not enough.
    let mut namesake = leaf(&[HOST]);
    namesake.distinguished_name = ca("stranger").distinguished_name;
    let chain = [sign(&namesake, &self::root("stranger"))];
    assert_eq!(faults(&chain, &roots), [not_sent(1, "CN=stranger")]);
}

#[test]
fn an_expired_issuer_is_told_from_an_expired_leaf() {
    let root = root("root");
    let roots = trusting(&root);
    let mut short = ca("intermediate");
    short.not_after = date_time_ymd(2026, 5, 15);
    let expired = below(short.clone(), &root);
    let chain =
        |params: &CertificateParams, issuer: &Ca| vec![sign(params, issuer), issuer.der().clone()];
    assert_eq!(
        faults(&chain(&leaf(&[HOST]), &expired), &roots),
        [F::IssuerExpired]
    );
    // Behind it, something else may be wrong too.
    let stranger = self::root("stranger");
    assert_eq!(
        faults(
            &chain(&leaf(&["other.test"]), &below(short.clone(), &stranger)),
            &roots
        ),
        [
            mismatch(&["other.test"]),
            F::IssuerExpired,
            unknown("CN=stranger")
        ]
    );
    let mut client = leaf(&[HOST]);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(
        faults(&chain(&client, &expired), &roots),
        [F::WrongPurpose, F::IssuerExpired]
    );
    // Both over: the leaf first, then its issuer.
    let mut short_leaf = leaf(&[HOST]);
    short_leaf.not_after = date_time_ymd(2026, 5, 10);
    assert_eq!(
        faults(&chain(&short_leaf, &expired), &roots),
        [
            F::Expired {
                not_after: time("2026-05-10T00:00:00Z")
            },
            F::IssuerExpired
        ]
    );
    // An expired leaf below an issuer in its prime is that alone.
    let fine = below(ca("fine"), &root);
    assert_eq!(
        faults(&chain(&short_leaf, &fine), &roots),
        [F::Expired {
            not_after: time("2026-05-10T00:00:00Z")
        }]
    );
    // An issuer has its last second too.
    let mut last_second = ca("last second");
    last_second.not_after = date_time_ymd(2026, 6, 1);
    assert_eq!(
        faults(&chain(&short_leaf, &below(last_second, &root)), &roots),
        [F::Expired {
            not_after: time("2026-05-10T00:00:00Z")
        }]
    );
    // An issuer whose time was over before the leaf's began hides what is behind.
    short.not_before = date_time_ymd(2025, 1, 1);
    short.not_after = date_time_ymd(2026, 4, 1);
    assert_eq!(
        faults(&chain(&leaf(&[HOST]), &below(short, &root)), &roots),
        [F::IssuerExpired]
    );
}

#[test]
fn an_issuer_that_is_not_yet_valid_breaks_the_chain() {
    let root = root("root");
    let mut early = ca("intermediate");
    early.not_before = date_time_ymd(2026, 7, 1);
    let early = below(early, &root);
    let chain = [sign(&leaf(&[HOST]), &early), early.der().clone()];
    assert_eq!(
        faults(&chain, &trusting(&root)),
        [F::IssuerNotYetValid {
            not_before: time("2026-07-01T00:00:00Z")
        }]
    );
}

#[test]
fn purposes_must_include_tls_servers_if_there_are_any() {
    use ExtendedKeyUsagePurpose as P;
    let root = root("root");
    let roots = trusting(&root);
    for (purposes, expected) in [
        (vec![], vec![]),
        (vec![P::ServerAuth], vec![]),
        (vec![P::ClientAuth, P::ServerAuth], vec![]),
        (vec![P::ClientAuth], vec![F::WrongPurpose]),
        (vec![P::EmailProtection], vec![F::WrongPurpose]),
        (vec![P::Any], vec![F::WrongPurpose]),
    ] {
        let mut params = leaf(&[HOST]);
        params.extended_key_usages.clone_from(&purposes);
        assert_eq!(
            faults(&[sign(&params, &root)], &roots),
            expected,
            "{purposes:?}"
        );
        // From a stranger they are judged all the same.
        let stranger = self::root("stranger");
        let expected: Vec<F> = expected
            .into_iter()
            .chain([not_sent(1, "CN=stranger")])
            .collect();
        assert_eq!(
            faults(&[sign(&params, &stranger)], &roots),
            expected,
            "{purposes:?}, from a stranger"
        );
    }
}

#[test]
fn rules_of_the_chain_are_kept() {
    let root = root("root");
    let roots = trusting(&root);

    let mut constrained = ca("constrained");
    constrained.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("other.test".into())],
        excluded_subtrees: Vec::new(),
    });
    let constrained = below(constrained, &root);
    let chain = [
        sign(&leaf(&[HOST]), &constrained),
        constrained.der().clone(),
    ];
    assert_eq!(faults(&chain, &roots), [F::BadChain(C::NameConstraints)]);

    let mut misnamed = leaf(&["mx.elsewhere.test"]);
    misnamed.not_after = date_time_ymd(2026, 5, 20);
    let chain = [sign(&misnamed, &constrained), constrained.der().clone()];
    assert_eq!(
        faults(&chain, &roots),
        [
            F::Expired {
                not_after: time("2026-05-20T00:00:00Z")
            },
            mismatch(&["mx.elsewhere.test"]),
            F::BadChain(C::NameConstraints)
        ]
    );

    let mut last = ca("last");
    last.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let last = below(last, &root);
    let one_more = below(ca("one more"), &last);
    let chain = [
        sign(&leaf(&[HOST]), &one_more),
        one_more.der().clone(),
        last.der().clone(),
    ];
    assert_eq!(faults(&chain, &roots), [F::BadChain(C::PathLength)]);

    let mut no_ca = ca("no ca");
    no_ca.is_ca = IsCa::NoCa;
    let no_ca = below(no_ca, &root);
    let chain = [sign(&leaf(&[HOST]), &no_ca), no_ca.der().clone()];
    assert_eq!(faults(&chain, &roots), [F::BadChain(C::IssuerNotCa)]);

    // A root of the same name with another key.
    let chain = [sign(&leaf(&[HOST]), &self::root("root"))];
    assert_eq!(faults(&chain, &roots), [F::BadChain(C::BadSignature)]);
}

#[test]
fn other_kinds_of_keys_are_fine() {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let root = CertifiedIssuer::self_signed(ca("root"), key).unwrap();
    assert_eq!(faults(&[sign(&leaf(&[HOST]), &root)], &trusting(&root)), []);
}
