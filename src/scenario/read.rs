//! From a file's text to its tables, step by step.
//!
//! Each step's world is the one before it, `unset` taken away and `set` laid over. Every domain, server,
//! sender, step and expectation is decoded on its own, so that a mistake in one hides none in another.

use std::net::IpAddr;

use serde::de::DeserializeOwned;

use super::decode::decode;
use super::file::{
    Addresses, CheckTable, ExpectTable, Head, PolicyTable, ScenarioFile, ServerTable, StepTable,
    WorldTables,
};
use super::located::{Located, Named, Origin, Text};
use super::problem::Problems;
use super::resolve::View;
use super::tree::{self, Entry, Node, Table, Value};
use super::words::{nearest, one_of};

/// The most steps that a scenario may have, and the most entries of one kind: far more than a story needs,
/// few enough that a mistaken file ends soon.
const MAX_ENTRIES: usize = 500;

/// A file with the world after each of its steps.
#[derive(Debug)]
pub(super) struct Reading {
    /// The file as it stands.
    pub(super) file: ScenarioFile,
    /// The world after each step, in the order of the steps.
    pub(super) worlds: Vec<World>,
}

/// The world at one moment.
#[derive(Debug)]
pub(super) struct World {
    /// What it holds.
    pub(super) tables: WorldTables,
    /// What the resolvers see that see something else.
    pub(super) views: Vec<View>,
}

impl World {
    /// Returns the world as it is, then as each resolver sees it that sees something else.
    pub(super) fn all(&self) -> impl Iterator<Item = &WorldTables> {
        let views = self.views.iter().map(|view| &view.world);
        [&self.tables].into_iter().chain(views)
    }
}

/// Reads a file; `None` if a part is missing without which the rest means nothing.
pub(super) fn read(text: &str, problems: &mut Problems<'_>) -> Option<Reading> {
    let (mut document, errors) = tree::parse(text);
    if !errors.is_empty() {
        for error in errors {
            problems.push(error.origin, error.message);
        }
        return None;
    }
    let steps = document.take("step");
    let head = take_head(&mut document, problems);
    let world = read_tables(&document, problems);
    unknown_keys(&document, problems);
    let (steps, worlds) = match steps {
        Some(entry) => read_steps(&entry, document, problems),
        None => {
            problems.push_with_help(
                Origin::default(),
                "the scenario has no step",
                "write `[[step]]` with `at = \"0s\"` and what must then hold",
            );
            (Vec::new(), Vec::new())
        }
    };
    Some(Reading {
        file: ScenarioFile {
            head: head?,
            world,
            steps,
        },
        worlds,
    })
}

fn take_head(document: &mut Table, problems: &mut Problems<'_>) -> Option<Head> {
    let entries = Head::KEYS
        .iter()
        .filter_map(|key| document.take(key))
        .collect();
    let node = Node {
        origin: Origin::default(),
        value: Value::Table(Table { entries }),
    };
    decode(&node, problems.mistakes())
}

fn unknown_keys(document: &Table, problems: &mut Problems<'_>) {
    let known = || {
        let keys = Head::KEYS.iter().chain(WorldTables::KEYS);
        keys.copied().chain(["step"])
    };
    for entry in &document.entries {
        if known().any(|key| key == entry.key) {
            continue;
        }
        let help = match nearest(&entry.key, known()) {
            Some(key) => format!("did you mean `{key}`?"),
            None => format!("expected {}", one_of(known())),
        };
        let key: String = entry.key.chars().take(64).collect();
        problems.push_with_help(entry.key_origin, format!("unknown key `{key}`"), help);
    }
}

