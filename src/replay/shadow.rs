//! From when to when mail would have been delivered, unprotected or held: "what if a message came now".
//!
//! After each change, and at each end of a TTL, a policy's or a certificate's life or a back-off, every sender attempts a
//! message on a copy of the model; the copy is thrown away, so the story itself is not touched.

use std::collections::BTreeSet;
use std::time::Duration;

use super::near_edge::NearEdge;
use super::on_model::ModelStage;
use super::play::{Watcher, message_for};
use super::senders::{Senders, class_of};
use super::stage::{Client, Stage};
use crate::facts::{DnsName, UnixTime};
use crate::scenario::state;
use crate::sender::{Limits, Mail, Sender, Verdict};

/// How many moments are looked at between two steps.
const MAX_SAMPLES: usize = 200;

/// What would have become of mail from one sender to one domain, over time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Course {
    /// The sender.
    pub sender: Box<str>,
    /// The recipient's domain.
    pub domain: DnsName,
    /// How long the sender keeps trying.
    pub queue_life: Duration,
    /// The spans, in order; each ends where the next begins, the last with the story.
    pub spans: Vec<Span>,
}

/// A span of time in which the verdict stays the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Span {
    /// When it begins.
    pub from: UnixTime,
    /// When it ends; `None` for the last one.
    pub until: Option<UnixTime>,
    /// What becomes of mail.
    pub verdict: Verdict,
    /// Why, at its beginning.
    pub reason: Box<str>,
}

/// Watches a play on the model and writes the courses.
#[derive(Clone, Debug, Default)]
pub struct Shadows {
    courses: Vec<Course>,
}

impl Shadows {
    /// Returns the courses, by sender and domain.
    #[must_use]
    pub fn into_courses(self) -> Vec<Course> {
        self.courses
    }

    fn note(&mut self, sender: &state::Sender, domain: &DnsName, span: Span) {
        let position = self
            .courses
            .iter()
            .position(|course| course.sender == sender.name && course.domain == *domain);
        let Some(course) = position.and_then(|index| self.courses.get_mut(index)) else {
            self.courses.push(Course {
                sender: sender.name.clone(),
                domain: domain.clone(),
                queue_life: sender.queue_life,
                spans: vec![span],
            });
            return;
        };
        match course.spans.last_mut() {
            // A later look at the same moment counts: the step or the refresh was in between.
            Some(last) if last.from == span.from => {
                last.verdict = span.verdict;
                last.reason = span.reason;
            }
            Some(last) if last.verdict == span.verdict => {}
            Some(last) => {
                last.until = Some(span.from);
                course.spans.push(span);
            }
            None => course.spans.push(span),
        }
        course.join_equal_neighbours();
    }
}

impl Course {
    /// Returns from when on the first mail of a span goes back, if it must wait so long; `None` for spans in
    /// which no mail waits.
    #[must_use]
    pub fn bounces_from(&self, span: &Span) -> Option<UnixTime> {
        let ends = span.from.saturating_add(self.queue_life);
        (span.verdict == Verdict::Defer && span.until.is_none_or(|until| until > ends))
            .then_some(ends)
    }

    /// A span that a later look made equal to the one before it belongs to it.
    fn join_equal_neighbours(&mut self) {
        self.spans.dedup_by(|later, earlier| {
            let is_equal = later.verdict == earlier.verdict;
            if is_equal {
                earlier.until = later.until;
            }
            is_equal
        });
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
                    let class = class_of(sender);
                    let acting = Sender {
                        network: &network,
                        class: &class,
                        limits: Limits::default(),
                    };
                    let state = senders.recall(sender, next_hop);
                    // What RCPT and the message come to, counts too; the copy's servers forget both.
                    let message = message_for(&sender.name, domain);
                    let mail = Mail {
                        message: Some(&message),
                        ..Mail::probe(next_hop)
                    };
                    let attempt = acting.attempt(mail, &state).await;
                    self.note(
                        sender,
                        domain,
                        Span {
                            from: at,
                            until: None,
                            verdict: attempt.verdict,
                            reason: attempt.reason,
                        },
                    );
                }
            }
        }
    }
}
