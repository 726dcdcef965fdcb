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
fn a_damaged_file_is_moved_aside_with_its_octets() {
    let truncated = {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        drop(Store::open(&path, Purpose::Check).unwrap());
        let whole = std::fs::read(&path).unwrap();
        whole[..whole.len() - 4096].to_vec()
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    std::fs::write(&path, &truncated).unwrap();
    for refused in [Store::open_to_read(&path), Store::open_existing(&path)] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::FoundDamaged { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), truncated);
    }
    let store = Store::open(&path, Purpose::Check).unwrap();
    let moved = store.moved_aside().unwrap();
    assert_eq!(moved.from, path);
    assert_eq!(std::fs::read(&moved.to).unwrap(), truncated);
    let name = moved.to.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("s.damaged-2"), "{name}");
    store.put(&corp(), &policy("1", 60, NOON)).unwrap();
    drop(store);
    let again = Store::open(&path, Purpose::Check).unwrap();
    assert_eq!(again.moved_aside(), None);
}

#[test]
fn a_file_that_does_not_say_it_is_ours_is_left_alone_by_everyone() {
    let whole = {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        drop(Store::open(&path, Purpose::Check).unwrap());
        std::fs::read(&path).unwrap()
    };
    let with_mark = |mark: [u8; 4]| {
        let mut octets = whole.clone();
        octets[60..64].fill(0);
        octets[68..72].copy_from_slice(&mark);
        // Damage: such a file would be moved aside if it were ours.
        octets[4096..].fill(0xee);
        octets[100..108].fill(0xee);
        octets
    };
    for (octets, expected) in [
        (
            b"corp.test\nother.test\n".to_vec(),
            "it is no SQLite database",
        ),
        (
            b"this is no database, ".repeat(100),
            "it is no SQLite database",
        ),
        (whole[1..].to_vec(), "it is no SQLite database"),
        (whole[..60].to_vec(), "it is no SQLite database"),
        (with_mark([0; 4]), "it is a database of another program"),
        (with_mark(*b"MOZ1"), "it is a database of another program"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        std::fs::write(&path, &octets).unwrap();
        for opened in [
            Store::open_to_read(&path),
            Store::open_existing(&path),
            Store::open(&path, Purpose::Check).map(Some),
            Store::open(&path, Purpose::Serve).map(Some),
        ] {
            let error = opened.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), octets, "{error}");
        }
        let names = names(directory.path());
        let beside: Vec<&String> = names
            .iter()
            .filter(|name| name.contains("damaged"))
            .collect();
        assert!(beside.is_empty(), "{names:?}");
    }
}

#[test]
fn damage_that_a_reader_meets_stays_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let store = Store::open(&path, Purpose::Check).unwrap();
    for row in 0..200 {
        let name = format!("row{row}.test").parse().unwrap();
        store.put(&name, &policy("1", 60, NOON)).unwrap();
    }
    drop(store);
    let mut octets = std::fs::read(&path).unwrap();
    octets[4 * 4096..].fill(0xee);
    std::fs::write(&path, &octets).unwrap();
    let error = match Store::open_to_read(&path) {
        Ok(store) => store
            .unwrap()
            .list(|_row| Ok::<(), StoreError>(()))
            .unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::FoundDamaged { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), octets);
}

#[test]
fn damage_found_while_working_is_moved_aside_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let store = Store::open(&path, Purpose::Check).unwrap();
    for row in 0..200 {
        let name = format!("row{row}.test").parse().unwrap();
        store.put(&name, &policy("1", 60, NOON)).unwrap();
    }
    drop(store);
    let mut octets = std::fs::read(&path).unwrap();
    octets[4 * 4096..].fill(0xee);
    std::fs::write(&path, &octets).unwrap();
    let (first, second) = (
        Store::open(&path, Purpose::Check),
        Store::open(&path, Purpose::Check),
    );
    for (store, meets_it) in [(first.unwrap(), true), (second.unwrap(), false)] {
        if store.moved_aside().is_none() {
            let ignore = |_row| Ok::<(), StoreError>(());
            let listed = store.list(ignore);
            let is_told = matches!(listed, Err(StoreError::Damaged(_)));
            assert!(
                is_told == meets_it && (is_told || listed.is_ok()),
                "{listed:?}"
            );
        }
        store.put(&corp(), &policy("1", 60, NOON)).unwrap();
    }
    let damaged = |name: &&String| name.starts_with("s.damaged-") && name.ends_with('Z');
    let names = names(directory.path());
    assert_eq!(names.iter().filter(damaged).count(), 1, "{names:?}");
    let store = Store::open_existing(&path).unwrap().unwrap();
    assert!(matches!(store.get(&corp()), Ok(Lookup::Found(_))));
}

#[test]
fn a_store_that_is_not_ours_to_change_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let newer = directory.path().join("newer");
    drop(Store::open(&newer, Purpose::Check).unwrap());
    Connection::open(&newer)
        .unwrap()
        .pragma_update(None, "user_version", 7)
        .unwrap();
    let other = directory.path().join("other");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    let folder = directory.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let beneath_a_file = other.join("store");
    for (path, expected) in [
        (
            &newer,
            "has schema 7, and this stickler knows 1: use a newer stickler, or name another file with --cache PATH",
        ),
        (
            &other,
            "is not a store of stickler: it is a database of another program; name another file",
        ),
        (
            &folder,
            "it is a directory; name another file with --cache PATH, or do without with --cache none",
        ),
        (&beneath_a_file, "its directory cannot be made"),
    ] {
        let before = std::fs::read(path).ok();
        let error = Store::open(path, Purpose::Check).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
        assert_eq!(std::fs::read(path).ok(), before, "{}", path.display());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_written_is_named_with_the_remedy() {
    // Even root makes no file there.
    let path = Path::new("/sys/stickler.sqlite");
    let error = Store::open(path, Purpose::Check).unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.starts_with("cannot use the store `/sys/stickler.sqlite`: "),
        "{text}"
    );
    assert!(text.ends_with("or do without with --cache none"), "{text}");
}

#[test]
fn nothing_is_made_where_something_should_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    assert!(Store::open_existing(&path).unwrap().is_none());
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    let limit = |connection: &mut Connection| {
        connection.pragma_update_and_check(None, "max_page_count", 8, |_row| Ok(()))
    };
    store.with(limit).unwrap();
    let mut large = policy("1", 60, NOON);
    large.body = [&*large.body, b"x: ", &[b'y'; 100_000], b"\n"]
        .concat()
        .into();
    let error = store.put(&corp(), &large).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    // What was there before is there, and there is room for less.
    store.put(&corp(), &policy("1", 60, NOON)).unwrap();
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