fn read_steps(
    entry: &Entry,
    mut world: Table,
    problems: &mut Problems<'_>,
) -> (Vec<Located<StepTable>>, Vec<World>) {
    let Value::Array(nodes) = &entry.node.value else {
        problems.push_with_help(
            entry.key_origin,
            format!(
                "`step` is {}, not a list of tables",
                entry.node.value.kind()
            ),
            "write each step under `[[step]]`",
        );
        return (Vec::new(), Vec::new());
    };
    if nodes.len() > MAX_ENTRIES {
        problems.push(
            entry.key_origin,
            format!("{} steps are more than {MAX_ENTRIES}", nodes.len()),
        );
        return (Vec::new(), Vec::new());
    }
    let mut steps = Vec::new();
    let mut worlds = Vec::new();
    for node in nodes {
        let Some((step, set)) = read_step(node, problems) else {
            continue;
        };
        for path in step.unset.iter() {
            unset(&mut world, path, problems);
        }
        if let Some(set) = set {
            world.merge(&set);
        }
        steps.push(step);
        worlds.push(read_world(&world, problems));
    }
    (steps, worlds)
}

fn unset(world: &mut Table, path: &Located<String>, problems: &mut Problems<'_>) {
    match tree::parse_path(path) {
        None => problems.push_with_help(
            path.origin,
            format!("`{}` is no path", path.chars().take(80).collect::<String>()),
            "write it as in `domains.\"corp.test\".txt`",
        ),
        Some(keys) => {
            if !world.unset(&keys) {
                problems.push(
                    path.origin,
                    format!(
                        "there is no `{}` to take away",
                        path.chars().take(80).collect::<String>()
                    ),
                );
            }
        }
    }
}

/// Reads a step without its `set`, which comes back as a tree.
fn read_step(
    node: &Node,
    problems: &mut Problems<'_>,
) -> Option<(Located<StepTable>, Option<Table>)> {
    let Value::Table(table) = &node.value else {
        problems.push(
            node.origin,
            format!("a step is {}, not a table", node.value.kind()),
        );
        return None;
    };
    let mut table = table.clone();
    let set = table
        .take("set")
        .and_then(|entry| read_set(entry, problems));
    let expect = table.take("expect");
    let check = table.take("check");
    let flush = table.take("flush");
    let rest = Node {
        origin: node.origin,
        value: Value::Table(table),
    };
    let step: Option<StepTable> = decode(&rest, problems.mistakes());
    let expect = read_list::<ExpectTable>(expect, problems);
    let check = read_list::<CheckTable>(check, problems);
    let flush = read_list::<ExpectTable>(flush, problems);
    let step = StepTable {
        expect,
        check,
        flush,
        ..step?
    };
    let step = Located {
        value: step,
        origin: node.origin,
    };
    Some((step, set))
}

fn read_set(entry: Entry, problems: &mut Problems<'_>) -> Option<Table> {
    match entry.node.value {
        Value::Table(table) => {
            for entry in &table.entries {
                if !WorldTables::KEYS.contains(&entry.key.as_str()) {
                    let key: String = entry.key.chars().take(64).collect();
                    problems.push_with_help(
                        entry.key_origin,
                        format!("`set` cannot change `{key}`"),
                        format!("expected {}", one_of(WorldTables::KEYS.iter().copied())),
                    );
                }
            }
            held_before_the_start(&table, problems);
            alternatives(&table, problems);
            Some(table)
        }
        other => {
            problems.push(
                entry.node.origin,
                format!("`set` is {}, not a table", other.kind()),
            );
            None
        }
    }
}

/// A step cannot change what a sender held before the story began.
fn held_before_the_start(set: &Table, problems: &mut Problems<'_>) {
    let Some(Value::Table(senders)) = set.get("senders").map(|node| &node.value) else {
        return;
    };
    for sender in &senders.entries {
        if let Value::Table(table) = &sender.node.value
            && let Some(cached) = table.entry("cached")
        {
            problems.push_with_help(
                cached.key_origin,
                "a step cannot change what a sender held before the start",
                "write `cached` under `[senders]` at the top of the file",
            );
        }
    }
}

