//! A story in real time, through mail servers that are not ours: in a lab of containers, each server at an address and
//! at ports of its own and the story's own senders beside them ([`replay_far`]); or with its servers in this process,
//! through one mail server of which nothing but its address is known ([`through`]).

mod exchange;
mod leaning;
pub mod mta;
pub mod outcome;
mod play;
mod player;
pub mod servers;
mod stage;
pub mod through;
mod watched;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use self::leaning::leave_out;
use self::mta::{Mta, MtaKind};
use self::outcome::{Cell, FarReplayed, Fate, besides};
use self::play::Mtas;
use self::player::part;
use self::servers::Lab;
use self::stage::{FarStage, failed};
use super::memory::Role;
use super::outcome::Played;
use super::play::{message_for, play};
use super::stage::StageError;
use super::{on_lab, summary};
use crate::clock::Clock;
use crate::sender::Verdict;
use crate::story::{Pace, Story};
use crate::world::Request;
use crate::world::control::Record;

/// Plays a story in a lab of containers, `factor` times as fast as it is told.
///
/// # Errors
///
/// When the story does not fit into the lab, or a server or a mail server does not do what it is told.
pub async fn replay_far(
    told: &Story,
    factor: NonZeroU32,
    lab: Lab,
    mtas: &[Mta],
) -> Result<FarReplayed, StageError> {
    let began = Instant::now();
    let clock = Clock::system();
    // The first step is laid out before it begins.
    let start = clock.now().saturating_add(Duration::from_secs(2));
    let mut story = told.at_pace(Pace { factor, start });
    let left_out = leave_out(&mut story).await?;
    // What they ask cannot be told apart from what others ask.
    for moment in &mut story.moments {
        for expectation in moment.flush.iter_mut().chain(&mut moment.expect) {
            expectation.asked.clear();
            expectation.not_asked.clear();
            expectation.received.clear();
        }
    }
    let story = story.at_places(&lab.places).map_err(failed)?;
    let times: Vec<Duration> = told.moments.iter().map(|moment| moment.after).collect();
    let clients = story
        .moments
        .iter()
        .flat_map(|moment| on_lab::clients(&moment.state))
        .collect();
    let mut mtas_play = Mtas::new(&story.moments, &times, &lab, mtas);
    let mut played = Played::default();
    let mut history = Record::default();
    if let Some(first) = story.moments.first() {
        let stage = FarStage::start(lab, (clock, start), &first.state, clients).await?;
        played = play(&story, Role::AsTold, &stage, &mut mtas_play).await?;
        history = stage.lab().history().await.map_err(failed)?;
    }
    if let Some(error) = mtas_play.broken {
        return Err(failed(error));
    }
    let mut cells = own_cells(&story, &times, &played, &history);
    cells.extend(mtas_play.cells);
    Ok(FarReplayed {
        factor: factor.get(),
        story: summary(&story, (None, Some(played)), Vec::new(), Vec::new(), began),
        senders: [STRICT.into()]
            .into_iter()
            .chain(mtas.iter().map(|mta| mta.name.clone()))
            .collect(),
        cells,
        left_out,
        unannounced: besides(&history.unannounced),
    })
}

/// The sender of this process, among the mail servers.
const STRICT: &str = "strict";

/// Tells of the story's strict sender as of a mail server: what arrived counts, whatever it says.
fn own_cells(story: &Story, times: &[Duration], played: &Played, history: &Record) -> Vec<Cell> {
    let mut cells = Vec::new();
    let Some(first) = story.moments.first() else {
        return cells;
    };
    let Some(name) = part(MtaKind::Strict, &first.state) else {
        return cells;
    };
    let mut arrived: Vec<(&str, &str, Option<&str>)> = history
        .requests
        .iter()
        .filter_map(|request| match request {
            Request::SmtpReceived {
                server,
                mail_from,
                rcpt_to,
                tls,
                ..
            } if *mail_from == format!("{name}@sender.example") => {
                Some((rcpt_to.first()?.as_str(), server.as_str(), tls.as_deref()))
            }
            _ => None,
        })
        .collect();
    for (moment, after) in played.moments.iter().zip(times) {
        for told in moment.attempts.iter().filter(|told| &*told.sender == name) {
            let message = message_for(name, &told.domain);
            let to = &message.rcpt_to;
            let fate = match &told.via {
                Some(via) => {
                    let is_it = |(recipient, server, _): &(&str, &str, Option<&str>)| {
                        *recipient == &**to && *server == via.as_str()
                    };
                    let found = arrived.iter().position(is_it);
                    let tls = found.map(|found| arrived.remove(found).2);
                    Fate::Arrived {
                        via: via.as_str().into(),
                        tls: tls.flatten().map(Into::into),
                        protected: Some(told.verdict == Verdict::Deliver),
                        times: usize::from(found.is_some()),
                    }
                }
                None if told.verdict == Verdict::Bounce => Fate::Bounced {
                    reply: told.reason.to_string().into(),
                },
                None => Fate::Deferred {
                    reply: told.reason.to_string().into(),
                },
            };
            cells.push(Cell {
                line: moment.line,
                after: *after,
                title: moment.title.clone(),
                sender: STRICT.into(),
                to: to.clone(),
                queued: !told.queued_for.is_zero(),
                faults: fate.faults(None),
                fate,
                expected: None,
                queue_runs: 0,
            });
        }
    }
    if let (Some(cell), false) = (cells.last_mut(), arrived.is_empty()) {
        cell.faults
            .push(format!("{} messages arrived besides", arrived.len()));
    }
    cells
}
