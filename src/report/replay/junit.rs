//! A replay as `JUnit`'s XML: a test case for each scenario.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::document::Document;
use crate::replay::{Outcome, Replayed};
use crate::report::{escape, junit, text};

/// Writes the scenarios that were played, then the files that could not be.
pub(super) fn write(writer: &mut dyn Write, document: &Document<'_>) -> io::Result<()> {
    let played = document.scenarios.iter().map(|scenario| {
        let mut case = TestCase::new(escape::line(&scenario.id), status(scenario));
        case.set_time(Duration::try_from_secs_f64(scenario.elapsed_secs).unwrap_or_default());
        case
    });
    let of_files = document.problems.chunk_by(|a, b| a.file == b.file);
    let broken = of_files.filter_map(|problems| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("broken");
        status.set_message("the scenario cannot be read");
        let lines: Vec<String> = problems
            .iter()
            .map(|problem| text::problem(problem, text::Look::PLAIN))
            .collect();
        status.set_description(lines.join("\n"));
        Some(TestCase::new(
            escape::line(&problems.first()?.file.display().to_string()),
            status,
        ))
    });
    junit::write(
        writer,
        TestSuite::new("stickler replay"),
        played.chain(broken),
    )
}

fn status(scenario: &Replayed) -> TestCaseStatus {
    match scenario.outcome {
        Outcome::Holds => TestCaseStatus::success(),
        Outcome::FailsAsKnown => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(escape::line(&format!(
                "known to fail: {}",
                scenario.xfail.as_deref().unwrap_or_default()
            )));
            status
        }
        Outcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(escape::line(&text::why_skipped(scenario)));
            status
        }
        Outcome::Fails | Outcome::HoldsUnexpectedly => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let lines = scenario.complaints();
            status.set_type("fails");
            status.set_message(
                lines
                    .first()
                    .map(|first| escape::line(first))
                    .unwrap_or_default(),
            );
            let lines: Vec<String> = lines.iter().map(|line| escape::line(line)).collect();
            status.set_description(lines.join("\n"));
            status
        }
    }
}
