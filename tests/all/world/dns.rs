//! The resolvers.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use stickler::world::{
    Answer, DnsFault, NameState, RecordData, RecordKind, Request, Transport, View, WorldState,
};

use super::start;
use crate::support::wire::{SILENCE, ask, ask_tcp, ask_udp_for, records};

fn answer(records: impl IntoIterator<Item = RecordData>) -> Answer {
    Answer {
        records: records.into_iter().collect(),
        ttl_secs: 60,
        fault: None,
    }
}

fn address(text: &str) -> (RecordKind, Answer) {
    let address = RecordData::A(text.parse().unwrap());
    (RecordKind::A, answer([address]))
}

fn alias(target: &str) -> (RecordKind, Answer) {
    let target = RecordData::Cname(target.to_owned());
    (RecordKind::Cname, answer([target]))
}

fn state<const N: usize>(names: [(&str, NameState); N]) -> WorldState {
    let names = names.into_iter();
    WorldState {
        dns: View {
            names: names
                .map(|(name, state)| (name.to_owned(), state))
                .collect(),
            ..View::default()
        },
        ..WorldState::default()
    }
}

#[tokio::test]
async fn every_fault_shows_on_the_wire() {
    for fault in DnsFault::ALL {
        let set = Answer {
            fault: Some(*fault),
            ..answer([RecordData::A([192, 0, 2, 1].into())])
        };
        let world = start(state([
            ("by-set.test", NameState::new([(RecordKind::A, set)])),
            (
                "by-name.test",
                NameState {
                    fault: Some(*fault),
                    ..NameState::new([address("192.0.2.1")])
                },
            ),
        ]))
        .await;
        let server = world.dns_address();
        for name in ["by-set.test", "by-name.test"] {
            let patience = SILENCE * if *fault == DnsFault::Timeout { 1 } else { 100 };
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
                DnsFault::Nxdomain => Some((ResponseCode::NXDomain, false, vec![])),
                DnsFault::Nodata => Some((ResponseCode::NoError, false, vec![])),
                DnsFault::Servfail => Some((ResponseCode::ServFail, false, vec![])),
                DnsFault::Refused => Some((ResponseCode::Refused, false, vec![])),
                DnsFault::Timeout => None,
                DnsFault::Truncated | DnsFault::TruncatedOnTcp => {
                    Some((ResponseCode::NoError, true, vec![]))
                }
                DnsFault::WrongOwner => {
                    Some((ResponseCode::NoError, false, vec![elsewhere.clone()]))
                }
                DnsFault::WrongType => Some((ResponseCode::NoError, false, vec![text.clone()])),
                DnsFault::ExtraRecords => Some((
                    ResponseCode::NoError,
                    false,
                    vec![text.clone(), elsewhere, whole.clone()],
                )),
            };
            assert_eq!(seen, expected, "{fault} {name}");
            if matches!(fault, DnsFault::Truncated | DnsFault::TruncatedOnTcp) {
                let tcp = ask_tcp(server, name, RecordType::A).await;
                let cut = *fault == DnsFault::TruncatedOnTcp;
                let expected = if cut { vec![] } else { vec![whole] };
                assert_eq!(records(&tcp), expected, "{fault} over TCP");
                assert_eq!(tcp.metadata.truncation, cut, "{fault} over TCP");
            }
        }
        assert_eq!(world.unannounced(), [], "{fault}");
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_resolver_follows_aliases_and_shows_the_chain() {
    let names = || {
        state([
            ("a.test", NameState::new([alias("b.test.")])),
            ("b.test", NameState::new([alias("c.test")])),
            ("c.test", NameState::new([address("192.0.2.3")])),
            ("loop1.test", NameState::new([alias("loop2.test")])),
            ("loop2.test", NameState::new([alias("loop1.test")])),
            ("gone.test", NameState::new([alias("nowhere.test")])),
            ("nowhere.test", NameState::faulty(DnsFault::Nxdomain)),
            ("broken.test", NameState::new([alias("ill.test")])),
            ("ill.test", NameState::faulty(DnsFault::Servfail)),
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
    world.apply(lazy).await.unwrap();
    let first = ask(world.dns_address(), "a.test.", RecordType::A).await;
    assert_eq!(records(&first), [a_b]);
    assert_eq!(world.unannounced(), []);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_chain_that_is_too_long_is_answered_as_far_as_it_was_followed() {
    let mut endless = WorldState::default();
    for number in 0..40 {
        let name = format!("{number}.test");
        let next = format!("{}.test", number + 1);
        let state = NameState::new([alias(&next)]);
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
        RecordData::Txt(vec![b"v=STSv1; ".to_vec(), b"id=1;".to_vec()]),
        RecordData::Txt(vec![vec![0xff, 0], Vec::new()]),
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
        data: vec![0xab; 32],
    }]);
    let world = start(state([(
        "corp.test",
        NameState::new([
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
        NameState::new([(RecordKind::Mx, answer(many))]),
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
    let silent = NameState {
        negative_ttl_secs: None,
        ..NameState::new([])
    };
    let hour = NameState {
        negative_ttl_secs: Some(3600),
        ..NameState::faulty(DnsFault::Nxdomain)
    };
    let of_set = |fault| {
        let set = Answer {
            ttl_secs: 7200,
            fault: Some(fault),
            ..Answer::default()
        };
        NameState::new([(RecordKind::Txt, set)])
    };
    let world = start(state([
        ("default.test", NameState::new([])),
        ("hour.test", hour),
        ("set-nodata.test", of_set(DnsFault::Nodata)),
        ("set-nxdomain.test", of_set(DnsFault::Nxdomain)),
        ("silent.test", silent),
    ]))
    .await;
    for (name, expected) in [
        ("default.test.", Some(NameState::NEGATIVE_TTL_SECS)),
        ("hour.test.", Some(3600)),
        ("set-nodata.test.", Some(7200)),
        ("set-nxdomain.test.", Some(7200)),
        ("silent.test.", None),
    ] {
        let answer = ask(world.dns_address(), name, RecordType::TXT).await;
        let seen = answer.authorities.first().map(|record| {
            let hickory_proto::rr::RData::SOA(soa) = &record.data else {
                panic!("{record} is no SOA");
            };
            assert_eq!(soa.minimum, record.ttl, "{name}");
            record.ttl
        });
        assert_eq!(seen, expected, "{name}");
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_wildcard_stands_for_what_is_not_declared_below_its_parent() {
    let world = start(state([
        ("*.corp.test", NameState::new([address("192.0.2.1")])),
        ("own.corp.test", NameState::new([address("192.0.2.2")])),
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
            ("mx.test", NameState::new([address("192.0.2.1")])),
            ("same.test", NameState::new([address("192.0.2.9")])),
        ])
    };
    let mut state = same();
    let old = View {
        names: [("mx.test".to_owned(), NameState::new([address("192.0.2.2")]))].into(),
        ..View::default()
    };
    let ill = View {
        fault: Some(DnsFault::Servfail),
        ..View::default()
    };
    state.views = [("old".to_owned(), old), ("ill".to_owned(), ill)].into();
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
    world.apply(same()).await.unwrap();
    let answer = ask(ill, "mx.test.", RecordType::A).await;
    assert_eq!(records(&answer), ["mx.test. 60 A 192.0.2.1"]);
    assert_eq!(views, [None, named("old"), named("old"), named("ill")]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_question_is_recorded_and_an_undeclared_name_is_unannounced() {
    let world = start(state([(
        "dangling.test",
        NameState::new([alias("lost.test")]),
    )]))
    .await;
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
