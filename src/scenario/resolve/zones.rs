//! What the DNS says, name by name.

use std::net::IpAddr;
use std::time::Duration;

use super::Context;
use crate::facts::dns::{Exchange, MxRecord};
use crate::facts::{DnsName, DnsNameError};
use crate::scenario::addresses::Use;
use crate::scenario::faults::{Rcode, RecordFault};
use crate::scenario::file::{
    AddressAnswer, DomainTable, MxAnswer, NameTable, TlsaAnswer, TxtAnswer, WorldTables,
};
use crate::scenario::located::{Located, OneOrMany, Origin, Text};
use crate::scenario::problem::Problems;
use crate::scenario::span::TimeSpan;
use crate::scenario::state::{Answer, DEFAULT_TTL, DnsFault, Types, ZoneName, Zones};

/// The longest string of a TXT record (RFC 1035, Section 3.3.14).
const MAX_STRING_OCTETS: usize = 255;

/// Builds the zones of a world.
pub(super) fn build(
    world: &WorldTables,
    context: Context<'_>,
    problems: &mut Problems<'_>,
) -> Zones {
    let mut zones = Builder {
        zones: Zones::new(),
        implied: Vec::new(),
        problems,
    };
    for (name, domain) in world.domains.iter() {
        zones.domain(name, domain, context);
    }
    for (name, host) in world.hosts.iter() {
        let target = host.cname.as_ref().map(|target| &target.0);
        zones.host(
            &name.0,
            name.origin,
            &Host {
                addresses: || host_addresses(host.all_addresses(), Use::Policy, &name.0, context),
                target,
                a: host.a.as_ref(),
                aaaa: host.aaaa.as_ref(),
                ttl: host.ttl,
            },
        );
    }
    for (name, server) in world.servers.iter() {
        zones.host(
            &name.0,
            name.origin,
            &Host {
                addresses: || host_addresses(server.all_addresses(), Use::Mail, &name.0, context),
                target: None,
                a: server.a.as_ref(),
                aaaa: server.aaaa.as_ref(),
                ttl: server.ttl,
            },
        );
        zones.tlsa(name, server.tlsa.as_ref());
    }
    for (name, table) in world.names.iter() {
        zones.bare(name, table);
    }
    zones.finish()
}

/// Returns the addresses that a host names, or the one that it was given.
pub(super) fn host_addresses(
    named: Vec<IpAddr>,
    purpose: Use,
    host: &DnsName,
    context: Context<'_>,
) -> Vec<IpAddr> {
    if named.is_empty() {
        context
            .allocation
            .address(purpose, host)
            .into_iter()
            .collect()
    } else {
        named
    }
}

/// Returns the failure that `rcode` or `silence` stands for.
pub(super) const fn fault_of(rcode: Option<Rcode>, silence: bool) -> Option<DnsFault> {
    match rcode {
        _ if silence => Some(DnsFault::Silence),
        Some(rcode) => Some(failure(rcode, DEFAULT_TTL)),
        None => None,
    }
}

const fn failure(rcode: Rcode, ttl: Duration) -> DnsFault {
    match rcode {
        Rcode::Nxdomain => DnsFault::NxDomain { ttl },
        Rcode::Servfail => DnsFault::ServFail,
        Rcode::Refused => DnsFault::Refused,
    }
}

/// A host with addresses, as four kinds of table describe it.
struct Host<'a, F> {
    addresses: F,
    target: Option<&'a DnsName>,
    a: Option<&'a Located<AddressAnswer>>,
    aaaa: Option<&'a Located<AddressAnswer>>,
    ttl: Option<TimeSpan>,
}

struct Builder<'p, 't> {
    zones: Zones,
    /// Names that senders ask about and that do not exist unless something says so.
    implied: Vec<DnsName>,
    problems: &'p mut Problems<'t>,
}

impl Builder<'_, '_> {
    fn finish(mut self) -> Zones {
        for name in self.implied {
            self.zones
                .entry(name)
                .or_insert(ZoneName::Failed(DnsFault::NxDomain { ttl: DEFAULT_TTL }));
        }
        self.zones
    }

    fn domain(
        &mut self,
        name: &Located<Text<DnsName>>,
        domain: &DomainTable,
        context: Context<'_>,
    ) {
        let origin = name.origin;
        let name = &name.value.0;
        if let Some(answer) = &domain.mx {
            self.mx(name, origin, answer);
        } else {
            self.types(name, origin);
        }
        if let Some(record) = self.below(name, "_mta-sts", origin) {
            self.txt_at(record, domain.txt.as_ref());
        }
        if let Some(record) = self.below(name, "_smtp._tls", origin) {
            self.txt_at(record, domain.tlsrpt.as_ref());
        }
        if let Some(port) = self.below(name, "_25._tcp", origin) {
            self.implied.push(port);
        }
        let Some(host) = self.below(name, "mta-sts", origin) else {
            return;
        };
        match &domain.policy {
            None => self.implied.push(host),
            Some(policy) => self.host(
                &host,
                policy.origin,
                &Host {
                    addresses: || {
                        host_addresses(policy.all_addresses(), Use::Policy, &host, context)
                    },
                    target: policy.cname.as_ref().map(|target| &target.0),
                    a: policy.a.as_ref(),
                    aaaa: policy.aaaa.as_ref(),
                    ttl: policy.ttl,
                },
            ),
        }
    }

