//! What holds at one moment of a story, with every default filled in.
//!
//! A network in memory or on sockets can be built from it alone: names are whole, addresses are given,
//! certificates have names and dates, bodies are octets, spans of time are moments.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::facts::DnsName;
use crate::fakes::{Internet, RecordData, View, closest};
use crate::sender::SenderClass;
use crate::sts::cache::CachedPolicy;

/// Everything that holds after a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// The policy domains, in written order.
    pub domains: Vec<DnsName>,
    /// The policy hosts' names in the DNS; for a shared host, not the name that senders ask for.
    pub policy_hosts: Vec<DnsName>,
    /// The MX hosts, in written order.
    pub servers: Vec<DnsName>,
    /// The senders, in written order.
    pub senders: Vec<Sender>,
    /// What resolvers say and servers hold.
    pub internet: Arc<Internet>,
}

impl State {
    /// Returns what the resolver of this name sees.
    #[must_use]
    pub fn view_of(&self, resolver: &str) -> &View {
        self.internet
            .views
            .get(resolver)
            .unwrap_or(&self.internet.dns)
    }

    /// Returns what the name server of this name says.
    #[must_use]
    pub fn said_by(&self, server: &str) -> Option<&View> {
        let answers = self.internet.dns.names.get(server)?.answers.values();
        let mut records = answers.flat_map(|answer| &answer.records);
        let address = records.find_map(RecordData::address)?;
        Some(&self.internet.name_servers.get(&address)?.says)
    }

    /// Returns whether any resolver may be asked about a name.
    #[must_use]
    pub fn declares(&self, name: &DnsName) -> bool {
        self.views()
            .any(|view| closest(name.as_str(), |name| view.names.get(name)).is_some())
    }

    /// Returns what each resolver says.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        self.internet.views.values().chain([&self.internet.dns])
    }

    /// Returns the sender of this name.
    #[must_use]
    pub fn sender(&self, name: &str) -> Option<&Sender> {
        self.senders.iter().find(|sender| &*sender.name == name)
    }
}

/// A sender.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender {
    /// Its name in the story.
    pub name: Box<str>,
    /// How it behaves, with the queue life of its own.
    pub class: SenderClass,
    /// What happens to its policy cache.
    pub cache: CacheUse,
    /// What its policy cache holds when the story begins.
    pub cached: Vec<(DnsName, CachedPolicy)>,
    /// The resolver that it asks, by default one of its own, named like the sender; senders that name the
    /// same one share its cache. One that the story does not declare sees what most see.
    pub resolver: Box<str>,
    /// How long it waits.
    pub deadlines: Deadlines,
    /// The smart host, which then is the policy domain.
    pub next_hop: Option<DnsName>,
    /// The one edge of a policy host that it asks, where the host has it; in written order otherwise.
    pub edge: Option<IpAddr>,
}

/// What happens to a sender's policy cache between attempts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CacheUse {
    /// It is kept.
    Kept,
    /// It is emptied before each attempt; the DNS cache is not.
    Emptied,
}

/// How long a sender or an observer waits, in real time. The model has no real time and fails at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// For the answer to a DNS question, retries included.
    pub dns: Duration,
    /// For the whole fetch of a policy.
    pub fetch: Duration,
    /// For each step of an SMTP session.
    pub smtp: Duration,
}

impl Default for Deadlines {
    /// Two seconds for each: long for loopback, short for those who wait for the run.
    fn default() -> Self {
        let deadline = Duration::from_secs(2);
        Self {
            dns: deadline,
            fetch: deadline,
            smtp: deadline,
        }
    }
}