fn read_list<T: DeserializeOwned>(
    entry: Option<Entry>,
    problems: &mut Problems<'_>,
) -> Vec<Located<T>> {
    let Some(entry) = entry else {
        return Vec::new();
    };
    let nodes = match entry.node.value {
        Value::Array(nodes) => nodes,
        _ => vec![entry.node],
    };
    nodes
        .iter()
        .filter_map(|node| {
            empty_values(node, problems);
            decode(node, problems.mistakes())
        })
        .collect()
}

/// Finds values that look like an expectation and hold for anything; only `result_type = []` says something.
fn empty_values(node: &Node, problems: &mut Problems<'_>) {
    let Value::Table(table) = &node.value else {
        return;
    };
    for entry in &table.entries {
        let (kind, help) = match &entry.node.value {
            Value::Array(elements) if elements.is_empty() && entry.key != "result_type" => {
                ("an empty list", "name what is meant, or take the key away")
            }
            Value::String(text) if text.is_empty() => {
                ("an empty text", "say what is meant, or take the key away")
            }
            Value::Array(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Float(_)
            | Value::Integer(_)
            | Value::LargeInteger(_)
            | Value::String(_)
            | Value::Table(_) => continue,
        };
        let key: String = entry.key.chars().take(64).collect();
        problems.push_with_help(entry.node.origin, format!("`{key}` is {kind}"), help);
    }
}

/// Reads the world at one moment.
fn read_world(table: &Table, problems: &mut Problems<'_>) -> World {
    World {
        tables: read_tables(table, problems),
        views: views(table, problems),
    }
}

fn read_tables(table: &Table, problems: &mut Problems<'_>) -> WorldTables {
    alternatives(table, problems);
    beside_an_alias(table, problems);
    WorldTables {
        domains: named(table, "domains", problems),
        hosts: named(table, "hosts", problems),
        names: named(table, "names", problems),
        servers: named(table, "servers", problems),
        senders: named(table, "senders", problems),
        resolvers: named(table, "resolvers", problems),
    }
}

fn named<K: DeserializeOwned, T: DeserializeOwned>(
    world: &Table,
    key: &str,
    problems: &mut Problems<'_>,
) -> Named<K, T> {
    let Some(node) = world.get(key) else {
        return Named::default();
    };
    let Value::Table(table) = &node.value else {
        problems.push(
            node.origin,
            format!("`{key}` is {}, not a table", node.value.kind()),
        );
        return Named::default();
    };
    if table.entries.len() > MAX_ENTRIES {
        problems.push(
            node.origin,
            format!("{} {key} are more than {MAX_ENTRIES}", table.entries.len()),
        );
        return Named::default();
    }
    let entries = table.entries.iter().filter_map(|entry| {
        let key = Node {
            origin: entry.key_origin,
            value: Value::String(entry.key.clone()),
        };
        let key = decode(&key, problems.mistakes());
        let value = decode(&entry.node, problems.mistakes());
        Some((key?, value?))
    });
    Named(entries.collect())
}

/// Returns the worlds that resolvers see which lay something over the common one.
fn views(world: &Table, problems: &mut Problems<'_>) -> Vec<View> {
    let Some(Value::Table(resolvers)) = world.get("resolvers").map(|node| &node.value) else {
        return Vec::new();
    };
    let mut views = Vec::new();
    for entry in &resolvers.entries {
        let Value::Table(resolver) = &entry.node.value else {
            continue;
        };
        let Some(Value::Table(set)) = resolver.get("set").map(|node| &node.value) else {
            continue;
        };
        let mut seen = world.clone();
        seen.merge(set);
        views.push(View {
            name: entry.key.clone(),
            world: read_tables(&seen, problems),
        });
    }
    views
}

/// Finds keys of a policy host that is an alias: what belongs to a host, the alias's target has.
fn beside_an_alias(world: &Table, problems: &mut Problems<'_>) {
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
fn alternatives(table: &Table, problems: &mut Problems<'_>) {
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
