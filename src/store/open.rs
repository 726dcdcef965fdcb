//! Opening a store: making it, refusing it, moving it aside.

use std::io;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use super::damage::{self, Identity, MovedAside, with_suffix};
use super::header::{Header, SCHEMA_VERSION, WITHOUT_LEDGER};
use super::schema::{self, Found};
use super::table::Table;
use super::{BUSY_TIMEOUT, Purpose, StoreError, private, turn};
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
    identity: Identity,
}

impl Inner {
    /// Returns whether the file that is open stands at `path` still: what is written to one that was moved
    /// or removed is not in the store.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        Identity::of(path) == self.identity
    }
}

/// Opens the store at `path`; `None` if there is none and none is to be made.
pub(super) fn open(path: &Path, access: Access) -> Result<Option<(Inner, Opened)>, StoreError> {
    // Before anything is made beside it: what is no store must not even get a lock.
    let is_there = match look_at(path)? {
        Header::Missing | Header::Empty => false,
        Header::Foreign | Header::Ours(_) | Header::Stranger | Header::Unmarked => true,
    };
    match access {
        Access::Change | Access::Read if !is_there => return Ok(None),
        Access::Change | Access::Make(_) | Access::Read => {}
    }
    let (turn, access) = match turn::take(path, BUSY_TIMEOUT) {
        Ok(turn) => (Some(turn), access),
        Err(error @ StoreError::Busy { .. }) => return Err(error),
        // Who cannot make a lock moves nothing aside either; the owner of such a store has it alone.
        Err(_) if is_there && access.is_content_to_read() => (None, Access::Read),
        Err(error) => return Err(error),
    };
    if let Access::Make(_) = access {
        private::make(path).map_err(|error| StoreError::from_io(path, &error))?;
    }
    let mut moved_aside = None;
    loop {
        let damage = match connect(path, access) {
            Ok((inner, purpose)) => {
                let is_read_only = inner.connection.is_readonly(MAIN_DB).unwrap_or(false);
                if is_read_only && !access.is_content_to_read() {
                    return Err(StoreError::Unusable {
                        path: path.into(),
                        detail: "it cannot be written".into(),
                    });
                }
                let opened = Opened {
                    access: if is_read_only { Access::Read } else { access },
                    is_read_only: is_read_only || turn.is_none(),
                    purpose,
                    moved_aside,
                };
                return Ok(Some((inner, opened)));
            }
            Err(Refusal::Error(error)) => return Err(error),
            Err(Refusal::ReadOnly(error)) => return Err(StoreError::from_sqlite(path, &error)),
            Err(Refusal::Empty) => return Ok(None),
            Err(Refusal::Damaged(error)) => error,
        };
        // The turn is ours and the file was closed, so this is the file that was found damaged. A new one
        // that is damaged again is the disk's fault.
        if moved_aside.is_some() {
            return Err(StoreError::from_sqlite(path, &damage));
        }
        moved_aside = Some(set_aside(path, &damage, access)?);
    }
}

/// What another program's database is said to be.
const FOREIGN: &str = "it is a database of another program";

/// Looks whose file stands at `path`; one that cannot be a store is refused.
fn look_at(path: &Path) -> Result<Header, StoreError> {
    let unusable = |detail: &str| StoreError::Unusable {
        path: path.into(),
        detail: detail.into(),
    };
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(unusable("it is a directory")),
        Ok(found) if !found.is_file() => return Err(unusable("it is not a regular file")),
        // A path whose directory is none can still be told better: by whoever tries to make it.
        Ok(_) | Err(_) => {}
    }
    match Header::of(path) {
        Ok(Header::Stranger) => Err(StoreError::not_ours(path, "it is no SQLite database")),
        // SQLite is not even shown these: it would tidy up what their owners left beside them.
        Ok(Header::Foreign | Header::Unmarked) => Err(StoreError::not_ours(path, FOREIGN)),
        Ok(Header::Ours(found)) if !(WITHOUT_LEDGER..=SCHEMA_VERSION).contains(&found) => {
            Err(StoreError::other_schema(path, found))
        }
        Ok(header @ (Header::Empty | Header::Missing | Header::Ours(_))) => Ok(header),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Header::Missing),
        Err(error) => Err(StoreError::from_io(path, &error)),
    }
}

