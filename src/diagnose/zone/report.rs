//! The zone as reports print it.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::judge::{JudgedServer, JudgedZone};
use super::said::Said;
use crate::facts::{DnsName, Say as _, Sentence};

/// How many records of one answer a report shows, and how many octets of a text.
const SHOWN: (usize, usize) = (8, 256);

/// The zone that a domain lies in.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ZoneReport {
    /// Where it begins.
    pub name: DnsName,
    /// Whether those of its servers that answered say the same of the MX records and of the MTA-STS record; null if
    /// none did.
    pub agrees: Option<bool>,
    /// Its name servers, each asked by itself.
    pub servers: Vec<NameServerReport>,
    /// How many more of them there are.
    pub servers_not_asked: usize,
}

/// A name server, and what it says itself.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct NameServerReport {
    /// Its name.
    pub host: DnsName,
    /// The address at which it was asked; null if it has none.
    pub address: Option<IpAddr>,
    /// The serial of its copy of the zone; null unless the servers disagree, and it gives one.
    pub serial: Option<u32>,
    /// The MX records of the domain; null without an answer, or where there is an alias.
    pub mx: Option<Vec<String>>,
    /// The texts at `_mta-sts`; null without an answer, or where there is an alias.
    pub record: Option<Vec<String>>,
    /// The name that `_mta-sts` is an alias of; null if it is none.
    pub record_cname: Option<DnsName>,
    /// Why there is no answer; null if there is one.
    pub error: Option<Sentence>,
}

impl ZoneReport {
    /// Lays a zone out.
    #[must_use]
    pub fn of(zone: &JudgedZone<'_>) -> Self {
        Self {
            name: zone.asked.name.clone(),
            agrees: zone
                .is_answered()
                .then(|| !zone.splits_over_mx() && !zone.splits_over_record()),
            servers: zone.servers.iter().map(NameServerReport::of).collect(),
            servers_not_asked: zone.asked.not_asked,
        }
    }
}

impl NameServerReport {
    fn of(server: &JudgedServer<'_>) -> Self {
        let (most, octets) = SHOWN;
        let error = match (&server.mx, &server.record) {
            (Said::Failed(failure), _) | (_, Said::Failed(failure)) => Some(failure.sentence()),
            (Said::NotAsked, _) => Some("it has no address".into()),
            (Said::Alias(_) | Said::Records(_), _) => None,
        };
        Self {
            host: server.host.clone(),
            address: server.address,
            serial: server.serial,
            mx: records(&server.mx, most, |mx| {
                format!("{} {}", mx.preference, mx.exchange)
            }),
            record: records(&server.record, most, |text| {
                text.get(..octets)
                    .unwrap_or(text)
                    .escape_ascii()
                    .to_string()
            }),
            record_cname: match server.record {
                Said::Alias(target) => Some(target.clone()),
                Said::Failed(_) | Said::NotAsked | Said::Records(_) => None,
            },
            error,
        }
    }
}

fn records<T>(said: &Said<'_, T>, most: usize, text: impl Fn(&T) -> String) -> Option<Vec<String>> {
    match said {
        Said::Records(records) => Some(records.iter().take(most).map(text).collect()),
        Said::Alias(_) | Said::Failed(_) | Said::NotAsked => None,
    }
}
