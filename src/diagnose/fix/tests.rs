//! What holds for every fix, and the odd hosts.

use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{Fix, begin, cover, edges, failing_edges, keep, opt_out, record, rewrite};
use crate::facts::{DnsName, UnixTime};
use crate::sts::policy::{self, Policy};
use crate::sts::reading::Reading;

const NOW: UnixTime = UnixTime::from_secs(1_772_438_400);

fn policy(mx: &[&str]) -> Policy {
    let lines: String = mx.iter().map(|mx| format!("mx: {mx}\n")).collect();
    let body = format!("version: STSv1\nmode: enforce\n{lines}max_age: 604800\n");
    policy::parse(body.as_bytes(), Reading::Tolerant).unwrap()
}

/// Returns the policy bodies in a fix, as a reader would paste them.
fn bodies(fix: &Fix) -> Vec<String> {
    fix.to_string()
        .split("\n\n")
        .filter(|part| part.starts_with("version: STSv1"))
        .map(|part| format!("{part}\n"))
        .collect()
}

/// Hosts right below one name, and one more, whose names fill more than 64 KiB.
fn many_hosts(first: &str) -> Vec<DnsName> {
    let parent = "y".repeat(40);
    (0..1_500)
        .map(|number| format!("{first}{number}.{parent}.test"))
        .chain(["mx.alone.test".to_owned()])
        .map(|name| name.parse().unwrap())
        .collect()
}

#[test]
fn no_policy_is_offered_that_is_longer_than_senders_read() {
    let domain = "corp.test".parse().unwrap();
    let old = policy(&["mx.old.test"]);
    let hosts = many_hosts("mx");
    let hosts: Vec<&DnsName> = hosts.iter().collect();
    for fix in [
        cover(&domain, &old, &hosts, NOW),
        keep(&domain, &old, &hosts, NOW),
        begin(&domain, &hosts, NOW).unwrap(),
    ] {
        assert_eq!(fix.bodies().count(), 0);
        assert_eq!(
            fix.record(),
            None,
            "nothing changes, so neither does the id"
        );
        let text = fix.to_string();
        let pattern = format!("`*.{}.test` covers 1500 of the hosts", "y".repeat(40));
        for part in [
            "no sender need read more than 65536",
            pattern.as_str(),
            "publish fewer MX records",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("alone.test"), "{text}");
        assert!(text.len() < 1_000, "{text}");
    }
    // As many as fit are offered whole.
    let fitting = &hosts[..1_000];
    let fix = cover(&domain, &old, fitting, NOW);
    let body = fix.bodies().next().unwrap();
    assert_eq!(body.patterns().len(), 1_001);
    assert!(body.to_string().len() <= 65_536);
}

#[test]
fn hosts_that_no_policy_can_name_are_counted_beyond_the_first() {
    let domain = "corp.test".parse().unwrap();
    let hosts = many_hosts("a.b_");
    let hosts: Vec<&DnsName> = hosts.iter().collect();
    let text = cover(&domain, &policy(&["mx.old.test"]), &hosts, NOW).to_string();
    assert_eq!(text.matches("No policy can list").count(), 8, "{text}");
    assert!(
        text.contains("The same holds for 1492 more hosts."),
        "{text}"
    );
    assert!(text.contains("mx: mx.alone.test\n"), "{text}");
}

#[test]
fn a_host_that_no_policy_can_name_is_covered_or_to_be_renamed() {
    let domain = "corp.test".parse().unwrap();
    for (host, mx, remark) in [
        ("mx.new.test", Some("mx: mx.new.test\n"), None),
        (
            "_mx.under.test",
            Some("mx: *.under.test\n"),
            Some("`*.under.test` is there for _mx.under.test"),
        ),
        ("a.b_c.under.test", None, Some("Rename the host")),
        // Nobody lists a whole top-level domain.
        ("_mx.test", None, Some("Rename the host")),
    ] {
        let host: DnsName = host.parse().unwrap();
        let old = policy(&["mx.old.test"]);
        for fix in [
            Some(cover(&domain, &old, &[&host], NOW)),
            begin(&domain, &[&host], NOW),
        ]
        .into_iter()
        .flatten()
        {
            let bodies = bodies(&fix);
            assert_eq!(bodies.len(), usize::from(mx.is_some()), "{fix}");
            assert!(mx.is_none_or(|mx| bodies[0].contains(mx)), "{fix}");
            assert!(
                remark.is_none_or(|remark| fix.to_string().contains(remark)),
                "{fix}"
            );
        }
    }
}

