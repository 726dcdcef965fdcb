//! What the DNS says, name by name.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::context::Context;
use super::mx::parse_mx;
use super::report_names::report_names;
use crate::facts::DnsName;
use crate::facts::dns::{Exchange, MxRecord};
use crate::fakes::{
    Answer, DEFAULT_TTL, DnsFault, Name, Rcode, RecordData, RecordFault, RecordKind, View, closest,
};
use crate::scenario::addresses::Use;
use crate::scenario::file::{
    AddressAnswer, DomainTable, MxAnswer, NameTable, TlsaAnswer, TxtAnswer, WorldTables,
};
use crate::scenario::located::{Located, OneOrMany, Origin, Text};
use crate::scenario::problem::Problems;
use crate::scenario::span::TimeSpan;

/// Builds what a resolver of a world says.
pub(super) fn build(
    world: &WorldTables,
    context: Context<'_>,
    problems: &mut Problems<'_>,
) -> View {
    let mut zones = Builder {
        names: BTreeMap::new(),
        implied: Vec::new(),
        problems,
    };
    for (name, domain) in world.domains.iter() {
        zones.domain(name, domain, context);
    }
    for (name, host) in world.hosts.iter() {
        let target = host.cname.as_ref().map(|target| &target.0);
        zones.host(
            name.as_str(),
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
            name.as_str(),
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
    for (name, server) in world.nameservers.iter() {
        let named = server.all_addresses();
        zones.host(
            name.as_str(),
            name.origin,
            &Host {
                addresses: || host_addresses(named.clone(), Use::NameServer, &name.0, context),
                target: None,
                a: None,
                aaaa: None,
                ttl: None,
            },
        );
    }
    for (name, table) in world.names.iter() {
        zones.bare(name.as_str(), name.origin, table);
    }
    for (name, table) in world.wildcards.iter() {
        zones.bare(&format!("*.{}", name.0), name.origin, table);
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
        Some(rcode) => Some(DnsFault::Rcode(rcode)),
        None => None,
    }
}

/// A host with addresses, as five kinds of table describe it.
struct Host<'a, F> {
    addresses: F,
    target: Option<&'a DnsName>,
    a: Option<&'a Located<AddressAnswer>>,
    aaaa: Option<&'a Located<AddressAnswer>>,
    ttl: Option<TimeSpan>,
}

struct Builder<'p, 't> {
    names: BTreeMap<String, Name>,
    /// Names that senders ask about and that do not exist unless something says so.
    implied: Vec<DnsName>,
    problems: &'p mut Problems<'t>,
}

impl Builder<'_, '_> {
    fn finish(mut self) -> View {
        let mut view = View {
            names: self.names,
            ..View::default()
        };
        // What a wildcard stands for exists.
        self.implied
            .retain(|name| closest(name.as_str(), |name| view.names.get(name)).is_none());
        for name in self.implied {
            view.names.insert(
                name.to_string(),
                Name::faulty(DnsFault::Rcode(Rcode::Nxdomain)),
            );
        }
        view
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
            self.mx(name.as_str(), origin, answer);
        } else {
            self.answers(name.as_str(), origin);
        }
        self.zone(name, domain, origin);
        if let Some(record) = self.below(name, "_mta-sts", origin) {
            self.txt_at(record, domain.txt.as_ref());
        }
        if let Some(record) = self.below(name, "_smtp._tls", origin) {
            self.txt_at(record, domain.tlsrpt.as_ref());
        }
        let texts = domain
            .tlsrpt
            .iter()
            .filter_map(|answer| answer.records.as_ref());
        self.implied
            .extend(texts.flatten().flat_map(|strings| report_names(strings)));
        if let Some(port) = self.below(name, "_25._tcp", origin) {
            self.implied.push(port);
        }
        // A check asks for it to see a wildcard; a domain whose name leaves it no room has none.
        self.implied.extend(name.prefixed("any-other-name"));
        let Some(host) = self.below(name, "mta-sts", origin) else {
            return;
        };
        match &domain.policy {
            None => self.implied.push(host),
            Some(policy) => self.host(
                host.as_str(),
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

    /// Begins a zone at a domain that names its servers.
    fn zone(&mut self, name: &DnsName, domain: &DomainTable, origin: Origin) {
        let Some(servers) = &domain.ns else {
            return;
        };
        let servers = servers
            .iter()
            .map(|server| RecordData::Ns(server.to_string()));
        let servers: Vec<RecordData> = servers.collect();
        let serial = RecordData::Soa(domain.serial.unwrap_or(1));
        if let Some(answers) = self.answers(name.as_str(), origin) {
            let said = |records| said(&Said::default(), records, DEFAULT_TTL);
            answers.insert(RecordKind::Ns, said(servers));
            answers.insert(RecordKind::Soa, said(vec![serial]));
        }
    }

    fn bare(&mut self, name: &str, origin: Origin, table: &NameTable) {
        if let Some(fault) = fault_of(table.rcode, table.silence) {
            self.insert(name, origin, Name::faulty(fault));
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
            Some(answer) => self.txt(name.as_str(), answer),
            None => self.implied.push(name),
        }
    }

    fn txt(&mut self, name: &str, answer: &Located<TxtAnswer>) {
        let ttl = self.ttl(answer.ttl, answer.origin);
        if let Some(target) = &answer.cname {
            self.insert(name, answer.origin, Name::alias(target.as_str(), ttl));
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
        if let Some(answers) = self.answers(name, Origin::default()) {
            answers.insert(RecordKind::Txt, answer);
        }
    }

    /// Returns the strings of a record: one written text is split where the DNS must split it.
    fn strings(&mut self, written: &OneOrMany<Located<String>>) -> RecordData {
        match &**written {
            [] => return RecordData::txt(""),
            [text] => return RecordData::txt(text.as_bytes()),
            [..] => {}
        }
        for text in written.iter() {
            if text.len() > RecordData::MAX_STRING_OCTETS {
                self.problems.push(
                    text.origin,
                    format!("this string has {} octets, more than 255", text.len()),
                );
            }
        }
        let octets = |text: &Located<String>| {
            let octets = text.as_bytes().iter().copied();
            octets.take(RecordData::MAX_STRING_OCTETS).collect()
        };
        RecordData::Txt(written.iter().map(octets).collect())
    }

    fn mx(&mut self, name: &str, origin: Origin, answer: &MxAnswer) {
        let ttl = self.ttl(answer.ttl, origin);
        if let Some(target) = &answer.cname {
            self.insert(name, origin, Name::alias(target.as_str(), ttl));
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
                && host.as_address().is_none()
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
            records
                .iter()
                .map(|mx| RecordData::mx(mx.preference, mx.exchange.to_string()))
                .collect(),
            ttl,
        );
        if let Some(answers) = self.answers(name, origin) {
            answers.insert(RecordKind::Mx, answer);
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
            // The linter says of a text that is none.
            .filter_map(|text| RecordData::tlsa(text))
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
        if let Some(answers) = self.answers(name.as_str(), answer.origin) {
            answers.insert(RecordKind::Tlsa, said);
        }
    }

    fn host<F: Fn() -> Vec<IpAddr>>(&mut self, name: &str, origin: Origin, host: &Host<'_, F>) {
        let ttl = self.ttl(host.ttl, origin);
        if let Some(target) = host.target {
            self.insert(name, origin, Name::alias(target.as_str(), ttl));
            return;
        }
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
            (host.addresses)().into_iter().partition(IpAddr::is_ipv4);
        let Some(answers) = self.answers(name, origin) else {
            return;
        };
        for (kind, addresses, fault) in [
            (RecordKind::A, v4, host.a),
            (RecordKind::Aaaa, v6, host.aaaa),
        ] {
            let fault = fault.map_or_else(Said::default, |table| Said {
                rcode: table.rcode,
                silence: table.silence,
                nodata: table.nodata,
                fault: table.fault,
            });
            // Two tables may each give a name addresses of one family.
            if !addresses.is_empty() || fault.is_fault() {
                let records = addresses.into_iter().map(RecordData::of_address);
                answers.insert(kind, said(&fault, records.collect(), ttl));
            }
        }
    }

    /// Returns the answers of a name, which then exists; `None` if it is an alias or a failure already.
    fn answers(&mut self, name: &str, origin: Origin) -> Option<&mut BTreeMap<RecordKind, Answer>> {
        let found = self.names.entry(name.to_owned()).or_default();
        if let Some(target) = found.target() {
            let message = format!("{name} is an alias of {target} and can hold no records");
            self.problems.push(origin, message);
            return None;
        }
        if found.fault.is_some() {
            let message = format!("{name} fails as a whole and can hold no records");
            self.problems.push(origin, message);
            return None;
        }
        Some(&mut found.answers)
    }

    fn insert(&mut self, name: &str, origin: Origin, said: Name) {
        let found = self.names.entry(name.to_owned()).or_default();
        if *found == Name::default() {
            *found = said;
        } else {
            let message =
                format!("{name} holds records already and can be neither an alias nor a failure");
            self.problems.push(origin, message);
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

fn said(said: &Said, records: Vec<RecordData>, ttl: Duration) -> Answer {
    let fault = match fault_of(said.rcode, said.silence) {
        Some(fault) => Some(fault),
        None if said.nodata || records.is_empty() => Some(DnsFault::NoData),
        None => said.fault.map(DnsFault::Spoiled),
    };
    Answer {
        records,
        ttl,
        fault,
    }
}
