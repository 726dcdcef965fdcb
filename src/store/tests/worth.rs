//! What goes first from a store of `serve`.

use std::time::Duration;

use rusqlite::Connection;

use super::super::{MAX_ROWS_OF_OWNER, Purpose, Store};
use super::{NOON, later, policy};
use crate::facts::{DnsName, UnixTime};
use crate::sts::cache::StoredPolicy;

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn in_testing() -> StoredPolicy {
    let body = b"version: STSv1\nmode: testing\nmx: mx.corp.test\nmax_age: 604800\n";
    StoredPolicy {
        id: "1".parse().unwrap(),
        body: body[..].into(),
        fetched_at: NOON,
    }
}

fn domains(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    store
        .list(|entry| {
            found.push(entry.unwrap().domain.to_string());
            Ok::<_, super::StoreError>(())
        })
        .unwrap();
    found
}

#[test]
fn an_enforced_policy_goes_last_and_of_equals_the_one_that_was_used_longest_ago() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Serve).unwrap();
    let week = 604_800;
    for (domain, policy, used_at) in [
        ("ended-old.test", policy("1", 1, NOON), Some(later(50))),
        ("ended.test", policy("1", 1, NOON), Some(later(60))),
        ("unused.test", policy("1", week, NOON), None),
        ("testing.test", in_testing(), Some(later(70))),
        (
            "enforced-old.test",
            policy("1", week, NOON),
            Some(later(10)),
        ),
        ("enforced.test", policy("1", week, NOON), Some(later(20))),
    ] {
        store.put_used(&name(domain), &policy, used_at).unwrap();
    }
    let mut left = vec![
        "enforced-old.test",
        "enforced.test",
        "testing.test",
        "unused.test",
        "ended.test",
        "ended-old.test",
    ];
    for gone in [
        "ended-old.test",
        "ended.test",
        "unused.test",
        "testing.test",
        "enforced-old.test",
    ] {
        let most = left.len() - 1;
        assert_eq!(
            store.tidy((UnixTime::from_secs(0), later(100)), most),
            Ok(1)
        );
        left.retain(|domain| *domain != gone);
        let mut expected = left.clone();
        expected.sort_unstable();
        assert_eq!(domains(&store), expected, "{gone} was to go");
    }
}

#[test]
fn what_ended_goes_when_it_is_old_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Serve).unwrap();
    store
        .put(&name("corp.test"), &policy("1", 60, NOON))
        .unwrap();
    assert_eq!(store.tidy((later(60), later(1_000)), 9), Ok(0));
    assert_eq!(store.tidy((later(61), later(1_000)), 9), Ok(1));
    assert_eq!(domains(&store), [""; 0]);
}

#[test]
fn who_makes_many_names_pushes_out_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let store = Store::open(&path, Purpose::Serve).unwrap();
    store
        .put(&name("corp.test"), &policy("1", 60, NOON))
        .unwrap();
    let many = usize::try_from(MAX_ROWS_OF_OWNER).unwrap() + 20;
    for number in 0..many {
        let at = later(u64::try_from(number).unwrap());
        let domain = name(&format!("n{number}.many.test"));
        store
            .put_used(&domain, &policy("1", 604_800, NOON), Some(at))
            .unwrap();
    }
    let found = domains(&store);
    assert_eq!(found.len(), many - 20 + 1);
    assert!(found.contains(&"corp.test".to_owned()));
    for (number, is_there) in [(0, false), (19, false), (20, true), (many - 1, true)] {
        let domain = format!("n{number}.many.test");
        assert_eq!(found.contains(&domain), is_there, "{domain}");
    }
}

#[test]
fn a_use_is_written_once_a_day_and_a_new_policy_leaves_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let store = Store::open(&path, Purpose::Serve).unwrap();
    let corp = name("corp.test");
    let used_at = || -> Option<i64> {
        let connection = Connection::open(&path).unwrap();
        let select = "SELECT used_at FROM policy";
        connection.query_row(select, [], |row| row.get(0)).unwrap()
    };
    store.put(&corp, &policy("1", 60, NOON)).unwrap();
    assert_eq!(used_at(), None);
    let day = Duration::from_secs(86_400);
    for (at, expected) in [
        (NOON, NOON),
        (later(86_399), NOON),
        (later(86_400), NOON.saturating_add(day)),
        (NOON, NOON.saturating_add(day)),
    ] {
        store.note_use(&corp, at).unwrap();
        store.put(&corp, &policy("2", 60, NOON)).unwrap();
        assert_eq!(used_at(), Some(expected.as_secs().cast_signed()), "{at}");
    }
}

#[test]
fn a_store_from_before_there_were_uses_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    drop(Store::open(&path, Purpose::Serve).unwrap());
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "DROP TABLE policy;
             CREATE TABLE policy (
                 domain TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL,
                 fetched_at INTEGER NOT NULL
             ) STRICT;
             INSERT INTO policy VALUES ('corp.test', '1', CAST('version: STSv1
mode: none
max_age: 60
' AS BLOB), 1772452800);
             PRAGMA user_version = 3;",
        )
        .unwrap();
    let only_read = Store::open_to_read(&path).unwrap().unwrap();
    assert_eq!(domains(&only_read), ["corp.test"]);
    let store = Store::open(&path, Purpose::Serve).unwrap();
    assert_eq!(domains(&store), ["corp.test"]);
    assert_eq!(store.tidy((later(60), later(60)), 9), Ok(0));
    assert_eq!(store.tidy((later(61), later(61)), 9), Ok(1));
}
