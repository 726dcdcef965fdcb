//! Opening a store: making it, refusing it, moving it aside.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use super::damage::{self, Identity, MovedAside, with_suffix};
use super::header::{Header, SCHEMA_VERSION, WITHOUT_LEDGER};
use super::schema::{self, FileState};
use super::table::Table;
use super::{BUSY_TIMEOUT, Purpose, StoreError, lock, private};
use crate::clock::Clock;

/// What a store is opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Access {
    /// To be changed, if it is there.
    Change,
    /// To be changed, and made if it is not there or damaged.
    Make(Purpose),
    /// To be looked at.
    Read,
}

impl Access {
    /// Returns whether a store that cannot be written is of use all the same. `check` learns from one what
    /// senders may hold, and only leaves no evidence in it.
    const fn is_content_to_read(self) -> bool {
        match self {
            Self::Read | Self::Make(Purpose::Check) => true,
            Self::Change | Self::Make(Purpose::Serve) => false,
        }
    }
}

/// What a file turned out to be when it was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) access: Access,
    pub(super) is_read_only: bool,
    pub(super) purpose: Purpose,
    pub(super) moved_aside: Option<MovedAside>,
}

/// A connection, and which file it has open.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) connection: Connection,
    pub(super) table: Table,
    purpose: Purpose,
    identity: Identity,
}

impl Inner {
    /// Returns whether the file that is open stands at `path` still: what is written to one that was moved
    /// or removed is not in the store.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        Identity::of(path) == self.identity
    }

    /// Returns which file stands at `path`, and a number that changes when somebody else writes to the one that is open.
    pub(super) fn version(&self, path: &Path) -> rusqlite::Result<Version> {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        Ok(Version(Identity::of(path), version))
    }
}

/// What a store's file was at some moment, as far as others change it: see [`Store::version`](super::Store::version).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version(Identity, i64);

/// Opens the store at `path`; `None` if there is none and none is to be made.
pub(super) fn open(path: &Path, access: Access) -> Result<Option<(Inner, Opened)>, StoreError> {
    // Before anything is made beside it: what is no store must not even get a lock.
    let is_there = is_store(path)?;
    match access {
        Access::Change | Access::Read if !is_there => return Ok(None),
        Access::Change | Access::Make(_) | Access::Read => {}
    }
    let (lock, access) = match lock::take(path, BUSY_TIMEOUT) {
        Ok(lock) => (Some(lock), access),
        Err(error @ StoreError::Busy { .. }) => return Err(error),
        // Who cannot make a lock moves nothing aside either; the owner of such a store has it alone.
        Err(_) if is_there && access.is_content_to_read() => (None, Access::Read),
        Err(error) => return Err(error),
    };
    let (connected, moved_aside) = match connect(path, access) {
        // What it held protects mail: somebody must look at it, before it is done without.
        Err(Refusal::Damaged(damage)) if access == Access::Make(Purpose::Serve) => {
            return Err(StoreError::found_damaged(path, &damage));
        }
        // The lock is ours and the file was closed, so this is the file that was found damaged. A new one that
        // is damaged again is the disk's fault.
        Err(Refusal::Damaged(damage)) => {
            let moved = set_aside(path, &damage, access)?;
            (connect(path, access), Some(moved))
        }
        connected @ (Ok(_) | Err(_)) => (connected, None),
    };
    let Some(inner) = connected.map_err(|refusal| refusal.into_error(path))? else {
        return Ok(None);
    };
    let is_read_only = inner.connection.is_readonly(MAIN_DB).unwrap_or(false);
    if is_read_only && !access.is_content_to_read() {
        return Err(StoreError::Unusable {
            path: path.into(),
            detail: "it cannot be written".into(),
        });
    }
    let opened = Opened {
        access: if is_read_only { Access::Read } else { access },
        is_read_only: is_read_only || lock.is_none(),
        purpose: inner.purpose,
        moved_aside,
    };
    Ok(Some((inner, opened)))
}

/// Puts an empty store in the place of a damaged one that `inner` has open.
pub(super) fn replace_damaged(
    path: &Path,
    inner: &mut Inner,
    error: &rusqlite::Error,
) -> Result<MovedAside, StoreError> {
    let access = Access::Make(inner.purpose);
    let lock = lock::take(path, BUSY_TIMEOUT)?;
    let moved = if inner.is_at(path) {
        set_aside(path, error, access)?
    } else {
        // Another process saw it first. Where to, it has said.
        MovedAside {
            from: path.into(),
            to: with_suffix(path, ".damaged-*"),
            detail: error.to_string().into(),
        }
    };
    // Closing must not write the log back into the damaged file.
    drop(
        inner
            .connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
    );
    drop(lock);
    if let Some((fresh, _opened)) = open(path, access)? {
        *inner = fresh;
    }
    Ok(moved)
}

/// What another program's database is said to be.
const FOREIGN: &str = "it is a database of another program";

