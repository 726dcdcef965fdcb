//! The names in an expectation, looked up; what can never hold is a problem.

use std::collections::BTreeSet;

use super::receivers::Receivers;
use crate::facts::DnsName;
use crate::scenario::file::{ExpectTable, MailWord, ReceivedTls};
use crate::scenario::located::{Located, OneOrMany, Origin, Text};
use crate::scenario::problem::Problems;
use crate::scenario::words::{nearest, one_of, shortened};
use crate::sender::{MailKind, Verdict};
use crate::story::reserved::is_reserved_name;
use crate::story::{Asked, Expectation, Moment, Received, State};

/// The word for every sender.
const EVERYONE: &str = "*";

/// The class that never reads a policy.
pub(super) const NO_STS: &str = "no-sts";

/// Looks names up, and tells of those that are none.
pub(super) struct Resolver<'a, 'p, 't> {
    pub(super) state: &'a State,
    pub(super) receivers: &'a Receivers,
    pub(super) problems: &'p mut Problems<'t>,
}

impl Resolver<'_, '_, '_> {
    pub(super) fn expectation(&mut self, table: &Located<ExpectTable>) -> Option<Expectation> {
        let origin = table.origin;
        let senders = self.senders(table.sender.as_ref());
        let domain = self.domain(table.domain.as_ref(), origin);
        let expectation = Expectation {
            origin: self.problems.place(origin),
            senders,
            domain: domain?,
            mail: match table.mail.as_ref().map(|word| word.value) {
                Some(MailWord::TlsReport) => MailKind::TlsReport,
                Some(MailWord::Ordinary) | None => MailKind::Ordinary,
            },
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
                let senders = self.state.senders.iter();
                let known: Vec<&str> = senders.map(|sender| &*sender.name).collect();
                let what = format!("sender is named `{}`", shortened(name));
                self.unknown(name.origin, &what, name, &known);
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|name| seen.insert(name.clone()));
        found
    }

    pub(super) fn domain(
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
        let known: Vec<&str> = self.state.domains.iter().map(DnsName::as_str).collect();
        let what = format!("domain is named `{}`", domain.0);
        self.unknown(domain.origin, &what, domain.as_str(), &known);
        None
    }

    fn server(&mut self, host: &Located<Text<DnsName>>) -> Option<DnsName> {
        if self.state.servers.contains(&host.0) {
            return Some(host.0.clone());
        }
        let known: Vec<&str> = self.state.servers.iter().map(DnsName::as_str).collect();
        let what = format!("server is named `{}`", host.0);
        self.unknown(host.origin, &what, host.as_str(), &known);
        None
    }

    /// Tells of a name that is none of those known.
    pub(super) fn unknown(&mut self, origin: Origin, what: &str, name: &str, known: &[&str]) {
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {}", one_of(known.iter().copied())),
        };
        self.problems
            .push_with_help(origin, format!("no {what}"), help);
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
            Verdict::Defer | Verdict::Bounce => {
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
            Verdict::Deliver => {
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
            Verdict::DeliverUnprotected | Verdict::Undetermined => {}
        }
    }

    /// Finds flushes of queues that must be empty.
    pub(super) fn something_waits(
        &mut self,
        flush: &Expectation,
        origin: Origin,
        before: &[Moment],
    ) {
        for sender in &flush.senders {
            let waits = before
                .iter()
                .flat_map(|moment| moment.expect.iter())
                .any(|earlier| {
                    earlier.senders.contains(sender)
                        && earlier.domain == flush.domain
                        && matches!(earlier.verdict, Some(Verdict::Defer) | None)
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
