//! The harness can fail: wrong expectations are told with their line and with what came.

use std::time::Duration;

use stickler::fakes::DialogueFault;
use stickler::replay::{Networks, Outcome, replay};
use stickler::sender::Verdict;
use stickler::story::Story;

const STORY: &str = r#"
id    = "story"
title = "The policy lists another host"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.new.test"] }

[servers."mx.new.test"]

[[step]]
at = "0s"
[[step.expect]]
"#;

/// Plays the story with one more expectation, on line 15.
async fn failures(expectation: &str, networks: Networks) -> Vec<(usize, String)> {
    super::play(&format!("{STORY}{expectation}\n"), networks)
        .await
        .failures
        .into_iter()
        .map(|failure| (failure.line, failure.message))
        .collect()
}

#[tokio::test]
async fn a_wrong_expectation_is_told_with_its_line_and_with_what_came() {
    for (expectation, expected) in [
        (
            "verdict = \"deliver\"",
            "strict to corp.test: verdict deliver was expected, it is defer (",
        ),
        (
            "via = \"mx.new.test\"",
            "strict to corp.test: delivery via mx.new.test was expected, it is via no host",
        ),
        (
            "via_address = \"192.0.2.1\"",
            "strict to corp.test: delivery to 192.0.2.1 was expected, it is to none",
        ),
        (
            "result_type = \"certificate-expired\"",
            "strict to corp.test: result types [certificate-expired] were expected, they are [validation-failure]",
        ),
        (
            "policy = \"stored\"",
            "strict to corp.test: policy \"stored\" was expected, it is \"live\"",
        ),
        (
            "reason = \"the moon\"",
            "strict to corp.test: a reason with `the moon` was expected, it is `",
        ),
        (
            "asked = [\"SMTP mx.new.test\"]",
            "strict to corp.test: `SMTP mx.new.test` was expected to be asked, it was not",
        ),
        (
            "not_asked = [\"GET mta-sts.corp.test\"]",
            "strict to corp.test: `GET mta-sts.corp.test` was asked, it must not be",
        ),
        (
            "received = [{ server = \"mx.new.test\" }]",
            "strict to corp.test: 1 message was expected at mx.new.test, 0 came",
        ),
    ] {
        for networks in [Networks::Model, Networks::Lab] {
            let found = failures(expectation, networks).await;
            let [(line, message)] = &found[..] else {
                panic!("{expectation} on {networks:?} gives {found:?}");
            };
            assert!(message.starts_with(expected), "{expectation}: {message}");
            assert_eq!(*line, 15, "{expectation}");
        }
    }
}

#[tokio::test]
async fn a_right_expectation_is_not_told() {
    for expectation in [
        "verdict = \"defer\"",
        "result_type = \"validation-failure\"",
        "policy = \"live\"",
        "asked = [\"TXT _mta-sts.corp.test\", \"GET mta-sts.corp.test\", \"MX corp.test\"]",
        "not_asked = [\"SMTP mx.new.test\"]",
        "received = [{ server = \"mx.new.test\", count = 0 }]",
    ] {
        assert_eq!(
            failures(expectation, Networks::Both).await,
            [],
            "{expectation}"
        );
    }
}

#[tokio::test]
async fn a_wrong_check_is_told_with_what_was_found() {
    for (check, expected) in [
        (
            "verdict = \"deliver\"",
            "check corp.test: verdict deliver was expected, it is defer (",
        ),
        (
            "finding = \"STS-EDGE-SPLIT\"",
            "check corp.test: finding STS-EDGE-SPLIT was expected, there are [",
        ),
        (
            "no_finding = \"STS-MX-UNCOVERED\"",
            "check corp.test: finding STS-MX-UNCOVERED must not come up",
        ),
        (
            "place = \"GitHub Pages\"",
            "check corp.test: place `GitHub Pages` was expected, it is `cannot tell`",
        ),
        (
            "exit = 0",
            "check corp.test: exit code 0 was expected, it is 1",
        ),
    ] {
        let more = format!("verdict = \"defer\"\n[[step.check]]\n{check}");
        let found = failures(&more, Networks::Both).await;
        let [(17, of_model), (17, of_lab)] = &found[..] else {
            panic!("{check} gives {found:?}");
        };
        assert!(of_model.starts_with(expected), "{check}: {of_model}");
        assert!(of_lab.starts_with(expected), "{check}: {of_lab}");
    }
}

