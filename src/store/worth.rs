//! What a row of `serve` is worth: which goes first where there is no room for all.
//!
//! First those whose life is over, then those that no mail was ever sent by, then those that stop no mail; a policy
//! that protects mail goes last. Of equals the one that was not used for the longest goes.

use rusqlite::{Connection, params};

use super::entry::Entry;
use super::limits::MAX_ROWS_OF_OWNER;
use crate::facts::{DnsName, UnixTime};
use crate::sts::ledger::SeenPolicy;
use crate::sts::policy::{self, Mode};
use crate::sts::reading::Reading;

/// Makes the table. What a row is worth stands beside what it says, so that rows are ranked without being read.
pub(super) const CREATE: &str = "CREATE TABLE policy (
         domain      TEXT    NOT NULL PRIMARY KEY,
         id          TEXT    NOT NULL,
         body        BLOB    NOT NULL,
         fetched_at  INTEGER NOT NULL,
         used_at     INTEGER,
         expires_at  INTEGER NOT NULL,
         is_enforced INTEGER NOT NULL,
         owner       TEXT    NOT NULL
     ) STRICT;
     CREATE INDEX policy_owner ON policy (owner);";

/// Makes it of an older one, whose rows are these. They may all have been used when they were fetched.
pub(super) fn take_over(connection: &Connection, entries: &[Entry]) -> rusqlite::Result<()> {
    connection.execute_batch("DROP TABLE policy")?;
    connection.execute_batch(CREATE)?;
    for Entry { domain, policy } in entries {
        add(connection, domain, policy)?;
        use_at(connection, domain, policy.last_seen_live)?;
    }
    Ok(())
}

/// Fails if it is not there.
pub(super) const PROBE: &str =
    "SELECT count(*) FROM (SELECT used_at, expires_at, is_enforced, owner FROM policy LIMIT 1)";

/// Orders rows by their worth at `?1`, the least first.
macro_rules! by_worth {
    () => {
        " ORDER BY expires_at >= ?1, used_at NOT NULL, is_enforced, used_at, fetched_at"
    };
}

/// Writes a row in the place of the domain's; when it was used stays. The least of its owner's make room for it.
pub(super) fn add(
    connection: &Connection,
    domain: &DnsName,
    seen: &SeenPolicy,
) -> rusqlite::Result<()> {
    let fetched_at = secs(seen.last_seen_live);
    let (expires_at, is_enforced) = policy::parse(&seen.body, Reading::Tolerant)
        .map(|policy| {
            let max_age = policy.max_age().as_duration();
            let expires_at = seen.last_seen_live.saturating_add(max_age);
            (secs(expires_at), policy.mode() == Mode::Enforce)
        })
        .unwrap_or((fetched_at, false));
    let owner = domain.registrable();
    connection
        .prepare_cached(
            "INSERT INTO policy (domain, id, body, fetched_at, expires_at, is_enforced, owner)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (domain) DO UPDATE SET id = ?2, body = ?3, fetched_at = ?4,
                 expires_at = ?5, is_enforced = ?6, owner = ?7",
        )?
        .execute(params![
            domain.as_str(),
            seen.id.as_str(),
            &*seen.body,
            fetched_at,
            expires_at,
            is_enforced,
            owner
        ])?;
    connection
        .prepare_cached(concat!(
            "DELETE FROM policy WHERE rowid IN (
                 SELECT rowid FROM policy WHERE owner = ?2 AND domain <> ?3",
            by_worth!(),
            " LIMIT max(0, (SELECT count(*) FROM policy WHERE owner = ?2) - ?4))"
        ))?
        .execute(params![
            fetched_at,
            owner,
            domain.as_str(),
            MAX_ROWS_OF_OWNER
        ])
        .map(|_rows| ())
}

/// Notes that mail was sent by a domain's policy, if the last note is a day old: most uses cost no write.
pub(super) fn use_at(
    connection: &Connection,
    domain: &DnsName,
    used_at: UnixTime,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE policy SET used_at = ?2
             WHERE domain = ?1 AND (used_at IS NULL OR used_at + 86400 <= ?2)",
        )?
        .execute(params![domain.as_str(), secs(used_at)])
        .map(|_rows| ())
}

/// Removes the rows whose life ended before `before`; returns how many.
pub(super) fn remove_ended(connection: &Connection, before: UnixTime) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("DELETE FROM policy WHERE expires_at < ?1")?
        .execute([secs(before)])
}

/// Removes as many rows as there are more than `most`, those of least worth at `now`; returns how many.
pub(super) fn remove_surplus(
    connection: &Connection,
    now: UnixTime,
    most: usize,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(concat!(
            "DELETE FROM policy WHERE rowid IN (SELECT rowid FROM policy",
            by_worth!(),
            " LIMIT max(0, (SELECT count(*) FROM policy) - ?2))"
        ))?
        .execute(params![secs(now), i64::try_from(most).unwrap_or(i64::MAX)])
}

fn secs(time: UnixTime) -> i64 {
    time.as_secs().cast_signed()
}
