//! What is done with a file that is no store any more.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Returns whether an error says that the file is damaged or is no database at all.
///
/// A missing table counts too: our marks are on the file, and what they promise is not in it.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => true,
        Some(ErrorCode::Unknown) => {
            let text = error.to_string();
            text.contains("no such table") || text.contains("no such column")
        }
        Some(_) => false,
        None => matches!(error, rusqlite::Error::QueryReturnedNoRows),
    }
}

/// A damaged file, moved aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MovedAside {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is.
    pub to: PathBuf,
    /// What is wrong with it.
    pub detail: Box<str>,
}

impl fmt::Display for MovedAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the store `{}` was damaged ({}): it was moved to `{}`, and a new one is begun",
            self.from.display(),
            self.detail,
            self.to.display()
        )
    }
}

/// Moves `path`, its log and its index aside, to `PATH.damaged-TIME`; the time is in UTC.
///
/// The log goes first: a new file in the old one's place must never find the old one's log.
pub(super) fn move_aside(path: &Path, time: &str, detail: &str) -> io::Result<MovedAside> {
    let mut number = 1;
    let to = loop {
        let suffix = match number {
            1 => format!(".damaged-{time}"),
            number => format!(".damaged-{time}-{number}"),
        };
        let to = with_suffix(path, &suffix);
        if !to.try_exists()? {
            break to;
        }
        number += 1;
    };
    for suffix in ["-wal", "-shm", "-journal", ""] {
        match std::fs::rename(with_suffix(path, suffix), with_suffix(&to, suffix)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && !suffix.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(MovedAside {
        from: path.into(),
        to,
        detail: detail.into(),
    })
}

/// Appends to the last part of a path.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(suffix);
    whole.into()
}

/// Which file stands at a path: two processes that find the same damage must not move the file that the
/// first of them made in its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Identity(Option<(u64, u64)>);

impl Identity {
    /// Asks the file system.
    pub(super) fn of(path: &Path) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Self(
                std::fs::metadata(path)
                    .ok()
                    .map(|metadata| (metadata.dev(), metadata.ino())),
            )
        }
        #[cfg(not(unix))]
        {
            let _unused = path;
            Self(None)
        }
    }
}
