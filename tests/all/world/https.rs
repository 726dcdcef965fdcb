//! The edges of policy hosts.

use std::net::SocketAddr;

use rustls::AlertDescription;
use stickler::fakes::{
    Certificate, Edge, HttpsFault, Identity, Internet, ListenerFault, Named as _, Page, Response,
    TlsFault, Transfer,
};
use stickler::world::{Request, World};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{ip, start, to};
use crate::support::wire::{
    PATIENCE, SILENCE, any_certificate, connect_tls, get, is_silent, read_all, shake_hands,
};

const HOST: &str = "mta-sts.corp.test";
const EDGE: &str = "192.0.2.11";

fn edge(page: impl Into<Page>) -> Edge {
    Edge {
        identity: Identity::of(Certificate::new([HOST])),
        pages: [(HOST.to_owned(), page.into())].into(),
        ..Edge::default()
    }
}

fn state(edge: Edge) -> Internet {
    Internet {
        https: [(ip(EDGE), edge)].into(),
        ..Internet::default()
    }
}

async fn start_edge(edge: Edge) -> (World, SocketAddr) {
    let world = start(state(edge)).await;
    let to = to(&world, EDGE, 443);
    (world, to)
}

/// Fetches the policy and returns all that comes.
async fn fetch(to: SocketAddr) -> (String, std::io::Result<()>) {
    let mut stream = connect_tls(to, HOST).await.unwrap();
    let request = get(HOST, Page::PATH);
    stream.write_all(request.as_bytes()).await.unwrap();
    let (octets, end) = read_all(&mut stream).await;
    (String::from_utf8_lossy(&octets).into_owned(), end)
}

