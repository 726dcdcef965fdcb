//! What a file says about MX hosts.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::answer::{AddressAnswer, TlsaAnswer};
use super::policy::CertificateTable;
use crate::fakes::{SmtpFault, TlsVersions};
use crate::scenario::located::{Located, Named, Text};
use crate::scenario::span::TimeSpan;

/// An MX host, or one of its addresses, which inherits the rest. Healthy unless said otherwise.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerTable {
    /// Its addresses: a list, or a table with what differs at each; one documentation address unless said.
    pub(crate) addresses: Option<Located<Addresses<Self>>>,
    /// How long its addresses may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
    /// Its certificate; a good one unless said.
    pub(crate) certificate: Option<CertificateTable>,
    /// What it suffers on the wire.
    pub(crate) fault: Option<SmtpFault>,
    /// The code with which it answers STARTTLS; 220 unless said.
    pub(crate) starttls: Option<Located<u16>>,
    /// The versions of TLS that it speaks; both unless said.
    pub(crate) tls: Option<TlsVersions>,
    /// The answer to a TLSA question about its port 25; without it, that name does not exist.
    pub(crate) tlsa: Option<Located<TlsaAnswer>>,
    /// What goes wrong with its IPv4 addresses in the DNS.
    pub(crate) a: Option<Located<AddressAnswer>>,
    /// What goes wrong with its IPv6 addresses in the DNS.
    pub(crate) aaaa: Option<Located<AddressAnswer>>,
}

impl ServerTable {
    /// The keys that belong to the host as a whole and cannot differ by address.
    pub(crate) const NOT_OF_AN_ADDRESS: &[&str] = &["addresses", "ttl", "tlsa", "a", "aaaa"];
}

/// Addresses, with or without what differs at each.
#[derive(Clone, Debug)]
pub(crate) enum Addresses<T> {
    /// A list.
    List(Vec<Located<Text<IpAddr>>>),
    /// A table.
    Table(Named<Text<IpAddr>, T>),
}

impl<T> Addresses<T> {
    /// Returns the addresses in written order.
    pub(crate) fn places(&self) -> Vec<&Located<Text<IpAddr>>> {
        match self {
            Self::List(addresses) => addresses.iter().collect(),
            Self::Table(addresses) => addresses.iter().map(|(address, _)| address).collect(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Addresses<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = Addresses<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of addresses, or a table of them")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Addresses<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Addresses::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Addresses<T>, A::Error> {
                Named::deserialize(MapAccessDeserializer::new(map)).map(Addresses::Table)
            }
        }

        deserializer.deserialize_any(Visit(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Addresses<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Addresses_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<Vec<String>>();
        let table = generator.subschema_for::<Named<String, T>>();
        schemars::json_schema!({ "anyOf": [list, table] })
    }
}
