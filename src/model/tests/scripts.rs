//! What a sender sees of each fault of an MX host.

use std::sync::Arc;

use crate::clock::Clock;
use crate::facts::smtp::{
    Reply, SmtpExchange, SmtpFailureKind, SmtpRequest, SmtpStep, TlsFailureKind,
    TlsUse::{self, Opportunistic, Verified},
};
use crate::facts::tls::{Alert, AlertReceived, SmallerHello};
use crate::fakes::{
    AlertFault, DialogueFault as Dialogue, Identity, Internet, ListenerFault as Listener,
    Named as _, Receiver, SmtpFault, TlsFault as Tls,
};
use crate::model::stage::{START, ip, message, name};
use crate::model::{Hosted, Model};
use crate::sender::Network as _;

/// What ends a session, if it is not a reply.
#[derive(Debug, Eq, PartialEq)]
enum End {
    Lost(SmtpStep, SmtpFailureKind),
    Injected,
    Handshake(TlsFailureKind),
}

/// The codes of the replies in order, and what ended the session.
type Seen = (&'static [u16], Option<End>);

/// Sends a message to a receiver; returns what is seen of it.
async fn seen(receiver: Receiver, tls: TlsUse) -> (Vec<u16>, Option<End>) {
    let address = ip("192.0.2.1");
    let model = Arc::new(Model::new(Clock::manual(START)));
    let internet = Internet {
        smtp: [(address, receiver)].into(),
        ..Internet::default()
    };
    model.apply(Hosted::new(Arc::new(internet), START));
    let request = SmtpRequest {
        host: name("mx.corp.test"),
        address,
        tls,
        message: Some(message()),
    };
    let SmtpExchange {
        greeting,
        ehlo,
        starttls,
        injected,
        tls,
        ehlo_after_tls,
        delivery,
        failure,
        ..
    } = model.through("r").smtp(&request).await;
    let delivery = delivery.unwrap_or_default();
    let replies = [
        greeting,
        ehlo,
        starttls,
        ehlo_after_tls,
        delivery.mail,
        delivery.rcpt,
        delivery.data,
        delivery.end_of_data,
    ];
    let lost = failure.map(|failure| End::Lost(failure.during, failure.kind));
    let failed = tls.and_then(|tls| tls.outcome.err());
    (
        replies
            .into_iter()
            .flatten()
            .map(|Reply { code, .. }| code)
            .collect(),
        lost.or(injected.map(|_octets| End::Injected))
            .or(failed.map(|failure| End::Handshake(failure.kind))),
    )
}

fn mx() -> Receiver {
    Receiver::new(name("mx.corp.test"))
}

/// To a sender that insists on TLS.
#[tokio::test]
async fn each_fault_of_an_mx_host_ends_the_session_where_it_does_on_the_wire() {
    use SmtpFailureKind::{Closed, Refused, Reset, TimedOut, TooLong};
    use TlsFailureKind as Shake;

    const TAKEN: &[u16] = &[220, 250, 220, 250, 250, 250, 354, 250];
    let of_listener = |fault| -> Seen {
        match fault {
            Listener::Refused => (&[], Some(End::Lost(SmtpStep::Connect, Refused))),
            Listener::Blackhole => (&[], Some(End::Lost(SmtpStep::Connect, TimedOut))),
            Listener::Silence => (&[], Some(End::Lost(SmtpStep::Greeting, TimedOut))),
            Listener::Reset => (&[], Some(End::Lost(SmtpStep::Greeting, Reset))),
        }
    };
    let of_handshake = |fault| match fault {
        Tls::Tls10Only | Tls::Tls11Only => End::Handshake(Shake::OldVersion),
        Tls::LargeHelloRefused => End::Handshake(Shake::Alert(AlertReceived {
            alert: Alert(80),
            smaller_hello: SmallerHello::EndedOtherwise,
        })),
        Tls::HandshakeReset => End::Handshake(Shake::Reset),
        Tls::HandshakeClose => End::Handshake(Shake::Closed),
        Tls::HandshakeSilence => End::Handshake(Shake::TimedOut),
        Tls::NotTls => End::Injected,
    };
    let of_alert = |fault: AlertFault| match fault.number() {
        70 => End::Handshake(Shake::OldVersion),
        number => End::Handshake(Shake::Alert(AlertReceived {
            alert: Alert(number),
            smaller_hello: match number {
                10 | 47 | 50 | 80 => SmallerHello::Alert(Alert(number)),
                _ => SmallerHello::NotTried,
            },
        })),
    };
    let of_dialogue = |fault| -> Seen {
        match fault {
            Dialogue::StarttlsAbsent | Dialogue::StarttlsStripped => (&[220, 250], None),
            Dialogue::Starttls454 => (&[220, 250, 454], None),
            Dialogue::Starttls554 => (&[220, 250, 554], None),
            Dialogue::Starttls250 => (&[220, 250, 250], None),
            Dialogue::InjectedSameSegment | Dialogue::InjectedLater => {
                (&[220, 250, 220], Some(End::Injected))
            }
            Dialogue::Greeting421 => (&[421], None),
            Dialogue::Greeting554 => (&[554], None),
            Dialogue::Tarpit => (&[], Some(End::Lost(SmtpStep::Greeting, TimedOut))),
            Dialogue::GreetingMultiline => (TAKEN, None),
            Dialogue::EndlessLine | Dialogue::EndlessReply => {
                (&[], Some(End::Lost(SmtpStep::Greeting, TooLong)))
            }
            Dialogue::EhloClose => (&[220], Some(End::Lost(SmtpStep::Ehlo, Closed))),
            Dialogue::Ehlo502 | Dialogue::Ehlo502Silence => (&[220, 502], None),
            Dialogue::Greylist => (&[220, 250, 220, 250, 250, 450], None),
            Dialogue::Reject => (&[220, 250, 220, 250, 250, 550], None),
            Dialogue::MessageDeferred => (&[220, 250, 220, 250, 250, 250, 354, 451], None),
            Dialogue::MessageRejected => (&[220, 250, 220, 250, 250, 250, 354, 554], None),
        }
    };
    assert_eq!(seen(mx(), Verified).await, (TAKEN.to_vec(), None));
    for fault in SmtpFault::all() {
        let (replies, end) = match fault {
            SmtpFault::Listener(fault) => of_listener(fault),
            SmtpFault::Tls(fault) => (&[220, 250, 220][..], Some(of_handshake(fault))),
            SmtpFault::Alert(fault) => (&[220, 250, 220][..], Some(of_alert(fault))),
            SmtpFault::Dialogue(fault) => of_dialogue(fault),
        };
        let expected = (replies.to_vec(), end);
        assert_eq!(
            seen(mx().with_fault(fault), Verified).await,
            expected,
            "{fault}"
        );
    }
}

/// It goes on in clear text, and with HELO where EHLO is not known.
#[tokio::test]
async fn a_sender_that_takes_what_it_gets_goes_on_without_tls() {
    let (no_ehlo, silent) = (Dialogue::Ehlo502, Dialogue::Ehlo502Silence);
    for (receiver, replies, end) in [
        (
            mx().with_fault(Dialogue::StarttlsStripped),
            &[220, 250, 250, 250, 354, 250][..],
            None,
        ),
        (
            mx().with_fault(no_ehlo),
            &[220, 502, 250, 250, 354, 250],
            None,
        ),
        (
            mx().with_fault(silent),
            &[220, 502],
            Some(End::Lost(SmtpStep::Ehlo, SmtpFailureKind::TimedOut)),
        ),
        // No certificate for anybody: the server's alert.
        (
            Receiver {
                identity: Identity::default(),
                ..mx()
            },
            &[220, 250, 220, 250, 250, 354, 250],
            Some(End::Handshake(TlsFailureKind::Alert(AlertReceived::once(
                Alert(49),
            )))),
        ),
    ] {
        let expected = (replies.to_vec(), end);
        assert_eq!(
            seen(receiver.clone(), Opportunistic).await,
            expected,
            "{receiver:?}"
        );
    }
}
