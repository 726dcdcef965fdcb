//! From a file's text to its tables, step by step.
//!
//! Each step's world is the one before it, `unset` taken away and `set` laid over. Every domain, server,
//! sender, step and expectation is decoded on its own, so that a mistake in one hides none in another.

use serde::de::DeserializeOwned;

use super::decode::decode;
use super::file::{Head, ScenarioFile, StepTable, WorldTables};
use super::located::{Located, Named, Origin};
use super::misplaced::{alternatives, beside_an_alias};
use super::problem::Problems;
use super::resolve::{View, Viewer};
use super::slips;
use super::span::TimeSpan;
use super::tree::{self, Entry, Node, Table, Value};
use super::words::one_of;

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
        match slips::single_step(text) {
            Some(origin) => problems.push_with_help(
                origin,
                "`[step]` is one table, and a scenario has a list of steps",
                "write `[[step]]`",
            ),
            None => {
                for error in errors {
                    problems.push(error.origin, error.message);
                }
            }
        }
        return None;
    }
    slips::unknown_keys(&mut document, problems);
    slips::join_names(&mut document, problems);
    let steps = document.take("step");
    let head = take_head(&mut document, problems);
    let world = read_tables(&document, problems);
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
    let mut steps: Vec<Located<StepTable>> = Vec::new();
    let mut worlds = Vec::new();
    for node in nodes {
        let before = steps.last().map(|step| step.at.value);
        let Some((step, set)) = read_step(node, before, problems) else {
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
                problems.push_with_help(
                    path.origin,
                    format!(
                        "there is no `{}` to take away",
                        path.chars().take(80).collect::<String>()
                    ),
                    "write names in quotes, as in `domains.\"corp.test\".txt`",
                );
            }
        }
    }
}

/// Reads a step without its `set`, which comes back as a tree.
///
/// One whose time cannot be read is taken to come right after the step `before`.
fn read_step(
    node: &Node,
    before: Option<TimeSpan>,
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
    let step = step.unwrap_or_else(|| StepTable::at(TimeSpan::just_after(before), node.origin));
    let step = StepTable {
        expect: read_list(expect, &OF_MAIL, problems),
        check: read_list(check, &OF_A_CHECK, problems),
        flush: read_list(flush, &OF_MAIL, problems),
        ..step
    };
    let step = Located {
        value: step,
        origin: node.origin,
    };
    Some((step, set))
}

fn read_set(entry: Entry, problems: &mut Problems<'_>) -> Option<Table> {
    match entry.node.value {
        Value::Table(mut table) => {
            slips::join_names(&mut table, problems);
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

/// A kind of expectation, known by its keys.
struct Kind {
    /// What it is about; these expect nothing.
    about: [&'static str; 2],
    /// What to add to one that expects nothing.
    help: &'static str,
}

const OF_MAIL: Kind = Kind {
    about: ["sender", "domain"],
    help: "add a `verdict`",
};

const OF_A_CHECK: Kind = Kind {
    about: ["class", "domain"],
    help: "add a `verdict`, a `finding`, a `no_finding`, a `place` or an `exit`",
};

fn read_list<T: DeserializeOwned>(
    entry: Option<Entry>,
    kind: &Kind,
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
            empty_values(node, kind, problems);
            decode(node, problems.mistakes())
        })
        .collect()
}

/// Finds tables and values that look like an expectation and hold for anything; only `result_type = []` says something.
fn empty_values(node: &Node, kind: &Kind, problems: &mut Problems<'_>) {
    let Some(table) = node.value.as_table() else {
        return;
    };
    let is_about = |entry: &Entry| kind.about.contains(&entry.key.as_str());
    if table.entries.iter().all(is_about) {
        problems.push_with_help(node.origin, "this expects nothing", kind.help);
    }
    for entry in &table.entries {
        let (kind, help) = match &entry.node.value {
            Value::Array(elements) if elements.is_empty() && entry.key != "result_type" => (
                "an empty list",
                "name what is expected, or take the key away",
            ),
            Value::String(text) if text.is_empty() => (
                "an empty text",
                "say what is expected, or take the key away",
            ),
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
        wildcards: named(table, "wildcards", problems),
        servers: named(table, "servers", problems),
        nameservers: named(table, "nameservers", problems),
        senders: named(table, "senders", problems),
        resolvers: named(table, "resolvers", problems),
    }
}

fn named<K: DeserializeOwned, T: Default + DeserializeOwned>(
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
        // What it says is lost, its name is declared: nothing else need be wrong.
        let value = decode(&entry.node, problems.mistakes()).unwrap_or_default();
        Some((key?, value))
    });
    Named(entries.collect())
}

/// Returns the worlds that resolvers see, and name servers, which lay something over the common one.
fn views(world: &Table, problems: &mut Problems<'_>) -> Vec<View> {
    let mut views = Vec::new();
    for (key, viewer) in [
        ("resolvers", Viewer::Resolver as fn(String) -> Viewer),
        ("nameservers", Viewer::NameServer),
    ] {
        let Some(Value::Table(viewers)) = world.get(key).map(|node| &node.value) else {
            continue;
        };
        for entry in &viewers.entries {
            let Value::Table(table) = &entry.node.value else {
                continue;
            };
            let Some(Value::Table(set)) = table.get("set").map(|node| &node.value) else {
                continue;
            };
            let mut seen = world.clone();
            seen.merge(set);
            views.push(View {
                viewer: viewer(entry.key.clone()),
                world: read_tables(&seen, problems),
            });
        }
    }
    views
}
