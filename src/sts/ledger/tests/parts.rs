//! How a domain was set up, at each change.

use super::super::{Change, EdgeSeen, MAX_CHANGES, MxHostSeen, MxSeen, Part, RecordSeen};
use super::{DAY, Ledger, Look, at, ledger, look};

fn record(id: &str) -> Part {
    Part::Record(RecordSeen::Usable {
        id: id.parse().unwrap(),
    })
}

fn mx(host: &str) -> Part {
    Part::Mx(MxSeen::Hosts {
        hosts: vec![MxHostSeen {
            preference: 10,
            host: host.into(),
        }],
    })
}

fn edge(status: u16) -> Part {
    Part::Edges(vec![EdgeSeen {
        address: "192.0.2.1".parse().unwrap(),
        body_sha256: None,
        status: Some(status),
    }])
}

fn with_parts(look: Look, parts: &[Part]) -> Look {
    Look {
        parts: parts.to_vec(),
        ..look
    }
}

fn changes(ledger: &Ledger) -> Vec<(u64, Part)> {
    let changes = ledger.changes().iter();
    changes
        .map(|change| (change.seen_at.as_secs() / DAY, change.part.clone()))
        .collect()
}

#[test]
fn a_part_is_kept_where_it_differs_from_the_look_before() {
    let policies = &[(1, 1, 60)];
    let days: [&[Part]; 6] = [
        &[record("1"), edge(200), mx("a.test")],
        &[record("1"), edge(200), mx("a.test")],
        // The look could not see the edges and the MX records: that is no change.
        &[record("2")],
        &[record("2"), edge(200), mx("b.test")],
        &[Part::Record(RecordSeen::Missing), edge(404)],
        &[record("2"), edge(404), mx("a.test")],
    ];
    let looks: Vec<Look> = (0_u64..)
        .zip(days)
        .map(|(day, parts)| with_parts(look(day * DAY, policies), parts))
        .collect();
    assert_eq!(
        changes(&ledger(&looks)),
        [
            (0, record("1")),
            (0, edge(200)),
            (0, mx("a.test")),
            (2, record("2")),
            (3, mx("b.test")),
            (4, Part::Record(RecordSeen::Missing)),
            (4, edge(404)),
            (5, record("2")),
            (5, mx("a.test")),
        ]
    );
}

#[test]
fn nothing_is_kept_before_there_was_a_policy() {
    let looks = [
        with_parts(look(0, &[]), &[mx("a.test")]),
        with_parts(look(DAY, &[(1, 1, 60)]), &[mx("b.test")]),
        with_parts(look(2 * DAY, &[]), &[mx("c.test")]),
    ];
    let expected = [(1, mx("b.test")), (2, mx("c.test"))];
    assert_eq!(changes(&ledger(&looks)), expected);
    assert_eq!(changes(&ledger(&looks[..1])), []);
}

#[test]
fn of_each_part_the_oldest_go_where_they_are_too_many() {
    let policies = &[(1, 1, 60)];
    let mut looks = vec![with_parts(look(0, policies), &[mx("a.test")])];
    // Edges that change at each look push no other part out.
    for day in 0..100_u16 {
        looks.push(with_parts(
            look(u64::from(day) * DAY, policies),
            &[edge(day)],
        ));
    }
    let ledger = ledger(&looks);
    let expected: Vec<_> = std::iter::once((0, mx("a.test")))
        .chain((36..100).map(|day| (u64::from(day), edge(day))))
        .collect();
    assert_eq!(changes(&ledger), expected);
    assert_eq!(expected.len(), MAX_CHANGES + 1);
    let twice = Ledger::new(ledger.policies().to_vec()).with_changes(ledger.changes().to_vec());
    assert_eq!(twice, ledger);
}

#[test]
fn a_clock_that_goes_back_leaves_the_changes_in_order() {
    let seen = |day: u64, part| Change {
        seen_at: at(day * DAY),
        part,
    };
    let policies = &[(1, 1, 60)];
    let first = with_parts(look(90 * DAY, policies), &[mx("a.test")]);
    // Nothing vouches for this clock.
    let blind = Look {
        is_whole: false,
        ..with_parts(look(DAY, &[]), &[mx("b.test")])
    };
    let mut ledger = ledger(&[first, blind]);
    let expected = [seen(90, mx("a.test")), seen(90, mx("b.test"))];
    assert_eq!(ledger.changes(), expected);
    // The certificate of a fetch does.
    ledger.record(&with_parts(look(2 * DAY, policies), &[mx("c.test")]));
    let expected = ["a.test", "b.test", "c.test"].map(|host| seen(2, mx(host)));
    assert_eq!(ledger.changes(), expected);
}

#[test]
fn a_part_is_read_as_it_was_written() {
    for (part, expected) in [
        (record("1"), r#"{"record":{"state":"usable","id":"1"}}"#),
        (
            Part::Record(RecordSeen::Unusable),
            r#"{"record":{"state":"unusable"}}"#,
        ),
        (
            mx("a.test"),
            r#"{"mx":{"state":"hosts","hosts":[{"preference":10,"host":"a.test"}]}}"#,
        ),
        (
            Part::Mx(MxSeen::NoDomain),
            r#"{"mx":{"state":"no-domain"}}"#,
        ),
        (
            edge(404),
            r#"{"edges":[{"address":"192.0.2.1","body_sha256":null,"status":404}]}"#,
        ),
        (Part::Edges(Vec::new()), r#"{"edges":[]}"#),
    ] {
        let text = serde_json::to_string(&part).unwrap();
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Part>(&text).unwrap(), part);
    }
}
