//! A story with the sidecar in the place of each `strict` sender, and from when to when that makes a difference.

use std::time::Instant;

use super::difference::Difference;
use super::memory::Role;
use super::outcome::{AttemptOutcome, Failure, FailureKind, Played, disagreements};
use super::shadow::{Course, Span};
use super::stage::StageError;
use super::{Networks, Outcome, Replayed, play_on_lab, play_on_model, summary};
use crate::facts::UnixTime;
use crate::story::{NetworkKind, Story};

/// Plays a story with the sidecar in the place of each `strict` sender. What the story expects is not compared, for
/// it was written of the senders; where the two networks disagree is a failure.
///
/// # Errors
///
/// When its state cannot be laid out on a stage.
pub async fn replay_beside(story: &Story, networks: Networks) -> Result<Replayed, StageError> {
    let began = Instant::now();
    let (mut model, mut lab) = (None, None);
    let mut courses = Vec::new();
    let mut differences = Vec::new();
    if super::is_played(story, networks, NetworkKind::Model) {
        let (_, told) = play_on_model(story, Role::AsTold).await?;
        let (played, beside) = play_on_model(story, Role::Sidecar).await?;
        differences = compare(&told, &beside);
        courses = beside;
        model = Some(played);
    }
    if super::is_played(story, networks, NetworkKind::Lab) {
        let played = play_on_lab(story, Role::Sidecar).await?;
        if model.is_none() {
            let told = play_on_lab(story, Role::AsTold).await?;
            differences = compare_attempts(&told, &played);
        }
        lab = Some(played);
    }
    let disagreements = match (&model, &lab) {
        (Some(model), Some(lab)) => disagreements(model, lab),
        _ => Vec::new(),
    };
    let drop_expectations = |played: Played| Played {
        failures: played
            .failures
            .into_iter()
            .filter(is_not_expected)
            .collect(),
        ..played
    };
    let played = (model.map(drop_expectations), lab.map(drop_expectations));
    let mut replayed = summary(story, played, disagreements, courses, began);
    replayed.sidecar = Some(differences);
    // What is known to fail is an expectation.
    replayed.xfail = None;
    if replayed.outcome != Outcome::Skipped {
        replayed.outcome = if replayed.failures.is_empty() {
            Outcome::Holds
        } else {
            Outcome::Fails
        };
    }
    Ok(replayed)
}

fn is_not_expected(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::Expectation => false,
        FailureKind::Harness => true,
    }
}

/// Returns from when to when two courses of the same senders differ.
fn compare(told: &[Course], beside: &[Course]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (told, beside) in told.iter().zip(beside) {
        let mut starts: Vec<UnixTime> = [told, beside]
            .into_iter()
            .flat_map(|course| course.spans.iter().map(|span| span.from))
            .collect();
        starts.sort();
        starts.dedup();
        let ends = starts.iter().skip(1).copied().map(Some).chain([None]);
        for (from, until) in starts.iter().copied().zip(ends) {
            let (Some(strict), Some(sidecar)) = (at(told, from), at(beside, from)) else {
                continue;
            };
            if strict.verdict == sidecar.verdict {
                continue;
            }
            differences.push(Difference {
                sender: told.sender.clone(),
                domain: told.domain.clone(),
                from,
                until,
                strict: strict.verdict,
                sidecar: sidecar.verdict,
                because: because(beside, from),
            });
        }
    }
    differences
}

fn at(course: &Course, moment: UnixTime) -> Option<&Span> {
    course.spans.iter().rev().find(|span| span.from <= moment)
}

fn because(course: &Course, moment: UnixTime) -> Box<str> {
    course
        .held
        .iter()
        .rev()
        .find(|(at, _)| *at <= moment)
        .map(|(_, held)| held.clone())
        .unwrap_or_default()
}

/// Returns which attempts of the same messages differ: of a story that has no course.
fn compare_attempts(told: &Played, beside: &Played) -> Vec<Difference> {
    let attempts = |played: &Played| -> Vec<(UnixTime, AttemptOutcome)> {
        played
            .moments
            .iter()
            .flat_map(|moment| {
                moment
                    .attempts
                    .iter()
                    .map(|attempt| (moment.at, attempt.clone()))
            })
            .collect()
    };
    attempts(told)
        .into_iter()
        .zip(attempts(beside))
        .filter(|((_, strict), (_, sidecar))| strict.verdict != sidecar.verdict)
        .map(|((at, strict), (_, sidecar))| Difference {
            sender: strict.sender.clone(),
            domain: strict.domain.clone(),
            from: at,
            until: Some(at),
            strict: strict.verdict,
            sidecar: sidecar.verdict,
            because: sidecar.reason.to_string().into(),
        })
        .collect()
}
