//! Lines of `cache export`, and rows of a store that another program wrote into.

use std::path::Path;

use rusqlite::Connection;
use stickler::store::{Entry, Purpose, Store, StoreError};

/// What is read of a line can be written, and is read again as the same.
pub(crate) fn line(octets: &[u8]) -> bool {
    let Ok(entry) = Entry::from_line(octets) else {
        return false;
    };
    let again = Entry::from_line(entry.to_line().as_bytes());
    assert_eq!(again, Ok(entry), "{}", octets.escape_ascii());
    true
}

/// Makes a file with our marks whose table takes values of any type, as another program could.
pub(crate) fn loose(path: &Path) -> Connection {
    drop(Store::open(path, Purpose::Check).expect("the directory is new"));
    let connection = Connection::open(path).expect("the file was just made");
    connection
        .execute_batch(
            "PRAGMA synchronous = OFF;
             DROP TABLE ledger;
             CREATE TABLE ledger (domain, id, body, first_seen, last_seen_live, gone_by);",
        )
        .expect("nobody else has it open");
    connection
}

/// Reads every row: each is an entry that can be exported, or an error of bounded length. Returns how many were
/// read and how many refused.
pub(crate) fn rows(store: &Store) -> (usize, usize) {
    let (mut read, mut refused) = (0, 0);
    store
        .list(|row| {
            match row {
                Ok(entry) => {
                    read += 1;
                    assert_eq!(Entry::from_line(entry.to_line().as_bytes()), Ok(entry));
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().len() < 8_192);
                }
            }
            Ok::<(), StoreError>(())
        })
        .expect("the table is there");
    (read, refused)
}
