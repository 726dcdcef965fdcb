//! Policy hosts and MX hosts at each of their addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::context::Context;
use super::zones::host_addresses;
use crate::facts::DnsName;
use crate::fakes::{DialogueFault, Edge, Lag, Receiver, SmtpFault};
use crate::scenario::addresses::Use;
use crate::scenario::file::{Addresses, CertificateTable, PolicyTable, ServerTable, WorldTables};
use crate::scenario::problem::Problems;

/// The pause before the last line of a greeting that is late, yet in time: postscreen's 6 s in small.
const LATE: Duration = Duration::from_millis(100);

/// A policy host: `mta-sts.` of a domain, or a host that several domains share.
pub(super) struct PolicyHost {
    /// Its name in the DNS.
    pub(super) name: DnsName,
    /// What it is at each of its addresses.
    pub(super) edges: Vec<(IpAddr, Edge)>,
}

/// A domain's policy with the name of the host that is asked for it.
struct Tenant<'a> {
    host: DnsName,
    policy: &'a PolicyTable,
}

/// Returns the policy hosts: those of single domains, then the shared ones.
pub(super) fn policy_hosts(
    world: &WorldTables,
    context: Context<'_>,
    problems: &mut Problems<'_>,
) -> Vec<PolicyHost> {
    let mut hosts = Vec::new();
    let mut tenants: BTreeMap<DnsName, Vec<Tenant<'_>>> = BTreeMap::new();
    for (domain, table) in world.domains.iter() {
        let Some(policy) = &table.policy else {
            continue;
        };
        let host = match domain.prefixed("mta-sts") {
            Ok(host) => host,
            Err(error) => {
                problems.push(domain.origin, format!("`mta-sts.{}`: {error}", domain.0));
                continue;
            }
        };
        let tenant = Tenant {
            host: host.clone(),
            policy: &policy.value,
        };
        match &policy.cname {
            Some(target) => tenants
                .entry(end_of_aliases(world, &target.0))
                .or_default()
                .push(tenant),
            None => hosts.push(PolicyHost {
                edges: edges(&host, &policy.value, &[tenant], context),
                name: host,
            }),
        }
    }
    for (name, table) in world.hosts.iter() {
        let tenants = tenants.remove(&name.0).unwrap_or_default();
        hosts.push(PolicyHost {
            name: name.0.clone(),
            edges: edges(&name.0, table, &tenants, context),
        });
    }
    hosts
}

/// Follows the aliases that `names` and `hosts` declare.
pub(in crate::scenario) fn end_of_aliases(world: &WorldTables, name: &DnsName) -> DnsName {
    let mut name = name.clone();
    // As many as a sender follows.
    for _ in 0..16 {
        let bare = world.names.iter().find(|(other, _)| other.0 == name);
        let host = world.hosts.iter().find(|(other, _)| other.0 == name);
        let target = bare
            .and_then(|(_, table)| table.cname.as_ref())
            .or_else(|| host.and_then(|(_, table)| table.cname.as_ref()));
        match target {
            Some(target) => name = target.0.clone(),
            None => break,
        }
    }
    name
}

fn edges(
    host: &DnsName,
    table: &PolicyTable,
    tenants: &[Tenant<'_>],
    context: Context<'_>,
) -> Vec<(IpAddr, Edge)> {
    host_addresses(table.all_addresses(), Use::Policy, host, context)
        .into_iter()
        .map(|address| {
            let own = table
                .edges
                .iter()
                .find(|(other, _)| other.value.0 == address)
                .map(|(_, edge)| edge);
            let at_edge = |base: &PolicyTable| match own {
                Some(edge) => edge.inherit(base),
                None => base.clone(),
            };
            let effective = at_edge(table);
            let edge = Edge {
                fault: effective.fault,
                versions: effective.tls.unwrap_or_default(),
                identity: CertificateTable::resolve(
                    effective.certificate.as_ref(),
                    || certificate_names(host, tenants),
                    context.start,
                ),
                pages: tenants
                    .iter()
                    .map(|tenant| {
                        // A tenant of its own is the table itself.
                        let base = tenant.policy.inherit(table);
                        let response = at_edge(&base).response();
                        (tenant.host.to_string(), response.into())
                    })
                    .collect(),
                // What came before stands in another state.
                lag: effective.lag.map(|requests| Lag {
                    requests,
                    before: BTreeMap::new(),
                }),
            };
            (address, edge)
        })
        .collect()
}

fn certificate_names(host: &DnsName, tenants: &[Tenant<'_>]) -> Vec<Box<str>> {
    if tenants.is_empty() {
        return vec![host.as_str().into()];
    }
    tenants
        .iter()
        .map(|tenant| tenant.host.as_str().into())
        .collect()
}

impl ServerTable {
    /// Returns this table with what it leaves open taken from `base`; what belongs to a host as a whole is
    /// not inherited.
    fn inherit(&self, base: &Self) -> Self {
        Self {
            certificate: CertificateTable::inherit(
                self.certificate.as_ref(),
                base.certificate.as_ref(),
            ),
            fault: self
                .fault
                .or(base.fault.filter(|_| self.starttls.is_none())),
            starttls: self
                .starttls
                .clone()
                .or_else(|| base.starttls.clone().filter(|_| self.fault.is_none())),
            tls: self.tls.or(base.tls),
            ..Self::default()
        }
    }

    /// Returns the addresses that the table names, in written order.
    pub(in crate::scenario) fn all_addresses(&self) -> Vec<IpAddr> {
        self.addresses
            .iter()
            .flat_map(|addresses| addresses.places())
            .map(|address| address.value.0)
            .collect()
    }
}

/// Returns the MX hosts at each of their addresses.
pub(super) fn receivers(world: &WorldTables, context: Context<'_>) -> BTreeMap<IpAddr, Receiver> {
    let mut receivers = BTreeMap::new();
    for (name, table) in world.servers.iter() {
        let addresses = host_addresses(table.all_addresses(), Use::Mail, &name.0, context);
        receivers.extend(
            addresses
                .into_iter()
                .map(|address| (address, receiver(&name.0, table, address, context))),
        );
    }
    receivers
}

fn receiver(
    name: &DnsName,
    table: &ServerTable,
    address: IpAddr,
    context: Context<'_>,
) -> Receiver {
    let own = match table.addresses.as_ref().map(|addresses| &addresses.value) {
        Some(Addresses::Table(addresses)) => addresses
            .iter()
            .find(|(other, _)| other.value.0 == address)
            .map(|(_, own)| own),
        Some(Addresses::List(_)) | None => None,
    };
    let inherited = own.map(|own| own.inherit(table));
    let effective = inherited.as_ref().unwrap_or(table);
    Receiver {
        identity: CertificateTable::resolve(
            effective.certificate.as_ref(),
            || vec![name.as_str().into()],
            context.start,
        ),
        versions: effective.tls.unwrap_or_default(),
        fault: effective.fault,
        starttls: effective.starttls.as_ref().map(|code| code.value),
        pace: match effective.fault {
            Some(SmtpFault::Dialogue(DialogueFault::GreetingMultiline)) => LATE,
            Some(_) | None => Receiver::PACE,
        },
        host: name.clone(),
    }
}
