//! From what steps expect, as written, to what must hold; what can never hold is a problem.

use std::collections::BTreeSet;

use super::expectation::{Asked, CheckExpectation, Expectation, Received, VerdictName};
use super::file::{CheckTable, ExpectTable, ReceivedTls, StepTable};
use super::lint::CLASSES;
use super::located::{Located, OneOrMany, Origin, Text};
use super::problem::Problems;
use super::read::Reading;
use super::state::State;
use super::timeline::Moment;
use super::words::{nearest, one_of};
use crate::facts::DnsName;

/// The word for every sender.
const EVERYONE: &str = "*";

/// The class that never reads a policy.
const NO_STS: &str = "no-sts";

/// The highest exit code of `check`.
const MAX_EXIT: u8 = 3;

/// What one step expects.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) flush: Vec<Expectation>,
    pub(super) expect: Vec<Expectation>,
    pub(super) check: Vec<CheckExpectation>,
}

/// Looks up what a step expects in the state that then holds.
pub(super) fn resolve(
    step: &StepTable,
    state: &State,
    before: &[Moment],
    problems: &mut Problems<'_>,
) -> Expected {
    let mut resolver = Resolver { state, problems };
    let flush = step.flush.iter().filter_map(|table| {
        let expectation = resolver.expectation(table)?;
        resolver.something_waits(&expectation, table.origin, before);
        Some(expectation)
    });
    let flush = flush.collect();
    let expect = step.expect.iter();
    let expect = expect.filter_map(|table| resolver.expectation(table));
    let expect = expect.collect();
    let check = step.check.iter();
    let check = check.filter_map(|table| resolver.check(table));
    let check = check.collect();
    Expected {
        flush,
        expect,
        check,
    }
}

/// Finds senders of which nothing is ever expected.
pub(super) fn unused_senders(reading: &Reading, moments: &[Moment], problems: &mut Problems<'_>) {
    let expected = moments
        .iter()
        .flat_map(|moment| moment.expect.iter().chain(&moment.flush));
    let used: BTreeSet<&str> = expected
        .flat_map(|expectation| expectation.senders.iter().map(|name| &**name))
        .collect();
    if used.is_empty() {
        return;
    }
    for world in &reading.worlds {
        for (name, _) in world.tables.senders.iter() {
            if !used.contains(name.as_str()) {
                problems.push_with_help(
                    name.origin,
                    format!("nothing is expected of the sender `{}`", name.value),
                    "expect something of it, or take it away",
                );
            }
        }
    }
}

struct Resolver<'a, 'p, 't> {
    state: &'a State,
    problems: &'p mut Problems<'t>,
}

