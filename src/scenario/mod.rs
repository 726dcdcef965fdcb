//! Scenarios: migrations and faults written like runbooks, with what must come of each step.
//!
//! [`load`] reads a file whole: the tables ([`mod@file`]) after each step, laid over one another with their
//! places kept ([`tree`]), every default filled in ([`resolve`]), every mistake reported with its line
//! ([`Problem`]). What comes out is a [`Scenario`]: a [`Story`] and its file. The format's reference is `scenarios/README.md`.

mod addresses;
pub(crate) mod decode;
mod expect;
mod file;
mod lint;
pub(crate) mod located;
mod misplaced;
pub(crate) mod problem;
mod read;
mod resolve;
mod schema;
mod slips;
pub mod span;
pub(crate) mod tree;
pub(crate) mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::addresses::Allocation;
use self::expect::{Around, Receivers};
pub use self::file::Encoding;
use self::file::NetworkWord;
use self::located::Origin;
use self::problem::Problems;
pub use self::problem::{Drawing, Ink, LoadError, Problem};
use self::resolve::{Context, Viewer};
pub use self::schema::schema;
use crate::story::{Head, Moment, NetworkKind, OnlyOn, Source, State, Story};

/// The largest scenario file: many times the longest story.
const MAX_FILE_OCTETS: u64 = 1 << 20;

/// A story and its file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scenario {
    /// The file.
    pub file: PathBuf,
    /// The story; its id is the path below `scenarios/`, without `.toml`.
    pub story: Story,
}

/// Reads a scenario file.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file.
pub fn load(path: impl AsRef<Path>) -> Result<Scenario, LoadError> {
    let path = path.as_ref();
    let unreadable = |message| LoadError::from(vec![Problem::of_file(path, message)]);
    let octets = fs::metadata(path)
        .map_err(|error| unreadable(format!("cannot be read: {error}")))?
        .len();
    if octets > MAX_FILE_OCTETS {
        return Err(unreadable(format!(
            "the file has {octets} octets, more than {MAX_FILE_OCTETS}"
        )));
    }
    let text = fs::read(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(text)
        .map_err(|error| unreadable(format!("the file is not UTF-8: {error}")))?;
    load_str(&text, path)
}

/// Reads a scenario from the text of `file`, which need not exist.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the text.
pub fn load_str(text: &str, file: impl AsRef<Path>) -> Result<Scenario, LoadError> {
    let file = file.as_ref();
    let mut problems = Problems::new(text);
    let scenario = read_scenario(text, file, &mut problems);
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(scenario),
        Some(_) | None => Err(problems.into_problems(file).into()),
    }
}

fn read_scenario(text: &str, file: &Path, problems: &mut Problems<'_>) -> Option<Scenario> {
    let reading = read::read(text, problems)?;
    lint::lint(&reading, file, problems);
    let head = &reading.file.head;
    let start = head.start.value.0;
    let mut hosts = Vec::new();
    let mut named = BTreeSet::new();
    for world in &reading.worlds {
        for tables in world.all() {
            let (more_hosts, more_named) = resolve::survey(tables);
            hosts.extend(more_hosts);
            named.extend(more_named);
        }
    }
    let allocation = Allocation::new(hosts, &named);
    let context = Context {
        start,
        allocation: &allocation,
    };
    let mut states: Vec<State> = Vec::new();
    for world in &reading.worlds {
        let mut state = resolve::resolve(&world.tables, &world.views, context, problems);
        resolve::look_back(
            Arc::make_mut(&mut state.internet),
            states.last().map(|before| &*before.internet),
        );
        lint::lint_references(&world.tables, &state.internet.dns, problems);
        for view in &world.views {
            let seen = match &view.viewer {
                Viewer::Resolver(name) => Some(state.view_of(name)),
                Viewer::NameServer(name) => state.said_by(name),
            };
            if let Some(seen) = seen {
                lint::lint_references(&view.world, seen, problems);
            }
        }
        states.push(state);
    }
    let receivers = Receivers::of(&states);
    let mut moments: Vec<Moment> = Vec::new();
    for (step, state) in reading.file.steps.iter().zip(states) {
        let around = Around {
            before: &moments,
            receivers: &receivers,
        };
        let expected = expect::resolve(&step.value, &state, around, problems);
        let after = step.at.forward().unwrap_or_default();
        moments.push(Moment {
            origin: problems.place(step.origin),
            at: start.saturating_add(after),
            after,
            title: step
                .title
                .as_ref()
                .map_or("", |title| title.as_str())
                .into(),
            state,
            flush: expected.flush,
            expect: expected.expect,
            check: expected.check,
        });
    }
    expect::unused(&reading, &moments, problems);
    lint::lint_edges(&reading, &moments, problems);
    if problems.is_empty() {
        lint::lint_unreached(&reading, problems);
    }
    let head = Head {
        id: head.id.as_str().into(),
        title: head.title.as_str().into(),
        rfc: head.rfc.iter().map(|rfc| rfc.as_str().into()).collect(),
        start,
        only_on: head.network.as_ref().map(|limit| OnlyOn {
            network: match limit.only {
                NetworkWord::Lab => NetworkKind::Lab,
                NetworkWord::Model => NetworkKind::Model,
            },
            reason: limit.reason.as_str().into(),
        }),
        xfail: head.xfail.as_ref().map(|reason| reason.as_str().into()),
        source: Source::Text(file.display().to_string().into()),
    };
    if !problems.is_empty() {
        return None;
    }
    match Story::new(head, moments) {
        Ok(story) => Some(Scenario {
            file: file.to_owned(),
            story,
        }),
        Err(error) => {
            problems.push(Origin::default(), error.fault.to_string());
            None
        }
    }
}

/// Reads many files; ids must differ.
///
/// # Errors
///
/// Everything that is wrong with any of them.
pub fn load_all(files: &[PathBuf]) -> Result<Vec<Scenario>, LoadError> {
    let mut scenarios = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        match load(file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(mut found) => problems.append(&mut found.problems),
        }
    }
    problems.append(&mut duplicate_ids(&scenarios));
    if problems.is_empty() {
        Ok(scenarios)
    } else {
        Err(problems.into())
    }
}

/// Finds scenarios that share an id with one before them.
#[must_use]
pub fn duplicate_ids(scenarios: &[Scenario]) -> Vec<Problem> {
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    let mut problems = Vec::new();
    for scenario in scenarios {
        if let Some(other) = seen.insert(&scenario.story.id, &scenario.file) {
            let message = format!("{} has the id `{}` too", other.display(), scenario.story.id);
            problems.push(Problem::of_file(&scenario.file, message));
        }
    }
    problems
}

/// Finds the scenario files at `paths`: files as they are, folders with all below them, sorted.
///
/// # Errors
///
/// When a path does not exist or a folder cannot be read.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, DiscoverError> {
    let mut files = Vec::new();
    for path in paths {
        let mut found = Vec::new();
        discover_below(path, MAX_DEPTH, &mut found)?;
        found.sort();
        files.append(&mut found);
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

/// How deep folders are searched: a link that leads back up must end somewhere.
const MAX_DEPTH: usize = 16;

fn discover_below(
    path: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
) -> Result<(), DiscoverError> {
    let failed = |cause: io::Error| DiscoverError {
        path: path.to_owned(),
        cause,
    };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        if entry.is_dir() {
            discover_below(&entry, depth - 1, files)?;
        } else if entry
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(entry);
        }
    }
    Ok(())
}

/// A path at which no scenarios can be looked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct DiscoverError {
    /// The path.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: io::Error,
}
