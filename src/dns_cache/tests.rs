//! What is remembered, for how long, and what is forgotten first.

use std::time::Duration;

use super::{Cached, DnsCache, MAX_ALIASES};
use crate::facts::dns::{
    Alias, DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question, Record, RecordType,
    TxtRecord,
};
use crate::facts::{DnsName, UnixTime};

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn question(text: &str) -> Question {
    Question::new(name(text), RecordType::Txt)
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(1_000_000 + secs)
}

fn alias(owner: &str, target: &str, ttl_secs: u64) -> Alias {
    Alias {
        owner: name(owner),
        target: name(target),
        ttl: Duration::from_secs(ttl_secs),
    }
}

fn text(ttl_secs: u64) -> DnsOutcome {
    DnsOutcome::Records {
        records: vec![Record::Txt(TxtRecord::from_text(b"v=STSv1; id=1;"))],
        ttl: Duration::from_secs(ttl_secs),
    }
}

fn miss(at: &str, aliases: Vec<Alias>) -> Cached {
    Cached::Miss {
        name: name(at),
        aliases,
        authenticated: true,
    }
}

#[test]
fn records_live_as_long_as_their_ttl_and_grow_old() {
    let mut cache = DnsCache::new();
    let asked = question("a.test");
    cache.store(&asked, &DnsAnswer::plain(text(60)), at(0));
    for (now, expected) in [
        (0, Cached::Hit(DnsAnswer::plain(text(60)))),
        (59, Cached::Hit(DnsAnswer::plain(text(1)))),
        (60, miss("a.test", vec![])),
    ] {
        assert_eq!(cache.lookup(&asked, at(now)), expected, "{now} s later");
    }
    let other = Question::new(name("a.test"), RecordType::Mx);
    assert_eq!(cache.lookup(&other, at(0)), miss("a.test", vec![]));
}

#[test]
fn every_cname_has_a_ttl_of_its_own() {
    let mut cache = DnsCache::new();
    let asked = question("_mta-sts.corp.test");
    let answer = DnsAnswer {
        aliases: vec![
            alias("_mta-sts.corp.test", "one.test", 300),
            alias("one.test", "two.test", 30),
        ],
        outcome: text(60),
        authenticated: true,
    };
    cache.store(&asked, &answer, at(0));
    assert_eq!(cache.lookup(&asked, at(0)), Cached::Hit(answer));
    assert_eq!(
        cache.lookup(&asked, at(40)),
        miss(
            "one.test",
            vec![alias("_mta-sts.corp.test", "one.test", 260)]
        )
    );
    // The record at the end is known under its own name, too.
    assert_eq!(
        cache.lookup(&question("two.test"), at(40)),
        Cached::Hit(DnsAnswer {
            aliases: vec![],
            outcome: text(20),
            authenticated: true
        })
    );
}

#[test]
fn an_answer_is_authenticated_if_each_part_was() {
    let mut cache = DnsCache::new();
    let signed = DnsAnswer {
        aliases: vec![],
        outcome: text(60),
        authenticated: true,
    };
    cache.store(&question("end.test"), &signed, at(0));
    let unsigned = DnsAnswer {
        aliases: vec![alias("start.test", "end.test", 60)],
        outcome: DnsOutcome::Failed(DnsFailure {
            kind: DnsFailureKind::SERVFAIL,
            detail: Box::default(),
        }),
        authenticated: false,
    };
    cache.store(&question("start.test"), &unsigned, at(0));
    assert_eq!(
        cache.lookup(&question("start.test"), at(0)),
        Cached::Hit(DnsAnswer {
            aliases: vec![alias("start.test", "end.test", 60)],
            outcome: text(60),
            authenticated: false,
        })
    );
}