    fn bare(&mut self, name: &Located<Text<DnsName>>, table: &NameTable) {
        let origin = name.origin;
        let name = &name.value.0;
        if let Some(fault) = fault_of(table.rcode, table.silence) {
            self.insert(name, origin, ZoneName::Failed(fault));
            return;
        }
        let host = Host {
            addresses: || {
                table
                    .addresses
                    .iter()
                    .flatten()
                    .map(|address| address.value.0)
                    .collect()
            },
            target: table.cname.as_ref().map(|target| &target.0),
            a: table.a.as_ref(),
            aaaa: table.aaaa.as_ref(),
            ttl: table.ttl,
        };
        self.host(name, origin, &host);
        if let Some(answer) = &table.txt {
            self.txt(name, answer);
        }
        if let Some(answer) = &table.mx {
            self.mx(name, answer.origin, answer);
        }
    }

    fn txt_at(&mut self, name: DnsName, answer: Option<&Located<TxtAnswer>>) {
        match answer {
            Some(answer) => self.txt(&name, answer),
            None => self.implied.push(name),
        }
    }

    fn txt(&mut self, name: &DnsName, answer: &Located<TxtAnswer>) {
        let ttl = self.ttl(answer.ttl, answer.origin);
        if let Some(target) = &answer.cname {
            let target = target.0.clone();
            self.insert(name, answer.origin, ZoneName::Alias { target, ttl });
            return;
        }
        let records = answer
            .records
            .iter()
            .flatten()
            .map(|strings| self.strings(strings))
            .collect();
        let answer = said(
            &Said {
                rcode: answer.rcode,
                silence: answer.silence,
                nodata: answer.nodata,
                fault: answer.fault,
            },
            records,
            ttl,
        );
        let origin = Origin::default();
        if let Some(types) = self.types(name, origin) {
            types.txt = Some(answer);
        }
    }

    /// Returns the strings of a record: one written text is split where the DNS must split it.
    fn strings(&mut self, written: &OneOrMany<Located<String>>) -> Vec<Box<[u8]>> {
        if let [text] = &**written {
            if text.is_empty() {
                return vec![Box::default()];
            }
            return text
                .as_bytes()
                .chunks(MAX_STRING_OCTETS)
                .map(Into::into)
                .collect();
        }
        if written.is_empty() {
            return vec![Box::default()];
        }
        for text in written.iter() {
            if text.len() > MAX_STRING_OCTETS {
                self.problems.push(
                    text.origin,
                    format!("this string has {} octets, more than 255", text.len()),
                );
            }
        }
        written
            .iter()
            .map(|text| {
                text.as_bytes()
                    .iter()
                    .copied()
                    .take(MAX_STRING_OCTETS)
                    .collect()
            })
            .collect()
    }

    fn mx(&mut self, name: &DnsName, origin: Origin, answer: &MxAnswer) {
        let ttl = self.ttl(answer.ttl, origin);
        if let Some(target) = &answer.cname {
            let target = target.0.clone();
            self.insert(name, origin, ZoneName::Alias { target, ttl });
            return;
        }
        let records: Vec<MxRecord> = answer
            .records
            .iter()
            .flatten()
            .filter_map(|text| match parse_mx(text) {
                Ok(record) => Some(record),
                Err(why) => {
                    self.problems.push_with_help(
                        text.origin,
                        format!("`{}` is no MX record: {why}", text.value),
                        "write a preference and a host, as in `10 mx.corp.test`",
                    );
                    None
                }
            })
            .collect();
        for record in &records {
            if let Exchange::Host(host) = &record.exchange
                && let Ok(port) = host.prefixed("_25._tcp")
            {
                self.implied.push(port);
            }
        }
        let answer = said(
            &Said {
                rcode: answer.rcode,
                silence: answer.silence,
                nodata: answer.nodata,
                fault: answer.fault,
            },
            records,
            ttl,
        );
        if let Some(types) = self.types(name, origin) {
            types.mx = Some(answer);
        }
    }

    fn tlsa(&mut self, server: &Located<Text<DnsName>>, answer: Option<&Located<TlsaAnswer>>) {
        let Some(name) = self.below(&server.value.0, "_25._tcp", server.origin) else {
            return;
        };
        let Some(answer) = answer else {
            self.implied.push(name);
            return;
        };
        let ttl = self.ttl(answer.ttl, answer.origin);
        let records = answer
            .records
            .iter()
            .flatten()
            .map(|text| text.as_str().into())
            .collect();
        let said = said(
            &Said {
                rcode: answer.rcode,
                silence: answer.silence,
                nodata: answer.nodata,
                fault: None,
            },
            records,
            ttl,
        );
        if let Some(types) = self.types(&name, answer.origin) {
            types.tlsa = Some(said);
        }
    }

