mod changes;
mod faults;
mod worth;

use std::io::BufReader;
use std::path::Path;
use std::sync::Barrier;
use std::time::Duration;

use rusqlite::Connection;

use super::{Entry, ImportError, LineError, Purpose, Recorded, RowFault, Store, StoreError};
use crate::facts::{DnsName, UnixTime};
use crate::sts::cache::StoredPolicy;
use crate::sts::ledger::{Ledger, Look, Published, SeenPolicy};

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

fn recalled(store: &Store) -> Vec<SeenPolicy> {
    let recalled = store.recall(&corp()).unwrap();
    assert_eq!(recalled.unreadable, []);
    recalled.ledger.policies().to_vec()
}

fn fetched(policy: &StoredPolicy) -> Vec<SeenPolicy> {
    Ledger::from(policy.clone()).policies().to_vec()
}

/// A look that saw this policy and no other.
fn look(policy: &StoredPolicy) -> Look {
    Look {
        at: policy.fetched_at,
        published: Published::Policies(vec![(policy.id.clone(), policy.body.clone())]),
        parts: Vec::new(),
        is_whole: true,
    }
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
        assert_eq!(recalled(&store), []);
        store.put(&corp(), &written).unwrap();
    }
    let store = Store::open_existing(&path).unwrap().unwrap();
    assert_eq!(store.purpose(), Purpose::Check);
    assert_eq!(recalled(&store), fetched(&written));
    assert_eq!(store.remove(&corp()), Ok(true));
    assert_eq!(store.remove(&corp()), Ok(false));
    assert_eq!(recalled(&store), []);
}

#[test]
fn every_policy_that_was_seen_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let mut ledger = Ledger::default();
    for (id, max_age_secs, secs) in [("1", 60, 0), ("2", 600, 30), ("1", 60, 40), ("3", 6, 50)] {
        let look = look(&policy(id, max_age_secs, later(secs)));
        let store = Store::open(&path, Purpose::Check).unwrap();
        assert_eq!(store.record(&corp(), &look), Ok(Recorded::Written));
        ledger.record(&look);
        drop(store);
        let store = Store::open(&path, Purpose::Check).unwrap();
        assert_eq!(recalled(&store), ledger.policies(), "after {secs} s");
    }
    assert_eq!(ledger.policies().len(), 3);
}

/// The tables of before there was a ledger.
const OLD: &str = "CREATE TABLE store (purpose TEXT NOT NULL) STRICT;
    CREATE TABLE policy (
        domain TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL, fetched_at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO store VALUES ('check');
    PRAGMA application_id = 0x53544b4c;
    PRAGMA user_version = 1;
    PRAGMA journal_mode = WAL;";

#[test]
fn a_store_of_before_there_was_a_ledger_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let kept = policy("1", 60, NOON);
    let old = Connection::open(&path).unwrap();
    old.execute_batch(OLD).unwrap();
    old.execute(
        "INSERT INTO policy VALUES ('corp.test', '1', ?1, ?2)",
        rusqlite::params![&*kept.body, NOON.as_secs().cast_signed()],
    )
    .unwrap();
    drop(old);
    // Who only looks takes nothing over.
    let reader = Store::open_to_read(&path).unwrap().unwrap();
    assert_eq!(recalled(&reader), fetched(&kept));
    drop(reader);
    let store = Store::open(&path, Purpose::Check).unwrap();
    assert_eq!(recalled(&store), fetched(&kept));
    let new = policy("2", 60, later(1_000));
    store.record(&corp(), &look(&new)).unwrap();
    drop(store);
    let store = Store::open(&path, Purpose::Check).unwrap();
    let seen = recalled(&store);
    assert_eq!(seen.len(), 2);
    // It may have been live until then, whatever its age.
    assert_eq!(seen[0].gone_by, Some(later(1_000)));
    assert_eq!(seen[1..], fetched(&new));
}

