mod parts;
mod updates;

use std::time::Duration;

use proptest::prelude::*;

use super::{Holding, Ledger, Look, MAX_POLICIES, Published, SeenPolicy};
use crate::facts::UnixTime;
use crate::sts::cache::StoredPolicy;
use crate::sts::policy;
use crate::sts::reading::Reading;

const DAY: u64 = 86_400;

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn body(name: u8, max_age_secs: u64) -> Box<[u8]> {
    format!("version: STSv1\nmode: enforce\nmx: mx{name}.corp.test\nmax_age: {max_age_secs}\n")
        .into_bytes()
        .into()
}

/// A look at `secs` that saw these policies and no other: id, body, `max_age`.
fn look(secs: u64, policies: &[(u8, u8, u64)]) -> Look {
    Look {
        at: at(secs),
        published: Published::Policies(
            policies
                .iter()
                .map(|(id, name, max_age_secs)| {
                    (id.to_string().parse().unwrap(), body(*name, *max_age_secs))
                })
                .collect(),
        ),
        parts: Vec::new(),
        is_whole: true,
    }
}

fn partial(secs: u64, policies: &[(u8, u8, u64)]) -> Look {
    Look {
        is_whole: false,
        ..look(secs, policies)
    }
}

fn without_record(secs: u64, bodies: &[(u8, u64)]) -> Look {
    Look {
        at: at(secs),
        published: Published::WithoutRecord(
            bodies
                .iter()
                .map(|(name, max_age_secs)| body(*name, *max_age_secs))
                .collect(),
        ),
        parts: Vec::new(),
        is_whole: true,
    }
}

fn ledger(looks: &[Look]) -> Ledger {
    let mut ledger = Ledger::default();
    looks.iter().for_each(|look| ledger.record(look));
    ledger
}

/// The id of each policy that is held at `now`, until when for certain and possibly.
fn held(ledger: &Ledger, now: u64) -> Vec<(String, u64, u64)> {
    ledger
        .held(at(now))
        .map(|held| {
            (
                held.seen.id.to_string(),
                held.certainly_until.as_secs(),
                held.possibly_until.as_secs(),
            )
        })
        .collect()
}

#[test]
fn a_policy_is_held_from_the_last_moment_at_which_it_can_have_been_fetched() {
    let week = 7 * DAY;
    let year = 365 * DAY;
    for (story, looks, now, expected) in [
        ("nothing was seen", vec![look(0, &[])], 0, vec![]),
        (
            "live: somebody may fetch it now",
            vec![look(0, &[(1, 1, week)])],
            3 * DAY,
            vec![(1, week, 10 * DAY)],
        ),
        (
            "watched daily, then cut over",
            (0..8)
                .map(|day| look(day * DAY, &[(1, 1, week)]))
                .chain([look(8 * DAY, &[(2, 2, week)])])
                .collect(),
            8 * DAY,
            vec![(1, 14 * DAY, 15 * DAY), (2, 15 * DAY, 15 * DAY)],
        ),
        (
            "the same, when only one fetched after the last look holds it",
            vec![
                look(7 * DAY, &[(1, 1, week)]),
                look(8 * DAY, &[(2, 2, week)]),
            ],
            14 * DAY + 1,
            vec![(1, 14 * DAY, 15 * DAY), (2, 15 * DAY, 21 * DAY + 1)],
        ),
        (
            "the last second counts, the next does not",
            vec![look(0, &[(1, 1, 60)]), look(10, &[])],
            70,
            vec![(1, 60, 70)],
        ),
        (
            "over",
            vec![look(0, &[(1, 1, 60)]), look(10, &[])],
            71,
            vec![],
        ),
        (
            "a year of testing, then enforce",
            vec![
                look(0, &[(1, 1, year)]),
                look(300 * DAY, &[(2, 2, week)]),
                look(301 * DAY, &[(3, 3, week)]),
            ],
            301 * DAY,
            vec![
                (1, year, 300 * DAY + year),
                (2, 307 * DAY, 308 * DAY),
                (3, 308 * DAY, 308 * DAY),
            ],
        ),
        (
            "a short one, a long one, a third",
            vec![
                look(0, &[(1, 1, DAY)]),
                look(DAY, &[(2, 2, year)]),
                look(2 * DAY, &[(3, 3, week)]),
            ],
            2 * DAY + 1,
            vec![(2, DAY + year, 2 * DAY + year), (3, 9 * DAY, 9 * DAY + 1)],
        ),
        (
            "back again",
            vec![
                look(0, &[(1, 1, week)]),
                look(DAY, &[(2, 2, week)]),
                look(2 * DAY, &[(1, 1, week)]),
            ],
            2 * DAY,
            vec![(1, 9 * DAY, 9 * DAY), (2, 8 * DAY, 9 * DAY)],
        ),
        (
            "two bodies under one id, at two addresses",
            vec![look(0, &[(1, 1, week), (1, 2, week)])],
            0,
            vec![(1, week, week), (1, week, week)],
        ),
    ] {
        assert_held(story, &looks, now, expected);
    }
}

