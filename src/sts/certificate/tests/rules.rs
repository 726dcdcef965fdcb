//! The table of RFC 5280's rules, row by row.

use std::collections::BTreeSet;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CrlDistributionPoint, CustomExtension,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints, PKCS_RSA_SHA256, PublicKeyData, SanType, SignatureAlgorithm, SigningKey,
    date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::{C, F, HOST, below, ca, faults, leaf, not_sent, root, sign, time, trusting};
use crate::sts::certificate::Roots;

/// An RSA key of any size, which signs nothing that would verify.
struct Rsa {
    public: Vec<u8>,
}

impl Rsa {
    fn new(bits: usize) -> Self {
        let integer = |octets: &[u8]| [der_head(2, octets.len()), octets.to_vec()].concat();
        let mut modulus = vec![0];
        modulus.extend(std::iter::repeat_n(0xc5, bits / 8));
        let content = [integer(&modulus), integer(&[1, 0, 1])].concat();
        Self {
            public: [der_head(0x30, content.len()), content].concat(),
        }
    }
}

fn der_head(tag: u8, length: usize) -> Vec<u8> {
    let [.., high, low] = length.to_be_bytes();
    match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    }
}

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for Rsa {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0x5a; 256])
    }
}

type Case = (&'static str, Vec<CertificateDer<'static>>, Roots, Vec<F>);

/// A leaf under an intermediate that is changed.
fn under(row: &'static str, change: impl FnOnce(&mut CertificateParams), expected: Vec<F>) -> Case {
    let root = root("root");
    let mut params = ca("intermediate");
    change(&mut params);
    let intermediate = below(params, &root);
    let chain = vec![
        sign(&leaf(&[HOST]), &intermediate),
        intermediate.der().clone(),
    ];
    (row, chain, trusting(&root), expected)
}

/// A changed leaf under a root.
fn changed(
    row: &'static str,
    change: impl FnOnce(&mut CertificateParams),
    expected: Vec<F>,
) -> Case {
    let root = root("root");
    let mut params = leaf(&[HOST]);
    change(&mut params);
    (row, vec![sign(&params, &root)], trusting(&root), expected)
}

/// A leaf whose octets are changed, under a root with an RSA key that never signed it.
fn patched(row: &'static str, from: &[u8], to: &[u8], expected: Vec<F>) -> Case {
    let root = CertifiedIssuer::self_signed(ca("root"), Rsa::new(2048)).unwrap();
    let key = super::key();
    let mut octets = leaf(&[HOST]).signed_by(&key, &root).unwrap().der().to_vec();
    let place = |octets: &[u8]| octets.windows(from.len()).position(|found| found == from);
    while from != to
        && let Some(at) = place(&octets)
    {
        octets.splice(at.., {
            let rest = octets[at..].iter().copied().skip(to.len());
            to.iter().copied().chain(rest).collect::<Vec<u8>>()
        });
    }
    let roots = Roots::none().with([root.der()]).unwrap();
    (row, vec![octets.into()], roots, expected)
}

fn extension(oid: &[u64], is_critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, vec![5, 0]);
    extension.set_criticality(is_critical);
    extension
}

fn unsupported(what: &str) -> Vec<F> {
    vec![F::BadChain(C::Unsupported { what: what.into() })]
}

fn permitted(subtree: GeneralSubtree) -> Option<NameConstraints> {
    Some(NameConstraints {
        permitted_subtrees: vec![subtree],
        excluded_subtrees: Vec::new(),
    })
}

/// sha256WithRSAEncryption, but for its last octet.
const RSA_OID: [u8; 10] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];

fn with_algorithm(row: &'static str, last: u8, expected: Vec<F>) -> Case {
    let oid = |last| [RSA_OID.as_slice(), &[last]].concat();
    patched(row, &oid(11), &oid(last), expected)
}

fn weak(algorithm: &str) -> Vec<F> {
    vec![F::BadChain(C::WeakAlgorithm {
        algorithm: algorithm.into(),
    })]
}

