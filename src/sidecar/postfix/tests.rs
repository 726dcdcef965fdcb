//! Whole replies, as they go over the wire.

use super::{Candidates, Excludes, Level, MainLevel, Question, Settings, answer, level};
use crate::facts::DnsName;
use crate::sidecar::host::NO_HOST;
use crate::sidecar::socketmap::{Flavour, MAX_REPLY_OCTETS, Reply};
use crate::sts::policy::{MaxAge, Mode, Policy};
use crate::tlsrpt::result_type::ResultType;

fn policy(mode: Mode, patterns: &[&str]) -> Policy {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap());
    let max_age = MaxAge::from_secs(604_800).unwrap();
    Policy::new(mode, max_age, patterns.collect()).unwrap()
}

fn mx(hosts: &[&str]) -> Candidates {
    Candidates::Mx(hosts.iter().map(|host| host.parse().unwrap()).collect())
}

fn shown(hosts: &[&str]) -> Candidates {
    Candidates::Shown(hosts.iter().map(|host| host.parse().unwrap()).collect())
}

/// Asks about `example.test` and returns the payload of the reply.
fn ask(
    flavour: Flavour,
    policy: Option<&Policy>,
    candidates: &Candidates,
    settings: &Settings,
) -> String {
    let domain: DnsName = "example.test".parse().unwrap();
    let question = Question {
        domain: &domain,
        flavour,
        policy,
        candidates,
        failure: Some(ResultType::StsPolicyFetchError),
    };
    answer(&question, settings).payload().into_owned()
}

fn ask_plainly(patterns: &[&str], candidates: &Candidates) -> String {
    let policy = policy(Mode::Enforce, patterns);
    ask(
        Flavour::Postfix,
        Some(&policy),
        candidates,
        &Settings::default(),
    )
}

#[test]
fn match_names_patterns_as_they_are_and_the_hosts_that_wildcards_cover() {
    let unmatched = NO_HOST;
    for (patterns, candidates, expected) in [
        (&["mx.a.test"][..], mx(&[]), "mx.a.test"),
        (&["mx.a.test"], Candidates::Unknown, "mx.a.test"),
        (&["MX.A.Test", "mx.a.test"], mx(&["evil.test"]), "mx.a.test"),
        (&["b.test", "a.test"], mx(&["a.test"]), "b.test:a.test"),
        // One label, however deep the names of the candidates are.
        (
            &["*.w.test"],
            mx(&["w.test", "b.w.test", "a.b.w.test", "a.w.test", "xw.test"]),
            "a.w.test:b.w.test",
        ),
        (&["*.W.Test"], mx(&["A.w.TEST"]), "a.w.test"),
        (&["*.w.test"], mx(&["_mx.w.test"]), "_mx.w.test"),
        // In the policy's order, each name once.
        (
            &["z.test", "*.w.test", "a.w.test", "*.v.test", "*.w.test"],
            mx(&["a.w.test", "b.v.test", "a.w.test"]),
            "z.test:a.w.test:b.v.test",
        ),
        // What stands without a wildcard stands for itself where no candidate is known.
        (&["*.w.test", "mx.test"], Candidates::Unknown, "mx.test"),
        (&["*.w.test", "mx.test"], mx(&["b.test"]), "mx.test"),
        // A wildcard, and no host under it: none of the hosts there are may take the mail.
        (&["*.w.test"], mx(&["a.b.w.test"]), unmatched),
        (&["*.w.test"], mx(&[]), unmatched),
        // In brackets, or without MX records, the domain is the only candidate.
        (&["*.test"], Candidates::ItSelf, "example.test"),
        (
            &["example.test", "mx.test"],
            Candidates::ItSelf,
            "example.test",
        ),
        (&["mx.test"], Candidates::ItSelf, unmatched),
        (&["*.w.test"], Candidates::ItSelf, unmatched),
        // Where Postfix has shown its MX set no other name can be of use.
        (
            &["b.test", "a.test", "*.w.test"],
            shown(&["x.w.test", "evil.test", "a.test", "a.b.w.test"]),
            "a.test:x.w.test",
        ),
    ] {
        assert_eq!(
            ask_plainly(patterns, &candidates),
            format!("OK secure match={expected} servername=hostname"),
            "{patterns:?} {candidates:?}"
        );
    }
}

#[test]
fn a_policy_that_lists_none_of_the_hosts_that_postfix_has_shown_leads_to_no_connection() {
    for (patterns, hosts) in [
        (["a.test"], ["evil.test"]),
        (["*.w.test"], ["a.b.w.test"]),
        (["hostname"], ["hostname"]),
        (["192.0.2.1"], ["192.0.2.1"]),
    ] {
        assert_eq!(
            ask_plainly(&patterns, &shown(&hosts)),
            "TEMP the policy of example.test lists none of its MX hosts",
            "{patterns:?}"
        );
    }
}

