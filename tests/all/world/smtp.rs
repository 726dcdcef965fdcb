//! The SMTP receivers.

use std::time::Duration;

use rustls::AlertDescription;
use stickler::fakes::{
    AlertFault, Certificate, DialogueFault, Identity, ListenerFault, Receiver, SmtpFault, TlsFault,
    TlsVersions,
};
use stickler::world::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{ip, name, start_receiver};
use crate::support::wire::{PATIENCE, SILENCE, SmtpLines, any_certificate, is_silent, read_all};

const HOST: &str = "mx.corp.test";

fn receiver(fault: impl Into<SmtpFault>) -> Receiver {
    Receiver::new(name(HOST)).with_fault(fault)
}

fn any() -> std::sync::Arc<rustls::ClientConfig> {
    any_certificate(rustls::ALL_VERSIONS)
}

#[tokio::test]
async fn a_healthy_receiver_offers_starttls_and_takes_a_message() {
    for (versions, tls) in [
        (Some(TlsVersions::Tls12), Some("TLSv1.2")),
        (Some(TlsVersions::Tls13), Some("TLSv1.3")),
        (None, None),
    ] {
        let healthy = Receiver {
            versions: versions.unwrap_or_default(),
            ..Receiver::new(name(HOST))
        };
        let (world, to) = start_receiver(healthy).await;
        let mut lines = SmtpLines::connect(to).await;
        assert_eq!(lines.reply().await, "220 mx.corp.test ESMTP\r\n");
        assert!(lines.say("EHLO ").await.starts_with("501"));
        let offer = lines.say("EHLO outer.test of mine").await;
        assert_eq!(
            offer,
            "250-mx.corp.test\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n"
        );
        if tls.is_some() {
            let mut lines = lines.start_tls(HOST, any()).await.unwrap();
            assert!(lines.say("MAIL FROM:<a@b.test>").await.starts_with("503"));
            assert!(!lines.say("EHLO inner.test").await.contains("STARTTLS"));
            send_messages(&mut lines).await;
        } else {
            send_messages(&mut lines).await;
        }
        let address = ip("192.0.2.25");
        let received: Vec<_> = world
            .drain_history()
            .into_iter()
            .filter(|request| matches!(request, Request::SmtpReceived { .. }))
            .collect();
        let message = |mail_from: &str, rcpt_to: &[&str], data: &str| Request::SmtpReceived {
            server: HOST.to_owned(),
            address,
            tls: tls.map(str::to_owned),
            helo: if tls.is_some() {
                "inner.test"
            } else {
                "outer.test"
            }
            .to_owned(),
            mail_from: mail_from.to_owned(),
            rcpt_to: rcpt_to.iter().map(|to| (*to).to_owned()).collect(),
            data: data.as_bytes().to_vec(),
        };
        assert_eq!(
            received,
            [
                message(
                    "a@b.test",
                    &["x@corp.test", "y@corp.test"],
                    "Subject: 1\r\n\r\n.dot\r\n"
                ),
                message("", &["x@corp.test"], "2\r\n"),
            ],
            "{tls:?}"
        );
        assert_eq!(world.unannounced(), []);
        world.shutdown().await.unwrap();
    }
}

/// Sends two messages in one session: one from somebody to two, one from the null sender.
async fn send_messages<S>(lines: &mut SmtpLines<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    for (line, code) in [
        ("RCPT TO:<x@corp.test>", "503"),
        ("DATA", "503"),
        ("MAIL FROM:a@b.test", "501"),
        ("MAIL FROM:<a@b.test> SIZE=100 BODY=8BITMIME", "250"),
        ("RCPT TO:<>", "501"),
        ("RCPT TO:<x@corp.test> NOTIFY=NEVER", "250"),
        ("rcpt to:<y@corp.test>", "250"),
        ("DATA", "354"),
        ("Subject: 1\r\n\r\n..dot\r\n.", "250"),
        ("MAIL FROM:<lost@b.test>", "250"),
        ("RSET", "250"),
        ("MAIL FROM:<>", "250"),
        ("RCPT TO:<x@corp.test>", "250"),
        ("DATA", "354"),
        ("2\r\n.", "250"),
        ("NOOP", "250"),
        ("BDAT 3", "500"),
        ("QUIT", "221"),
    ] {
        let reply = lines.say(line).await;
        assert_eq!(&reply[..3], code, "{line}: {reply}");
    }
}

