//! The MX hosts in the document: what their transport is worth, whatever a policy says of them.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::certificate::CertificateReport;
use crate::facts::dns::Exchange;
use crate::facts::{DnsName, Sentence};
use crate::sender::Families;
use crate::tlsrpt::result_type::ResultType;

/// An MX host, judged by its transport alone.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct MxReport {
    /// The name in the MX record.
    pub host: Exchange,
    /// Its preference.
    pub preference: u16,
    /// How long a resolver may keep the MX records.
    pub ttl_secs: Option<u64>,
    /// Whether there is no MX record and the domain stands for its own host.
    pub implicit: bool,
    /// The judgement.
    pub verdict: MxVerdict,
    /// Whether an enforcing sender would use it if a policy listed it; null if that is not known.
    pub would_pass_if_listed: Option<bool>,
    /// The names that CNAMEs of the host led to, in order; a host should have none (RFC 5321, Section 5.1).
    pub cname: Vec<DnsName>,
    /// Each address that was tried.
    pub addresses: Vec<AddressReport>,
    /// How many more addresses it has.
    pub addresses_not_tried: usize,
    /// How many of its addresses fail beside good ones, other than for want of their family here.
    pub addresses_bad: usize,
    /// Over which families of address the judgement holds: one alone where the host fares worse by that.
    pub address_families: Families,
    /// Whether a TLSA record stands at `_25._tcp` of it; DANE is not judged.
    pub has_tlsa: bool,
    /// What is wrong besides its addresses; null if nothing is.
    pub error: Option<Sentence>,
}

/// The judgement over an MX host or one of its addresses.
#[derive(Clone, Copy, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MxVerdict {
    /// TLS stands, with a certificate valid for the host.
    Accepted,
    /// It fails what an enforced policy asks.
    Refused,
    /// Its handshake with us proves nothing either way.
    Undetermined,
    /// It greets us with 4xx or 5xx.
    RejectedUs,
    /// It could not be spoken to.
    Unreachable,
    /// Nobody was to speak to it (`--no-smtp`): it is taken as sound.
    NotAsked,
    /// It lies beyond the number of hosts or addresses that are looked at, or has a special-purpose address.
    NotTried,
}

/// One address of an MX host.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AddressReport {
    /// The address.
    pub address: IpAddr,
    /// The judgement.
    pub verdict: MxVerdict,
    /// What a TLSRPT report would name.
    pub result_types: Vec<ResultType>,
    /// Whether STARTTLS is offered; null if that is not known.
    pub starttls: Option<bool>,
    /// The TLS version; null without TLS.
    pub tls_version: Option<String>,
    /// The cipher suite, by its IANA name; null without TLS.
    pub cipher_suite: Option<String>,
    /// The group of the key exchange, by its IANA name; null without TLS, or where it is not known.
    pub key_exchange: Option<String>,
    /// The certificate presented; null without a handshake that got there.
    pub certificate: Option<CertificateReport>,
    /// What was seen, in a few words.
    pub detail: Sentence,
    /// Whether the certificate matches a pattern of the live policy, which is what Postfix before 3.10.5
    /// compares instead of the host's name; null without a certificate or a policy, or where the names that
    /// were kept do not tell.
    pub certificate_matches_patterns: Option<bool>,
}
