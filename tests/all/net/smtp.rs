//! Greeting, EHLO, and replies of every shape.

use std::net::SocketAddr;
use std::time::Instant;

use stickler::facts::smtp::{
    Message, Reply, SmtpExchange, SmtpFailureKind, SmtpRequest, SmtpStep, Speaker, TlsUse,
};
use stickler::net::Live;
use stickler::sender::Network;
use stickler::sts::certificate::Roots;
use stickler::sts::transport::{self, Certainty, Transport};

use super::{PATIENT, SHORT, config, live};
use crate::support::script::Server;

pub(super) fn request(tls: TlsUse) -> SmtpRequest {
    SmtpRequest {
        host: "mx.test".parse().unwrap(),
        address: "192.0.2.1".parse().unwrap(),
        tls,
        message: None,
    }
}

pub(super) fn message() -> Message {
    Message {
        mail_from: Some("alice@sender.test".into()),
        rcpt_to: "bob@corp.test".into(),
        content: b"Subject: probe\r\n\r\n.dot\r\nend\r\n".as_slice().into(),
    }
}

pub(super) fn reply(code: u16, lines: &[&str]) -> Reply {
    Reply {
        code,
        lines: lines.iter().map(|line| (*line).into()).collect(),
    }
}

fn impatient(server: SocketAddr) -> Live {
    let mut config = config(server, Roots::none());
    config.deadlines.smtp_command = SHORT;
    Live::new(config).unwrap()
}

/// Runs a session with a server that says these octets when a client connects, and no more.
async fn said(octets: &'static [u8]) -> SmtpExchange {
    let server = Server::start(move |mut talk| async move {
        talk.say(octets).await.rest().await;
    })
    .await;
    let network = impatient(server.address);
    let exchange = network.smtp(&request(TlsUse::Verified)).await;
    server.finish().await;
    exchange
}

pub(super) fn failure(exchange: &SmtpExchange) -> Option<(SmtpFailureKind, SmtpStep)> {
    exchange
        .failure
        .as_ref()
        .map(|failure| (failure.kind, failure.during))
}

#[tokio::test]
async fn a_greeting_that_refuses_us_is_kept_and_answered_with_quit() {
    for code in [421, 554] {
        let server = Server::start(move |mut talk| async move {
            talk.say(format!("{code}-go away\r\n{code} now\r\n")).await;
            talk.expect("QUIT").await;
            talk.say("221 bye\r\n").await.rest().await;
        })
        .await;
        let exchange = live(server.address, Roots::none())
            .smtp(&request(TlsUse::Verified))
            .await;
        server.finish().await;
        assert_eq!(exchange.greeting, Some(reply(code, &["go away", "now"])));
        assert_eq!((&exchange.ehlo, &exchange.failure), (&None, &None));
        let said: Vec<(Speaker, &str)> = exchange
            .transcript
            .iter()
            .map(|line| (line.from, &*line.text))
            .collect();
        assert_eq!(
            said,
            [
                (Speaker::Server, &*format!("{code}-go away")),
                (Speaker::Server, &*format!("{code} now")),
                (Speaker::Client, "QUIT"),
                (Speaker::Server, "221 bye"),
            ]
        );
    }
}

