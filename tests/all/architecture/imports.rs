//! Which room may use which.

use std::collections::BTreeSet;

use super::source::Source;

/// The rooms in rows: a room uses those of the rows below its own.
const ORDER: [&[&str]; 11] = [
    &["cli"],
    &["report"],
    &["audit", "sidecar"],
    &["diagnose", "replay", "scenario"],
    &["story"],
    &["keeper"],
    &["model", "net", "store"],
    &["sender"],
    &["dns_cache", "sts", "tlsrpt"],
    &["clock", "fakes"],
    &["facts"],
];

/// The fake Internet stands outside the rows: a bug in our own code cannot hide in it.
const WORLD: &str = "world";

/// All that the fake Internet uses of ours, but for its vocabulary.
const WORLD_USES: [(&str, &str); 1] = [("facts", "UnixTime")];

/// The vocabulary of the fake Internet, which has no part in the protocols either.
const FAKES: &str = "fakes";

/// All that the vocabulary uses of ours.
const FAKES_USES: [(&str, &str); 2] = [("facts", "DnsName"), ("facts", "UnixTime")];

/// The rooms that may use the fake Internet.
const WORLD_USERS: [&str; 3] = ["audit", "cli", "replay"];

/// What the rows forbid and is right: user, used, why.
const EXEMPTIONS: [(&str, &str, &str); 5] = [
    (
        "tlsrpt",
        "sts",
        "the result types of RFC 8460 name the faults that RFC 8461 finds",
    ),
    (
        "replay",
        "scenario",
        "spans of time are written as scenarios write them",
    ),
    (
        "replay",
        "diagnose",
        "`step.check` runs the same check as the command line",
    ),
    (
        "scenario",
        "diagnose",
        "the findings that a check expects are named by their codes, and what it is told is meant",
    ),
    (
        "story",
        "diagnose",
        "the findings that a check expects are named by their codes, and what it is told is meant",
    ),
];

/// Returns each edge between two rooms, with a file that has it.
fn edges() -> Vec<(String, String, String)> {
    let mut edges = Vec::new();
    for source in Source::library() {
        let user = source.room();
        for (used, _) in source.crate_paths() {
            if used != user {
                edges.push((user.clone(), used, source.path.display().to_string()));
            }
        }
    }
    edges
}

fn row(room: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&room))
}

fn is_allowed(user: &str, used: &str) -> bool {
    if used == WORLD {
        return WORLD_USERS.contains(&user);
    }
    match (row(user), row(used)) {
        (Some(user), Some(used)) => user < used,
        _ => user == WORLD && (used == FAKES || WORLD_USES.iter().any(|(room, _)| *room == used)),
    }
}

#[test]
fn rooms_use_the_rows_below_their_own() {
    let mut wrong = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for (user, used, file) in edges() {
        if is_allowed(&user, &used) {
            continue;
        }
        let is_this =
            |exemption: &&(&str, &str, &str)| (exemption.0, exemption.1) == (&*user, &*used);
        match EXEMPTIONS.iter().find(is_this) {
            Some(exemption) => needed.extend([exemption]),
            None => wrong.extend([format!("{file}: `{user}` may not use `{used}`")]),
        }
    }
    assert_eq!(wrong, BTreeSet::new());
    assert_eq!(
        needed,
        EXEMPTIONS.iter().collect(),
        "the exemptions that somebody needs"
    );
}

#[test]
fn each_room_has_a_row() {
    let known: BTreeSet<String> = ORDER
        .concat()
        .into_iter()
        .chain([WORLD])
        .map(str::to_owned)
        .collect();
    let rooms: BTreeSet<String> = Source::library().iter().map(Source::room).collect();
    assert_eq!(rooms, known);
}

/// Returns what a room uses of the others.
fn uses_of(room: &str) -> BTreeSet<(String, Option<String>)> {
    Source::library()
        .iter()
        .filter(|source| source.room() == room)
        .flat_map(Source::crate_paths)
        .filter(|(used, _)| used != room)
        .collect()
}

fn expected(uses: &[(&str, &str)]) -> BTreeSet<(String, Option<String>)> {
    uses.iter()
        .map(|(room, name)| ((*room).to_owned(), Some((*name).to_owned())))
        .collect()
}

#[test]
fn the_fake_internet_uses_nothing_of_ours_but_a_moment() {
    let mut uses = uses_of(WORLD);
    uses.retain(|(used, _)| used != FAKES);
    assert_eq!(uses, expected(&WORLD_USES));
}

#[test]
fn its_vocabulary_uses_nothing_of_ours_but_a_moment_and_a_name() {
    assert_eq!(uses_of(FAKES), expected(&FAKES_USES));
}
