//! What each page, certificate and fault of an edge is to a sender, and when certificates begin and end.

use std::time::Duration;

use super::{after, hosted};
use crate::facts::certificate::{
    Certificate as Shown, CertificateFault as Found, ChainFault, PeerCertificate,
};
use crate::facts::http::{
    BodyEnd, Headers, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse,
};
use crate::facts::tls::{Alert, AlertReceived, SmallerHello};
use crate::fakes::{
    AlertFault, Certificate, CertificateFault as Fault, ChainPart, Edge, HttpsFault, Identity,
    Internet, Life, ListenerFault, Named as _, Page, Receiver, Response, TlsFault, Transfer,
};
use crate::model::servers::Servers as _;
use crate::model::stage::{EDGE, START, ip, name};

const DAY: u64 = 86_400;
const HOST: &str = "mta-sts.corp.test";

fn edge(certificate: &Certificate, page: impl Into<Page>) -> Edge {
    Edge {
        identity: Identity::by_name_only(certificate),
        pages: [(HOST.to_owned(), page.into())].into(),
        ..Edge::default()
    }
}

fn good() -> Edge {
    edge(&Certificate::new([HOST]), Response::ok("policy"))
}

fn get(edge: Edge, host: &str) -> HttpExchange {
    let internet = Internet {
        https: [(ip(EDGE), edge)].into(),
        ..Internet::default()
    };
    let mut hosted = hosted(internet);
    assert_eq!(hosted.get(&name(host), ip("192.0.2.9"), START), None);
    hosted.get(&name(host), ip(EDGE), START).unwrap()
}

fn exchange(
    certificate: Option<PeerCertificate>,
    outcome: Result<HttpResponse, HttpFailureKind>,
) -> HttpExchange {
    HttpExchange {
        address: ip(EDGE),
        certificate,
        outcome: outcome.map_err(|kind| HttpFailure {
            kind,
            detail: Box::default(),
        }),
    }
}

const INTERMEDIATE: &str = "CN=Stickler Lab Intermediate";

/// A certificate in the middle of its usual life.
fn shown(names: &[&str], faults: Vec<Found>) -> PeerCertificate {
    PeerCertificate {
        chain: vec![Some(Shown {
            subject: format!("CN={}", names.first().unwrap_or(&"Stickler Lab")).into(),
            issuer: INTERMEDIATE.into(),
            not_before: START.saturating_sub(Duration::from_secs(30 * DAY)),
            not_after: after(3_650 * DAY),
            dns_names: names.iter().copied().map(Into::into).collect(),
            ..Shown::default()
        })],
        certificates_left_out: 0,
        faults,
    }
}

#[test]
fn each_fault_of_an_edge_is_a_failure_without_a_certificate() {
    for fault in HttpsFault::all() {
        let kind = match fault {
            HttpsFault::Listener(ListenerFault::Refused) => HttpFailureKind::Refused,
            HttpsFault::Listener(ListenerFault::Blackhole) => HttpFailureKind::ConnectTimedOut,
            HttpsFault::Listener(ListenerFault::Silence) => HttpFailureKind::TimedOut,
            HttpsFault::Listener(ListenerFault::Reset) => HttpFailureKind::BrokenInHandshake,
            HttpsFault::Tls(TlsFault::Tls10Only | TlsFault::Tls11Only)
            | HttpsFault::Alert(AlertFault::ProtocolVersion) => HttpFailureKind::OldTls,
            HttpsFault::Tls(TlsFault::LargeHelloRefused) => HttpFailureKind::Alert(AlertReceived {
                alert: Alert(80),
                smaller_hello: SmallerHello::EndedOtherwise,
            }),
            HttpsFault::Alert(alert) => HttpFailureKind::Alert(AlertReceived {
                alert: Alert(alert.number()),
                smaller_hello: match alert.number() {
                    number @ (10 | 47 | 50 | 80) => SmallerHello::Alert(Alert(number)),
                    _ => SmallerHello::NotTried,
                },
            }),
            HttpsFault::Tls(TlsFault::HandshakeReset | TlsFault::HandshakeClose) => {
                HttpFailureKind::BrokenInHandshake
            }
            HttpsFault::Tls(TlsFault::HandshakeSilence) => HttpFailureKind::TimedOut,
            HttpsFault::Tls(TlsFault::NotTls) => HttpFailureKind::Malformed,
        };
        let faulty = Edge {
            fault: Some(fault),
            ..good()
        };
        assert_eq!(get(faulty, HOST), exchange(None, Err(kind)), "{fault}");
    }
}

