//! The certificates, judged by rustls' own verifier.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{HandshakeKind, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use stickler::facts::UnixTime;
use stickler::fakes::{
    Certificate, CertificateFault, Edge, Identity, Internet, KeyKind, Life, TlsVersions,
};
use stickler::world::World;
use tokio::net::TcpStream;

use super::{START, ip, start, to};
use crate::support::wire::{any_certificate, connect_tls, shake_hands};

const HOST: &str = "mta-sts.corp.test";

fn edge(identity: Identity) -> Internet {
    let edge = Edge {
        identity,
        ..Edge::default()
    };
    Internet {
        https: [(ip("192.0.2.11"), edge)].into(),
        ..Internet::default()
    }
}

async fn chain(world: &World, name: &str) -> Vec<CertificateDer<'static>> {
    let to = to(world, "192.0.2.11", 443);
    let stream = connect_tls(to, name).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap().to_vec()
}

/// Returns what rustls says of a chain.
fn judge(world: &World, chain: &[CertificateDer<'_>], name: &str, now: UnixTime) -> String {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(world.ca_pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .unwrap();
    let name = ServerName::try_from(name).unwrap();
    let verdict = verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], now.into());
    match verdict {
        Ok(_verified) => "good".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn every_fault_is_what_its_name_says() {
    use CertificateFault as Fault;

    let cases: [(Option<Fault>, &str, usize); 29] = [
        (None, "good", 2),
        (Some(Fault::Wildcard), "good", 2),
        (Some(Fault::Expired), "ExpiredContext", 2),
        (Some(Fault::NotYetValid), "NotValidYetContext", 2),
        (Some(Fault::WrongName), "NotValidForNameContext", 2),
        (Some(Fault::CnOnly), "NotValidForNameContext", 2),
        (Some(Fault::ApexCertOnly), "NotValidForNameContext", 2),
        (Some(Fault::WildcardTwoLevels), "NotValidForNameContext", 2),
        (Some(Fault::PartialWildcard), "NotValidForNameContext", 2),
        (Some(Fault::IpSanOnly), "NotValidForNameContext", 2),
        (Some(Fault::SelfSigned), "UnknownIssuer", 1),
        (Some(Fault::SelfSignedCa), "CaUsedAsEndEntity", 1),
        (Some(Fault::UntrustedRoot), "UnknownIssuer", 2),
        (Some(Fault::MissingIntermediate), "UnknownIssuer", 1),
        (Some(Fault::ExpiredIntermediate), "ExpiredContext", 2),
        (Some(Fault::WrongEku), "InvalidPurposeContext", 2),
        (Some(Fault::NameConstraints), "NameConstraintViolation", 2),
        (Some(Fault::EarlyIntermediate), "NotValidYetContext", 2),
        (Some(Fault::PathLength), "PathLenConstraintViolated", 3),
        (
            Some(Fault::SevenIntermediates),
            "MaximumPathDepthExceeded",
            8,
        ),
        (Some(Fault::SameNamedIssuers), "good", 10),
        (Some(Fault::CaLeaf), "CaUsedAsEndEntity", 2),
        (
            Some(Fault::UnknownCriticalExtension),
            "UnsupportedCriticalExtension",
            2,
        ),
        (Some(Fault::BadSignature), "BadSignature", 2),
        (
            Some(Fault::Sha1Signature),
            "UnsupportedSignatureAlgorithm",
            2,
        ),
        // It looks past key usages: see the next test.
        (Some(Fault::NoKeyCertSign), "good", 2),
        (Some(Fault::NoDigitalSignature), "good", 2),
        (Some(Fault::KeyEnciphermentOnly), "good", 2),
        (Some(Fault::Garbled), "BadEncoding", 2),
    ];
    assert_eq!(cases.len(), CertificateFault::ALL.len() + 1);
    let mut identity = Identity::default();
    for (fault, _expected, _length) in &cases {
        let spec = Certificate {
            fault: *fault,
            ..Certificate::new([HOST])
        };
        let name = fault.map_or("none", Fault::as_str);
        identity.by_name.insert(format!("{name}.test"), vec![spec]);
    }
    let world = start(edge(identity)).await;
    for (fault, expected, length) in cases {
        let name = fault.map_or("none", Fault::as_str);
        let chain = chain(&world, &format!("{name}.test")).await;
        let verdict = judge(&world, &chain, HOST, START);
        assert!(verdict.contains(expected), "{name}: {verdict}");
        assert_eq!(chain.len(), length, "{name}");
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn key_usages_are_what_the_faults_say() {
    use CertificateFault as Fault;

    // The values of the extension: its first octet counts the bits that are not used.
    for (fault, place, expected) in [
        (Fault::NoKeyCertSign, 1, [1_u8, 0x02]),
        (Fault::NoDigitalSignature, 0, [4, 0x10]),
        (Fault::KeyEnciphermentOnly, 0, [5, 0x20]),
        (Fault::Expired, 1, [1, 0x06]),
    ] {
        let identity = Identity::of(Certificate::new([HOST]).with_fault(fault));
        let world = start(edge(identity)).await;
        let chain = chain(&world, HOST).await;
        // id-ce-keyUsage, then critical, then the octets of a bit string.
        let head = [6, 3, 0x55, 0x1d, 0x0f, 1, 1, 0xff, 4, 4, 3, 2];
        let at = chain[place]
            .windows(head.len())
            .position(|octets| octets == head)
            .expect("there is a key usage");
        let value = &chain[place][at + head.len()..][..2];
        assert_eq!(value, expected, "{fault} {place}");
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_sends_what_it_is_told_to_in_that_order() {
    use stickler::fakes::ChainPart as Part;

    for (parts, expected) in [
        (&[Part::Leaf, Part::Intermediate, Part::Root][..], "good"),
        (&[Part::Leaf, Part::Root, Part::Intermediate], "good"),
        (
            &[
                Part::Leaf,
                Part::Stranger,
                Part::Intermediate,
                Part::Intermediate,
            ],
            "good",
        ),
        (&[Part::Leaf], "UnknownIssuer"),
        (&[Part::Leaf, Part::Root], "UnknownIssuer"),
        (&[Part::Intermediate, Part::Leaf], "CaUsedAsEndEntity"),
    ] {
        let spec = Certificate {
            chain: parts.to_vec(),
            common_name: Some("Mail Gateway".into()),
            ip_names: vec![ip("192.0.2.7")],
            uri_names: vec!["https://corp.test".into()],
            mail_names: vec!["jo@corp.test".into()],
            ..Certificate::new([HOST])
        };
        let world = start(edge(Identity::of(spec))).await;
        let chain = chain(&world, HOST).await;
        let verdict = judge(&world, &chain, HOST, START);
        assert!(verdict.contains(expected), "{parts:?}: {verdict}");
        assert_eq!(chain.len(), parts.len(), "{parts:?}");
        let has = |text: &[u8]| {
            let mut leaves = chain.iter();
            leaves.any(|der| der.windows(text.len()).any(|octets| octets == text))
        };
        assert!(has(b"Mail Gateway") && has(b"https://corp.test"));
        assert!(has(b"jo@corp.test") && has(&[0x87, 4, 192, 0, 2, 7]));
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_life_of_ones_own_and_a_default_one_that_outlasts_the_story() {
    let hour = Duration::from_secs(3600);
    let life = Life {
        not_before: START,
        not_after: START.saturating_add(hour),
    };
    let short = Certificate {
        life: Some(life),
        ..Certificate::new([HOST])
    };
    let mut identity = Identity::of(Certificate::new([HOST]));
    identity
        .by_name
        .insert("short.test".to_owned(), vec![short]);
    let world = start(edge(identity)).await;
    let (long, short) = (chain(&world, HOST).await, chain(&world, "short.test").await);
    let year = Duration::from_secs(365 * 86_400);
    for (after, of_long, of_short) in [
        (Duration::ZERO, "good", "good"),
        (hour, "good", "good"),
        (hour + Duration::from_secs(1), "good", "ExpiredContext"),
        (year, "good", "ExpiredContext"),
    ] {
        let now = START.saturating_add(after);
        assert!(
            judge(&world, &long, HOST, now).contains(of_long),
            "{after:?}"
        );
        assert!(
            judge(&world, &short, HOST, now).contains(of_short),
            "{after:?}"
        );
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_server_name_and_the_key_choose_the_certificate() {
    let rsa = Certificate {
        key: KeyKind::Rsa,
        ..Certificate::new([HOST])
    };
    let bad_ecdsa = Certificate::new([HOST]).with_fault(CertificateFault::Expired);
    let default = Certificate::new([HOST]).with_fault(CertificateFault::WrongName);
    let identity = Identity {
        by_name: [(HOST.to_owned(), vec![bad_ecdsa, rsa])].into(),
        default: vec![default],
    };
    let world = start(edge(identity)).await;
    for (name, expected) in [
        (HOST, "ExpiredContext"),
        ("MTA-STS.corp.test", "ExpiredContext"),
        ("other.corp.test", "NotValidForNameContext"),
        ("192.0.2.11", "NotValidForNameContext"),
    ] {
        let chain = chain(&world, name).await;
        let verdict = judge(&world, &chain, HOST, START);
        assert!(verdict.contains(expected), "{name}: {verdict}");
    }
    // A client that knows RSA alone gets the RSA certificate.
    let mut provider = default_provider();
    provider
        .cipher_suites
        .retain(|suite| format!("{:?}", suite.suite()).contains("ECDHE_RSA"));
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(world.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let config =
        rustls::ClientConfig::builder_with_details(Arc::new(provider), Arc::new(Fixed(START)))
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let stream = TcpStream::connect(to(&world, "192.0.2.11", 443))
        .await
        .unwrap();
    shake_hands(stream, HOST, Arc::new(config)).await.unwrap();
    world.shutdown().await.unwrap();
}

#[derive(Debug)]
struct Fixed(UnixTime);

impl rustls::time_provider::TimeProvider for Fixed {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        Some(self.0.into())
    }
}

#[tokio::test]
async fn a_server_speaks_the_versions_it_is_told_to() {
    let identity = Identity::of(Certificate::new([HOST]));
    for (versions, tls12, tls13) in [
        (TlsVersions::Both, true, true),
        (TlsVersions::Tls12, true, false),
        (TlsVersions::Tls13, false, true),
    ] {
        let mut state = edge(identity.clone());
        for edge in state.https.values_mut() {
            edge.versions = versions;
        }
        let world = start(state).await;
        for (client, expected) in [
            (&rustls::version::TLS12, tls12),
            (&rustls::version::TLS13, tls13),
        ] {
            let to = to(&world, "192.0.2.11", 443);
            let stream = TcpStream::connect(to).await.unwrap();
            let hands = shake_hands(stream, HOST, any_certificate(&[client])).await;
            assert_eq!(
                hands.is_ok(),
                expected,
                "{versions:?} {client:?}: {hands:?}"
            );
        }
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn sessions_can_be_resumed_and_outlive_a_change_elsewhere() {
    let mut state = edge(Identity::of(Certificate::new([HOST])));
    let world = start(state.clone()).await;
    let to = to(&world, "192.0.2.11", 443);
    let config = any_certificate(&[&rustls::version::TLS12]);
    let mut kinds = Vec::new();
    for _change in 0..3 {
        let stream = TcpStream::connect(to).await.unwrap();
        let hands = shake_hands(stream, HOST, Arc::clone(&config)).await;
        kinds.push(hands.unwrap().get_ref().1.handshake_kind());
        let other = Edge::default();
        state.https.insert(ip("192.0.2.12"), other);
        world.apply(&state).await.unwrap();
    }
    let (full, resumed) = (HandshakeKind::Full, HandshakeKind::Resumed);
    assert_eq!(kinds, [Some(full), Some(resumed), Some(resumed)]);
    world.shutdown().await.unwrap();
}
