//! Our own strict sender, and the controls that are made of it: their queues are in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::control::{Control, Mutant};
use super::message::bounce;
use super::sender::SenderUnderTest;
use crate::facts::smtp::Message;
use crate::facts::{DnsName, UnixTime};
use crate::fakes::Internet;
use crate::replay::outside::SenderError;
use crate::sender::{Families, Limits, Mail, Network, PolicyState, Sender, SenderClass, Verdict};

/// A sender in this process.
#[derive(Debug)]
pub(super) struct InProcess<N> {
    network: N,
    behaviour: Behaviour,
    memory: BTreeMap<DnsName, PolicyState>,
    queue: Vec<Queued>,
}

/// How the sender departs from the strict one beyond what it sees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Behaviour {
    /// Not at all.
    Strict,
    /// It knows no MTA-STS.
    NeverEnforces,
    /// It sends nothing that is not validated.
    RefusesOddities,
    /// It forgets MTA-STS when it tries again.
    EnforcesOnce,
    /// It gives up at once.
    BouncesAtOnce,
}

/// A message that waits.
#[derive(Debug)]
struct Queued {
    message: Message,
    domain: DnsName,
    since: UnixTime,
    attempt: Attempt,
}

/// Which attempt of a message it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Attempt {
    First,
    Again,
}

impl<N: Network> InProcess<N> {
    /// Makes the strict sender.
    pub(super) const fn strict(network: N) -> Self {
        Self::new(network, Behaviour::Strict)
    }

    const fn new(network: N, behaviour: Behaviour) -> Self {
        Self {
            network,
            behaviour,
            memory: BTreeMap::new(),
            queue: Vec::new(),
        }
    }

    /// Tries a message, and queues it if it must wait.
    async fn attempt(&mut self, queued: Queued) {
        let class = match (self.behaviour, queued.attempt) {
            (Behaviour::NeverEnforces, _) | (Behaviour::EnforcesOnce, Attempt::Again) => {
                SenderClass::by_name("no-sts").expect("the class is among those that are known")
            }
            (_, _) => SenderClass::strict(),
        };
        let sender = Sender {
            network: &self.network,
            class,
            limits: Limits::default(),
            families: Families::Both,
        };
        let state = self.memory.entry(queued.domain.clone()).or_default();
        let mail = Mail {
            queued_for: self.network.now().saturating_duration_since(queued.since),
            ..Mail::probe(&queued.domain)
        };
        let mut verdict = Verdict::Deliver;
        if self.behaviour == Behaviour::RefusesOddities {
            let probed = sender.attempt(mail, state).await;
            for change in &probed.changes {
                state.apply(change);
            }
            verdict = match probed.verdict {
                Verdict::DeliverUnprotected => Verdict::Defer,
                Verdict::Deliver | Verdict::Undetermined | Verdict::Defer | Verdict::Bounce => {
                    probed.verdict
                }
            };
        }
        if verdict == Verdict::Deliver {
            let mail = Mail {
                message: Some(&queued.message),
                ..mail
            };
            let attempt = sender.attempt(mail, state).await;
            for change in &attempt.changes {
                state.apply(change);
            }
            verdict = attempt.verdict;
        }
        if verdict == Verdict::Defer && self.behaviour == Behaviour::BouncesAtOnce {
            verdict = Verdict::Bounce;
        }
        match verdict {
            Verdict::Deliver | Verdict::DeliverUnprotected => {}
            Verdict::Undetermined | Verdict::Defer => self.queue.push(Queued {
                attempt: Attempt::Again,
                ..queued
            }),
            Verdict::Bounce => self.give_up(&queued.message).await,
        }
    }

    /// Tells the author of a message that it was given up.
    async fn give_up(&self, message: &Message) {
        let Some(message) = bounce(message) else {
            return;
        };
        let Some(domain) = domain_of(&message.rcpt_to) else {
            return;
        };
        let sender = Sender {
            network: &self.network,
            class: SenderClass::strict(),
            limits: Limits::default(),
            families: Families::Both,
        };
        let mail = Mail {
            message: Some(&message),
            ..Mail::probe(&domain)
        };
        sender.attempt(mail, &PolicyState::default()).await;
    }
}

impl<N: Network> InProcess<Mutant<N>> {
    /// Makes a control.
    pub(super) fn control(control: Control, network: N, internet: Arc<Internet>) -> Self {
        let behaviour = match control {
            Control::NeverEnforces => Behaviour::NeverEnforces,
            Control::RefusesOddities => Behaviour::RefusesOddities,
            Control::EnforcesOnce => Behaviour::EnforcesOnce,
            Control::BouncesAtOnce => Behaviour::BouncesAtOnce,
            _falsified => Behaviour::Strict,
        };
        Self::new(Mutant::new(network, control, internet), behaviour)
    }
}

impl<N: Network + Send> SenderUnderTest for InProcess<N> {
    async fn inject(&mut self, message: Message) -> Result<(), SenderError> {
        let Some(domain) = domain_of(&message.rcpt_to) else {
            return Err(SenderError::NotTaken(
                "a message whose recipient has no domain was not taken".into(),
            ));
        };
        let queued = Queued {
            since: self.network.now(),
            message,
            domain,
            attempt: Attempt::First,
        };
        self.attempt(queued).await;
        Ok(())
    }

    async fn run_queue(&mut self) -> Result<(), SenderError> {
        for queued in std::mem::take(&mut self.queue) {
            self.attempt(queued).await;
        }
        Ok(())
    }
}

fn domain_of(address: &str) -> Option<DnsName> {
    address.rsplit_once('@')?.1.parse().ok()
}
