//! Real certificates, each with its faults.

mod rules;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, NameConstraints, PKCS_ED25519, SanType, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::way::Way;
use super::{Roots, judge, read};
use crate::facts::certificate::{
    CertificateFault as F, ChainFault as C, KeyUsages, PeerCertificate,
};
use crate::facts::{DnsName, UnixTime};

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
fn only_a_dns_id_counts_and_a_star_only_as_the_whole_left_most_label() {
    let root = root("root");
    let roots = trusting(&root);
    for (names, host, is_valid) in [
        (&["mx.corp.test"][..], "mx.corp.test", true),
        (&["MX.Corp.Test"], "mx.corp.test", true),
        (&["other.test", "mx.corp.test"], "mx.corp.test", true),
        (&["*.corp.test"], "mx.corp.test", true),
        (&["*.corp.test"], "_mx.corp.test", true),
        (&["*.corp.test"], "corp.test", false),
        (&["*.corp.test"], "a.mx.corp.test", false),
        (&["*.*.corp.test"], "a.mx.corp.test", false),
        (&["mx*.corp.test"], "mx1.corp.test", false),
        (&["*x.corp.test"], "mx.corp.test", false),
        (&["mx.*.test"], "mx.corp.test", false),
        (&["*"], "mx.corp.test", false),
        (&["*.test"], "corp.test", false),
        (&["mx.corp.test."], "mx.corp.test", false),
        (&[], "mx.corp.test", false),
        (&["192.0.2.1"], "192.0.2.1", false),
    ] {
        let host: DnsName = host.parse().unwrap();
        let seen = judge(&[sign(&leaf(names), &root)], &roots, &host, now());
        let expected = if is_valid {
            Vec::new()
        } else {
            vec![F::NameMismatch {
                expected: host.as_str().into(),
                presented: names.iter().map(|name| (*name).into()).collect(),
            }]
        };
        assert_eq!(seen.faults, expected, "{names:?} for {host}");
    }
}

#[test]
fn a_common_name_or_an_address_is_no_dns_id() {
    let root = root("root");
    let roots = trusting(&root);
    assert_eq!(
        faults(&[sign(&leaf(&[]), &root)], &roots),
        [mismatch(&[])],
        "common name only"
    );
    let mut params = leaf(&[]);
    params.subject_alt_names = vec![SanType::IpAddress("192.0.2.10".parse().unwrap())];
    let chain = [sign(&params, &root)];
    assert_eq!(faults(&chain, &roots), [mismatch(&[])], "address only");
    let spelt: DnsName = "192.0.2.10".parse().unwrap();
    assert_eq!(
        judge(&chain, &roots, &spelt, now()).faults,
        [F::NameMismatch {
            expected: "192.0.2.10".into(),
            presented: Vec::new()
        }],
        "a name that spells the address"
    );
}

#[test]
fn presented_names_are_bounded() {
    let root = root("root");
    let names: Vec<String> = (0..30).map(|number| format!("mx{number}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chain = [sign(&leaf(&names), &root)];
    assert_eq!(
        faults(&chain, &trusting(&root)),
        [mismatch(&names[..F::MAX_PRESENTED])]
    );
}

#[test]
fn so_many_names_are_kept_and_the_hosts_own_among_them() {
    let root = root("root");
    let names: Vec<String> = (0..50).map(|number| format!("mx{number}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chain = [sign(&leaf(&names), &root)];
    for (host, last) in [
        ("mx45.test", "mx45.test"),
        ("mx.other.test", "mx31.test"),
        ("mx3.test", "mx31.test"),
    ] {
        let seen = judge(
            &chain,
            &trusting(&root),
            &host.parse().unwrap(),
            time("2026-06-01T00:00:00Z"),
        );
        assert_eq!(seen.dns_names().len(), PeerCertificate::MAX_NAMES);
        assert_eq!(&**seen.dns_names().last().unwrap(), last, "{host}");
        assert_eq!(seen.names_left_out(), 50 - PeerCertificate::MAX_NAMES);
    }
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
fn other_kinds_of_keys_are_fine() {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let root = CertifiedIssuer::self_signed(ca("root"), key).unwrap();
    assert_eq!(faults(&[sign(&leaf(&[HOST]), &root)], &trusting(&root)), []);
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
