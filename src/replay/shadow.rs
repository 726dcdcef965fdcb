//! From when to when mail would have been delivered, unprotected or held: "what if a message came now".
//!
//! After each change, and at each end of a TTL, a policy's or a certificate's life or a back-off, every sender attempts a
//! message on a copy of the model; the copy is thrown away, so the story itself is not touched.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::near_edge::NearEdge;
use super::on_model::ModelStage;
use super::play::{Watcher, message_for};
use super::senders::Senders;
use super::stage::{Client, Stage};
use crate::facts::{DnsName, UnixTime};
use crate::sender::{Families, Limits, Mail, Sender, Verdict};
use crate::story::state;

/// How many moments are looked at between two steps.
const MAX_SAMPLES: usize = 200;

/// What would have become of mail from one sender to one domain, over time.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Course {
    /// The sender.
    pub sender: Box<str>,
    /// The recipient's domain.
    pub domain: DnsName,
    /// The spans, in order; each ends where the next begins, the last with the story.
    pub spans: Vec<Span>,
    /// What the sidecar held that was asked in the sender's place, from when on, in order.
    #[serde(skip)]
    pub held: Vec<(UnixTime, Box<str>)>,
}

/// A span of time in which the verdict stays the same.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Span {
    /// When it begins.
    pub from: UnixTime,
    /// When it ends; null for the last one, which goes on after the story.
    pub until: Option<UnixTime>,
    /// What becomes of mail.
    pub verdict: Verdict,
    /// Why, at its beginning.
    pub reason: Box<str>,
    /// Why, from when to when, in order; the first is `reason`.
    pub reasons: Vec<Reason>,
    /// From when on mail that has waited since its beginning goes back to its sender; null if none waits so
    /// long.
    pub bounces_from: Option<UnixTime>,
}

/// A part of a span in which the reason stays the same as well.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Reason {
    /// When it begins.
    pub from: UnixTime,
    /// When it ends; null at the end of the last span.
    pub until: Option<UnixTime>,
    /// Why.
    #[serde(rename = "reason")]
    pub text: Box<str>,
}

/// Watches a play on the model and writes the courses.
#[derive(Clone, Debug, Default)]
pub struct Shadows {
    watched: Vec<Watched>,
}

/// What was seen of mail from one sender to one domain.
#[derive(Clone, Debug)]
struct Watched {
    sender: Box<str>,
    domain: DnsName,
    queue_life: Duration,
    /// In order of time; no two neighbours alike.
    looks: Vec<Look>,
    /// What the sidecar held, from when on.
    held: Vec<(UnixTime, Box<str>)>,
}

/// What would become of a message at one moment.
#[derive(Clone, Debug)]
struct Look {
    at: UnixTime,
    verdict: Verdict,
    reason: Box<str>,
}

impl Shadows {
    /// Returns the courses, by sender and domain.
    #[must_use]
    pub fn into_courses(self) -> Vec<Course> {
        self.watched.into_iter().map(Course::from).collect()
    }

    fn note(&mut self, sender: &state::Sender, domain: &DnsName, look: Look, held: Option<String>) {
        let held = held.map(|held| (look.at, held.into()));
        let position = self
            .watched
            .iter()
            .position(|watched| watched.sender == sender.name && watched.domain == *domain);
        match position.and_then(|index| self.watched.get_mut(index)) {
            Some(watched) => {
                watched.note(look);
                watched.held.extend(held);
            }
            None => self.watched.push(Watched {
                sender: sender.name.clone(),
                domain: domain.clone(),
                queue_life: sender.class.queue_life,
                looks: vec![look],
                held: held.into_iter().collect(),
            }),
        }
    }
}

impl Watched {
    fn note(&mut self, look: Look) {
        // A later look at the same moment counts: the step or the refresh was in between.
        if self.looks.last().is_some_and(|last| last.at == look.at) {
            self.looks.pop();
        }
        let is_news = self
            .looks
            .last()
            .is_none_or(|last| (last.verdict, &last.reason) != (look.verdict, &look.reason));
        if is_news {
            self.looks.push(look);
        }
    }
}

impl From<Watched> for Course {
    fn from(watched: Watched) -> Self {
        // Each look holds until the next one.
        let ends: Vec<UnixTime> = watched.looks.iter().skip(1).map(|look| look.at).collect();
        let ends = ends.into_iter().map(Some).chain([None]);
        let mut spans: Vec<Span> = Vec::new();
        for (look, until) in watched.looks.into_iter().zip(ends) {
            let reason = Reason {
                from: look.at,
                until,
                text: look.reason,
            };
            match spans.last_mut() {
                Some(last) if last.verdict == look.verdict => {
                    last.until = until;
                    last.reasons.push(reason);
                }
                Some(_) | None => spans.push(Span {
                    from: look.at,
                    until,
                    verdict: look.verdict,
                    reason: reason.text.clone(),
                    reasons: vec![reason],
                    bounces_from: None,
                }),
            }
        }
        for span in &mut spans {
            let ends = span.from.saturating_add(watched.queue_life);
            let is_reached = span.until.is_none_or(|until| until > ends);
            span.bounces_from = (span.verdict == Verdict::Defer && is_reached).then_some(ends);
        }
        Self {
            sender: watched.sender,
            domain: watched.domain,
            spans,
            held: watched.held,
        }
    }
}

impl Watcher<ModelStage> for Shadows {
    async fn stands_still(
        &mut self,
        stage: &ModelStage,
        senders: &Senders,
        until: Option<UnixTime>,
    ) {
        let now = stage.now();
        // A refresh moves things again, and will be looked at by itself.
        let until = until.map(|until| {
            senders
                .next_refresh(until)
                .map_or(until, |(due, _, _)| due.min(until))
        });
        let mut moments: BTreeSet<UnixTime> = BTreeSet::from([now]);
        if let Some(until) = until {
            // An answer is kept while its TTL lasts, a policy up to its last second.
            let ends = stage
                .cache_ends()
                .into_iter()
                .chain(stage.life_ends())
                .chain(
                    senders
                        .ends()
                        .flat_map(|end| [end, end.saturating_add(Duration::from_secs(1))]),
                );
            let within: BTreeSet<UnixTime> =
                ends.filter(|end| *end > now && *end < until).collect();
            moments.extend(within.into_iter().take(MAX_SAMPLES));
        }
        for at in moments {
            for sender in &senders.senders {
                for domain in &senders.domains {
                    let copy = stage.copy_at(at);
                    let next_hop = sender.next_hop.as_ref().unwrap_or(domain);
                    let network = copy.network(Client::Sender(&sender.name));
                    let network = NearEdge::new(network, next_hop, sender.edge);
                    let acting = Sender {
                        network: &network,
                        class: &sender.class,
                        limits: Limits::default(),
                        families: Families::Both,
                    };
                    let mut memory = senders.recall(sender, next_hop);
                    let held = memory.told(at);
                    // What RCPT and the message come to, counts too; the copy's servers forget both.
                    let message = message_for(&sender.name, domain);
                    let mail = Mail {
                        message: Some(&message),
                        ..Mail::probe(next_hop)
                    };
                    let attempt = memory.attempt(&acting, mail).await;
                    self.note(
                        sender,
                        domain,
                        Look {
                            at,
                            verdict: attempt.verdict,
                            reason: attempt.reason.to_string().into(),
                        },
                        held,
                    );
                }
            }
        }
    }
}
