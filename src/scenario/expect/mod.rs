//! From what steps expect, as written, to what must hold; what can never hold is a problem.

mod check;
mod receivers;
mod requests;
mod resolver;

use std::collections::BTreeSet;

pub(super) use self::receivers::Receivers;
use self::resolver::Resolver;
use super::file::StepTable;
use super::located::Origin;
use super::problem::Problems;
use super::read::Reading;
use crate::story::{CheckExpectation, Expectation, Moment, State};

/// What one step expects.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) flush: Vec<Expectation>,
    pub(super) expect: Vec<Expectation>,
    pub(super) check: Vec<CheckExpectation>,
}

/// What lies around a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// The moments before it.
    pub(super) before: &'a [Moment],
    /// Who receives requests, at whichever moment.
    pub(super) receivers: &'a Receivers,
}

/// Looks up what a step expects in the state that then holds.
pub(super) fn resolve(
    step: &StepTable,
    state: &State,
    around: Around<'_>,
    problems: &mut Problems<'_>,
) -> Expected {
    let mut resolver = Resolver {
        state,
        receivers: around.receivers,
        problems,
    };
    let flush = step.flush.iter().filter_map(|table| {
        let expectation = resolver.expectation(table)?;
        if let Some(mail) = &table.mail {
            resolver.problems.push_with_help(
                mail.origin,
                "what waits is what it was when it was fresh",
                "take `mail` away",
            );
        }
        resolver.something_waits(&expectation, table.origin, around.before);
        Some(expectation)
    });
    let flush = flush.collect();
    let expect = step.expect.iter();
    let expect = expect.filter_map(|table| resolver.expectation(table));
    let expect = expect.collect();
    let check = step.check.iter();
    let check = check.filter_map(|table| resolver.check(table));
    let check = check.collect();
    Expected {
        flush,
        expect,
        check,
    }
}

/// Finds stories that expect nothing, and senders of which nothing is ever expected.
pub(super) fn unused(reading: &Reading, moments: &[Moment], problems: &mut Problems<'_>) {
    let expected = moments
        .iter()
        .flat_map(|moment| moment.expect.iter().chain(&moment.flush));
    let used: BTreeSet<&str> = expected
        .flat_map(|expectation| expectation.senders.iter().map(|name| &**name))
        .collect();
    if !problems.is_empty() {
        // Another mistake may be why nothing is expected.
        return;
    }
    if used.is_empty() {
        if moments.iter().all(|moment| moment.check.is_empty()) {
            problems.push_with_help(
                Origin::default(),
                "the scenario expects nothing",
                "add `[[step.expect]]` with a `verdict`, or a `[[step.check]]`",
            );
        }
        return;
    }
    for world in &reading.worlds {
        for (name, _) in world.tables.senders.iter() {
            if !used.contains(name.as_str()) {
                problems.push_with_help(
                    name.origin,
                    format!("nothing is expected of the sender `{}`", name.value),
                    "expect something of it, or take it away",
                );
            }
        }
    }
}
