//! The policy fetch: what is asked, what is followed, and where it stops.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stickler::clock::Clock;
use stickler::facts::UnixTime;
use stickler::facts::certificate::CertificateFault;
use stickler::facts::http::{BodyEnd, Headers, HttpExchange, HttpFailureKind, HttpResponse};
use stickler::facts::tls::{Alert, AlertReceived, SmallerHello};
use stickler::net::routes::Routes;
use stickler::net::{Live, LiveConfig};
use stickler::sender::Network;
use stickler::sts::certificate::Roots;
use tokio::sync::mpsc;

use super::{SHORT, config};
use crate::support::pki::Pki;
use crate::support::script::Server;

pub(super) const HOST: &str = "mta-sts.corp.test";

const BODY: &[u8] = b"version: STSv1\nmode: none\nmax_age: 1\n";

pub(super) fn edge() -> IpAddr {
    "192.0.2.10".parse().unwrap()
}

/// Fetches from a server that answers any request with these octets and hangs up.
async fn fetch(answer: &[u8], adjust: impl FnOnce(&mut LiveConfig)) -> HttpExchange {
    let pki = Pki::new();
    let tls = pki.server(HOST, (2020, 2040));
    let answer: Arc<[u8]> = answer.into();
    let server = Server::start(move |talk| {
        let (tls, answer) = (Arc::clone(&tls), Arc::clone(&answer));
        async move {
            let mut talk = talk.tls(&tls).await.expect("the certificate is good");
            while !talk.line().await.is_empty() {}
            talk.say(&answer).await.close().await;
        }
    })
    .await;
    let mut config = config(server.address, pki.roots());
    adjust(&mut config);
    let network = Live::new(config).unwrap();
    let exchange = network.get_policy(&HOST.parse().unwrap(), edge()).await;
    server.finish().await;
    exchange
}

fn response(answer: &str, body: &[u8]) -> Vec<u8> {
    [answer.replace('\n', "\r\n").as_bytes(), b"\r\n", body].concat()
}

#[tokio::test]
async fn the_request_is_one_plain_get() {
    let (lines, mut seen) = mpsc::unbounded_channel();
    let pki = Pki::new();
    let tls = pki.server(HOST, (2020, 2040));
    let server = Server::start(move |talk| {
        let (tls, lines) = (Arc::clone(&tls), lines.clone());
        async move {
            let mut talk = talk.tls(&tls).await.unwrap();
            let (_, connection) = talk.stream().get_ref();
            lines
                .send(format!("SNI {:?}", connection.server_name()))
                .unwrap();
            loop {
                match talk.line().await {
                    line if line.is_empty() => break,
                    line => lines.send(line).unwrap(),
                }
            }
            let head = "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 37\n";
            // The connection stays open, and is not used again.
            talk.say(response(head, BODY)).await.rest().await;
        }
    })
    .await;
    let network = Live::new(config(server.address, pki.roots())).unwrap();
    for _ in 0..2 {
        let exchange = network.get_policy(&HOST.parse().unwrap(), edge()).await;
        assert_eq!(exchange.address, edge());
        let certificate = exchange.certificate.unwrap();
        assert_eq!((certificate.faults.len(), certificate.chain.len()), (0, 1));
        assert_eq!(&*exchange.outcome.unwrap().body, BODY);
    }
    server.finish().await;
    let mut requests = Vec::new();
    while let Ok(line) = seen.try_recv() {
        requests.push(line.to_ascii_lowercase());
    }
    let mut expected = vec![
        format!("sni some(\"{HOST}\")"),
        "get /.well-known/mta-sts.txt http/1.1".to_owned(),
        "accept: */*".to_owned(),
        format!(
            "user-agent: stickler/{} (+mta-sts)",
            env!("CARGO_PKG_VERSION")
        ),
        format!("host: {HOST}"),
    ];
    expected.extend_from_within(..);
    assert_eq!(requests, expected);
}

