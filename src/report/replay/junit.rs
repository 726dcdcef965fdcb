//! A replay as `JUnit`'s XML: a test case for each scenario.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::document::{OutcomeReport, ProblemReport, ScenarioReport};
use crate::report::{escape, text};

/// The name of the report, of its suite and of the class of its cases.
const SUITE: &str = "stickler replay";

/// Writes the scenarios that were played, and the files that could not be.
pub(super) fn write(
    writer: &mut impl Write,
    scenarios: &[ScenarioReport],
    problems: &[ProblemReport],
) -> io::Result<()> {
    let mut suite = TestSuite::new(SUITE);
    for scenario in scenarios {
        let mut case = TestCase::new(escape::line(&scenario.id), status(scenario));
        case.set_classname(SUITE);
        case.set_time(Duration::try_from_secs_f64(scenario.elapsed_secs).unwrap_or_default());
        suite.add_test_case(case);
    }
    for (file, problems) in by_file(problems) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("broken");
        status.set_message("the scenario cannot be read");
        let told: Vec<String> = problems
            .iter()
            .map(|problem| text::problem(problem))
            .collect();
        status.set_description(told.join("\n"));
        let mut case = TestCase::new(escape::line(file), status);
        case.set_classname(SUITE);
        suite.add_test_case(case);
    }
    let mut report = Report::new(SUITE);
    report.add_test_suite(suite);
    // Not straight into the writer: the kind of its error, such as a broken pipe, would be lost.
    let text = report.to_string().map_err(io::Error::other)?;
    writer.write_all(text.as_bytes())
}

/// Returns the problems of each file, the files in their order.
fn by_file(problems: &[ProblemReport]) -> Vec<(&str, Vec<&ProblemReport>)> {
    let mut files: Vec<(&str, Vec<&ProblemReport>)> = Vec::new();
    for problem in problems {
        match files.iter_mut().find(|(file, _)| *file == problem.file) {
            Some((_, of_file)) => of_file.push(problem),
            None => files.push((&problem.file, vec![problem])),
        }
    }
    files
}

fn status(scenario: &ScenarioReport) -> TestCaseStatus {
    match scenario.outcome {
        OutcomeReport::Holds => TestCaseStatus::success(),
        OutcomeReport::FailsAsKnown => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(escape::line(&format!(
                "known to fail: {}",
                scenario.xfail.as_deref().unwrap_or_default()
            )));
            status
        }
        OutcomeReport::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(escape::line(&text::why_skipped(scenario)));
            status
        }
        OutcomeReport::Fails | OutcomeReport::HoldsUnexpectedly => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let told = text::failures(scenario);
            status.set_type("fails");
            status.set_message(told.first().cloned().unwrap_or_default());
            status.set_description(told.join("\n"));
            status
        }
    }
}
