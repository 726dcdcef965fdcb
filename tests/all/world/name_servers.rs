//! The servers of zones.

use hickory_proto::rr::RecordType;
use stickler::fakes::{
    Answer, DnsFault, Name, NameServer, RecordData, RecordFault, RecordKind, View,
};

use super::dns::{address, alias, answer, state};
use super::{ip, start, to};
use crate::support::wire::{additional, ask, records};

#[tokio::test]
async fn a_name_server_says_what_it_has_itself() {
    let mut state = state([
        ("mx.test", Name::new([address("192.0.2.1")])),
        ("alias.test", alias("mx.test")),
        (
            "zone.test",
            Name::new([
                (RecordKind::Ns, answer([RecordData::Ns("ns.test".into())])),
                (RecordKind::Soa, answer([RecordData::Soa(7)])),
            ]),
        ),
    ]);
    let behind = NameServer {
        says: View {
            names: [("mx.test".to_owned(), Name::new([address("192.0.2.2")]))].into(),
            ..View::default()
        },
        ..NameServer::default()
    };
    let lame = NameServer {
        lame: true,
        ..NameServer::default()
    };
    let [at_behind, at_lame] = ["192.0.2.53", "192.0.2.54"];
    state.name_servers = [(ip(at_behind), behind), (ip(at_lame), lame)].into();
    let world = start(state.clone()).await;
    let [behind, lame] = [at_behind, at_lame].map(|address| to(&world, address, 53));
    for (server, name, record_type, is_authoritative, expected) in [
        (
            world.dns_address(),
            "mx.test.",
            RecordType::A,
            false,
            &["mx.test. 60 A 192.0.2.1"][..],
        ),
        (
            behind,
            "mx.test.",
            RecordType::A,
            true,
            &["mx.test. 60 A 192.0.2.2"],
        ),
        (
            behind,
            "alias.test.",
            RecordType::A,
            true,
            &["alias.test. 60 CNAME mx.test."],
        ),
        (
            behind,
            "zone.test.",
            RecordType::NS,
            true,
            &["zone.test. 60 NS ns.test."],
        ),
        (lame, "mx.test.", RecordType::A, false, &[]),
    ] {
        let answer = ask(server, name, record_type).await;
        assert_eq!(records(&answer), expected, "{name} at {server}");
        assert_eq!(
            answer.metadata.authoritative, is_authoritative,
            "{name} at {server}"
        );
        let recurses = server == world.dns_address();
        assert_eq!(
            answer.metadata.recursion_available, recurses,
            "{name} at {server}"
        );
    }
    let soa = ask(behind, "zone.test.", RecordType::SOA).await;
    assert!(records(&soa)[0].contains(" 7 "), "{soa}");
    // Where a zone begins is no scenario's affair; what else nobody declared is.
    ask(world.dns_address(), "sub.zone.test.", RecordType::NS).await;
    assert_eq!(world.unannounced(), []);
    // One that has gone from the state has no zone any more, and stays where it is.
    state.name_servers.remove(&ip(at_behind));
    world.apply(&state).await.unwrap();
    let answer = ask(behind, "mx.test.", RecordType::A).await;
    assert!(!answer.metadata.authoritative && answer.answers.is_empty());
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_resolver_sends_the_sound_addresses_of_name_servers_along() {
    let spoiled = |fault| {
        let (kind, answer) = address("192.0.2.9");
        let answer = Answer {
            fault: Some(fault),
            ..answer
        };
        Name::new([(kind, answer)])
    };
    let v6 = RecordData::of_address(ip("2001:db8::1"));
    let servers = [
        "one.test",
        "two.test",
        "spoiled.test",
        "failing.test",
        "alias.test",
        "a.wild.test",
        "undeclared.test",
    ];
    let servers = servers.map(|server| RecordData::Ns(server.into()));
    let mut state = state([
        ("zone.test", Name::new([(RecordKind::Ns, answer(servers))])),
        (
            "one.test",
            Name::new([address("192.0.2.1"), (RecordKind::Aaaa, answer([v6]))]),
        ),
        ("two.test", Name::new([address("192.0.2.2")])),
        (
            "spoiled.test",
            spoiled(DnsFault::Spoiled(RecordFault::Bogus)),
        ),
        ("failing.test", Name::faulty(DnsFault::Silence)),
        ("alias.test", alias("two.test")),
        ("*.wild.test", Name::new([address("192.0.2.3")])),
    ]);
    let server = "192.0.2.53";
    state.name_servers = [(ip(server), NameServer::default())].into();
    let world = start(state.clone()).await;
    let reply = ask(world.dns_address(), "zone.test.", RecordType::NS).await;
    assert_eq!(records(&reply).len(), 7);
    assert_eq!(
        additional(&reply),
        [
            "one.test. 60 A 192.0.2.1",
            "one.test. 60 AAAA 2001:db8::1",
            "two.test. 60 A 192.0.2.2",
            "a.wild.test. 60 A 192.0.2.3",
        ]
    );
    assert_eq!(world.unannounced(), []);
    // Only there, and only where it is one that does.
    let nothing = [
        (world.dns_address(), "one.test.", RecordType::A),
        (to(&world, server, 53), "zone.test.", RecordType::NS),
    ];
    for (server, name, record_type) in nothing {
        let reply = ask(server, name, record_type).await;
        assert_eq!(additional(&reply), [""; 0], "{name} at {server}");
    }
    state.dns.sends_addresses = false;
    world.apply(&state).await.unwrap();
    let reply = ask(world.dns_address(), "zone.test.", RecordType::NS).await;
    assert_eq!((records(&reply).len(), additional(&reply).len()), (7, 0));
    world.shutdown().await.unwrap();
}