#[tokio::test]
async fn responses_are_kept_as_they_came() {
    let plain = |status, body: &[u8]| HttpResponse {
        status,
        content_types: vec![],
        location: None,
        headers: Headers::default(),
        body: body.into(),
        body_end: BodyEnd::Complete,
    };
    for (answer, expected) in [
        (
            response(
                "HTTP/1.1 200 OK\nContent-Length: 37\nContent-Type: text/plain; charset=utf-8\ncontent-type: t\u{fc}xt\n",
                BODY,
            ),
            HttpResponse {
                content_types: vec![
                    b"text/plain; charset=utf-8".as_slice().into(),
                    "t\u{fc}xt".as_bytes().into(),
                ],
                ..plain(200, BODY)
            },
        ),
        (
            // Were it followed, the server would see a second request.
            response(
                "HTTP/1.1 301 Moved\nContent-Length: 0\nLocation: https://mta-sts.corp.test/.well-known/mta-sts.txt\n",
                b"",
            ),
            HttpResponse {
                location: Some(
                    b"https://mta-sts.corp.test/.well-known/mta-sts.txt"
                        .as_slice()
                        .into(),
                ),
                ..plain(301, b"")
            },
        ),
        (
            response("HTTP/1.1 404 Not Found\nContent-Length: 37\n", BODY),
            plain(404, BODY),
        ),
        (
            response("HTTP/1.1 201 Created\nContent-Length: 0\n", b""),
            plain(201, b""),
        ),
        (
            response(
                "HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200 OK\nContent-Length: 0\n",
                b"",
            ),
            plain(200, b""),
        ),
        (response("HTTP/1.0 200 OK\n", BODY), plain(200, BODY)),
        (
            response(
                "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 2\nAGE: 12\n",
                b"\x1f\x8b",
            ),
            HttpResponse {
                headers: Headers::keep([("content-encoding", &b"gzip"[..]), ("age", b"12")]),
                ..plain(200, b"\x1f\x8b")
            },
        ),
        (
            response(
                "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n",
                b"3\r\nabc\r\n0\r\n\r\n",
            ),
            plain(200, b"abc"),
        ),
    ] {
        let exchange = fetch(&answer, |_config| {}).await;
        let shown = answer.escape_ascii();
        assert_eq!(exchange.outcome, Ok(expected), "{shown}");
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit_and_no_further() {
    let limit = 65_536;
    for (octets, limit, expected_octets, expected_end) in [
        (limit, limit, limit, BodyEnd::Complete),
        (
            limit + 1,
            limit,
            limit,
            BodyEnd::TooLarge {
                limit_bytes: 65_536,
            },
        ),
        (
            10 << 20,
            limit,
            limit,
            BodyEnd::TooLarge {
                limit_bytes: 65_536,
            },
        ),
        (100, 10, 10, BodyEnd::TooLarge { limit_bytes: 10 }),
    ] {
        let head = format!("HTTP/1.1 200 OK\nContent-Length: {octets}\n");
        let answer = response(&head, &vec![b'x'; octets]);
        let exchange = fetch(&answer, |config| {
            config.max_policy_bytes = limit.try_into().unwrap();
        })
        .await;
        let found = exchange.outcome.unwrap();
        assert_eq!(
            (found.body.len(), found.body_end),
            (expected_octets, expected_end),
            "{octets}, limit {limit}"
        );
    }
}

#[tokio::test]
async fn header_values_are_kept_up_to_a_limit() {
    let kilo = "x".repeat(1_000);
    let head = format!(
        "HTTP/1.1 200 OK\nContent-Length: 0\nContent-Type: {kilo}\nContent-Type: {kilo}\n\
         Content-Type: text/plain\nLocation: {kilo}{kilo}\n"
    );
    let found = fetch(&response(&head, b""), |_config| {}).await;
    let found = found.outcome.unwrap();
    let octets: Vec<usize> = found
        .content_types
        .iter()
        .map(|value| value.len())
        .collect();
    assert_eq!(octets, [1_000, 24]);
    assert_eq!(found.location.unwrap().len(), 1_024);
}

#[tokio::test]
async fn the_loopback_of_a_zone_is_not_connected_to() {
    let unused = config("127.0.0.1:1".parse().unwrap(), Roots::none());
    for address in ["127.0.0.1", "::1", "0.0.0.0", "::ffff:127.9.9.9"] {
        let mut config = unused.clone();
        config.routes = Routes::default();
        let network = Live::new(config).unwrap();
        let host = HOST.parse().unwrap();
        let exchange = network.get_policy(&host, address.parse().unwrap()).await;
        let failure = exchange.outcome.unwrap_err();
        assert_eq!(failure.kind, HttpFailureKind::OwnAddress, "{address}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_kept_so_far() {
    let exchange = fetch(
        &response("HTTP/1.1 200 OK\nContent-Length: 100\n", BODY),
        |_| {},
    )
    .await;
    let found = exchange.outcome.unwrap();
    assert_eq!(&*found.body, BODY);
    assert!(
        matches!(found.body_end, BodyEnd::Interrupted { .. }),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_is_no_http_is_told_from_a_broken_connection() {
    let headers = format!("HTTP/1.1 200 OK\n{}", "X-A: b\n".repeat(200));
    // hyper looks at the length of a head between two reads, each of which may bring some 400 kB.
    let long = format!("HTTP/1.1 200 OK\nX-A: {}\n", "b".repeat(2_000_000));
    for (answer, expected) in [
        (
            b"220 mx.test ESMTP\r\n\r\n".to_vec(),
            HttpFailureKind::Malformed,
        ),
        (
            response(
                "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n",
                b"ab",
            ),
            HttpFailureKind::Malformed,
        ),
        (response(&headers, b""), HttpFailureKind::HeadTooLarge),
        (response(&long, b""), HttpFailureKind::HeadTooLarge),
        (b"".to_vec(), HttpFailureKind::Reset),
        (b"HTTP/1.1 200".to_vec(), HttpFailureKind::Reset),
    ] {
        let exchange = fetch(&answer, |_config| {}).await;
        let failure = exchange.outcome.unwrap_err();
        let shown: String = answer.escape_ascii().take(60).map(char::from).collect();
        assert_eq!(failure.kind, expected, "{shown}: {failure}");
        assert!(exchange.certificate.is_some(), "{shown}");
    }
}

/// Fetches from a server that does this where TLS should begin.
async fn fetch_raw(answer: &'static [u8], reset: bool) -> HttpFailureKind {
    let server = Server::start(move |mut talk| async move {
        talk.some().await;
        if reset {
            talk.reset();
            return;
        }
        talk.say(answer).await;
        if answer.is_empty() {
            talk.rest().await;
        } else {
            talk.close().await;
        }
    })
    .await;
    let mut config = config(server.address, Roots::none());
    config.deadlines.fetch = SHORT;
    let network = Live::new(config).unwrap();
    let exchange = network.get_policy(&HOST.parse().unwrap(), edge()).await;
    server.finish().await;
    exchange.outcome.unwrap_err().kind
}

#[tokio::test]
async fn handshakes_that_fail_are_told_apart() {
    for (answer, reset, expected) in [
        (
            b"\x15\x03\x01\x00\x02\x02\x46".as_slice(),
            false,
            HttpFailureKind::OldTls,
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x28",
            false,
            HttpFailureKind::Alert(AlertReceived::once(Alert(40))),
        ),
        (
            b"HTTP/1.0 400 Bad Request\r\n\r\n",
            false,
            HttpFailureKind::Malformed,
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x70",
            false,
            HttpFailureKind::Alert(AlertReceived::once(Alert(112))),
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x50",
            false,
            HttpFailureKind::Alert(AlertReceived {
                alert: Alert(80),
                smaller_hello: SmallerHello::Alert(Alert(80)),
            }),
        ),
        (b"\x16", false, HttpFailureKind::BrokenInHandshake),
        (b"", false, HttpFailureKind::TimedOut),
        (b"", true, HttpFailureKind::BrokenInHandshake),
    ] {
        let kind = fetch_raw(answer, reset).await;
        assert_eq!(kind, expected, "{} {reset}", answer.escape_ascii());
    }
}

#[tokio::test]
async fn a_refused_certificate_is_kept_with_its_faults() {
    let pki = Pki::new();
    let tls = pki.server("other.test", (2020, 2027));
    let server = Server::start(move |talk| {
        let tls = Arc::clone(&tls);
        async move {
            if let Some(mut talk) = talk.tls(&tls).await {
                assert_eq!(talk.some().await, b"", "nothing may be asked inside it");
            }
        }
    })
    .await;
    let mut config = config(server.address, pki.roots());
    let late: UnixTime = "2028-01-01T00:00:00Z".parse().unwrap();
    config.clock = Clock::manual(late);
    let network = Live::new(config).unwrap();
    let exchange = network.get_policy(&HOST.parse().unwrap(), edge()).await;
    server.finish().await;
    let kind = exchange.outcome.unwrap_err().kind;
    assert_eq!(kind, HttpFailureKind::CertificateRefused);
    let faults = exchange.certificate.unwrap().faults;
    assert!(
        faults
            .iter()
            .any(|fault| matches!(fault, CertificateFault::Expired { .. }))
            && faults
                .iter()
                .any(|fault| matches!(fault, CertificateFault::NameMismatch { .. }))
            && faults.len() == 2,
        "{faults:?}"
    );
}

#[tokio::test]
async fn time_runs_out_for_the_head_and_for_the_body() {
    let pki = Pki::new();
    let tls = pki.server(HOST, (2020, 2040));
    for head in [None, Some("HTTP/1.1 200 OK\nContent-Length: 100\n")] {
        let server = Server::start({
            let tls = Arc::clone(&tls);
            move |talk| {
                let tls = Arc::clone(&tls);
                async move {
                    let mut talk = talk.tls(&tls).await.unwrap();
                    while !talk.line().await.is_empty() {}
                    if let Some(head) = head {
                        talk.say(response(head, BODY)).await;
                    }
                    talk.rest().await;
                }
            }
        })
        .await;
        let mut config = config(server.address, pki.roots());
        config.deadlines.fetch = Duration::from_secs(1);
        let network = Live::new(config).unwrap();
        let started = Instant::now();
        let exchange = network.get_policy(&HOST.parse().unwrap(), edge()).await;
        server.finish().await;
        let took = started.elapsed();
        assert!((1..6).contains(&took.as_secs()), "{took:?}");
        match head {
            None => {
                let kind = exchange.outcome.unwrap_err().kind;
                assert_eq!(kind, HttpFailureKind::TimedOut);
            }
            Some(_) => {
                let found = exchange.outcome.unwrap();
                assert_eq!((&*found.body, found.body_end), (BODY, BodyEnd::TimedOut));
            }
        }
    }
}
