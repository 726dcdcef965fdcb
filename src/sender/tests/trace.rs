//! The trace: every step of an attempt, for people.

use crate::facts::dns::{DnsFailureKind, DnsOutcome, RecordType};
use crate::facts::smtp::{SmtpFailureKind, TlsFailureKind};
use crate::model::stage::{Stage, reply, warm};
use crate::sender::PolicyState;

/// What a person reads of a whole attempt: each step with its time, its answer, its conclusion, its section.
async fn trace(class: &str, change: fn(&mut Stage), state: PolicyState) -> Vec<String> {
    let stage = Stage::with(change);
    let mut state = state;
    let attempt = stage.send(class, &mut state).await;
    let steps = attempt.trace.steps();
    assert!(steps.iter().all(|step| step.at == stage.clock.now()));
    steps.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_trace_of_a_strict_sender() {
    assert_eq!(
        trace(
            "strict",
            |stage| {
                stage
                    .mx(&[
                        "5 mx3.corp.test",
                        "7 x y",
                        "8 mx4.corp.test",
                        "10 mx1.corp.test",
                        "20 mx2.corp.test",
                    ])
                    .absent("mx4.corp.test")
                    .policy(
                        "enforce",
                        &["mx1.corp.test", "mx2.corp.test", "mx4.corp.test"],
                        60,
                    )
                    .at("192.0.2.1", |receiver| receiver.certificate.names.clear());
            },
            PolicyState::default()
        )
        .await,
        [
            "TXT _mta-sts.corp.test: id 1; the domain publishes a policy [RFC 8461 §3.1]",
            "GET https://mta-sts.corp.test/.well-known/mta-sts.txt: id 1, mode enforce, \
             mx mx1.corp.test mx2.corp.test mx4.corp.test, fetched 2026-03-02T08:00:00Z; \
             cached until 2026-03-02T08:01:00Z [RFC 8461 §3.3]",
            "MX corp.test: 5 mx3.corp.test, 7 x y, 8 mx4.corp.test, 10 mx1.corp.test, 20 mx2.corp.test; \
             tried in this order [RFC 5321 §5.1]",
            "MX mx3.corp.test: no mx pattern of the policy matches it; \
             enforced: it must not be used; the next candidate [RFC 8461 §4.1]",
            "MX x y: not a host name; it cannot be spoken to; the next candidate [RFC 5321 §5.1]",
            "MX mx4.corp.test: no address; the next candidate [RFC 5321 §5.1]",
            "SMTP mx1.corp.test [192.0.2.1]: certificate has no DNS name, mx1.corp.test was expected; \
             enforced: it must not be used; the next [RFC 8461 §4]",
            "SMTP mx2.corp.test [192.0.2.2]: accepted; validated: mail goes here [RFC 8461 §4]",
        ]
    );
}

#[tokio::test]
async fn the_trace_of_a_cached_policy() {
    const MX: &str =
        "MX corp.test: 10 mx1.corp.test, 20 mx2.corp.test; tried in this order [RFC 5321 §5.1]";
    const ACCEPTED: &str =
        "SMTP mx1.corp.test [192.0.2.1]: accepted; validated: mail goes here [RFC 8461 §4]";
    let held = "cache: id 1, mode enforce, mx mx1.corp.test, fetched 2026-03-02T08:00:00Z; ";
    let cached = |conclusion: &str| format!("{held}{conclusion}");
    for (class, change, expected) in [
        (
            "strict",
            (|_| {}) as fn(&mut Stage),
            vec![
                "TXT _mta-sts.corp.test: id 1; the domain publishes a policy [RFC 8461 §3.1]"
                    .to_owned(),
                cached("the id is the record's: the cached policy is used [RFC 8461 §5.1]"),
                MX.to_owned(),
                ACCEPTED.to_owned(),
            ],
        ),
        (
            "lazy",
            |_| {},
            vec![
                cached("it still counts: the TXT record is not asked for [RFC 8461 §5.1]"),
                MX.to_owned(),
                ACCEPTED.to_owned(),
            ],
        ),
        (
            "strict",
            |stage| {
                stage.absent("_mta-sts.corp.test");
            },
            vec![
                "TXT _mta-sts.corp.test: no record that begins with `v=STSv1;`; \
                 nothing new is fetched; a cached policy stays [RFC 8461 §3.1]"
                    .to_owned(),
                cached(
                    "no live policy can be discovered: the cached one MUST be applied [RFC 8461 §3.3]",
                ),
                MX.to_owned(),
                ACCEPTED.to_owned(),
            ],
        ),
        (
            "strict",
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
            },
            vec![
                "TXT _mta-sts.corp.test: SERVFAIL; \
                 nothing is known; a cached policy stays [RFC 8461 §3.1]"
                    .to_owned(),
                cached(
                    "no live policy can be discovered: the cached one MUST be applied [RFC 8461 §3.3]",
                ),
                MX.to_owned(),
                ACCEPTED.to_owned(),
            ],
        ),
        (
            "strict",
            |stage| {
                stage.id("2").response(|response| response.status = 404);
            },
            vec![
                "TXT _mta-sts.corp.test: id 2; the domain publishes a policy [RFC 8461 §3.1]"
                    .to_owned(),
                "GET https://mta-sts.corp.test/.well-known/mta-sts.txt: status 404; \
                 the cached policy stays in force [RFC 8461 §3.3]"
                    .to_owned(),
                MX.to_owned(),
                ACCEPTED.to_owned(),
            ],
        ),
    ] {
        let found = trace(class, change, warm("1", &["mx1.corp.test"])).await;
        assert_eq!(found, expected, "{class}");
    }
}