#[test]
fn each_fault_of_a_certificate_is_found() {
    for fault in Fault::ALL.iter().copied() {
        let names: &[&str] = match fault {
            Fault::WrongName => &["wrong-name.test"],
            Fault::CnOnly | Fault::IpSanOnly => &[],
            Fault::ApexCertOnly => &["corp.test"],
            Fault::Wildcard => &["*.corp.test"],
            Fault::WildcardTwoLevels => &["*.test"],
            Fault::PartialWildcard => &["m*.corp.test"],
            _ => &[HOST],
        };
        let expected = match fault {
            Fault::Expired => vec![Found::Expired {
                not_after: START.saturating_sub(Duration::from_secs(30 * DAY)),
            }],
            Fault::NotYetValid => vec![Found::NotYetValid {
                not_before: after(3_650 * DAY),
            }],
            Fault::WrongName
            | Fault::CnOnly
            | Fault::IpSanOnly
            | Fault::ApexCertOnly
            | Fault::WildcardTwoLevels
            | Fault::PartialWildcard => vec![Found::NameMismatch {
                expected: HOST.into(),
                presented: names.iter().copied().map(Into::into).collect(),
            }],
            Fault::Wildcard => vec![],
            Fault::SelfSigned | Fault::SelfSignedCa => vec![Found::SelfSigned],
            Fault::UntrustedRoot => vec![Found::UnknownIssuer {
                issuer: "CN=Somebody Else's Root".into(),
            }],
            Fault::MissingIntermediate => vec![Found::IssuerNotSent {
                sent: 1,
                issuer: INTERMEDIATE.into(),
            }],
            Fault::ExpiredIntermediate => vec![Found::IssuerExpired],
            Fault::EarlyIntermediate => vec![Found::IssuerNotYetValid {
                not_before: after(3_650 * DAY),
            }],
            Fault::WrongEku => vec![Found::WrongPurpose],
            Fault::NameConstraints => vec![Found::BadChain(ChainFault::NameConstraints)],
            Fault::PathLength => vec![Found::BadChain(ChainFault::PathLength)],
            Fault::SevenIntermediates | Fault::SameNamedIssuers => {
                vec![Found::BadChain(ChainFault::TooLarge)]
            }
            Fault::NoKeyCertSign => vec![Found::IssuerMayNotSign {
                issuer: "CN=Stickler Lab Intermediate That May Not Sign".into(),
            }],
            Fault::NoDigitalSignature => vec![Found::NotForSignatures {
                senders_split: false,
            }],
            Fault::KeyEnciphermentOnly => vec![Found::NotForSignatures {
                senders_split: true,
            }],
            Fault::CaLeaf => vec![Found::BadChain(ChainFault::CaAsServer)],
            Fault::UnknownCriticalExtension => {
                vec![Found::BadChain(ChainFault::CriticalExtension {
                    oid: "1.3.6.1.4.1.32473.1".into(),
                })]
            }
            Fault::BadSignature => vec![Found::BadChain(ChainFault::BadSignature)],
            Fault::Sha1Signature => vec![Found::BadChain(ChainFault::WeakAlgorithm {
                algorithm: "sha1WithRSAEncryption".into(),
            })],
            Fault::Garbled => vec![Found::Unreadable {
                detail: "cut short".into(),
            }],
        };
        let mut expected = shown(names, expected);
        if let Some(Some(leaf)) = expected.chain.first_mut() {
            let life = Life::usual(Some(fault), START);
            (leaf.not_before, leaf.not_after) = (life.not_before, life.not_after);
            match fault {
                Fault::CnOnly => leaf.subject = format!("CN={HOST}").into(),
                Fault::IpSanOnly => leaf.other_names = vec!["IP:192.0.2.1".into()],
                _ => {}
            }
        }
        if fault == Fault::Garbled {
            expected.chain = vec![None];
        }
        let is_good = fault == Fault::Wildcard;
        let outcome = if is_good {
            Ok(response(b"policy", BodyEnd::Complete))
        } else {
            Err(HttpFailureKind::CertificateRefused)
        };
        let certificate = Certificate::new([HOST]).with_fault(fault);
        assert_eq!(
            get(edge(&certificate, Response::ok("policy")), HOST),
            exchange(Some(expected), outcome),
            "{fault}"
        );
    }
}

/// The first certificate counts as the server's own, whatever it is, and must lead to its issuer.
#[test]
fn certificates_in_another_order_are_judged_by_the_first() {
    use ChainPart::{Intermediate, Leaf, Root, Stranger};
    let not_sent = |sent| {
        vec![Found::IssuerNotSent {
            sent,
            issuer: INTERMEDIATE.into(),
        }]
    };
    let of_an_authority = |first| {
        vec![
            Found::NameMismatch {
                expected: HOST.into(),
                presented: vec![],
            },
            first,
            Found::NotForSignatures {
                senders_split: false,
            },
            Found::BadChain(ChainFault::HandshakeSignature {
                detail: "it is another's".into(),
            }),
        ]
    };
    let ca_as_server = || of_an_authority(Found::BadChain(ChainFault::CaAsServer));
    for (chain, expected) in [
        (vec![Leaf, Intermediate], vec![]),
        (vec![Leaf, Root, Intermediate], vec![]),
        (vec![Leaf], not_sent(1)),
        (vec![Leaf, Root], not_sent(2)),
        (vec![Leaf, Stranger, Root], not_sent(3)),
        (vec![Intermediate, Leaf], ca_as_server()),
        (vec![Root, Leaf], ca_as_server()),
        (vec![Stranger, Leaf], of_an_authority(Found::SelfSigned)),
    ] {
        let certificate = Certificate {
            chain: chain.clone(),
            ..Certificate::new([HOST])
        };
        let seen = get(edge(&certificate, Response::ok("policy")), HOST);
        let faults = seen.certificate.unwrap().faults;
        assert_eq!(faults, expected, "{chain:?}");
    }
}

