//! Rows of a store that another program wrote: any value of any type in each column.

use std::cell::OnceCell;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use stickler::store::Store;
use tempfile::TempDir;

use crate::checks::store;

struct Loose {
    connection: Connection,
    store: Store,
    _folder: TempDir,
}

thread_local! {
    static LOOSE: OnceCell<Loose> = const { OnceCell::new() };
}

fn loose() -> Loose {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.sqlite");
    let connection = store::loose(&path);
    let store = Store::open_existing(&path);
    Loose {
        connection,
        store: store.expect("it has our marks").expect("it is there"),
        _folder: folder,
    }
}

/// One row, made of the octets.
pub(crate) fn row(octets: &[u8]) {
    let mut rest = octets;
    let values: [Value; 6] = std::array::from_fn(|_| value(&mut rest));
    LOOSE.with(|loose_store| {
        let Loose {
            connection, store, ..
        } = loose_store.get_or_init(loose);
        connection
            .execute("DELETE FROM ledger", [])
            .expect("it is ours");
        connection
            .execute(
                "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params_from_iter(&values),
            )
            .expect("the table takes anything");
        let (read, refused) = store::rows(store);
        assert_eq!(read + refused, 1);
    });
}

/// Takes a value off the front: an octet for its type, and for a text or a blob two for its length.
fn value(rest: &mut &[u8]) -> Value {
    let mut take = |count: usize| {
        let (taken, left) = rest.split_at(count.min(rest.len()));
        *rest = left;
        taken
    };
    let kind = take(1).first().copied().unwrap_or_default();
    match kind % 5 {
        0 => Value::Null,
        number @ (1 | 2) => {
            let mut octets = [0; 8];
            let taken = take(8);
            octets[..taken.len()].copy_from_slice(taken);
            if number == 1 {
                Value::Integer(i64::from_be_bytes(octets))
            } else {
                Value::Real(f64::from_be_bytes(octets))
            }
        }
        kind => {
            let length = take(2)
                .iter()
                .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
            let octets = take(length).to_vec();
            match String::from_utf8(octets) {
                Ok(text) if kind == 3 => Value::Text(text),
                Ok(text) => Value::Blob(text.into_bytes()),
                Err(error) => Value::Blob(error.into_bytes()),
            }
        }
    }
}