#[tokio::test]
async fn a_flush_without_mail_and_an_unannounced_request_are_told() {
    let flush = "verdict = \"defer\"\n[[step]]\nat = \"1h\"\n[[step.flush]]\nverdict = \"defer\"\n\
                 [[step]]\nat = \"2h\"\nset.domains.\"corp.test\".policy.mx = [\"mx.new.test\"]\n\
                 set.domains.\"corp.test\".txt.records = [\"v=STSv1; id=2;\"]\n\
                 [[step.flush]]\nverdict = \"deliver\"\n\
                 [[step]]\nat = \"3h\"\n[[step.flush]]\nverdict = \"deliver\"";
    let found = failures(flush, Networks::Model).await;
    let [(_, message)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        message,
        "strict has no message for corp.test in its queue, so nothing can be flushed"
    );
}

/// A host that the DNS knows and that no server stands at.
const DEAD: &str = r#"
id    = "dead"
title = "Nobody is at home"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
mx = { records = ["10 gone.test"] }

[names."gone.test"]
addresses = ["192.0.2.99"]

[[step]]
at = "0s"
[[step.expect]]
verdict = "defer"
"#;

#[tokio::test]
async fn a_known_failure_excuses_expectations_alone() {
    for (name, text, expected) in [
        (
            "an expectation",
            format!("xfail = \"known\"\n{STORY}verdict = \"deliver\"\n"),
            Outcome::FailsAsKnown,
        ),
        (
            "a request that is not announced",
            format!("xfail = \"known\"\n{DEAD}"),
            Outcome::Fails,
        ),
    ] {
        let scenario = super::read(&text);
        let replayed = replay(&scenario.story, Networks::Lab).await.unwrap();
        assert_eq!(replayed.outcome, expected, "{name}");
    }
}

/// Two addresses that nothing has from some step on: the MX host's old one, and an edge of the policy host.
const MOVED: &str = r#"
id    = "moved"
title = "Servers leave their addresses while the DNS still gives them"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"], ttl = "1h" }
policy = { mode = "enforce", mx = ["mx.corp.test"], max_age = "7d", ttl = "1h", addresses = ["192.0.2.80"] }
mx     = { records = ["10 mx.corp.test"], ttl = "1h" }

[servers."mx.corp.test"]
addresses = ["192.0.2.26"]

[senders]
cold = { cache = "empty" }