#[test]
fn a_policy_of_wildcards_alone_waits_for_candidates() {
    for flavour in [Flavour::Postfix, Flavour::Postfix310] {
        let policy = policy(Mode::Enforce, &["*.w.test", "*.v.test"]);
        let reply = ask(
            flavour,
            Some(&policy),
            &Candidates::Unknown,
            &Settings::default(),
        );
        let expected =
            "TEMP the policy of example.test has wildcards only, and its MX hosts are not known";
        assert_eq!(reply, expected);
    }
}

/// Each is a pattern by the grammar, and stands beside one that counts.
#[test]
fn patterns_that_mean_something_else_to_postfix_are_left_out_and_the_rest_stands() {
    let long = format!("{}.test", "a".repeat(64));
    let longest = vec!["abcdefgh"; 30].join(".");
    for pattern in [
        "hostname",
        "Hostname",
        "HOSTNAME",
        "nexthop",
        "NextHop",
        "dot-nexthop",
        "Dot-NextHop",
        "192.0.2.1",
        "192.0.2",
        "2130706433",
        "0x7f.1",
        &long,
        &longest,
    ] {
        assert_eq!(
            ask_plainly(&[pattern, "mx.a.test", pattern], &Candidates::Unknown),
            "OK secure match=mx.a.test servername=hostname",
            "{pattern}"
        );
        let alone = ask_plainly(&[pattern], &mx(&["mx.a.test"]));
        assert_eq!(
            alone,
            format!("OK secure match={NO_HOST} servername=hostname"),
            "{pattern}"
        );
        let unknown = ask_plainly(&[pattern], &Candidates::Unknown);
        assert_eq!(unknown, alone, "no candidate would change it: {pattern}");
        let policy = policy(Mode::Enforce, &[pattern]);
        let told = ask(
            Flavour::Postfix310,
            Some(&policy),
            &Candidates::Unknown,
            &Settings::default(),
        );
        assert!(
            told.ends_with(&format!(" mx_host_pattern={NO_HOST}")),
            "{told}"
        );
    }
    // These are names like any other: only a whole name is a keyword.
    for pattern in ["localhost", "hostname.test", "x-nexthop", "nexthop1"] {
        assert_eq!(
            ask_plainly(&[pattern], &Candidates::Unknown),
            format!("OK secure match={pattern} servername=hostname")
        );
    }
}

/// A wildcard covers them by the letter; OpenSSL would compare them with IP SANs.
#[test]
fn candidates_that_are_addresses_are_never_matched() {
    for host in ["192.0.2.1", "-a.w.test", "a-.w.test"] {
        let reply = ask_plainly(&["*.0.2.1", "*.w.test"], &mx(&[host]));
        assert_eq!(
            reply,
            format!("OK secure match={NO_HOST} servername=hostname"),
            "{host}"
        );
    }
}

const STS: &str = "policy_type=sts policy_domain=example.test { policy_string = version: STSv1 }";

#[test]
fn postfix_310_is_told_the_policy_besides() {
    let policy = policy(
        Mode::Enforce,
        &["MX.a.test", "*.W.test", "hostname", "mx.a.test"],
    );
    assert_eq!(
        ask(
            Flavour::Postfix310,
            Some(&policy),
            &mx(&["a.w.test"]),
            &Settings::default()
        ),
        format!(
            "OK secure match=mx.a.test:a.w.test servername=hostname {STS} {{ policy_string = mode: enforce }} {{ policy_string = mx: MX.a.test }} {{ policy_string = mx: *.W.test }} {{ policy_string = mx: hostname }} {{ policy_string = max_age: 604800 }} mx_host_pattern=mx.a.test mx_host_pattern=*.w.test"
        )
    );
}

#[test]
fn a_policy_in_testing_is_reported_where_that_weakens_nothing() {
    let testing = policy(Mode::Testing, &["mx.a.test"]);
    let reported = format!(
        "OK may {STS} {{ policy_string = mode: testing }} {{ policy_string = mx: mx.a.test }} {{ policy_string = max_age: 604800 }} mx_host_pattern=mx.a.test policy_failure=sts-policy-fetch-error"
    );
    for (flavour, main_level, expected) in [
        (Flavour::Postfix, MainLevel::May, "NOTFOUND "),
        (Flavour::Postfix, MainLevel::Other, "NOTFOUND "),
        (Flavour::Postfix310, MainLevel::Other, "NOTFOUND "),
        (Flavour::Postfix310, MainLevel::May, reported.as_str()),
    ] {
        let settings = Settings {
            main_level,
            salt: Some(Excludes::default()),
        };
        let reply = ask(flavour, Some(&testing), &mx(&["evil.test"]), &settings);
        assert_eq!(reply, expected, "{flavour:?} {main_level:?}");
    }
}

