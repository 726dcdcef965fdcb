//! From what a file says to what holds: every default filled in.

mod context;
mod hosts;
mod policy;
mod report_names;
mod senders;
mod zones;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::addresses::Use;
use super::file::WorldTables;
use super::problem::Problems;
use crate::facts::DnsName;
use crate::fakes::{self, Internet};
use crate::story::State;

pub(super) use self::context::Context;
pub(super) use self::hosts::end_of_aliases;
use self::policy::policy_body;
pub(super) use self::senders::deadlines;
pub(super) use self::zones::parse_mx;

/// A resolver with the world that it sees.
#[derive(Debug)]
pub(super) struct View {
    /// Its name.
    pub(super) name: String,
    /// The world with the resolver's `set` laid over it.
    pub(super) world: WorldTables,
}

/// Resolves a world; what cannot be is a problem.
pub(super) fn resolve(
    world: &WorldTables,
    views: &[View],
    context: Context<'_>,
    problems: &mut Problems<'_>,
) -> State {
    let dns = zones::build(world, context, problems);
    let views = world
        .resolvers
        .iter()
        .map(|(name, table)| {
            let view = fakes::View {
                fault: zones::fault_of(table.rcode, table.silence),
                ..zones::build(seen_by(name, world, views), context, problems)
            };
            (name.as_str().into(), view)
        })
        .collect();
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
            views,
            https: hosts.into_iter().flat_map(|host| host.edges).collect(),
            smtp: hosts::receivers(world, context),
        }),
    }
}

/// Returns the world that a resolver sees.
fn seen_by<'w>(name: &str, world: &'w WorldTables, views: &'w [View]) -> &'w WorldTables {
    views
        .iter()
        .find(|view| view.name == name)
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
