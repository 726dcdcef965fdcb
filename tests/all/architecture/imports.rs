//! Which room may use which.

use std::collections::BTreeSet;

use super::source::Source;

/// The rooms in rows: a room uses those of the rows below its own.
const ORDER: [&[&str]; 8] = [
    &["cli"],
    &["report"],
    &["diagnose", "replay", "scenario"],
    &["model", "net", "store"],
    &["sender"],
    &["dns_cache", "sts", "tlsrpt"],
    &["clock"],
    &["facts"],
];

/// The fake Internet stands outside the rows: a bug in our own code cannot hide in it.
const WORLD: &str = "world";

/// All that the fake Internet uses of ours.
const WORLD_USES: (&str, Option<&str>) = ("facts", Some("UnixTime"));

/// The rooms that may use the fake Internet.
const WORLD_USERS: [&str; 2] = ["cli", "replay"];

/// What the rows forbid and is right: user, used, why.
const EXEMPTIONS: [(&str, &str, &str); 4] = [
    (
        "tlsrpt",
        "sts",
        "the result types of RFC 8460 name the faults that RFC 8461 finds",
    ),
    ("replay", "scenario", "what is played is a scenario"),
    (
        "replay",
        "diagnose",
        "`step.check` runs the same check as the command line",
    ),
    (
        "scenario",
        "diagnose",
        "the findings that a check expects are named by their codes",
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
        _ => user == WORLD && used == WORLD_USES.0,
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

#[test]
fn the_fake_internet_uses_nothing_of_ours_but_a_moment() {
    let uses: BTreeSet<(String, Option<String>)> = Source::library()
        .iter()
        .filter(|source| source.room() == WORLD)
        .flat_map(Source::crate_paths)
        .filter(|(room, _)| room != WORLD)
        .collect();
    let (room, name) = WORLD_USES;
    let expected = [(room.to_owned(), name.map(str::to_owned))];
    assert_eq!(uses, BTreeSet::from(expected));
}
