//! What `--send` says of its message, and when it goes on to the next host.

use std::net::IpAddr;
use std::sync::Arc;

use stickler::diagnose::document::{DomainReport, PolicyReport, PolicySourceReport, SentReport};
use stickler::diagnose::send::{Envelope, send};
use stickler::facts::UnixTime;
use stickler::net::Live;
use stickler::net::routes::Routes;
use stickler::sts::policy::Mode;
use stickler::sts::reading::Reading;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::config;
use crate::report::samples;
use crate::support::pki::Pki;
use crate::support::script::{Server, Talk};

const FIRST: &str = "198.51.100.1";
const SECOND: &str = "198.51.100.2";

/// How far the first host goes, and what it says or does then.
#[derive(Clone, Copy, Debug)]
enum Until {
    Connect,
    Mail(&'static str),
    Data(&'static str),
    Dot(&'static str),
}

/// A report with one host that is validated at two addresses.
fn report() -> DomainReport {
    let mut report = samples::well();
    let host = report.mx[0].host.clone();
    report.mx.truncate(1);
    let mut second = report.mx[0].addresses[0].clone();
    report.mx[0].addresses.truncate(1);
    report.mx[0].addresses[0].address = FIRST.parse().unwrap();
    second.address = SECOND.parse().unwrap();
    report.mx[0].addresses.push(second);
    assert_eq!(host.to_string(), "mx.new.test");
    report
}

async fn mx(pki: &Pki, until: Until) -> Server {
    let tls = pki.server("mx.new.test", (2020, 2040));
    Server::start(move |talk| {
        let tls = Arc::clone(&tls);
        async move {
            if let Until::Connect = until {
                return;
            }
            let talk = talk.up_to_starttls("220 go\r\n").await;
            let mut talk = talk.tls(&tls).await.unwrap();
            talk.expect("EHLO").await;
            talk.say("250 mx.new.test\r\n").await;
            take(&mut talk, until).await;
        }
    })
    .await
}

/// Says `answer`; hangs up if it is empty, and returns whether the dialogue goes on.
async fn say(talk: &mut Talk<TlsStream<TcpStream>>, answer: &str) -> bool {
    if answer.is_empty() {
        return false;
    }
    talk.say(answer).await;
    answer.starts_with(['2', '3'])
}

async fn take(talk: &mut Talk<TlsStream<TcpStream>>, until: Until) {
    let [mail, data, dot] = match until {
        Until::Connect => unreachable!("there is no dialogue"),
        Until::Mail(answer) => [answer, "", ""],
        Until::Data(answer) => ["250 ok\r\n", answer, ""],
        Until::Dot(answer) => ["250 ok\r\n", "354 go\r\n", answer],
    };
    talk.expect("MAIL").await;
    if !say(talk, mail).await {
        return;
    }
    talk.expect("RCPT").await;
    talk.say("250 ok\r\n").await.expect("DATA").await;
    if !say(talk, data).await {
        return;
    }
    loop {
        match talk.line().await.as_str() {
            "." => break,
            "QUIT" => return,
            _ => {}
        }
    }
    if say(talk, dot).await {
        talk.expect("QUIT").await;
        talk.say("221 bye\r\n").await;
    }
}

/// Where the policy of a report comes from and how it is read, its mode, whether it lists the host, and whether
/// the message goes.
type BarredCase = (PolicySourceReport, Reading, Mode, bool, bool);

#[tokio::test]
async fn a_message_goes_only_where_every_policy_in_force_lets_it() {
    use Mode::{Enforce, Testing};
    use PolicySourceReport::{Live as Now, Stored};
    use Reading::{Letter, Tolerant};
    let cases: [BarredCase; 8] = [
        (Now, Letter, Enforce, true, true),
        (Now, Letter, Enforce, false, false),
        (Now, Letter, Testing, false, true),
        (Now, Tolerant, Enforce, false, false),
        (Stored, Letter, Enforce, true, true),
        (Stored, Letter, Enforce, false, false),
        (Stored, Tolerant, Enforce, false, false),
        (Stored, Letter, Testing, false, true),
    ];
    let pki = Pki::new();
    for case @ (source, reading, mode, is_listed, delivered) in cases {
        let mut report = report();
        let mut policy = report.policies[0].clone();
        (policy.source, policy.reading, policy.mode) = (source, reading, Some(mode));
        if !is_listed {
            policy.mx_matches[0].pattern = None;
        }
        report.policies.push(policy);
        if source == Now {
            report.policies.remove(0);
        }
        let server = mx(&pki, Until::Dot("250 queued\r\n")).await;
        let config = config(server.address, pki.roots());
        let sent = send(&Live::new(config).unwrap(), &report, &envelope()).await;
        assert_eq!(sent.delivered, delivered, "{case:?}: {}", sent.reply);
        if !delivered {
            assert!(sent.reply.contains("lists none of them"), "{}", sent.reply);
        }
    }
}

#[tokio::test]
async fn a_policy_that_applies_to_nobody_bars_no_message() {
    let pki = Pki::new();
    for change in [
        // No record makes anybody look for it.
        (|policy| policy.id = None) as fn(&mut PolicyReport),
        // Its life is over.
        |policy| {
            policy.source = PolicySourceReport::Stored;
            policy.held_possibly_until = Some(UnixTime::from_secs(0));
        },
    ] {
        let mut report = report();
        report.policies.truncate(1);
        report.policies[0].mx_matches[0].pattern = None;
        change(&mut report.policies[0]);
        let server = mx(&pki, Until::Dot("250 queued\r\n")).await;
        let config = config(server.address, pki.roots());
        let sent = send(&Live::new(config).unwrap(), &report, &envelope()).await;
        assert!(sent.delivered, "{}", sent.reply);
    }
}

fn envelope() -> Envelope {
    Envelope {
        from: None,
        to: "bob@corp.test".to_owned(),
    }
}

/// Sends to a first host that goes so far and to a second that takes everything.
async fn sent(until: Until) -> SentReport {
    let pki = Pki::new();
    let (first, second) = (
        mx(&pki, until).await,
        mx(&pki, Until::Dot("250 queued\r\n")).await,
    );
    let mut config = config(first.address, pki.roots());
    let routes = [(FIRST, first.address), (SECOND, second.address)];
    config.routes =
        Routes::new(routes.map(|(from, to)| format!("{from}:25:{to}").parse().unwrap()));
    let sent = send(&Live::new(config).unwrap(), &report(), &envelope()).await;
    first.finish().await;
    second.finish().await;
    sent
}

#[tokio::test]
async fn a_message_goes_to_the_next_host_only_before_it_was_given_away() {
    for (until, delivered, at, reply) in [
        (Until::Dot("250 taken\r\n"), true, FIRST, "250 taken"),
        (Until::Dot("451 later\r\n"), false, FIRST, "451 later"),
        (Until::Dot("554 no\r\n"), false, FIRST, "554 no"),
        (
            Until::Dot(""),
            false,
            FIRST,
            "fate unknown: the message was sent, and then: connection closed during message",
        ),
        (
            Until::Dot("354 more?\r\n"),
            false,
            FIRST,
            "fate unknown: the message was sent, and then: `354 more?` is no answer to it",
        ),
        (Until::Data("451 later\r\n"), false, FIRST, "451 later"),
        (
            Until::Mail("450 greylisted\r\n"),
            false,
            FIRST,
            "450 greylisted",
        ),
        (Until::Data(""), true, SECOND, "250 queued"),
        (Until::Data("250 odd\r\n"), true, SECOND, "250 queued"),
        (Until::Mail(""), true, SECOND, "250 queued"),
        (Until::Connect, true, SECOND, "250 queued"),
    ] {
        let sent = sent(until).await;
        let at: IpAddr = at.parse().unwrap();
        assert_eq!(
            (sent.delivered, sent.address),
            (delivered, Some(at)),
            "{until:?}: {}",
            sent.reply
        );
        assert!(sent.reply.starts_with(reply), "{until:?}: {}", sent.reply);
    }
}
