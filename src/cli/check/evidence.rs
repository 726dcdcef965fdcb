//! The store of a check: what it holds, and what the check adds to it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::output::tell;
use crate::facts::{DnsName, UnixTime};
use crate::store::{Lookup, Purpose, Store, StoreError};
use crate::sts::cache::StoredPolicy;

/// The store, if there is one.
///
/// A store that fails during the run costs no domain its result: it is told, once, and remembered for the
/// exit code. One that turns out to be damaged is told too, and what is new in its place is used, as when it
/// is opened.
#[derive(Debug)]
pub(super) struct Evidence {
    store: Option<Arc<Store>>,
    has_failed: AtomicBool,
}

impl Evidence {
    /// Opens the store at `path`; without one nothing is remembered.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        let Some(path) = path else {
            return Ok(Self::new(None));
        };
        let store = Store::open(path, Purpose::Check)?;
        if let Some(moved) = store.moved_aside() {
            tell(moved);
        }
        if store.is_read_only() {
            tell(format_args!(
                "the store `{}` cannot be written: it is read, and nothing of this check is kept",
                path.display()
            ));
        }
        Ok(Self::new(Some(store)))
    }

    fn new(store: Option<Store>) -> Self {
        Self {
            store: store.map(Arc::new),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Returns whether the store could not be read or written.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Returns the oldest policy that a sender may still hold, as far as this store knows.
    pub(super) async fn recall(&self, domain: &DnsName) -> Option<StoredPolicy> {
        let name = domain.clone();
        match self.with(move |store| store.get(&name)).await? {
            Lookup::Unreadable(error) => {
                tell(format_args!("the store's entry is passed over: {error}"));
                None
            }
            found @ (Lookup::Absent | Lookup::Found(_)) => found.into_policy(),
        }
    }

    /// Offers a policy seen just now; one that is there and still counts stays.
    pub(super) async fn offer(&self, domain: &DnsName, policy: StoredPolicy, now: UnixTime) {
        let name = domain.clone();
        self.with(move |store| store.put_if_no_unexpired(&name, &policy, now))
            .await;
    }

    /// Uses the store on a thread that may wait for other processes.
    async fn with<T: Send + 'static>(
        &self,
        act: impl Fn(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Option<T> {
        let store = self.store.clone()?;
        let acted = tokio::task::spawn_blocking(move || match act(&store) {
            Err(StoreError::Damaged(moved)) => {
                tell(format_args!("{moved}; the check goes on with that"));
                act(&store)
            }
            acted @ (Ok(_) | Err(_)) => acted,
        });
        match acted.await {
            Ok(Ok(value)) => Some(value),
            Ok(Err(error)) => {
                if !self.has_failed.swap(true, Ordering::Relaxed) {
                    tell(format_args!("{error}; the check goes on without"));
                }
                None
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
