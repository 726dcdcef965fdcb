//! The housekeeping of a keeper: its store stays within bounds, and what somebody else takes out of it is not
//! answered any more.

use std::time::Duration;

use super::keep::{Keeper, Persistence};
use crate::facts::{DnsName, UnixTime};
use crate::sender::Network;
use crate::store::{Handle, StoreError, Version};

/// How often a look is taken whether somebody else wrote to the store, as `cache remove` does.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the store is tidied, and after how many fetches at the latest.
const TIDY_EVERY: (Duration, u64) = (Duration::from_secs(3_600), 4_096);

/// How long a policy stays in the store after its life: clocks jump.
const KEPT_EXPIRED: Duration = Duration::from_secs(30 * 86_400);

impl<N: Network> Keeper<N> {
    /// Keeps house; `seen` is what the store was before anything was read from it. It ends only where there is no
    /// store.
    pub(super) async fn keep_house(&self, mut seen: Option<Version>) {
        let Persistence::Store(store) = &self.persistence else {
            return;
        };
        let mut tidied = (self.clock.now(), self.counters.fetched.get());
        loop {
            let now = self.clock.now();
            self.clock.sleep_until(now.saturating_add(LOOK_EVERY)).await;
            let found = self.version();
            if found.is_some() && found != seen {
                match self.follow(store).await {
                    Ok(()) => seen = found,
                    Err(error) => {
                        self.counters.store_unreadable.add();
                        tracing::error!("whether the store was changed cannot be seen: {error}");
                    }
                }
            }
            let (now, fetched) = (self.clock.now(), self.counters.fetched.get());
            let (every, fetches) = TIDY_EVERY;
            if now >= tidied.0.saturating_add(every) || fetched >= tidied.1 + fetches {
                self.tidy().await;
                tidied = (now, fetched);
            }
        }
    }

    /// Returns what the store is now; `None` where there is none, or it is in use.
    pub(super) fn version(&self) -> Option<Version> {
        match &self.persistence {
            Persistence::Memory => None,
            // What cannot be read now is read again soon.
            Persistence::Store(store) => store.version().ok().flatten(),
        }
    }

    /// Forgets what stands in memory and no longer in the store.
    async fn follow(&self, store: &Handle) -> Result<(), StoreError> {
        self.shelf.forget_what_is_read();
        for index in 0..self.shelf.parts() {
            let held = self.shelf.stored(index);
            if held.is_empty() {
                continue;
            }
            for domain in store.call(move |store| store.differing(&held)).await? {
                if self.shelf.part(&domain).remove(&domain).is_some() {
                    tracing::info!(%domain, "it was changed in the store by somebody else, and is read anew");
                }
            }
        }
        Ok(())
    }

    /// Removes from the store what has run out long ago, and what there is no room for.
    pub(super) async fn tidy(&self) {
        let Persistence::Store(store) = &self.persistence else {
            return;
        };
        let (now, most) = (self.clock.now(), self.most);
        let before = now.saturating_sub(KEPT_EXPIRED);
        match store
            .call(move |store| store.tidy((before, now), most))
            .await
        {
            Ok(0) => {}
            Ok(count) => tracing::info!("{count} policies were removed from the store"),
            Err(error) => tracing::error!("the store cannot be tidied: {error}"),
        }
    }

    /// Notes in the store that a domain was asked for, where nothing else is written of it.
    pub(super) async fn note_use(&self, domain: &DnsName, asked_at: Option<UnixTime>) {
        let (Persistence::Store(store), Some(asked_at)) = (&self.persistence, asked_at) else {
            return;
        };
        let name = domain.clone();
        let noted = store
            .call(move |store| store.note_use(&name, asked_at))
            .await;
        if let Err(error) = noted {
            tracing::warn!(%domain, "when it was last used cannot be stored: {error}");
        }
    }
}