#[tokio::test]
async fn a_response_is_sent_as_it_stands() {
    let ok = || Response::ok("version: STSv1\r\n");
    let text = "Content-Type: text/plain; charset=utf-8\r\n";
    let end = "Connection: close\r\n\r\n";
    for (page, expected) in [
        (
            Page::from(ok()),
            format!("HTTP/1.1 200 OK\r\n{text}Content-Length: 16\r\n{end}version: STSv1\r\n"),
        ),
        (
            Page::from(Response {
                transfer: Transfer::Chunked,
                ..Response::ok("version: STSv1\r\nm:")
            }),
            format!(
                "HTTP/1.1 200 OK\r\n{text}Transfer-Encoding: chunked\r\n{end}\
                 10\r\nversion: STSv1\r\n\r\n2\r\nm:\r\n0\r\n\r\n"
            ),
        ),
        (
            Page::from(Response {
                transfer: Transfer::Close,
                ..ok()
            }),
            format!("HTTP/1.1 200 OK\r\n{text}{end}version: STSv1\r\n"),
        ),
        (
            Page::from(Response::redirect(301, "https://www.corp.test/")),
            format!(
                "HTTP/1.1 301 Moved\r\nLocation: https://www.corp.test/\r\n\
                 Content-Length: 0\r\n{end}"
            ),
        ),
        (
            Page::from(Response::new(429, "Too Many Requests").with_body("<html>")),
            format!("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 6\r\n{end}<html>"),
        ),
        (
            Page::Raw(b"no HTTP at all".to_vec()),
            "no HTTP at all".to_owned(),
        ),
    ] {
        let (world, to) = start_edge(edge(page)).await;
        let (seen, end) = fetch(to).await;
        assert_eq!(seen, expected);
        end.expect("the session is ended, not cut");
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_gzipped_body_is_a_gzip_member_of_it() {
    let (world, to) = start_edge(edge(Response {
        transfer: Transfer::Gzip,
        ..Response::ok("version: STSv1\n")
    }))
    .await;
    let mut stream = connect_tls(to, HOST).await.unwrap();
    let request = get(HOST, Page::PATH);
    stream.write_all(request.as_bytes()).await.unwrap();
    let (octets, _end) = read_all(&mut stream).await;
    assert!(String::from_utf8_lossy(&octets).contains("\r\nContent-Encoding: gzip\r\n"));
    let at = octets
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let member = &octets[at + 4..];
    // Header, then one stored and last block of 15 octets, its complement, the octets, CRC and length.
    assert_eq!(&member[..2], [0x1f, 0x8b]);
    assert_eq!(&member[10..15], [1, 15, 0, 0xf0, 0xff]);
    assert_eq!(&member[15..30], b"version: STSv1\n");
    assert_eq!(member[34..], [15, 0, 0, 0]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_body_can_come_slowly_stop_or_be_cut() {
    let sent = |transfer| {
        edge(Response {
            transfer,
            ..Response::ok("0123456789")
        })
    };
    let (world, to) = start_edge(sent(Transfer::Slow)).await;
    let mut stream = connect_tls(to, HOST).await.unwrap();
    let request = get(HOST, Page::PATH);
    stream.write_all(request.as_bytes()).await.unwrap();
    let first = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
    assert_eq!(first.unwrap(), b'H');
    assert!(is_silent(&mut stream).await, "and nothing more in time");
    world.shutdown().await.unwrap();

    let (world, to) = start_edge(sent(Transfer::Cut)).await;
    let (seen, end) = fetch(to).await;
    assert!(seen.contains("Content-Length: 10\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n01234"), "{seen}");
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    world.shutdown().await.unwrap();

    let (world, to) = start_edge(sent(Transfer::Stall)).await;
    let mut stream = connect_tls(to, HOST).await.unwrap();
    let request = get(HOST, Page::PATH);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = String::new();
    while !seen.ends_with("\r\n\r\n01234") {
        seen.push(char::from(
            tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap(),
        ));
    }
    assert!(is_silent(&mut stream).await);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn requests_are_recorded_and_what_is_not_served_is_unannounced() {
    let (world, to) = start_edge(edge(Response::ok("x"))).await;
    for request in [
        get("MTA-STS.corp.test:443", Page::PATH),
        get("mta-sts.other.test", Page::PATH),
        get(HOST, "/"),
        get(HOST, Page::PATH).replace("GET", "POST"),
        "nonsense\r\n\r\n".to_owned(),
    ] {
        let mut stream = connect_tls(to, "MTA-STS.corp.test").await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let (seen, _end) = read_all(&mut stream).await;
        let status = if request.contains("MTA-STS") {
            "200"
        } else {
            "404"
        };
        assert_eq!(&String::from_utf8_lossy(&seen)[9..12], status, "{request}");
    }
    let history = world.drain_history();
    let asked = |method: &str, host: &str, path: &str| Request::Get {
        address: ip(EDGE),
        method: method.to_owned(),
        host: host.to_owned(),
        path: path.to_owned(),
        sni: Some(HOST.to_owned()),
        tls: "TLSv1.3".to_owned(),
        user_agent: (!method.is_empty()).then(|| "wire".to_owned()),
    };
    let handshake = Request::HttpsHandshake {
        address: ip(EDGE),
        sni: Some(HOST.to_owned()),
    };
    let connect = Request::HttpsConnect { address: ip(EDGE) };
    assert_eq!(
        history[..3],
        [connect, handshake, asked("GET", HOST, Page::PATH)]
    );
    assert_eq!(
        world.unannounced(),
        [
            asked("GET", "mta-sts.other.test", Page::PATH),
            asked("GET", HOST, "/"),
            asked("POST", HOST, Page::PATH),
            asked("", "", ""),
        ]
    );
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_without_sni_is_recorded_as_such() {
    let (world, to) = start_edge(edge(Response::ok("x"))).await;
    connect_tls(to, "192.0.2.11").await.unwrap();
    let handshake = Request::HttpsHandshake {
        address: ip(EDGE),
        sni: None,
    };
    assert!(world.drain_history().contains(&handshake));
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_fault_before_http_shows_on_the_wire() {
    for fault in HttpsFault::all() {
        let faulty = Edge {
            fault: Some(fault),
            ..edge(Response::ok("x"))
        };
        let (world, to) = start_edge(faulty).await;
        let seen = match fault {
            HttpsFault::Listener(fault) => attempt(fault, to).await,
            HttpsFault::Tls(_) | HttpsFault::Alert(_) => {
                let stream = TcpStream::connect(to).await.unwrap();
                let config = any_certificate(rustls::ALL_VERSIONS);
                let hands = tokio::time::timeout(
                    if fault == TlsFault::HandshakeSilence.into() {
                        SILENCE
                    } else {
                        PATIENCE
                    },
                    shake_hands(stream, HOST, config),
                )
                .await;
                match hands {
                    Ok(Ok(_)) => "hands shaken".to_owned(),
                    Ok(Err(error)) => error.to_string(),
                    Err(_elapsed) => "silence".to_owned(),
                }
            }
        };
        let expected = match fault {
            HttpsFault::Listener(ListenerFault::Refused) => "refused",
            HttpsFault::Listener(ListenerFault::Blackhole) => "no answer to SYN",
            HttpsFault::Listener(ListenerFault::Silence)
            | HttpsFault::Tls(TlsFault::HandshakeSilence) => "silence",
            HttpsFault::Listener(ListenerFault::Reset)
            | HttpsFault::Tls(TlsFault::HandshakeReset) => "reset",
            HttpsFault::Tls(TlsFault::Tls10Only | TlsFault::Tls11Only) => {
                "ServerDoesNotSupportTls12Or13"
            }
            HttpsFault::Tls(TlsFault::LargeHelloRefused) => "InternalError",
            HttpsFault::Alert(alert) => &format!("{:?}", AlertDescription::from(alert.number())),
            HttpsFault::Tls(TlsFault::HandshakeClose) => "eof",
            HttpsFault::Tls(TlsFault::NotTls) => "InvalidContentType",
        };
        assert!(
            seen.to_lowercase().contains(&expected.to_lowercase()),
            "{fault}: {seen}"
        );
        world.shutdown().await.unwrap();
    }
}

/// Tries to connect, and says how it goes.
async fn attempt(fault: ListenerFault, to: SocketAddr) -> String {
    let connect = TcpStream::connect(to);
    let patience = if fault == ListenerFault::Blackhole {
        SILENCE
    } else {
        PATIENCE
    };
    match tokio::time::timeout(patience, connect).await {
        Err(_elapsed) => "no answer to SYN".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Ok(Ok(mut stream)) if fault == ListenerFault::Silence => {
            stream.write_all(b"hello").await.unwrap();
            if is_silent(&mut stream).await {
                "silence".to_owned()
            } else {
                "an answer".to_owned()
            }
        }
        Ok(Ok(mut stream)) => read_all(&mut stream)
            .await
            .1
            .map_or_else(|error| error.to_string(), |()| "closed".to_owned()),
    }
}

#[tokio::test]
async fn an_old_server_hello_is_whole_and_of_its_version() {
    for (fault, minor) in [(TlsFault::Tls10Only, 1), (TlsFault::Tls11Only, 2)] {
        let faulty = Edge {
            fault: Some(fault.into()),
            ..edge(Response::ok("x"))
        };
        let (world, to) = start_edge(faulty).await;
        let mut stream = TcpStream::connect(to).await.unwrap();
        let name = HOST.try_into().unwrap();
        let config = any_certificate(rustls::ALL_VERSIONS);
        let mut client = rustls::ClientConnection::new(config, name).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        stream.write_all(&hello).await.unwrap();
        let mut seen = [0; 47];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut seen)
            .await
            .unwrap();
        assert_eq!(seen[..11], [22, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor]);
        assert!(is_silent(&mut stream).await, "and nothing more");
        world.shutdown().await.unwrap();
    }
}
