//! Policies that survive a restart: one SQLite file, safe with several processes.
//!
//! A file keeps the purpose that it was made for: `check`'s has the rows of the ledger, every policy that was
//! seen of a domain, and when, and each change of its record, edges and MX records; `serve`'s has one row a
//! domain, the newest fetch. A row is checked again each time
//! it is read, for the file may come from anywhere; what cannot be read counts as absent, and says so. A
//! damaged file of ours is moved aside, never overwritten, and any other file left alone. Only its owner reads
//! the file: it says who is written to.
//!
//! Calls block, as a rule for some ten microseconds, and up to [`BUSY_TIMEOUT`] while another process
//! writes: async code makes them through [`Handle`]. Commits survive a crash of the process; the last
//! ones may be lost with the power (`synchronous = NORMAL`).

mod change;
mod damage;
mod entry;
mod error;
mod handle;
mod header;
mod limits;
mod line;
mod lock;
mod open;
mod private;
mod purpose;
mod schema;
mod table;
mod transfer;
mod worth;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use damage::MovedAside;
pub use entry::{Entry, RowError, RowFault};
pub use error::StoreError;
pub use handle::Handle;
pub use header::SCHEMA_VERSION;
pub use limits::{BUSY_TIMEOUT, MAX_BODY_OCTETS, MAX_ROWS_OF_OWNER};
pub use line::{ExportLine, LineError, MAX_LINE_OCTETS, SCHEMA as EXPORT_SCHEMA};
pub use open::Version;
pub use purpose::Purpose;
pub use transfer::{ExportError, ImportError, MAX_AHEAD};

use crate::facts::{DnsName, UnixTime};
use crate::sts::cache::StoredPolicy;
use crate::sts::ledger::{Ledger, Look};
use open::{Access, Inner, Opened};
use table::Table;

/// How often a change is made again because the store's file was replaced under it.
const MAX_CHANGES: usize = 3;

/// What the store holds for a domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recalled {
    /// The policies that were seen, and how the domain was set up.
    pub ledger: Ledger,
    /// The rows that cannot be read: they count as absent.
    pub unreadable: Vec<RowError>,
}

/// Some rows of a store, in the order in which they were written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page {
    /// The rows that can be read.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` if there was no row any more.
    pub last: Option<i64>,
}