impl Resolver<'_, '_, '_> {
    fn expectation(&mut self, table: &Located<ExpectTable>) -> Option<Expectation> {
        let origin = table.origin;
        let senders = self.senders(table.sender.as_ref(), origin);
        let domain = self.domain(table.domain.as_ref(), origin);
        let expectation = Expectation {
            line: self.problems.line(origin),
            senders,
            domain: domain?,
            verdict: table.verdict.as_ref().map(|verdict| verdict.value),
            via: table
                .via
                .iter()
                .flat_map(|via| via.iter())
                .filter_map(|host| self.server(host))
                .collect(),
            via_address: table.via_address.as_ref().map(|address| address.value.0),
            result_types: table
                .result_type
                .as_ref()
                .map(|types| types.iter().map(|name| name.value).collect()),
            asked: self.requests(&table.asked),
            not_asked: self.requests(&table.not_asked),
            received: table
                .received
                .iter()
                .filter_map(|received| {
                    let (tls, version) = match received.tls {
                        None => (None, None),
                        Some(ReceivedTls::Any(tls)) => (Some(tls), None),
                        Some(ReceivedTls::Version(version)) => (Some(true), Some(version)),
                    };
                    Some(Received {
                        server: self.server(&received.server)?,
                        tls,
                        version,
                        count: received.count.unwrap_or(1),
                    })
                })
                .collect(),
            policy: table.policy,
            reason: table.reason.as_ref().map(|reason| reason.as_str().into()),
        };
        self.can_hold(table, &expectation);
        Some(expectation)
    }

    fn senders(
        &mut self,
        names: Option<&OneOrMany<Located<String>>>,
        origin: Origin,
    ) -> Vec<Box<str>> {
        let all = || self.state.senders.iter().map(|sender| sender.name.clone());
        let Some(names) = names else {
            return all().collect();
        };
        if names.is_empty() {
            self.problems.push(origin, "`sender` is an empty list");
        }
        let mut found: Vec<Box<str>> = Vec::new();
        for name in names.iter() {
            if name.value == EVERYONE {
                found.extend(all());
            } else if self.state.sender(name).is_some() {
                found.push(name.as_str().into());
            } else {
                let known = || self.state.senders.iter().map(|sender| &*sender.name);
                let help = match nearest(name, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is {}", one_of(known())),
                };
                self.problems.push_with_help(
                    name.origin,
                    format!("no sender is named `{}`", shortened(name)),
                    help,
                );
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|name| seen.insert(name.clone()));
        found
    }

    fn domain(
        &mut self,
        domain: Option<&Located<Text<DnsName>>>,
        origin: Origin,
    ) -> Option<DnsName> {
        let Some(domain) = domain else {
            return match self.state.domains.as_slice() {
                [only] => Some(only.clone()),
                [] => {
                    self.problems.push(origin, "the scenario has no domain");
                    None
                }
                [_, _, ..] => {
                    self.problems.push_with_help(
                        origin,
                        "there are several domains and none is named here",
                        format!(
                            "add `domain`, {}",
                            one_of(self.state.domains.iter().map(DnsName::as_str))
                        ),
                    );
                    None
                }
            };
        };
        if self.state.domains.contains(&domain.0) {
            return Some(domain.0.clone());
        }
        let known = || self.state.domains.iter().map(DnsName::as_str);
        let help = match nearest(domain.as_str(), known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {}", one_of(known())),
        };
        self.problems.push_with_help(
            domain.origin,
            format!("no domain is named `{}`", domain.0),
            help,
        );
        None
    }

    fn server(&mut self, host: &Located<Text<DnsName>>) -> Option<DnsName> {
        if self.state.server(&host.0).is_some() {
            return Some(host.0.clone());
        }
        let known = || self.state.servers.iter().map(|server| server.name.as_str());
        let help = match nearest(host.as_str(), known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {}", one_of(known())),
        };
        self.problems.push_with_help(
            host.origin,
            format!("no server is named `{}`", host.0),
            help,
        );
        None
    }

    fn requests(&mut self, texts: &[Located<String>]) -> Vec<Asked> {
        let mut requests = Vec::new();
        for text in texts {
            match text.parse::<Asked>() {
                Err(error) => self.problems.push_with_help(
                    text.origin,
                    error.to_string(),
                    "write `TXT _mta-sts.corp.test`, `GET mta-sts.corp.test` or `SMTP mx.corp.test`",
                ),
                Ok(asked) if self.state.declares(asked.name()) => requests.push(asked),
                Ok(asked) => {
                    let known = self.state.zones.keys().map(DnsName::as_str);
                    let message = format!("no name `{}` is declared", asked.name());
                    match nearest(asked.name().as_str(), known) {
                        Some(near) => self.problems.push_with_help(
                            text.origin,
                            message,
                            format!("did you mean `{near}`?"),
                        ),
                        None => self.problems.push(text.origin, message),
                    }
                }
            }
        }
        requests
    }

    /// Finds expectations that contradict themselves, or the class of their sender.
    fn can_hold(&mut self, table: &Located<ExpectTable>, expectation: &Expectation) {
        if says_nothing(table) {
            self.problems
                .push_with_help(table.origin, "this expects nothing", "add a `verdict`");
        }
        for text in table.asked.iter() {
            if let Ok(asked) = text.parse::<Asked>()
                && expectation.not_asked.iter().any(|not| not.covers(&asked))
            {
                self.problems.push(
                    text.origin,
                    format!("`{asked}` is expected and ruled out at once"),
                );
            }
        }
        let Some(verdict) = &table.verdict else {
            return;
        };
        match verdict.value {
            VerdictName::Undetermined => self.problems.push_with_help(
                verdict.origin,
                "a sender is never undetermined: it defers",
                "expect `defer` of a sender, `undetermined` of a `check`",
            ),
            VerdictName::Defer | VerdictName::Bounce => {
                let taken = expectation
                    .received
                    .iter()
                    .any(|received| received.count > 0);
                if taken || !expectation.via.is_empty() || expectation.via_address.is_some() {
                    self.problems.push(
                        verdict.origin,
                        format!("`{}` and a server that takes the mail", verdict.value),
                    );
                }
            }
            VerdictName::Deliver => {
                let never = expectation.senders.iter().find(|name| {
                    self.state
                        .sender(name)
                        .is_some_and(|sender| &*sender.class == NO_STS)
                });
                if let Some(name) = never {
                    self.problems.push_with_help(
                        verdict.origin,
                        format!("`{name}` is of the class `{NO_STS}` and validates nothing"),
                        "expect `deliver-unprotected` of it",
                    );
                }
            }
            VerdictName::DeliverUnprotected => {}
        }
    }

    /// Finds flushes of queues that must be empty.
    fn something_waits(&mut self, flush: &Expectation, origin: Origin, before: &[Moment]) {
        for sender in &flush.senders {
            let waits = before
                .iter()
                .flat_map(|moment| moment.expect.iter())
                .any(|earlier| {
                    earlier.senders.contains(sender)
                        && earlier.domain == flush.domain
                        && matches!(earlier.verdict, Some(VerdictName::Defer) | None)
                });
            if !waits {
                self.problems.push_with_help(
                    origin,
                    format!("`{sender}` has no mail for {} in its queue", flush.domain),
                    "an earlier step must expect `defer` of it",
                );
            }
        }
    }

    fn check(&mut self, table: &Located<CheckTable>) -> Option<CheckExpectation> {
        let origin = table.origin;
        if table.verdict.is_none()
            && table.finding.is_empty()
            && table.no_finding.is_empty()
            && table.exit.is_none()
        {
            self.problems.push_with_help(
                origin,
                "this expects nothing",
                "add a `verdict`, a `finding`, a `no_finding` or an `exit`",
            );
        }
        if let Some(class) = &table.class
            && (!CLASSES.contains(&class.as_str()) || class.value == NO_STS)
        {
            self.problems.push_with_help(
                class.origin,
                format!("`check` judges no class `{}`", shortened(class)),
                "expected `strict` or `lazy`",
            );
        }
        for code in table.finding.iter().chain(table.no_finding.iter()) {
            if !is_finding_code(code) {
                self.problems.push_with_help(
                    code.origin,
                    format!("`{}` is no code of a finding", shortened(code)),
                    "write it as in `STS-MX-UNCOVERED`",
                );
            }
        }
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
                .is_some_and(|verdict| verdict.value == VerdictName::Defer);
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
            line: self.problems.line(origin),
            domain: self.domain(table.domain.as_ref(), origin)?,
            class: table.class.as_ref().map(|class| class.as_str().into()),
            verdict: table.verdict.as_ref().map(|verdict| verdict.value),
            findings: table
                .finding
                .iter()
                .map(|code| code.as_str().into())
                .collect(),
            no_findings: table
                .no_finding
                .iter()
                .map(|code| code.as_str().into())
                .collect(),
            exit: table.exit.as_ref().map(|exit| exit.value),
        })
    }
}

fn says_nothing(table: &ExpectTable) -> bool {
    table.verdict.is_none()
        && table.via.is_none()
        && table.via_address.is_none()
        && table.result_type.is_none()
        && table.asked.is_empty()
        && table.not_asked.is_empty()
        && table.received.is_empty()
        && table.policy.is_none()
        && table.reason.is_none()
}

fn is_finding_code(code: &str) -> bool {
    code.split('-').count() >= 2
        && code.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit())
        })
}

/// Returns a text's first 64 characters, for messages.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}
