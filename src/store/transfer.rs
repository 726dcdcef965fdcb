//! All policies out, all policies in.

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::entry::Entry;
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
        self.stage()?;
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
            if let Some(first) = self.stage_entry(&entry, line)? {
                return Err(ImportError::Again {
                    line,
                    domain: entry.domain.as_str().into(),
                    first,
                });
            }
        }
        Ok(self.with(commit_staged)?)
    }

    /// Makes the connection's own table that lines are gathered in; it lies outside the store's file.
    fn stage(&self) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.execute_batch(
                "DROP TABLE IF EXISTS temp.staged;
                 CREATE TEMP TABLE staged (
                     domain TEXT PRIMARY KEY, id TEXT, body BLOB, fetched_at INTEGER, line INTEGER
                 ) STRICT;",
            )
        })
    }

    /// Gathers an entry; returns the line that named its domain before.
    fn stage_entry(&self, entry: &Entry, line: u64) -> Result<Option<u64>, StoreError> {
        self.with(|connection| {
            let first = connection
                .prepare_cached("SELECT line FROM temp.staged WHERE domain = ?1")?
                .query_row([entry.domain.as_str()], |row| row.get::<_, i64>(0))
                .optional()?;
            if let Some(first) = first {
                return Ok(Some(first.cast_unsigned()));
            }
            connection
                .prepare_cached("INSERT INTO temp.staged VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    entry.domain.as_str(),
                    entry.policy.id.as_str(),
                    &*entry.policy.body,
                    entry.policy.fetched_at.as_secs().cast_signed(),
                    line.cast_signed(),
                ])?;
            Ok(None)
        })
    }
}

fn commit_staged(connection: &mut Connection) -> rusqlite::Result<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rows = transaction.execute(
        "INSERT OR REPLACE INTO main.policy (domain, id, body, fetched_at)
         SELECT domain, id, body, fetched_at FROM temp.staged",
        [],
    )?;
    transaction.execute_batch("DROP TABLE temp.staged")?;
    transaction.commit()?;
    Ok(rows as u64)
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
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
