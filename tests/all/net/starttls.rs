//! STARTTLS: injection, replies other than 220, handshakes that fail, and what is believed after them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use stickler::facts::UnixTime;
use stickler::facts::certificate::CertificateFault;
use stickler::facts::smtp::{SmtpExchange, SmtpRequest, TlsFailureKind, TlsUse};
use stickler::facts::tls::{Alert, AlertReceived, SmallerHello};
use stickler::net::Live;
use stickler::sender::Network;
use stickler::sts::certificate::Roots;
use stickler::sts::transport::{self, Transport, TransportFault};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::smtp::{message, reply, request};
use super::{SHORT, config, live};
use crate::support::pki::{Key, Pki};
use crate::support::script::{Server, Talk};

/// A server's hello of TLS 1.0 or 1.1: its record, and what chooses the version.
fn old_hello(minor: u8) -> Vec<u8> {
    let mut octets = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, minor];
    octets.extend([7; 32]);
    octets.extend([0, 0, 0x2f, 0]);
    octets
}

/// What a server does where its part of the handshake should stand.
#[derive(Clone)]
enum Instead {
    Say(Vec<u8>),
    Close,
    Reset,
    Silence,
}

async fn handshake(instead: Instead) -> SmtpExchange {
    let server = Server::start(move |talk| {
        let instead = instead.clone();
        async move {
            let mut talk = talk.up_to_starttls("220 go\r\n").await;
            let hello = talk.some().await;
            assert_eq!(hello.first(), Some(&22), "no TLS record");
            match instead {
                Instead::Say(octets) => talk.say(octets).await.rest().await,
                Instead::Close => {
                    // The rest of the hello has to be read, or the system sends an RST.
                    talk.close().await;
                }
                Instead::Reset => talk.reset(),
                Instead::Silence => talk.rest().await,
            }
        }
    })
    .await;
    let mut config = config(server.address, Roots::none());
    config.deadlines.smtp_command = SHORT;
    let exchange = Live::new(config)
        .unwrap()
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    exchange
}

#[tokio::test]
async fn handshakes_that_fail_are_told_apart() {
    let alert = |number| Instead::Say(vec![21, 3, 1, 0, 2, 2, number]);
    let once = |number| TlsFailureKind::Alert(AlertReceived::once(Alert(number)));
    for (what, instead, expected) in [
        (
            "TLS 1.0",
            Instead::Say(old_hello(1)),
            TlsFailureKind::OldVersion,
        ),
        (
            "TLS 1.1",
            Instead::Say(old_hello(2)),
            TlsFailureKind::OldVersion,
        ),
        ("alert 70", alert(70), TlsFailureKind::OldVersion),
        ("alert 40", alert(40), once(40)),
        ("alert 112", alert(112), once(112)),
        (
            "alert 80, twice",
            alert(80),
            TlsFailureKind::Alert(AlertReceived {
                alert: Alert(80),
                smaller_hello: SmallerHello::Alert(Alert(80)),
            }),
        ),
        (
            // The head of a message of 128 KiB, and the beginning of it.
            "a chain that is too long",
            Instead::Say(vec![22, 3, 3, 0, 8, 2, 2, 0, 0, 3, 3, 0, 0]),
            TlsFailureKind::NoCommonParameters,
        ),
        (
            "noise",
            Instead::Say(vec![0xff; 64]),
            TlsFailureKind::Protocol,
        ),
        ("close", Instead::Close, TlsFailureKind::Closed),
        ("reset", Instead::Reset, TlsFailureKind::Reset),
        ("silence", Instead::Silence, TlsFailureKind::TimedOut),
    ] {
        let exchange = handshake(instead).await;
        let tls = exchange.tls.unwrap();
        assert_eq!(tls.certificate, None, "{what}");
        assert_eq!(tls.outcome.unwrap_err().kind, expected, "{what}");
        assert_eq!(
            (exchange.injected, exchange.failure),
            (None, None),
            "{what}"
        );
    }
}

#[tokio::test]
async fn octets_in_the_segment_of_the_reply_are_an_injection() {
    for tls_use in [TlsUse::Verified, TlsUse::Opportunistic] {
        let server = Server::start(|talk| async move {
            let reply = "220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n";
            let mut talk = talk.up_to_starttls(reply).await;
            assert_eq!(talk.some().await, b"", "nothing may be said after it");
        })
        .await;
        let mut request = request(tls_use);
        request.message = Some(message());
        let exchange = live(server.address, Roots::none()).smtp(&request).await;
        server.finish().await;
        let injected = b"250-injected\r\n250 AUTH PLAIN\r\n".as_slice();
        assert_eq!(exchange.injected.as_deref(), Some(injected));
        assert_eq!(exchange.starttls, Some(reply(220, &["go"])));
        assert_eq!((&exchange.tls, &exchange.delivery), (&None, &None));
        assert_eq!(
            transport::judge(&exchange),
            Transport::Refused(vec![TransportFault::Injected])
        );
    }
}

