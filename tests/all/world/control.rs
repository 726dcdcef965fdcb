//! A world that is told over HTTP what to serve, and tells over HTTP what reached it.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use stickler::fakes::{
    Answer, Certificate, CertificateFault, Edge, HttpsFault, Identity, Internet, KeyKind, Life,
    ListenerFault, Name, Page, Receiver, RecordData, RecordKind, Response, SmtpFault, TlsVersions,
    Transfer, View,
};
use stickler::world::control::{Order, Record, serve};
use stickler::world::{Listen, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{START, ip, name};

/// Returns the status and the body.
async fn http(at: SocketAddr, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: lab\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn order(internet: &Internet) -> Vec<u8> {
    serde_json::to_vec(&Order {
        start: START,
        internet: internet.clone(),
    })
    .unwrap()
}

#[tokio::test]
async fn a_world_is_ordered_and_asked_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (end, ends) = oneshot::channel::<()>();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, Listen::FreePorts, async {
        ends.await.unwrap();
    }));
    assert_eq!(http(at, "GET", "/health", b"").await.0, 200);
    assert_eq!(http(at, "GET", "/ca.pem", b"").await.0, 409);
    let (_, history) = http(at, "GET", "/history", b"").await;
    let record: Record = serde_json::from_str(&history).unwrap();
    assert_eq!((record.requests, record.unannounced), (vec![], vec![]));

    let (status, why) = http(at, "POST", "/apply", b"{}").await;
    assert_eq!(
        (status, why.contains("missing field")),
        (422, true),
        "{why}"
    );
    let mut unservable = Internet::default();
    unservable.dns.names.insert(
        "corp.test".to_owned(),
        Name::new([(
            RecordKind::Txt,
            Answer::new([RecordData::Txt(vec![[b'x'; 256].into()])], Duration::ZERO),
        )]),
    );
    let (status, why) = http(at, "POST", "/apply", &order(&unservable)).await;
    assert_eq!((status, why.contains("256 octets")), (422, true), "{why}");

    let mut internet = Internet::default();
    internet
        .smtp
        .insert(ip("192.0.2.25"), Receiver::new(name("mx.test")));
    assert_eq!(http(at, "POST", "/apply", &order(&internet)).await.0, 200);
    let (status, ca) = http(at, "GET", "/ca.pem", b"").await;
    assert_eq!((status, ca.starts_with("-----BEGIN")), (200, true));
    assert_eq!(http(at, "POST", "/apply", &order(&internet)).await.0, 200);
    assert_eq!(
        http(at, "GET", "/ca.pem", b"").await.1,
        ca,
        "the same world"
    );
    end.send(()).unwrap();
    tasks.join_next().await.unwrap().unwrap().unwrap();
}

#[test]
fn an_order_is_read_as_it_was_written() {
    let mut internet = Internet::default();
    let records = [
        RecordData::A([192, 0, 2, 1].into()),
        RecordData::Cname("a.test".into()),
        RecordData::mx(10, "mx.test"),
        RecordData::txt(b"\xff"),
        RecordData::tlsa("3 1 1 00ff").unwrap(),
    ];
    let answers = records.map(|record| {
        let kind = record.kind();
        (kind, Answer::new([record], Duration::from_secs(60)))
    });
    internet
        .dns
        .names
        .insert("a.test".to_owned(), Name::new(answers));
    internet.views.insert("other".into(), View::default());
    let certificate = Certificate {
        ip_names: vec![ip("192.0.2.1")],
        key: KeyKind::Rsa,
        life: Some(Life {
            not_before: START,
            not_after: START,
        }),
        ..Certificate::new(["a.test"]).with_fault(CertificateFault::Expired)
    };
    let mut response = Response::ok(b"version: STSv1\xff").with_header("X", b"\xfe");
    response.transfer = Transfer::Cut;
    internet.https.insert(
        ip("192.0.2.1"),
        Edge {
            identity: Identity::by_name_only(&certificate),
            versions: TlsVersions::Both,
            fault: Some(HttpsFault::Listener(ListenerFault::Refused)),
            pages: [
                ("a.test".to_owned(), response.into()),
                ("b.test".to_owned(), Page::Raw(vec![0, 255])),
            ]
            .into(),
            lag: None,
        },
    );
    let fault: SmtpFault = "greylist".parse().unwrap();
    internet.smtp.insert(
        ip("2001:db8::25"),
        Receiver::new(name("mx.test")).with_fault(fault),
    );
    let read: Order = serde_json::from_slice(&order(&internet)).unwrap();
    assert_eq!(read.internet, internet);
    assert_eq!(read.start, START);
}

#[test]
fn a_record_tells_all_that_reached_the_servers() {
    let received = Request::SmtpReceived {
        server: "mx.test".to_owned(),
        address: ip("192.0.2.25"),
        tls: Some("TLSv1.3".to_owned()),
        helo: "sender.test".to_owned(),
        mail_from: String::new(),
        rcpt_to: vec!["a@corp.test".to_owned()],
        data: b"Subject: x\r\n\r\n".to_vec(),
    };
    let record = Record {
        requests: vec![received.clone(), Request::StrayConnect],
        unannounced: vec![Request::StrayConnect],
    };
    let text = serde_json::to_string(&record).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["requests"][0]["kind"], "smtp-received");
    assert_eq!(value["requests"][0]["data"], "Subject: x\r\n\r\n");
    let read: Record = serde_json::from_str(&text).unwrap();
    assert_eq!(read.requests, record.requests);
    assert_eq!(read.unannounced, record.unannounced);
}
