//! Policies that survive a restart: one SQLite file, safe with several processes.
//!
//! A row is evidence: the body as it came, the id and the moment of the fetch. It is checked again each time
//! it is read, for the file may come from anywhere; what cannot be read counts as absent, and says so. A
//! damaged file of ours is moved aside, never overwritten, and any other file left alone.
//!
//! Calls block, as a rule for some ten microseconds, and up to [`BUSY_TIMEOUT`] while another process
//! writes: async code makes them where blocking is allowed. Commits survive a crash of the process; the last
//! ones may be lost with the power (`synchronous = NORMAL`).

mod damage;
mod entry;
mod error;
mod header;
mod limits;
mod line;
mod open;
mod purpose;
mod schema;
mod transfer;
mod turn;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub use damage::MovedAside;
pub use entry::{Entry, RowError, RowFault};
pub use error::StoreError;
pub use limits::{BUSY_TIMEOUT, MAX_BODY_OCTETS};
pub use line::{LineError, MAX_LINE_OCTETS};
pub use purpose::Purpose;
pub use schema::SCHEMA_VERSION;
pub use transfer::{ExportError, ImportError, MAX_AHEAD};

use crate::facts::{DnsName, UnixTime};
use crate::sts::cache::StoredPolicy;
use crate::sts::reading::Reading;
use open::{Access, Inner, Opened};

/// How often a change is made again because the store's file was replaced under it.
const MAX_CHANGES: usize = 3;

/// What the store holds for a domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lookup {
    /// Nothing.
    Absent,
    /// A policy.
    Found(StoredPolicy),
    /// A row that cannot be read: it counts as absent.
    Unreadable(RowError),
}

impl Lookup {
    /// Returns the policy, if there is one that can be read.
    #[must_use]
    pub fn into_policy(self) -> Option<StoredPolicy> {
        match self {
            Self::Found(policy) => Some(policy),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// What became of a policy that was offered as evidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Offered {
    /// An unexpired one is there already, and stays.
    Declined,
    /// The store belongs to `serve` or cannot be written, and is only read.
    ReadOnly,
    /// It was written.
    Written,
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    inner: Mutex<Inner>,
    opened: Opened,
}

impl Store {
    /// Opens the store at `path` and makes it if there is none. A damaged file is moved aside first: see
    /// [`Store::moved_aside`].
    ///
    /// `check` may open `serve`'s store, and one that cannot be written, and only reads it then; `serve` may not
    /// open `check`'s.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or made, belongs to another program or a newer version, or is not for
    /// this purpose.
    pub fn open(path: &Path, purpose: Purpose) -> Result<Self, StoreError> {
        let store =
            Self::open_for(path, Access::Make(purpose))?.ok_or_else(|| StoreError::Unusable {
                path: path.into(),
                detail: "it vanished while it was opened".into(),
            })?;
        match (purpose, store.purpose()) {
            (Purpose::Serve, Purpose::Check) => Err(StoreError::NotForServe { path: path.into() }),
            (Purpose::Check, _) | (Purpose::Serve, Purpose::Serve) => Ok(store),
        }
    }

    /// Opens the store at `path` whatever its purpose; `None` if there is none. A damaged file stays.
    ///
    /// # Errors
    ///
    /// As [`Store::open`], and when the file is damaged.
    pub fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        Self::open_for(path, Access::Change)
    }

    /// Opens the store at `path` to look at it, as [`Store::open_existing`] does. Nothing is changed or moved
    /// aside, whatever turns up.
    ///
    /// # Errors
    ///
    /// As [`Store::open_existing`].
    pub fn open_to_read(path: &Path) -> Result<Option<Self>, StoreError> {
        Self::open_for(path, Access::Read)
    }

    /// Opens the store at `path` for this access; `None` if there is none and none is to be made.
    fn open_for(path: &Path, access: Access) -> Result<Option<Self>, StoreError> {
        let opened = open::open(path, access)?;
        Ok(opened.map(|(inner, opened)| Self {
            path: path.into(),
            inner: Mutex::new(inner),
            opened,
        }))
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whose policies the file holds.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.opened.purpose
    }

    /// Returns the damaged file that was found in the store's place, and where it is now.
    #[must_use]
    pub const fn moved_aside(&self) -> Option<&MovedAside> {
        self.opened.moved_aside.as_ref()
    }

    /// Returns whether the file or its directory cannot be written, so that the store is only read.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.opened.is_read_only
    }

