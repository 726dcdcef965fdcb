mod faults;

use std::io::BufReader;
use std::path::Path;
use std::sync::Barrier;
use std::time::Duration;

use rusqlite::Connection;

use super::{Entry, ImportError, LineError, Lookup, Offered, Purpose, RowFault, Store, StoreError};
use crate::facts::{DnsName, UnixTime};
use crate::sts::cache::StoredPolicy;

fn policy(id: &str, max_age_secs: u32, fetched_at: UnixTime) -> StoredPolicy {
    let body =
        format!("version: STSv1\nmode: enforce\nmx: mx.corp.test\nmax_age: {max_age_secs}\n");
    StoredPolicy {
        id: id.parse().unwrap(),
        body: body.into_bytes().into(),
        fetched_at,
    }
}

fn corp() -> DnsName {
    "corp.test".parse().unwrap()
}

const NOON: UnixTime = UnixTime::from_secs(1_772_452_800);

fn later(secs: u64) -> UnixTime {
    NOON.saturating_add(Duration::from_secs(secs))
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_written_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/folder/store.sqlite");
    let written = policy("1", 60, NOON);
    {
        let store = Store::open(&path, Purpose::Check).unwrap();
        assert_eq!(store.get(&corp()), Ok(Lookup::Absent));
        store.put(&corp(), &written).unwrap();
    }
    let store = Store::open_existing(&path).unwrap().unwrap();
    assert_eq!(store.purpose(), Purpose::Check);
    assert_eq!(store.get(&corp()), Ok(Lookup::Found(written)));
    assert_eq!(store.remove(&corp()), Ok(true));
    assert_eq!(store.remove(&corp()), Ok(false));
    assert_eq!(store.get(&corp()), Ok(Lookup::Absent));
}

#[test]
fn evidence_stays_until_it_expires() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    let old = policy("1", 60, NOON);
    let new = policy("2", 60, later(30));
    for (offered, now, expected) in [
        (&old, later(0), Offered::Written),
        (&new, later(30), Offered::Declined),
        (&new, later(60), Offered::Declined),
        (&new, later(61), Offered::Written),
        (&old, later(61), Offered::Declined),
    ] {
        assert_eq!(
            store.put_if_no_unexpired(&corp(), offered, now),
            Ok(expected),
            "{} at {now}",
            offered.id
        );
    }
    assert_eq!(store.get(&corp()), Ok(Lookup::Found(new)));
}

#[test]
fn a_policy_that_only_tolerant_senders_hold_is_evidence_too() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    let mut tolerant = policy("1", 60, NOON);
    tolerant.body = [&*tolerant.body, b"\n"].concat().into();
    let offer = |policy: &StoredPolicy, now| store.put_if_no_unexpired(&corp(), policy, now);
    assert_eq!(offer(&tolerant, NOON), Ok(Offered::Written));
    assert_eq!(offer(&policy("2", 60, NOON), NOON), Ok(Offered::Declined));
}

#[test]
fn a_store_of_serve_is_only_read_by_check_and_the_other_way_round_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("serve");
    let kept = policy("1", 60, NOON);
    Store::open(&path, Purpose::Serve)
        .unwrap()
        .put(&corp(), &kept)
        .unwrap();
    let store = Store::open(&path, Purpose::Check).unwrap();
    assert_eq!(
        store.put_if_no_unexpired(&corp(), &policy("2", 60, later(99)), later(99)),
        Ok(Offered::ReadOnly)
    );
    assert_eq!(store.get(&corp()), Ok(Lookup::Found(kept)));

    let path = directory.path().join("check");
    drop(Store::open(&path, Purpose::Check).unwrap());
    let refused = Store::open(&path, Purpose::Serve).unwrap_err();
    assert_eq!(refused, StoreError::NotForServe { path });
}