fn signatures_and_keys() -> Vec<Case> {
    let bad = |fault| vec![F::BadChain(fault)];
    let root = root("root");
    let of_size = |bits| {
        leaf(&[HOST])
            .signed_by(&Rsa::new(bits), &root)
            .unwrap()
            .der()
            .clone()
    };
    let short = CertifiedIssuer::signed_by(ca("short"), Rsa::new(1024), &root).unwrap();
    let key = super::key();
    let below_short = leaf(&[HOST]).signed_by(&key, &short).unwrap().der().clone();
    let roots = || trusting(&root);
    vec![
        with_algorithm("signature", 11, bad(C::BadSignature)),
        with_algorithm(
            "weak algorithm: SHA-1, MD5",
            5,
            weak("sha1WithRSAEncryption"),
        ),
        with_algorithm(
            "weak algorithm: SHA-1, MD5",
            4,
            weak("md5WithRSAEncryption"),
        ),
        with_algorithm(
            "algorithm that webpki lacks",
            14,
            unsupported("the signature algorithm sha224WithRSAEncryption"),
        ),
        (
            "issuer's RSA key below 2048 bits",
            vec![below_short, short.der().clone()],
            roots(),
            bad(C::ShortKey { bits: 1024 }),
        ),
        (
            "leaf's RSA key below 2048 bits",
            vec![of_size(1024)],
            roots(),
            bad(C::ShortKey { bits: 1024 }),
        ),
        (
            "leaf's RSA key below 2048 bits",
            vec![of_size(2048)],
            roots(),
            vec![],
        ),
        (
            "RSA key above 8192 bits",
            vec![of_size(16_384)],
            roots(),
            unsupported("an RSA key of 16384 bits"),
        ),
        (
            "RSA key above 8192 bits",
            vec![of_size(8192)],
            roots(),
            vec![],
        ),
    ]
}

fn lives_and_names() -> Vec<Case> {
    let stranger = root("Root");
    let foreign = vec![sign(&leaf(&[HOST]), &stranger)];
    vec![
        changed(
            "life of each certificate",
            |leaf| leaf.not_after = date_time_ymd(2026, 5, 20),
            vec![F::Expired {
                not_after: time("2026-05-20T00:00:00Z"),
            }],
        ),
        under(
            "life of each certificate",
            |ca| ca.not_after = date_time_ymd(2026, 5, 20),
            vec![F::IssuerExpired],
        ),
        under(
            "life of each certificate",
            |ca| ca.not_before = date_time_ymd(2026, 7, 1),
            vec![F::IssuerNotYetValid {
                not_before: time("2026-07-01T00:00:00Z"),
            }],
        ),
        changed(
            "revocation",
            |leaf| {
                leaf.crl_distribution_points = vec![CrlDistributionPoint {
                    uris: vec!["http://crl.test/ca.crl".into()],
                }];
            },
            vec![],
        ),
        (
            "issuer's name is the next one's",
            foreign,
            trusting(&root("root")),
            vec![not_sent(1, "CN=Root")],
        ),
        under(
            "name constraints: DNS, IP",
            |ca| ca.name_constraints = permitted(GeneralSubtree::DnsName("other.test".into())),
            vec![F::BadChain(C::NameConstraints)],
        ),
        under(
            "name constraints: DNS, IP",
            |ca| ca.name_constraints = permitted(GeneralSubtree::DnsName("corp.test".into())),
            vec![],
        ),
        under(
            "name constraints: other names",
            |ca| {
                let mut name = DistinguishedName::new();
                name.push(DnType::CommonName, HOST);
                ca.name_constraints = permitted(GeneralSubtree::DirectoryName(name));
            },
            unsupported("a name constraint for other names than those of hosts"),
        ),
    ]
}

