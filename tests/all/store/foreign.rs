//! A file that is not a store, or not one this version may touch, stays as it is with all that SQLite left
//! beside it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use stickler::store::{Purpose, Store};

/// Returns what stands in a folder, but for what readers of a log make beside it.
fn octets(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| !name.ends_with("-lock") && !name.ends_with("-shm"))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

/// Copies what `connection` has written so far, as a crash would leave it.
fn crash(connection: &Connection, folder: &Path) {
    let path = connection.path().unwrap();
    for beside in ["", "-wal", "-journal"] {
        let from = format!("{path}{beside}");
        if Path::new(&from).exists() {
            std::fs::copy(from, folder.join(format!("s{beside}"))).unwrap();
        }
    }
}

const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
     INSERT INTO rows SELECT randomblob(2000) FROM n;";

#[test]
fn a_file_that_is_not_ours_to_open_keeps_its_octets_its_log_and_its_journal() {
    for (what, is_made_by_us, script, beside, expected) in [
        (
            "another program's, all of it in the log",
            false,
            "PRAGMA journal_mode = WAL; CREATE TABLE rows (b BLOB);",
            "s-wal",
            "is not a store of stickler",
        ),
        (
            "another program's, with a mark and a log",
            false,
            "PRAGMA application_id = 7; PRAGMA journal_mode = WAL; CREATE TABLE rows (b BLOB);",
            "s-wal",
            "is not a store of stickler",
        ),
        (
            "another program's, with a hot journal",
            false,
            "CREATE TABLE rows (b BLOB); PRAGMA cache_size = 4; BEGIN; @",
            "s-journal",
            "is not a store of stickler",
        ),
        (
            "another program's, with a mark and a hot journal",
            false,
            "PRAGMA application_id = 7; CREATE TABLE rows (b BLOB); PRAGMA cache_size = 4; BEGIN; @",
            "s-journal",
            "is not a store of stickler",
        ),
        (
            "a newer store with a log",
            true,
            "PRAGMA user_version = 5; PRAGMA wal_checkpoint; CREATE TABLE rows (b BLOB);",
            "s-wal",
            "has schema 5, and this stickler knows 4",
        ),
        (
            "a newer store whose version is in the log",
            true,
            "PRAGMA user_version = 5;",
            "s-wal",
            "has schema 5, and this stickler knows 4",
        ),
        (
            "a newer store with a hot journal",
            true,
            "PRAGMA journal_mode = DELETE; PRAGMA user_version = 5; CREATE TABLE rows (b BLOB);
             PRAGMA cache_size = 4; BEGIN; @",
            "s-journal",
            "has schema 5, and this stickler knows 4",
        ),
        (
            "a schema that there never was",
            true,
            "PRAGMA user_version = 0;",
            "s-wal",
            "has schema 0, which no stickler ever wrote",
        ),
        (
            "a schema below zero",
            true,
            "PRAGMA user_version = -7; PRAGMA wal_checkpoint; CREATE TABLE rows (b BLOB);",
            "s-wal",
            "has schema -7, which no stickler ever wrote",
        ),
    ] {
        let source = tempfile::tempdir().unwrap();
        let path = source.path().join("source");
        if is_made_by_us {
            drop(Store::open(&path, Purpose::Check).unwrap());
        }
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&script.replace('@', ROWS))
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        crash(&connection, folder.path());
        let before = octets(folder.path());
        assert!(before.contains_key(beside), "{what}");
        let path = folder.path().join("s");
        for opened in [
            Store::open_to_read(&path),
            Store::open_existing(&path),
            Store::open(&path, Purpose::Check).map(Some),
            Store::open(&path, Purpose::Serve).map(Some),
        ] {
            let error = opened.unwrap_err().to_string();
            assert!(error.contains(expected), "{what}: {error}");
            assert!(octets(folder.path()) == before, "{what} was changed");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    for opened in [
        Store::open_to_read(&path),
        Store::open_existing(&path),
        Store::open(&path, Purpose::Check).map(Some),
    ] {
        let error = opened.unwrap_err().to_string();
        assert!(error.contains("it is not a regular file"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    drop(socket);
}

#[test]
fn a_store_carries_its_mark_from_the_first_moment_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = Store::open(&path, Purpose::Check).unwrap();
    // Read without its log, which holds nothing yet.
    let octets = std::fs::read(&path).unwrap();
    assert_eq!(octets.get(68..72), Some(&b"STKL"[..]));
    drop(store);
}