#[tokio::test]
async fn octets_in_a_later_segment_are_an_injection_too() {
    for tls_use in [TlsUse::Verified, TlsUse::Opportunistic] {
        let server = Server::start(|talk| async move {
            let mut talk = talk.up_to_starttls("220 go\r\n").await;
            assert_eq!(talk.some().await.first(), Some(&22));
            talk.say("250-injected\r\n250 AUTH PLAIN\r\n")
                .await
                .rest()
                .await;
        })
        .await;
        let mut request = request(tls_use);
        request.message = Some(message());
        let exchange = live(server.address, Roots::none()).smtp(&request).await;
        server.finish().await;
        let injected = b"250-injected\r\n250 AUTH PLAIN\r\n".as_slice();
        assert_eq!(exchange.injected.as_deref(), Some(injected));
        assert_eq!(exchange.ehlo_after_tls, None);
        assert_eq!(exchange.delivery, None);
        assert_eq!(
            transport::judge(&exchange),
            Transport::Refused(vec![TransportFault::Injected])
        );
    }
}

#[tokio::test]
async fn only_220_starts_tls() {
    for code in [250, 221, 454, 554] {
        let server = Server::start(move |talk| async move {
            let mut talk = talk.up_to_starttls(format!("{code} no\r\n")).await;
            talk.expect("QUIT").await;
        })
        .await;
        let exchange = live(server.address, Roots::none())
            .smtp(&request(TlsUse::Verified))
            .await;
        server.finish().await;
        assert_eq!(exchange.starttls, Some(reply(code, &["no"])));
        assert_eq!((exchange.tls, exchange.failure), (None, None), "{code}");
    }
}

#[tokio::test]
async fn what_was_offered_before_tls_is_forgotten() {
    let pki = Pki::new();
    let tls = pki.server("mx.test", (2020, 2040));
    let server = serve_tls(&tls, "250-mx.test\r\n250 SIZE 1000\r\n").await;
    let exchange = live(server.address, pki.roots())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    let after = exchange.ehlo_after_tls.as_ref().unwrap();
    assert!(after.has_keyword("size") && !after.has_keyword("STARTTLS"));
    let session = exchange.tls.as_ref().unwrap().outcome.as_ref().unwrap();
    assert_eq!(&*session.version, "TLSv1.3");
    assert!(session.cipher_suite.starts_with("TLS_"), "{session:?}");
    assert!(matches!(
        transport::judge(&exchange),
        Transport::Accepted(_)
    ));
}

/// Serves any number of sessions with a full dialogue inside TLS.
async fn serve_tls(tls: &Arc<ServerConfig>, ehlo: &'static str) -> Server {
    let tls = Arc::clone(tls);
    Server::start(move |talk: Talk<TcpStream>| {
        let tls = Arc::clone(&tls);
        async move {
            let talk = talk.up_to_starttls("220 go\r\n").await;
            let Some(mut talk) = talk.tls(&tls).await else {
                return;
            };
            talk.expect("EHLO sender.test").await;
            talk.say(ehlo).await.expect("QUIT").await;
            talk.say("221 bye\r\n").await.rest().await;
        }
    })
    .await
}

#[tokio::test]
async fn tls_1_2_is_enough() {
    let pki = Pki::new();
    let versions = &[&rustls::version::TLS12];
    let tls = pki.server_with("mx.test", (2020, 2040), Key::Own, versions);
    let server = serve_tls(&tls, "250 mx.test\r\n").await;
    let exchange = live(server.address, pki.roots())
        .smtp(&request(TlsUse::Verified))
        .await;
    server.finish().await;
    let session = exchange.tls.unwrap().outcome.unwrap();
    assert_eq!(&*session.version, "TLSv1.2");
}