/// Puts an empty store in the place of a damaged one that `inner` has open.
pub(super) fn replace_damaged(
    path: &Path,
    inner: &mut Inner,
    purpose: Purpose,
    error: &rusqlite::Error,
) -> Result<MovedAside, StoreError> {
    let _turn = turn::take(path, BUSY_TIMEOUT)?;
    let access = Access::Make(purpose);
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
    match connect(path, access) {
        Ok((fresh, _purpose)) => {
            *inner = fresh;
            Ok(moved)
        }
        Err(Refusal::Error(error)) => Err(error),
        Err(Refusal::Empty | Refusal::Damaged(_) | Refusal::ReadOnly(_)) => {
            Err(StoreError::from_sqlite(path, error))
        }
    }
}

/// Why [`connect`] has no connection to give.
enum Refusal {
    Damaged(rusqlite::Error),
    /// The file is empty, and nothing was asked to be made.
    Empty,
    Error(StoreError),
    /// Something that reading takes cannot be written.
    ReadOnly(rusqlite::Error),
}

fn connect(path: &Path, access: Access) -> Result<(Inner, Purpose), Refusal> {
    match connect_as(path, access, View::Live) {
        Err(Refusal::ReadOnly(_)) if access.is_content_to_read() => {
            // SQLite reads its log by way of an index beside it, and cannot make one there.
            let log = with_suffix(path, "-wal");
            if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
                return Err(Refusal::Error(StoreError::Unusable {
                    path: path.into(),
                    detail: format!(
                        "its directory cannot be written, and what stands in `{}` can only be read where it can: \
                         copy both elsewhere",
                        log.display()
                    )
                    .into(),
                }));
            }
            connect_as(path, Access::Read, View::Frozen)
        }
        connected @ (Ok(_) | Err(_)) => connected,
    }
}

/// How SQLite takes the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum View {
    /// As one that nobody changes: without locks, and without files beside it.
    Frozen,
    /// As one that others may change.
    Live,
}

fn connect_as(path: &Path, access: Access, view: View) -> Result<(Inner, Purpose), Refusal> {
    let refuse = |error: rusqlite::Error| {
        if damage::is_damage(&error) {
            return Refusal::Damaged(error);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Refusal::ReadOnly(error)
            }
            Some(_) | None => Refusal::Error(StoreError::from_sqlite(path, &error)),
        }
    };
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | match (view, access) {
            (View::Frozen, _) => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            (View::Live, Access::Change | Access::Read) => OpenFlags::SQLITE_OPEN_READ_WRITE,
            (View::Live, Access::Make(_)) => {
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
            }
        };
    let mut connection = match view {
        View::Frozen => Connection::open_with_flags(frozen_uri(path), flags),
        View::Live => Connection::open_with_flags(path, flags),
    }
    .map_err(refuse)?;
    let (purpose, table) = match prepare(&mut connection, access).map_err(refuse)? {
        Found::Ours(purpose, table) => (purpose, table),
        Found::Empty => return Err(Refusal::Empty),
        Found::OtherSchema(found) => {
            return Err(Refusal::Error(StoreError::other_schema(path, found)));
        }
        Found::NotOurs => {
            return Err(Refusal::Error(StoreError::not_ours(path, FOREIGN)));
        }
    };
    let inner = Inner {
        connection,
        table,
        identity: Identity::of(path),
    };
    Ok((inner, purpose))
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

fn prepare(connection: &mut Connection, access: Access) -> rusqlite::Result<Found> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A file that is damaged or not ours is left as it is, its log too.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // What stands in a file from elsewhere must not run: no triggers, no views, no functions of a schema.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let mut found = schema::inspect(connection)?;
    if let (Found::Empty, Access::Make(purpose)) = (found, access) {
        schema::create(connection, purpose)?;
        found = Found::Ours(purpose, Table::of(purpose));
    }
    if let Found::Ours(purpose, table) = &mut found {
        connection.set_db_config(
            DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            access == Access::Read,
        )?;
        connection.pragma_update(None, "query_only", access == Access::Read)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Damage in the rows shows when they are read; a table that is gone, or a read-only file, now.
        table.probe(connection)?;
        let is_writable = access != Access::Read && !connection.is_readonly(MAIN_DB)?;
        if is_writable && *table != Table::of(*purpose) {
            schema::take_over(connection, *table)?;
            *table = Table::of(*purpose);
        }
    }
    Ok(found)
}

/// Moves the damaged file at `path` aside, if it says that it is ours and another is to take its place.
fn set_aside(
    path: &Path,
    error: &rusqlite::Error,
    access: Access,
) -> Result<MovedAside, StoreError> {
    match look_at(path)? {
        Header::Ours(_) => {}
        Header::Empty | Header::Foreign | Header::Missing | Header::Stranger | Header::Unmarked => {
            let detail = format!("it is damaged ({error}), and nothing in it says whose it is");
            return Err(StoreError::not_ours(path, detail));
        }
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