#[test]
fn no_pattern_stands_twice_in_a_body() {
    let old = policy(&["MX.old.test", "mx.Old.test", "*.New.test"]);
    let domain = "corp.test".parse().unwrap();
    let host: DnsName = "mx.old.test".parse().unwrap();
    let fix = keep(&domain, &old, &[&host, &host], NOW);
    assert_eq!(
        bodies(&fix),
        ["version: STSv1\nmode: enforce\nmx: MX.old.test\nmx: *.New.test\nmax_age: 604800\n"]
    );
}

#[test]
fn the_order_and_the_condition_of_a_fix_stand_beside_its_text() {
    let domain: DnsName = "corp.test".parse().unwrap();
    let host: DnsName = "mx.new.test".parse().unwrap();
    let old = policy(&["mx.old.test"]);
    let addresses = || ["192.0.2.1".parse().unwrap()].into_iter();
    for (fix, order, caution) in [
        (
            cover(&domain, &old, &[&host], NOW),
            &["body", "edges", "record"][..],
            true,
        ),
        (
            keep(&domain, &old, &[], NOW).and(opt_out(&domain, NOW)),
            &["body", "edges", "record"],
            false,
        ),
        (opt_out(&domain, NOW), &["body", "edges", "record"], true),
        (
            edges(&domain, addresses(), NOW),
            &["edges", "record"],
            false,
        ),
        (failing_edges(&domain, addresses()), &["edges"], false),
        (Fix::publishing(record(&domain, NOW)), &["record"], false),
    ] {
        let json = serde_json::to_value(&fix).unwrap();
        assert_eq!(json["order"], serde_json::json!(order), "{fix}");
        assert_eq!(json["caution"].is_string(), caution, "{fix}");
    }
}

fn any_host() -> impl Strategy<Value = DnsName> {
    let label = prop_oneof!["[a-z0-9]{1,8}", "_[a-z]{1,4}", "-[a-z]{1,3}", "[a-z]-"];
    prop::collection::vec(label, 1..5)
        .prop_filter_map("a name", |labels| labels.join(".").parse().ok())
}

proptest! {
    #[test]
    fn every_body_in_every_fix_is_a_policy_to_the_letter(
        hosts in prop::collection::vec(any_host(), 0..6),
        mode in prop_oneof!["enforce", "testing", "none"],
        max_age in 0_u64..40_000_000,
    ) {
        let body = format!("version: STSv1\nmode: {mode}\nmx: mx.Old.test.\nx: y\nmax_age: {max_age}\n\n");
        let old = policy::parse(body.as_bytes(), Reading::Tolerant).unwrap();
        let domain = "corp.test".parse().unwrap();
        let hosts: Vec<&DnsName> = hosts.iter().collect();
        let fixes = [
            cover(&domain, &old, &hosts, NOW),
            keep(&domain, &old, &hosts, NOW),
            rewrite(&domain, &old, NOW),
            opt_out(&domain, NOW),
        ];
        for fix in fixes.into_iter().chain(begin(&domain, &hosts, NOW)) {
            let text = fix.to_string();
            prop_assert_eq!(text.matches("version: STSv1").count(), bodies(&fix).len());
            let values: Vec<String> = fix.bodies().map(ToString::to_string).collect();
            prop_assert_eq!(values, bodies(&fix));
            for body in bodies(&fix) {
                let read = policy::parse(body.as_bytes(), Reading::Letter);
                prop_assert!(read.is_ok(), "{:?}: {}", read, body);
            }
        }
    }
}
