//! How a domain was set up, beside its policies.

use rusqlite::Connection;

use super::super::{Purpose, Recorded, RowFault, Store};
use super::{NOON, corp, fetched, later, look, policy, recalled};
use crate::sts::ledger::{Change, Look, MxHostSeen, MxSeen, Part, RecordSeen};

fn mx(host: &str) -> Part {
    Part::Mx(MxSeen::Hosts {
        hosts: vec![MxHostSeen {
            preference: 10,
            host: host.into(),
        }],
    })
}

/// A look at `secs` after noon that saw the policy with id 1, and these parts.
fn look_at(secs: u64, parts: &[Part]) -> Look {
    Look {
        parts: parts.to_vec(),
        ..look(&policy("1", 60, later(secs)))
    }
}

fn changes(store: &Store) -> Vec<Change> {
    let recalled = store.recall(&corp()).unwrap();
    assert_eq!(recalled.unreadable, []);
    recalled.ledger.changes().to_vec()
}

fn change(secs: u64, part: Part) -> Change {
    Change {
        seen_at: later(secs),
        part,
    }
}

#[test]
fn each_change_is_there_after_a_restart_and_goes_with_its_domain() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let missing = Part::Record(RecordSeen::Missing);
    for look in [
        look_at(0, &[missing.clone(), mx("a.test")]),
        look_at(10, &[missing.clone(), mx("a.test")]),
        look_at(20, &[missing.clone(), mx("b.test")]),
    ] {
        let store = Store::open(&path, Purpose::Check).unwrap();
        assert_eq!(store.record(&corp(), &look), Ok(Recorded::Written));
    }
    let store = Store::open(&path, Purpose::Check).unwrap();
    let expected = [
        change(0, missing),
        change(0, mx("a.test")),
        change(20, mx("b.test")),
    ];
    assert_eq!(changes(&store), expected);
    let other = "other.test".parse().unwrap();
    store.record(&other, &look_at(30, &[mx("c.test")])).unwrap();
    let rows = |store: &Store| {
        let count = |connection: &mut Connection, _table| {
            connection.query_row("SELECT count(*) FROM change", [], |row| {
                row.get::<_, i64>(0)
            })
        };
        store.with(count).unwrap()
    };
    assert_eq!(rows(&store), 4);
    assert_eq!(store.remove(&corp()), Ok(true));
    assert_eq!((changes(&store), rows(&store)), (Vec::new(), 1));
    // What takes the place of a domain's policies says nothing of how it was set up.
    store.put(&other, &policy("2", 60, NOON)).unwrap();
    assert_eq!(rows(&store), 0);
}

#[test]
fn a_look_that_sees_no_change_writes_none() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    let other = "other.test".parse().unwrap();
    store.record(&corp(), &look_at(0, &[mx("a.test")])).unwrap();
    store.record(&other, &look_at(0, &[mx("b.test")])).unwrap();
    // A row that is written again comes after all others.
    let rows = || {
        let rows = |connection: &mut Connection, _table| {
            let mut rows = connection.prepare("SELECT rowid, domain FROM change ORDER BY rowid")?;
            let rows = rows.query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        store.with(rows).unwrap()
    };
    let before = rows();
    store.record(&corp(), &look_at(9, &[mx("a.test")])).unwrap();
    let seen = recalled(&store);
    assert_eq!(seen[0].last_seen_live, later(9));
    assert_eq!(rows(), before);
}

#[test]
fn a_store_of_before_there_were_changes_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let kept = policy("1", 60, NOON);
    let store = Store::open(&path, Purpose::Check).unwrap();
    store.put(&corp(), &kept).unwrap();
    drop(store);
    Connection::open(&path)
        .unwrap()
        .execute_batch("DROP TABLE change; PRAGMA user_version = 2;")
        .unwrap();
    // Who only looks takes nothing over.
    let reader = Store::open_to_read(&path).unwrap().unwrap();
    assert_eq!(recalled(&reader), fetched(&kept));
    assert_eq!(changes(&reader), []);
    drop(reader);
    let version = |path| {
        let connection = Connection::open(path).unwrap();
        let version =
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        version.unwrap()
    };
    assert_eq!(version(&path), 2);
    let store = Store::open(&path, Purpose::Check).unwrap();
    assert_eq!(recalled(&store), fetched(&kept));
    store.record(&corp(), &look_at(9, &[mx("a.test")])).unwrap();
    drop(store);
    assert_eq!(version(&path), 4);
    let store = Store::open(&path, Purpose::Check).unwrap();
    assert_eq!(changes(&store), [change(9, mx("a.test"))]);
}

#[test]
fn a_change_that_cannot_be_read_counts_as_absent_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    store.record(&corp(), &look_at(0, &[mx("a.test")])).unwrap();
    let spoil = |connection: &mut Connection, _table| {
        connection.execute_batch(
            "INSERT INTO change VALUES ('corp.test', 1, '{\"mx\":{\"state\":\"odd\"}}');
             INSERT INTO change VALUES ('corp.test', 2, CAST(zeroblob(50000000) AS TEXT));",
        )
    };
    store.with(spoil).unwrap();
    let found = store.recall(&corp()).unwrap();
    assert_eq!(found.ledger.changes(), [change(0, mx("a.test"))]);
    let faults: Vec<_> = found.unreadable.into_iter().map(|row| row.fault).collect();
    assert!(matches!(faults[0], RowFault::Part { .. }), "{faults:?}");
    assert_eq!(faults[1..], [RowFault::Column { column: "part" }]);
    // The next look writes what it knows, whatever stood there.
    store.record(&corp(), &look_at(9, &[mx("a.test")])).unwrap();
    assert_eq!(changes(&store), [change(0, mx("a.test"))]);
}