#[test]
fn absence_is_kept_by_the_soa_and_failures_are_not() {
    let soa = Some(Duration::from_secs(60));
    let left = Some(Duration::from_secs(50));
    let failure = DnsOutcome::Failed(DnsFailure {
        kind: DnsFailureKind::TimedOut,
        detail: Box::default(),
    });
    for (outcome, for_txt, for_mx) in [
        (
            DnsOutcome::NxDomain { ttl: soa },
            Some(DnsOutcome::NxDomain { ttl: left }),
            Some(DnsOutcome::NxDomain { ttl: left }),
        ),
        (
            DnsOutcome::NoData { ttl: soa },
            Some(DnsOutcome::NoData { ttl: left }),
            None,
        ),
        (DnsOutcome::NxDomain { ttl: None }, None, None),
        (DnsOutcome::NoData { ttl: None }, None, None),
        (failure, None, None),
        (text(0), None, None),
    ] {
        let mut cache = DnsCache::new();
        cache.store(
            &question("a.test"),
            &DnsAnswer::plain(outcome.clone()),
            at(0),
        );
        for (record_type, expected) in [(RecordType::Txt, for_txt), (RecordType::Mx, for_mx)] {
            let found = cache.lookup(&Question::new(name("a.test"), record_type), at(10));
            let expected = expected.map_or_else(
                || miss("a.test", vec![]),
                |outcome| Cached::Hit(DnsAnswer::plain(outcome)),
            );
            assert_eq!(found, expected, "{outcome:?}, {record_type}");
        }
    }
}

#[test]
fn a_loop_in_memory_ends() {
    let mut cache = DnsCache::new();
    for (owner, target) in [("a.test", "b.test"), ("b.test", "a.test")] {
        let answer = DnsAnswer {
            aliases: vec![alias(owner, target, 60)],
            outcome: DnsOutcome::NoData { ttl: None },
            authenticated: false,
        };
        cache.store(&question(owner), &answer, at(0));
    }
    let expected = DnsAnswer {
        aliases: vec![alias("a.test", "b.test", 60), alias("b.test", "a.test", 60)],
        ..DnsAnswer::plain(DnsOutcome::Failed(DnsFailure {
            kind: DnsFailureKind::CnameLoop,
            detail: "b.test points back to a.test".into(),
        }))
    };
    let found = cache.lookup(&question("a.test"), at(0));
    assert_eq!(found, Cached::Hit(expected));
}

#[test]
fn sixteen_cnames_are_followed_and_no_more() {
    for (length, expected) in [(MAX_ALIASES, true), (MAX_ALIASES + 1, false)] {
        let mut cache = DnsCache::new();
        let aliases: Vec<Alias> = (0..length)
            .map(|i| alias(&format!("n{i}.test"), &format!("n{}.test", i + 1), 60))
            .collect();
        let answer = DnsAnswer {
            aliases,
            outcome: text(60),
            authenticated: false,
        };
        cache.store(&question("n0.test"), &answer, at(0));
        let found = cache.lookup(&question("n0.test"), at(0));
        let has_records = matches!(found, Cached::Hit(answer) if !answer.records().is_empty());
        assert_eq!(has_records, expected, "{length} CNAMEs");
    }
}

#[test]
fn the_cache_is_bounded_and_drops_what_ends_first() {
    // Ends apart, or all the same: half of it stays.
    for step in [1, 0] {
        let mut cache = DnsCache::with_max_entries(8);
        for i in 0..1_000 {
            let asked = question(&format!("n{i}.test"));
            let answer = DnsAnswer::plain(text(60 + i * step));
            cache.store(&asked, &answer, at(0));
            let kept = cache.entries.len();
            assert!(kept <= 8 && (kept > 4 || i < 4), "{i}: {kept}");
            let found = cache.lookup(&asked, at(0));
            assert_eq!(found, Cached::Hit(answer), "{i}");
        }
    }
}

