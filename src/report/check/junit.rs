//! `check`'s results as `JUnit`'s XML: a test suite, and in it a test case for each domain.

use std::collections::HashMap;
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::Run;
use crate::diagnose::document::{DomainReport, Severity};
use crate::facts::DnsName;
use crate::report::sink::Form;
use crate::report::{escape, junit, words};
use crate::sender::Verdict;

/// Gathers domains and writes them at the end: the counts stand at the head of the file.
#[derive(Debug)]
pub(super) struct Suite {
    suite: TestSuite,
    /// Each case with its place among the domains that were asked for.
    cases: Vec<(usize, TestCase)>,
    order: HashMap<DnsName, usize>,
    fail_on: Severity,
}

impl Suite {
    /// Makes a suite whose cases fail like the exit code: at a finding as bad as `fail_on`.
    pub(super) fn new(run: &Run, fail_on: Severity, order: Vec<DnsName>) -> Self {
        let mut suite = TestSuite::new("stickler check");
        for (name, value) in [
            ("checked_at", run.checked_at.to_string()),
            ("resolver", escape::line(&run.resolver)),
            ("stickler_version", run.stickler_version.clone()),
        ] {
            suite.add_property((name, value.as_str()));
        }
        Self {
            suite,
            cases: Vec::new(),
            order: order.into_iter().zip(0..).collect(),
            fail_on,
        }
    }

    fn status(&self, report: &DomainReport) -> TestCaseStatus {
        let worst = report
            .findings
            .iter()
            .min_by_key(|finding| finding.severity);
        let kind = match report.verdict {
            Verdict::Bounce if report.is_declared() => None,
            Verdict::Defer | Verdict::Bounce => Some(NonSuccessKind::Failure),
            Verdict::Undetermined => Some(NonSuccessKind::Error),
            Verdict::Deliver | Verdict::DeliverUnprotected => None,
        };
        // As with exit codes, a failure wins over what could not be determined.
        let reached = worst.is_some_and(|finding| finding.severity <= self.fail_on);
        let Some(kind) = (if reached {
            Some(NonSuccessKind::Failure)
        } else {
            kind
        }) else {
            return TestCaseStatus::success();
        };
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(escape::line(&report.reason.to_string()));
        status.set_type(worst.map_or_else(
            || report.verdict.to_string(),
            |finding| escape::line(&finding.code),
        ));
        status.set_description(describe(report));
        status
    }
}

impl Form<DomainReport> for Suite {
    fn write(&mut self, _: &mut dyn Write, report: DomainReport) -> io::Result<()> {
        let mut case = TestCase::new(report.domain.as_str(), self.status(&report));
        case.set_system_out(summarise(&report));
        let place = self.order.get(&report.domain);
        self.cases
            .push((place.copied().unwrap_or(usize::MAX), case));
        Ok(())
    }

    fn finish(mut self: Box<Self>, writer: &mut dyn Write) -> io::Result<()> {
        self.cases.sort_by_key(|(place, _case)| *place);
        let cases = self.cases.into_iter().map(|(_place, case)| case);
        junit::write(writer, self.suite, cases)
    }
}

/// Returns the findings that are more than notes, with their fixes.
fn describe(report: &DomainReport) -> String {
    let mut out = headline(report);
    for finding in words::worst_first(report) {
        if finding.severity == Severity::Note {
            continue;
        }
        out.push_str(&format!(
            "\n{}\n{}\n",
            words::finding(finding),
            escape::block(&finding.detail.to_string())
        ));
        if let Some(fix) = &finding.fix {
            out.push_str(&format!("fix:\n{}\n", escape::block(&fix.to_string())));
        }
    }
    out
}

/// Returns what was found of a domain, a line for each finding.
fn summarise(report: &DomainReport) -> String {
    let mut out = headline(report);
    for finding in words::worst_first(report) {
        out.push_str(&words::finding(finding));
        out.push('\n');
    }
    out
}

fn headline(report: &DomainReport) -> String {
    let mut out = format!(
        "{}{}: {}\n",
        report.verdict,
        words::unasked(report),
        escape::line(&report.reason.to_string())
    );
    if let Some(served) = words::next_hop_of(report) {
        out.push_str(&served);
        out.push('\n');
    }
    out
}
