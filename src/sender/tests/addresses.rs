//! The addresses of a host: how many of each family, in which order, and whether there are any.

use std::net::IpAddr;

use crate::facts::DnsName;
use crate::facts::dns::{DnsFailureKind, DnsOutcome, RecordType};
use crate::model::stage::{Stage, ip, name};
use crate::sender::Families;
use crate::sender::candidates::find_addresses;

/// IPv6 goes first, IPv4 keeps half of the places if it needs them, and nothing is asked twice.
#[tokio::test]
async fn addresses_are_bounded_and_both_families_have_a_place() {
    for (v6, v4, most, expected, left) in [
        (1, 1, 8, (1, 1), 0),
        (3, 3, 4, (2, 2), 2),
        (9, 1, 4, (3, 1), 6),
        (1, 9, 4, (1, 3), 6),
        (0, 9, 4, (0, 4), 5),
        (9, 0, 4, (4, 0), 5),
        (4, 4, 8, (4, 4), 0),
        (2, 2, 1, (1, 0), 3),
        (2, 2, 0, (0, 0), 4),
        (20, 0, 4, (4, 0), 16),
        (200, 1, 8, (7, 1), 193),
    ] {
        let mut stage = Stage::new();
        let addresses: Vec<String> = (0..v6)
            .map(|i| format!("2001:db8::{i:x}"))
            .chain((0..v4).map(|i| format!("192.0.2.{i}")))
            .collect();
        let mut doubled: Vec<&str> = addresses.iter().map(String::as_str).collect();
        doubled.extend(addresses.first().map(String::as_str));
        stage.addresses("many.test", &doubled);
        stage.model.apply(stage.state.clone());
        let found = find_addresses(
            &stage.model.through("resolver"),
            &name("many.test"),
            most,
            Families::Both,
        )
        .await;
        let (kept_v6, kept_v4) = expected;
        let expected: Vec<_> = (0..kept_v6)
            .map(|i| ip(&format!("2001:db8::{i:x}")))
            .chain((0..kept_v4).map(|i| ip(&format!("192.0.2.{i}"))))
            .collect();
        assert_eq!(
            (found.addresses, found.not_tried.len()),
            (expected, left),
            "{v6} IPv6 and {v4} IPv4 addresses, at most {most}"
        );
    }
}

/// A name that is NXDOMAIN for one family only is an odd server's, not an absent name.
#[tokio::test]
async fn a_host_is_absent_if_both_questions_say_so() {
    let absent = || DnsOutcome::NxDomain { ttl: None };
    let none = || DnsOutcome::NoData { ttl: None };
    for (v6, v4, expected) in [
        (absent(), absent(), true),
        (absent(), none(), false),
        (none(), absent(), false),
        (none(), none(), false),
    ] {
        let mut stage = Stage::new();
        stage
            .outcome("odd.test", RecordType::Aaaa, v6.clone())
            .outcome("odd.test", RecordType::A, v4.clone());
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let found = find_addresses(&network, &name("odd.test"), 8, Families::Both).await;
        assert_eq!(
            (found.no_such_name, found.failure),
            (expected, None),
            "AAAA {v6:?}, A {v4:?}"
        );
    }
}

/// A host is judged over IPv4 alone where it has any address of that family: one without is not hidden.
#[tokio::test]
async fn over_one_family_a_host_has_the_addresses_of_that_family_if_any() {
    let (v4, v6, mapped) = ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.2");
    for (families, addresses, expected) in [
        (Families::Both, vec![v6, v4], vec![v6, v4]),
        (Families::Ipv4, vec![v6, v4], vec![v4]),
        (Families::Ipv6, vec![v6, v4], vec![v6]),
        (Families::Ipv4, vec![v6], vec![v6]),
        (Families::Ipv6, vec![v4], vec![v4]),
        // It is spoken to over IPv4.
        (Families::Ipv4, vec![v6, mapped], vec![mapped]),
        (Families::Ipv6, vec![v6, mapped], vec![v6]),
        (Families::Ipv4, vec![], vec![]),
    ] {
        let all: Vec<IpAddr> = addresses.iter().map(|address| ip(address)).collect();
        let expected: Vec<IpAddr> = expected.iter().map(|address| ip(address)).collect();
        let selected = families.select(&all, |address| *address);
        assert_eq!(selected, expected, "{families:?} of {addresses:?}");
        let mut stage = Stage::new();
        stage.addresses("mx.test", &addresses);
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let found = find_addresses(&network, &name("mx.test"), 8, families).await;
        assert_eq!(found.addresses, expected, "{families:?} of {addresses:?}");
    }
}

#[tokio::test]
async fn the_aliases_of_a_host_end_where_a_name_has_been_published() {
    let mut stage = Stage::new();
    stage
        .alias("alias.test", "mx1.corp.test")
        .alias("to-nothing.test", "nothing.test")
        .absent("nothing.test")
        .alias("loop.test", "loop.test")
        .alias("silent.test", "silence.test")
        .fail("silence.test", DnsFailureKind::TimedOut);
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("resolver");
    for (host, expected) in [
        ("mx1.corp.test", None),
        ("alias.test", Some("mx1.corp.test")),
        ("to-nothing.test", Some("nothing.test")),
        ("loop.test", None),
        ("silent.test", Some("silence.test")),
    ] {
        let found = find_addresses(&network, &name(host), 8, Families::Both).await;
        let end = found.end_of_aliases().map(DnsName::as_str);
        assert_eq!(end, expected, "{host}: {found:?}");
    }
}
