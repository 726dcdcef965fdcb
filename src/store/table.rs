//! The two tables that policies stand in, a file has one of them.

use rusqlite::{Connection, params};

use super::Purpose;
use crate::facts::{DnsName, UnixTime};
use crate::sts::ledger::SeenPolicy;

/// Which table a file has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Table {
    /// `ledger`: every policy that `check` saw of a domain, and when.
    Ledger,
    /// `policy`: one policy a domain, and when it was fetched; `serve`'s, and `check`'s before there was a
    /// ledger.
    Policy,
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

impl Table {
    /// Returns the table of a new file.
    pub(super) const fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Check => Self::Ledger,
            Purpose::Serve => Self::Policy,
        }
    }

    /// Makes it.
    pub(super) const fn create(self) -> &'static str {
        match self {
            Self::Ledger => {
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
            Self::Policy => {
                "CREATE TABLE policy (
                     domain     TEXT    NOT NULL PRIMARY KEY,
                     id         TEXT    NOT NULL,
                     body       BLOB    NOT NULL,
                     fetched_at INTEGER NOT NULL
                 ) STRICT;"
            }
        }
    }

    /// Fails if it is not there.
    pub(super) const fn probe(self) -> &'static str {
        match self {
            Self::Ledger => "SELECT count(*) FROM (SELECT 1 FROM ledger LIMIT 1)",
            Self::Policy => "SELECT count(*) FROM (SELECT 1 FROM policy LIMIT 1)",
        }
    }

    /// Selects every row.
    pub(super) const fn select_all(self) -> &'static str {
        match self {
            Self::Ledger => select!(
                "ledger",
                "first_seen",
                "last_seen_live",
                "gone_by",
                " ORDER BY domain, first_seen, rowid"
            ),
            Self::Policy => {
                select!(
                    "policy",
                    "fetched_at",
                    "fetched_at",
                    "NULL",
                    " ORDER BY domain"
                )
            }
        }
    }

    /// Selects the rows of a domain.
    pub(super) const fn select_domain(self) -> &'static str {
        match self {
            Self::Ledger => select!(
                "ledger",
                "first_seen",
                "last_seen_live",
                "gone_by",
                " WHERE domain = ?1 ORDER BY first_seen, rowid"
            ),
            Self::Policy => {
                select!(
                    "policy",
                    "fetched_at",
                    "fetched_at",
                    "NULL",
                    " WHERE domain = ?1"
                )
            }
        }
    }

    /// Selects the rows of a page: after one, up to another.
    pub(super) const fn select_page(self) -> &'static str {
        match self {
            Self::Ledger => select!(
                "ledger",
                "first_seen",
                "last_seen_live",
                "gone_by",
                " WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid"
            ),
            Self::Policy => select!(
                "policy",
                "fetched_at",
                "fetched_at",
                "NULL",
                " WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid"
            ),
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
            Self::Ledger => {
                "SELECT max(rowid) FROM (SELECT rowid FROM ledger WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)"
            }
            Self::Policy => {
                "SELECT max(rowid) FROM (SELECT rowid FROM policy WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)"
            }
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        connection
            .prepare_cached(sql)?
            .query_row(params![after, most], |row| row.get(0))
    }

    /// Removes the rows of a domain; returns how many there were.
    pub(super) fn remove(self, connection: &Connection, domain: &str) -> rusqlite::Result<usize> {
        let sql = match self {
            Self::Ledger => "DELETE FROM ledger WHERE domain = ?1",
            Self::Policy => "DELETE FROM policy WHERE domain = ?1",
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
        let (domain, id, body) = (domain.as_str(), seen.id.as_str(), &*seen.body);
        let last_seen_live = secs(seen.last_seen_live);
        match self {
            Self::Ledger => connection
                .prepare_cached("INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![
                    domain,
                    id,
                    body,
                    secs(seen.first_seen),
                    last_seen_live,
                    seen.gone_by.map(secs),
                ]),
            Self::Policy => connection
                .prepare_cached("INSERT OR REPLACE INTO policy VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![domain, id, body, last_seen_live]),
        }
        .map(|_rows| ())
    }
}
