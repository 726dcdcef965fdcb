//! Stories in which the networks have to agree, one for each thing that they could tell apart.

use stickler::replay::Networks;

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
    let told: Vec<String> = replayed
        .failures
        .iter()
        .map(|(origin, failure)| format!("{origin:?}: {}", failure.message))
        .collect();
    assert!(told.is_empty(), "{name}:\n{}", told.join("\n"));
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
