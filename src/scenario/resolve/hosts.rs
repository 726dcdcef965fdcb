//! Policy hosts and MX hosts at each of their addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Context;
use super::zones::host_addresses;
use crate::facts::DnsName;
use crate::scenario::addresses::Use;
use crate::scenario::faults::TlsVersions;
use crate::scenario::file::{Addresses, CertificateTable, PolicyTable, ServerTable, WorldTables};
use crate::scenario::problem::Problems;
use crate::scenario::span::TimeSpan;
use crate::scenario::state::{DEFAULT_TTL, Edge, PolicyHost, Server, ServerAddress};

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
) -> Vec<Edge> {
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
            Edge {
                address,
                fault: effective.fault,
                tls: effective.tls.unwrap_or(TlsVersions::Both),
                certificate: CertificateTable::resolve(
                    effective.certificate.as_ref(),
                    || certificate_names(host, tenants),
                    context.start,
                ),
                responses: tenants
                    .iter()
                    .map(|tenant| {
                        // A tenant of its own is the table itself.
                        let base = tenant.policy.inherit(table);
                        (tenant.host.clone(), at_edge(&base).response())
                    })
                    .collect(),
            }
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
            fault: self.fault.or(base.fault),
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

/// Returns the MX hosts.
pub(super) fn servers(world: &WorldTables, context: Context<'_>) -> Vec<Server> {
    world
        .servers
        .iter()
        .map(|(name, table)| Server {
            name: name.0.clone(),
            ttl: table.ttl.and_then(TimeSpan::forward).unwrap_or(DEFAULT_TTL),
            addresses: host_addresses(table.all_addresses(), Use::Mail, &name.0, context)
                .into_iter()
                .map(|address| server_address(&name.0, table, address, context))
                .collect(),
        })
        .collect()
}

fn server_address(
    name: &DnsName,
    table: &ServerTable,
    address: IpAddr,
    context: Context<'_>,
) -> ServerAddress {
    let own = match table.addresses.as_ref().map(|addresses| &addresses.value) {
        Some(Addresses::Table(addresses)) => addresses
            .iter()
            .find(|(other, _)| other.value.0 == address)
            .map(|(_, own)| own),
        Some(Addresses::List(_)) | None => None,
    };
    let inherited = own.map(|own| own.inherit(table));
    let effective = inherited.as_ref().unwrap_or(table);
    ServerAddress {
        address,
        fault: effective.fault,
        tls: effective.tls.unwrap_or(TlsVersions::Both),
        certificate: CertificateTable::resolve(
            effective.certificate.as_ref(),
            || vec![name.as_str().into()],
            context.start,
        ),
    }
}