/// Looks whether a store stands at `path`, or nothing yet; what is neither is refused.
fn is_store(path: &Path) -> Result<bool, StoreError> {
    let unusable = |detail: &str| StoreError::Unusable {
        path: path.into(),
        detail: detail.into(),
    };
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(unusable("it is a directory")),
        Ok(found) if !found.is_file() => return Err(unusable("it is not a regular file")),
        // Making the directory gives a better error for a path whose directory is none.
        Ok(_) | Err(_) => {}
    }
    match Header::of(path) {
        Ok(Header::Empty) => Ok(false),
        // SQLite is not even shown these: it would tidy up what their owners left beside them.
        Ok(Header::Foreign) => Err(StoreError::not_ours(path, FOREIGN)),
        Ok(Header::Ours(WITHOUT_LEDGER..=SCHEMA_VERSION)) => Ok(true),
        Ok(Header::Ours(found)) => Err(StoreError::other_schema(path, found)),
        Ok(Header::Stranger) => Err(StoreError::not_ours(path, "it is no SQLite database")),
        Err(error) => Err(StoreError::from_io(path, &error)),
    }
}

/// Moves the damaged file at `path` aside, if it says that it is ours and another is to take its place.
fn set_aside(
    path: &Path,
    error: &rusqlite::Error,
    access: Access,
) -> Result<MovedAside, StoreError> {
    if !is_store(path)? {
        let detail = format!("it is damaged ({error}), and nothing in it says whose it is");
        return Err(StoreError::not_ours(path, detail));
    }
    match access {
        Access::Change | Access::Read => return Err(StoreError::found_damaged(path, error)),
        Access::Make(_) => {}
    }
    // The name says when by the system's clock, whatever clock the policies age by.
    let time: String = Clock::system()
        .now()
        .to_string()
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    let moved = damage::move_aside(path, &time, &error.to_string())
        .map_err(|error| StoreError::from_io(path, &error))?;
    tracing::info!(from = %path.display(), to = %moved.to.display(), detail = %moved.detail,
        "moved a damaged store aside");
    Ok(moved)
}

/// Why [`connect`] has no connection to give.
enum Refusal {
    Damaged(rusqlite::Error),
    Error(StoreError),
    /// Something that reading takes cannot be written.
    ReadOnly(rusqlite::Error),
    Sqlite(rusqlite::Error),
}

impl Refusal {
    fn into_error(self, path: &Path) -> StoreError {
        match self {
            Self::Error(error) => error,
            Self::Damaged(error) | Self::ReadOnly(error) | Self::Sqlite(error) => {
                StoreError::from_sqlite(path, &error)
            }
        }
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        if damage::is_damage(&error) {
            return Self::Damaged(error);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::ReadOnly(error)
            }
            Some(_) | None => Self::Sqlite(error),
        }
    }
}

/// Connects to the file at `path`; `None` if it is empty and none is to be made.
fn connect(path: &Path, access: Access) -> Result<Option<Inner>, Refusal> {
    if let Access::Make(_) = access {
        private::make(path).map_err(|error| Refusal::Error(StoreError::from_io(path, &error)))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let live = Connection::open_with_flags(path, flags).map_err(Refusal::from);
    match live.and_then(|connection| prepare(connection, path, access)) {
        Err(Refusal::ReadOnly(_)) if access.is_content_to_read() => connect_frozen(path),
        connected @ (Ok(_) | Err(_)) => connected,
    }
}

/// Connects to a file where none can be made beside it, as to one that nobody changes: without locks.
fn connect_frozen(path: &Path) -> Result<Option<Inner>, Refusal> {
    // SQLite reads its log by way of an index beside it, and cannot make one there.
    let log = with_suffix(path, "-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(Refusal::Error(StoreError::Unusable {
            path: path.into(),
            detail: format!(
                "its directory cannot be written, and what stands in `{}` can only be read where it can: copy \
                 both elsewhere",
                log.display()
            )
            .into(),
        }));
    }
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(frozen_uri(path), flags)?;
    prepare(connection, path, Access::Read)
}

/// Names a file as <https://www.sqlite.org/uri.html> has it, immutable.
fn frozen_uri(path: &Path) -> String {
    let root = if path.is_absolute() { "//" } else { "" };
    let mut uri = format!("file:{root}");
    for octet in path.as_os_str().as_encoded_bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*octet));
            }
            _ => uri.push_str(&format!("%{octet:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Looks what the file is, and makes of it what `access` asks for; `None` if it is empty and stays so.
fn prepare(
    mut connection: Connection,
    path: &Path,
    access: Access,
) -> Result<Option<Inner>, Refusal> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A file that is damaged or not ours is left as it is, its log too.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // What stands in a file from elsewhere must not run: no triggers, no views, no functions of a schema.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let (purpose, mut table) = match (schema::inspect(&connection)?, access) {
        (FileState::Ours(purpose, table), _) => (purpose, table),
        (FileState::Empty, Access::Make(purpose)) => {
            schema::create(&mut connection, purpose)?;
            (purpose, Table::of(purpose))
        }
        (FileState::Empty, Access::Change | Access::Read) => return Ok(None),
        (FileState::NotOurs, _) => return Err(Refusal::Error(StoreError::not_ours(path, FOREIGN))),
        (FileState::OtherSchema(found), _) => {
            return Err(Refusal::Error(StoreError::other_schema(path, found)));
        }
    };
    let is_read = access == Access::Read;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_read)?;
    connection.pragma_update(None, "query_only", is_read)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Damage in the rows shows when they are read; a table that is gone, or a read-only file, now.
    table.probe(&connection)?;
    if !is_read && table != Table::of(purpose) && !connection.is_readonly(MAIN_DB)? {
        schema::take_over(&mut connection, table, purpose)?;
        table = Table::of(purpose);
    }
    Ok(Some(Inner {
        connection,
        table,
        purpose,
        identity: Identity::of(path),
    }))
}
