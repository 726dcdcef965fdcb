//! The resolvers of a stage on real sockets: each has one DNS cache for all its clients.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::net::Live;

/// One network a resolver, whose DNS cache its clients share; the observer's has no name.
#[derive(Debug, Default)]
pub(super) struct Resolvers(Mutex<BTreeMap<Option<Box<str>>, Live>>);

impl Resolvers {
    /// Returns a client's network with the cache of its resolver, which is the client's own if it is the first.
    pub(super) fn share(&self, resolver: Option<&str>, live: Live) -> Live {
        let mut resolvers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = resolvers
            .entry(resolver.map(Into::into))
            .or_insert_with(|| live.clone());
        live.sharing_dns_of(first)
    }
}
