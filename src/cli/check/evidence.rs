//! The store of a check: what it holds, and what the check adds to it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::output::tell;
use crate::facts::DnsName;
use crate::store::{Handle, Purpose, Store, StoreError};
use crate::sts::ledger::{Ledger, Look};

/// The store, if there is one.
///
/// A store that fails during the run costs no domain its result: it is reported, once, and remembered for the
/// exit code. One that turns out to be damaged is told too, and what is new in its place is used, as when it
/// is opened.
#[derive(Debug)]
pub(super) struct Evidence {
    store: Option<Handle>,
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
            store: store.map(Handle::new),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Returns whether the store could not be read or written.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Returns what was seen of a domain; `None` without a store.
    pub(super) async fn recall(&self, domain: &DnsName) -> Option<Ledger> {
        let name = domain.clone();
        let recalled = self.with(move |store| store.recall(&name)).await?;
        for error in recalled.unreadable {
            tell(format_args!("the store's entry is passed over: {error}"));
        }
        Some(recalled.ledger)
    }

    /// Adds what was seen just now.
    pub(super) async fn record(&self, domain: &DnsName, look: Look) {
        let name = domain.clone();
        self.with(move |store| store.record(&name, &look)).await;
    }

    /// Uses the store, if there is one.
    async fn with<T: Send + 'static>(
        &self,
        act: impl Fn(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Option<T> {
        let store = self.store.as_ref()?;
        let acted = store
            .call(move |store| match act(store) {
                Err(StoreError::Damaged(moved)) => {
                    tell(format_args!("{moved}; the check goes on with that"));
                    act(store)
                }
                acted @ (Ok(_) | Err(_)) => acted,
            })
            .await;
        match acted {
            Ok(value) => Some(value),
            Err(error) => {
                if !self.has_failed.swap(true, Ordering::Relaxed) {
                    tell(format_args!("{error}; the check goes on without"));
                }
                None
            }
        }
    }
}