#[test]
fn what_a_look_could_not_see_is_no_news() {
    let week = 7 * DAY;
    for (story, looks, now, expected) in [
        (
            "what could not be seen may be live",
            vec![look(0, &[(1, 1, week)]), partial(DAY, &[])],
            2 * DAY,
            vec![(1, week, 9 * DAY)],
        ),
        (
            "without a record those who hold it fetch it again",
            vec![look(0, &[(1, 1, week)]), without_record(DAY, &[(1, week)])],
            DAY,
            vec![(1, 8 * DAY, 8 * DAY)],
        ),
        (
            "and another one under the id that they have",
            vec![look(0, &[(1, 1, week)]), without_record(DAY, &[(2, week)])],
            DAY,
            vec![(1, week, 8 * DAY), (1, 8 * DAY, 8 * DAY)],
        ),
        (
            "but nobody begins to",
            vec![without_record(DAY, &[(1, week)])],
            DAY,
            vec![],
        ),
        (
            "a time in the future counts as now",
            vec![look(90 * DAY, &[(1, 1, week)])],
            DAY,
            vec![(1, 8 * DAY, 8 * DAY)],
        ),
        (
            "and is not rewritten where nothing vouches for the clock",
            vec![look(90 * DAY, &[(1, 1, week)]), partial(0, &[])],
            2 * DAY,
            vec![(1, 9 * DAY, 9 * DAY)],
        ),
        (
            "but is by a fetch of our own",
            vec![look(90 * DAY, &[(1, 1, week)]), look(DAY, &[(2, 2, week)])],
            3 * DAY,
            vec![(1, 8 * DAY, 8 * DAY), (2, 8 * DAY, 10 * DAY)],
        ),
    ] {
        assert_held(story, &looks, now, expected);
    }
}

fn assert_held(story: &str, looks: &[Look], now: u64, expected: Vec<(u8, u64, u64)>) {
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(id, certainly, possibly)| (id.to_string(), certainly, possibly))
        .collect();
    assert_eq!(held(&ledger(looks), now), expected, "{story}");
}

#[test]
fn live_is_what_was_seen_at_this_very_moment() {
    let seen = ledger(&[look(100, &[(1, 1, 900)]), look(200, &[(1, 1, 900)])]);
    let gone = ledger(&[look(100, &[(1, 1, 900)]), look(200, &[(2, 2, 900)])]);
    for (case, ledger, now, expected) in [
        ("just seen", &seen, 200, &[true][..]),
        ("by a clock that was set back", &seen, 150, &[true]),
        ("seen a second ago", &seen, 201, &[false]),
        ("another took its place", &gone, 200, &[false, true]),
        (
            "gone, as a clock sees it that was set back",
            &gone,
            100,
            &[false, true],
        ),
    ] {
        let live: Vec<bool> = ledger.held(at(now)).map(|held| held.is_live()).collect();
        assert_eq!(live, expected, "{case}");
    }
}

#[test]
fn a_body_is_read_in_the_stricter_reading_that_takes_it() {
    let seen = |body: &[u8]| SeenPolicy {
        id: "1".parse().unwrap(),
        body: body.into(),
        first_seen: at(0),
        last_seen_live: at(0),
        gone_by: None,
    };
    let good = body(1, 900);
    let blank = [&*good, b"\n\n"].concat();
    for (body, expected) in [
        (&*good, Some(Reading::Letter)),
        (&blank, Some(Reading::Tolerant)),
        (b"", None),
    ] {
        let read = seen(body).read();
        assert_eq!(read.as_ref().map(|(reading, _)| *reading), expected);
        let expected = expected.map(|reading| policy::parse(body, reading).unwrap());
        assert_eq!(read.map(|(_, policy)| policy), expected);
    }
}

#[test]
fn certain_is_what_the_last_fetch_that_was_seen_still_covers() {
    let ledger = ledger(&[look(0, &[(1, 1, 60)]), look(10, &[])]);
    for (now, expected) in [(60, Holding::Certain), (61, Holding::Possible)] {
        let held = ledger.held(at(now)).next().unwrap();
        assert_eq!(held.holding, expected, "at {now}");
        assert_eq!(held.as_fetched_last().fetched_at, at(10));
    }
}

