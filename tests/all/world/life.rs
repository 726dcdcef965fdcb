//! A world's life: change while it runs, several side by side, the end.

use std::time::{Duration, Instant};

use hickory_proto::rr::RecordType;
use stickler::fakes::{
    Answer, Certificate, Identity, Internet, ListenerFault, Name, Receiver, RecordData, RecordKind,
};
use stickler::world::{Listen, Request, World, WorldError};
use tokio::net::{TcpListener, TcpStream};

use super::{START, ip, name, start, to};
use crate::support::wire::{SmtpLines, ask, read_all, records};

fn state(host: &str, address: [u8; 4]) -> Internet {
    let address = RecordData::A(address.into());
    let answer = Answer::new([address], Duration::from_secs(60));
    let mut state = Internet::default();
    state
        .dns
        .names
        .insert("mx.test".to_owned(), Name::new([(RecordKind::A, answer)]));
    state
        .smtp
        .insert(ip("2001:db8::25"), Receiver::new(name(host)));
    state
}

async fn greeting(world: &World) -> String {
    let mut lines = SmtpLines::connect(to(world, "2001:db8::25", 25)).await;
    lines.reply().await
}

#[tokio::test]
async fn what_is_served_changes_at_once_and_ports_stay() {
    let world = start(state("old.test", [192, 0, 2, 1])).await;
    let (dns, smtp) = (world.dns_address(), to(&world, "2001:db8::25", 25));
    assert_eq!(greeting(&world).await, "220 old.test ESMTP\r\n");

    let mut changed = state("new.test", [192, 0, 2, 2]);
    changed
        .smtp
        .insert(ip("192.0.2.26"), Receiver::new(name("second.test")));
    world.apply(&changed).await.unwrap();
    assert_eq!(greeting(&world).await, "220 new.test ESMTP\r\n");
    assert_eq!(world.dns_address(), dns);
    assert_eq!(to(&world, "2001:db8::25", 25), smtp);
    // Two servers, and both ports of the two addresses that the DNS has given and nobody has.
    assert_eq!(world.routes().len(), 6);
    let answer = ask(dns, "mx.test.", RecordType::A).await;
    assert_eq!(records(&answer), ["mx.test. 60 A 192.0.2.2"]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_port_can_close_and_open_again() {
    let world = start(state("mx.test", [192, 0, 2, 1])).await;
    let smtp = to(&world, "2001:db8::25", 25);
    for fault in [
        Some(ListenerFault::Refused),
        None,
        Some(ListenerFault::Blackhole),
        Some(ListenerFault::Refused),
        None,
    ] {
        let mut changed = state("mx.test", [192, 0, 2, 1]);
        for receiver in changed.smtp.values_mut() {
            receiver.fault = fault.map(Into::into);
        }
        world.apply(&changed).await.unwrap();
        assert_eq!(to(&world, "2001:db8::25", 25), smtp, "{fault:?}");
        match fault {
            Some(ListenerFault::Refused) => {
                let error = TcpStream::connect(smtp).await.unwrap_err();
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
            }
            Some(_blackhole) => {
                let patience = crate::support::wire::SILENCE;
                let connect = tokio::time::timeout(patience, TcpStream::connect(smtp)).await;
                assert!(connect.is_err(), "{connect:?}");
            }
            None => assert_eq!(greeting(&world).await, "220 mx.test ESMTP\r\n"),
        }
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_address_that_has_gone_is_unannounced() {
    let world = start(state("mx.test", [192, 0, 2, 1])).await;
    let smtp = to(&world, "2001:db8::25", 25);
    world.apply(&Internet::default()).await.unwrap();
    let mut stream = TcpStream::connect(smtp).await.unwrap();
    let (_octets, end) = read_all(&mut stream).await;
    assert!(end.is_err());
    let connect = Request::SmtpConnect {
        server: String::new(),
        address: ip("2001:db8::25"),
    };
    assert_eq!(world.unannounced(), [connect]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_address_that_never_was_leads_elsewhere() {
    let world = start(Internet::default()).await;
    let mut stream = TcpStream::connect(world.elsewhere()).await.unwrap();
    let (_octets, end) = read_all(&mut stream).await;
    assert!(end.is_err());
    assert_eq!(world.unannounced(), [Request::StrayConnect]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_state_that_cannot_be_served_is_refused_and_changes_nothing() {
    let world = start(state("mx.test", [192, 0, 2, 1])).await;
    let long = "x".repeat(64);
    for (kind, record) in [
        (RecordKind::Mx, RecordData::mx(10, format!("{long}.test"))),
        (RecordKind::Cname, RecordData::Cname("a..test".to_owned())),
        (
            RecordKind::Txt,
            RecordData::Txt(vec![vec![b'x'; 256].into()]),
        ),
    ] {
        let answer = Answer {
            records: vec![record],
            ..Answer::default()
        };
        let mut bad = state("bad.test", [192, 0, 2, 2]);
        bad.dns
            .names
            .insert("bad.test".to_owned(), Name::new([(kind, answer)]));
        let error = world.apply(&bad).await.unwrap_err();
        assert!(
            matches!(
                error,
                WorldError::Name { .. } | WorldError::LongString { octets: 256 }
            ),
            "{error}"
        );
    }
    let mut bad = state("bad.test", [192, 0, 2, 2]);
    for receiver in bad.smtp.values_mut() {
        receiver.identity = Identity::of(Certificate::new(["bücher.test"]));
    }
    let error = world.apply(&bad).await.unwrap_err();
    assert!(matches!(error, WorldError::CertificateName(_)), "{error}");
    assert_eq!(greeting(&world).await, "220 mx.test ESMTP\r\n");
    let answer = ask(world.dns_address(), "mx.test.", RecordType::A).await;
    assert_eq!(records(&answer), ["mx.test. 60 A 192.0.2.1"]);
    world.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worlds_do_not_disturb_each_other() {
    let mut worlds = tokio::task::JoinSet::new();
    for number in 0..6_u8 {
        worlds.spawn(async move {
            let host = format!("mx{number}.test");
            let world = World::start(Listen::FreePorts, &state(&host, [192, 0, 2, number]), START)
                .await
                .unwrap();
            for _message in 0..3 {
                let mut lines = SmtpLines::connect(to(&world, "2001:db8::25", 25)).await;
                assert_eq!(lines.reply().await, format!("220 {host} ESMTP\r\n"));
                let sender = format!("MAIL FROM:<{number}@b.test>");
                for line in [
                    "EHLO c.test",
                    &sender,
                    "RCPT TO:<x@y.test>",
                    "DATA",
                    "1\r\n.",
                ] {
                    lines.say(line).await;
                }
                let answer = ask(world.dns_address(), "mx.test.", RecordType::A).await;
                let expected = format!("mx.test. 60 A 192.0.2.{number}");
                assert_eq!(records(&answer), [expected]);
            }
            let history = world.drain_history();
            world.shutdown().await.unwrap();
            (number, history)
        });
    }
    for (number, history) in worlds.join_all().await {
        assert_eq!(history.len(), 9, "{history:?}");
        for request in history {
            if let Request::SmtpReceived { mail_from, .. } = request {
                assert_eq!(mail_from, format!("{number}@b.test"));
            }
        }
    }
}

#[tokio::test]
async fn each_world_has_a_ca_of_its_own() {
    let one = start(Internet::default()).await;
    let two = start(Internet::default()).await;
    assert!(one.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_ne!(one.ca_pem(), two.ca_pem());
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_end_comes_quickly_closes_connections_and_frees_ports() {
    let world = start(state("mx.test", [192, 0, 2, 1])).await;
    let (dns, smtp) = (world.dns_address(), to(&world, "2001:db8::25", 25));
    let mut lines = SmtpLines::connect(smtp).await;
    lines.reply().await;
    // One message is under way, and one resolver's connection is idle.
    for line in ["EHLO c.test", "MAIL FROM:<a@b.test>"] {
        lines.say(line).await;
    }
    let mut idle = TcpStream::connect(dns).await.unwrap();
    let before = Instant::now();
    world.shutdown().await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(2));
    for stream in [&mut lines.0, &mut idle] {
        let (octets, _end) = read_all(stream).await;
        assert_eq!(octets, b"");
    }
    for port in [dns, smtp] {
        let error = TcpStream::connect(port).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
    TcpListener::bind(smtp).await.unwrap();
    tokio::net::UdpSocket::bind(dns).await.unwrap();
}