    /// Returns what the store holds for `domain`, expired or not.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn get(&self, domain: &DnsName) -> Result<Lookup, StoreError> {
        self.with(|connection| look_up(connection, domain))
    }

    /// Writes `policy` where there is no unexpired one for `domain`: so that the store holds the oldest
    /// policy that a sender may still have. Looking and writing are one step, whoever else writes.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, or the body is too large.
    pub fn put_if_no_unexpired(
        &self,
        domain: &DnsName,
        policy: &StoredPolicy,
        now: UnixTime,
    ) -> Result<Offered, StoreError> {
        entry::check_size(policy)?;
        match (self.opened.purpose, self.opened.access) {
            (Purpose::Serve, _) | (Purpose::Check, Access::Read) => return Ok(Offered::ReadOnly),
            (Purpose::Check, Access::Change | Access::Make(_)) => {}
        }
        self.change(|transaction| {
            let is_held = look_up(transaction, domain)?
                .into_policy()
                .is_some_and(|held| is_unexpired(&held, now));
            if is_held {
                return Ok(Offered::Declined);
            }
            write(transaction, domain, policy)?;
            Ok(Offered::Written)
        })
    }

    /// Writes `policy` in place of what the store holds for `domain`.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or the body is too large.
    pub fn put(&self, domain: &DnsName, policy: &StoredPolicy) -> Result<(), StoreError> {
        entry::check_size(policy)?;
        self.change(|transaction| write(transaction, domain, policy))
    }

    /// Forgets the policy of `domain`, readable or not; returns whether there was one.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn remove(&self, domain: &DnsName) -> Result<bool, StoreError> {
        self.change(|transaction| {
            transaction
                .prepare_cached("DELETE FROM policy WHERE domain = ?1")?
                .execute([domain.as_str()])
                .map(|rows| rows > 0)
        })
    }

    /// Gives every row to `visit`, in the order of the names, as they were at one moment; stops at the first
    /// error of `visit`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and when `visit` fails.
    pub fn list<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(Result<Entry, RowError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failed = Ok(());
        self.with(|connection| {
            let mut statement = connection.prepare_cached(entry::SELECT_ALL)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                failed = visit(Entry::read(row)?);
                if failed.is_err() {
                    break;
                }
            }
            Ok(())
        })?;
        failed
    }

    /// Runs one call on the file that stands at the path now.
    fn with<T>(
        &self,
        call: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        self.follow(&mut inner)?;
        self.call(&mut inner, call)
    }

    /// Runs one call in a transaction that holds the lock for writing from its start; again, if the file was
    /// moved or removed meanwhile, in the one that stands at the path now.
    fn change<T>(
        &self,
        mut call: impl FnMut(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        for _ in 0..MAX_CHANGES {
            self.follow(&mut inner)?;
            let value = self.call(&mut inner, |connection| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let value = call(&transaction)?;
                transaction.commit()?;
                Ok(value)
            })?;
            // Looked at after the commit: whoever moves the file later moves what was written with it.
            if inner.is_at(&self.path) {
                return Ok(value);
            }
        }
        Err(self.unusable("it is replaced again and again while it is written"))
    }

    /// Opens the file that stands at the path now, if it is another one than was opened. Whoever only looks
    /// goes on with what was there when the looking began.
    fn follow(&self, inner: &mut Inner) -> Result<(), StoreError> {
        if self.opened.access == Access::Read || inner.is_at(&self.path) {
            return Ok(());
        }
        let Some((fresh, opened)) = open::open(&self.path, self.opened.access)? else {
            return Err(self.unusable("it was removed while it was in use"));
        };
        if opened.purpose != self.opened.purpose {
            return Err(self.unusable("a store for another purpose was put in its place"));
        }
        *inner = fresh;
        opened
            .moved_aside
            .map_or(Ok(()), |moved| Err(StoreError::Damaged(moved)))
    }

    /// Runs one call on the connection, and turns damage that it meets to an error that says so.
    fn call<T>(
        &self,
        inner: &mut Inner,
        call: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        match call(&mut inner.connection) {
            Ok(value) => Ok(value),
            Err(error) if damage::is_damage(&error) => {
                if self.opened.access == Access::Read {
                    return Err(StoreError::found_damaged(&self.path, &error));
                }
                let moved = open::replace_damaged(&self.path, inner, self.opened.purpose, &error)?;
                Err(StoreError::Damaged(moved))
            }
            Err(error) => Err(StoreError::from_sqlite(&self.path, &error)),
        }
    }

    fn unusable(&self, detail: &str) -> StoreError {
        StoreError::Unusable {
            path: self.path.clone(),
            detail: detail.into(),
        }
    }

    /// A panic of another thread leaves no half-done change: its transaction was rolled back.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look_up(connection: &Connection, domain: &DnsName) -> rusqlite::Result<Lookup> {
    let row = connection
        .prepare_cached(entry::SELECT_ONE)?
        .query_row([domain.as_str()], Entry::read)
        .optional()?;
    Ok(match row {
        None => Lookup::Absent,
        Some(Ok(entry)) => Lookup::Found(entry.policy),
        Some(Err(error)) => Lookup::Unreadable(error),
    })
}

fn write(connection: &Connection, domain: &DnsName, policy: &StoredPolicy) -> rusqlite::Result<()> {
    connection
        .prepare_cached(entry::WRITE)?
        .execute(params![
            domain.as_str(),
            policy.id.as_str(),
            &*policy.body,
            policy.fetched_at.as_secs().cast_signed(),
        ])
        .map(|_rows| ())
}

/// Returns whether some sender may still hold the policy: one that reads it in either way.
fn is_unexpired(policy: &StoredPolicy, now: UnixTime) -> bool {
    Reading::BOTH
        .iter()
        .filter_map(|reading| policy.read(*reading).ok())
        .any(|cached| cached.is_fresh(now))
}

#[cfg(test)]
mod tests;
