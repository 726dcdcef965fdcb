//! The model as its users see it: caches by resolver, views, CNAMEs, what reached the servers.

mod answers;
mod edges;
mod scripts;
mod servers;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::facts::UnixTime;
use crate::facts::dns::{DnsFailureKind, DnsOutcome, Question, RecordType};
use crate::facts::http::HttpFailureKind;
use crate::facts::smtp::{
    SmtpFailureKind, SmtpRequest, SmtpStep, TlsFailureKind,
    TlsUse::{self, Opportunistic, Verified},
};
use crate::fakes::Internet;
use crate::model::stage::{EDGE, START, Stage, ip, message, name, reply};
use crate::model::{Hosted, ModelRequest, Stray};
use crate::sender::Network;

fn txt(owner: &str) -> Question {
    Question::new(name(owner), RecordType::Txt)
}

fn after(secs: u64) -> UnixTime {
    START.saturating_add(Duration::from_secs(secs))
}

/// The fake Internet in a story that starts when the stage does.
fn hosted(internet: Internet) -> Hosted {
    Hosted::new(Arc::new(internet), START)
}

/// Asks through a resolver and tells the first text, or how the question ended.
async fn ask(stage: &Stage, resolver: &str, owner: &str) -> String {
    stage.model.apply(stage.state.clone());
    let answer = stage.model.through(resolver).lookup(&txt(owner)).await;
    match (&answer.outcome, answer.texts().next()) {
        (_, Some(text)) => String::from_utf8(text.joined()).unwrap(),
        (DnsOutcome::Failed(failure), None) => failure.to_string(),
        (DnsOutcome::NxDomain { .. }, None) => "NXDOMAIN".to_owned(),
        (DnsOutcome::NoData { .. } | DnsOutcome::Records { .. }, None) => "no data".to_owned(),
    }
}

#[tokio::test]
async fn each_resolver_has_a_cache_of_its_own() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_secs(60);
    stage.txt_at("a.test", &["old"]);
    assert_eq!(ask(&stage, "one", "a.test").await, "old");
    stage.pass(30).txt_at("a.test", &["new"]);
    for (resolver, expected) in [("one", "old"), ("two", "new"), ("one", "old")] {
        assert_eq!(
            ask(&stage, resolver, "a.test").await,
            expected,
            "{resolver}"
        );
    }
    let asked = || ModelRequest::Dns(txt("a.test"));
    assert_eq!(stage.model.drain_requests(), vec![asked(), asked()]);
    assert_eq!(stage.model.drain_requests(), vec![], "they are taken once");
    let mut ends = stage.model.cache_ends(stage.clock.now());
    ends.sort();
    assert_eq!(ends, [after(60), after(90)]);
    assert_eq!(stage.model.cache_ends(after(60)), [after(90)]);
    stage.pass(30);
    assert_eq!(ask(&stage, "one", "a.test").await, "new");
}

#[tokio::test]
async fn a_resolver_can_see_something_else() {
    let mut stage = Stage::new();
    stage.txt_at("a.test", &["inside"]);
    let view = stage.state.names.clone();
    stage.state.views.insert("office".into(), view);
    stage.txt_at("a.test", &["outside"]);
    for (resolver, expected) in [("office", "inside"), ("home", "outside")] {
        assert_eq!(
            ask(&stage, resolver, "a.test").await,
            expected,
            "{resolver}"
        );
    }
}

#[tokio::test]
async fn a_name_that_nobody_declared_is_noted() {
    let mut stage = Stage::new();
    stage
        .absent("gone.test")
        .alias("dangling.test", "gone.test");
    for (owner, expected) in [
        ("gone.test", "NXDOMAIN"),
        ("dangling.test", "NXDOMAIN"),
        ("mx1.corp.test", "no data"),
        ("undeclared.test", "NXDOMAIN"),
    ] {
        assert_eq!(ask(&stage, "one", owner).await, expected, "{owner}");
    }
    assert_eq!(
        stage.model.unannounced(),
        [Stray::Question(txt("undeclared.test"))]
    );
}

