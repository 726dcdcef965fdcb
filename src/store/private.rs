//! Files that nobody but their owner reads: what a store holds says who is written to.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file to be written, and makes it if there is none, for its owner alone.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes an empty file for its owner alone if there is none, and takes one that is there from all others. SQLite
/// gives the files beside it the same mode.
///
/// One that is not ours to change stays as it is: whether it can be used is seen when it is.
pub(super) fn make(path: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        return open(path).map(drop);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = std::fs::metadata(path)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(permissions.mode() & !0o077);
            if let Err(error) = std::fs::set_permissions(path, permissions) {
                tracing::debug!(path = %path.display(), %error, "the store keeps its mode");
            }
        }
    }
    Ok(())
}