[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"

[[step]]
at = "10m"
set.servers."mx.corp.test".addresses = ["192.0.2.27"]
set.domains."corp.test".policy.addresses = ["192.0.2.81"]
[[step.expect]]
policy = "none"
"#;

#[tokio::test]
async fn a_request_that_is_not_announced_is_told_with_its_place_and_what_to_declare() {
    let edge = "a connection to port 443 of 192.0.2.80 was made, where no policy host stands: declare it, if \
                only as dead: hosts.\"old.test\" = { addresses = [\"192.0.2.80\"], fault = \"refused\" }, or \"blackhole\"";
    let server = |address: &str| {
        format!(
            "a connection to port 25 of {address} was made, where no server stands: declare it, if only as \
             dead: servers.\"old.test\" = {{ addresses = [\"{address}\"], fault = \"refused\" }}, or \"blackhole\""
        )
    };
    for (text, expected) in [
        (DEAD, vec![(14, 0, server("192.0.2.99"))]),
        (
            MOVED,
            vec![(26, 600, edge.to_owned()), (26, 600, server("192.0.2.26"))],
        ),
    ] {
        for networks in [Networks::Model, Networks::Lab] {
            let mut found: Vec<_> = super::play(text, networks)
                .await
                .failures
                .into_iter()
                .map(|failure| (failure.line, failure.after.as_secs(), failure.message))
                .collect();
            found.sort_by(|a, b| b.2.cmp(&a.2));
            assert_eq!(found, expected, "{networks:?}");
        }
        let both = super::play(text, Networks::Both).await;
        let disagreements = both
            .failures
            .iter()
            .filter(|failure| failure.network.is_none());
        assert_eq!(disagreements.count(), 0, "{both}");
    }
}

#[tokio::test]
async fn a_dead_address_can_be_declared() {
    let host = "[servers.\"old.test\"]\naddresses.\"192.0.2.99\" = { fault = \"refused\" }\n";
    let dead = format!("{DEAD}{host}");
    let moved = MOVED.replace(
        "[[step.expect]]\npolicy",
        "set.servers.\"old.test\".addresses.\"192.0.2.26\" = { fault = \"refused\" }\n\
         set.hosts.\"old.test\" = { addresses = [\"192.0.2.80\"], fault = \"refused\" }\n\
         [[step.expect]]\nverdict = \"defer\"\npolicy",
    );
    for text in [
        dead.clone(),
        dead.replace("\"refused\"", "\"blackhole\""),
        dead.replace("\"refused\"", "\"silence\""),
        moved,
    ] {
        let replayed = super::play(&text, Networks::Both).await;
        assert!(replayed.holds(), "{text}\n{replayed}");
    }
}

/// Two messages wait for a server that takes none, and go when it does.
const QUEUE: &str = r#"
id    = "queue"
title = "Two messages wait"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
mx = { records = ["10 mx.corp.test"] }

[servers."mx.corp.test"]
fault = "message-deferred"

[[step]]
at = "0s"
[[step.expect]]
verdict = "defer"

[[step]]
at = "1h"
[[step.expect]]
verdict = "defer"

[[step]]
at = "2h"
unset = ["servers.\"mx.corp.test\".fault"]
[[step.flush]]
verdict = "deliver-unprotected"
asked = ["SMTP mx.corp.test", "MX corp.test"]
received = [{ server = "mx.corp.test", tls = true, count = 2 }]
"#;

#[tokio::test]
async fn what_a_flush_made_reach_a_server_is_counted_over_all_its_messages() {
    for (change, expected) in [
        (("", ""), None),
        (
            ("count = 2", "count = 1"),
            Some("1 message over TLS was expected at mx.corp.test, 2 came"),
        ),
        (
            ("tls = true, count = 2", "tls = false, count = 2"),
            Some(
                "2 messages in clear text were expected at mx.corp.test, 0 came, but 2 over TLS 1.3",
            ),
        ),
    ] {
        let replayed = super::play(&QUEUE.replace(change.0, change.1), Networks::Lab).await;
        let found: Vec<&str> = replayed
            .failures
            .iter()
            .map(|failure| failure.message.as_str())
            .collect();
        let expected = expected.map(|expected| format!("strict to corp.test: {expected}"));
        assert_eq!(found, Vec::from_iter(expected.as_deref()), "{change:?}");
    }
}

/// There is no file and no line: the step says where.
#[tokio::test]
async fn a_story_that_is_built_in_code_fails_at_its_step() {
    let story = Story::builder("built", "2026-03-02T08:00:00Z".parse().unwrap())
        .sender("strict", "strict")
        .step(Duration::ZERO, "all is well", |world| {
            world.domain("corp.test").mx(&[(10, "mx.corp.test")]);
            world.server("mx.corp.test");
        })
        .expect("corp.test", Verdict::DeliverUnprotected)
        .step(Duration::from_secs(86_400), "the host is full", |world| {
            world
                .server("mx.corp.test")
                .fault(DialogueFault::MessageRejected);
        })
        .expect("corp.test", Verdict::Deliver)
        .build()
        .unwrap();
    let replayed = replay(&story, Networks::Model).await.unwrap();
    assert_eq!(
        replayed.to_string(),
        "built, step 2 (the host is full): on the model, after 1d: strict to corp.test: verdict \
         deliver was expected, it is bounce (the receiver rejected the message: 554 no)"
    );
}