    fn host<F: Fn() -> Vec<IpAddr>>(&mut self, name: &DnsName, origin: Origin, host: &Host<'_, F>) {
        let ttl = self.ttl(host.ttl, origin);
        if let Some(target) = host.target {
            let target = target.clone();
            self.insert(name, origin, ZoneName::Alias { target, ttl });
            return;
        }
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
            (host.addresses)().into_iter().partition(IpAddr::is_ipv4);
        let Some(types) = self.types(name, origin) else {
            return;
        };
        for (answer, records, fault) in
            [(&mut types.a, v4, host.a), (&mut types.aaaa, v6, host.aaaa)]
        {
            let fault = fault.map_or_else(Said::default, |table| Said {
                rcode: table.rcode,
                silence: table.silence,
                nodata: table.nodata,
                fault: table.fault,
            });
            // Two tables may each give a name addresses of one family.
            if !records.is_empty() || fault.is_fault() {
                *answer = Some(said(&fault, records, ttl));
            }
        }
    }

    /// Returns the types of a name, which then exists; `None` if it is an alias or a failure already.
    fn types(&mut self, name: &DnsName, origin: Origin) -> Option<&mut Types> {
        let zone_name = self
            .zones
            .entry(name.clone())
            .or_insert_with(|| ZoneName::Types(Box::default()));
        match zone_name {
            ZoneName::Types(types) => Some(types),
            ZoneName::Alias { target, .. } => {
                let message = format!("{name} is an alias of {target} and can hold no records");
                self.problems.push(origin, message);
                None
            }
            ZoneName::Failed(_) => {
                let message = format!("{name} fails as a whole and can hold no records");
                self.problems.push(origin, message);
                None
            }
        }
    }

    fn insert(&mut self, name: &DnsName, origin: Origin, zone_name: ZoneName) {
        let empty = ZoneName::Types(Box::default());
        match self.zones.get(name) {
            Some(found) if *found != empty => self.problems.push(
                origin,
                format!("{name} holds records already and can be neither an alias nor a failure"),
            ),
            Some(_) | None => {
                self.zones.insert(name.clone(), zone_name);
            }
        }
    }

    fn below(&mut self, name: &DnsName, label: &str, origin: Origin) -> Option<DnsName> {
        match name.prefixed(label) {
            Ok(name) => Some(name),
            Err(error) => {
                self.problems
                    .push(origin, format!("`{label}.{name}`: {error}"));
                None
            }
        }
    }

    fn ttl(&mut self, ttl: Option<TimeSpan>, origin: Origin) -> Duration {
        let Some(span) = ttl else {
            return DEFAULT_TTL;
        };
        span.forward().unwrap_or_else(|| {
            self.problems.push(origin, "a `ttl` cannot lie in the past");
            DEFAULT_TTL
        })
    }
}

/// What an answer says besides its records.
#[derive(Default)]
struct Said {
    rcode: Option<Rcode>,
    silence: bool,
    nodata: bool,
    fault: Option<RecordFault>,
}

impl Said {
    const fn is_fault(&self) -> bool {
        self.rcode.is_some() || self.silence || self.nodata
    }
}

fn said<T>(said: &Said, records: Vec<T>, ttl: Duration) -> Answer<T> {
    match said.rcode {
        _ if said.silence => Answer::Failed(DnsFault::Silence),
        Some(rcode) => Answer::Failed(failure(rcode, ttl)),
        None if said.nodata || records.is_empty() => Answer::NoData { ttl },
        None => Answer::Records {
            records,
            ttl,
            fault: said.fault,
        },
    }
}

/// Reads an MX record in the presentation format.
pub(in crate::scenario) fn parse_mx(text: &str) -> Result<MxRecord, &'static str> {
    let mut words = text.split_ascii_whitespace();
    let (Some(preference), Some(host), None) = (words.next(), words.next(), words.next()) else {
        return Err("it has not two words");
    };
    let Ok(preference) = preference.parse() else {
        return Err("its preference is no number up to 65535");
    };
    let exchange = if host == "." {
        Exchange::Root
    } else {
        match host.parse() {
            Ok(name) => Exchange::Host(name),
            Err(DnsNameError::Character { .. } | DnsNameError::NotIdna { .. }) => {
                Exchange::NotAHostName(host.into())
            }
            Err(
                DnsNameError::Empty
                | DnsNameError::EmptyLabel
                | DnsNameError::LabelTooLong { .. }
                | DnsNameError::TooLong { .. },
            ) => return Err("the DNS can hold no such name"),
        }
    };
    Ok(MxRecord {
        preference,
        exchange,
    })
}
