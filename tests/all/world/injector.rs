//! Mail handed to a server by SMTP: what arrives there, and what is said where it does not.

use stickler::facts::smtp::Message;
use stickler::fakes::{
    Certificate, CertificateFault, DialogueFault, Identity, ListenerFault, Receiver,
};
use stickler::replay::injector::Injector;
use stickler::world::Request;

use super::{name, start_receiver};

fn message() -> Message {
    Message {
        mail_from: Some("author@author.test".into()),
        rcpt_to: "postmaster@corp.test".into(),
        content: (*b"Subject: one\r\n\r\nHello.\r\n").into(),
    }
}

#[tokio::test]
async fn a_message_is_handed_over_whatever_the_certificate() {
    let untrusted = Certificate::new(["other.test"]).with_fault(CertificateFault::SelfSigned);
    let receiver = Receiver {
        identity: Identity::of(untrusted),
        ..Receiver::new(name("sender.test"))
    };
    let (world, to) = start_receiver(receiver).await;
    let injector = Injector::new(to).unwrap();
    for _time in 0..2 {
        assert_eq!(injector.inject(message()).await, Ok(()));
    }
    let received: Vec<(String, Vec<String>, Vec<u8>)> = world
        .drain_history()
        .into_iter()
        .filter_map(|request| match request {
            Request::SmtpReceived {
                mail_from,
                rcpt_to,
                data,
                ..
            } => Some((mail_from, rcpt_to, data)),
            _ => None,
        })
        .collect();
    let one = (
        "author@author.test".to_owned(),
        vec!["postmaster@corp.test".to_owned()],
        b"Subject: one\r\n\r\nHello.\r\n".to_vec(),
    );
    assert_eq!(received, [one.clone(), one]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_nothing_says_why() {
    for (fault, expected) in [
        (
            DialogueFault::Reject.into(),
            "it answered 550 5.1.1 no such user",
        ),
        (DialogueFault::Greeting554.into(), "it answered 554"),
        (
            ListenerFault::Refused.into(),
            "connection refused during connect",
        ),
    ] {
        let fault: stickler::fakes::SmtpFault = fault;
        let receiver = Receiver::new(name("sender.test")).with_fault(fault);
        let (world, to) = start_receiver(receiver).await;
        let error = Injector::new(to)
            .unwrap()
            .inject(message())
            .await
            .unwrap_err();
        assert_eq!(error.at, to);
        assert!(error.why.starts_with(expected), "{fault:?}: {error}");
        world.shutdown().await.unwrap();
    }
}