fn response(body: &[u8], body_end: BodyEnd) -> HttpResponse {
    HttpResponse {
        status: 200,
        content_types: vec![(*b"text/plain; charset=utf-8").into()],
        location: None,
        headers: Headers::default(),
        body: body.into(),
        body_end,
    }
}

#[test]
fn an_edge_answers_a_host_that_it_knows_with_the_page() {
    let certificate = || Certificate::new([HOST]);
    let of_host = || Some(shown(&[HOST], vec![]));
    let other = Certificate::new([HOST, "other.test"]);
    let refused = Found::NameMismatch {
        expected: "other.test".into(),
        presented: vec!["default.test".into()],
    };
    for (edge, host, expected) in [
        (
            edge(&certificate(), Response::redirect(301, "/there")),
            HOST,
            exchange(
                of_host(),
                Ok(HttpResponse {
                    status: 301,
                    content_types: vec![],
                    location: Some((*b"/there").into()),
                    headers: Headers::default(),
                    body: Box::default(),
                    body_end: BodyEnd::Complete,
                }),
            ),
        ),
        (
            edge(&certificate(), Page::Raw((*b"what").into())),
            HOST,
            exchange(of_host(), Err(HttpFailureKind::Malformed)),
        ),
        (
            edge(&other, Response::ok("policy")),
            "other.test",
            exchange(
                Some(shown(&[HOST, "other.test"], vec![])),
                Err(HttpFailureKind::Reset),
            ),
        ),
        (
            good(),
            "other.test",
            exchange(
                Some(shown(&["default.test"], vec![refused])),
                Err(HttpFailureKind::CertificateRefused),
            ),
        ),
        (
            Edge::default(),
            HOST,
            exchange(
                None,
                Err(HttpFailureKind::Alert(AlertReceived::once(Alert(49)))),
            ),
        ),
    ] {
        assert_eq!(get(edge.clone(), host), expected, "{host} {edge:?}");
    }
}

/// RFC 8461, Section 3.3: 64 KiB are enough for a policy, and no more are read.
#[test]
fn a_body_ends_as_it_travels_and_at_the_limit() {
    let limit = vec![b'x'; 65_536];
    let longer = vec![b'x'; 65_537];
    let too_large = || BodyEnd::TooLarge {
        limit_bytes: 65_536,
    };
    let cut = || BodyEnd::Interrupted {
        detail: "cut".into(),
    };
    for (transfer, body, expected) in [
        (
            Transfer::Plain,
            &b"policy"[..],
            response(b"policy", BodyEnd::Complete),
        ),
        (
            Transfer::Chunked,
            b"policy",
            response(b"policy", BodyEnd::Complete),
        ),
        (
            Transfer::Close,
            b"policy",
            response(b"policy", BodyEnd::Complete),
        ),
        (
            Transfer::Gzip,
            b"policy",
            response(b"\x1f\x8b\x08\0policy", BodyEnd::Complete),
        ),
        (
            Transfer::Slow,
            b"policy",
            response(b"pol", BodyEnd::TimedOut),
        ),
        (
            Transfer::Stall,
            b"policy",
            response(b"pol", BodyEnd::TimedOut),
        ),
        (Transfer::Cut, b"policy", response(b"pol", cut())),
        (Transfer::Plain, &limit, response(&limit, BodyEnd::Complete)),
        (Transfer::Plain, &longer, response(&limit, too_large())),
        (Transfer::Cut, &longer, response(&limit, too_large())),
    ] {
        let page = Response {
            transfer,
            ..Response::ok(body)
        };
        let length = body.len();
        assert_eq!(
            get(edge(&Certificate::new([HOST]), page), HOST),
            exchange(Some(shown(&[HOST], vec![])), Ok(expected)),
            "{length} octets, {transfer}"
        );
    }
}

#[test]
fn every_certificate_of_edges_and_receivers_has_its_life() {
    let own = Life {
        not_before: after(5),
        not_after: after(7),
    };
    let receiver = Receiver {
        identity: Identity::of(Certificate {
            life: Some(own),
            ..Certificate::new(["mx.corp.test"])
        }),
        ..Receiver::new(name("mx.corp.test"))
    };
    let internet = Internet {
        https: [(ip(EDGE), good())].into(),
        smtp: [(ip("192.0.2.1"), receiver)].into(),
        ..Internet::default()
    };
    let usual = (
        START.saturating_sub(Duration::from_secs(30 * DAY)),
        after(3_650 * DAY),
    );
    assert_eq!(
        hosted(internet).lives(),
        [usual, usual, (after(5), after(7))]
    );
}
