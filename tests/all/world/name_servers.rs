//! The servers of zones.

use hickory_proto::rr::RecordType;
use stickler::fakes::{Name, NameServer, RecordData, RecordKind, View};

use super::dns::{address, alias, answer, state};
use super::{ip, start, to};
use crate::support::wire::{ask, records};

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
