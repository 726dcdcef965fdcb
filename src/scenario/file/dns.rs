//! What a file says about a name in the DNS.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{AddressAnswer, MxAnswer, TxtAnswer};
use super::policy::PolicyTable;
use crate::facts::DnsName;
use crate::fakes::Rcode;
use crate::scenario::located::{Located, Text};
use crate::scenario::span::TimeSpan;

/// A policy domain.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DomainTable {
    /// The answer at `_mta-sts.` the domain; without it, that name does not exist.
    pub(crate) txt: Option<Located<TxtAnswer>>,
    /// The policy and its host, `mta-sts.` the domain; without it, that name does not exist.
    pub(crate) policy: Option<Located<PolicyTable>>,
    /// The mail exchangers; without it, the domain has none.
    pub(crate) mx: Option<Located<MxAnswer>>,
    /// The servers of its zone, which `nameservers` must declare; nobody asks them unless it is said.
    pub(crate) ns: Option<Vec<Located<Text<DnsName>>>>,
    /// The serial of its zone; 1 unless said.
    pub(crate) serial: Option<u32>,
    /// The answer at `_smtp._tls.` the domain; without it, that name does not exist.
    pub(crate) tlsrpt: Option<Located<TxtAnswer>>,
}

/// A name with what the DNS says about it. Of `addresses`, `cname`, `rcode` and `silence` at most one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NameTable {
    /// Its addresses, of both families.
    pub(crate) addresses: Option<Vec<Located<Text<IpAddr>>>>,
    /// It is an alias of this name.
    pub(crate) cname: Option<Located<Text<DnsName>>>,
    /// Every question about it gets this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No question about it is answered.
    pub(crate) silence: bool,
    /// The answer to a TXT question.
    pub(crate) txt: Option<Located<TxtAnswer>>,
    /// The answer to an MX question.
    pub(crate) mx: Option<Located<MxAnswer>>,
    /// What goes wrong with its IPv4 addresses.
    pub(crate) a: Option<Located<AddressAnswer>>,
    /// What goes wrong with its IPv6 addresses.
    pub(crate) aaaa: Option<Located<AddressAnswer>>,
    /// How long its addresses and its alias may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}
