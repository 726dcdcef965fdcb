//! The store of a check: what it holds, and what the check adds to it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::output::tell;
use crate::facts::{DnsName, UnixTime};
use crate::store::{Lookup, Offered, Purpose, Store, StoreError};
use crate::sts::cache::StoredPolicy;

/// The store, if there is one.
#[derive(Clone, Debug)]
pub(super) struct Evidence(Option<Arc<Mutex<Store>>>);

impl Evidence {
    /// Opens the store at `path`; without one nothing is remembered.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        let store = Store::open(path, Purpose::Check)?;
        if let Some(moved) = store.moved_aside() {
            tell(format_args!(
                "the store {} was damaged ({}): it is kept as {}, and a new one is begun",
                moved.from.display(),
                moved.detail,
                moved.to.display()
            ));
        }
        Ok(Self(Some(Arc::new(Mutex::new(store)))))
    }

    /// Returns the oldest policy that a sender may still hold, as far as this store knows.
    pub(super) async fn recall(
        &self,
        domain: &DnsName,
    ) -> Result<Option<StoredPolicy>, StoreError> {
        let name = domain.clone();
        let lookup = self.with(move |store| store.get(&name)).await?;
        Ok(match lookup {
            None => None,
            Some(Lookup::Unreadable(error)) => {
                tell(format_args!("the store's entry is passed over: {error}"));
                None
            }
            Some(found @ (Lookup::Absent | Lookup::Found(_))) => found.into_policy(),
        })
    }

    /// Offers a policy seen just now; one that is there and still counts stays.
    pub(super) async fn offer(
        &self,
        domain: &DnsName,
        policy: StoredPolicy,
        now: UnixTime,
    ) -> Result<Option<Offered>, StoreError> {
        let name = domain.clone();
        self.with(move |store| store.put_if_no_unexpired(&name, &policy, now))
            .await
    }

    /// Uses the store on a thread that may wait for other processes.
    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(store) = self.0.clone() else {
            return Ok(None);
        };
        let acted = tokio::task::spawn_blocking(move || {
            act(&store.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match acted.await {
            Ok(result) => result.map(Some),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