fn extensions() -> Vec<Case> {
    let oid = |oid: &str| vec![F::BadChain(C::CriticalExtension { oid: oid.into() })];
    vec![
        under(
            "policies",
            |ca| ca.custom_extensions = vec![extension(&[2, 5, 29, 32], false)],
            vec![],
        ),
        under(
            "critical policy extension",
            |ca| ca.custom_extensions = vec![extension(&[2, 5, 29, 36], true)],
            unsupported("the critical extension 2.5.29.36"),
        ),
        changed(
            "critical policy extension",
            |leaf| leaf.custom_extensions = vec![extension(&[2, 5, 29, 32], true)],
            unsupported("the critical extension 2.5.29.32"),
        ),
        patched(
            "version 3",
            &[0xa0, 3, 2, 1, 2],
            &[0xa0, 3, 2, 1, 1],
            vec![F::Unreadable {
                detail: "it is not of X.509 version 3".into(),
            }],
        ),
        under(
            "unknown critical extension",
            |ca| ca.custom_extensions = vec![extension(&[1, 3, 6, 1, 4, 1, 32473, 1], true)],
            oid("1.3.6.1.4.1.32473.1"),
        ),
        changed(
            "unknown critical extension",
            |leaf| leaf.custom_extensions = vec![extension(&[1, 3, 6, 1, 4, 1, 32473, 1], true)],
            oid("1.3.6.1.4.1.32473.1"),
        ),
        changed(
            "unknown critical extension",
            |leaf| leaf.custom_extensions = vec![extension(&[1, 3, 6, 1, 4, 1, 32473, 1], false)],
            vec![],
        ),
        changed(
            "extended key usage, of issuers too",
            |leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            vec![F::WrongPurpose],
        ),
        under(
            "extended key usage, of issuers too",
            |ca| ca.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            vec![F::BadChain(C::IssuerPurpose)],
        ),
    ]
}

fn key_usages() -> Vec<Case> {
    use KeyUsagePurpose as U;

    let of_issuer = |usages: &[U], expected| {
        under(
            "keyCertSign of each issuer",
            |ca| ca.key_usages = usages.to_vec(),
            expected,
        )
    };
    let of_leaf = |usages: &[U], senders_split: Option<bool>| {
        changed(
            "digitalSignature of the leaf",
            |leaf| leaf.key_usages = usages.to_vec(),
            senders_split
                .map(|senders_split| F::NotForSignatures { senders_split })
                .into_iter()
                .collect(),
        )
    };
    let may_not = || {
        vec![F::IssuerMayNotSign {
            issuer: "CN=intermediate".into(),
        }]
    };
    let root_of_another_use = {
        let mut params = ca("root");
        params.key_usages = vec![U::CrlSign];
        CertifiedIssuer::self_signed(params, super::key()).unwrap()
    };
    // Two certificates of one issuer: the one that may sign is found, whatever the order.
    let both = {
        let root = root("root");
        let able = below(ca("intermediate"), &root);
        let mut params = ca("intermediate");
        params.key_usages = vec![U::CrlSign];
        let unable = params.signed_by(able.key(), &root).unwrap().der().clone();
        let leaf = sign(&leaf(&[HOST]), &able);
        let chain = vec![leaf, unable, able.der().clone()];
        ("keyCertSign of each issuer", chain, trusting(&root), vec![])
    };
    vec![
        of_issuer(&[], vec![]),
        of_issuer(&[U::KeyCertSign], vec![]),
        of_issuer(&[U::KeyCertSign, U::CrlSign], vec![]),
        of_issuer(&[U::CrlSign], may_not()),
        of_issuer(&[U::DigitalSignature], may_not()),
        both,
        of_leaf(&[], None),
        of_leaf(&[U::DigitalSignature], None),
        of_leaf(&[U::DigitalSignature, U::KeyEncipherment], None),
        of_leaf(&[U::KeyEncipherment], Some(true)),
        of_leaf(&[U::KeyAgreement], Some(true)),
        of_leaf(&[U::DataEncipherment], Some(false)),
        of_leaf(&[U::KeyCertSign], Some(false)),
        (
            "root's own extensions",
            vec![sign(&leaf(&[HOST]), &root_of_another_use)],
            trusting(&root_of_another_use),
            vec![],
        ),
    ]
}

