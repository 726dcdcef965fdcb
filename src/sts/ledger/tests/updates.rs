//! What changed without the other: ids and bodies.

use super::super::Update;
use super::{DAY, Ledger, body, ledger, look, partial, without_record};

/// Says each update in a line, days after the first look.
fn told(ledger: &Ledger) -> Vec<String> {
    let updates = ledger.updates();
    let day = |time: &crate::facts::UnixTime| time.as_secs() / DAY;
    updates
        .iter()
        .map(|update| match update {
            Update::BodyChanged {
                id,
                at,
                followed_by,
            } => {
                let followed = followed_by.as_ref();
                let followed = followed.map(|(id, at)| format!(", {id} on day {}", day(at)));
                let followed = followed.unwrap_or_default();
                format!("{}: another body under {id}{followed}", day(at))
            }
            Update::IdBeforeBody { id, at, body_at } => {
                format!("{}: {id}, its body on day {}", day(at), day(body_at))
            }
            Update::IdChanged { from, to, at } => {
                format!("{}: {from} to {to}, the same body", day(at))
            }
        })
        .collect()
}

#[test]
fn an_update_is_in_order_where_the_id_changes_with_the_body_or_after_it() {
    // Each day's id and body.
    type Days<'a> = &'a [(u8, u8)];
    let cases: [(&str, Days<'_>, &[&str]); 14] = [
        ("nothing changes", &[(1, 1), (1, 1)], &[]),
        ("both change at once", &[(1, 1), (2, 2)], &[]),
        (
            "the body, and no id",
            &[(1, 1), (1, 2), (1, 2)],
            &["1: another body under 1"],
        ),
        (
            "the body, then the id, as it should be",
            &[(1, 1), (1, 2), (2, 2)],
            &["1: another body under 1, 2 on day 2"],
        ),
        (
            "the id alone",
            &[(1, 1), (2, 1), (2, 1)],
            &["1: 1 to 2, the same body"],
        ),
        (
            "both at once, then the id alone",
            &[(1, 1), (2, 2), (3, 2)],
            &["2: 2 to 3, the same body"],
        ),
        (
            "the id, then the body",
            &[(1, 1), (2, 1), (2, 2)],
            &["1: 2, its body on day 2"],
        ),
        (
            "two ids, then the body under the second",
            &[(1, 1), (2, 1), (3, 1), (3, 2)],
            &["1: 1 to 2, the same body", "2: 3, its body on day 3"],
        ),
        ("there and back", &[(1, 1), (2, 2), (3, 1)], &[]),
        (
            "back under an id that was used before",
            &[(1, 1), (2, 2), (1, 3)],
            &["2: another body under 1"],
        ),
        (
            "another body, and at once an older one back under a new id",
            &[(1, 1), (2, 2), (2, 3), (3, 1)],
            &["2: another body under 2"],
        ),
        (
            "the body changes, and back with a new id",
            &[(1, 1), (1, 2), (2, 1)],
            &["1: another body under 1"],
        ),
        (
            "two bodies under one id, then the id",
            &[(1, 1), (1, 2), (1, 3), (2, 3)],
            &[
                "1: another body under 1",
                "2: another body under 1, 2 on day 3",
            ],
        ),
        (
            "an update in order, then a body alone",
            &[(1, 1), (1, 2), (2, 2), (2, 3)],
            &[
                "1: another body under 1, 2 on day 2",
                "3: another body under 2",
            ],
        ),
    ];
    for (story, days, expected) in cases {
        let looks: Vec<_> = (0_u64..)
            .zip(days)
            .map(|(day, (id, body))| look(day * DAY, &[(*id, *body, 60)]))
            .collect();
        assert_eq!(told(&ledger(&looks)), expected, "{story}");
    }
}

#[test]
fn a_body_counts_from_when_it_came_for_good() {
    // Each day's id and body; since which day the first body is served, and the second.
    type Days<'a> = &'a [(u8, u8)];
    let cases: [(Days<'_>, [Option<u64>; 2]); 5] = [
        (&[(1, 1)], [Some(0), None]),
        (&[(1, 1), (1, 1), (2, 1)], [Some(0), None]),
        (&[(1, 1), (1, 2), (2, 2)], [Some(0), Some(1)]),
        // Taken back: what came last is what is meant.
        (&[(1, 1), (2, 2), (3, 1)], [Some(2), Some(1)]),
        // Under the id that it had before, nobody can tell that it was away.
        (&[(1, 1), (2, 2), (1, 1)], [Some(0), Some(1)]),
    ];
    for (days, expected) in cases {
        let looks: Vec<_> = (0_u64..)
            .zip(days)
            .map(|(day, (id, body))| look(day * DAY, &[(*id, *body, 60)]))
            .collect();
        let ledger = ledger(&looks);
        let since = [1, 2].map(|name| {
            let since = ledger.served_since(&body(name, 60))?;
            Some(since.as_secs() / DAY)
        });
        assert_eq!(since, expected, "{days:?}");
    }
}

#[test]
fn edges_that_differ_from_the_start_are_no_update() {
    let split = look(0, &[(1, 1, 60), (1, 2, 60)]);
    assert_eq!(told(&ledger(&[split])), Vec::<String>::new());
    let rolled_out = [
        look(0, &[(1, 1, 60)]),
        partial(DAY, &[(1, 1, 60), (1, 2, 60)]),
    ];
    assert_eq!(told(&ledger(&rolled_out)), ["1: another body under 1"]);
    // What one look saw first did not follow what it saw beside it.
    let both = [look(0, &[(1, 1, 60)]), look(DAY, &[(1, 2, 60), (2, 2, 60)])];
    assert_eq!(told(&ledger(&both)), ["1: another body under 1"]);
    let new_id = [look(0, &[(1, 1, 60)]), look(DAY, &[(2, 1, 60), (2, 2, 60)])];
    assert_eq!(told(&ledger(&new_id)), ["1: 1 to 2, the same body"]);
    let without = [look(0, &[(1, 1, 600_000)]), without_record(DAY, &[(2, 60)])];
    assert_eq!(told(&ledger(&without)), ["1: another body under 1"]);
}

#[test]
fn the_largest_max_age_is_that_of_any_policy_that_was_seen() {
    let largest = |ledger: Ledger| ledger.largest_max_age().map(|max_age| max_age.as_secs());
    assert_eq!(largest(Ledger::default()), None);
    let year = 31_557_600;
    let looks = [
        look(0, &[(1, 1, 60)]),
        look(DAY, &[(2, 2, year)]),
        look(2 * DAY, &[(3, 3, 600)]),
    ];
    assert_eq!(largest(ledger(&looks)), Some(31_557_600));
    // To the letter this is no policy: tolerant senders take the maximum.
    let above = look(0, &[(1, 1, 99_999_999)]);
    assert_eq!(largest(ledger(&[above])), Some(31_557_600));
}
