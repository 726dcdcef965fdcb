//! The top level, the length of files, and the crate's own description.

use std::collections::BTreeSet;

use super::files::{rust_files, tracked_files};

/// All that stands visibly at the top level.
const TOP_LEVEL: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "docker",
    "scenarios",
    "src",
    "tests",
];

/// The most lines of a file, tests included.
const MAX_LINES: usize = 500;

/// Files that may be longer, and why each is one thing.
const LONG: [(&str, &str); 2] = [
    (
        "src/sts/policy/tests.rs",
        "the grammar's table, line by line",
    ),
    (
        "tests/all/report/text.rs",
        "whole pages of output as snapshots",
    ),
];

#[test]
fn the_top_level_holds_what_a_newcomer_looks_for() {
    let mut entries: BTreeSet<String> = tracked_files()
        .iter()
        .filter_map(|path| path.components().next()?.as_os_str().to_str())
        .filter(|name| !name.starts_with('.'))
        .map(str::to_owned)
        .collect();
    if entries.is_empty() {
        // Without git nobody can say which files belong here; those that must be there can be looked for.
        let is_there = |name: &&str| super::root().join(name).exists();
        entries.extend(TOP_LEVEL.into_iter().filter(is_there).map(str::to_owned));
    }
    assert_eq!(entries, TOP_LEVEL.map(str::to_owned).into());
}

#[test]
fn files_are_short_enough_to_be_read() {
    let mut found = BTreeSet::new();
    for folder in ["src", "tests"] {
        for path in rust_files(folder) {
            let text = std::fs::read_to_string(super::root().join(&path)).unwrap();
            if text.lines().count() > MAX_LINES {
                found.insert(path.to_str().unwrap().to_owned());
            }
        }
    }
    let exempt: BTreeSet<String> = LONG.iter().map(|(path, _why)| (*path).to_owned()).collect();
    let too_long: Vec<_> = found.difference(&exempt).collect();
    assert!(
        too_long.is_empty(),
        "longer than {MAX_LINES} lines: {too_long:?}"
    );
    let unneeded: Vec<_> = exempt.difference(&found).collect();
    assert!(
        unneeded.is_empty(),
        "exemptions that nobody needs: {unneeded:?}"
    );
}

#[test]
fn the_crate_documentation_names_every_room() {
    let text = std::fs::read_to_string(super::root().join("src/lib.rs")).unwrap();
    let documentation: String = text
        .lines()
        .filter(|line| line.starts_with("//!"))
        .collect();
    let rooms = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> = rooms
        .filter(|room| !documentation.contains(&format!("[`{room}`]")))
        .collect();
    assert!(
        missing.is_empty(),
        "src/lib.rs does not describe {missing:?}"
    );
}
