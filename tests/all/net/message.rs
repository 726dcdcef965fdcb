//! The message: where it goes through, in which words, and what is not sent.

use stickler::facts::smtp::{Message, MessageExchange, SmtpFailureKind, SmtpStep, TlsUse};
use stickler::sender::Network;
use stickler::sts::certificate::Roots;
use stickler::sts::transport::{self, Transport};

use super::live;
use super::smtp::{failure, message, reply, request};
use crate::support::pki::Pki;
use crate::support::script::{Server, Talk};

/// Takes one message over a talk after EHLO; returns the lines of its content.
async fn take_message<S>(talk: &mut Talk<S>) -> Vec<String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    talk.expect("RCPT TO:<bob@corp.test>").await;
    talk.say("250 ok\r\n").await.expect("DATA").await;
    talk.say("354 go on\r\n").await;
    let mut lines = Vec::new();
    loop {
        match talk.line().await.as_str() {
            "." => break,
            line => lines.push(line.to_owned()),
        }
    }
    talk.say("250 queued\r\n").await.expect("QUIT").await;
    talk.say("221 bye\r\n").await.rest().await;
    lines
}

#[tokio::test]
async fn a_message_goes_through_the_verified_session() {
    let pki = Pki::new();
    let tls = pki.server("mx.test", (2020, 2040));
    for (sender, mail) in [
        (Some("alice@sender.test"), "MAIL FROM:<alice@sender.test>"),
        (None, "MAIL FROM:<>"),
    ] {
        let server = Server::start({
            let tls = tls.clone();
            move |talk| {
                let tls = tls.clone();
                async move {
                    let talk = talk.up_to_starttls("220 go\r\n").await;
                    let mut talk = talk.tls(&tls).await.unwrap();
                    talk.expect("EHLO sender.test").await;
                    talk.say("250-mx.test\r\n250 8BITMIME\r\n").await;
                    assert_eq!(talk.line().await, mail);
                    talk.say("250 ok\r\n").await;
                    let lines = take_message(&mut talk).await;
                    assert_eq!(lines, ["Subject: probe", "", "..dot", "end"]);
                }
            }
        })
        .await;
        let mut request = request(TlsUse::Verified);
        request.message = Some(Message {
            mail_from: sender.map(Into::into),
            ..message()
        });
        let exchange = live(server.address, pki.roots()).smtp(&request).await;
        server.finish().await;
        let ok = Some(reply(250, &["ok"]));
        assert_eq!(
            exchange.delivery,
            Some(MessageExchange {
                mail: ok.clone(),
                rcpt: ok,
                data: Some(reply(354, &["go on"])),
                end_of_data: Some(reply(250, &["queued"])),
            })
        );
        assert_eq!(exchange.failure, None);
        assert!(matches!(
            transport::judge(&exchange),
            Transport::Accepted(_)
        ));
        let is_said = |text: &str| exchange.transcript.iter().any(|line| &*line.text == text);
        assert!(
            is_said("(message, 29 octets)") && is_said("QUIT"),
            "{exchange:?}"
        );
    }
}

#[tokio::test]
async fn a_server_without_ehlo_gets_a_message_after_helo_unless_tls_is_a_must() {
    for (tls_use, has_message, code) in [
        (TlsUse::Opportunistic, true, 500),
        (TlsUse::Opportunistic, true, 502),
        (TlsUse::Opportunistic, true, 550),
        (TlsUse::Opportunistic, false, 502),
        (TlsUse::Verified, true, 502),
    ] {
        let falls_back = tls_use == TlsUse::Opportunistic && has_message && code != 550;
        let server = Server::start(move |mut talk| async move {
            talk.say("220 mx.test\r\n").await.expect("EHLO").await;
            talk.say(format!("{code}-what?\r\n{code} STARTTLS\r\n"))
                .await;
            if !falls_back {
                talk.expect("QUIT").await;
                return;
            }
            assert_eq!(talk.line().await, "HELO sender.test");
            talk.say("250 mx.test\r\n").await.expect("MAIL").await;
            talk.say("250 ok\r\n").await;
            take_message(&mut talk).await;
        })
        .await;
        let mut request = request(tls_use);
        request.message = has_message.then(message);
        let exchange = live(server.address, Roots::none()).smtp(&request).await;
        server.finish().await;
        let shown = format!("{tls_use:?}, {code}, message: {has_message}");
        assert_eq!(exchange.ehlo, Some(reply(code, &["what?", "STARTTLS"])));
        let delivered = exchange
            .delivery
            .as_ref()
            .is_some_and(|delivery| delivery.is_delivered());
        assert_eq!(delivered, falls_back, "{shown}");
        assert_eq!(exchange.failure, None, "{shown}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_message_is_a_reply_not_a_failure() {
    let server = Server::start(|mut talk| async move {
        talk.say("220 mx.test\r\n").await.expect("EHLO").await;
        talk.say("250 mx.test\r\n").await.expect("MAIL").await;
        talk.say("250 ok\r\n").await.expect("RCPT").await;
        talk.say("450 4.2.0 greylisted\r\n")
            .await
            .expect("QUIT")
            .await;
    })
    .await;
    let mut request = request(TlsUse::Opportunistic);
    request.message = Some(message());
    let exchange = live(server.address, Roots::none()).smtp(&request).await;
    server.finish().await;
    assert_eq!(exchange.failure, None);
    let delivery = exchange.delivery.unwrap();
    assert_eq!(
        delivery.decisive(),
        Some(&reply(450, &["4.2.0 greylisted"]))
    );
}

#[tokio::test]
async fn what_cannot_be_said_in_an_envelope_is_not_sent() {
    for (rcpt_to, content) in [
        ("bob@corp.test>\r\nRCPT TO:<eve@corp.test", "a\r\n"),
        ("no address", "a\r\n"),
        ("böb@corp.test", "a\r\n"),
        ("bob@corp.test", "ä\r\n"),
    ] {
        let server = Server::start(|mut talk| async move {
            talk.say("220 mx.test\r\n").await.expect("EHLO").await;
            talk.say("250 mx.test\r\n").await.expect("QUIT").await;
        })
        .await;
        let mut request = request(TlsUse::Opportunistic);
        request.message = Some(Message {
            mail_from: None,
            rcpt_to: rcpt_to.into(),
            content: content.as_bytes().into(),
        });
        let exchange = live(server.address, Roots::none()).smtp(&request).await;
        server.finish().await;
        assert_eq!(
            failure(&exchange),
            Some((SmtpFailureKind::Protocol, SmtpStep::Message)),
            "{rcpt_to}"
        );
        assert_eq!(exchange.delivery, None, "{rcpt_to}");
    }
}
