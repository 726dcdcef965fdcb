//! The scores of an audit as `JUnit`'s XML: a test case for each requirement and sender.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::audit::{Level, Outcome, Score, Scored};
use crate::report::{escape, junit};

/// Writes the requirements of each sender.
pub(super) fn write(writer: &mut dyn Write, scores: &[Score]) -> io::Result<()> {
    let cases = scores.iter().flat_map(|score| {
        let sender = &score.sender;
        score.requirements.iter().map(move |scored| {
            let name = format!("{sender} {}", scored.id);
            TestCase::new(escape::line(&name), status(scored))
        })
    });
    junit::write(writer, TestSuite::new("stickler audit"), cases)
}

/// What is only recommended, or known, fails no build.
fn status(scored: &Scored) -> TestCaseStatus {
    let because = escape::line(&scored.because.join("; "));
    let mut status = match (scored.outcome, scored.level) {
        (Outcome::Enforced, _) => return TestCaseStatus::success(),
        (Outcome::KnownDivergence, _)
        | (Outcome::NotEnforced | Outcome::NotShown, Level::Should) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{} {}: {because}", scored.level, scored.outcome));
            return status;
        }
        (Outcome::NotEnforced, Level::Must) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (Outcome::NotShown, Level::Must) => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_type(scored.outcome.as_str());
    status.set_message(because);
    status.set_description(format!("{}\n{}", scored.shows, scored.sentence));
    status
}
