//! Expectations that could never fail are mistakes.

use super::{GOOD, problems};

/// The first expectation of the good scenario.
const FIRST: &str = "verdict = \"deliver\"\n";

#[test]
fn an_expectation_that_holds_for_anything_is_a_problem() {
    for (bad, expected) in [
        (
            "via = []\n",
            "s.toml:15:7: `via` is an empty list [name what is expected, or take the key away]",
        ),
        (
            "received = []\n",
            "s.toml:15:12: `received` is an empty list [name what is expected, or take the key away]",
        ),
        (
            "not_asked = []\n",
            "s.toml:15:13: `not_asked` is an empty list [name what is expected, or take the key away]",
        ),
        (
            "reason = \"\"\n",
            "s.toml:15:10: `reason` is an empty text [say what is expected, or take the key away]",
        ),
        ("result_type = []\n", ""),
        (
            "[[step.check]]\nno_finding = \"STS-MX-UNCOVRED\"\n",
            "s.toml:16:14: `STS-MX-UNCOVRED` is no code of a finding [did you mean `STS-MX-UNCOVERED`?]",
        ),
        (
            "[[step.check]]\nfinding = \"sts-mx-uncovered\"\n",
            "s.toml:16:11: `sts-mx-uncovered` is no code of a finding [did you mean `STS-MX-UNCOVERED`?]",
        ),
        (
            "[[step.check]]\nno_finding = \"STS-ID-STALE\"\n",
            "s.toml:16:14: this check remembers nothing, so `STS-ID-STALE` never comes up [give this check and an earlier one the same `remember = \"NAME\"`]",
        ),
        (
            "[[step.check]]\nremember = \"daily\"\nverdict = \"deliver\"\n",
            "s.toml:16:12: no other check remembers `daily` [give the same name to an earlier or a later check of the domain, or take it away]",
        ),
        (
            "[[step.check]]\nclass = \"lazy\"\nno_finding = \"STS-MX-UNCOVERED\"\n",
            "s.toml:16:9: `class` says whose `verdict` is meant, and there is none [add a `verdict`; findings and exit code are about the domain]",
        ),
    ] {
        let text = GOOD.replacen(FIRST, &format!("{FIRST}{bad}"), 1);
        let expected: Vec<&str> = expected.split_terminator('\n').collect();
        assert_eq!(problems(&text), expected, "for {bad}");
    }
}

#[test]
fn a_request_that_no_server_can_receive_is_a_problem() {
    for (request, expected) in [
        ("TXT _mta-sts.corp.test", ""),
        ("MX corp.test", ""),
        ("A mx.old.test", ""),
        ("GET mta-sts.corp.test 192.0.2.2", ""),
        ("SMTP mx.old.test 192.0.2.1", ""),
        (
            "GET mx.old.test",
            "no policy host ever hears `GET mx.old.test` [there is `GET mta-sts.corp.test`]",
        ),
        (
            "GET mta-sts.corp.test 198.51.100.77",
            "`mta-sts.corp.test` is never found at 198.51.100.77 [there is `192.0.2.2`]",
        ),
        (
            "SMTP mta-sts.corp.test",
            "no server ever hears `SMTP mta-sts.corp.test` [there is `SMTP mx.old.test`]",
        ),
        (
            "SMTP mx.old.test 192.0.2.200",
            "`mx.old.test` is never found at 192.0.2.200 [there is `192.0.2.1`]",
        ),
        (
            "MX _mta-sts.corp.test",
            "no sender asks `MX _mta-sts.corp.test` [write `TXT _mta-sts.corp.test`]",
        ),
        (
            "TXT _25._tcp.mx.old.test",
            "no sender asks `TXT _25._tcp.mx.old.test` [write `TLSA _25._tcp.mx.old.test`]",
        ),
        (
            "MX mx.old.test",
            "no sender asks `MX mx.old.test` [senders ask about `mx.old.test` with `A mx.old.test` and `AAAA mx.old.test`]",
        ),
    ] {
        for (key, column) in [("asked", 9), ("not_asked", 13)] {
            let bad = format!("{FIRST}{key} = \"{request}\"\n");
            let expected: Vec<String> = expected
                .split_terminator('\n')
                .map(|problem| format!("s.toml:15:{column}: {problem}"))
                .collect();
            assert_eq!(
                problems(&GOOD.replacen(FIRST, &bad, 1)),
                expected,
                "for {bad}"
            );
        }
    }
}

#[test]
fn a_request_to_a_shared_host_carries_the_domains_name() {
    let text = GOOD.replace(
        "mode = \"enforce\",",
        "cname = \"sts.provider.test\", mode = \"enforce\",",
    ) + "not_asked = \"GET sts.provider.test\"\n[hosts.\"sts.provider.test\"]\n";
    assert_eq!(
        problems(&text),
        [
            "s.toml:21:13: no request carries the name `sts.provider.test` [a sender asks for the domain's own: there is `GET mta-sts.corp.test`]"
        ]
    );
}

#[test]
fn a_request_that_leaves_no_trace_is_a_problem() {
    for (change, request) in [
        (
            "set.domains.\"corp.test\".policy.fault = \"refused\"",
            "GET mta-sts.corp.test",
        ),
        (
            "set.servers.\"mx.old.test\".fault = \"blackhole\"",
            "SMTP mx.old.test",
        ),
    ] {
        let text = GOOD.replace("set.domains.\"corp.test\".mx.ttl = \"5m\"", change)
            + &format!("not_asked = \"{request}\"\n");
        assert_eq!(
            problems(&text),
            [format!(
                "s.toml:21:13: no server sees `{request}` now: the connection is never made [`refused` and `blackhole` leave no trace; where the attempt must show, use `silence` or `reset`]"
            )]
        );
    }
}

#[test]
fn a_story_that_expects_nothing_is_a_problem() {
    let text = GOOD
        .replace("[[step.expect]]\nverdict = \"deliver\"\n", "")
        .replace(
            "[[step.expect]]\nsender = \"warm\"\nverdict = \"defer\"\n",
            "",
        );
    assert_eq!(
        problems(&text),
        [
            "s.toml:1:1: the scenario expects nothing [add `[[step.expect]]` with a `verdict`, or a `[[step.check]]`]"
        ]
    );
}
