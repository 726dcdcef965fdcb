//! From what a file says to what holds: every default filled in.

mod context;
mod hosts;
mod lag;
mod mx;
mod policy;
mod report_names;
mod senders;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::addresses::Use;
use super::file::WorldTables;
use super::problem::Problems;
use crate::facts::DnsName;
use crate::fakes::{self, Internet, Lag, NameServer};
use crate::story::State;

pub(super) use self::context::Context;
pub(super) use self::hosts::end_of_aliases;
pub(super) use self::lag::look_back;
pub(super) use self::mx::parse_mx;
use self::policy::policy_body;
pub(super) use self::senders::deadlines;

/// A resolver or a name server with the world that it sees.
#[derive(Debug)]
pub(super) struct View {
    /// Whose it is.
    pub(super) viewer: Viewer,
    /// The world with its `set` laid over it.
    pub(super) world: WorldTables,
}

/// Who sees a world.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Viewer {
    /// The name server of this name.
    NameServer(String),
    /// The resolver of this name.
    Resolver(String),
}

/// Resolves a world; what cannot be is a problem.
pub(super) fn resolve(
    world: &WorldTables,
    views: &[View],
    context: Context<'_>,
    problems: &mut Problems<'_>,
) -> State {
    let dns = zones::build(world, context, problems);
    let seen_by_resolvers = world
        .resolvers
        .iter()
        .map(|(name, table)| {
            let view = fakes::View {
                fault: zones::fault_of(table.rcode, table.silence),
                ..zones::build(
                    seen_by(&Viewer::Resolver(name.value.clone()), world, views),
                    context,
                    problems,
                )
            };
            (name.as_str().into(), view)
        })
        .collect();
    let mut name_servers = BTreeMap::new();
    for (name, table) in world.nameservers.iter() {
        let viewer = Viewer::NameServer(name.value.to_string());
        let says = fakes::View {
            fault: zones::fault_of(table.rcode, table.silence),
            ..zones::build(seen_by(&viewer, world, views), context, problems)
        };
        let server = NameServer {
            says,
            lame: table.lame,
            lag: table.lag.map(|requests| Lag {
                requests,
                before: fakes::View::default(),
            }),
        };
        let addresses =
            zones::host_addresses(table.all_addresses(), Use::NameServer, &name.0, context);
        let of_server = addresses
            .into_iter()
            .map(|address| (address, server.clone()));
        name_servers.extend(of_server);
    }
    let hosts = hosts::policy_hosts(world, context, problems);
    State {
        domains: world
            .domains
            .iter()
            .map(|(name, _)| name.0.clone())
            .collect(),
        policy_hosts: hosts.iter().map(|host| host.name.clone()).collect(),
        servers: world
            .servers
            .iter()
            .map(|(name, _)| name.0.clone())
            .collect(),
        senders: senders::senders(world, context.start, problems),
        internet: Arc::new(Internet {
            dns,
            views: seen_by_resolvers,
            name_servers,
            https: hosts.into_iter().flat_map(|host| host.edges).collect(),
            smtp: hosts::receivers(world, context),
        }),
    }
}

/// Returns the world that somebody sees.
fn seen_by<'w>(viewer: &Viewer, world: &'w WorldTables, views: &'w [View]) -> &'w WorldTables {
    views
        .iter()
        .find(|view| view.viewer == *viewer)
        .map_or(world, |view| &view.world)
}

/// Returns the hosts of a world that name no address, and the addresses that it names.
pub(super) fn survey(world: &WorldTables) -> (Vec<(Use, DnsName)>, BTreeSet<IpAddr>) {
    let mut hosts = Vec::new();
    let mut named = BTreeSet::new();
    for (name, server) in world.servers.iter() {
        match &server.addresses {
            Some(addresses) => {
                named.extend(addresses.places().iter().map(|address| address.value.0));
            }
            None => hosts.push((Use::Mail, name.0.clone())),
        }
    }
    for (name, server) in world.nameservers.iter() {
        let addresses = server.all_addresses();
        if addresses.is_empty() {
            hosts.push((Use::NameServer, name.0.clone()));
        }
        named.extend(addresses);
    }
    let domains = world.domains.iter().filter_map(|(name, domain)| {
        let host = name.prefixed("mta-sts").ok()?;
        Some((host, &domain.policy.as_ref()?.value))
    });
    let shared = world
        .hosts
        .iter()
        .map(|(name, host)| (name.0.clone(), host));
    for (name, policy) in domains.chain(shared) {
        let addresses = policy.all_addresses();
        if addresses.is_empty() && policy.cname.is_none() {
            hosts.push((Use::Policy, name));
        }
        named.extend(addresses);
    }
    for (_, name) in world.names.iter().chain(world.wildcards.iter()) {
        named.extend(
            name.addresses
                .iter()
                .flatten()
                .map(|address| address.value.0),
        );
    }
    (hosts, named)
}
