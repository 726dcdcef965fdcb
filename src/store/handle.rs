//! A store in async code.

use std::sync::Arc;

use super::{Store, StoreError, Version};

/// A store whose calls run on threads that may wait for other processes.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Store>);

impl Handle {
    /// Takes a store over.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(store))
    }

    /// Returns what [`Store::version`] does, which waits for nobody.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn version(&self) -> Result<Option<Version>, StoreError> {
        self.0.version()
    }

    /// Runs `act`, and panics if it does.
    pub async fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> T {
        let store = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || act(&store)).await {
            Ok(value) => value,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
