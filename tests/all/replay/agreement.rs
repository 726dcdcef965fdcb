//! Stories in which the networks have to agree, one for each thing that they could tell apart.

use stickler::facts::UnixTime;
use stickler::replay::{Networks, replay};

/// A healthy domain, and what a test adds.
fn story(more: &str) -> String {
    format!(
        r#"
id    = "agreement"
title = "Both networks tell the same"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = {{ records = ["v=STSv1; id=1;"], ttl = "1h" }}
policy = {{ mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }}
mx     = {{ records = ["10 mx.old.test"], ttl = "1h" }}

[servers."mx.old.test"]
{more}"#
    )
}

async fn assert_holds(name: &str, more: &str) {
    let replayed = super::play(&story(more), Networks::Both).await;
    assert!(replayed.holds(), "{name}:\n{replayed}");
}

#[tokio::test]
async fn an_absence_is_remembered_as_long_as_its_set_says() {
    for (name, absent) in [
        ("no data", r#"{ nodata = true, ttl = "1d" }"#),
        ("no such name", r#"{ rcode = "nxdomain", ttl = "1d" }"#),
    ] {
        let more = format!(
            r#"
[[step]]
at = "0s"
set.domains."corp.test".txt = {absent}
[[step.expect]]
verdict = "deliver-unprotected"
[[step]]
at = "2h"
set.domains."corp.test".txt.records = ["v=STSv1; id=1;"]
[[step.expect]]
verdict = "deliver-unprotected"
not_asked = ["TXT _mta-sts.corp.test"]
[[step]]
at = "25h"
[[step.expect]]
verdict = "deliver"
"#
        );
        assert_holds(name, &more).await;
    }
}

#[tokio::test]
async fn a_certificate_that_is_shown_by_name_may_have_a_wildcard() {
    let more = r#"
[[step]]
at = "0s"
set.servers."mx.old.test".certificate = { names = ["*.old.test"], sni_only = true }
[[step.expect]]
verdict = "deliver"
"#;
    assert_holds("sni_only", more).await;
}

#[tokio::test]
async fn a_sender_of_any_name_has_a_resolver_apart_from_the_observers() {
    for senders in [
        "observer = {}",
        "any = { resolver = \"observer\" }\n[resolvers.observer]",
    ] {
        let more = format!(
            r#"
[senders]
{senders}

[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"

[[step]]
at = "10m"
set.domains."corp.test".mx.records = ["10 mx.new.test"]
set.servers."mx.new.test" = {{}}
[[step.check]]
verdict = "defer"
"#
        );
        assert_holds(senders, &more).await;
    }
}

#[tokio::test]
async fn a_sender_that_names_an_edge_asks_it_alone_where_the_host_has_it() {
    let more = r#"
[senders]
any  = { cache = "empty" }
west = { cache = "empty", edge = "192.0.2.11" }
east = { cache = "empty", edge = "192.0.2.12" }
six  = { cache = "empty", edge = "2001:db8::13" }

[[step]]
at = "0s"
[step.set.domains."corp.test".policy]
addresses = ["192.0.2.11", "192.0.2.12", "2001:db8::13"]
edges."192.0.2.12".mx = ["mx.new.test"]
edges."2001:db8::13".fault = "refused"
[[step.expect]]
sender = ["any", "west"]
verdict = "deliver"
asked = ["GET mta-sts.corp.test 192.0.2.11"]
not_asked = ["GET mta-sts.corp.test 192.0.2.12"]
[[step.expect]]
sender = "east"
verdict = "defer"
asked = ["A mta-sts.corp.test", "AAAA mta-sts.corp.test", "GET mta-sts.corp.test 192.0.2.12"]
not_asked = ["GET mta-sts.corp.test 192.0.2.11"]
[[step.expect]]
sender = "six"
verdict = "deliver-unprotected"
not_asked = ["GET mta-sts.corp.test"]

[[step]]
at = "2h"
title = "the edges of the east and of IPv6 are taken away"
set.domains."corp.test".policy.addresses = ["192.0.2.11"]
unset = ["domains.\"corp.test\".policy.edges"]
[[step.expect]]
sender = ["east", "six"]
verdict = "deliver"
asked = ["GET mta-sts.corp.test 192.0.2.11"]
"#;
    assert_holds("edge", more).await;
}

/// The policy that is held lists another host, under the id that is published: only a refresh mends that.
#[tokio::test]
async fn a_refresh_that_is_due_at_the_start_runs_before_the_first_step() {
    for (fetched, refreshes, verdict) in [("-30h", 1, "deliver"), ("-1h", 0, "defer")] {
        let more = format!(
            r#"
[senders.warm]
cached."corp.test" = {{ id = "1", fetched = "{fetched}", policy = {{ mode = "enforce", mx = ["mx.new.test"], max_age = "7d" }} }}

[[step]]
at = "0s"
[[step.expect]]
verdict = "{verdict}"
policy = "stored"
not_asked = ["GET mta-sts.corp.test"]
"#
        );
        let scenario = super::read(&story(&more));
        for networks in [Networks::Both, Networks::Lab] {
            let replayed = replay(&scenario.story, networks).await.unwrap();
            assert!(replayed.holds(), "{fetched}:\n{replayed}");
            let refreshed = replayed.steps[0].refreshes.iter();
            let found: Vec<UnixTime> = refreshed.map(|each| each.at).collect();
            assert_eq!(found, vec![scenario.story.start; refreshes], "{fetched}");
        }
    }
}

#[tokio::test]
async fn a_server_that_greylists_takes_whom_it_has_met() {
    let more = r#"
[senders]
first  = {}
second = {}

[[step]]
at = "0s"
set.servers."mx.old.test".fault = "greylist"
[[step.expect]]
sender = "first"
verdict = "defer"
[[step.check]]
verdict = "deliver"

[[step]]
at = "10m"
[[step.flush]]
sender = "first"
verdict = "deliver"
received = [{ server = "mx.old.test", tls = true }]
[[step.expect]]
sender = "first"
verdict = "deliver"
[[step.expect]]
sender = "second"
verdict = "defer"
"#;
    assert_holds("greylist", more).await;
}

/// What would have become of mail: how each span begins, after the start, and each of its reasons.
async fn spans(more: &str) -> Vec<(u64, String, String)> {
    let scenario = super::read(&story(more));
    let replayed = replay(&scenario.story, Networks::Model).await.unwrap();
    let [course] = &replayed.courses[..] else {
        panic!("{:#?}", replayed.courses);
    };
    let after = |time: UnixTime| {
        time.saturating_duration_since(scenario.story.start)
            .as_secs()
    };
    course
        .spans
        .iter()
        .flat_map(|span| {
            span.reasons.iter().map(|reason| {
                // Only the first reason begins with its span.
                let verdict = match reason.from == span.from {
                    true => span.verdict.to_string(),
                    false => "still".to_owned(),
                };
                (after(reason.from), verdict, reason.text.to_string())
            })
        })
        .collect()
}

#[tokio::test]
async fn what_would_become_of_mail_heeds_certificates_and_answers_to_messages() {
    const EXPIRED: &str =
        "no MX host can be used: mx.old.test: certificate expired at 2026-03-04T08:00:00Z";
    const GREYLISTED: &str = "no MX host can be used: mx.old.test: message answered 450 later";
    const GOOD: &str = "mx.old.test is in the policy and its certificate is valid";
    for (set, expected) in [
        (
            "certificate.not_after = \"2d\"",
            vec![(0, "deliver", GOOD), (172_801, "defer", EXPIRED)],
        ),
        ("fault = \"greylist\"", vec![(0, "defer", GREYLISTED)]),
        (
            "fault = \"greylist\"\nset.servers.\"mx.old.test\".certificate.not_after = \"2d\"",
            vec![(0, "defer", GREYLISTED), (172_801, "still", EXPIRED)],
        ),
        (
            "fault = \"reject\"",
            vec![(
                0,
                "bounce",
                "the receiver rejected the message: 550 no such user",
            )],
        ),
    ] {
        let more = format!(
            r#"
[senders]
lazy = {{ class = "lazy" }}

[[step]]
at = "0s"
set.servers."mx.old.test".{set}

[[step]]
at = "3d"
[[step.check]]
verdict = "deliver"
"#
        );
        let found = spans(&more).await;
        let found: Vec<_> = found
            .iter()
            .map(|(after, verdict, reason)| (*after, verdict.as_str(), reason.as_str()))
            .collect();
        assert_eq!(found, expected, "{set}");
    }
}

#[tokio::test]
async fn one_fetch_is_told_once_on_either_network() {
    let more = "[[step]]\nat = \"0s\"\n[[step.expect]]\nverdict = \"deliver\"\n";
    let mut told = Vec::new();
    for networks in [Networks::Model, Networks::Lab] {
        let replayed = super::play(&story(more), networks).await;
        let json = serde_json::to_value(&replayed).unwrap();
        let requests = json["steps"][0]["attempts"][0]["requests"].clone();
        let gets = requests.as_array().unwrap().iter();
        assert_eq!(
            gets.filter(|request| request.as_str().unwrap().starts_with("GET"))
                .count(),
            1,
            "{requests}"
        );
        told.push(requests);
    }
    assert_eq!(told[0], told[1]);
}
