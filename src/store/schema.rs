//! The tables, and which version of them a file has.

use rusqlite::{Connection, TransactionBehavior};

use super::Purpose;
use super::header::{
    APPLICATION_ID, SCHEMA_VERSION, WITHOUT_CHANGES, WITHOUT_LEDGER, WITHOUT_USES,
};
use super::table::Table;

/// What a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FileState {
    /// It holds nothing yet.
    Empty,
    /// It is another program's.
    NotOurs,
    /// It has our mark, and a schema that this version does not know.
    OtherSchema(i64),
    /// It is ours.
    Ours(Purpose, Table),
}

/// Says what the file is, without changing it.
pub(super) fn inspect(connection: &Connection) -> rusqlite::Result<FileState> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let version = pragma("user_version")?;
    match (pragma("application_id")?, version) {
        (APPLICATION_ID, WITHOUT_LEDGER..=SCHEMA_VERSION) => {
            let purpose: String = connection.query_row(
                "SELECT CAST(purpose AS TEXT) FROM store LIMIT 1",
                [],
                |row| row.get(0),
            )?;
            let purpose = match purpose.as_str() {
                "check" => Purpose::Check,
                "serve" => Purpose::Serve,
                _ => return Ok(FileState::NotOurs),
            };
            let table = match (version, Table::of(purpose)) {
                (WITHOUT_LEDGER, _) | (..=WITHOUT_USES, Table::Policy) => Table::PolicyAlone,
                (WITHOUT_CHANGES, Table::Ledger) => Table::LedgerAlone,
                (_, newest) => newest,
            };
            Ok(FileState::Ours(purpose, table))
        }
        (APPLICATION_ID, version) => Ok(FileState::OtherSchema(version)),
        (0, 0) => {
            let tables: i64 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok(if tables == 0 {
                FileState::Empty
            } else {
                FileState::NotOurs
            })
        }
        (_, _) => Ok(FileState::NotOurs),
    }
}

/// Makes the tables in an empty file, all or nothing.
pub(super) fn create(connection: &mut Connection, purpose: Purpose) -> rusqlite::Result<()> {
    // Before there is a log: the file itself is to say at once whose it is.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch("CREATE TABLE store (purpose TEXT NOT NULL) STRICT")?;
    Table::of(purpose).create(&transaction)?;
    let purpose = match purpose {
        Purpose::Check => "check",
        Purpose::Serve => "serve",
    };
    transaction.execute("INSERT INTO store (purpose) VALUES (?1)", [purpose])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    // Kept in the file; a file system that cannot do it (some network shares) keeps its own mode.
    connection.pragma_update(None, "journal_mode", "WAL")
}

/// Takes a file over that has older tables.
pub(super) fn take_over(
    connection: &mut Connection,
    table: Table,
    purpose: Purpose,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    table.take_over(&transaction, purpose)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}
