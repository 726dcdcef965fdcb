//! The tables that policies stand in, a file has one of them, and what stands beside it.

use rusqlite::{Connection, params};

use super::entry::Entry;
use super::{Purpose, change, worth};
use crate::facts::{DnsName, UnixTime};
use crate::sts::ledger::SeenPolicy;

/// Which table a file has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Table {
    /// `ledger`: every policy that `check` saw of a domain, and when; beside it `change`, how the domain was set up.
    Ledger,
    /// `ledger` alone, as before there was `change`.
    LedgerAlone,
    /// `policy`: one policy a domain, when it was fetched and last used, and what it is worth; `serve`'s.
    Policy,
    /// `policy` as before there were uses: a policy a domain, and when it was fetched; `check`'s too, before there
    /// was a ledger.
    PolicyAlone,
}

/// Selects rows for [`super::Entry::read`]. Too long a value is not even loaded: it comes as null, and as a
/// time before 1970 where null means something.
macro_rules! select {
    ($table:literal, $first_seen:literal, $last_seen_live:literal, $gone_by:literal, $rest:literal) => {
        concat!(
            "SELECT CASE WHEN octet_length(domain) <= 1024 THEN domain END,
                    CASE WHEN octet_length(id) <= 1024 THEN id END,
                    CASE WHEN octet_length(body) <= 1048576 THEN body END,
                    CASE WHEN octet_length(",
            $first_seen,
            ") <= 1024 THEN ",
            $first_seen,
            " END,
                    CASE WHEN octet_length(",
            $last_seen_live,
            ") <= 1024 THEN ",
            $last_seen_live,
            " END,
                    CASE WHEN octet_length(",
            $gone_by,
            ") > 1024 THEN -1 ELSE ",
            $gone_by,
            " END
             FROM ",
            $table,
            $rest
        )
    };
}

/// Selects rows of `ledger`.
macro_rules! select_ledger {
    ($rest:literal) => {
        select!("ledger", "first_seen", "last_seen_live", "gone_by", $rest)
    };
}

/// Selects rows of `policy`: what was fetched was seen then.
macro_rules! select_policy {
    ($rest:literal) => {
        select!("policy", "fetched_at", "fetched_at", "NULL", $rest)
    };
}

impl Table {
    /// Returns the table of a new file.
    pub(super) const fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Check => Self::Ledger,
            Purpose::Serve => Self::Policy,
        }
    }

    /// Returns whether the file tells how domains were set up.
    pub(super) const fn has_changes(self) -> bool {
        match self {
            Self::Ledger => true,
            Self::LedgerAlone | Self::Policy | Self::PolicyAlone => false,
        }
    }

    /// Makes it in an empty file.
    pub(super) fn create(self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(match self {
            Self::Ledger | Self::LedgerAlone => {
                "CREATE TABLE ledger (
                     domain         TEXT    NOT NULL,
                     id             TEXT    NOT NULL,
                     body           BLOB    NOT NULL,
                     first_seen     INTEGER NOT NULL,
                     last_seen_live INTEGER NOT NULL,
                     gone_by        INTEGER
                 ) STRICT;
                 CREATE INDEX ledger_domain ON ledger (domain, first_seen);"
            }
            Self::Policy | Self::PolicyAlone => worth::CREATE,
        })?;
        if self.has_changes() {
            connection.execute_batch(change::CREATE)?;
        }
        Ok(())
    }

    /// Makes of an older file's table the one that files of this purpose have now. A policy that was fetched was seen
    /// then, and may have been live ever since, until a look finds it gone.
    pub(super) fn take_over(
        self,
        connection: &Connection,
        purpose: Purpose,
    ) -> rusqlite::Result<()> {
        match (self, purpose) {
            (Self::Ledger | Self::Policy, _) => Ok(()),
            (Self::LedgerAlone, _) => connection.execute_batch(change::CREATE),
            (Self::PolicyAlone, Purpose::Serve) => {
                let entries = self.entries(connection)?;
                worth::take_over(connection, &entries)
            }
            (Self::PolicyAlone, Purpose::Check) => {
                Self::Ledger.create(connection)?;
                connection.execute_batch(
                    "INSERT INTO ledger SELECT domain, id, body, fetched_at, fetched_at, NULL FROM policy;
                     DROP TABLE policy;",
                )
            }
        }
    }

    /// Returns the rows that can be read.
    fn entries(self, connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
        let mut statement = connection.prepare(self.select_all())?;
        let mut rows = statement.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.extend(Entry::read(row)?.ok());
        }
        Ok(entries)
    }

    /// Fails if it is not there.
    pub(super) fn probe(self, connection: &Connection) -> rusqlite::Result<()> {
        let select = match self {
            Self::Ledger | Self::LedgerAlone => {
                "SELECT count(*) FROM (SELECT 1 FROM ledger LIMIT 1)"
            }
            Self::Policy => worth::PROBE,
            Self::PolicyAlone => "SELECT count(*) FROM (SELECT 1 FROM policy LIMIT 1)",
        };
        connection.query_row(select, [], |_row| Ok(()))?;
        if self.has_changes() {
            connection.query_row(change::PROBE, [], |_row| Ok(()))?;
        }
        Ok(())
    }

    /// Selects every row.
    pub(super) const fn select_all(self) -> &'static str {
        match self {
            Self::Ledger | Self::LedgerAlone => {
                select_ledger!(" ORDER BY domain, first_seen, rowid")
            }
            Self::Policy | Self::PolicyAlone => select_policy!(" ORDER BY domain"),
        }
    }

    /// Selects the rows of a domain.
    pub(super) const fn select_domain(self) -> &'static str {
        match self {
            Self::Ledger | Self::LedgerAlone => {
                select_ledger!(" WHERE domain = ?1 ORDER BY first_seen, rowid")
            }
            Self::Policy | Self::PolicyAlone => select_policy!(" WHERE domain = ?1"),
        }
    }

    /// Selects the rows of a page: after one, up to another.
    pub(super) const fn select_page(self) -> &'static str {
        match self {
            Self::Ledger | Self::LedgerAlone => {
                select_ledger!(" WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid")
            }
            Self::Policy | Self::PolicyAlone => {
                select_policy!(" WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid")
            }
        }
    }

    /// Returns the last row of a page of at most `most` rows after one; `None` if there is none.
    pub(super) fn page_end(
        self,
        connection: &Connection,
        after: i64,
        most: usize,
    ) -> rusqlite::Result<Option<i64>> {
        let sql = match self {
            Self::Ledger | Self::LedgerAlone => {
                "SELECT max(rowid) FROM (SELECT rowid FROM ledger WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)"
            }
            Self::Policy | Self::PolicyAlone => {
                "SELECT max(rowid) FROM (SELECT rowid FROM policy WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)"
            }
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        connection
            .prepare_cached(sql)?
            .query_row(params![after, most], |row| row.get(0))
    }

    /// Removes what there is of a domain; returns how many policies there were.
    pub(super) fn remove(self, connection: &Connection, domain: &str) -> rusqlite::Result<usize> {
        if self.has_changes() {
            change::remove(connection, domain)?;
        }
        self.remove_policies(connection, domain)
    }

    /// Puts these policies in the place of what there is of a domain.
    pub(super) fn put(
        self,
        connection: &Connection,
        domain: &DnsName,
        policies: &[SeenPolicy],
    ) -> rusqlite::Result<()> {
        match self {
            Self::Ledger | Self::LedgerAlone => {
                self.remove(connection, domain.as_str())?;
                self.replace(connection, domain, policies)
            }
            // Its row stays, for it says when it was used.
            Self::Policy | Self::PolicyAlone => policies
                .iter()
                .try_for_each(|seen| self.add(connection, domain, seen)),
        }
    }

    /// Notes that mail was sent by a domain's policy; a ledger does not say so.
    pub(super) fn note_use(
        self,
        connection: &Connection,
        domain: &DnsName,
        used_at: UnixTime,
    ) -> rusqlite::Result<()> {
        match self {
            Self::Ledger | Self::LedgerAlone | Self::PolicyAlone => Ok(()),
            Self::Policy => worth::use_at(connection, domain, used_at),
        }
    }

    /// Puts these policies in the place of a domain's.
    pub(super) fn replace(
        self,
        connection: &Connection,
        domain: &DnsName,
        policies: &[SeenPolicy],
    ) -> rusqlite::Result<()> {
        self.remove_policies(connection, domain.as_str())?;
        policies
            .iter()
            .try_for_each(|seen| self.add(connection, domain, seen))
    }

    fn remove_policies(self, connection: &Connection, domain: &str) -> rusqlite::Result<usize> {
        let sql = match self {
            Self::Ledger | Self::LedgerAlone => "DELETE FROM ledger WHERE domain = ?1",
            Self::Policy | Self::PolicyAlone => "DELETE FROM policy WHERE domain = ?1",
        };
        connection.prepare_cached(sql)?.execute([domain])
    }

    /// Adds a row; in `policy` it takes the place of the domain's.
    pub(super) fn add(
        self,
        connection: &Connection,
        domain: &DnsName,
        seen: &SeenPolicy,
    ) -> rusqlite::Result<()> {
        let secs = |time: UnixTime| time.as_secs().cast_signed();
        match self {
            Self::Ledger | Self::LedgerAlone => connection
                .prepare_cached("INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![
                    domain.as_str(),
                    seen.id.as_str(),
                    &*seen.body,
                    secs(seen.first_seen),
                    secs(seen.last_seen_live),
                    seen.gone_by.map(secs),
                ])
                .map(|_rows| ()),
            Self::Policy | Self::PolicyAlone => worth::add(connection, domain, seen),
        }
    }
}
