//! All policies out, all policies in.

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{Entry, WRITE};
use super::line::{LineError, MAX_LINE_OCTETS};
use super::{RowError, Store, StoreError};
use crate::facts::UnixTime;

/// How far the clock of whoever fetched a policy may be ahead of ours.
pub const MAX_AHEAD: Duration = Duration::from_secs(86_400);

impl Store {
    /// Writes every entry as a line of JSON; returns the rows that cannot be read, which are left out.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or `output` not written.
    pub fn export(&self, output: &mut impl Write) -> Result<Vec<RowError>, ExportError> {
        let mut unreadable = Vec::new();
        self.list(|row| {
            match row {
                Ok(entry) => writeln!(output, "{}", entry.to_line())?,
                Err(error) => unreadable.push(error),
            }
            Ok::<(), ExportError>(())
        })?;
        Ok(unreadable)
    }

    /// Reads lines that [`Store::export`] wrote and puts each in place of what the store holds for its
    /// domain, all or, after any error, none; returns how many.
    ///
    /// A fetch more than [`MAX_AHEAD`] after `now` is refused: `check` would keep it as evidence until then.
    /// The store is locked for others only once all lines are read.
    ///
    /// # Errors
    ///
    /// When a line is wrong or names a domain again, and when `input` or the store fails.
    pub fn import(&self, input: &mut impl BufRead, now: UnixTime) -> Result<u64, ImportError> {
        let staged = Staged::new().map_err(ImportError::Staging)?;
        let mut buffer = Vec::new();
        let mut line: u64 = 0;
        loop {
            line += 1;
            buffer.clear();
            let limit = MAX_LINE_OCTETS as u64 + 1;
            if input.by_ref().take(limit).read_until(b'\n', &mut buffer)? == 0 {
                break;
            }
            let octets = buffer.strip_suffix(b"\n").unwrap_or(&buffer);
            let at_line = |error| ImportError::Line { line, error };
            if octets.len() > MAX_LINE_OCTETS {
                return Err(at_line(LineError::TooLong));
            }
            let entry = Entry::from_line(octets).map_err(at_line)?;
            if entry.policy.fetched_at.saturating_duration_since(now) > MAX_AHEAD {
                return Err(at_line(LineError::Ahead {
                    fetched_at: entry.policy.fetched_at,
                    now,
                }));
            }
            if let Some(first) = staged.add(&entry, line).map_err(ImportError::Staging)? {
                return Err(ImportError::Again {
                    line,
                    domain: entry.domain.as_str().into(),
                    first,
                });
            }
        }
        Ok(self.change(|transaction| staged.write_to(transaction))?)
    }
}

/// The lines of an import, gathered in a file that is no part of the store and goes with its handle: however
/// long the reading takes, and whatever becomes of the store's file meanwhile, they are there to be written.
struct Staged(Connection);

impl Staged {
    fn new() -> rusqlite::Result<Self> {
        // SQLite's name for a file that nobody else sees.
        let connection = Connection::open("")?;
        connection.execute_batch(
            "CREATE TABLE staged (
                 domain TEXT PRIMARY KEY, id TEXT, body BLOB, fetched_at INTEGER, line INTEGER
             ) STRICT;",
        )?;
        Ok(Self(connection))
    }

    /// Gathers an entry; returns the line that named its domain before.
    fn add(&self, entry: &Entry, line: u64) -> rusqlite::Result<Option<u64>> {
        let first = self
            .0
            .prepare_cached("SELECT line FROM staged WHERE domain = ?1")?
            .query_row([entry.domain.as_str()], |row| row.get::<_, i64>(0))
            .optional()?;
        if let Some(first) = first {
            return Ok(Some(first.cast_unsigned()));
        }
        self.0
            .prepare_cached("INSERT INTO staged VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                entry.domain.as_str(),
                entry.policy.id.as_str(),
                &*entry.policy.body,
                entry.policy.fetched_at.as_secs().cast_signed(),
                line.cast_signed(),
            ])?;
        Ok(None)
    }

    /// Writes all of them to a store; returns how many.
    fn write_to(&self, store: &Connection) -> rusqlite::Result<u64> {
        let mut select = self
            .0
            .prepare_cached("SELECT domain, id, body, fetched_at FROM staged")?;
        let mut insert = store.prepare_cached(WRITE)?;
        let mut rows = select.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            insert.execute(
                [
                    row.get_ref(0)?,
                    row.get_ref(1)?,
                    row.get_ref(2)?,
                    row.get_ref(3)?,
                ]
                .map(ToSqlOutput::Borrowed),
            )?;
            count += 1;
        }
        Ok(count)
    }
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an import changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A domain stands twice.
    #[error("line {line}: `{domain}` stands in line {first} already")]
    Again {
        /// The second line, from 1.
        line: u64,
        /// The domain.
        domain: Box<str>,
        /// The first line.
        first: u64,
    },
    /// The input cannot be read.
    #[error("the input cannot be read")]
    Input(#[from] io::Error),
    /// A line is wrong.
    #[error("line {line}: {error}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        error: LineError,
    },
    /// The lines cannot be gathered before the store is written.
    #[error("the lines cannot be gathered in a temporary file")]
    Staging(#[source] rusqlite::Error),
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
