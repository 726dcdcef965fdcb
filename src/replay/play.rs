//! One scenario, played on one stage from its first moment to its last.

use std::collections::BTreeMap;

use super::compare;
use super::memory::Role;
use super::near_edge::NearEdge;
use super::outcome::{
    AttemptOutcome, AttemptedMail, CheckOutcome, Failure, FailureKind, MomentOutcome, Played,
    Refresh, RefreshResult,
};
use super::senders::{Queued, Senders};
use super::stage::{Client, Stage, StageError, Unannounced};
use crate::diagnose::document::DomainReport;
use crate::diagnose::{self, Options};
use crate::facts::smtp::Message;
use crate::facts::{DnsName, UnixTime};
use crate::sender::memo::Probes;
use crate::sender::{Families, Limits, Mail, Network, Sender, Verdict};
use crate::story::{CheckExpectation, Expectation, Moment, Origin, Story};
use crate::sts::ledger::Ledger;

/// How many refreshes may fall due between two moments: a year's worth for each of many senders.
const MAX_REFRESHES: usize = 10_000;

/// Who looks at the play between the steps.
pub trait Watcher<S> {
    /// Called when things stand still: after a step and after each refresh; `until` is when they may move
    /// again, `None` at the end of the story.
    fn stands_still(
        &mut self,
        stage: &S,
        senders: &Senders,
        until: Option<UnixTime>,
    ) -> impl Future<Output = ()> + Send;
}

/// A watcher that looks away.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl<S: Sync> Watcher<S> for Nobody {
    async fn stands_still(&mut self, _: &S, _: &Senders, _: Option<UnixTime>) {}
}

/// Plays a scenario.
///
/// # Errors
///
/// When its state cannot be laid out on the stage.
pub async fn play<S: Stage>(
    scenario: &Story,
    role: Role,
    stage: &S,
    watcher: &mut (impl Watcher<S> + Send),
) -> Result<Played, StageError> {
    let mut player = Player {
        stage,
        start: scenario.start,
        senders: Senders::new(scenario, role),
        played: Played::default(),
        remembered: BTreeMap::new(),
        unannounced: Vec::new(),
    };
    if let Some(first) = scenario.moments.first() {
        // A refresh may be due before the first step: what that step begins with holds by then.
        stage.apply(&first.state).await?;
        player.senders.follow(&first.state);
    }
    for (index, moment) in scenario.moments.iter().enumerate() {
        let refreshes = player.pass_time(moment, watcher).await;
        player.enact(moment, refreshes).await?;
        let next = scenario.moments.get(index + 1).map(|next| next.at);
        watcher
            .stands_still(player.stage, &player.senders, next)
            .await;
    }
    Ok(player.played)
}

struct Player<'s, S> {
    stage: &'s S,
    start: UnixTime,
    senders: Senders,
    played: Played,
    /// What the observer's checks saw, by the name under which it is remembered.
    remembered: BTreeMap<(Box<str>, DnsName), Ledger>,
    /// The requests already reported as not announced.
    unannounced: Vec<Unannounced>,
}