#[test]
fn mode_none_and_no_policy_leave_the_mail_to_main_cf() {
    let none = policy(Mode::None, &["mx.a.test"]);
    let settings = Settings {
        main_level: MainLevel::May,
        salt: Some(Excludes::default()),
    };
    for flavour in [Flavour::Postfix, Flavour::Postfix310] {
        for policy in [Some(&none), None] {
            let reply = ask(flavour, policy, &Candidates::Unknown, &settings);
            assert_eq!(reply, "NOTFOUND ", "{flavour:?} {policy:?}");
        }
    }
}

#[test]
fn the_level_follows_from_mode_flavour_and_main_cf() {
    let [enforce, testing, none] =
        [Mode::Enforce, Mode::Testing, Mode::None].map(|mode| policy(mode, &["a.test"]));
    for flavour in [Flavour::Postfix, Flavour::Postfix310] {
        for main in [MainLevel::May, MainLevel::Other] {
            let reports = (flavour, main) == (Flavour::Postfix310, MainLevel::May);
            let of_testing = if reports {
                Level::May(&testing)
            } else {
                Level::MainCf
            };
            assert_eq!(
                level(Some(&enforce), flavour, main),
                Level::Secure(&enforce)
            );
            assert_eq!(level(Some(&testing), flavour, main), of_testing);
            assert_eq!(level(Some(&none), flavour, main), Level::MainCf);
            assert_eq!(level(None, flavour, main), Level::MainCf);
        }
    }
}

#[test]
fn a_failure_is_told_beside_may_alone_and_in_a_word_that_postfix_knows() {
    let domain: DnsName = "example.test".parse().unwrap();
    let settings = Settings {
        main_level: MainLevel::May,
        salt: None,
    };
    let candidates = Candidates::Unknown;
    for failure in ResultType::ALL {
        let told = |mode| {
            let policy = policy(mode, &["mx.a.test"]);
            let question = Question {
                domain: &domain,
                flavour: Flavour::Postfix310,
                policy: Some(&policy),
                candidates: &candidates,
                failure: Some(failure),
            };
            let reply = answer(&question, &settings);
            let payload = reply.payload();
            let told = payload.split_once("policy_failure=");
            told.map(|(_, value)| value.to_owned())
        };
        let is_known = [
            "sts-policy-fetch-error",
            "sts-policy-invalid",
            "sts-webpki-invalid",
            "validation-failure",
        ]
        .contains(&failure.as_str());
        let expected = is_known.then(|| failure.to_string());
        assert_eq!(told(Mode::Testing), expected, "{failure}");
        assert_eq!(told(Mode::Enforce), None, "{failure}");
    }
}

#[test]
fn the_salt_stands_in_secure_answers_where_it_is_wanted() {
    let policy = policy(Mode::Enforce, &["*.w.test"]);
    let salted = |hosts: &[&str], salt: Option<&str>| {
        let settings = Settings {
            main_level: MainLevel::Other,
            salt: salt.map(|lists| lists.parse().unwrap()),
        };
        ask(Flavour::Postfix, Some(&policy), &mx(hosts), &settings)
    };
    let bare = "OK secure match=a.w.test:b.w.test servername=hostname";
    assert_eq!(salted(&["b.w.test", "a.w.test"], None), bare);
    let reply = salted(&["b.w.test", "a.w.test"], Some("aNULL, RC4"));
    assert!(
        reply.starts_with(&format!("{bare} exclude=aNULL:RC4:STS")),
        "{reply}"
    );
    // Resolvers turn the records of a set: that is no change.
    assert_eq!(salted(&["a.w.test", "b.w.test"], Some("aNULL, RC4")), reply);
    assert_ne!(salted(&["a.w.test", "c.w.test"], Some("aNULL, RC4")), reply);
}

/// The most that 64 KB of policy and a DNS answer can hold.
#[test]
fn an_answer_beyond_the_limit_of_postfix_is_temporary() {
    let names: Vec<String> = (0..6_000).map(|n| format!("m{n}.test")).collect();
    let patterns: Vec<&str> = names.iter().map(String::as_str).collect();
    let enforce = policy(Mode::Enforce, &patterns);
    let settings = Settings {
        main_level: MainLevel::May,
        salt: None,
    };
    let fits = ask(
        Flavour::Postfix,
        Some(&enforce),
        &Candidates::Unknown,
        &settings,
    );
    assert!(fits.starts_with("OK secure match=m0.test:m1.test:"));
    assert!((60_000..MAX_REPLY_OCTETS).contains(&fits.len()));
    for mode in [Mode::Enforce, Mode::Testing] {
        let policy = policy(mode, &patterns);
        let reply = ask(
            Flavour::Postfix310,
            Some(&policy),
            &Candidates::Unknown,
            &settings,
        );
        assert!(reply.starts_with("TEMP the answer has "), "{mode}");
    }
    // Some 10,000 hosts under one wildcard.
    let hosts: Vec<String> = (0..10_000).map(|n| format!("m{n}.w.test")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let reply = ask_plainly(&["*.w.test"], &mx(&hosts));
    assert!(reply.starts_with("TEMP the answer has "), "{}", reply.len());
    assert_eq!(Reply::found("secure").payload(), "OK secure");
}
