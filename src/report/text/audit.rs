//! The score of a sender as text: how many requirements it met, and what was seen of those that it did not.

use super::render::render;
use crate::audit::{Level, Outcome, Score, Scored};
use crate::report::page::{Item, Page, Place};
use crate::report::{Context, Detail, Tone};

/// Returns the score of a sender: all that it did not meet, with every detail also what it did.
#[must_use]
pub fn score(score: &Score, context: &Context) -> String {
    let mut page = Page::new(context);
    let all = score.requirements.len();
    let enforced =
        score.count(Level::Must, Outcome::Enforced) + score.count(Level::Should, Outcome::Enforced);
    page.title(
        worst(score),
        format!(
            "{}: {enforced} of {all} requirements enforced",
            score.sender
        ),
        "",
    );
    if !score.alive {
        page.prose(
            1,
            "It did not deliver what any sender delivers, to a domain where all is well: does it run, does it ask the \
             audit's resolver, does it trust the audit's authority?",
        );
    }
    page.blank();
    let rows = [Level::Must, Level::Should].map(|level| {
        let counts = Outcome::ALL.map(|outcome| score.count(level, outcome).to_string());
        [vec![level.to_string()], counts.to_vec()].concat()
    });
    let header = Outcome::ALL.map(|outcome| outcome.to_string());
    page.table(
        [vec!["level".to_owned()], header.to_vec()].concat(),
        rows.to_vec(),
    );
    for outcome in [
        Outcome::NotEnforced,
        Outcome::NotShown,
        Outcome::KnownDivergence,
        Outcome::Enforced,
    ] {
        let is_brief = outcome == Outcome::Enforced && context.detail == Detail::Brief;
        let of_it: Vec<&Scored> = score
            .requirements
            .iter()
            .filter(|scored| scored.outcome == outcome)
            .collect();
        if is_brief || of_it.is_empty() {
            continue;
        }
        page.section(&capital(outcome.as_str()));
        for scored in of_it {
            requirement(&mut page, scored);
        }
    }
    render(&page)
}

/// Writes what a requirement came to.
fn requirement(page: &mut Page<'_>, scored: &Scored) {
    let what = format!("{}: {}", scored.id, scored.shows);
    let item = Item::new(1, tone(scored), scored.level.to_string(), what);
    page.push(item.in_columns(LEVEL_CHARS));
    for because in &scored.because {
        page.prose(Place::Beside, &**because);
    }
    if page.context.detail == Detail::Full {
        let rfc = format!("{}: {}", scored.number, scored.sentence);
        page.prose(Place::Beside, rfc);
    }
}

/// Returns what came of the controls, each by the requirements that it is made to fail.
#[must_use]
pub fn self_test(scores: &[Score], context: &Context) -> String {
    let mut page = Page::new(context);
    let all: Vec<(&Score, &Scored)> = scores
        .iter()
        .flat_map(|score| score.requirements.iter().map(move |scored| (score, scored)))
        .collect();
    let is_caught = |scored: &Scored| scored.outcome == Outcome::NotEnforced;
    let caught = all.iter().filter(|(_, scored)| is_caught(scored)).count();
    let tone_of = |is_well: bool| if is_well { Tone::Good } else { Tone::Bad };
    page.title(
        tone_of(caught == all.len()),
        format!(
            "{caught} of {} requirements are failed by the control that is made for them",
            all.len()
        ),
        "",
    );
    for (score, scored) in all {
        let is_caught = is_caught(scored);
        if is_caught && context.detail == Detail::Brief {
            continue;
        }
        let lead = if is_caught { "caught" } else { "PASSED" };
        let rest = format!(
            "{} by {}: {}",
            scored.id,
            score.sender,
            scored.because.join("; ")
        );
        page.push(Item::new(1, tone_of(is_caught), lead, rest).in_columns(LEVEL_CHARS));
    }
    render(&page)
}

/// The words for a level are no longer.
const LEVEL_CHARS: usize = 6;

fn worst(score: &Score) -> Tone {
    let has = |tone_of: Tone| {
        score
            .requirements
            .iter()
            .any(|scored| tone(scored) == tone_of)
    };
    if has(Tone::Bad) || !score.alive {
        Tone::Bad
    } else if has(Tone::Warn) {
        Tone::Warn
    } else {
        Tone::Good
    }
}

fn tone(scored: &Scored) -> Tone {
    match (scored.outcome, scored.level) {
        (Outcome::Enforced, _) => Tone::Good,
        (Outcome::NotEnforced, Level::Must) => Tone::Bad,
        (Outcome::KnownDivergence, _)
        | (Outcome::NotShown, _)
        | (Outcome::NotEnforced, Level::Should) => Tone::Warn,
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