impl<S: Stage> Player<'_, S> {
    /// Lets time pass, with the refreshes that fall due in it.
    async fn pass_time(
        &mut self,
        moment: &Moment,
        watcher: &mut (impl Watcher<S> + Send),
    ) -> Vec<Refresh> {
        let until = moment.at;
        let mut refreshes = Vec::new();
        while refreshes.len() < MAX_REFRESHES
            && let Some((due, name, next_hop)) = self.senders.next_refresh(until)
        {
            // One that was due before the story runs as it begins.
            let due = due.max(self.start);
            self.stage.advance_to(due).await;
            self.senders.pass(due);
            let Some(refresh) = self.refresh(&name, &next_hop).await else {
                break;
            };
            refreshes.push(refresh);
            self.note_unannounced(moment.origin, due);
            watcher
                .stands_still(self.stage, &self.senders, Some(until))
                .await;
        }
        self.stage.advance_to(until).await;
        self.senders.pass(until);
        refreshes
    }

    async fn refresh(&mut self, name: &str, next_hop: &DnsName) -> Option<Refresh> {
        let sender = self.senders.sender(name)?.clone();
        let network = self.stage.network(Client::Sender(name));
        let network = NearEdge::new(network, next_hop, sender.edge);
        let acting = Sender {
            network: &network,
            class: &sender.class,
            limits: Limits::default(),
            families: Families::Both,
        };
        let at = network.now();
        let mut memory = self.senders.recall(&sender, next_hop);
        let _of_nobody = self.stage.drain();
        let found = memory.refresh(&acting, next_hop).await;
        self.senders.remember(name, next_hop, memory);
        let mut seen = self.stage.drain();
        seen.sort();
        Some(Refresh {
            at,
            sender: name.into(),
            domain: next_hop.clone(),
            result: RefreshResult::new(found),
            seen,
        })
    }

    /// At one moment: the new state, `flush`, `expect`, `check`.
    async fn enact(&mut self, moment: &Moment, refreshes: Vec<Refresh>) -> Result<(), StageError> {
        self.stage.apply(&moment.state).await?;
        self.senders.follow(&moment.state);
        let mut outcome = MomentOutcome {
            line: moment.origin.number(),
            at: moment.at,
            after: moment.after,
            title: moment.title.clone(),
            refreshes,
            attempts: Vec::new(),
            checks: Vec::new(),
        };
        for expectation in &moment.flush {
            for name in &expectation.senders {
                let attempts = self.flush(moment, expectation, name).await;
                outcome.attempts.extend(attempts);
            }
        }
        for expectation in &moment.expect {
            for name in &expectation.senders {
                let fresh = Queued {
                    sender: name.clone(),
                    domain: expectation.domain.clone(),
                    since: None,
                    kind: expectation.mail,
                };
                let attempt = self.attempt(fresh).await;
                self.note_unannounced(expectation.origin, moment.at);
                let attempts: Vec<AttemptOutcome> = attempt.into_iter().collect();
                self.compare(moment, expectation, &attempts);
                outcome.attempts.extend(attempts);
            }
        }
        for expectation in &moment.check {
            let report = self.check(expectation).await;
            self.note_unannounced(expectation.origin, moment.at);
            for message in compare::check_differences(expectation, &report) {
                let message = format!("check {}: {message}", report.domain);
                self.fail(moment, expectation.origin, message);
            }
            outcome.checks.push(CheckOutcome::new(&report));
        }
        self.played.moments.push(outcome);
        Ok(())
    }

    /// Tries one message, fresh or from the queue, and queues it if it must wait.
    async fn attempt(&mut self, waiting: Queued) -> Option<AttemptOutcome> {
        let Queued {
            sender: name,
            domain,
            since,
            kind,
        } = &waiting;
        let sender = self.senders.sender(name)?.clone();
        let next_hop = sender.next_hop.clone().unwrap_or_else(|| domain.clone());
        let network = self.stage.network(Client::Sender(name));
        let network = NearEdge::new(network, &next_hop, sender.edge);
        let acting = Sender {
            network: &network,
            class: &sender.class,
            limits: Limits::default(),
            families: Families::Both,
        };
        let message = message_for(name, domain);
        let now = network.now();
        // In real time a step may have come late.
        let since = since.unwrap_or(now);
        let queued_for = now.saturating_duration_since(since);
        let mail = Mail {
            message: Some(&message),
            queued_for,
            kind: *kind,
            ..Mail::probe(&next_hop)
        };
        let mut memory = self.senders.recall(&sender, &next_hop);
        let _of_nobody = self.stage.drain();
        let attempt = memory.attempt(&acting, mail).await;
        let mut seen = self.stage.drain();
        seen.sort();
        self.senders.remember(name, &next_hop, memory);
        let of = AttemptedMail {
            sender: name,
            domain,
            queued_for,
        };
        let outcome = AttemptOutcome::new(of, &attempt, seen);
        if attempt.verdict == Verdict::Defer {
            self.senders.queue(Queued {
                since: Some(since),
                ..waiting
            });
        }
        Some(outcome)
    }

    async fn flush(
        &mut self,
        moment: &Moment,
        expectation: &Expectation,
        name: &str,
    ) -> Vec<AttemptOutcome> {
        let waiting = self.senders.take_queued(name, &expectation.domain);
        if waiting.is_empty() {
            let message = format!(
                "{name} has no message for {} in its queue, so nothing can be flushed",
                expectation.domain
            );
            self.fail(moment, expectation.origin, message);
        }
        let mut outcomes = Vec::new();
        for queued in waiting {
            let attempt = self.attempt(queued).await;
            self.note_unannounced(expectation.origin, moment.at);
            outcomes.extend(attempt);
        }
        self.compare(moment, expectation, &outcomes);
        outcomes
    }

    async fn check(&mut self, expectation: &CheckExpectation) -> DomainReport {
        let domain = &expectation.domain;
        let mut remembered = expectation.remember.as_ref().map(|name| {
            self.remembered
                .entry((name.clone(), domain.clone()))
                .or_default()
        });
        let network = self.stage.network(Client::Observer(expectation.deadlines));
        let probes = Probes::default();
        let options = Options {
            mx_hosts: expectation.mx_hosts,
            intentions: expectation
                .intention
                .iter()
                .map(|intention| (domain.clone(), intention.clone()))
                .collect(),
            wait_for: expectation.everywhere,
            ..Options::default()
        };
        let checked =
            diagnose::check(&network, &probes, domain, remembered.as_deref(), &options).await;
        if let Some(ledger) = &mut remembered {
            ledger.record(&checked.look);
        }
        let _not_counted = self.stage.drain();
        checked.report
    }

    /// Compares what the messages of one sender came to, each on its own, and what they made reach the
    /// servers, together.
    fn compare(&mut self, moment: &Moment, expected: &Expectation, outcomes: &[AttemptOutcome]) {
        let Some(first) = outcomes.first() else {
            return;
        };
        let whose = format!("{} to {}", first.sender, first.domain);
        let of_messages = outcomes
            .iter()
            .flat_map(|outcome| compare::differences(expected, outcome));
        for message in of_messages.chain(compare::request_differences(expected, outcomes)) {
            self.fail(moment, expected.origin, format!("{whose}: {message}"));
        }
    }

    /// Tells the requests that are not announced, each once, where it was made first.
    fn note_unannounced(&mut self, origin: Origin, at: UnixTime) {
        for request in self.stage.unannounced() {
            if self.unannounced.contains(&request) {
                continue;
            }
            self.played.failures.push(Failure {
                kind: FailureKind::Harness,
                network: None,
                line: origin.number(),
                place: Box::default(),
                after: at.saturating_duration_since(self.start),
                message: request.to_string(),
            });
            self.unannounced.push(request);
        }
    }

    fn fail(&mut self, moment: &Moment, origin: Origin, message: String) {
        self.played.failures.push(Failure {
            kind: FailureKind::Expectation,
            network: None,
            line: origin.number(),
            place: Box::default(),
            after: moment.after,
            message,
        });
    }
}

/// Makes the message that a sender hands over.
pub(super) fn message_for(sender: &str, domain: &DnsName) -> Message {
    let from = format!("{sender}@sender.example");
    let to = format!("postmaster@{domain}");
    let content =
        format!("From: {from}\r\nTo: {to}\r\nSubject: a message of a scenario\r\n\r\nHello.\r\n");
    Message {
        mail_from: Some(from.into()),
        rcpt_to: to.into(),
        content: content.into_bytes().into(),
    }
}
