//! Keys that stand where they say nothing, or beside one that says the same.

use std::net::IpAddr;

use super::file::{Addresses, PolicyTable, ServerTable, WorldTables};
use super::located::{Located, Origin, Text};
use super::problem::Problems;
use super::tree::{self, Table, Value};

/// Finds keys of a policy host that is an alias: what belongs to a host, the alias's target has.
pub(super) fn beside_an_alias(world: &Table, problems: &mut Problems<'_>) {
    let tables = |key: &str| {
        let node = world.get(key).and_then(|node| node.value.as_table());
        node.into_iter()
            .flat_map(|table| &table.entries)
            .filter_map(|entry| entry.node.value.as_table())
    };
    let policies = tables("domains").filter_map(|domain| domain.get("policy")?.value.as_table());
    let of_a_domain = policies.map(|policy| (policy, &PolicyTable::OF_A_HOST_ALONE[..]));
    let of_a_host = tables("hosts").map(|host| (host, &PolicyTable::OF_A_HOST_AND_ITS_POLICY[..]));
    for (table, keys) in of_a_domain.chain(of_a_host) {
        let Some(Value::String(target)) = table.get("cname").map(|node| &node.value) else {
            continue;
        };
        for entry in &table.entries {
            if keys.contains(&entry.key.as_str()) {
                let target: String = target.chars().take(80).collect();
                problems.push_with_help(
                    entry.key_origin,
                    format!("`{}` belongs to the host that `cname` names", entry.key),
                    format!("write it under `[hosts.\"{target}\"]`"),
                );
            }
        }
    }
}

/// Finds tables that say one thing in two ways.
pub(super) fn alternatives(table: &Table, problems: &mut Problems<'_>) {
    if let Some((first, second)) = tree::conflicting(table) {
        problems.push_with_help(
            second.key_origin,
            format!("`{}` stands beside `{}`", second.key, first.key),
            "they say one thing in different ways: keep one of them",
        );
    }
    for entry in &table.entries {
        if let Value::Table(inner) = &entry.node.value {
            alternatives(inner, problems);
        }
    }
}

/// Returns keys of a table that do not belong where it stands.
pub(super) fn misplaced(
    tables: &WorldTables,
) -> impl Iterator<Item = (Origin, &'static str, &'static str)> {
    let edges = tables
        .domains
        .iter()
        .filter_map(|(_, domain)| domain.policy.as_ref().map(|policy| &policy.value))
        .chain(tables.hosts.iter().map(|(_, host)| host))
        .flat_map(|policy| policy.edges.iter())
        .flat_map(|(address, edge)| {
            PolicyTable::NOT_OF_AN_EDGE
                .iter()
                .filter(|key| edge.has(key))
                .map(|key| (address.origin, *key, "an edge"))
        });
    let addresses = tables
        .servers
        .iter()
        .flat_map(|(_, server)| server.overrides())
        .flat_map(|(address, server)| {
            ServerTable::NOT_OF_AN_ADDRESS
                .iter()
                .filter(|key| server.has(key))
                .map(|key| (address.origin, *key, "one address"))
        });
    edges.chain(addresses)
}

impl PolicyTable {
    /// Returns whether a key is set that belongs to the host as a whole.
    fn has(&self, key: &str) -> bool {
        match key {
            "cname" => self.cname.is_some(),
            "addresses" => self.addresses.is_some(),
            "edges" => !self.edges.is_empty(),
            "a" => self.a.is_some(),
            "aaaa" => self.aaaa.is_some(),
            "ttl" => self.ttl.is_some(),
            _ => false,
        }
    }
}

impl ServerTable {
    /// Returns the addresses that say something of their own.
    fn overrides(&self) -> impl Iterator<Item = &(Located<Text<IpAddr>>, Self)> {
        let table = match self.addresses.as_ref().map(|addresses| &addresses.value) {
            Some(Addresses::Table(table)) => Some(table),
            Some(Addresses::List(_)) | None => None,
        };
        table.into_iter().flat_map(|table| table.iter())
    }

    /// Returns whether a key is set that belongs to the host as a whole.
    fn has(&self, key: &str) -> bool {
        match key {
            "addresses" => self.addresses.is_some(),
            "ttl" => self.ttl.is_some(),
            "tlsa" => self.tlsa.is_some(),
            "a" => self.a.is_some(),
            "aaaa" => self.aaaa.is_some(),
            _ => false,
        }
    }
}
