//! How many connections at once one address has to bear from us, and how many we bear ourselves.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most SMTP connections at once to one address: receivers refuse, or list, those who open more.
const MAX_CONNECTIONS_PER_ADDRESS: usize = 2;

/// The most connections at once of one run, DNS over TCP among them: a quarter of the 1,024 open files that a
/// process is usually granted. Questions over UDP, which end soon, and the rest live on what is left.
const MAX_SOCKETS: usize = 256;

/// The most connections at once for one domain, so that a domain whose servers keep a client waiting does not
/// take the others' share.
const MAX_SOCKETS_PER_DOMAIN: usize = 64;

/// Counts the connections of a run. Clones share the count.
#[derive(Clone, Debug)]
pub(super) struct Sockets {
    of_run: Arc<Semaphore>,
    of_domain: Arc<Semaphore>,
}

/// The right to have one connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    _of_domain: Option<OwnedSemaphorePermit>,
    _of_run: Option<OwnedSemaphorePermit>,
}

impl Sockets {
    /// Counts anew for one domain, within the same run.
    pub(super) fn for_one_domain(&self) -> Self {
        Self {
            of_run: Arc::clone(&self.of_run),
            of_domain: Arc::new(Semaphore::new(MAX_SOCKETS_PER_DOMAIN)),
        }
    }

    /// Waits until one more connection may be opened.
    pub(super) async fn acquire(&self) -> Socket {
        // The domain's first: who waits for that keeps nothing from other domains. Nobody closes either.
        let of_domain = Arc::clone(&self.of_domain).acquire_owned().await.ok();
        Socket {
            _of_domain: of_domain,
            _of_run: Arc::clone(&self.of_run).acquire_owned().await.ok(),
        }
    }
}

impl Default for Sockets {
    fn default() -> Self {
        Self {
            of_run: Arc::new(Semaphore::new(MAX_SOCKETS)),
            of_domain: Arc::new(Semaphore::new(MAX_SOCKETS)),
        }
    }
}

/// Counts the connections to each address. It holds addresses in use, no others, so it does not grow.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionLimits(Arc<Mutex<HashMap<IpAddr, Slots>>>);

#[derive(Debug)]
struct Slots {
    semaphore: Arc<Semaphore>,
    /// Those who hold a slot or wait for one.
    users: usize,
}

/// The right to have one connection to an address, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: Option<OwnedSemaphorePermit>,
    _user: User,
}

/// Counts as a user of the address as long as it lives, also while it still waits.
#[derive(Debug)]
struct User {
    limits: ConnectionLimits,
    address: IpAddr,
}

impl ConnectionLimits {
    /// Waits until one more connection to `address` may be opened.
    pub(super) async fn acquire(&self, address: IpAddr) -> Slot {
        let semaphore = {
            let mut addresses = self.lock();
            let slots = addresses.entry(address).or_insert_with(|| Slots {
                semaphore: Arc::new(Semaphore::new(MAX_CONNECTIONS_PER_ADDRESS)),
                users: 0,
            });
            slots.users += 1;
            Arc::clone(&slots.semaphore)
        };
        let user = User {
            limits: self.clone(),
            address,
        };
        Slot {
            // Nobody closes the semaphore, so there always is a permit in the end.
            _permit: semaphore.acquire_owned().await.ok(),
            _user: user,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Slots>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let mut addresses = self.limits.lock();
        if let Some(slots) = addresses.get_mut(&self.address) {
            slots.users = slots.users.saturating_sub(1);
            if slots.users == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::{ConnectionLimits, MAX_SOCKETS, MAX_SOCKETS_PER_DOMAIN, Sockets};

    #[tokio::test]
    async fn a_domain_takes_no_more_than_its_share_and_all_no_more_than_a_run_has() {
        let run = Sockets::default();
        let mut held = Vec::new();
        for _ in 0..MAX_SOCKETS / MAX_SOCKETS_PER_DOMAIN {
            let domain = run.for_one_domain();
            for _ in 0..MAX_SOCKETS_PER_DOMAIN {
                held.push(domain.acquire().await);
            }
            assert!(timeout(Duration::ZERO, domain.acquire()).await.is_err());
        }
        let domain = run.for_one_domain();
        assert!(timeout(Duration::ZERO, domain.acquire()).await.is_err());
        held.pop();
        assert!(timeout(Duration::ZERO, domain.acquire()).await.is_ok());
    }

    #[tokio::test]
    async fn the_third_connection_waits_and_nothing_is_left_behind() {
        let limits = ConnectionLimits::default();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let first = limits.acquire(address).await;
        let second = limits.acquire(address).await;
        let other = limits.acquire("192.0.2.2".parse().unwrap()).await;
        let mut third = Box::pin(limits.acquire(address));
        assert!(timeout(Duration::ZERO, &mut third).await.is_err());
        drop(first);
        let third = third.await;
        let given_up = timeout(Duration::ZERO, limits.acquire(address)).await;
        assert!(given_up.is_err());
        drop((second, third, other));
        assert!(limits.lock().is_empty());
    }
}
