//! Slips of the pen, a bracket or quotes left out: each is reported once, and the file read on as if it were right.

use super::file::{Head, WorldTables};
use super::located::Origin;
use super::problem::Problems;
use super::tree::{Entry, Node, Table, Value};
use super::words::{nearest, one_of};

/// The tables whose keys are names in the DNS, each with the keys that have tables below such a name.
const NAMED: [(&str, &[&str]); 4] = [
    ("domains", &["txt", "policy", "mx", "tlsrpt"]),
    ("hosts", &["certificate", "headers", "edges", "a", "aaaa"]),
    ("names", &["txt", "mx", "a", "aaaa"]),
    (
        "servers",
        &["addresses", "certificate", "tlsa", "a", "aaaa"],
    ),
];

/// Returns where a `[step]` stands that should be `[[step]]`, if one does.
pub(super) fn single_step(text: &str) -> Option<Origin> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default().trim();
        if code == "[step]" {
            return Some(Origin {
                start,
                end: start + line.len(),
            });
        }
        start += line.len();
    }
    None
}

/// Finds keys that no scenario has; one that is near a key is read as that key.
pub(super) fn unknown_keys(document: &mut Table, problems: &mut Problems<'_>) {
    let known = || {
        let keys = Head::KEYS.iter().chain(WorldTables::KEYS);
        keys.copied().chain(["step"])
    };
    let mut wrong = Vec::new();
    for entry in &document.entries {
        if known().any(|key| key == entry.key) {
            continue;
        }
        let near = nearest(&entry.key, known());
        let help = match near {
            Some(key) => format!("did you mean `{key}`?"),
            None => format!("expected {}", one_of(known())),
        };
        let key: String = entry.key.chars().take(64).collect();
        problems.push_with_help(entry.key_origin, format!("unknown key `{key}`"), help);
        wrong.push((entry.key.clone(), near));
    }
    for (key, near) in wrong {
        if let (Some(entry), Some(near)) = (document.take(&key), near) {
            document.merge(&Table {
                entries: vec![Entry {
                    key: near.to_owned(),
                    ..entry
                }],
            });
        }
    }
}

/// Joins names that stand without quotes: TOML makes a table in a table of them.
pub(super) fn join_names(world: &mut Table, problems: &mut Problems<'_>) {
    for (section, keys) in NAMED {
        let Some(Value::Table(table)) = world.get_mut(section).map(|node| &mut node.value) else {
            continue;
        };
        for entry in std::mem::take(&mut table.entries) {
            if entry.key.contains('.') {
                table.merge(&Table {
                    entries: vec![entry],
                });
                continue;
            }
            let mut joined = Vec::new();
            join(&entry, entry.key.clone(), keys, &mut joined);
            for named in &joined {
                if named.key != entry.key {
                    let name: String = named.key.chars().take(80).collect();
                    problems.push_with_help(
                        entry.key_origin,
                        format!("the dots of `{name}` take it apart"),
                        format!("write it in quotes: `{section}.\"{name}\"`"),
                    );
                }
            }
            table.merge(&Table { entries: joined });
        }
    }
}

/// Gathers what stands below an entry under the names that its keys make together.
fn join(entry: &Entry, name: String, keys: &[&str], joined: &mut Vec<Entry>) {
    let mut parts = Vec::new();
    let mut rest = Vec::new();
    for inner in entry
        .node
        .value
        .as_table()
        .into_iter()
        .flat_map(|table| &table.entries)
    {
        if inner.node.value.as_table().is_some() && !keys.contains(&inner.key.as_str()) {
            parts.push(inner);
        } else {
            rest.push(inner.clone());
        }
    }
    for part in &parts {
        join(part, format!("{name}.{}", part.key), keys, joined);
    }
    if parts.is_empty() {
        joined.push(Entry {
            key: name,
            ..entry.clone()
        });
    } else if !rest.is_empty() {
        joined.push(Entry {
            key: name,
            key_origin: entry.key_origin,
            node: Node {
                origin: entry.node.origin,
                value: Value::Table(Table { entries: rest }),
            },
        });
    }
}
