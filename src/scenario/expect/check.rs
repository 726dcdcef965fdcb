//! What an observer's `check` is expected to find.

use super::resolver::Resolver;
use crate::diagnose::findings::codes::{self, Code};
use crate::diagnose::intended::{Intention, ToPublish};
use crate::facts::DnsName;
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
const OF_A_STORE: [&str; 4] = [
    codes::INTENDED_MX_NOT_HELD.code,
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
        let findings = self.codes(table, &table.finding);
        let no_findings = self.codes(table, &table.no_finding);
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
            intention: self.intention(table),
            everywhere: table.everywhere.as_ref().map(|wait_for| wait_for.value),
            class: (table.class.as_ref()).and_then(|class| SenderClass::by_name(class)),
            verdict: table.verdict.as_ref().map(|verdict| verdict.value),
            findings,
            no_findings,
            place: table.place.as_ref().map(|place| place.as_str().into()),
            exit: table.exit.as_ref().map(|exit| exit.value),
        })
    }

    /// Reads what is intended; what stands beside no host is a problem.
    fn intention(&mut self, table: &Located<CheckTable>) -> Option<Intention> {
        let mut hosts = Vec::new();
        for host in table.intended_mx.iter() {
            // One that nothing declares would be asked for all the same, and fail the run.
            if self.state.declares(&host.0) {
                hosts.push(host.0.clone());
            } else {
                let known: Vec<&str> = self.state.servers.iter().map(DnsName::as_str).collect();
                let what = format!("name `{}` is declared", host.0);
                self.unknown(host.origin, &what, host.as_str(), &known);
            }
        }
        let beside = [
            (
                "intended_policy",
                table.intended_policy.as_ref().map(|policy| policy.origin),
            ),
            (
                "intended_id",
                table.intended_id.as_ref().map(|id| id.origin),
            ),
            ("phase", table.phase.as_ref().map(|phase| phase.origin)),
            (
                "everywhere",
                table.everywhere.as_ref().map(|wait_for| wait_for.origin),
            ),
        ];
        let Some(mut intention) = Intention::new(hosts) else {
            for (key, origin) in beside {
                if let Some(origin) = origin {
                    self.problems.push_with_help(
                        origin,
                        format!("`{key}` says something of intended hosts, and there are none"),
                        "add `intended_mx`",
                    );
                }
            }
            return None;
        };
        intention.phase = table.phase.as_ref().map(|phase| phase.value);
        intention.id = table.intended_id.as_ref().map(|id| id.value.0.clone());
        if let Some(policy) = &table.intended_policy {
            match ToPublish::parse(policy.as_bytes()) {
                Ok(to_publish) => intention.policy = Some(to_publish),
                Err(error) => self.problems.push_with_help(
                    policy.origin,
                    format!("line {} of the policy: {}", error.line, error.kind),
                    "what is to be published has to be a policy to the letter",
                ),
            }
        }
        Some(intention)
    }

    fn codes(&mut self, table: &CheckTable, written: &OneOrMany<Located<String>>) -> Vec<Code> {
        let codes = written.iter().filter_map(|code| self.code(table, code));
        codes.collect()
    }

    /// Looks a code up; one that no finding has, or that can never come up, is a problem.
    fn code(&mut self, table: &CheckTable, code: &Located<String>) -> Option<Code> {
        let is_of_a_store = |code: &str| table.remember.is_none() && OF_A_STORE.contains(&code);
        if table.intended_mx.is_empty() && codes::of_an_intention().any(|of| of.code == code.value)
        {
            self.problems.push_with_help(
                code.origin,
                format!(
                    "this check is told of no intended host, so `{}` never comes up",
                    code.value
                ),
                "add `intended_mx`",
            );
            return None;
        }
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
        if code.value == codes::INTENDED_NOT_IN_TIME.code && table.everywhere.is_none() {
            self.problems.push_with_help(
                code.origin,
                format!(
                    "this check does not wait, so `{}` never comes up",
                    code.value
                ),
                "add `everywhere = \"id\"`",
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
