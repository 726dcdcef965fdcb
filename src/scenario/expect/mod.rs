//! From what steps expect, as written, to what must hold; what can never hold is a problem.

mod check;
mod requests;

use std::collections::BTreeSet;

pub(super) use self::requests::Receivers;
use super::file::{ExpectTable, ReceivedTls, StepTable};
use super::located::{Located, OneOrMany, Origin, Text};
use super::problem::Problems;
use super::read::Reading;
use super::words::{nearest, one_of, shortened};
use crate::facts::DnsName;
use crate::story::reserved::is_reserved_name;
use crate::story::{Asked, CheckExpectation, Expectation, Moment, Received, State, VerdictName};

/// The word for every sender.
const EVERYONE: &str = "*";

/// The class that never reads a policy.
const NO_STS: &str = "no-sts";

/// What one step expects.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) flush: Vec<Expectation>,
    pub(super) expect: Vec<Expectation>,
    pub(super) check: Vec<CheckExpectation>,
}

/// What lies around a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// The moments before it.
    pub(super) before: &'a [Moment],
    /// Who receives requests, at whichever moment.
    pub(super) receivers: &'a Receivers,
}

/// Looks up what a step expects in the state that then holds.
pub(super) fn resolve(
    step: &StepTable,
    state: &State,
    around: Around<'_>,
    problems: &mut Problems<'_>,
) -> Expected {
    let mut resolver = Resolver {
        state,
        receivers: around.receivers,
        problems,
    };
    let flush = step.flush.iter().filter_map(|table| {
        let expectation = resolver.expectation(table)?;
        resolver.something_waits(&expectation, table.origin, around.before);
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

/// Finds stories that expect nothing, and senders of which nothing is ever expected.
pub(super) fn unused(reading: &Reading, moments: &[Moment], problems: &mut Problems<'_>) {
    let expected = moments
        .iter()
        .flat_map(|moment| moment.expect.iter().chain(&moment.flush));
    let used: BTreeSet<&str> = expected
        .flat_map(|expectation| expectation.senders.iter().map(|name| &**name))
        .collect();
    if !problems.is_empty() {
        // Another mistake may be why nothing is expected.
        return;
    }
    if used.is_empty() {
        if moments.iter().all(|moment| moment.check.is_empty()) {
            problems.push_with_help(
                Origin::default(),
                "the scenario expects nothing",
                "add `[[step.expect]]` with a `verdict`, or a `[[step.check]]`",
            );
        }
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
    receivers: &'a Receivers,
    problems: &'p mut Problems<'t>,
}

impl Resolver<'_, '_, '_> {
    fn expectation(&mut self, table: &Located<ExpectTable>) -> Option<Expectation> {
        let origin = table.origin;
        let senders = self.senders(table.sender.as_ref());
        let domain = self.domain(table.domain.as_ref(), origin);
        let expectation = Expectation {
            origin: self.problems.place(origin),
            senders,
            domain: domain?,
            verdict: table.verdict.as_ref().map(|verdict| verdict.0),
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

    fn senders(&mut self, names: Option<&OneOrMany<Located<String>>>) -> Vec<Box<str>> {
        let all = || self.state.senders.iter().map(|sender| sender.name.clone());
        let Some(names) = names else {
            return all().collect();
        };
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
            let domains: Vec<&DnsName> = self
                .state
                .domains
                .iter()
                .filter(|name| is_reserved_name(name))
                .collect();
            return match domains.as_slice() {
                [only] => Some((*only).clone()),
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
                            one_of(domains.iter().map(|name| name.as_str()))
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
        if self.state.servers.contains(&host.0) {
            return Some(host.0.clone());
        }
        let known = || self.state.servers.iter().map(DnsName::as_str);
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

    /// Finds expectations that contradict themselves, or the class of their sender.
    fn can_hold(&mut self, table: &Located<ExpectTable>, expectation: &Expectation) {
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
        match verdict.0 {
            VerdictName::Defer | VerdictName::Bounce => {
                let taken = expectation
                    .received
                    .iter()
                    .any(|received| received.count > 0);
                if taken || !expectation.via.is_empty() || expectation.via_address.is_some() {
                    self.problems.push(
                        verdict.origin,
                        format!("`{}` and a server that takes the mail", verdict.0),
                    );
                }
            }
            VerdictName::Deliver => {
                let never = expectation.senders.iter().find(|name| {
                    self.state
                        .sender(name)
                        .is_some_and(|sender| !sender.class.is_conforming())
                });
                if let Some(name) = never {
                    self.problems.push_with_help(
                        verdict.origin,
                        format!("`{name}` is of the class `{NO_STS}` and validates nothing"),
                        "expect `deliver-unprotected` of it",
                    );
                }
            }
            VerdictName::DeliverUnprotected | VerdictName::Undetermined => {}
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
}
