//! The state of the fake Internet at one moment of a scenario, with every default filled in.
//!
//! Whoever builds it (in memory, or with sockets) needs nothing else: names are whole, addresses are given,
//! certificates have names and dates, bodies are octets, spans of time are moments.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::faults::{
    CertificateFault, HttpsFault, KeyKind, RecordFault, SmtpFault, TlsVersions, Transfer,
};
use crate::facts::dns::MxRecord;
use crate::facts::{DnsName, UnixTime};

/// Everything that holds after a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// The policy domains, in written order.
    pub domains: Vec<DnsName>,
    /// What the DNS says.
    pub zones: Zones,
    /// The resolvers that are not like the rest.
    pub resolvers: Vec<Resolver>,
    /// The policy hosts.
    pub policy_hosts: Vec<PolicyHost>,
    /// The MX hosts, in written order.
    pub servers: Vec<Server>,
    /// The senders, in written order.
    pub senders: Vec<Sender>,
}

impl State {
    /// Returns the zones that the resolver of this name sees.
    #[must_use]
    pub fn zones_of(&self, resolver: &str) -> &Zones {
        self.resolver(resolver)
            .map_or(&self.zones, |resolver| &resolver.zones)
    }

    /// Returns the resolver of this name; `None` if it is like the rest.
    #[must_use]
    pub fn resolver(&self, name: &str) -> Option<&Resolver> {
        self.resolvers
            .iter()
            .find(|resolver| &*resolver.name == name)
    }

    /// Returns whether any resolver may be asked about a name.
    #[must_use]
    pub fn declares(&self, name: &DnsName) -> bool {
        self.zones.contains_key(name)
            || self
                .resolvers
                .iter()
                .any(|resolver| resolver.zones.contains_key(name))
    }

    /// Returns the sender of this name.
    #[must_use]
    pub fn sender(&self, name: &str) -> Option<&Sender> {
        self.senders.iter().find(|sender| &*sender.name == name)
    }

    /// Returns the server of this name.
    #[must_use]
    pub fn server(&self, name: &DnsName) -> Option<&Server> {
        self.servers.iter().find(|server| &server.name == name)
    }
}

/// How long an answer may be kept where the scenario does not say, negative ones included.
pub const DEFAULT_TTL: Duration = Duration::from_secs(3600);

/// What the DNS says about each name that the scenario declares; a question about any other fails the run.
pub type Zones = BTreeMap<DnsName, ZoneName>;

/// What the DNS says about one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ZoneName {
    /// Every question gets the CNAME.
    Alias {
        /// Where it points.
        target: DnsName,
        /// How long it may be kept.
        ttl: Duration,
    },
    /// Every question gets the same failure.
    Failed(DnsFault),
    /// The name exists; a type without an entry answers "no data", to be believed for [`DEFAULT_TTL`].
    Types(Box<Types>),
}

/// The answers of a name that exists, by type.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Types {
    /// IPv4 addresses.
    pub a: Option<Answer<IpAddr>>,
    /// IPv6 addresses.
    pub aaaa: Option<Answer<IpAddr>>,
    /// Mail exchangers.
    pub mx: Option<Answer<MxRecord>>,
    /// Text: the strings of each record.
    pub txt: Option<Answer<Vec<Box<[u8]>>>>,
    /// DANE associations, as the four fields of the presentation format.
    pub tlsa: Option<Answer<Box<str>>>,
}

/// The answer to one question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer<T> {
    /// Records.
    Records {
        /// At least one.
        records: Vec<T>,
        /// How long they may be kept.
        ttl: Duration,
        /// What the answer suffers beside them.
        fault: Option<RecordFault>,
    },
    /// The name exists, without a record of this type.
    NoData {
        /// How long this may be believed.
        ttl: Duration,
    },
    /// No usable answer.
    Failed(DnsFault),
}

