//! From what a replay told to the document about it.

use std::path::Path;
use std::time::Duration;

use super::document::{
    AttemptReport, CheckReport, CourseReport, FailureKindReport, FailureReport, NetworkReport,
    OutcomeReport, ProblemReport, ReasonReport, RefreshReport, ScenarioReport, SpanReport,
    StepReport,
};
use crate::replay::outcome::{FailureKind, MomentTold, Played, Refresh, RefreshResult, Told};
use crate::replay::shadow::{Course, Span};
use crate::replay::{self, Origin, Replayed};
use crate::scenario::{Problem, Scenario};

impl ScenarioReport {
    /// Tells what came of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, replayed: &Replayed, elapsed: Duration) -> Self {
        let networks = [
            (NetworkReport::Model, &replayed.model),
            (NetworkReport::Lab, &replayed.lab),
        ];
        let told: Option<&Played> = replayed.model.as_ref().or(replayed.lab.as_ref());
        Self {
            id: scenario.id.to_string(),
            file: scenario.file.display().to_string(),
            title: scenario.title.to_string(),
            rfc: scenario.rfc.iter().map(ToString::to_string).collect(),
            start: scenario.start,
            outcome: replayed.outcome(scenario).into(),
            xfail: scenario.xfail.as_ref().map(ToString::to_string),
            networks: networks
                .into_iter()
                .filter(|(_, played)| played.is_some())
                .map(|(network, _)| network)
                .collect(),
            only_because: scenario
                .only_on
                .as_ref()
                .map(|only| only.reason.to_string()),
            elapsed_secs: elapsed.as_secs_f64(),
            failures: replayed
                .failures
                .iter()
                .map(|(origin, failure)| FailureReport {
                    kind: match failure.kind {
                        FailureKind::Expectation => FailureKindReport::Expectation,
                        FailureKind::Harness => FailureKindReport::Harness,
                    },
                    network: match origin {
                        Origin::Disagreement => None,
                        Origin::Lab => Some(NetworkReport::Lab),
                        Origin::Model => Some(NetworkReport::Model),
                    },
                    line: failure.line,
                    after_secs: failure.after.as_secs(),
                    message: failure.message.clone(),
                })
                .collect(),
            steps: told
                .iter()
                .flat_map(|played| &played.moments)
                .map(StepReport::from)
                .collect(),
            courses: replayed.courses.iter().map(CourseReport::from).collect(),
        }
    }
}

impl From<replay::Outcome> for OutcomeReport {
    fn from(outcome: replay::Outcome) -> Self {
        match outcome {
            replay::Outcome::Fails => Self::Fails,
            replay::Outcome::FailsAsKnown => Self::FailsAsKnown,
            replay::Outcome::Holds => Self::Holds,
            replay::Outcome::HoldsUnexpectedly => Self::HoldsUnexpectedly,
            replay::Outcome::Skipped => Self::Skipped,
        }
    }
}

impl OutcomeReport {
    /// Returns whether a run with this in it fails.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Fails | Self::HoldsUnexpectedly => true,
            Self::FailsAsKnown | Self::Holds | Self::Skipped => false,
        }
    }
}

impl From<&MomentTold> for StepReport {
    fn from(told: &MomentTold) -> Self {
        Self {
            line: told.line,
            at: told.at,
            after_secs: told.after.as_secs(),
            title: told.title.to_string(),
            refreshes: told.refreshes.iter().map(RefreshReport::from).collect(),
            attempts: told.attempts.iter().map(AttemptReport::from).collect(),
            checks: told
                .checks
                .iter()
                .map(|check| CheckReport {
                    domain: check.domain.clone(),
                    verdict: check.verdict,
                    findings: check.findings.clone(),
                })
                .collect(),
        }
    }
}

impl From<&Refresh> for RefreshReport {
    fn from(refresh: &Refresh) -> Self {
        let (id, error) = match &refresh.result {
            RefreshResult::Fetched { id } => (Some(id.to_string()), None),
            RefreshResult::Failed(error) => (None, Some(error.to_string())),
            RefreshResult::RanOut => (None, Some(refresh.result.to_string())),
        };
        Self {
            at: refresh.at,
            sender: refresh.sender.to_string(),
            domain: refresh.domain.clone(),
            id,
            error,
            requests: refresh.seen.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Told> for AttemptReport {
    fn from(told: &Told) -> Self {
        Self {
            sender: told.sender.to_string(),
            domain: told.domain.clone(),
            queued_secs: told.queued_for.as_secs(),
            verdict: told.verdict,
            reason: told.reason.to_string(),
            via: told.via.clone(),
            via_address: told.via_address,
            result_types: told.result_types.clone(),
            policy: told.policy.to_owned(),
            fetch_error: told.fetch_error.as_ref().map(ToString::to_string),
            requests: told.seen.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Course> for CourseReport {
    fn from(course: &Course) -> Self {
        Self {
            sender: course.sender.to_string(),
            domain: course.domain.clone(),
            spans: course
                .spans
                .iter()
                .map(|span| SpanReport::new(course, span))
                .collect(),
        }
    }
}

impl SpanReport {
    fn new(course: &Course, span: &Span) -> Self {
        let reasons: Vec<ReasonReport> = span
            .reasons
            .iter()
            .map(|reason| ReasonReport {
                from: reason.from,
                until: reason.until,
                reason: reason.text.to_string(),
            })
            .collect();
        Self {
            from: span.from,
            until: span.until,
            verdict: span.verdict,
            reason: reasons
                .first()
                .map_or_else(String::new, |first| first.reason.clone()),
            reasons,
            bounces_from: course.bounces_from(span),
        }
    }
}

impl From<&Problem> for ProblemReport {
    fn from(problem: &Problem) -> Self {
        Self {
            file: problem.file.display().to_string(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

impl ProblemReport {
    /// Says of a whole file what is wrong.
    #[must_use]
    pub fn of_file(file: &Path, message: String) -> Self {
        Self {
            file: file.display().to_string(),
            line: 1,
            column: 1,
            message,
            help: None,
        }
    }
}
