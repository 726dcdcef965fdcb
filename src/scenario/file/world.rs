//! What a file says about the fake Internet as a whole.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::dns::{DomainTable, NameTable};
use super::policy::PolicyTable;
use super::sender::SenderTable;
use super::server::ServerTable;
use crate::facts::DnsName;
use crate::fakes::Rcode;
use crate::scenario::located::{Located, Named, Text};

/// The fake Internet: at the top of the file, and in the `set` of a step or a resolver.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WorldTables {
    /// The policy domains, by name.
    pub(crate) domains: Named<Text<DnsName>, DomainTable>,
    /// The policy hosts that several domains share, by name.
    pub(crate) hosts: Named<Text<DnsName>, PolicyTable>,
    /// Bare DNS, by name.
    pub(crate) names: Named<Text<DnsName>, NameTable>,
    /// What the names below a name get that nothing else declares, by that name: `*.` before it.
    pub(crate) wildcards: Named<Text<DnsName>, NameTable>,
    /// The MX hosts, by name.
    pub(crate) servers: Named<Text<DnsName>, ServerTable>,
    /// The servers of zones, by name.
    pub(crate) nameservers: Named<Text<DnsName>, NameServerTable>,
    /// The senders, by a name of the writer's choice; without any, one named `strict`.
    pub(crate) senders: Named<String, SenderTable>,
    /// The resolvers that are shared or that see something else, by a name of the writer's choice.
    pub(crate) resolvers: Named<String, ResolverTable>,
}

impl WorldTables {
    /// The keys.
    pub(crate) const KEYS: &[&str] = &[
        "domains",
        "hosts",
        "names",
        "wildcards",
        "servers",
        "nameservers",
        "senders",
        "resolvers",
    ];
}

/// A resolver that senders share, or that sees something else.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ResolverTable {
    /// Every question to it gets this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// It answers nothing.
    pub(crate) silence: bool,
    /// What it sees otherwise: laid over the world, of which only the DNS counts.
    pub(crate) set: Option<Box<WorldTables>>,
}

/// A server of zones: what `check` asks besides its resolver. Of `rcode`, `silence` and `lame` at most one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NameServerTable {
    /// Its addresses; one documentation address unless said.
    pub(crate) addresses: Option<Vec<Located<Text<IpAddr>>>>,
    /// Every question to it gets this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// It answers nothing.
    pub(crate) silence: bool,
    /// It does not know the zones that are delegated to it.
    pub(crate) lame: bool,
    /// How many questions it answers as before, each time that a step changes anything.
    pub(crate) lag: Option<u32>,
    /// What it says otherwise than everybody sees it: laid over the world, of which only the DNS counts.
    pub(crate) set: Option<Box<WorldTables>>,
}

impl NameServerTable {
    /// Returns the addresses that the table names, in written order.
    pub(crate) fn all_addresses(&self) -> Vec<IpAddr> {
        let addresses = self.addresses.iter().flatten();
        addresses.map(|address| address.value.0).collect()
    }
}