#[tokio::test]
async fn the_trace_of_what_a_hop_answers() {
    type Case = (&'static str, fn(&mut Stage), &'static str);
    let rows: &[Case] = &[
        ("none", |_| {}, "accepted; mail goes here, not protected"),
        (
            "testing",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.ehlo = Ok(reply(250, &["mx1"]));
                });
            },
            "accepted, although STARTTLS is not offered; \
             testing: mail goes here although the hop has a fault",
        ),
        (
            "testing",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.injected = Some(Box::default());
                });
            },
            "octets were injected before the TLS handshake; no message can go there; the next",
        ),
        (
            "enforce",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.rcpt = reply(450, &["wait"]);
                });
            },
            "message answered 450 wait; the receiver refuses the message",
        ),
        (
            "enforce",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.greeting = Ok(reply(554, &["no"]));
                });
            },
            "greeted us with 554 no; it refuses to talk to us; the next",
        ),
        (
            "enforce",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.handshake = Some(TlsFailureKind::NoCommonParameters);
                });
            },
            "no TLS parameters in common; another sender may get further; for us, the next",
        ),
        (
            "enforce",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.connect = Some(SmtpFailureKind::Refused);
                });
            },
            "connection refused during connect; the next",
        ),
    ];
    for (mode, change, expected) in rows {
        let mut stage = Stage::with(*change);
        stage.policy(mode, &["mx1.corp.test"], 60);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        let found: Vec<_> = attempt
            .trace
            .steps()
            .iter()
            .filter(|step| step.asked.starts_with("SMTP mx1"))
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [format!(
                "SMTP mx1.corp.test [192.0.2.1]: {expected} [RFC 8461 §4]"
            )],
            "{mode}"
        );
    }
}

#[tokio::test]
async fn the_trace_of_an_mx_lookup_that_gives_no_records() {
    type Case = (fn(&mut Stage), &'static str);
    let rows: &[Case] = &[
        (
            |stage| {
                stage.absent("corp.test");
            },
            "NXDOMAIN; the domain does not exist: a permanent failure",
        ),
        (
            |stage| {
                stage.outcome(
                    "corp.test",
                    RecordType::Mx,
                    DnsOutcome::NoData { ttl: None },
                );
            },
            "no MX record; the domain itself is the implicit MX, subject to the policy like any",
        ),
        (
            |stage| {
                stage.fail("corp.test", DnsFailureKind::SERVFAIL);
            },
            "SERVFAIL; mail waits in the queue",
        ),
        (
            |stage| {
                stage.mx(&["0 .", "5 ."]);
            },
            "a null MX; the domain takes no mail: 556 5.1.10 (RFC 7505)",
        ),
    ];
    for (change, expected) in rows {
        let found = trace("no-sts", *change, PolicyState::default()).await;
        assert_eq!(
            found.first().map(String::as_str),
            Some(format!("MX corp.test: {expected} [RFC 5321 §5.1]").as_str())
        );
    }
}

/// The trace names eight patterns at most, and none where none counts.
#[tokio::test]
async fn the_trace_names_the_first_patterns() {
    for (mode, count, expected) in [
        ("none", 0, ""),
        ("none", 1, ""),
        ("enforce", 1, ", mx a0.test"),
        ("enforce", 2, ", mx a0.test a1.test"),
        (
            "enforce",
            9,
            ", mx a0.test a1.test a2.test a3.test a4.test a5.test a6.test a7.test",
        ),
    ] {
        let mut stage = Stage::new();
        let patterns: Vec<String> = (0..count).map(|i| format!("a{i}.test")).collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        stage.policy(mode, &patterns, 60);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        assert_eq!(
            &*attempt.trace.steps()[1].answered,
            format!("id 1, mode {mode}{expected}, fetched 2026-03-02T08:00:00Z"),
            "{mode}, {count} patterns"
        );
    }
}
