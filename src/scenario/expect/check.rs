//! What an observer's `check` is expected to find.

use super::resolver::Resolver;
use crate::diagnose::findings::codes::{self, Code};
use crate::scenario::file::CheckTable;
use crate::scenario::located::{Located, OneOrMany};
use crate::scenario::resolve::deadlines;
use crate::scenario::words::{nearest, one_of, shortened};
use crate::sender::SenderClass;
use crate::sender::Verdict;
use crate::sender::memo::MxHosts;
use crate::story::CheckExpectation;

/// The highest exit code of `check`.
const MAX_EXIT: u8 = 3;

/// The findings about policies that were seen before, which a check that remembers nothing does not have.
const OF_A_STORE: [&str; 3] = [
    codes::ID_STALE.code,
    codes::CACHED_POLICY_BLOCKS.code,
    codes::CACHED_POLICY_ALIVE.code,
];

impl Resolver<'_, '_, '_> {
    pub(super) fn check(&mut self, table: &Located<CheckTable>) -> Option<CheckExpectation> {
        let origin = table.origin;
        if let Some(class) = &table.class
            && table.verdict.is_none()
        {
            self.problems.push_with_help(
                class.origin,
                "`class` says whose `verdict` is meant, and there is none",
                "add a `verdict`; findings and exit code are about the domain",
            );
        }
        if let Some(class) = &table.class
            && !SenderClass::judged()
                .iter()
                .any(|judged| judged.name == class.as_str())
        {
            self.problems.push_with_help(
                class.origin,
                format!("`check` judges no class `{}`", shortened(class)),
                "expected `strict` or `lazy`",
            );
        }
        let is_remembering = table.remember.is_some();
        let findings = self.codes(&table.finding, is_remembering);
        let no_findings = self.codes(&table.no_finding, is_remembering);
        for code in table.finding.iter() {
            if table.no_finding.iter().any(|not| not.value == code.value) {
                self.problems.push(
                    code.origin,
                    format!("`{}` is expected and ruled out at once", shortened(code)),
                );
            }
        }
        if let Some(exit) = &table.exit {
            let defers = table
                .verdict
                .as_ref()
                .is_some_and(|verdict| verdict.value == Verdict::Defer);
            if exit.value > MAX_EXIT {
                self.problems.push(
                    exit.origin,
                    format!("the exit code {} is above {MAX_EXIT}", exit.value),
                );
            } else if defers && exit.value != 1 {
                self.problems.push(
                    exit.origin,
                    format!("the exit code is {}, but with `defer` it is 1", exit.value),
                );
            }
        }
        Some(CheckExpectation {
            origin: self.problems.place(origin),
            domain: self.domain(table.domain.as_ref(), origin)?,
            remember: table.remember.as_ref().map(|name| name.as_str().into()),
            mx_hosts: if table.no_smtp {
                MxHosts::Assumed
            } else {
                MxHosts::Probed
            },
            deadlines: deadlines(table.deadlines.as_ref(), self.problems),
            class: (table.class.as_ref()).and_then(|class| SenderClass::by_name(class)),
            verdict: table.verdict.as_ref().map(|verdict| verdict.value),
            findings,
            no_findings,
            place: table.place.as_ref().map(|place| place.as_str().into()),
            exit: table.exit.as_ref().map(|exit| exit.value),
        })
    }

    fn codes(&mut self, written: &OneOrMany<Located<String>>, is_remembering: bool) -> Vec<Code> {
        let codes = written
            .iter()
            .filter_map(|code| self.code(code, is_remembering));
        codes.collect()
    }

    /// Looks a code up; one that no finding has, or that can never come up, is a problem.
    fn code(&mut self, code: &Located<String>, is_remembering: bool) -> Option<Code> {
        let is_of_a_store = |code: &str| !is_remembering && OF_A_STORE.contains(&code);
        if is_of_a_store(code.as_str()) {
            self.problems.push_with_help(
                code.origin,
                format!(
                    "this check remembers nothing, so `{}` never comes up",
                    code.value
                ),
                "give this check and an earlier one the same `remember = \"NAME\"`",
            );
            return None;
        }
        let known = || codes::ALL.iter().map(|code| code.code);
        if let Some(found) = codes::ALL.iter().find(|found| found.code == code.value) {
            return Some(*found);
        }
        let help = match nearest(code, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "expected {}",
                one_of(known().filter(|code| !is_of_a_store(code)))
            ),
        };
        self.problems.push_with_help(
            code.origin,
            format!("`{}` is no code of a finding", shortened(code)),
            help,
        );
        None
    }
}
