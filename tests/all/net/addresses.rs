//! Where an SMTP connection goes, where it comes from, and where it is not made.

use stickler::facts::smtp::{SmtpFailureKind, SmtpRequest, SmtpStep, TlsUse};
use stickler::net::routes::Routes;
use stickler::net::{AddressFamilies, Live};
use stickler::sender::Network;
use stickler::sts::certificate::Roots;

use super::smtp::{failure, reply, request};
use super::{config, live};
use crate::support::script::Server;

#[tokio::test]
async fn a_port_without_a_server_and_an_address_without_a_route_are_told_apart() {
    // Bound and never listened on: connections are refused.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let exchange = live(address, Roots::none())
        .smtp(&request(TlsUse::Verified))
        .await;
    let refused = Some((SmtpFailureKind::Refused, SmtpStep::Connect));
    assert_eq!(failure(&exchange), refused);

    let unreachable = Some((SmtpFailureKind::Unreachable, SmtpStep::Connect));
    let mut foreign = config(address, Roots::none());
    foreign.source = Some("192.0.2.99".parse().unwrap());
    let exchange = Live::new(foreign)
        .unwrap()
        .smtp(&request(TlsUse::Verified))
        .await;
    assert_eq!(failure(&exchange), unreachable);

    let mut of_v6 = config(address, Roots::none());
    of_v6.source = Some("2001:db8::9".parse().unwrap());
    let exchange = Live::new(of_v6)
        .unwrap()
        .smtp(&request(TlsUse::Verified))
        .await;
    let detail = exchange.failure.as_ref().map(|failure| &*failure.detail);
    assert_eq!(detail, Some("--source is IPv6, the address is not"));
    assert_eq!(failure(&exchange), unreachable);

    let mut without_v4 = config(address, Roots::none());
    without_v4.families = AddressFamilies::V6Only;
    let exchange = Live::new(without_v4)
        .unwrap()
        .smtp(&request(TlsUse::Verified))
        .await;
    let off = Some((SmtpFailureKind::FamilyOff, SmtpStep::Connect));
    assert_eq!(failure(&exchange), off);
}

#[tokio::test]
async fn an_ipv4_address_in_ipv6_is_an_ipv4_address() {
    let server = Server::start(|mut talk| async move {
        talk.say("554 no\r\n").await.expect("QUIT").await;
    })
    .await;
    let mapped = SmtpRequest {
        address: "::ffff:192.0.2.1".parse().unwrap(),
        ..request(TlsUse::Verified)
    };
    for (families, expected) in [
        (AddressFamilies::V4Only, None),
        (
            AddressFamilies::V6Only,
            Some((SmtpFailureKind::FamilyOff, SmtpStep::Connect)),
        ),
    ] {
        let mut config = config(server.address, Roots::none());
        config.families = families;
        let exchange = Live::new(config).unwrap().smtp(&mapped).await;
        assert_eq!(failure(&exchange), expected, "{families:?}");
    }
    server.finish().await;
}

#[tokio::test]
async fn the_loopback_of_a_zone_is_reached_only_by_a_route() {
    let server = Server::start(|mut talk| async move {
        talk.say("554 no\r\n").await.expect("QUIT").await;
    })
    .await;
    let routed = config(server.address, Roots::none());
    let mut bare = routed.clone();
    bare.routes = Routes::default();
    let own = Some((SmtpFailureKind::OwnAddress, SmtpStep::Connect));
    for (config, expected) in [(routed, None), (bare, own)] {
        let network = Live::new(config).unwrap();
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "::1",
            "::",
            "::ffff:127.0.0.1",
        ] {
            let exchange = network
                .smtp(&SmtpRequest {
                    address: address.parse().unwrap(),
                    ..request(TlsUse::Verified)
                })
                .await;
            assert_eq!(failure(&exchange), expected, "{address}");
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn a_special_purpose_address_is_reached_only_by_a_route_or_by_leave() {
    let server = Server::start(|mut talk| async move {
        talk.say("554 no\r\n").await.expect("QUIT").await;
    })
    .await;
    let routed = config(server.address, Roots::none());
    let mut bare = routed.clone();
    bare.routes = Routes::default();
    // Should the rule fail one day, nothing leaves this host all the same.
    bare.source = Some("127.0.0.1".parse().unwrap());
    let mut allowed = bare.clone();
    allowed.allowed = vec!["127.0.0.0/8".parse().unwrap()];
    let kind = |kind| Some((kind, SmtpStep::Connect));
    for (config, address, expected) in [
        (&routed, "10.0.0.1", None),
        (&routed, "fd00::1", None),
        (&bare, "10.0.0.1", kind(SmtpFailureKind::NotGlobal)),
        (&bare, "192.168.1.1", kind(SmtpFailureKind::NotGlobal)),
        (&bare, "169.254.169.254", kind(SmtpFailureKind::NotGlobal)),
        (&bare, "100.64.0.1", kind(SmtpFailureKind::NotGlobal)),
        (&bare, "fd00::1", kind(SmtpFailureKind::NotGlobal)),
        (&bare, "::ffff:10.0.0.1", kind(SmtpFailureKind::NotGlobal)),
        (&bare, "64:ff9b::a00:1", kind(SmtpFailureKind::NotGlobal)),
        (&bare, "127.0.0.1", kind(SmtpFailureKind::OwnAddress)),
        (&allowed, "10.0.0.1", kind(SmtpFailureKind::NotGlobal)),
        (&allowed, "127.9.9.9", kind(SmtpFailureKind::Refused)),
    ] {
        let network = Live::new(config.clone()).unwrap();
        let exchange = network
            .smtp(&SmtpRequest {
                address: address.parse().unwrap(),
                ..request(TlsUse::Verified)
            })
            .await;
        assert_eq!(failure(&exchange), expected, "{address}");
    }
    server.finish().await;
}

#[tokio::test]
async fn we_come_from_the_source_address_that_was_named() {
    let server = Server::start(|mut talk| async move {
        let from = talk.stream().peer_addr().unwrap().ip().to_string();
        talk.say(format!("554 {from}\r\n"))
            .await
            .expect("QUIT")
            .await;
    })
    .await;
    let mut config = config(server.address, Roots::none());
    config.source = Some("127.9.0.7".parse().unwrap());
    let network = Live::new(config).unwrap();
    let exchange = network.smtp(&request(TlsUse::Verified)).await;
    server.finish().await;
    assert_eq!(exchange.greeting, Some(reply(554, &["127.9.0.7"])));
}
