//! What a file says about the DNS.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{PolicyTable, WorldTables};
use crate::facts::DnsName;
use crate::fakes::{Rcode, RecordFault};
use crate::scenario::located::{Located, OneOrMany, Text};
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
    /// The answer at `_smtp._tls.` the domain; without it, that name does not exist.
    pub(crate) tlsrpt: Option<Located<TxtAnswer>>,
}

/// The answer to a TXT question. Of `records`, `cname`, `rcode`, `silence` and `nodata` one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TxtAnswer {
    /// The records: each a text, or a list of texts for a record of several strings.
    pub(crate) records: Option<Vec<OneOrMany<Located<String>>>>,
    /// The name is an alias of this one, which `names` must declare.
    pub(crate) cname: Option<Located<Text<DnsName>>>,
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// What the answer suffers beside its records.
    pub(crate) fault: Option<RecordFault>,
    /// How long the answer may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}

/// The answer to an MX question. Of `records`, `cname`, `rcode`, `silence` and `nodata` one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MxAnswer {
    /// The records, as in `10 mx.corp.test`; `0 .` alone is a null MX.
    pub(crate) records: Option<Vec<Located<String>>>,
    /// The domain is an alias of this name, which `names` must declare.
    pub(crate) cname: Option<Located<Text<DnsName>>>,
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// What the answer suffers beside its records.
    pub(crate) fault: Option<RecordFault>,
    /// How long the answer may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}

/// The answer to a TLSA question. Of `records`, `rcode`, `silence` and `nodata` one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsaAnswer {
    /// The records, as in `3 1 1 8cb0…`.
    pub(crate) records: Option<Vec<Located<String>>>,
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// How long the answer may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}

/// What goes wrong with the answer to a question for addresses of one family.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AddressAnswer {
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// What the answer suffers beside its records.
    pub(crate) fault: Option<RecordFault>,
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