#[tokio::test]
async fn every_connection_is_verified_anew() {
    for versions in [&[&rustls::version::TLS13], &[&rustls::version::TLS12]] {
        let pki = Pki::new();
        // rustls' server hands out sessions to resume unless told otherwise.
        let tls = pki.server_with("mx.test", (2020, 2027), Key::Own, versions);
        let server = serve_tls(&tls, "250 mx.test\r\n").await;
        let config = config(server.address, pki.roots());
        let clock = config.clock.clone();
        let network = Live::new(config).unwrap();
        for _ in 0..2 {
            let exchange = network.smtp(&request(TlsUse::Verified)).await;
            let certificate = exchange.tls.unwrap().certificate;
            assert_eq!(certificate.expect("it was verified").faults, []);
        }
        let expiry: UnixTime = "2027-01-01T00:00:01Z".parse().unwrap();
        clock.advance_to(expiry);
        let exchange = network.smtp(&request(TlsUse::Verified)).await;
        server.finish().await;
        let tls = exchange.tls.unwrap();
        assert_eq!(
            tls.outcome.unwrap_err().kind,
            TlsFailureKind::CertificateRefused
        );
    }
}

#[tokio::test]
async fn a_refused_certificate_is_kept_with_all_its_faults() {
    let pki = Pki::new();
    let tls = pki.server("other.test", (2020, 2021));
    let server = serve_tls(&tls, "250 mx.test\r\n").await;
    let network = live(server.address, Pki::new().roots());
    let exchange = network.smtp(&request(TlsUse::Verified)).await;
    let seen = exchange.tls.unwrap();
    assert_eq!(
        seen.outcome.unwrap_err().kind,
        TlsFailureKind::CertificateRefused
    );
    let certificate = seen.certificate.unwrap();
    assert_eq!(certificate.chain.len(), 1);
    assert_eq!(certificate.dns_names(), ["other.test".into()]);
    assert_eq!(certificate.faults.len(), 3, "{:?}", certificate.faults);

    // Without a policy the same certificate does, and is known all the same.
    let exchange = network.smtp(&request(TlsUse::Opportunistic)).await;
    server.finish().await;
    let seen = exchange.tls.unwrap();
    assert!(seen.outcome.is_ok());
    assert_eq!(seen.certificate.unwrap(), certificate);
    assert_eq!(exchange.ehlo_after_tls, Some(reply(250, &["mx.test"])));
}

#[tokio::test]
async fn a_signature_that_does_not_stand_is_a_fault_of_the_certificate() {
    for versions in [&[&rustls::version::TLS13], &[&rustls::version::TLS12]] {
        let pki = Pki::new();
        let tls = pki.server_with("mx.test", (2020, 2040), Key::Another, versions);
        let server = serve_tls(&tls, "250 mx.test\r\n").await;
        let network = live(server.address, pki.roots());
        for (tls_use, expected) in [
            (TlsUse::Verified, Some(TlsFailureKind::CertificateRefused)),
            (TlsUse::Opportunistic, None),
        ] {
            let seen = network.smtp(&request(tls_use)).await.tls.unwrap();
            let failure = seen.outcome.err().map(|failure| failure.kind);
            assert_eq!(failure, expected, "{tls_use:?}");
            let faults = seen.certificate.unwrap().faults;
            assert!(
                matches!(faults.as_slice(), [CertificateFault::BadChain { .. }]),
                "{faults:?}"
            );
        }
        server.finish().await;
    }
}

#[tokio::test]
async fn sni_is_the_mx_host_and_an_address_is_none() {
    let (names, mut seen) = mpsc::unbounded_channel();
    let pki = Pki::new();
    let tls = pki.server("mx.test", (2020, 2040));
    let server = Server::start(move |talk| {
        let tls = Arc::clone(&tls);
        let names = names.clone();
        async move {
            let talk = talk.up_to_starttls("220 go\r\n").await;
            if let Some(mut talk) = talk.tls(&tls).await {
                let (_, connection) = talk.stream().get_ref();
                names
                    .send(connection.server_name().map(str::to_owned))
                    .unwrap();
                talk.rest().await;
            }
        }
    })
    .await;
    let mut config = config(server.address, pki.roots());
    config.deadlines.smtp_command = SHORT;
    let network = Live::new(config).unwrap();
    for (host, expected) in [
        ("mx.test", Some("mx.test")),
        ("_mx.test", Some("_mx.test")),
        ("192.0.2.1", None),
    ] {
        let exchange = network
            .smtp(&SmtpRequest {
                host: host.parse().unwrap(),
                ..request(TlsUse::Opportunistic)
            })
            .await;
        assert_eq!(seen.recv().await.unwrap().as_deref(), expected, "{host}");
        let faults = exchange.tls.unwrap().certificate.unwrap().faults;
        assert_eq!(faults.is_empty(), host == "mx.test", "{host}: {faults:?}");
    }
    server.finish().await;
}

