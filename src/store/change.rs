//! A row of how a domain was set up, checked each time it is read.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

use super::entry::{RowError, RowFault, time};
use crate::facts::DnsName;
use crate::sts::ledger::Change;

/// Makes the table. It stands beside the ledger, in a file of `check`.
pub(super) const CREATE: &str = "CREATE TABLE change (
         domain  TEXT    NOT NULL,
         seen_at INTEGER NOT NULL,
         part    TEXT    NOT NULL
     ) STRICT;
     CREATE INDEX change_domain ON change (domain, seen_at);";

/// Fails if it is not there.
pub(super) const PROBE: &str = "SELECT count(*) FROM (SELECT 1 FROM change LIMIT 1)";

/// Selects the rows of a domain. Too long a value is not even loaded: it comes as null. What a DNS message says is
/// shorter.
const SELECT: &str = "SELECT CASE WHEN octet_length(seen_at) <= 1024 THEN seen_at END,
        CASE WHEN octet_length(part) <= 1048576 THEN part END
     FROM change WHERE domain = ?1 ORDER BY seen_at, rowid";

/// Reads the rows of a domain; those that cannot be read are added to `unreadable`.
pub(super) fn recall(
    connection: &Connection,
    domain: &DnsName,
    unreadable: &mut Vec<RowError>,
) -> rusqlite::Result<Vec<Change>> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([domain.as_str()])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        match read(row)? {
            Ok(change) => changes.push(change),
            Err(fault) => unreadable.push(RowError {
                domain: domain.as_str().into(),
                fault,
            }),
        }
    }
    Ok(changes)
}

/// Removes the rows of a domain.
pub(super) fn remove(connection: &Connection, domain: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("DELETE FROM change WHERE domain = ?1")?;
    statement.execute([domain]).map(|_rows| ())
}

/// Puts these changes in the place of a domain's.
pub(super) fn replace(
    connection: &Connection,
    domain: &DnsName,
    changes: &[Change],
) -> rusqlite::Result<()> {
    remove(connection, domain.as_str())?;
    let mut insert = connection.prepare_cached("INSERT INTO change VALUES (?1, ?2, ?3)")?;
    for Change { seen_at, part } in changes {
        let part = serde_json::to_string(part).expect("texts can always be written as JSON");
        let seen_at = seen_at.as_secs().cast_signed();
        insert.execute(params![domain.as_str(), seen_at, part])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Change, RowFault>> {
    Ok(check(row.get_ref(0)?, row.get_ref(1)?))
}

/// Checks what stands in the columns.
fn check(seen_at: ValueRef<'_>, part: ValueRef<'_>) -> Result<Change, RowFault> {
    let column = |column| RowFault::Column { column };
    let ValueRef::Text(part) = part else {
        return Err(column("part"));
    };
    Ok(Change {
        seen_at: time(seen_at).ok_or_else(|| column("seen_at"))?,
        part: serde_json::from_slice(part).map_err(|error| RowFault::Part {
            detail: error.to_string().into(),
        })?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::types::ValueRef;

    use super::{RowFault, check};

    #[test]
    fn every_column_is_checked() {
        const USABLE: &str = r#"{"record":{"state":"usable","id":"1"}}"#;
        let good = (ValueRef::Integer(60), USABLE);
        assert!(check(good.0, good.1.into()).is_ok());
        for (seen_at, part, expected) in [
            (ValueRef::Integer(-1), USABLE, "`seen_at` has a value"),
            (ValueRef::Null, USABLE, "`seen_at` has a value"),
            (good.0, "", "the part cannot be read: EOF"),
            (
                good.0,
                r#"{"record":{"state":"usable","id":"a-b"}}"#,
                "the part cannot be read: the id `a-b` has other characters",
            ),
            (
                good.0,
                r#"{"record":{"state":"missing"},"mx":{"state":"null"}}"#,
                "the part cannot be read: ",
            ),
            (
                good.0,
                r#"{"mx":{"state":"odd"}}"#,
                "the part cannot be read: unknown variant",
            ),
            (
                good.0,
                r#"{"edges":[{"address":"192.0.2","body_sha256":null,"status":200}]}"#,
                "the part cannot be read: invalid IP address",
            ),
        ] {
            let fault = check(seen_at, part.into()).unwrap_err().to_string();
            assert!(fault.starts_with(expected), "{part}: {fault}");
        }
        let of_another_type = check(good.0, ValueRef::Blob(USABLE.as_bytes()));
        assert_eq!(of_another_type, Err(RowFault::Column { column: "part" }));
    }
}