#[cfg(unix)]
#[test]
fn nobody_but_the_owner_reads_the_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let modes = || -> Vec<(String, u32)> {
        let mode = |name: String| {
            let found = std::fs::metadata(directory.path().join(&name)).unwrap();
            (name, found.permissions().mode() & 0o777)
        };
        let files = names(directory.path()).into_iter();
        files
            .filter(|name| !name.ends_with("-shm"))
            .map(mode)
            .collect()
    };
    let private = ["s", "s-lock", "s-wal"].map(|name| (name.to_owned(), 0o600));
    let store = Store::open(&path, Purpose::Check).unwrap();
    store.put(&corp(), &policy("1", 60, NOON)).unwrap();
    assert_eq!(modes(), private);
    drop(store);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = Store::open(&path, Purpose::Check).unwrap();
    store.put(&corp(), &policy("2", 60, NOON)).unwrap();
    assert_eq!(modes(), private);
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
        store.record(&corp(), &look(&policy("2", 60, later(99)))),
        Ok(Recorded::ReadOnly)
    );
    assert_eq!(recalled(&store), fetched(&kept));

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
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..HANDLES)
            .map(|handle| {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let store = Store::open(path, Purpose::Check).unwrap();
                    for row in 0..ROWS {
                        let own = format!("row{row}.handle{handle}.test").parse().unwrap();
                        store.put(&own, &policy("1", 60, NOON)).unwrap();
                        // All handles look at the same names, and each sees something else.
                        let contended = format!("row{row}.test").parse().unwrap();
                        let seen = look(&policy(&handle.to_string(), 60, NOON));
                        store.record(&contended, &seen).unwrap();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    let store = Store::open_existing(&path).unwrap().unwrap();
    let mut rows = 0;
    store
        .list(|row| {
            rows += usize::from(row.is_ok());
            Ok::<(), StoreError>(())
        })
        .unwrap();
    assert_eq!(rows, HANDLES * ROWS * 2);
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
    let spoil = |connection: &mut Connection, _table| {
        connection.execute_batch(
            "UPDATE ledger SET id = 'not an id';
             INSERT INTO ledger VALUES ('Corp.TEST.', '1', x'00', 0, 0, 0);
             INSERT INTO ledger VALUES ('huge.test', '1', zeroblob(50000000), 0, 0, 0);",
        )
    };
    store.with(spoil).unwrap();
    let found = store.recall(&corp()).unwrap();
    assert!(found.ledger.is_empty());
    assert!(matches!(found.unreadable[0].fault, RowFault::Id(_)));
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
    let new = policy("2", 60, NOON);
    assert_eq!(store.record(&corp(), &look(&new)), Ok(Recorded::Written));
    assert_eq!(recalled(&store), fetched(&new));
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
    from.record(&corp(), &look(&policy("2", 60, later(60))))
        .unwrap();
    from.put(&"odd.test".parse().unwrap(), &odd).unwrap();
    let mut lines = Vec::new();
    assert_eq!(from.export(&mut lines).unwrap(), []);
    let to = Store::open(&directory.path().join("to"), Purpose::Check).unwrap();
    assert_eq!(to.import(&mut BufReader::new(&*lines), NOON).unwrap(), 3);
    let mut again = Vec::new();
    to.export(&mut again).unwrap();
    assert_eq!(lines, again);
    assert_eq!(to.import(&mut BufReader::new(&*lines), NOON).unwrap(), 3);
}

#[test]
fn a_wrong_line_is_named_and_nothing_is_taken_over() {
    let entry = |name: &str| Entry {
        domain: name.parse().unwrap(),
        policy: fetched(&policy("1", 60, NOON)).remove(0),
    };
    let good = entry("a.test").to_line();
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    for (second, expected) in [
        (good.clone(), "line 2: `a.test` stands in line 1 already"),
        (String::new(), "line 2: column 0: EOF"),
        (
            good.replace("export/1", "export/2"),
            "line 2: the schema is `stickler/cache-export/2`, only",
        ),
        (
            good.replace("\"id\":\"1\"", "\"id\":\"a-b\""),
            "line 2: the id `a-b` has other",
        ),
        (
            good.replace("\"id\"", "\"ID\""),
            "line 2: column 58: unknown field `ID`",
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
            "line 2: the policy was seen at 2026-03-03T12:00:01Z, more than a day ahead of the clock (2026-03-02T12:00:00Z)",
        ),
    ] {
        let input = format!("{good}\n{second}\n");
        let error = store
            .import(&mut BufReader::new(input.as_bytes()), NOON)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{second} gives {error}");
        let found = store.recall(&"a.test".parse().unwrap()).unwrap();
        assert!(found.ledger.is_empty());
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
