//! Mail servers with an adapter each, in a lab of containers, step by step.

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use super::mta::{Mta, Word, WordResult};
use super::outcome::{Cell, Fate};
use super::player::{Player, UnderTest};
use super::servers::Lab;
use super::stage::FarStage;
use crate::facts::UnixTime;
use crate::replay::play::Watcher;
use crate::replay::senders::Senders;
use crate::story::Moment;
use crate::world::Request;

/// How long the first word on a message may take.
const WORD: Duration = Duration::from_secs(30);

/// How often is looked whether there is one.
const LOOK: Duration = Duration::from_millis(250);

/// How long after a run of the queue is looked what came of it.
const RUN: Duration = Duration::from_secs(1);

/// Plays the mail servers under test beside the story's own senders.
#[derive(Debug)]
pub(super) struct Mtas<'s> {
    /// The story as it is played.
    moments: &'s [Moment],
    /// The times of its steps, as they are told.
    told: &'s [Duration],
    players: Vec<Player<Adapted>>,
    /// How many steps are done.
    done: usize,
    pub(super) cells: Vec<Cell>,
    /// What went wrong with the lab itself.
    pub(super) broken: Option<io::Error>,
}

impl<'s> Mtas<'s> {
    pub(super) fn new(
        moments: &'s [Moment],
        told: &'s [Duration],
        lab: &Lab,
        mtas: &[Mta],
    ) -> Self {
        let player = |mta: &Mta| {
            let (name, kind) = (mta.name.clone(), mta.kind);
            let adapted = Adapted {
                mta: mta.clone(),
                lab: lab.clone(),
            };
            Player::new(adapted, (name.clone(), name), kind)
        };
        Self {
            moments,
            told,
            players: mtas.iter().map(player).collect(),
            done: 0,
            cells: Vec::new(),
            broken: None,
        }
    }

    async fn act(&mut self, moment: &Moment, after: Duration) -> io::Result<()> {
        let players = self.players.iter_mut();
        let acts = players.map(|player| player.act(moment, after));
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
            self.broken = self.act(moment, after).await.err();
            self.done += 1;
        }
    }
}

/// A mail server with its adapter, in a lab.
#[derive(Debug)]
struct Adapted {
    mta: Mta,
    lab: Lab,
}

impl UnderTest for Adapted {
    async fn send(&mut self, to: &str) -> io::Result<Fate> {
        self.mta.send(to).await?;
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let until = Instant::now() + WORD;
        loop {
            ticks.tick().await;
            let fate = self.fate(to).await?;
            if fate != Fate::Unheard || Instant::now() > until {
                return Ok(fate);
            }
        }
    }

    async fn run_queue(&mut self, to: &str) -> io::Result<Fate> {
        self.mta.flush().await?;
        interval_at(Instant::now() + RUN, RUN).tick().await;
        self.fate(to).await
    }
}

impl Adapted {
    /// Returns what has become of a message: what arrived counts, whatever the sender says.
    async fn fate(&self, to: &str) -> io::Result<Fate> {
        let is_to = |recipient: &str| recipient.eq_ignore_ascii_case(to);
        let words = self.mta.words().await?;
        let last: Option<&Word> = words.iter().rev().find(|word| is_to(&word.to));
        let history = self.lab.history().await?.requests;
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
                    protected: Some(result == WordResult::Protected && tls.is_some()),
                    times: arrived.len(),
                },
                (None, Some((WordResult::Deferred, why))) => Fate::Deferred { reply: why.clone() },
                (None, Some((WordResult::Bounced, why))) => Fate::Bounced { reply: why.clone() },
                // Its log says that the message went, and no server of the lab has it.
                (None, Some((WordResult::Protected | WordResult::Open, why))) => Fate::Arrived {
                    via: why.clone(),
                    tls: None,
                    protected: Some(false),
                    times: 0,
                },
            },
        )
    }
}