#[test]
fn handles_that_open_and_write_at_once_lose_nothing() {
    const HANDLES: usize = 8;
    const ROWS: usize = 25;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let start = Barrier::new(HANDLES);
    let written: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..HANDLES)
            .map(|handle| {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let store = Store::open(path, Purpose::Check).unwrap();
                    let mut shared = 0;
                    for row in 0..ROWS {
                        let own = format!("row{row}.handle{handle}.test").parse().unwrap();
                        store.put(&own, &policy("1", 60, NOON)).unwrap();
                        // All handles offer the same names: one of them wins each.
                        let contended = format!("row{row}.test").parse().unwrap();
                        let offered =
                            store.put_if_no_unexpired(&contended, &policy("1", 60, NOON), NOON);
                        shared += usize::from(offered.unwrap() == Offered::Written);
                    }
                    shared
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(written, ROWS);
    let store = Store::open_existing(&path).unwrap().unwrap();
    let mut rows = 0;
    store
        .list(|row| {
            rows += usize::from(row.is_ok());
            Ok::<(), StoreError>(())
        })
        .unwrap();
    assert_eq!(rows, HANDLES * ROWS + ROWS);
}

#[test]
fn nothing_is_made_where_something_should_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    assert!(Store::open_existing(&path).unwrap().is_none());
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[test]
fn a_row_that_cannot_be_read_counts_as_absent_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let store = Store::open(&path, Purpose::Check).unwrap();
    store.put(&corp(), &policy("1", 60, NOON)).unwrap();
    let spoil = |connection: &mut Connection| {
        connection.execute_batch(
            "UPDATE policy SET id = 'not an id';
             INSERT INTO policy VALUES ('Corp.TEST.', '1', x'00', 0);
             INSERT INTO policy VALUES ('huge.test', '1', zeroblob(50000000), 0);",
        )
    };
    store.with(spoil).unwrap();
    let Ok(Lookup::Unreadable(error)) = store.get(&corp()) else {
        panic!("the row can be read");
    };
    assert!(matches!(error.fault, RowFault::Id(_)), "{error}");
    let mut faults = Vec::new();
    store
        .list(|row| {
            faults.push(row.unwrap_err().to_string());
            Ok::<(), StoreError>(())
        })
        .unwrap();
    assert_eq!(
        faults,
        [
            "the row of `Corp.TEST.` cannot be read: the domain's normal form is `corp.test`",
            "the row of `corp.test` cannot be read: the id `not an id` has other characters than letters and digits",
            "the row of `huge.test` cannot be read: `body` has a value that is out of its range",
        ]
    );
    let offered = store.put_if_no_unexpired(&corp(), &policy("2", 60, NOON), NOON);
    assert_eq!(offered, Ok(Offered::Written));
}

#[test]
fn an_export_can_be_imported() {
    let directory = tempfile::tempdir().unwrap();
    let from = Store::open(&directory.path().join("from"), Purpose::Check).unwrap();
    let mut odd = policy("2", 60, NOON);
    odd.body = [b"\xef\xbb\xbf", &*odd.body, b"x: \"\\\xc3\xbc\n"]
        .concat()
        .into();
    from.put(&corp(), &policy("1", 60, NOON)).unwrap();
    from.put(&"odd.test".parse().unwrap(), &odd).unwrap();
    let mut lines = Vec::new();
    assert_eq!(from.export(&mut lines).unwrap(), []);
    let to = Store::open(&directory.path().join("to"), Purpose::Check).unwrap();
    assert_eq!(to.import(&mut BufReader::new(&*lines), NOON).unwrap(), 2);
    let mut again = Vec::new();
    to.export(&mut again).unwrap();
    assert_eq!(lines, again);
    assert_eq!(to.import(&mut BufReader::new(&*lines), NOON).unwrap(), 2);
}

#[test]
fn a_wrong_line_is_named_and_nothing_is_taken_over() {
    let entry = |name: &str| Entry {
        domain: name.parse().unwrap(),
        policy: policy("1", 60, NOON),
    };
    let good = entry("a.test").to_line();
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    for (second, expected) in [
        (good.clone(), "line 2: `a.test` stands in line 1 already"),
        (String::new(), "line 2: column 0: EOF"),
        (
            good.replace("policy/1", "policy/2"),
            "line 2: the schema is `stickler/stored-policy/2`, only",
        ),
        (
            good.replace("\"id\":\"1\"", "\"id\":\"a-b\""),
            "line 2: the id `a-b` has other",
        ),
        (
            good.replace("\"id\"", "\"ID\""),
            "line 2: column 59: unknown field `ID`",
        ),
        (
            good.replace("a.test", "A.test"),
            "line 2: the domain's normal form is `a.test`",
        ),
        (
            good.replace("STSv1", "STSv2"),
            "line 2: the body is no policy: line 1:",
        ),
        (
            good.replace("\"body\"", "\"body_base64\""),
            "line 2: `body_base64` is not base64",
        ),
        (good.replace(&NOON.to_string(), "noon"), "line 2: column"),
        (
            good.replace("a.test", "b.test")
                .replace(&NOON.to_string(), &later(86_401).to_string()),
            "line 2: `fetched_at` is 2026-03-03T12:00:01Z, more than a day ahead of the clock (2026-03-02T12:00:00Z)",
        ),
    ] {
        let input = format!("{good}\n{second}\n");
        let error = store
            .import(&mut BufReader::new(input.as_bytes()), NOON)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{second} gives {error}");
        assert_eq!(store.get(&"a.test".parse().unwrap()), Ok(Lookup::Absent));
    }
    let endless = std::io::Read::take(std::io::repeat(b'a'), 100_000_000);
    let error = store
        .import(&mut BufReader::new(endless), NOON)
        .unwrap_err();
    assert!(
        matches!(
            error,
            ImportError::Line {
                line: 1,
                error: LineError::TooLong
            }
        ),
        "{error}"
    );
}
