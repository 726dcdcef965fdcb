//! All policies out, all policies in.
//!
//! A line is a policy, for what senders may hold hangs on policies alone. How a domain was set up is not among
//! the lines: it says what was seen from where the store's checks were made.

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::entry::Entry;
use super::line::{LineError, MAX_LINE_OCTETS};
use super::table::Table;
use super::{Purpose, RowError, Store, StoreError};
use crate::facts::UnixTime;

/// How far the clock of the machine that fetched a policy may be ahead of ours.
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

    /// Reads lines that [`Store::export`] wrote and puts them in place of what the store holds for their
    /// domains, all or, after any error, none; returns how many.
    ///
    /// What was seen more than [`MAX_AHEAD`] after `now` is refused: that clock was wrong.
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
            let seen_at = entry.policy.gone_by.max(Some(entry.policy.last_seen_live));
            if let Some(seen_at) = seen_at
                && seen_at.saturating_duration_since(now) > MAX_AHEAD
            {
                return Err(at_line(LineError::Ahead { seen_at, now }));
            }
            let first = staged
                .add(&entry, line, self.purpose())
                .map_err(ImportError::Staging)?;
            if let Some(first) = first {
                return Err(ImportError::Again {
                    line,
                    domain: entry.domain.as_str().into(),
                    first,
                });
            }
        }
        Ok(self.change(|transaction, table| staged.write_to(transaction, table))?)
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
                 domain TEXT, id TEXT, body BLOB, first_seen INTEGER, last_seen_live INTEGER,
                 gone_by INTEGER, line INTEGER
             ) STRICT;
             CREATE INDEX staged_domain ON staged (domain, id);",
        )?;
        Ok(Self(connection))
    }

    /// Gathers an entry; returns the line that told of the same before. A store of `serve` has one policy a
    /// domain.
    fn add(&self, entry: &Entry, line: u64, purpose: Purpose) -> rusqlite::Result<Option<u64>> {
        let (domain, seen) = (entry.domain.as_str(), &entry.policy);
        let first = match purpose {
            Purpose::Check => self
                .0
                .prepare_cached(
                    "SELECT line FROM staged WHERE domain = ?1 AND id = ?2 AND body = ?3",
                )?
                .query_row(params![domain, seen.id.as_str(), &*seen.body], first_column),
            Purpose::Serve => self
                .0
                .prepare_cached("SELECT line FROM staged WHERE domain = ?1")?
                .query_row([domain], first_column),
        };
        if let Some(first) = first.optional()? {
            return Ok(Some(first.cast_unsigned()));
        }
        let secs = |time: UnixTime| time.as_secs().cast_signed();
        self.0
            .prepare_cached("INSERT INTO staged VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                domain,
                seen.id.as_str(),
                &*seen.body,
                secs(seen.first_seen),
                secs(seen.last_seen_live),
                seen.gone_by.map(secs),
                line.cast_signed(),
            ])?;
        Ok(None)
    }

    /// Writes all of them to a store; returns how many.
    fn write_to(&self, store: &Connection, table: Table) -> rusqlite::Result<u64> {
        let mut domains = self
            .0
            .prepare_cached("SELECT DISTINCT domain FROM staged")?;
        let mut rows = domains.query([])?;
        while let Some(row) = rows.next()? {
            let domain: String = row.get(0)?;
            table.remove(store, &domain)?;
        }
        let mut select = self.0.prepare_cached(
            "SELECT domain, id, body, first_seen, last_seen_live, gone_by FROM staged ORDER BY line",
        )?;
        let mut rows = select.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            // What was gathered was checked, line by line.
            if let Ok(entry) = Entry::read(row)? {
                table.add(store, &entry.domain, &entry.policy)?;
                count += 1;
            }
        }
        Ok(count)
    }
}

fn first_column(row: &Row<'_>) -> rusqlite::Result<i64> {
    row.get(0)
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
    /// A policy stands twice, or a domain where there is room for one policy of it.
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
