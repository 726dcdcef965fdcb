//! What the servers have and remember.

use super::after;
use crate::facts::smtp::{Message, SmtpRequest, TlsUse::Verified};
use crate::model::stage::{Stage, ip, message, name, reply};
use crate::sender::Network as _;

/// One edge and three MX hosts, one of which has a life of its own.
#[test]
fn every_certificate_has_its_life() {
    let mut stage = Stage::new();
    let (from, until) = (after(5), after(7));
    stage.at("192.0.2.2", |receiver| {
        receiver.certificate.not_before = from;
        receiver.certificate.not_after = until;
    });
    stage.model.apply(stage.state.clone());
    let lives = stage.model.certificates();
    assert_eq!(lives.len(), 4);
    assert_eq!(
        lives.iter().filter(|life| **life == (from, until)).count(),
        1
    );
}

/// The first attempt of a sender for a recipient is put off, the next is taken; each pair on its own.
#[tokio::test]
async fn a_greylisting_host_takes_the_second_attempt() {
    let mut stage = Stage::new();
    stage.at("192.0.2.1", |receiver| {
        receiver.greylist = Some(reply(450, &["later"]));
    });
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("r");
    for (recipient, expected) in [
        ("b@corp.test", 450),
        ("b@corp.test", 250),
        ("c@corp.test", 450),
        ("b@corp.test", 250),
        ("c@corp.test", 250),
    ] {
        let request = SmtpRequest {
            host: name("mx1.corp.test"),
            address: ip("192.0.2.1"),
            tls: Verified,
            message: Some(Message {
                rcpt_to: recipient.into(),
                ..message()
            }),
        };
        let delivery = network.smtp(&request).await.delivery.unwrap();
        assert_eq!(
            delivery.rcpt.map(|reply| reply.code),
            Some(expected),
            "{recipient}"
        );
    }
}
