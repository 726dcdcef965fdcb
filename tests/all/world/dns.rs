//! The resolvers.

use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use stickler::fakes::{
    Answer, DEFAULT_TTL, DnsFault, Internet, Name, Rcode, RecordData, RecordFault, RecordKind, View,
};
use stickler::world::{Request, Transport};

use super::start;
use crate::support::wire::{SILENCE, ask, ask_tcp, ask_udp_for, records};

const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn answer(records: impl IntoIterator<Item = RecordData>) -> Answer {
    Answer::new(records, Duration::from_secs(60))
}

pub(super) fn address(text: &str) -> (RecordKind, Answer) {
    let address = RecordData::A(text.parse().unwrap());
    (RecordKind::A, answer([address]))
}

pub(super) fn alias(target: &str) -> Name {
    Name::alias(target, Duration::from_secs(60))
}

pub(super) fn state<const N: usize>(names: [(&str, Name); N]) -> Internet {
    let names = names.into_iter();
    Internet {
        dns: View {
            names: names
                .map(|(name, state)| (name.to_owned(), state))
                .collect(),
            ..View::default()
        },
        ..Internet::default()
    }
}

#[tokio::test]
async fn every_fault_shows_on_the_wire() {
    for fault in DnsFault::all() {
        let set = Answer {
            fault: Some(fault),
            ..answer([RecordData::A([192, 0, 2, 1].into())])
        };
        let world = start(state([
            ("by-set.test", Name::new([(RecordKind::A, set)])),
            (
                "by-name.test",
                Name {
                    fault: Some(fault),
                    ..Name::new([address("192.0.2.1")])
                },
            ),
        ]))
        .await;
        let server = world.dns_address();
        for name in ["by-set.test", "by-name.test"] {
            let patience = SILENCE * if fault == DnsFault::Silence { 1 } else { 100 };
            let udp = ask_udp_for(server, name, RecordType::A, patience).await;
            let seen = udp.map(|message| {
                (
                    message.metadata.response_code,
                    message.metadata.truncation,
                    records(&message),
                )
            });
            let whole = format!("{name}. 60 A 192.0.2.1");
            let text = format!("{name}. 60 TXT another type");
            let elsewhere = "elsewhere.test. 60 A 192.0.2.1".to_owned();
            let expected = match fault {
                DnsFault::Rcode(Rcode::Nxdomain) => Some((ResponseCode::NXDomain, false, vec![])),
                DnsFault::NoData => Some((ResponseCode::NoError, false, vec![])),
                DnsFault::Rcode(Rcode::Refused) => Some((ResponseCode::Refused, false, vec![])),
                DnsFault::Rcode(_) | DnsFault::Spoiled(RecordFault::Bogus) => {
                    Some((ResponseCode::ServFail, false, vec![]))
                }
                DnsFault::Silence => None,
                DnsFault::Spoiled(RecordFault::Truncated | RecordFault::TruncatedOnTcp) => {
                    Some((ResponseCode::NoError, true, vec![]))
                }
                DnsFault::Spoiled(RecordFault::WrongOwner) => {
                    Some((ResponseCode::NoError, false, vec![elsewhere.clone()]))
                }
                DnsFault::Spoiled(RecordFault::WrongType) => {
                    Some((ResponseCode::NoError, false, vec![text.clone()]))
                }
                DnsFault::Spoiled(RecordFault::ExtraRecords) => Some((
                    ResponseCode::NoError,
                    false,
                    vec![text.clone(), elsewhere, whole.clone()],
                )),
            };
            assert_eq!(seen, expected, "{fault:?} {name}");
            if matches!(
                fault,
                DnsFault::Spoiled(RecordFault::Truncated | RecordFault::TruncatedOnTcp)
            ) {
                let tcp = ask_tcp(server, name, RecordType::A).await;
                let cut = fault == DnsFault::Spoiled(RecordFault::TruncatedOnTcp);
                let expected = if cut { vec![] } else { vec![whole] };
                assert_eq!(records(&tcp), expected, "{fault:?} over TCP");
                assert_eq!(tcp.metadata.truncation, cut, "{fault:?} over TCP");
            }
        }
        assert_eq!(world.unannounced(), [], "{fault:?}");
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_resolver_follows_aliases_and_shows_the_chain() {
    let names = || {
        state([
            ("a.test", alias("b.test.")),
            ("b.test", alias("c.test")),
            ("c.test", Name::new([address("192.0.2.3")])),
            ("loop1.test", alias("loop2.test")),
            ("loop2.test", alias("loop1.test")),
            ("gone.test", alias("nowhere.test")),
            (
                "nowhere.test",
                Name::faulty(DnsFault::Rcode(Rcode::Nxdomain)),
            ),
            ("broken.test", alias("ill.test")),
            ("ill.test", Name::faulty(DnsFault::Rcode(Rcode::Servfail))),
        ])
    };
    let world = start(names()).await;
    let (a_b, b_c) = ("a.test. 60 CNAME b.test.", "b.test. 60 CNAME c.test.");
    let c = "c.test. 60 A 192.0.2.3";
    let loops = [
        "loop1.test. 60 CNAME loop2.test.",
        "loop2.test. 60 CNAME loop1.test.",
    ];
    for (name, code, expected) in [
        ("a.test.", ResponseCode::NoError, &[a_b, b_c, c][..]),
        ("loop1.test.", ResponseCode::NoError, &loops),
        (
            "gone.test.",
            ResponseCode::NXDomain,
            &["gone.test. 60 CNAME nowhere.test."],
        ),
        ("broken.test.", ResponseCode::ServFail, &[]),
    ] {
        let answer = ask(world.dns_address(), name, RecordType::A).await;
        assert_eq!(answer.metadata.response_code, code, "{name}");
        assert_eq!(records(&answer), expected, "{name}");
    }
    let missing = ask(world.dns_address(), "a.test.", RecordType::AAAA).await;
    assert_eq!(records(&missing), [a_b, b_c]);
    let asked_for = ask(world.dns_address(), "a.test.", RecordType::CNAME).await;
    assert_eq!(records(&asked_for), [a_b]);

    let mut lazy = names();
    lazy.dns.follows_cnames = false;
    world.apply(&lazy).await.unwrap();
    let first = ask(world.dns_address(), "a.test.", RecordType::A).await;
    assert_eq!(records(&first), [a_b]);
    assert_eq!(world.unannounced(), []);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_chain_that_is_too_long_is_answered_as_far_as_it_was_followed() {
    let mut endless = Internet::default();
    for number in 0..40 {
        let name = format!("{number}.test");
        let next = format!("{}.test", number + 1);
        let state = alias(&next);
        endless.dns.names.insert(name, state);
    }
    let world = start(endless).await;
    let answer = ask_tcp(world.dns_address(), "0.test.", RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    assert_eq!(answer.answers.len(), 16);
    assert_eq!(world.unannounced(), []);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn records_are_sent_as_they_stand() {
    let texts = answer([
        RecordData::Txt(vec![(*b"v=STSv1; ").into(), (*b"id=1;").into()]),
        RecordData::Txt(vec![[0xff, 0].into(), Box::default()]),
        RecordData::txt("x".repeat(300)),
    ]);
    let exchanges = answer([
        RecordData::mx(0, "."),
        RecordData::mx(5, "192.0.2.1"),
        RecordData::mx(10, "mx_1.Corp.test"),
        RecordData::mx(20, "bücher.test"),
    ]);
    let tlsa = answer([RecordData::Tlsa {
        usage: 3,
        selector: 1,
        matching: 1,
        data: [0xab; 32].into(),
    }]);
    let world = start(state([(
        "corp.test",
        Name::new([
            (RecordKind::Txt, texts),
            (RecordKind::Mx, exchanges),
            (RecordKind::Tlsa, tlsa),
        ]),
    )]))
    .await;
    let server = world.dns_address();
    let texts = ask(server, "CORP.test.", RecordType::TXT).await;
    assert_eq!(texts.queries[0].name().to_ascii(), "CORP.test.");
    assert!(texts.metadata.recursion_available && !texts.metadata.authentic_data);
    assert!(texts.edns.is_some());
    let strings: Vec<Vec<Vec<u8>>> = texts
        .answers
        .iter()
        .map(|record| match &record.data {
            hickory_proto::rr::RData::TXT(text) => {
                text.txt_data.iter().map(|data| data.to_vec()).collect()
            }
            other => panic!("{other} is no text"),
        })
        .collect();
    assert_eq!(
        strings,
        [
            vec![b"v=STSv1; ".to_vec(), b"id=1;".to_vec()],
            vec![vec![0xff, 0], Vec::new()],
            vec![vec![b'x'; 255], vec![b'x'; 45]],
        ]
    );
    let exchanges = ask(server, "corp.test.", RecordType::MX).await;
    assert_eq!(
        records(&exchanges),
        [
            "corp.test. 60 MX 0 .",
            "corp.test. 60 MX 5 192.0.2.1.",
            "corp.test. 60 MX 10 mx_1.Corp.test.",
            "corp.test. 60 MX 20 b\\303\\274cher.test.",
        ]
    );
    let tlsa = ask(server, "corp.test.", RecordType::TLSA).await;
    assert_eq!(tlsa.answers.len(), 1);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_udp_is_cut_there() {
    let many = (0..200).map(|number| RecordData::mx(10, format!("mx{number}.provider.test")));
    let world = start(state([(
        "corp.test",
        Name::new([(RecordKind::Mx, answer(many))]),
    )]))
    .await;
    let udp = ask(world.dns_address(), "corp.test.", RecordType::MX).await;
    assert!(udp.metadata.truncation);
    let tcp = ask_tcp(world.dns_address(), "corp.test.", RecordType::MX).await;
    assert!(!tcp.metadata.truncation);
    assert_eq!(tcp.answers.len(), 200);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_negative_answer_says_how_long_it_holds() {
    let silent = Name {
        negative_ttl: None,
        ..Name::new([])
    };
    let hour = Name {
        negative_ttl: Some(HOUR * 2),
        ..Name::faulty(DnsFault::Rcode(Rcode::Nxdomain))
    };
    let of_set = |fault| {
        let set = Answer {
            ttl: HOUR * 3,
            fault: Some(fault),
            ..Answer::default()
        };
        Name::new([(RecordKind::Txt, set)])
    };
    let world = start(state([
        ("default.test", Name::new([])),
        ("hour.test", hour),
        ("set-nodata.test", of_set(DnsFault::NoData)),
        (
            "set-nxdomain.test",
            of_set(DnsFault::Rcode(Rcode::Nxdomain)),
        ),
        ("silent.test", silent),
    ]))
    .await;
    for (name, expected) in [
        ("default.test.", Some(DEFAULT_TTL)),
        ("hour.test.", Some(HOUR * 2)),
        ("set-nodata.test.", Some(HOUR * 3)),
        ("set-nxdomain.test.", Some(HOUR * 3)),
        ("silent.test.", None),
    ] {
        let answer = ask(world.dns_address(), name, RecordType::TXT).await;
        let seen = answer.authorities.first().map(|record| {
            let hickory_proto::rr::RData::SOA(soa) = &record.data else {
                panic!("{record} is no SOA");
            };
            assert_eq!(soa.minimum, record.ttl, "{name}");
            Duration::from_secs(record.ttl.into())
        });
        assert_eq!(seen, expected, "{name}");
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_wildcard_stands_for_what_is_not_declared_below_its_parent() {
    let world = start(state([
        ("*.corp.test", Name::new([address("192.0.2.1")])),
        ("own.corp.test", Name::new([address("192.0.2.2")])),
    ]))
    .await;
    for (name, expected) in [
        ("any.corp.test.", Some("192.0.2.1")),
        ("two.deep.corp.test.", Some("192.0.2.1")),
        ("own.corp.test.", Some("192.0.2.2")),
        ("below.own.corp.test.", None),
        ("corp.test.", None),
    ] {
        let answer = ask(world.dns_address(), name, RecordType::A).await;
        let expected: Vec<_> = expected
            .map(|address| format!("{name} 60 A {address}"))
            .into_iter()
            .collect();
        assert_eq!(records(&answer), expected, "{name}");
    }
    assert_eq!(world.unannounced().len(), 2);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn resolvers_may_disagree() {
    let same = || {
        state([
            ("mx.test", Name::new([address("192.0.2.1")])),
            ("same.test", Name::new([address("192.0.2.9")])),
        ])
    };
    let mut state = same();
    let old = View {
        names: [("mx.test".to_owned(), Name::new([address("192.0.2.2")]))].into(),
        ..View::default()
    };
    let ill = View {
        fault: Some(DnsFault::Rcode(Rcode::Servfail)),
        ..View::default()
    };
    state.views = [("old".into(), old), ("ill".into(), ill)].into();
    let world = start(state).await;
    let old = world.view_address("old").unwrap();
    let ill = world.view_address("ill").unwrap();
    assert_eq!(world.view_address("none"), None);
    for (server, name, expected) in [
        (
            world.dns_address(),
            "mx.test.",
            &["mx.test. 60 A 192.0.2.1"][..],
        ),
        (old, "mx.test.", &["mx.test. 60 A 192.0.2.2"]),
        (old, "same.test.", &["same.test. 60 A 192.0.2.9"]),
        (ill, "mx.test.", &[]),
    ] {
        let answer = ask(server, name, RecordType::A).await;
        assert_eq!(records(&answer), expected, "{name} at {server}");
    }
    let views: Vec<_> = world
        .drain_history()
        .into_iter()
        .map(|request| match request {
            Request::Question { view, .. } => view,
            other => panic!("{other:?}"),
        })
        .collect();
    let named = |name: &str| Some(name.to_owned());
    world.apply(&same()).await.unwrap();
    let answer = ask(ill, "mx.test.", RecordType::A).await;
    assert_eq!(records(&answer), ["mx.test. 60 A 192.0.2.1"]);
    assert_eq!(views, [None, named("old"), named("old"), named("ill")]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_question_is_recorded_and_an_undeclared_name_is_unannounced() {
    let world = start(state([("dangling.test", alias("lost.test"))])).await;
    let question = |name: &str, record_type: &str, transport| Request::Question {
        view: None,
        name: name.to_owned(),
        record_type: record_type.to_owned(),
        transport,
    };
    ask(world.dns_address(), "Dangling.TEST.", RecordType::MX).await;
    let unknown = ask_tcp(world.dns_address(), "nobody.test.", RecordType::A).await;
    assert_eq!(unknown.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(
        world.drain_history(),
        [
            question("dangling.test", "MX", Transport::Udp),
            question("nobody.test", "A", Transport::Tcp),
        ]
    );
    assert_eq!(
        world.unannounced(),
        [
            question("lost.test", "MX", Transport::Udp),
            question("nobody.test", "A", Transport::Tcp),
        ]
    );
    assert_eq!(world.drain_history(), []);
    world.shutdown().await.unwrap();
}
