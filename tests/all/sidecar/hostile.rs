//! Policies that try to become something else than names of MX hosts in what Postfix and Exim read.
//!
//! Each has done so with a sidecar that exists, or is of the same kind.

use regex::Regex;
use stickler::facts::DnsName;
use stickler::sidecar::exim;
use stickler::sidecar::host::NO_HOST;
use stickler::sidecar::postfix::{Candidates, MainLevel, Question, Settings, answer};
use stickler::sidecar::socketmap::{Flavour, Reply};
use stickler::sts::policy::{self, Policy};
use stickler::sts::reading::Reading;

use crate::support::tls_policy::TlsPolicy;

/// The host that every policy of these tests means.
const MEANT: &str = "mx.a.test";

fn read(body: &str) -> Option<Policy> {
    policy::parse(body.as_bytes(), Reading::Letter).ok()
}

/// Asks about a policy domain that publishes `body`, whose MX host has an unlisted name.
fn ask(body: &str, flavour: Flavour) -> Reply {
    let policy = read(body);
    let domain: DnsName = "a.test".parse().unwrap();
    let candidates = Candidates::Mx(vec!["evil.test".parse().unwrap()]);
    let question = Question {
        domain: &domain,
        flavour,
        policy: policy.as_ref(),
        candidates: &candidates,
        failure: None,
    };
    let settings = Settings {
        main_level: MainLevel::May,
        salt: None,
    };
    answer(&question, &settings)
}

/// What Postfix takes from an answer: the level, and the names in `match=`.
fn taken(reply: &Reply) -> (String, Vec<String>) {
    match reply {
        Reply::Found(value) => {
            let value = value.as_str();
            let policy = TlsPolicy::read(value).expect(value);
            let names = policy.values("match");
            let names = names.iter().flat_map(|list| list.split(':'));
            (policy.level.clone(), names.map(str::to_owned).collect())
        }
        Reply::NotFound => ("main.cf".into(), Vec::new()),
        Reply::Permanent(text) | Reply::Temporary(text) => panic!("{text}"),
    }
}

fn enforce(lines: &str) -> String {
    format!("version: STSv1\nmode: enforce\n{lines}\nmax_age: 86400\n")
}

/// Values of `mx` that make the whole policy invalid, so that none is held.
const NO_PATTERNS: &[&str] = &[
    "*",
    "*.",
    "**.a.test",
    "*.*.a.test",
    "***",
    "mx*.a.test",
    "*mx.a.test",
    ".*.a.test",
    ".a.test",
    ".",
    "..",
    "_",
    "_mx.a.test",
    "mx.a.test.",
    "mx.a.test..",
    "mx..a.test",
    "-mx.a.test",
    "mx-.a.test",
    "b\u{fc}cher.test",
    "mx.a.test\u{3002}",
    "mx.a.test protocols=SSLv3 ciphers=null",
    "mx.a.test\tprotocols=SSLv3",
    "mx.a.test:.com",
    "mx.a.test:hostname",
    "mx.a.test:25",
    "mx.a.test,may",
    "mx.a.test, mx.b.test",
    "mx.a.test;mx.b.test",
    "mx.a.test servername=evil.test",
    "match=hostname",
    "{hostname}",
    "mx.a.test } ciphers=null {",
    "}",
    "{",
    "{ protocols = SSLv3 }",
    "mx.a.test\u{a0}x",
    "mx.a.test\u{2028}x",
    "mx.a.test\0",
    "[192.0.2.1]",
    "[mx.a.test]",
    "IPv6:2001:db8::1",
    "2001:db8::1",
    "$domain",
    "${run{/bin/sh}}",
    "(.*)",
    "mx.a.test|.*",
    "mx\\.a\\.test",
];

#[test]
fn a_policy_with_a_value_that_is_no_pattern_is_not_held() {
    for value in NO_PATTERNS {
        for lines in [
            format!("mx: {value}"),
            format!("mx: {MEANT}\nmx: {value}"),
            format!("mx: {value}\nmx: {MEANT}"),
        ] {
            for flavour in [Flavour::Postfix, Flavour::Postfix310] {
                let reply = ask(&enforce(&lines), flavour);
                assert_eq!(reply, Reply::NotFound, "{lines:?}");
            }
        }
    }
}