#[tokio::test]
async fn cnames_are_followed_and_loops_end() {
    let mut stage = Stage::new();
    for i in 0..17 {
        stage.alias(&format!("n{i}.test"), &format!("n{}.test", i + 1));
    }
    stage
        .txt_at("n17.test", &["the end"])
        .alias("a.test", "b.test")
        .alias("b.test", "a.test")
        .alias("c.test", "a.test")
        .alias("self.test", "self.test");
    for (owner, expected) in [
        ("n1.test", "the end"),
        (
            "n0.test",
            "more than 16 CNAMEs in a row (the next would be n16.test to n17.test)",
        ),
        ("a.test", "CNAME loop (b.test points back to a.test)"),
        ("c.test", "CNAME loop (b.test points back to a.test)"),
        (
            "self.test",
            "CNAME loop (self.test points back to self.test)",
        ),
    ] {
        assert_eq!(ask(&stage, "one", owner).await, expected, "{owner}");
    }
}

/// An alias outlives the record that it points to: only the record is asked for again.
#[tokio::test]
async fn a_cached_cname_is_not_asked_for_again() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_secs(600);
    stage.alias("_mta-sts.corp.test", "_mta-sts.provider.test");
    stage.ttl = Duration::from_secs(60);
    stage.txt_at("_mta-sts.provider.test", &["one"]);
    assert_eq!(ask(&stage, "r", "_mta-sts.corp.test").await, "one");
    stage.pass(60).txt_at("_mta-sts.provider.test", &["two"]);
    assert_eq!(ask(&stage, "r", "_mta-sts.corp.test").await, "two");
    let answer = stage
        .model
        .through("r")
        .lookup(&txt("_mta-sts.corp.test"))
        .await;
    let aliases: Vec<_> = answer
        .aliases
        .iter()
        .map(|alias| {
            (
                alias.owner.as_str(),
                alias.target.as_str(),
                alias.ttl.as_secs(),
            )
        })
        .collect();
    assert_eq!(
        aliases,
        [("_mta-sts.corp.test", "_mta-sts.provider.test", 540)]
    );
    assert_eq!(
        stage.asked(),
        ["TXT _mta-sts.corp.test", "TXT _mta-sts.provider.test"]
    );
}

#[tokio::test]
async fn a_copy_goes_its_own_way() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_secs(60);
    stage.txt_at("a.test", &["old"]);
    assert_eq!(ask(&stage, "one", "a.test").await, "old");
    stage.txt_at("a.test", &["new"]);
    stage.model.apply(stage.state.clone());
    let _taken = stage.model.drain_requests();
    let copy = Arc::new(stage.model.copy_with(Clock::manual(after(60))));
    let answer = copy.through("one").lookup(&txt("a.test")).await;
    assert_eq!(
        (
            copy.through("one").now(),
            answer.texts().next().unwrap().joined(),
            copy.drain_requests()
        ),
        (
            after(60),
            b"new".to_vec(),
            vec![ModelRequest::Dns(txt("a.test"))]
        )
    );
    assert_eq!(
        (
            ask(&stage, "one", "a.test").await.as_str(),
            stage.model.drain_requests()
        ),
        ("old", vec![]),
        "the original's clock and cache stand still"
    );
}

