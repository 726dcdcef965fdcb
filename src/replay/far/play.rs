//! The mail servers under test, step by step.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::mta::{Mta, MtaKind, Word, WordResult};
use super::outcome::{Cell, Fate};
use super::servers::Lab;
use super::stage::FarStage;
use crate::facts::{DnsName, UnixTime};
use crate::replay::play::Watcher;
use crate::replay::senders::Senders;
use crate::sender::{SenderClass, Verdict};
use crate::story::state::CacheUse;
use crate::story::{Expectation, Moment, State};
use crate::world::Request;

/// How long the first word on a message may take.
const WORD: Duration = Duration::from_secs(30);

/// How often is looked whether there is one.
const LOOK: Duration = Duration::from_millis(250);

/// How long after a run of the queue is looked what came of it.
const RUN: Duration = Duration::from_secs(1);

/// How often the queue is run for mail that is to go.
const RUNS: u32 = 12;

/// How often the queue is run for mail that is to wait: a sender that enforces at the first try alone is found.
const RUNS_IN_VAIN: u32 = 2;

/// Plays the mail servers under test beside the story's own senders.
#[derive(Debug)]
pub(super) struct Mtas<'s> {
    /// The story as it is played.
    moments: &'s [Moment],
    /// The times of its steps, as they are told.
    told: &'s [Duration],
    players: Vec<Player>,
    /// How many steps are done.
    done: usize,
    pub(super) cells: Vec<Cell>,
    /// What went wrong with the lab itself.
    pub(super) broken: Option<io::Error>,
}

impl<'s> Mtas<'s> {
    pub(super) fn new(moments: &'s [Moment], told: &'s [Duration], mtas: &[Mta]) -> Self {
        Self {
            moments,
            told,
            players: mtas.iter().cloned().map(Player::new).collect(),
            done: 0,
            cells: Vec::new(),
            broken: None,
        }
    }

    async fn act(&mut self, lab: &Lab, moment: &Moment, after: Duration) -> io::Result<()> {
        let acts = self
            .players
            .iter_mut()
            .map(|player| player.act(lab, moment, after));
        for cells in join_all(acts).await {
            self.cells.extend(cells?);
        }
        Ok(())
    }
}

impl Watcher<FarStage> for Mtas<'_> {
    async fn stands_still(&mut self, stage: &FarStage, _: &Senders, _: Option<UnixTime>) {
        while self.broken.is_none()
            && self.done < stage.begun()
            && let Some(moment) = self.moments.get(self.done)
        {
            let after = self.told.get(self.done).copied().unwrap_or_default();
            self.broken = self.act(stage.lab(), moment, after).await.err();
            self.done += 1;
        }
    }
}

/// One mail server.
#[derive(Debug)]
struct Player {
    mta: Mta,
    /// The recipients of the messages that wait, by domain.
    waiting: BTreeMap<DnsName, Vec<String>>,
}

impl Player {
    const fn new(mta: Mta) -> Self {
        Self {
            mta,
            waiting: BTreeMap::new(),
        }
    }

    /// Does what the step says: first the queue, then a fresh message to each domain that anybody writes to.
    async fn act(&mut self, lab: &Lab, moment: &Moment, after: Duration) -> io::Result<Vec<Cell>> {
        let part = part(self.mta.kind, &moment.state);
        let of_part = |expectation: &&Expectation| {
            expectation
                .senders
                .iter()
                .any(|sender| Some(&**sender) == part)
        };
        let mut cells = Vec::new();
        let cell = |to: String, queued| Cell {
            line: moment.origin.number(),
            after,
            title: moment.title.clone(),
            sender: self.mta.name.clone(),
            to: to.into(),
            queued,
            fate: Fate::Unheard,
            expected: None,
            queue_runs: 0,
            faults: Vec::new(),
        };
        for expectation in moment.flush.iter().filter(of_part) {
            let waiting = self.waiting.remove(&expectation.domain);
            if waiting.is_none() {
                let mut cell = cell(String::new(), true);
                cell.faults
                    .push("no message waits, so none can be flushed".to_owned());
                cells.push((expectation.domain.clone(), cell));
            }
            for to in waiting.into_iter().flatten() {
                let cell = cell(to, true);
                let cell = follow(&self.mta, lab, cell, Some(expectation)).await?;
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
            let to = format!("{}-{}@{domain}", self.mta.name, moment.origin.number());
            self.mta.send(&to).await?;
            let cell = cell(to, false);
            let cell = follow(&self.mta, lab, cell, expectation).await?;
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
}

/// Returns the sender of the story whose part is played by a mail server of this kind; one with a cache of its own,
/// or a smart host, has a past that no mail server can be given.
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
        })
        .map(|sender| &*sender.name)
}

/// Follows a message until it has met what is expected of it, or the queue was run for it often enough.
async fn follow(
    mta: &Mta,
    lab: &Lab,
    mut cell: Cell,
    expectation: Option<&Expectation>,
) -> io::Result<Cell> {
    let expected = expectation.and_then(|expectation| expectation.verdict);
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if !cell.queued {
        let until = Instant::now() + WORD;
        while cell.fate == Fate::Unheard && Instant::now() < until {
            ticks.tick().await;
            cell.fate = fate(mta, lab, &cell.to).await?;
        }
    }
    let runs = if expected == Some(Verdict::Defer) {
        RUNS_IN_VAIN
    } else {
        RUNS
    };
    let mut ticks = interval(RUN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    while cell.queue_runs < runs
        && (cell.queued && cell.queue_runs == 0 || matches!(cell.fate, Fate::Deferred { .. }))
    {
        mta.flush().await?;
        cell.queue_runs += 1;
        ticks.tick().await;
        cell.fate = fate(mta, lab, &cell.to).await?;
    }
    cell.expected = expected;
    cell.faults = cell.fate.faults(expectation);
    Ok(cell)
}

/// Returns what has become of a message: what arrived counts, whatever the sender says.
async fn fate(mta: &Mta, lab: &Lab, to: &str) -> io::Result<Fate> {
    let is_to = |recipient: &str| recipient.eq_ignore_ascii_case(to);
    let words = mta.words().await?;
    let last: Option<&Word> = words.iter().rev().find(|word| is_to(&word.to));
    let history = lab.history().await?.requests;
    let arrived: Vec<(&str, Option<&str>)> = history
        .iter()
        .filter_map(|request| match request {
            Request::SmtpReceived {
                server,
                tls,
                rcpt_to,
                ..
            } if rcpt_to.iter().any(|recipient| is_to(recipient)) => {
                Some((server.as_str(), tls.as_deref()))
            }
            _ => None,
        })
        .collect();
    Ok(
        match (arrived.last(), last.map(|word| (word.result, &word.why))) {
            (_, None) => Fate::Unheard,
            (Some((via, tls)), Some((result, _))) => Fate::Arrived {
                via: (*via).into(),
                tls: tls.map(Into::into),
                protected: result == WordResult::Protected && tls.is_some(),
                times: arrived.len(),
            },
            (None, Some((WordResult::Deferred, why))) => Fate::Deferred { reply: why.clone() },
            (None, Some((WordResult::Bounced, why))) => Fate::Bounced { reply: why.clone() },
            // Its log says that the message went, and no server of the lab has it.
            (None, Some((WordResult::Protected | WordResult::Open, why))) => Fate::Arrived {
                via: why.clone(),
                tls: None,
                protected: false,
                times: 0,
            },
        },
    )
}