/// What became of a look that was to be recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recorded {
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
    /// Opens the store at `path` and makes it if there is none. A damaged file of `check` is moved aside first: see
    /// [`Store::moved_aside`]. One of `serve` is refused, for what it held protects mail.
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

    /// Returns what the store holds for `domain`, whether or not anybody holds it still. A row of `serve` is a
    /// policy that was seen when it was fetched.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn recall(&self, domain: &DnsName) -> Result<Recalled, StoreError> {
        self.with(|connection, table| recall(connection, table, domain))
    }

    /// Adds a look to the ledger of `domain`. Reading and writing are one step, whatever other processes write.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, or a body is too large.
    pub fn record(&self, domain: &DnsName, look: &Look) -> Result<Recorded, StoreError> {
        look.bodies().try_for_each(entry::check_size)?;
        match (self.opened.purpose, self.opened.access) {
            (Purpose::Serve, _) | (Purpose::Check, Access::Read) => {
                return Ok(Recorded::ReadOnly);
            }
            (Purpose::Check, Access::Change | Access::Make(_)) => {}
        }
        self.change(|transaction, table| {
            let recalled = recall(transaction, table, domain)?;
            let (known, is_spoilt) = (&recalled.ledger, !recalled.unreadable.is_empty());
            let mut ledger = known.clone();
            ledger.record(look);
            if is_spoilt || ledger.policies() != known.policies() {
                table.replace(transaction, domain, ledger.policies())?;
            }
            // Most looks see a policy again, and no change.
            if is_spoilt || ledger.changes() != known.changes() {
                change::replace(transaction, domain, ledger.changes())?;
            }
            Ok(Recorded::Written)
        })
    }

    /// Writes `policy` in place of what the store holds for `domain`. In a store of `serve` others of the same owner
    /// make room for it, if there are more than [`MAX_ROWS_OF_OWNER`].
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or the body is too large.
    pub fn put(&self, domain: &DnsName, policy: &StoredPolicy) -> Result<(), StoreError> {
        self.put_used(domain, policy, None)
    }

    /// Writes as [`Store::put`], and notes when mail was last sent by it.
    ///
    /// # Errors
    ///
    /// As [`Store::put`].
    pub fn put_used(
        &self,
        domain: &DnsName,
        policy: &StoredPolicy,
        used_at: Option<UnixTime>,
    ) -> Result<(), StoreError> {
        entry::check_size(&policy.body)?;
        let ledger = Ledger::from(policy.clone());
        self.change(|transaction, table| {
            table.put(transaction, domain, ledger.policies())?;
            used_at.map_or(Ok(()), |used_at| {
                table.note_use(transaction, domain, used_at)
            })
        })
    }

    /// Notes that mail was sent by what a store of `serve` holds for `domain`, at most once a day.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn note_use(&self, domain: &DnsName, used_at: UnixTime) -> Result<(), StoreError> {
        self.change(|transaction, table| table.note_use(transaction, domain, used_at))
    }

    /// Removes from a store of `serve` what ran out before `before`, and of the rest those of least worth at `now`
    /// by which there are more than `most`; returns how many.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn tidy(
        &self,
        (before, now): (UnixTime, UnixTime),
        most: usize,
    ) -> Result<usize, StoreError> {
        if self.opened.purpose != Purpose::Serve {
            return Ok(0);
        }
        let ended = self.change(|transaction, _| worth::remove_ended(transaction, before))?;
        let surplus =
            self.change(|transaction, _| worth::remove_surplus(transaction, now, most))?;
        Ok(ended + surplus)
    }

    /// Returns something that changes whenever somebody else writes to the store, or another file stands in its
    /// place; `None` while it is in use. It neither waits nor writes, so that it may be asked often.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn version(&self) -> Result<Option<Version>, StoreError> {
        let inner = match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        let version = inner.version(&self.path);
        version
            .map(Some)
            .map_err(|error| StoreError::from_sqlite(&self.path, &error))
    }

    /// Returns those of these domains of which the store holds no policy that was fetched at this time.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn differing(&self, held: &[(DnsName, UnixTime)]) -> Result<Vec<DnsName>, StoreError> {
        self.with(|connection, table| {
            let mut statement = connection.prepare_cached(table.select_domain())?;
            let mut differing = Vec::new();
            for (domain, fetched_at) in held {
                let mut rows = statement.query([domain.as_str()])?;
                let mut is_there = false;
                while let Some(row) = rows.next()? {
                    is_there |= Entry::read(row)?
                        .is_ok_and(|entry| entry.policy.last_seen_live == *fetched_at);
                }
                if !is_there {
                    differing.push(domain.clone());
                }
            }
            Ok(differing)
        })
    }

    /// Forgets the policies of `domain`, readable or not; returns whether there was one.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn remove(&self, domain: &DnsName) -> Result<bool, StoreError> {
        self.change(|transaction, table| {
            table
                .remove(transaction, domain.as_str())
                .map(|rows| rows > 0)
        })
    }

    /// Gives every row to `visit`, in the order of the names and in which they were first seen, as they were at one moment; stops at the first
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
        self.with(|connection, table| {
            let mut statement = connection.prepare_cached(table.select_all())?;
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

    /// Returns the rows after the one that ended the page before (0 at first), at most `most`, in the order in
    /// which they were written; rows that cannot be read are left out.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn page(&self, after: i64, most: usize) -> Result<Page, StoreError> {
        self.with(|connection, table| {
            let last = table.page_end(connection, after, most)?;
            let mut entries = Vec::new();
            if let Some(last) = last {
                let mut statement = connection.prepare_cached(table.select_page())?;
                let mut rows = statement.query([after, last])?;
                while let Some(row) = rows.next()? {
                    entries.extend(Entry::read(row)?.ok());
                }
            }
            Ok(Page { entries, last })
        })
    }

    /// Runs one call on the file that stands at the path now.
    fn with<T>(
        &self,
        call: impl FnOnce(&mut Connection, Table) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        self.follow(&mut inner)?;
        self.call(&mut inner, call)
    }

    /// Runs one call in a transaction that holds the lock for writing from its start; again, if the file was
    /// moved or removed meanwhile, in the one that stands at the path now.
    fn change<T>(
        &self,
        mut call: impl FnMut(&Transaction<'_>, Table) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        for _ in 0..MAX_CHANGES {
            self.follow(&mut inner)?;
            let value = self.call(&mut inner, |connection, table| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let value = call(&transaction, table)?;
                transaction.commit()?;
                Ok(value)
            })?;
            // Checked after the commit: a file that is moved later is moved with what was written.
            if inner.is_at(&self.path) {
                return Ok(value);
            }
        }
        Err(self.unusable("it is replaced again and again while it is written"))
    }

    /// Opens the file that stands at the path now, if it is another one than was opened. A reader goes on
    /// with what was there when it began.
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
        call: impl FnOnce(&mut Connection, Table) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        match call(&mut inner.connection, inner.table) {
            Ok(value) => Ok(value),
            Err(error) if damage::is_damage(&error) => {
                if matches!(
                    self.opened.access,
                    Access::Read | Access::Make(Purpose::Serve)
                ) {
                    return Err(StoreError::found_damaged(&self.path, &error));
                }
                let moved = open::replace_damaged(&self.path, inner, &error)?;
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

fn recall(connection: &Connection, table: Table, domain: &DnsName) -> rusqlite::Result<Recalled> {
    let mut statement = connection.prepare_cached(table.select_domain())?;
    let mut rows = statement.query([domain.as_str()])?;
    let mut policies = Vec::new();
    let mut unreadable = Vec::new();
    while let Some(row) = rows.next()? {
        match Entry::read(row)? {
            Ok(entry) => policies.push(entry.policy),
            Err(error) => unreadable.push(error),
        }
    }
    let mut changes = Vec::new();
    if table.has_changes() {
        changes = change::recall(connection, domain, &mut unreadable)?;
    }
    Ok(Recalled {
        ledger: Ledger::new(policies).with_changes(changes),
        unreadable,
    })
}

#[cfg(test)]
mod tests;