/// A GET reaches the server only once its certificate is accepted.
#[tokio::test]
async fn a_policy_host_notes_the_requests_that_reach_it() {
    type Row = (
        &'static str,
        fn(&mut Stage),
        Result<u16, HttpFailureKind>,
        bool,
        bool,
    );
    let rows: &[Row] = &[
        ("all is well", |_| {}, Ok(200), true, true),
        (
            "refused",
            |stage| {
                stage.edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
            },
            Err(HttpFailureKind::Refused),
            false,
            false,
        ),
        (
            "for another name",
            |stage| {
                stage.edge(|edge| edge.certificate.names = vec!["corp.test".into()]);
            },
            Err(HttpFailureKind::CertificateRefused),
            true,
            true,
        ),
        (
            "an answer that never comes",
            |stage| {
                stage.edge(|edge| edge.late_fault = Some(HttpFailureKind::TimedOut));
            },
            Err(HttpFailureKind::TimedOut),
            true,
            true,
        ),
        (
            "a Host that it does not know",
            |stage| {
                stage.edge(|edge| edge.responses.clear());
            },
            Err(HttpFailureKind::Reset),
            true,
            true,
        ),
    ];
    for (case, change, expected, certificate, reached) in rows {
        let stage = Stage::with(*change);
        stage.model.apply(stage.state.clone());
        let host = name("mta-sts.corp.test");
        let exchange = stage.model.through("r").get_policy(&host, ip(EDGE)).await;
        assert_eq!(
            (
                exchange
                    .outcome
                    .as_ref()
                    .map(|response| response.status)
                    .map_err(|failure| failure.kind),
                exchange.certificate.is_some(),
                exchange.address,
                !stage.asked().is_empty()
            ),
            (*expected, *certificate, ip(EDGE), *reached),
            "{case}"
        );
    }
}

type Session = (
    &'static str,
    fn(&mut super::script::Script),
    TlsUse,
    &'static str,
);

const SESSIONS: &[Session] = &[
    (
        "all is well",
        |_| {},
        Verified,
        "greeting ehlo starttls tls ehlo2 mail rcpt data end",
    ),
    (
        "all is well",
        |_| {},
        Opportunistic,
        "greeting ehlo starttls tls ehlo2 mail rcpt data end",
    ),
    (
        "down",
        |receiver| receiver.connect = Some(SmtpFailureKind::Refused),
        Verified,
        "connection refused during connect",
    ),
    (
        "silent",
        |receiver| receiver.greeting = Err(SmtpFailureKind::TimedOut),
        Verified,
        "no answer in time during greeting",
    ),
    (
        "unfriendly",
        |receiver| receiver.greeting = Ok(reply(554, &["no"])),
        Verified,
        "greeting",
    ),
    (
        "no EHLO",
        |receiver| receiver.ehlo = Ok(reply(502, &["no"])),
        Verified,
        "greeting ehlo",
    ),
    (
        "closes at EHLO",
        |receiver| receiver.ehlo = Err(SmtpFailureKind::Closed),
        Verified,
        "greeting connection closed during EHLO",
    ),
    (
        "no STARTTLS",
        |receiver| receiver.ehlo = Ok(reply(250, &["STARTTLS"])),
        Verified,
        "greeting ehlo",
    ),
    (
        "no STARTTLS",
        |receiver| receiver.ehlo = Ok(reply(250, &["STARTTLS"])),
        Opportunistic,
        "greeting ehlo mail rcpt data end",
    ),
    (
        "STARTTLS refused",
        |receiver| receiver.starttls = Ok(reply(454, &["no"])),
        Verified,
        "greeting ehlo starttls",
    ),
    (
        "STARTTLS refused",
        |receiver| receiver.starttls = Ok(reply(250, &["odd"])),
        Opportunistic,
        "greeting ehlo starttls mail rcpt data end",
    ),
    (
        "closes at STARTTLS",
        |receiver| receiver.starttls = Err(SmtpFailureKind::Reset),
        Opportunistic,
        "greeting ehlo connection reset during STARTTLS",
    ),
    (
        "injects",
        |receiver| receiver.injected = Some((*b"250 ok\r\n").into()),
        Opportunistic,
        "greeting ehlo starttls injected",
    ),
    (
        "no handshake",
        |receiver| receiver.handshake = Some(TlsFailureKind::Reset),
        Verified,
        "greeting ehlo starttls no-tls",
    ),
    (
        "no handshake",
        |receiver| receiver.handshake = Some(TlsFailureKind::Reset),
        Opportunistic,
        "greeting ehlo starttls no-tls mail rcpt data end",
    ),
    (
        "a bad certificate",
        |receiver| receiver.certificate.names.clear(),
        Verified,
        "greeting ehlo starttls no-tls",
    ),
    (
        "a bad certificate",
        |receiver| receiver.certificate.names.clear(),
        Opportunistic,
        "greeting ehlo starttls tls ehlo2 mail rcpt data end",
    ),
    (
        "no such user",
        |receiver| receiver.rcpt = reply(550, &["no"]),
        Verified,
        "greeting ehlo starttls tls ehlo2 mail rcpt",
    ),
];