#[test]
fn the_names_that_postfix_matches_are_those_that_the_policy_means() {
    let none = [NO_HOST];
    let secure: fn(&[&str]) -> (String, Vec<String>) = |names| {
        let names = names.iter().map(|name| (*name).to_owned());
        ("secure".to_owned(), names.collect())
    };
    let main_cf = ("main.cf".to_owned(), Vec::new());
    let with = |mx: &str| enforce(&format!("mx: {mx}"));
    let beside = |mx: &str| enforce(&format!("mx: {mx}\nmx: {MEANT}"));
    for (body, expected) in [
        (with(MEANT), secure(&[MEANT])),
        (with("MX.A.Test"), secure(&[MEANT])),
        (with("localhost"), secure(&["localhost"])),
        (with("hostname.a.test"), secure(&["hostname.a.test"])),
        // Keywords of Postfix.
        (with("hostname"), secure(&none)),
        (with("HostName"), secure(&none)),
        (with("nexthop"), secure(&none)),
        (with("dot-nexthop"), secure(&none)),
        (beside("hostname"), secure(&[MEANT])),
        (beside("nexthop"), secure(&[MEANT])),
        (beside("dot-nexthop"), secure(&[MEANT])),
        // Addresses.
        (with("192.0.2.1"), secure(&none)),
        (beside("192.0.2.1"), secure(&[MEANT])),
        // A wildcard is never a suffix.
        (with("*.test"), secure(&["evil.test"])),
        (with("*.evil.test"), secure(&none)),
        (with("*.com"), secure(&none)),
        // A field that no sender knows, with anything in it.
        (
            enforce(&format!("mx: {MEANT}\nbrace: a }} ciphers=null {{")),
            secure(&[MEANT]),
        ),
        (
            enforce(&format!("mx: {MEANT}\nmatch: hostname")),
            secure(&[MEANT]),
        ),
        (
            enforce(&format!(
                "mx: {MEANT}\nx: a, protocols=SSLv3 servername=evil.test"
            )),
            secure(&[MEANT]),
        ),
        // The first of a field counts.
        (
            format!("version: STSv1\nmode: enforce\nmode: none\nmx: {MEANT}\nmax_age: 1\n"),
            secure(&[MEANT]),
        ),
        (
            format!("version: STSv1\nmode: none\nmode: enforce\nmx: {MEANT}\nmax_age: 1\n"),
            main_cf.clone(),
        ),
        // No policy at all.
        (enforce(&format!("nmx: {MEANT}")), main_cf.clone()),
        (enforce(&format!("mx: {MEANT}\n")), main_cf.clone()),
        (enforce(&format!("mx: {MEANT}\nno colon")), main_cf.clone()),
        (
            enforce(&format!("mx: {MEANT}\r")).replace('\r', "\r\r"),
            main_cf.clone(),
        ),
        (
            format!("version: STSv1 }} x {{\nmode: enforce\nmx: {MEANT}\nmax_age: 1\n"),
            main_cf.clone(),
        ),
        (
            format!("version: STSv1\nmode: enforce match=hostname\nmx: {MEANT}\nmax_age: 1\n"),
            main_cf.clone(),
        ),
        (
            format!("version: STSv1\nmode: enforce\nmx: {MEANT}\nmax_age: 1 }} x=y {{\n"),
            main_cf.clone(),
        ),
        (
            format!("version: STSv1\nmode: enforce\nmx: {MEANT}\nmax_age: +1\n"),
            main_cf.clone(),
        ),
    ] {
        for flavour in [Flavour::Postfix, Flavour::Postfix310] {
            assert_eq!(taken(&ask(&body, flavour)), expected, "{body}");
        }
    }
    // In testing Postfix has nothing to match, and is told the policy where it can report it.
    let testing =
        format!("version: STSv1\nmode: testing\nmode: enforce\nmx: {MEANT}\nmax_age: 1\n");
    for (flavour, level) in [(Flavour::Postfix, "main.cf"), (Flavour::Postfix310, "may")] {
        assert_eq!(
            taken(&ask(&testing, flavour)),
            (level.to_owned(), Vec::new())
        );
    }
}

#[test]
fn the_policy_that_postfix_reports_has_the_fields_that_count_and_no_others() {
    let body = enforce("mx: MX.a.test\nbrace: a } ciphers=null {\nmx: *.w.test\nmx: hostname");
    let Reply::Found(value) = ask(&body, Flavour::Postfix310) else {
        panic!("there is a policy");
    };
    let policy = TlsPolicy::read(value.as_str()).unwrap();
    let lines = [
        "version: STSv1",
        "mode: enforce",
        "mx: MX.a.test",
        "mx: *.w.test",
        "mx: hostname",
        "max_age: 86400",
    ];
    assert_eq!(policy.values("policy_string"), lines);
    assert_eq!(policy.values("mx_host_pattern"), ["mx.a.test", "*.w.test"]);
    assert_eq!(policy.values("policy_type"), ["sts"]);
    assert_eq!(policy.values("policy_domain"), ["a.test"]);
    assert_eq!(policy.values("servername"), ["hostname"]);
    let known = 2 + lines.len() + 4;
    assert_eq!(policy.attributes.len(), known, "{value:?}");
}

#[test]
fn exim_matches_the_hosts_that_the_policy_lists_and_no_others() {
    let hosts = [
        "mx.a.test",
        "MX.A.TEST",
        "mxxa.test",
        "mx.axtest",
        "mx.a.test.evil.test",
        "evil.mx.a.test",
        "w.test",
        "b.w.test",
        "b.c.w.test",
        "_b.w.test",
        "hostname",
        "a-b.test",
        "192.0.2.1",
        "",
        NO_HOST,
    ];
    for (patterns, expected) in [
        (&["mx.a.test"][..], &["mx.a.test", "MX.A.TEST"][..]),
        (&["*.w.test"], &["b.w.test", "_b.w.test"]),
        (&["hostname", "a-b.test"], &["hostname", "a-b.test"]),
        (&["192.0.2.1"], &[NO_HOST]),
    ] {
        let lines: Vec<String> = patterns.iter().map(|mx| format!("mx: {mx}")).collect();
        let policy = read(&enforce(&lines.join("\n"))).unwrap();
        let line = exim::Answer::Policy(&policy).to_string();
        let expression = line
            .strip_prefix("mode=enforce mx_re=")
            .and_then(|rest| rest.strip_suffix('\n'))
            .expect(&line);
        assert!(!expression.contains(char::is_whitespace), "{expression}");
        let expression = Regex::new(expression).unwrap();
        let matched: Vec<&str> = hosts
            .into_iter()
            .filter(|host| expression.is_match(host))
            .collect();
        assert_eq!(matched, expected, "{patterns:?}");
    }
}
