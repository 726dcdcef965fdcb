//! The lock under which a store is opened or moved aside.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::damage::with_suffix;
use super::{StoreError, private};

/// How often a lock that another process holds is asked for again. Opening takes a few milliseconds.
const POLL: Duration = Duration::from_millis(5);

/// Waits, at most `timeout`, until no other process opens this store or moves it aside.
///
/// The lock stands on a file of its own: a second handle on the database itself would, when closed, drop
/// the locks that SQLite holds there (they belong to the process, not to the handle).
pub(super) fn take(path: &Path, timeout: Duration) -> Result<File, StoreError> {
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
    let file = with_suffix(path, "-lock");
    let lock = private::open(&file)
        // One that another user made can be locked all the same.
        .or_else(|error| File::open(&file).map_err(|_no_lock| error))
        .map_err(unusable)?;
    let began = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
            Err(TryLockError::WouldBlock) if began.elapsed() >= timeout => {
                return Err(StoreError::Busy { path: path.into() });
            }
            // The system does not say when a lock is let go, so it is asked again; a thread that is unparked for
            // another reason only asks sooner.
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(POLL),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{StoreError, take};

    #[test]
    fn a_lock_is_waited_for_and_not_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let other = take(&path, Duration::ZERO).unwrap();
        let busy = StoreError::Busy { path: path.clone() };
        let waited = take(&path, Duration::from_millis(20)).map(drop);
        assert_eq!(waited, Err(busy));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| take(&path, Duration::from_secs(60)).map(drop));
            drop(other);
            assert_eq!(waiting.join().unwrap(), Ok(()));
        });
    }
}