/// One session, as far as it gets: each column is a step that was reached.
#[tokio::test]
async fn a_session_stops_where_it_fails() {
    for (case, fault, tls, expected) in SESSIONS {
        let mut stage = Stage::new();
        stage.at("192.0.2.1", fault);
        stage.model.apply(stage.state.clone());
        let request = SmtpRequest {
            host: name("mx1.corp.test"),
            address: ip("192.0.2.1"),
            tls: *tls,
            message: Some(message()),
        };
        let exchange = stage.model.through("r").smtp(&request).await;
        let delivery = exchange.delivery.clone().unwrap_or_default();
        let (tls_up, tls_down) = match &exchange.tls {
            Some(tls) => (tls.outcome.is_ok(), tls.outcome.is_err()),
            None => (false, false),
        };
        let mut reached: Vec<String> = [
            ("greeting", exchange.greeting.is_some()),
            ("ehlo", exchange.ehlo.is_some()),
            ("starttls", exchange.starttls.is_some()),
            ("injected", exchange.injected.is_some()),
            ("tls", tls_up),
            ("no-tls", tls_down),
            ("ehlo2", exchange.ehlo_after_tls.is_some()),
            ("mail", delivery.mail.is_some()),
            ("rcpt", delivery.rcpt.is_some()),
            ("data", delivery.data.is_some()),
            ("end", delivery.end_of_data.is_some()),
        ]
        .into_iter()
        .filter(|(_, is_reached)| *is_reached)
        .map(|(step, _)| step.to_owned())
        .collect();
        reached.extend(exchange.failure.as_ref().map(ToString::to_string));
        assert_eq!(reached.join(" "), *expected, "{case}, {tls:?}");
        let connects = exchange
            .failure
            .as_ref()
            .is_none_or(|failure| failure.during != SmtpStep::Connect);
        assert_eq!(
            stage
                .asked()
                .first()
                .is_some_and(|asked| asked.starts_with("SMTP")),
            connects,
            "{case}, {tls:?}"
        );
        if let Some(reply) = exchange.ehlo_after_tls {
            assert_eq!(
                reply.lines.join(" "),
                "mx1.corp.test PIPELINING",
                "STARTTLS is not offered inside TLS"
            );
        }
    }
}

#[tokio::test]
async fn nobody_listens_where_no_server_was_declared() {
    let stage = Stage::new();
    let request = SmtpRequest {
        host: name("mx1.corp.test"),
        address: ip("192.0.2.200"),
        tls: Verified,
        message: None,
    };
    let exchange = stage.model.through("r").smtp(&request).await;
    assert_eq!(
        exchange.failure.map(|failure| failure.to_string()),
        Some("connection refused during connect".to_owned())
    );
    assert_eq!(stage.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failure_is_not_cached() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_secs(60);
    stage.fail("a.test", DnsFailureKind::TimedOut);
    assert_eq!(ask(&stage, "r", "a.test").await, "no reply in time");
    stage.txt_at("a.test", &["back"]);
    assert_eq!(ask(&stage, "r", "a.test").await, "back");
}