fn lengths() -> Vec<Case> {
    let root = root("root");
    let roots = || trusting(&root);
    let constrained = |length| {
        let mut params = ca("last");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        below(params, &root)
    };
    let chain = |issuers: &[&super::Ca]| -> Vec<CertificateDer<'static>> {
        let signed = sign(&leaf(&[HOST]), issuers.last().unwrap());
        let above = issuers.iter().rev().map(|issuer| issuer.der().clone());
        std::iter::once(signed).chain(above).collect()
    };
    let last = constrained(0);
    let further = below(ca("further"), &last);
    let mut row = Vec::new();
    for _ in 0..7 {
        let above = row.last().unwrap_or(&root);
        let issuer = below(ca(&format!("issuer {}", row.len())), above);
        row.push(issuer);
    }
    let many: Vec<&super::Ca> = row.iter().collect();
    let namesakes: Vec<super::Ca> = (0..9).map(|_| below(ca("namesake"), &root)).collect();
    let mut same_named = chain(&namesakes.iter().collect::<Vec<_>>());
    same_named[1..].reverse();
    let too_large = || vec![F::BadChain(C::TooLarge)];
    vec![
        (
            "path length",
            chain(&[&last, &further]),
            roots(),
            vec![F::BadChain(C::PathLength)],
        ),
        ("path length", chain(&[&last]), roots(), vec![]),
        under(
            "issuer is a CA",
            |ca| ca.is_ca = IsCa::NoCa,
            vec![F::BadChain(C::IssuerNotCa)],
        ),
        changed(
            "leaf is no CA's",
            |leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            vec![F::BadChain(C::CaAsServer)],
        ),
        ("at most six issuers", chain(&many), roots(), too_large()),
        ("at most six issuers", chain(&many[..6]), roots(), vec![]),
        // Whose root is not known is not trusted, however long the chain.
        (
            "at most six issuers",
            chain(&many),
            Roots::none(),
            vec![F::BadChain(C::TooLarge), super::unknown("CN=root")],
        ),
        ("few issuers of one name", same_named, roots(), too_large()),
    ]
}

#[test]
fn every_row_of_the_table_holds() {
    let rows: BTreeSet<&str> = include_str!("../mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | ")?.split(" | ").next())
        .filter(|row| *row != "rule")
        .collect();
    let cases = [
        signatures_and_keys(),
        lives_and_names(),
        extensions(),
        key_usages(),
        lengths(),
    ]
    .concat();
    let shown: BTreeSet<&str> = cases.iter().map(|(row, ..)| *row).collect();
    assert_eq!(shown, rows);
    for (row, chain, roots, expected) in cases {
        assert_eq!(faults(&chain, &roots), expected, "{row}");
    }
}

#[test]
fn names_of_every_kind_are_shown() {
    let root = root("root");
    let mut params = leaf(&[HOST]);
    params.subject_alt_names.extend([
        SanType::IpAddress("192.0.2.1".parse().unwrap()),
        SanType::IpAddress("2001:db8::1".parse().unwrap()),
        SanType::URI("https://corp.test".try_into().unwrap()),
        SanType::Rfc822Name("jo@corp.test".try_into().unwrap()),
    ]);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 32473, 1]),
    ];
    let host = HOST.parse().unwrap();
    let seen = super::judge(
        &[sign(&params, &root)],
        &trusting(&root),
        &host,
        super::now(),
    );
    let seen = seen.leaf().unwrap();
    assert_eq!(seen.dns_names, [HOST.into()]);
    assert_eq!(
        seen.other_names,
        [
            "IP:192.0.2.1",
            "IP:2001:db8::1",
            "URI:https://corp.test",
            "email:jo@corp.test"
        ]
        .map(Into::into)
    );
    assert_eq!(seen.key_usages, Some(super::KeyUsages::DIGITAL_SIGNATURE));
    assert_eq!(
        seen.purposes,
        Some(vec!["serverAuth".into(), "1.3.6.1.4.1.32473.1".into()])
    );
}
