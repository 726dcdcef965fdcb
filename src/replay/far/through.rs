//! A story through one mail server that is anyone's, in real time. Its servers are in this process, at the addresses
//! that the DNS gives; of the mail server only what reaches them is known.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::leaning::leave_out;
use super::mta::MtaKind;
use super::outcome::{Cell, FarReplayed, Fate, LeftOut, besides};
use super::player::{Player, is_of, part};
use super::watched::{Watched, with_authors};
use crate::clock::Clock;
use crate::replay::on_lab::LabStage;
use crate::replay::outside::{Outside, QueueRun};
use crate::replay::stage::{Stage as _, StageError};
use crate::replay::{Networks, replay};
use crate::sender::Verdict;
use crate::story::{Moment, Pace, Story};
use crate::world::Listen;

/// What the mail server's messages are called.
const RECIPIENT: &str = "message";

/// The servers of a story that is to be played through a mail server.
#[derive(Debug)]
pub struct Through {
    told: Story,
    factor: NonZeroU32,
    stage: LabStage,
}

/// Why a story cannot be played through a mail server.
#[derive(Debug, thiserror::Error)]
pub enum ThroughError {
    /// Its servers cannot be had.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The mail server did not do what it was asked for.
    #[error(transparent)]
    MailServer(#[from] io::Error),
    /// It says nothing of what becomes of mail that this could be held against.
    #[error(
        "it expects nothing of a mail server at this pace: there must be a sender of class `strict` that begins \
         without policies, asks the resolver that everybody has, and leans on no times of its own (a smaller \
         --factor leaves out less)"
    )]
    NothingExpected,
}

impl Through {
    /// Starts the servers with what holds at the first step.
    ///
    /// # Errors
    ///
    /// When a step cannot be served, or an address of the story is not this machine's.
    pub async fn start(
        told: &Story,
        factor: NonZeroU32,
        listen: Listen,
    ) -> Result<Self, StageError> {
        let start = Clock::system().now();
        let mut story = told.at_pace(Pace { factor, start });
        with_authors(&mut story);
        let first = story.moments.first().ok_or_else(|| StageError {
            stage: "lab",
            detail: "the story has no step".into(),
        })?;
        let stage = LabStage::start(listen, start, &first.state, BTreeMap::new()).await?;
        // Every address is there before the mail server is, and one that is not this machine's is found at once.
        for moment in story.moments.iter().skip(1).chain([first]) {
            stage.apply(&moment.state).await?;
        }
        Ok(Self {
            told: told.clone(),
            factor,
            stage,
        })
    }

    /// Returns the servers.
    #[must_use]
    pub const fn stage(&self) -> &LabStage {
        &self.stage
    }

    /// Plays the story, from its first step on; what was sent counts as settled once nothing has reached a server for
    /// as long as `quiet`.
    ///
    /// # Errors
    ///
    /// When a server or the mail server does not do what it is told.
    pub async fn play(
        self,
        mail_server: &Outside,
        quiet: Duration,
    ) -> Result<FarReplayed, ThroughError> {
        let began = Instant::now();
        let clock = Clock::system();
        let mut story = self.told.at_pace(Pace {
            factor: self.factor,
            start: clock.now(),
        });
        let mut left_out = Box::pin(leave_out(&mut story)).await?;
        if !story.moments.iter().any(is_expectant) {
            return Err(ThroughError::NothingExpected);
        }
        // Nobody waits for the end of a story in which no more mail is sent.
        let has_mail = |moment: &Moment| !moment.flush.is_empty() || !moment.expect.is_empty();
        let last = story.moments.iter().rposition(has_mail);
        story.moments.truncate(last.map_or(0, |last| last + 1));
        with_authors(&mut story);
        let name: Box<str> = format!("smtp://{}", mail_server.at).into();
        let watched = Watched::new(self.stage.world(), mail_server, quiet);
        let mut player = Player::new(watched, (name.clone(), RECIPIENT.into()), MtaKind::Strict);
        if let QueueRun::Within(_) = mail_server.queue_run {
            player.most_runs = 1;
        }
        let mut cells: Vec<Cell> = Vec::new();
        let mut of_step = 0;
        let mut played = story.clone();
        played.moments.clear();
        for (moment, told) in story.moments.iter().zip(&self.told.moments) {
            clock.sleep_until(moment.at).await;
            look_again(&mut player.under_test, &mut cells[of_step..]);
            of_step = cells.len();
            self.stage.apply(&moment.state).await?;
            played.moments.push(Moment {
                at: clock.now().max(moment.at),
                ..moment.clone()
            });
            let (moment, late) = Box::pin(as_late(&played)).await?;
            left_out.extend(late);
            cells.extend(player.act(&moment, told.after).await?);
        }
        player.under_test.rest().await;
        look_again(&mut player.under_test, &mut cells[of_step..]);
        for cell in &mut cells {
            count_again(&player.under_test, cell);
        }
        let mut model = Box::pin(replay(&self.told, Networks::Model)).await?;
        model.elapsed_secs = began.elapsed().as_secs_f64();
        let unannounced = besides(&self.stage.world().unannounced());
        drop(player);
        self.stage.shutdown().await?;
        Ok(FarReplayed {
            factor: self.factor.get(),
            story: model,
            senders: vec![name],
            cells,
            left_out,
            unannounced,
        })
    }
}

/// Returns whether a step expects something of the mail server.
fn is_expectant(moment: &Moment) -> bool {
    let part = part(MtaKind::Strict, &moment.state);
    let mut all = moment.flush.iter().chain(&moment.expect);
    all.any(|expectation| is_of(part, expectation) && expectation.verdict.is_some())
}

/// Returns the last step, without what cannot be expected of it since steps came later than they were to: a mail
/// server took its time.
async fn as_late(played: &Story) -> Result<(Moment, Vec<LeftOut>), StageError> {
    let mut story = played.clone();
    let late = leave_out(&mut story).await?;
    let moment = story.moments.pop().unwrap_or_else(|| unreachable!());
    let is_of_step = |line: usize| {
        let step = played.moments.last();
        step.is_some_and(|step| {
            let mut all = step.flush.iter().chain(&step.expect);
            all.any(|expectation| expectation.origin.number() == line)
        })
    };
    let late = late
        .into_iter()
        .filter(|left_out| is_of_step(left_out.line))
        .map(|left_out| LeftOut {
            why: format!("the step came late, and so {}", left_out.why).into(),
            ..left_out
        });
    Ok((moment, late.collect()))
}

/// Looks again at the mail that was to wait, while its step still holds: a mail server may have tried it by itself.
fn look_again(watched: &mut Watched<'_>, cells: &mut [Cell]) {
    watched.look();
    for cell in cells {
        if let (Fate::Deferred { .. }, Some(Verdict::Defer)) = (&cell.fate, cell.expected)
            && let Some(fate) = watched.fate(&cell.to)
        {
            cell.faults
                .push(format!("it was to wait, and later in the step: {fate}"));
            cell.fate = fate;
        }
    }
}

/// Counts once more how often a message arrived: the second time may have been later.
fn count_again(watched: &Watched<'_>, cell: &mut Cell) {
    if let (Fate::Arrived { times, .. }, Some(Fate::Arrived { times: all, .. })) =
        (&mut cell.fate, watched.fate(&cell.to))
        && *times != all
    {
        *times = all;
        cell.faults.push(format!("it arrived {all} times"));
    }
}