/// Delivers to a server that does `first` on its first connection and takes mail on the next, up to RCPT.
async fn deliver<F, R>(tls_use: TlsUse, first: F) -> (SmtpExchange, usize)
where
    F: Fn(Talk<TcpStream>) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send,
{
    let connections = Arc::new(AtomicUsize::new(0));
    let first = Arc::new(first);
    let server = Server::start({
        let connections = Arc::clone(&connections);
        move |mut talk| {
            let first = Arc::clone(&first);
            let earlier = connections.fetch_add(1, Ordering::SeqCst);
            async move {
                if earlier == 0 {
                    return first(talk).await;
                }
                talk.say("220 mx.test\r\n").await.expect("EHLO").await;
                talk.say("250-mx.test\r\n250 STARTTLS\r\n").await;
                take_mail(&mut talk).await;
            }
        }
    })
    .await;
    let mut request = request(tls_use);
    request.message = Some(message());
    let exchange = live(server.address, Roots::none()).smtp(&request).await;
    server.finish().await;
    (exchange, connections.load(Ordering::SeqCst))
}

async fn take_mail(talk: &mut Talk<TcpStream>) {
    talk.expect("MAIL").await;
    talk.say("250 ok\r\n").await.expect("RCPT").await;
    talk.say("550 enough\r\n").await.expect("QUIT").await;
}

#[tokio::test]
async fn without_a_policy_a_message_goes_in_clear_text_where_tls_fails() {
    let (exchange, connections) = deliver(TlsUse::Opportunistic, |talk| async move {
        let mut talk = talk.up_to_starttls("220 go\r\n").await;
        talk.some().await;
        talk.say(old_hello(1)).await.rest().await;
    })
    .await;
    assert_eq!(connections, 2);
    let failure = exchange.tls.unwrap().outcome.unwrap_err();
    assert_eq!(failure.kind, TlsFailureKind::OldVersion);
    assert_eq!(exchange.starttls, Some(reply(220, &["go"])));
    let delivery = exchange.delivery.unwrap();
    assert_eq!(delivery.decisive(), Some(&reply(550, &["enough"])));

    for (answer, expected) in [("250 ok?\r\n", 2), ("454 not now\r\n", 1)] {
        let (exchange, connections) = deliver(TlsUse::Opportunistic, move |talk| async move {
            let mut talk = talk.up_to_starttls(answer).await;
            if answer.starts_with('4') {
                take_mail(&mut talk).await;
            } else {
                talk.expect("QUIT").await;
            }
        })
        .await;
        assert_eq!(connections, expected, "{answer:?}");
        let delivery = exchange.delivery.unwrap();
        assert_eq!(
            delivery.decisive(),
            Some(&reply(550, &["enough"])),
            "{answer:?}"
        );
    }

    let (exchange, connections) = deliver(TlsUse::Opportunistic, |mut talk| async move {
        talk.say("220 mx.test\r\n").await.expect("EHLO").await;
        talk.say("250 mx.test\r\n").await;
        take_mail(&mut talk).await;
    })
    .await;
    assert_eq!((connections, exchange.starttls), (1, None));
    assert!(exchange.delivery.is_some());
}

#[tokio::test]
async fn under_a_policy_nothing_goes_in_clear_text() {
    let (exchange, connections) = deliver(TlsUse::Verified, |talk| async move {
        let mut talk = talk.up_to_starttls("220 go\r\n").await;
        talk.some().await;
        talk.say(old_hello(1)).await.rest().await;
    })
    .await;
    assert_eq!((connections, exchange.delivery), (1, None));
    for answer in ["250 ok?\r\n", "454 not now\r\n", "554 never\r\n"] {
        let (exchange, connections) = deliver(TlsUse::Verified, move |talk| async move {
            talk.up_to_starttls(answer).await.expect("QUIT").await;
        })
        .await;
        assert_eq!((connections, exchange.delivery), (1, None), "{answer:?}");
    }
    let (exchange, connections) = deliver(TlsUse::Verified, |mut talk| async move {
        talk.say("220 mx.test\r\n").await.expect("EHLO").await;
        talk.say("250 mx.test\r\n").await.expect("QUIT").await;
    })
    .await;
    assert_eq!((connections, exchange.delivery), (1, None));

    let pki = Pki::new();
    let tls = pki.server("other.test", (2020, 2040));
    let (exchange, connections) = deliver(TlsUse::Verified, move |talk| {
        let tls = Arc::clone(&tls);
        async move {
            let talk = talk.up_to_starttls("220 go\r\n").await;
            if let Some(mut talk) = talk.tls(&tls).await {
                // In TLS 1.3 the server is done before the client refuses.
                assert_eq!(talk.some().await, b"", "nothing may be said inside it");
            }
        }
    })
    .await;
    assert_eq!((connections, exchange.delivery), (1, None));
    assert_eq!(exchange.ehlo_after_tls, None);
}
