//! The first screen of every domain of the shipped scenarios, at each step: no page of a domain that does not get its
//! mail is without cause and first action, none is wider than the terminal, and the verdict ends it.

use std::path::Path;
use std::sync::Arc;

use stickler::clock::Clock;
use stickler::diagnose::document::DomainReport;
use stickler::diagnose::{self, Options, exit_code};
use stickler::facts::DnsName;
use stickler::model::{Hosted, Model};
use stickler::report::{Context, text};
use stickler::scenario::{discover, load};
use stickler::sender::Verdict;
use stickler::sender::memo::Probes;
use stickler::story::{Moment, Story};
use stickler::sts::ledger::Ledger;

use super::is_to_paste;

const WIDTH: u16 = 80;

#[tokio::test]
async fn every_domain_of_every_scenario_has_a_first_screen() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut wrong = Vec::new();
    let (mut pages, mut actions) = (0, 0);
    for file in discover(&[folder]).unwrap() {
        let Ok(scenario) = load(&file) else {
            continue;
        };
        for report in reports(&scenario.story).await {
            let context = Context {
                width: Some(WIDTH),
                ..Context::plain(report.checked_at)
            };
            let page = text::domain(&report, &context);
            pages += 1;
            actions += usize::from(report.first_action.is_some());
            wrong.extend(
                complaints(&report, &page, &context)
                    .into_iter()
                    .map(|what| format!("{}: {what}\n{page}", scenario.story.id)),
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{} pages:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // There are good and bad ones among them.
    assert!(
        pages > 300 && actions > 100 && actions < pages,
        "{actions} of {pages}"
    );
}

/// Returns what an observer finds of each domain at each step, first without and then with what it saw before, and
/// once more for each check that is told what is intended.
async fn reports(story: &Story) -> Vec<DomainReport> {
    let clock = Clock::manual(story.start);
    let model = Arc::new(Model::new(clock.clone()));
    let mut seen: Vec<(DnsName, Ledger)> = Vec::new();
    let mut reports = Vec::new();
    for Moment {
        at,
        state,
        check: expected,
        ..
    } in &story.moments
    {
        clock.advance_to(*at);
        model.apply(Hosted::new(Arc::clone(&state.internet), story.start));
        for domain in &state.domains {
            let place = seen.iter().position(|(name, _)| name == domain);
            let place = place.unwrap_or_else(|| {
                seen.push((domain.clone(), Ledger::default()));
                seen.len() - 1
            });
            for remembered in [None, Some(&seen[place].1.clone())] {
                let checked = diagnose::check(
                    &model.through_its_own(),
                    &Probes::default(),
                    domain,
                    remembered,
                    &Options::default(),
                )
                .await;
                if remembered.is_some() {
                    seen[place].1.record(&checked.look);
                }
                reports.push(checked.report);
            }
        }
        for expected in expected {
            let Some(intention) = &expected.intention else {
                continue;
            };
            let options = Options {
                intentions: [(expected.domain.clone(), intention.clone())].into(),
                ..Options::default()
            };
            let network = model.through_its_own();
            let probes = Probes::default();
            let checked =
                diagnose::check(&network, &probes, &expected.domain, None, &options).await;
            reports.push(checked.report);
        }
    }
    reports
}

/// Says what is wrong with a page.
fn complaints(report: &DomainReport, page: &str, context: &Context) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines: Vec<&str> = page.lines().collect();
    for line in &lines {
        let words = line.trim_start();
        let is_too_wide = line.chars().count() > usize::from(WIDTH);
        if is_too_wide && words.contains(' ') && !is_to_paste(words) {
            complaints.push(format!("too wide: {line:?}"));
        }
    }
    let fails = exit_code(report, context.fail_on) != 0;
    let is_delivered = report.verdict <= Verdict::DeliverUnprotected || report.is_declared();
    if !fails && is_delivered {
        return complaints;
    }
    if report.first_action.is_none() {
        complaints.push("no first action".to_owned());
    }
    if !lines.iter().any(|line| line.starts_with("  do now   ")) {
        complaints.push("nothing to do".to_owned());
    }
    let first = format!("{}: ", report.domain);
    if !lines[0].starts_with(&first) {
        complaints.push("no headline".to_owned());
    }
    // A domain that does not exist, or of which nothing is known, has two lines.
    if lines.len() > 4 {
        let end = &lines[lines.len().saturating_sub(3)..];
        if !end.iter().any(|line| line.starts_with(&first)) {
            complaints.push("the verdict is not at the end".to_owned());
        }
        if !lines.iter().any(|line| line.starts_with("  because  ")) {
            complaints.push("no cause".to_owned());
        }
    }
    complaints
}