/// A DNS answer that holds nothing, or none at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DnsFault {
    /// The name does not exist.
    NxDomain {
        /// How long this may be believed.
        ttl: Duration,
    },
    /// SERVFAIL.
    ServFail,
    /// REFUSED.
    Refused,
    /// No reply at all.
    Silence,
}

/// A resolver that the scenario declares.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolver {
    /// Its name in the scenario.
    pub name: Box<str>,
    /// What every question to it suffers.
    pub fault: Option<DnsFault>,
    /// What it sees.
    pub zones: Zones,
}

/// A policy host: `mta-sts.` of a domain, or a host that several domains share.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyHost {
    /// Its name in the DNS. For a shared host, not the name that senders ask for.
    pub name: DnsName,
    /// Its addresses, in the order in which a sender takes them.
    pub edges: Vec<Edge>,
}

/// A policy host at one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edge {
    /// The address.
    pub address: IpAddr,
    /// What goes wrong on the wire.
    pub fault: Option<HttpsFault>,
    /// The versions of TLS that it speaks.
    pub tls: TlsVersions,
    /// The certificate it presents.
    pub certificate: Certificate,
    /// What it serves, by the Host asked for (`mta-sts.` of a policy domain).
    pub responses: BTreeMap<DnsName, Response>,
}

/// What a policy host answers to `GET /.well-known/mta-sts.txt`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: Box<str>,
    /// The media type; `None` sends no `Content-Type`.
    pub content_type: Option<Box<str>>,
    /// Further headers, in written order.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The body.
    pub body: Arc<[u8]>,
    /// How the body travels.
    pub transfer: Transfer,
}

/// A certificate that the run's own authority makes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// What is wrong with it; the dates already say so where the fault is about dates.
    pub fault: Option<CertificateFault>,
    /// The DNS names that it is made for, before any fault about names.
    pub names: Vec<Box<str>>,
    /// Whether clients that send no server name, or another one, are shown a certificate for another name.
    pub sni_only: bool,
    /// From when it is valid.
    pub not_before: UnixTime,
    /// Until when it is valid.
    pub not_after: UnixTime,
    /// The kind of its key.
    pub key: KeyKind,
}

/// An MX host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// Its name.
    pub name: DnsName,
    /// How long its address records may be kept.
    pub ttl: Duration,
    /// Its addresses, in written order.
    pub addresses: Vec<ServerAddress>,
}

/// An MX host at one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerAddress {
    /// The address.
    pub address: IpAddr,
    /// What goes wrong on the wire.
    pub fault: Option<SmtpFault>,
    /// The versions of TLS that it speaks.
    pub tls: TlsVersions,
    /// The certificate it presents.
    pub certificate: Certificate,
}

/// A sender.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender {
    /// Its name in the scenario.
    pub name: Box<str>,
    /// The name of its class.
    pub class: Box<str>,
    /// What happens to its policy cache.
    pub cache: CacheUse,
    /// What its policy cache holds when the scenario begins.
    pub cached: Vec<CachedPolicy>,
    /// The resolver that it asks, by default one of its own, named like the sender; senders that name the
    /// same one share its cache. One that the scenario does not declare sees [`State::zones`].
    pub resolver: Box<str>,
    /// How long it keeps trying to deliver a message.
    pub queue_life: Duration,
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

/// A policy that a sender holds before the scenario begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CachedPolicy {
    /// The policy domain.
    pub domain: DnsName,
    /// The id of the TXT record that it came with.
    pub id: Box<str>,
    /// When it was fetched.
    pub fetched_at: UnixTime,
    /// The body, as fetched.
    pub body: Arc<[u8]>,
}

/// How long a sender waits, in real time. The model has no real time and fails at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// For the answer to a DNS question, retries included.
    pub dns: Duration,
    /// For the whole fetch of a policy.
    pub fetch: Duration,
    /// For each step of an SMTP session.
    pub smtp: Duration,
}
