//! Opening a store: making it, refusing it, moving it aside.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Mutex;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::damage::{self, Identity, MovedAside, with_suffix};
use super::schema::{self, Found};
use super::{BUSY_TIMEOUT, Inner, Purpose, Store, StoreError};
use crate::clock::Clock;

/// Opens the store at `path`; without a purpose, only one that is there.
pub(super) fn open(path: &Path, make_for: Option<Purpose>) -> Result<Option<Store>, StoreError> {
    if path.is_dir() {
        return Err(StoreError::Unusable {
            path: path.into(),
            detail: "it is a directory".into(),
        });
    }
    if make_for.is_none() && !path.exists() {
        return Ok(None);
    }
    let _turn = take_turn(path)?;
    let mut moved_aside = None;
    loop {
        let damage = match connect(path, make_for) {
            Ok((inner, purpose)) => {
                return Ok(Some(Store {
                    path: path.into(),
                    inner: Mutex::new(inner),
                    purpose,
                    moved_aside,
                }));
            }
            Err(Refusal::Error(error)) => return Err(error),
            Err(Refusal::Empty) => return Ok(None),
            Err(Refusal::Damaged(error)) => error,
        };
        // The turn is ours and the file was closed, so this is the file that was found damaged. A new one
        // that is damaged again is the disk's fault.
        if moved_aside.is_some() {
            return Err(StoreError::from_sqlite(path, &damage));
        }
        moved_aside = Some(set_aside(path, &damage)?);
        if make_for.is_none() {
            // Nothing was asked to be made: tell what was found.
            return Err(moved_aside.map_or_else(
                || StoreError::from_sqlite(path, &damage),
                StoreError::Damaged,
            ));
        }
    }
}

/// Puts an empty store in the place of a damaged one that `inner` has open.
pub(super) fn replace_damaged(
    path: &Path,
    inner: &mut Inner,
    purpose: Purpose,
    error: &rusqlite::Error,
) -> Result<MovedAside, StoreError> {
    let _turn = take_turn(path)?;
    let moved = if Identity::of(path) == inner.identity {
        set_aside(path, error)?
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
    match connect(path, Some(purpose)) {
        Ok((fresh, _purpose)) => {
            *inner = fresh;
            Ok(moved)
        }
        Err(Refusal::Error(error)) => Err(error),
        Err(Refusal::Empty | Refusal::Damaged(_)) => Err(StoreError::from_sqlite(path, error)),
    }
}

/// Why [`connect`] has no connection to give.
enum Refusal {
    Damaged(rusqlite::Error),
    /// The file is empty, and nothing was asked to be made.
    Empty,
    Error(StoreError),
}

fn connect(path: &Path, make_for: Option<Purpose>) -> Result<(Inner, Purpose), Refusal> {
    let refuse = |error: rusqlite::Error| {
        if damage::is_damage(&error) {
            Refusal::Damaged(error)
        } else {
            Refusal::Error(StoreError::from_sqlite(path, &error))
        }
    };
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(refuse)?;
    let purpose = prepare(&mut connection, make_for).map_err(|error| {
        // A file that is damaged or not ours is left as it is, its log too.
        drop(connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
        refuse(error)
    })?;
    let purpose = match purpose {
        Found::Ours(purpose) => purpose,
        Found::Empty => return Err(Refusal::Empty),
        Found::Newer(found) => {
            return Err(Refusal::Error(StoreError::NewerSchema {
                path: path.into(),
                found,
            }));
        }
        Found::NotOurs => {
            return Err(Refusal::Error(StoreError::NotOurs { path: path.into() }));
        }
    };
    let inner = Inner {
        connection,
        identity: Identity::of(path),
    };
    Ok((inner, purpose))
}

fn prepare(connection: &mut Connection, make_for: Option<Purpose>) -> rusqlite::Result<Found> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // What stands in a file from elsewhere must not run: no triggers, no views, no functions of a schema.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let mut found = schema::inspect(connection)?;
    if let (Found::Empty, Some(purpose)) = (found, make_for) {
        schema::create(connection, purpose)?;
        found = Found::Ours(purpose);
    }
    if let Found::Ours(_) = found {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Damage in the rows shows when they are read; a table that is gone, or a read-only file, now.
        connection.query_row(
            "SELECT count(*) FROM (SELECT 1 FROM policy LIMIT 1)",
            [],
            |_row| Ok(()),
        )?;
    }
    Ok(found)
}

/// Moves the file at `path` aside.
fn set_aside(path: &Path, error: &rusqlite::Error) -> Result<MovedAside, StoreError> {
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

/// Waits until no other process opens this store or moves it aside. Opening takes a few milliseconds.
///
/// The lock stands on a file of its own: a second handle on the database itself would, when closed, drop
/// the locks that SQLite holds there (they belong to the process, not to the handle).
fn take_turn(path: &Path) -> Result<File, StoreError> {
    let unusable = |error| StoreError::from_io(path, &error);
    if let Some(directory) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(directory).map_err(|error| StoreError::Unusable {
            path: path.into(),
            detail: format!("its directory cannot be made: {error}").into(),
        })?;
    }
    let turn = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(with_suffix(path, "-lock"))
        .map_err(unusable)?;
    turn.lock().map_err(unusable)?;
    Ok(turn)
}
