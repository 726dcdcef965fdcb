//! What Postfix and Exim take from an answer, for 5,000 policies of every kind that the grammar allows.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use proptest::sample::select;
use regex::Regex;
use stickler::facts::DnsName;
use stickler::sidecar::exim;
use stickler::sidecar::filter::{MxSet, Verdict, decide};
use stickler::sidecar::filter_key::FilterKey;
use stickler::sidecar::host::{NO_HOST, is_host_name, is_listed};
use stickler::sidecar::postfix::{Candidates, MainLevel, Question, Settings, answer};
use stickler::sidecar::socketmap::{Flavour, Reply};
use stickler::sts::mx::MxPattern;
use stickler::sts::policy::{MaxAge, Mode, Policy};
use stickler::tlsrpt::result_type::ResultType;

use super::shrinking::{config, pattern};
use crate::support::tls_policy::TlsPolicy;

/// Patterns that mean something to Postfix, to OpenSSL or to PCRE, among any others.
fn hostile_pattern() -> impl Strategy<Value = MxPattern> {
    let special = select(
        &[
            "hostname",
            "HOSTNAME",
            "nexthop",
            "dot-nexthop",
            "192.0.2.1",
            "*.0.2.1",
            "2130706433",
            "a.test",
            "*.a.test",
            "*.w.test",
            "*.test",
            "b.w.test",
        ][..],
    );
    prop_oneof![
        special.prop_map(|text| text.parse().expect("by the grammar")),
        pattern(),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let mode = select(&[Mode::Enforce, Mode::Testing, Mode::None][..]);
    (mode, vec(hostile_pattern(), 1..6))
        .prop_map(|(mode, patterns)| Policy::new(mode, MaxAge::MAX, patterns).expect("it has some"))
}

fn host() -> impl Strategy<Value = DnsName> {
    let hosts = [
        "a.test",
        "b.a.test",
        "w.test",
        "b.w.test",
        "c.b.w.test",
        "_b.w.test",
        "-b.w.test",
        "192.0.2.1",
        "test",
        "evil.test",
    ];
    select(hosts.to_vec()).prop_map(|name| name.parse().expect("a name"))
}

fn candidates() -> impl Strategy<Value = Candidates> {
    prop_oneof![
        Just(Candidates::ItSelf),
        Just(Candidates::Unknown),
        vec(host(), 0..5).prop_map(Candidates::Mx),
        vec(host(), 0..5).prop_map(Candidates::Shown),
    ]
}

/// The hosts that may take mail: what a policy lists of the candidates there are.
fn listed(policy: &Policy, domain: &DnsName, candidates: &Candidates) -> BTreeSet<String> {
    let hosts = match candidates {
        Candidates::ItSelf => std::slice::from_ref(domain),
        Candidates::Mx(hosts) | Candidates::Shown(hosts) => hosts,
        Candidates::Unknown => &[],
    };
    let listed = hosts.iter().filter(|host| is_listed(policy, host));
    listed.map(ToString::to_string).collect()
}

proptest! {
    // Without optimisation an expression takes a millisecond to compile.
    #![proptest_config(ProptestConfig { cases: 5_000, ..config() })]

    #[test]
    fn an_answer_has_no_attribute_that_we_did_not_write(
        policy in option::weighted(0.9, policy()),
        domain in host(),
        candidates in candidates(),
        failure in option::of(select(&ResultType::ALL[..])),
        flavour in select(&[Flavour::Postfix, Flavour::Postfix310][..]),
        main_level in select(&[MainLevel::May, MainLevel::Other][..]),
        salt in option::of(select(&["", "aNULL, RC4"][..])),
    ) {
        let question = Question {
            domain: &domain,
            flavour,
            policy: policy.as_ref(),
            candidates: &candidates,
            failure,
        };
        let salt = salt.map(|lists| lists.parse().expect("names of ciphers"));
        let is_salted = salt.is_some();
        let reply = answer(&question, &Settings { main_level, salt });
        let mode = policy.as_ref().map(Policy::mode);
        let value = match &reply {
            Reply::Found(value) => value.as_str(),
            Reply::NotFound => {
                let is_reported = (flavour, main_level) == (Flavour::Postfix310, MainLevel::May);
                assert!(mode != Some(Mode::Enforce), "an enforced policy is passed over");
                assert!(mode != Some(Mode::Testing) || !is_reported);
                return Ok(());
            }
            Reply::Temporary(_) => {
                assert_eq!(mode, Some(Mode::Enforce));
                let policy = policy.as_ref().expect("it has a mode");
                assert!(match &candidates {
                    Candidates::Unknown => true,
                    Candidates::Shown(_) => listed(policy, &domain, &candidates).is_empty(),
                    Candidates::ItSelf | Candidates::Mx(_) => false,
                });
                return Ok(());
            }
            Reply::Permanent(text) => panic!("{text}"),
        };
        assert!(value.bytes().all(|octet| (b' '..=b'~').contains(&octet)), "{value:?}");
        let policy = policy.as_ref().expect("without one nothing is found");
        let taken = TlsPolicy::read(value).expect(value);
        let count = |name: &str| taken.values(name).len();
        let is_secure = mode == Some(Mode::Enforce);
        assert_eq!(taken.level, if is_secure { "secure" } else { "may" });
        assert_eq!(count("match"), usize::from(is_secure));
        assert_eq!(count("servername"), usize::from(is_secure));
        assert_eq!(count("exclude"), usize::from(is_secure && is_salted));
        assert!(count("policy_failure") <= usize::from(!is_secure && failure.is_some()));
        let patterns: BTreeSet<String> =
            policy.patterns().iter().map(|p| p.to_string().to_ascii_lowercase()).collect();
        let is_told = flavour == Flavour::Postfix310;
        for name in ["policy_type", "policy_domain"] {
            assert_eq!(count(name), usize::from(is_told), "{name}");
        }
        assert_eq!(count("policy_string") > 0, is_told);
        assert_eq!(count("mx_host_pattern") > 0, is_told);
        for pattern in taken.values("mx_host_pattern") {
            assert!(patterns.contains(pattern) || pattern == NO_HOST, "{pattern}");
        }
        for line in taken.values("policy_string") {
            let is_field = ["version: STSv1", &format!("mode: {}", policy.mode()), "max_age: 31557600"]
                .contains(&line);
            let is_pattern = line
                .strip_prefix("mx: ")
                .is_some_and(|mx| patterns.contains(&mx.to_ascii_lowercase()));
            assert!(is_field || is_pattern, "{line}");
        }
        let known = ["match", "servername", "exclude", "policy_type", "policy_domain", "policy_string",
            "mx_host_pattern", "policy_failure"];
        for (name, _) in &taken.attributes {
            assert!(known.contains(&name.as_str()), "{name}");
        }
        if is_secure {
            let names: Vec<&str> = taken.values("match")[0].split(':').collect();
            let unique: BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(unique.len(), names.len(), "{value}");
            let listed = listed(policy, &domain, &candidates);
            for name in &names {
                let is_only = matches!(candidates, Candidates::ItSelf | Candidates::Shown(_));
                let is_itself = patterns.contains(*name) && !is_only;
                assert!(is_itself || listed.contains(*name) || *name == NO_HOST, "{name}");
                assert!(is_host_name(name), "{name}");
                assert!(!["hostname", "nexthop", "dot-nexthop"].contains(name));
            }
            for host in &listed {
                assert!(names.contains(&host.as_str()), "{host} is listed, and not matched");
            }
        }
    }

    #[test]
    fn filter_and_exim_keep_the_hosts_that_the_policy_lists(
        policy in policy(),
        host in host(),
        domain in host(),
    ) {
        let is_listed = is_listed(&policy, &host);
        let is_enforced = policy.mode() == Mode::Enforce;
        let key = FilterKey::parse(format!("{domain}. 0 IN MX 10 {host}.").as_bytes());
        let verdict = decide(Some(&policy), &key, MxSet::Ordinary);
        assert_eq!(verdict == Verdict::Drop, is_enforced && !is_listed);
        let line = exim::Answer::Policy(&policy).to_string();
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(fields.len(), 1 + usize::from(is_enforced), "{line:?}");
        assert_eq!(fields[0], format!("mode={}", policy.mode()));
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        if is_enforced {
            let expression = Regex::new(fields[1].strip_prefix("mx_re=").expect(&line)).expect(&line);
            let is_matched = expression.is_match(host.as_str());
            // Exim never connects to what is no host name.
            assert!(is_matched == is_listed || !is_host_name(host.as_str()), "{line} {host}");
            for other in [String::new(), format!("x{host}."), format!("{host}.evil.example")] {
                assert!(!expression.is_match(&other), "{line} {other}");
            }
        }
    }
}
