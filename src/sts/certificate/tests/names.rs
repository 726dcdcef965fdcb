//! Which names of a certificate count, and how many are kept.

use rcgen::SanType;

use super::{F, faults, leaf, mismatch, now, root, sign, time, trusting};
use crate::facts::DnsName;
use crate::facts::certificate::PeerCertificate;
use crate::sts::certificate::judge;

#[test]
fn only_a_dns_id_counts_and_a_star_only_as_the_whole_left_most_label() {
    let root = root("root");
    let roots = trusting(&root);
    for (names, host, is_valid) in [
        (&["mx.corp.test"][..], "mx.corp.test", true),
        (&["MX.Corp.Test"], "mx.corp.test", true),
        (&["other.test", "mx.corp.test"], "mx.corp.test", true),
        (&["*.corp.test"], "mx.corp.test", true),
        (&["*.corp.test"], "_mx.corp.test", true),
        (&["*.corp.test"], "corp.test", false),
        (&["*.corp.test"], "a.mx.corp.test", false),
        (&["*.*.corp.test"], "a.mx.corp.test", false),
        (&["mx*.corp.test"], "mx1.corp.test", false),
        (&["*x.corp.test"], "mx.corp.test", false),
        (&["mx.*.test"], "mx.corp.test", false),
        (&["*"], "mx.corp.test", false),
        (&["*.test"], "corp.test", false),
        (&["mx.corp.test."], "mx.corp.test", false),
        (&[], "mx.corp.test", false),
        (&["192.0.2.1"], "192.0.2.1", false),
    ] {
        let host: DnsName = host.parse().unwrap();
        let seen = judge(&[sign(&leaf(names), &root)], &roots, &host, now());
        let expected = if is_valid {
            Vec::new()
        } else {
            vec![F::NameMismatch {
                expected: host.as_str().into(),
                presented: names.iter().map(|name| (*name).into()).collect(),
            }]
        };
        assert_eq!(seen.faults, expected, "{names:?} for {host}");
    }
}

#[test]
fn a_common_name_or_an_address_is_no_dns_id() {
    let root = root("root");
    let roots = trusting(&root);
    assert_eq!(
        faults(&[sign(&leaf(&[]), &root)], &roots),
        [mismatch(&[])],
        "common name only"
    );
    let mut params = leaf(&[]);
    params.subject_alt_names = vec![SanType::IpAddress("192.0.2.10".parse().unwrap())];
    let chain = [sign(&params, &root)];
    assert_eq!(faults(&chain, &roots), [mismatch(&[])], "address only");
    let spelt: DnsName = "192.0.2.10".parse().unwrap();
    assert_eq!(
        judge(&chain, &roots, &spelt, now()).faults,
        [F::NameMismatch {
            expected: "192.0.2.10".into(),
            presented: Vec::new()
        }],
        "a name that spells the address"
    );
}

#[test]
fn presented_names_are_bounded() {
    let root = root("root");
    let names: Vec<String> = (0..30).map(|number| format!("mx{number}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chain = [sign(&leaf(&names), &root)];
    assert_eq!(
        faults(&chain, &trusting(&root)),
        [mismatch(&names[..F::MAX_PRESENTED])]
    );
}

#[test]
fn so_many_names_are_kept_and_the_hosts_own_among_them() {
    let root = root("root");
    let names: Vec<String> = (0..50).map(|number| format!("mx{number}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chain = [sign(&leaf(&names), &root)];
    for (host, last) in [
        ("mx45.test", "mx45.test"),
        ("mx.other.test", "mx31.test"),
        ("mx3.test", "mx31.test"),
    ] {
        let seen = judge(
            &chain,
            &trusting(&root),
            &host.parse().unwrap(),
            time("2026-06-01T00:00:00Z"),
        );
        assert_eq!(seen.dns_names().len(), PeerCertificate::MAX_NAMES);
        assert_eq!(&**seen.dns_names().last().unwrap(), last, "{host}");
        assert_eq!(seen.names_left_out(), 50 - PeerCertificate::MAX_NAMES);
    }
}
