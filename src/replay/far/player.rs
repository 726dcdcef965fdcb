//! One mail server under test, step by step: what it is handed, how often its queue is run, and what came of it.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::mta::MtaKind;
use super::outcome::{Cell, Fate};
use crate::facts::DnsName;
use crate::sender::{SenderClass, Verdict};
use crate::story::state::CacheUse;
use crate::story::{Expectation, Moment, State};

/// How often the queue is run for mail that is to go.
const RUNS: u32 = 12;

/// How often the queue is run for mail that is to wait: a sender that enforces at the first try alone is found.
const RUNS_IN_VAIN: u32 = 2;

/// What is asked of a mail server under test.
pub(super) trait UnderTest: Send {
    /// Hands over a message, and returns what becomes of it at first.
    fn send(&mut self, to: &str) -> impl Future<Output = io::Result<Fate>> + Send;

    /// Lets it try all that waits, and returns what has become of a message then.
    fn run_queue(&mut self, to: &str) -> impl Future<Output = io::Result<Fate>> + Send;
}

/// One mail server.
#[derive(Debug)]
pub(super) struct Player<U> {
    pub(super) under_test: U,
    /// What it is called.
    pub(super) name: Box<str>,
    /// What its recipients are called.
    pub(super) recipient: Box<str>,
    pub(super) kind: MtaKind,
    /// How often its queue can be run for one message.
    pub(super) most_runs: u32,
    /// The recipients of the messages that wait, by domain.
    waiting: BTreeMap<DnsName, Vec<String>>,
}

impl<U: UnderTest> Player<U> {
    pub(super) fn new(
        under_test: U,
        (name, recipient): (Box<str>, Box<str>),
        kind: MtaKind,
    ) -> Self {
        Self {
            under_test,
            name,
            recipient,
            kind,
            most_runs: RUNS,
            waiting: BTreeMap::new(),
        }
    }

    /// Does what the step says: first the queue, then a fresh message to each domain that anybody writes to.
    pub(super) async fn act(&mut self, moment: &Moment, after: Duration) -> io::Result<Vec<Cell>> {
        let part = part(self.kind, &moment.state);
        let of_part = |expectation: &&Expectation| is_of(part, expectation);
        let name = self.name.clone();
        let cell = |to: String, queued| Cell {
            line: moment.origin.number(),
            after,
            title: moment.title.clone(),
            sender: name.clone(),
            to: to.into(),
            queued,
            fate: Fate::Unheard,
            expected: None,
            queue_runs: 0,
            faults: Vec::new(),
        };
        let mut cells = Vec::new();
        for expectation in moment.flush.iter().filter(of_part) {
            let waiting = self.waiting.remove(&expectation.domain);
            if waiting.is_none() {
                let mut cell = cell(String::new(), true);
                cell.faults
                    .push("no message waits, so none can be flushed".to_owned());
                cells.push((expectation.domain.clone(), cell));
            }
            for to in waiting.into_iter().flatten() {
                let cell = self.follow(cell(to, true), Some(expectation)).await?;
                cells.push((expectation.domain.clone(), cell));
            }
        }
        let mut domains: Vec<&DnsName> = Vec::new();
        for expectation in &moment.expect {
            if !domains.contains(&&expectation.domain) {
                domains.push(&expectation.domain);
            }
        }
        for domain in domains {
            let expectation = moment
                .expect
                .iter()
                .filter(of_part)
                .find(|expectation| expectation.domain == *domain);
            let to = format!("{}-{}@{domain}", self.recipient, moment.origin.number());
            let cell = self.follow(cell(to, false), expectation).await?;
            cells.push((domain.clone(), cell));
        }
        let mut told = Vec::new();
        for (domain, cell) in cells {
            if let Fate::Deferred { .. } = cell.fate {
                let waiting = self.waiting.entry(domain).or_default();
                waiting.push(cell.to.clone().into());
            }
            told.push(cell);
        }
        Ok(told)
    }

    /// Follows a message until it has met what is expected of it, or the queue was run for it often enough.
    async fn follow(
        &mut self,
        mut cell: Cell,
        expectation: Option<&Expectation>,
    ) -> io::Result<Cell> {
        cell.expected = expectation.and_then(|expectation| expectation.verdict);
        if !cell.queued {
            cell.fate = self.under_test.send(&cell.to).await?;
        }
        let runs = if cell.expected == Some(Verdict::Defer) {
            RUNS_IN_VAIN
        } else {
            RUNS
        };
        while cell.queue_runs < runs.min(self.most_runs)
            && (cell.queued && cell.queue_runs == 0 || matches!(cell.fate, Fate::Deferred { .. }))
        {
            cell.fate = self.under_test.run_queue(&cell.to).await?;
            cell.queue_runs += 1;
        }
        cell.faults = cell.fate.faults(expectation);
        Ok(cell)
    }
}

/// Returns whether an expectation is about this sender of the story.
pub(super) fn is_of(part: Option<&str>, expectation: &Expectation) -> bool {
    let mut senders = expectation.senders.iter();
    senders.any(|sender| Some(&**sender) == part)
}

/// Returns the sender of the story whose part is played by a mail server of this kind; one with a cache of its own,
/// a smart host, or a resolver that sees something else, has what no mail server can be given.
pub(super) fn part(kind: MtaKind, state: &State) -> Option<&str> {
    let class = match kind {
        MtaKind::Strict => SenderClass::strict().name,
        MtaKind::Lenient => "no-sts",
    };
    state
        .senders
        .iter()
        .find(|sender| {
            sender.class.name == class
                && sender.cache == CacheUse::Kept
                && sender.cached.is_empty()
                && sender.next_hop.is_none()
                && !state.internet.views.contains_key(&sender.resolver)
        })
        .map(|sender| &*sender.name)
}