#[tokio::test]
async fn every_fault_in_the_dialogue_shows_on_the_wire() {
    use DialogueFault as Fault;

    for fault in Fault::ALL {
        let receiver = Receiver {
            pace: Duration::from_millis(1),
            ..receiver(*fault)
        };
        let (world, to) = start_receiver(receiver).await;
        let mut lines = SmtpLines::connect(to).await;
        if matches!(fault, Fault::EndlessLine | Fault::EndlessReply) {
            assert_endless(*fault, &mut lines.0).await;
            world.shutdown().await.unwrap();
            continue;
        }
        let mut codes = vec![lines.reply().await];
        for line in [
            "EHLO client.test",
            "STARTTLS",
            "MAIL FROM:<a@b.test>",
            "RCPT TO:<x@corp.test>",
            "DATA",
            "text\r\n.",
        ] {
            let refused = codes
                .last()
                .is_some_and(|reply| reply.starts_with(['4', '5']));
            let carries_on = line == "MAIL FROM:<a@b.test>";
            if refused && !carries_on {
                break;
            }
            if line == "STARTTLS" && !starttls_is_the_matter(*fault) {
                continue;
            }
            codes.push(lines.say(line).await);
            if codes.last().is_some_and(String::is_empty) {
                codes.pop();
                break;
            }
            if codes.last().is_some_and(|reply| reply.starts_with("220")) {
                break;
            }
        }
        let codes: Vec<_> = codes.iter().map(|reply| &reply[..3]).collect();
        let expected = match fault {
            Fault::StarttlsAbsent | Fault::StarttlsStripped => "220 250 500 250 250 354 250",
            Fault::Starttls454 => "220 250 454 250 250 354 250",
            Fault::Starttls554 => "220 250 554 250 250 354 250",
            Fault::Starttls250 => "220 250 250 250 250 354 250",
            Fault::InjectedSameSegment | Fault::InjectedLater => "220 250 220",
            Fault::Greeting421 => "421",
            Fault::Greeting554 => "554",
            Fault::Tarpit | Fault::GreetingMultiline => "220 250 250 250 354 250",
            Fault::EhloClose => "220",
            Fault::Ehlo502 | Fault::Ehlo502Silence => "220 502",
            Fault::Greylist => "220 250 250 450",
            Fault::Reject => "220 250 250 550",
            Fault::MessageDeferred => "220 250 250 250 354 451",
            Fault::MessageRejected => "220 250 250 250 354 554",
            Fault::EndlessLine | Fault::EndlessReply => unreachable!("they came before"),
        };
        assert_eq!(codes.join(" "), expected, "{fault}");
        let received = world
            .drain_history()
            .iter()
            .any(|request| matches!(request, Request::SmtpReceived { .. }));
        assert_eq!(received, expected.ends_with("354 250"), "{fault}");
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_receiver_that_greylists_takes_who_named_the_recipient_before() {
    let (world, to) = start_receiver(receiver(DialogueFault::Greylist)).await;
    for (from, recipient, code) in [
        ("a@b.test", "x@corp.test", "450"),
        ("a@b.test", "y@corp.test", "450"),
        ("", "x@corp.test", "450"),
        ("a@b.test", "x@corp.test", "250"),
        ("", "x@corp.test", "250"),
    ] {
        let mut lines = SmtpLines::connect(to).await;
        lines.reply().await;
        lines.say("EHLO client.test").await;
        lines.say(&format!("MAIL FROM:<{from}>")).await;
        let reply = lines.say(&format!("RCPT TO:<{recipient}>")).await;
        assert_eq!(&reply[..3], code, "<{from}> to <{recipient}>: {reply}");
    }
    world.shutdown().await.unwrap();
}

fn starttls_is_the_matter(fault: DialogueFault) -> bool {
    fault.as_str().starts_with("starttls") || fault.as_str().starts_with("injected")
}

async fn assert_endless(fault: DialogueFault, stream: &mut TcpStream) {
    let mut octets = vec![0; 1 << 20];
    stream.read_exact(&mut octets).await.unwrap();
    let line_ends = octets.iter().filter(|octet| **octet == b'\n').count();
    let last_lines = octets.windows(5).filter(|five| five == b"\n220 ").count();
    assert_eq!(line_ends > 0, fault == DialogueFault::EndlessReply);
    assert_eq!(last_lines, 0);
}

#[tokio::test]
async fn an_offer_can_be_absent_or_blanked() {
    for (fault, expected) in [
        (DialogueFault::StarttlsAbsent, None),
        (DialogueFault::StarttlsStripped, Some("250-XXXXXXXX\r\n")),
    ] {
        let (world, to) = start_receiver(receiver(fault)).await;
        let mut lines = SmtpLines::connect(to).await;
        lines.reply().await;
        let offer = lines.say("EHLO client.test").await;
        assert!(!offer.contains("STARTTLS"), "{fault}: {offer}");
        if let Some(expected) = expected {
            assert!(offer.contains(expected), "{fault}: {offer}");
        }
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn injected_replies_come_with_the_220_or_into_the_handshake() {
    let (world, to) = start_receiver(receiver(DialogueFault::InjectedSameSegment)).await;
    let mut lines = SmtpLines::connect(to).await;
    lines.reply().await;
    lines.say("EHLO client.test").await;
    assert!(lines.say("STARTTLS").await.starts_with("220"));
    assert_eq!(lines.reply().await, "250-injected\r\n250 AUTH PLAIN\r\n");
    // A client that believes them can still shake hands: only care helps.
    let config = any();
    crate::support::wire::shake_hands(lines.0, HOST, config)
        .await
        .unwrap();
    world.shutdown().await.unwrap();

    let (world, to) = start_receiver(receiver(DialogueFault::InjectedLater)).await;
    let mut lines = SmtpLines::connect(to).await;
    lines.reply().await;
    lines.say("EHLO client.test").await;
    let error = lines.start_tls(HOST, any()).await.unwrap_err();
    assert!(error.to_string().contains("InvalidContentType"), "{error}");
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_that_takes_250_for_220_gets_its_handshake() {
    let (world, to) = start_receiver(receiver(DialogueFault::Starttls250)).await;
    let mut lines = SmtpLines::connect(to).await;
    lines.reply().await;
    lines.say("EHLO client.test").await;
    assert!(lines.say("STARTTLS").await.starts_with("250"));
    crate::support::wire::shake_hands(lines.0, HOST, any())
        .await
        .unwrap();
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn slow_receivers_are_slow_and_silent_ones_are_silent() {
    // At the default pace, a tarpit says nothing while anybody waits.
    let (world, to) = start_receiver(receiver(DialogueFault::Tarpit)).await;
    assert!(is_silent(&mut TcpStream::connect(to).await.unwrap()).await);
    world.shutdown().await.unwrap();

    let (world, to) = start_receiver(receiver(DialogueFault::GreetingMultiline)).await;
    let mut stream = TcpStream::connect(to).await.unwrap();
    let mut first = [0; 28];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"220-mx.corp.test is coming\r\n");
    assert!(is_silent(&mut stream).await);
    world.shutdown().await.unwrap();

    let (world, to) = start_receiver(receiver(DialogueFault::Ehlo502Silence)).await;
    let mut lines = SmtpLines::connect(to).await;
    lines.reply().await;
    lines.say("EHLO client.test").await;
    lines.0.write_all(b"QUIT\r\n").await.unwrap();
    assert!(is_silent(&mut lines.0).await);
    world.shutdown().await.unwrap();

    let (world, to) = start_receiver(receiver(ListenerFault::Silence)).await;
    assert!(is_silent(&mut TcpStream::connect(to).await.unwrap()).await);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn ports_can_be_closed_swallow_or_reset() {
    let (world, to) = start_receiver(receiver(ListenerFault::Refused)).await;
    let error = TcpStream::connect(to).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(world.drain_history(), []);
    world.shutdown().await.unwrap();

    let (world, to) = start_receiver(receiver(ListenerFault::Blackhole)).await;
    let connect = tokio::time::timeout(SILENCE, TcpStream::connect(to)).await;
    assert!(connect.is_err(), "{connect:?}");
    assert_eq!(world.drain_history(), []);
    world.shutdown().await.unwrap();

    let (world, to) = start_receiver(receiver(ListenerFault::Reset)).await;
    let mut stream = TcpStream::connect(to).await.unwrap();
    let (_octets, end) = read_all(&mut stream).await;
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_fault_of_the_handshake_shows_on_the_wire() {
    let handshakes = TlsFault::ALL.iter().map(|fault| SmtpFault::from(*fault));
    let alerts = AlertFault::ALL.iter().map(|fault| SmtpFault::from(*fault));
    for fault in handshakes.chain(alerts) {
        let (world, to) = start_receiver(receiver(fault)).await;
        let mut lines = SmtpLines::connect(to).await;
        lines.reply().await;
        lines.say("EHLO client.test").await;
        let is_silence = fault == TlsFault::HandshakeSilence.into();
        let patience = if is_silence { SILENCE } else { PATIENCE };
        let hands = tokio::time::timeout(patience, lines.start_tls(HOST, any())).await;
        let seen = match hands {
            Ok(Ok(_)) => "hands shaken".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "silence".to_owned(),
        };
        let expected = match fault {
            SmtpFault::Alert(alert) => &format!("{:?}", AlertDescription::from(alert.number())),
            SmtpFault::Tls(TlsFault::Tls10Only | TlsFault::Tls11Only) => {
                "ServerDoesNotSupportTls12Or13"
            }
            SmtpFault::Tls(TlsFault::LargeHelloRefused) => "InternalError",
            SmtpFault::Tls(TlsFault::HandshakeReset) => "reset",
            SmtpFault::Tls(TlsFault::HandshakeClose) => "eof",
            SmtpFault::Tls(TlsFault::HandshakeSilence) => "silence",
            SmtpFault::Tls(TlsFault::NotTls) => "InvalidContentType",
            SmtpFault::Listener(_) | SmtpFault::Dialogue(_) => unreachable!("none is listed"),
        };
        assert!(
            seen.to_lowercase().contains(&expected.to_lowercase()),
            "{fault}: {seen}"
        );
        let handshake = Request::SmtpHandshake {
            server: HOST.to_owned(),
            address: ip("192.0.2.25"),
            sni: Some(HOST.to_owned()),
        };
        assert!(world.drain_history().contains(&handshake), "{fault}");
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_receiver_without_a_certificate_for_the_name_refuses_the_handshake() {
    let picky = Receiver {
        identity: Identity {
            by_name: [(HOST.to_owned(), vec![Certificate::new([HOST])])].into(),
            default: Vec::new(),
        },
        ..Receiver::new(name(HOST))
    };
    let (world, to) = start_receiver(picky).await;
    for (name, is_ok) in [(HOST, true), ("192.0.2.25", false)] {
        let mut lines = SmtpLines::connect(to).await;
        lines.reply().await;
        lines.say("EHLO client.test").await;
        let hands = lines.start_tls(name, any()).await;
        assert_eq!(hands.is_ok(), is_ok, "{name}");
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn more_clients_than_the_plain_server_has_threads_are_served() {
    let (world, to) = start_receiver(Receiver::new(name(HOST))).await;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..80 {
        clients.spawn(async move {
            let mut lines = SmtpLines::connect(to).await;
            lines.reply().await;
            lines.say("EHLO client.test").await;
            let sender = format!("MAIL FROM:<{number}@b.test>");
            for line in [&sender, "RCPT TO:<x@corp.test>", "DATA", "text\r\n."] {
                let reply = lines.say(line).await;
                assert!(reply.starts_with(['2', '3']), "{line}: {reply}");
            }
            lines.say("QUIT").await
        });
    }
    assert_eq!(clients.join_all().await.len(), 80);
    let mut senders: Vec<_> = world
        .drain_history()
        .into_iter()
        .filter_map(|request| match request {
            Request::SmtpReceived { mail_from, .. } => Some(mail_from),
            _ => None,
        })
        .collect();
    senders.sort();
    senders.dedup();
    assert_eq!(senders.len(), 80);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_that_never_ends_its_line_is_cut_off() {
    let (world, to) = start_receiver(Receiver::new(name(HOST))).await;
    let mut lines = SmtpLines::connect(to).await;
    lines.reply().await;
    lines.0.write_all(&[b'x'; 4_000]).await.unwrap();
    let (octets, _end) = read_all(&mut lines.0).await;
    assert_eq!(octets, b"");
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_a_client_sends_after_starttls_in_clear_is_forgotten() {
    let (world, to) = start_receiver(Receiver::new(name(HOST))).await;
    let mut lines = SmtpLines::connect(to).await;
    lines.reply().await;
    lines.say("EHLO client.test").await;
    // In one segment, as an attacker between the two would: RFC 3207, Section 4.2.
    assert!(
        lines
            .say("STARTTLS\r\nEHLO injected.test")
            .await
            .starts_with("220")
    );
    let config = any();
    let stream = crate::support::wire::shake_hands(lines.0, HOST, config).await;
    let mut lines = SmtpLines(stream.unwrap());
    assert!(lines.say("MAIL FROM:<a@b.test>").await.starts_with("503"));
    world.shutdown().await.unwrap();
}
