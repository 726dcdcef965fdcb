//! What holds at a step of a story that is built in code, in the words of a mail admin.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::reserved::addresses;
use super::rules::StoryFault;
use super::state::State;
use crate::facts::DnsName;
use crate::fakes::{
    Answer, Certificate, DEFAULT_TTL, DnsFault, Edge, Identity, Internet, Name, Page, Rcode,
    Receiver, RecordData, RecordKind, Response, SmtpFault,
};

/// What holds, to be changed.
#[derive(Debug)]
pub struct World {
    /// What resolvers say and servers hold, for whatever has no method of its own.
    pub internet: Internet,
    pub(super) named: State,
    used: BTreeSet<IpAddr>,
    pub(super) fault: Option<StoryFault>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            internet: Internet::default(),
            named: State {
                domains: Vec::new(),
                policy_hosts: Vec::new(),
                servers: Vec::new(),
                senders: Vec::new(),
                internet: Arc::default(),
            },
            used: BTreeSet::new(),
            fault: None,
        }
    }
}

/// What is asked about below a policy domain, by senders or by a check.
const BELOW_A_DOMAIN: [&str; 5] = [
    "_mta-sts",
    "_smtp._tls",
    "_25._tcp",
    "mta-sts",
    "any-other-name",
];

impl World {
    /// Returns a policy domain; one that is new has neither record nor policy nor MX records.
    pub fn domain(&mut self, name: &str) -> Domain<'_> {
        let host = self
            .name(name)
            .filter(|host| !self.named.domains.contains(host));
        if let Some(host) = host {
            self.internet.dns.names.entry(host.to_string()).or_default();
            for label in BELOW_A_DOMAIN {
                self.absent(&format!("{label}.{host}"));
            }
            self.named.domains.push(host);
        }
        Domain {
            name: name.to_ascii_lowercase(),
            world: self,
        }
    }

    /// Returns an MX host; one that is new gets an address, a certificate, and no fault.
    pub fn server(&mut self, name: &str) -> Server<'_> {
        let host = self
            .name(name)
            .filter(|host| !self.named.servers.contains(host));
        if let Some(host) = host
            && let Some(address) = self.address(host.as_str())
        {
            self.absent(&format!("_25._tcp.{host}"));
            self.internet
                .smtp
                .insert(address, Receiver::new(host.clone()));
            self.named.servers.push(host);
        }
        Server {
            name: name.parse().ok(),
            world: self,
        }
    }

    /// Declares a name that does not exist, unless it does.
    fn absent(&mut self, name: &str) {
        let nothing = || Name::faulty(DnsFault::Rcode(Rcode::Nxdomain));
        let names = &mut self.internet.dns.names;
        names.entry(name.to_owned()).or_insert_with(nothing);
    }

    /// Gives a host an address that nobody has.
    fn address(&mut self, host: &str) -> Option<IpAddr> {
        let Some(address) = addresses().find(|address| !self.used.contains(address)) else {
            self.fault.get_or_insert(StoryFault::TooManyHosts);
            return None;
        };
        self.used.insert(address);
        self.say(host, RecordKind::A, vec![RecordData::of_address(address)]);
        Some(address)
    }

    fn say(&mut self, owner: &str, kind: RecordKind, records: Vec<RecordData>) {
        let name = self.internet.dns.names.entry(owner.to_owned()).or_default();
        name.fault = None;
        name.answers.insert(kind, Answer::new(records, DEFAULT_TTL));
    }

    fn name(&mut self, text: &str) -> Option<DnsName> {
        match named(text) {
            Ok(name) => Some(name),
            Err(fault) => {
                self.fault.get_or_insert(fault);
                None
            }
        }
    }
}

/// A policy domain, to be changed.
#[derive(Debug)]
pub struct Domain<'w> {
    name: String,
    world: &'w mut World,
}

impl Domain<'_> {
    /// Publishes these texts at `_mta-sts.` the domain.
    pub fn txt(self, texts: &[&str]) -> Self {
        let records = texts.iter().map(RecordData::txt).collect();
        let owner = format!("_mta-sts.{}", self.name);
        self.world.say(&owner, RecordKind::Txt, records);
        self
    }

    /// Serves this body at the domain's policy host.
    pub fn policy(self, body: &str) -> Self {
        self.page(Response::ok(body))
    }

    /// Serves this response at the domain's policy host, which it gets with the first one.
    pub fn page(self, page: impl Into<Page>) -> Self {
        let host = format!("mta-sts.{}", self.name);
        let serves = |edge: &&mut Edge| edge.pages.contains_key(&host);
        if let Some(edge) = self.world.internet.https.values_mut().find(serves) {
            edge.pages.insert(host, page.into());
        } else if let Some(name) = self.world.name(&host)
            && let Some(address) = self.world.address(&host)
        {
            let edge = Edge {
                identity: Identity::of(Certificate::new([host.as_str()])),
                pages: [(host, page.into())].into(),
                ..Edge::default()
            };
            self.world.internet.https.insert(address, edge);
            self.world.named.policy_hosts.push(name);
        }
        self
    }

    /// Publishes these MX records: preferences and hosts.
    pub fn mx(self, records: &[(u16, &str)]) -> Self {
        let record = |(preference, host): &(u16, &str)| RecordData::mx(*preference, *host);
        let data = records.iter().map(record).collect();
        self.world.say(&self.name, RecordKind::Mx, data);
        for (_, host) in records {
            self.world.absent(&format!("_25._tcp.{host}"));
        }
        self
    }
}

/// An MX host, to be changed.
#[derive(Debug)]
pub struct Server<'w> {
    name: Option<DnsName>,
    world: &'w mut World,
}

impl Server<'_> {
    /// Lets the host suffer this at each of its addresses.
    pub fn fault(self, fault: impl Into<SmtpFault>) -> Self {
        let fault = fault.into();
        self.each(|receiver| receiver.fault = Some(fault))
    }

    /// Lets the host show this certificate.
    pub fn certificate(self, certificate: &Certificate) -> Self {
        self.each(|receiver| receiver.identity = Identity::of(certificate.clone()))
    }

    fn each(self, change: impl Fn(&mut Receiver)) -> Self {
        for receiver in self.world.internet.smtp.values_mut() {
            if Some(&receiver.host) == self.name.as_ref() {
                change(receiver);
            }
        }
        self
    }
}

/// Reads a name.
pub(super) fn named(text: &str) -> Result<DnsName, StoryFault> {
    text.parse().map_err(|error| StoryFault::Name {
        text: text.into(),
        error,
    })
}
