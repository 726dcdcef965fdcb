//! Lines of `cache export`, and rows of a store that another program wrote into.

use stickler::store::{Entry, Store, StoreError};

/// What is read of a line can be written, and is read again as the same.
pub(crate) fn line(octets: &[u8]) -> bool {
    let Ok(entry) = Entry::from_line(octets) else {
        return false;
    };
    let again = Entry::from_line(entry.to_line().as_bytes());
    assert_eq!(again, Ok(entry), "{}", octets.escape_ascii());
    true
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
