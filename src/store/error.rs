//! Why a store cannot be used.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::header::SCHEMA_VERSION;
use super::{BUSY_TIMEOUT, MAX_BODY_OCTETS, MovedAside};

/// What can be done about most of them.
macro_rules! remedy {
    () => {
        "name another file with --cache PATH, or do without with --cache none (of `serve`: --state)"
    };
}

/// Why a store cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// A body is larger than the store takes.
    #[error("the policy has {octets} octets, the store takes {limit}", limit = MAX_BODY_OCTETS)]
    BodyTooLarge {
        /// How many it has.
        octets: usize,
    },
    /// Another process writes without end.
    #[error(
        "the store `{}` was kept busy by another process for {} seconds",
        path.display(),
        BUSY_TIMEOUT.as_secs()
    )]
    Busy {
        /// The store's file.
        path: PathBuf,
    },
    /// The file turned out to be damaged in the middle of the work; the store is a new one now, empty.
    #[error("{0}")]
    Damaged(MovedAside),
    /// The file is damaged, and nothing was asked that would put another in its place: it is left as it is.
    #[error(
        "the store `{}` is damaged ({detail}) and left as it is: `check` and `cache import` move it aside and begin a new one; for `serve` move it away yourself: policies are fetched again",
        path.display()
    )]
    FoundDamaged {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        detail: Box<str>,
    },
    /// There is no room for what is to be written.
    #[error("no room to write the store `{}`: {detail}; free some, or {}", path.display(), remedy!())]
    Full {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        detail: Box<str>,
    },
    /// A newer version wrote it.
    #[error(
        "the store `{}` has schema {found}, and this stickler knows {SCHEMA_VERSION}: use a newer stickler, or {}",
        path.display(), remedy!()
    )]
    NewerSchema {
        /// The store's file.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// The file has our mark and a schema that there never was.
    #[error(
        "the store `{}` has schema {found}, which no stickler ever wrote: it is left as it is; {}",
        path.display(), remedy!()
    )]
    NoSuchSchema {
        /// The store's file.
        path: PathBuf,
        /// What stands as its schema.
        found: i64,
    },
    /// The file holds `check`'s ledger.
    #[error(
        "the store `{}` holds what `check` has seen; `serve` needs a store of its own: name another file with --state PATH",
        path.display()
    )]
    NotForServe {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is something else than a store, as far as can be seen: it is left as it is.
    #[error("`{}` is not a store of stickler: {detail}; {}", path.display(), remedy!())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is.
        detail: Box<str>,
    },
    /// It cannot be opened, made or written.
    #[error("cannot use the store `{}`: {detail}; {}", path.display(), remedy!())]
    Unusable {
        /// The store's file.
        path: PathBuf,
        /// Why.
        detail: Box<str>,
    },
}

impl StoreError {
    /// Tells the kinds of SQLite's errors apart; damage is seen before this is asked.
    pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string().into();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path, detail },
            Some(_) | None => Self::Unusable { path, detail },
        }
    }

    /// Says that the damaged file at `path` stays where it is.
    pub(super) fn found_damaged(path: &Path, error: &rusqlite::Error) -> Self {
        Self::FoundDamaged {
            path: path.into(),
            detail: error.to_string().into(),
        }
    }

    /// Says that the store at `path` has another schema than ours.
    pub(super) fn other_schema(path: &Path, found: i64) -> Self {
        let path = path.into();
        if found > SCHEMA_VERSION {
            Self::NewerSchema { path, found }
        } else {
            Self::NoSuchSchema { path, found }
        }
    }

    /// Says that `path` is no store.
    pub(super) fn not_ours(path: &Path, detail: impl Into<Box<str>>) -> Self {
        Self::NotOurs {
            path: path.into(),
            detail: detail.into(),
        }
    }

    /// Says that `path` cannot be used because of an error of the file system.
    pub(super) fn from_io(path: &Path, error: &std::io::Error) -> Self {
        Self::Unusable {
            path: path.into(),
            detail: error.to_string().into(),
        }
    }
}
