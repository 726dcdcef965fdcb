//! Files that are damaged, not ours, or cannot be written.

use std::path::Path;

use rusqlite::Connection;

use super::super::{Purpose, Store, StoreError};
use super::{NOON, corp, fetched, names, policy, recalled};

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
    assert_eq!(recalled(&store), fetched(&policy("1", 60, NOON)));
}

#[cfg(unix)]
#[test]
fn nobody_but_the_owner_reads_what_takes_the_place_of_a_damaged_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    drop(Store::open(&path, Purpose::Check).unwrap());
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 4096]).unwrap();
    let store = Store::open(&path, Purpose::Check).unwrap();
    assert!(store.moved_aside().is_some());
    assert_eq!(mode(), 0o600, "found when it was opened");
    let spoil = |_: &mut Connection, _table| {
        Err::<(), _>(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
            None,
        ))
    };
    let error = store.with(spoil).unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert_eq!(mode(), 0o600, "found in the middle of the work");
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
            "has schema 7, and this stickler knows 4: use a newer stickler, or name another file with --cache PATH",
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
    assert!(
        text.ends_with("or do without with --cache none (of `serve`: --state)"),
        "{text}"
    );
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("s"), Purpose::Check).unwrap();
    let limit = |connection: &mut Connection, _table| {
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