#[test]
fn one_fetch_may_be_the_first_of_many() {
    let stored = StoredPolicy {
        id: "1".parse().unwrap(),
        body: body(1, 60),
        fetched_at: at(0),
    };
    let mut ledger = Ledger::from(stored);
    assert_eq!(held(&ledger, 500), [("1".to_owned(), 60, 560)]);
    ledger.record(&look(500, &[]));
    assert_eq!(held(&ledger, 560), [("1".to_owned(), 60, 560)]);
    assert_eq!(held(&ledger, 561), []);
}

#[test]
fn what_is_too_much_goes_the_oldest_dead_first() {
    let mut ledger = Ledger::default();
    // The first lives for a year, each of the others for a minute.
    ledger.record(&look(0, &[(0, 0, 365 * DAY)]));
    for id in 1..=200_u8 {
        ledger.record(&look(u64::from(id) * 100, &[(id, id, 60)]));
    }
    let ids: Vec<_> = (ledger.policies().iter())
        .map(|seen| seen.id.to_string())
        .collect();
    let expected: Vec<_> = std::iter::once(0)
        .chain(138..=200)
        .map(|id: u8| id.to_string())
        .collect();
    assert_eq!(ids.len(), MAX_POLICIES);
    assert_eq!(ids, expected);
}

/// A few ids and bodies, so that they come again, and lives from nothing to a year.
fn any_look() -> impl Strategy<Value = (u64, Look)> {
    let policy = (
        0..4_u8,
        0..3_u8,
        prop::sample::select(vec![0, 60, 86_400, 31_557_600]),
    );
    let bodies = (
        0..3_u8,
        prop::sample::select(vec![0, 60, 86_400, 31_557_600]),
    );
    let seen = prop_oneof![
        4 => prop::collection::vec(policy, 0..3).prop_map(|policies| look(0, &policies)),
        1 => prop::collection::vec(bodies, 0..2).prop_map(|bodies| without_record(0, &bodies)),
        1 => Just(Look { published: Published::Unknown, is_whole: false, ..look(0, &[]) }),
    ];
    (0..200_000_u64, seen, any::<bool>()).prop_map(|(later, look, is_whole)| {
        let is_whole = is_whole && look.is_whole;
        (later, Look { is_whole, ..look })
    })
}

proptest! {
    #[test]
    fn a_look_never_shortens_what_is_held(looks in prop::collection::vec(any_look(), 1..40)) {
        let mut ledger = Ledger::default();
        let mut now = at(1_000_000);
        for (later, look) in looks {
            now = now.saturating_add(Duration::from_secs(later));
            let before = ledger.clone();
            ledger.record(&Look { at: now, ..look.clone() });
            for old in before.held(now) {
                let new = ledger.find(&old.seen.id, &old.seen.body).and_then(|seen| seen.held(now));
                prop_assert!(
                    new.as_ref().is_some_and(|new| {
                        new.possibly_until >= old.possibly_until && new.certainly_until >= old.certainly_until
                    }),
                    "{old:?} became {new:?}"
                );
            }
            for (id, body) in match &look.published {
                Published::Policies(policies) => policies.as_slice(),
                Published::Unknown | Published::WithoutRecord(_) => &[],
            } {
                let live = ledger.find(id, body).and_then(|seen| seen.held(now));
                prop_assert_eq!(live.map(|live| live.fetched_by), Some(now));
            }
        }
    }

    #[test]
    fn whatever_stands_in_a_store_times_are_in_order(
        times in prop::collection::vec((any::<u64>(), any::<u64>(), any::<Option<u64>>()), 0..100),
        now in any::<u64>(),
    ) {
        let seen = times.iter().zip(0_u8..).map(|((first, last, gone), id)| SeenPolicy {
            id: id.to_string().parse().unwrap(),
            body: body(id, 604_800),
            first_seen: at(*first),
            last_seen_live: at(*last),
            gone_by: gone.map(at),
        });
        let ledger = Ledger::new(seen.collect());
        prop_assert!(ledger.policies().len() <= MAX_POLICIES);
        for held in ledger.held(at(now)) {
            prop_assert!(held.fetched_by <= at(now));
            prop_assert!(held.certainly_until <= held.possibly_until);
            prop_assert!(at(now) <= held.possibly_until);
        }
    }
}