#[test]
fn equal_ends_do_not_empty_the_cache() {
    let mut cache = DnsCache::with_max_entries(8);
    for i in 0..9 {
        cache.store(
            &question(&format!("n{i}.test")),
            &DnsAnswer::plain(text(60)),
            at(0),
        );
    }
    assert_eq!(cache.entries.len(), 5);
}
#[test]
fn the_cache_tells_what_it_holds_and_forgets_it_when_told() {
    let mut cache = DnsCache::new();
    assert_eq!((cache.entries.len(), cache.entries.is_empty()), (0, true));
    for i in 1..=3 {
        let answer = DnsAnswer::plain(text(60 * i));
        cache.store(&question(&format!("n{i}.test")), &answer, at(0));
    }
    assert_eq!((cache.entries.len(), cache.entries.is_empty()), (3, false));
    for (now, expected) in [(0, &[60, 120, 180][..]), (60, &[120, 180]), (180, &[])] {
        let mut ends: Vec<_> = cache.ends(at(now)).collect();
        ends.sort();
        let expected: Vec<_> = expected.iter().copied().map(at).collect();
        assert_eq!(ends, expected, "after {now} s");
    }
    cache.clear();
    assert_eq!((cache.entries.len(), cache.entries.is_empty()), (0, true));
}

#[test]
fn a_full_cache_drops_what_has_ended_and_then_the_half_that_ends_first() {
    for (ttls, now, kept) in [
        // Room is made by what has ended, the last second included.
        (&[10, 20, 30, 40][..], 20, &[30, 40, 100][..]),
        (&[10, 20, 30, 40], 40, &[100]),
        // Nothing has ended: half goes.
        (&[10, 20, 30, 40], 9, &[30, 40, 100]),
        (&[40, 10, 30, 20], 0, &[30, 40, 100]),
        (&[10, 10, 10, 40], 0, &[10, 40, 100]),
        (&[10, 20, 20, 20], 0, &[20, 20, 100]),
        (&[10], 0, &[100]),
        (&[10, 20], 0, &[20, 100]),
        (&[10, 20, 30], 0, &[20, 30, 100]),
    ] {
        let mut cache = DnsCache::with_max_entries(ttls.len());
        for (i, ttl) in ttls.iter().enumerate() {
            let answer = DnsAnswer::plain(text(*ttl));
            cache.store(&question(&format!("n{i}.test")), &answer, at(0));
        }
        let newest = DnsAnswer::plain(text(100 - now));
        cache.store(&question("newest.test"), &newest, at(now));
        let mut ends: Vec<_> = cache.ends(at(0)).collect();
        ends.sort();
        let kept: Vec<_> = kept.iter().copied().map(at).collect();
        assert_eq!(ends, kept, "TTLs {ttls:?}, full after {now} s");
    }
}

/// An answer renewed in a full cache takes the place of the old one and pushes nobody out.
#[test]
fn a_full_cache_renews_what_it_holds_without_dropping_anything() {
    let mut cache = DnsCache::with_max_entries(2);
    // The other one ends first, so it would be the one to go.
    for (owner, ttl) in [("a.test", 90), ("b.test", 60)] {
        cache.store(&question(owner), &DnsAnswer::plain(text(ttl)), at(0));
    }
    cache.store(&question("a.test"), &DnsAnswer::plain(text(90)), at(30));
    for (owner, left) in [("a.test", 90), ("b.test", 30)] {
        assert_eq!(
            cache.lookup(&question(owner), at(30)),
            Cached::Hit(DnsAnswer::plain(text(left))),
            "{owner}"
        );
    }
}

#[test]
fn a_cname_ends_with_its_ttl() {
    let mut cache = DnsCache::new();
    let answer = DnsAnswer {
        aliases: vec![alias("a.test", "b.test", 30)],
        outcome: text(60),
        authenticated: false,
    };
    cache.store(&question("a.test"), &answer, at(0));
    for (now, expected) in [(29, "b.test"), (30, "a.test")] {
        let mx = Question::new(name("a.test"), RecordType::Mx);
        let Cached::Miss { name: missing, .. } = cache.lookup(&mx, at(now)) else {
            panic!("nothing is known of MX records");
        };
        assert_eq!(missing, name(expected), "after {now} s");
    }
}

/// A TTL of zero is for this answer alone, and takes what was known before with it.
#[test]
fn a_ttl_of_zero_is_not_kept() {
    let mut cache = DnsCache::new();
    cache.store(&question("a.test"), &DnsAnswer::plain(text(60)), at(0));
    cache.store(&question("a.test"), &DnsAnswer::plain(text(0)), at(1));
    assert!(cache.entries.is_empty());
}