#[tokio::test]
async fn replies_of_odd_shapes_are_taken() {
    for (octets, expected) in [
        (b"220\r\n".as_slice(), reply(220, &[""])),
        (b"220 lf only\n", reply(220, &["lf only"])),
        (b"220 Gr\xfc\xdf Gott\r\n", reply(220, &["Gr?? Gott"])),
        (
            b"220-\r\n220-   \r\n220 \t\r\n",
            reply(220, &["", "   ", " "]),
        ),
        (b"271 odd\r\n", reply(271, &["odd"])),
    ] {
        let started = Instant::now();
        let server = Server::start(move |mut talk| async move {
            talk.say(octets).await;
            let hello = talk.line().await;
            assert_eq!(hello, "EHLO sender.test");
            // The answer has the same shape, and offers nothing.
            let octets = octets.to_vec();
            talk.say(octets).await;
            talk.expect("QUIT").await;
        })
        .await;
        let exchange = live(server.address, Roots::none())
            .smtp(&request(TlsUse::Verified))
            .await;
        server.finish().await;
        let shown = octets.escape_ascii();
        assert_eq!(exchange.greeting.as_ref(), Some(&expected), "{shown}");
        assert_eq!(exchange.ehlo.as_ref(), Some(&expected), "{shown}");
        assert_eq!(exchange.failure, None, "{shown}");
        assert!(started.elapsed() < PATIENT, "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_smtp_ends_the_session() {
    for (octets, expected) in [
        (
            b"HTTP/1.1 400 Bad Request\r\n".as_slice(),
            SmtpFailureKind::Protocol,
        ),
        (b"100 wait\r\n", SmtpFailureKind::Protocol),
        (b"220-a\r\n250 b\r\n", SmtpFailureKind::Protocol),
        (b"354 go on\r\n", SmtpFailureKind::Protocol),
        (b"", SmtpFailureKind::TimedOut),
        (b"220-never", SmtpFailureKind::TimedOut),
        (b"220-never\r\n", SmtpFailureKind::TimedOut),
    ] {
        let exchange = said(octets).await;
        let shown = octets.escape_ascii();
        assert_eq!(
            failure(&exchange),
            Some((expected, SmtpStep::Greeting)),
            "{shown}"
        );
    }
}

/// Runs a session with a server that says these octets when a client connects, and hangs up or breaks off.
async fn cut_off(octets: &'static [u8], reset: bool) -> SmtpExchange {
    let server = Server::start(move |mut talk| async move {
        talk.say(octets).await;
        if reset {
            talk.reset();
        } else {
            talk.close().await;
        }
    })
    .await;
    let exchange = live(server.address, Roots::none())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    exchange
}

#[tokio::test]
async fn a_greeting_that_turns_us_away_counts_in_any_shape() {
    for (octets, expected) in [
        (
            b"220-mx ESMTP\r\n521 5.3.2 blocked\r\n".as_slice(),
            reply(521, &["5.3.2 blocked"]),
        ),
        (
            b"554 5.7.1 your address is listed",
            reply(554, &["5.7.1 your address is listed"]),
        ),
        (
            b"554-listed\r\n554-see https://list.test/\r\n",
            reply(554, &["listed", "see https://list.test/"]),
        ),
        (b"220-mx ESMTP\r\n421 busy", reply(421, &["busy"])),
    ] {
        let exchange = cut_off(octets, false).await;
        let shown = octets.escape_ascii();
        assert_eq!(exchange.greeting.as_ref(), Some(&expected), "{shown}");
        assert_eq!(exchange.failure, None, "{shown}");
        assert_eq!(
            transport::judge(&exchange),
            Transport::RejectedUs(expected),
            "{shown}"
        );
        let said: Vec<&str> = exchange
            .transcript
            .iter()
            .filter(|line| line.from == Speaker::Server)
            .map(|line| &*line.text)
            .collect();
        let octets = String::from_utf8_lossy(octets);
        assert_eq!(said, octets.lines().collect::<Vec<_>>(), "{shown}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_the_greeting_may_be_about_us() {
    for (octets, reset, expected) in [
        (b"".as_slice(), false, SmtpFailureKind::Closed),
        (b"", true, SmtpFailureKind::Reset),
        (b"220-mx ESMTP\r\n", false, SmtpFailureKind::Closed),
        (b"220 half a greeting", false, SmtpFailureKind::Closed),
        (
            b"blocked, see list.test\r\n",
            false,
            SmtpFailureKind::Protocol,
        ),
    ] {
        let exchange = cut_off(octets, reset).await;
        let shown = octets.escape_ascii();
        assert_eq!(
            failure(&exchange),
            Some((expected, SmtpStep::Greeting)),
            "{shown}"
        );
        assert_eq!(
            transport::judge(&exchange).certainty(),
            Certainty::Ours,
            "{shown}"
        );
        let said: Vec<&str> = exchange.transcript.iter().map(|line| &*line.text).collect();
        let octets = String::from_utf8_lossy(octets);
        let lines: Vec<&str> = octets.lines().collect();
        assert_eq!(said, lines, "{shown}");
    }
}

#[tokio::test]
async fn a_session_keeps_no_more_than_the_documented_octets() {
    let server = Server::start(|mut talk| async move {
        let line = |code: u16, separator: &str| format!("{code}{separator}{}\r\n", "x".repeat(960));
        let full = |code| line(code, "-").repeat(16) + &line(code, " ");
        talk.say(full(220)).await.expect("EHLO").await;
        talk.say(full(250)).await.expect("MAIL").await;
        talk.say(full(250)).await.expect("RCPT").await;
        talk.say(full(250)).await.expect("DATA").await;
        talk.say(full(451)).await.expect("QUIT").await;
    })
    .await;
    let mut request = request(TlsUse::Opportunistic);
    request.message = Some(message());
    let exchange = live(server.address, Roots::none()).smtp(&request).await;
    server.finish().await;
    assert_eq!(exchange.failure, None);
    let kept: usize = exchange.transcript.iter().map(|line| line.text.len()).sum();
    let limit = SmtpExchange::MAX_TRANSCRIPT_OCTETS;
    assert!((limit - 2_048..=limit).contains(&kept), "{kept}");
}

#[tokio::test]
async fn a_reply_of_2400_lines_ends_the_session_at_once() {
    let started = Instant::now();
    let server = Server::start(|mut talk| async move {
        talk.say("220 mx.test\r\n").await.expect("EHLO").await;
        talk.say("250-mx.test and thirty more octets\r\n".repeat(2_400))
            .await;
        talk.say("250 end\r\n").await.rest().await;
    })
    .await;
    let exchange = live(server.address, Roots::none())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    assert_eq!(
        failure(&exchange),
        Some((SmtpFailureKind::TooLong, SmtpStep::Ehlo))
    );
    assert!(started.elapsed() < PATIENT / 4, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_line_without_end_ends_the_session_at_once() {
    let (written, mut total) = tokio::sync::watch::channel(0_usize);
    let server = Server::start(move |mut talk| {
        let written = written.clone();
        async move {
            talk.say("220 ").await;
            // Ends when the client hangs up: it has no reason to wait for the deadline.
            while talk.try_say(&[b'x'; 65_536]).await {
                written.send_modify(|written| *written += 65_536);
            }
        }
    })
    .await;
    let started = Instant::now();
    let exchange = live(server.address, Roots::none())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    assert_eq!(
        failure(&exchange),
        Some((SmtpFailureKind::TooLong, SmtpStep::Greeting))
    );
    assert!(started.elapsed() < PATIENT / 4, "{:?}", started.elapsed());
    // What the kernel buffers hold, not what a client reads that waits for a line's end.
    assert!(*total.borrow_and_update() < 64 << 20);
}

#[tokio::test]
async fn a_refused_ehlo_is_kept_though_the_server_is_silent_then() {
    let session = async |code| {
        let started = Instant::now();
        let server = Server::start(move |mut talk| async move {
            talk.say("220 mx.test\r\n").await.expect("EHLO").await;
            talk.say(format!("{code} no\r\n")).await.rest().await;
        })
        .await;
        let exchange = live(server.address, Roots::none())
            .smtp(&request(TlsUse::Verified))
            .await;
        server.finish().await;
        assert_eq!(exchange.ehlo, Some(reply(code, &["no"])));
        assert_eq!(exchange.failure, None);
        assert!(started.elapsed() < PATIENT / 2, "{:?}", started.elapsed());
    };
    tokio::join!(session(502), session(421));
}

#[tokio::test]
async fn the_last_words_of_a_server_that_breaks_off_are_heard() {
    let server = Server::start(|mut talk| async move {
        // EHLO is never read: whether writing it fails is a race that must not matter.
        talk.say("220 mx.test\r\n421 4.7.0 too many connections\r\n")
            .await;
    })
    .await;
    let exchange = live(server.address, Roots::none())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    let expected = reply(421, &["4.7.0 too many connections"]);
    assert_eq!(exchange.ehlo, Some(expected.clone()));
    assert_eq!(transport::judge(&exchange), Transport::RejectedUs(expected));
}

#[tokio::test]
async fn a_server_that_hangs_up_is_told_from_one_that_is_silent() {
    let server = Server::start(|mut talk| async move {
        talk.say("220 mx.test\r\n").await.expect("EHLO").await;
    })
    .await;
    let exchange = live(server.address, Roots::none())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    assert_eq!(
        failure(&exchange),
        Some((SmtpFailureKind::Closed, SmtpStep::Ehlo))
    );

    let server = Server::start(|mut talk| async move {
        talk.say("220 mx.test\r\n").await.expect("EHLO").await;
        talk.reset();
    })
    .await;
    let exchange = live(server.address, Roots::none())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    assert_eq!(
        failure(&exchange),
        Some((SmtpFailureKind::Reset, SmtpStep::Ehlo))
    );
}
