//! The course of an audit: mail to every domain, the queue run again and again, and what was seen of it judged.

use std::time::Duration;

use super::judge::{Course, Verdict, fresh, judge};
use super::lab::{Lab, LabError};
use super::message::{SANITY, Token, message};
use super::requirement::{Phase, Requirement};
use super::score::{Outcome, Score, Scored};
use super::sender::SenderUnderTest;
use super::site::domain_of;

/// How often the queue is run before a message that has not arrived counts as kept: a sender in wide use enforced at
/// the first attempt, and no more when it tried again.
const QUEUE_RUNS: usize = 2;

/// How many times the quiet may be waited for.
const MAX_QUIETS: u32 = 24;

/// Audits a sender.
///
/// # Errors
///
/// When the fake Internet fails.
pub async fn audit<S: SenderUnderTest>(
    name: &str,
    requirements: &[&Requirement],
    lab: &Lab,
    sender: &mut S,
) -> Result<Score, LabError> {
    let mut auditor = Auditor {
        lab,
        sender,
        course: Course::default(),
    };
    // What an earlier audit left counts for nobody.
    drop(lab.drain());
    lab.lay(Phase::First).await?;
    let mut alive = auditor.is_alive("before").await;
    let mut verdicts = vec![Vec::new(); requirements.len()];
    if alive {
        for phase in Phase::ALL {
            let judged: Vec<&Requirement> = requirements
                .iter()
                .copied()
                .filter(|row| row.is_judged_in(phase))
                .collect();
            if judged.is_empty() {
                continue;
            }
            lab.lay(phase).await?;
            auditor.come_to(phase).await;
            tracing::info!(sender = name, %phase, "messages are sent that make the sender look");
            auditor.warm_up(&judged, phase).await;
            tracing::info!(sender = name, %phase, "messages are sent that are judged");
            for requirement in &judged {
                auditor
                    .send(&fresh(requirement, phase), &requirement.next_hop())
                    .await;
            }
            auditor.settle().await;
            for _run in 0..QUEUE_RUNS {
                auditor.run_queue().await;
            }
            for (verdicts, requirement) in verdicts.iter_mut().zip(requirements) {
                verdicts.extend(judge(requirement, phase, &auditor.course));
            }
        }
        alive = auditor.is_alive("after").await;
    }
    let scored = requirements.iter().zip(verdicts);
    Ok(Score {
        sender: name.into(),
        alive,
        requirements: scored
            .map(|(requirement, verdicts)| conclude(requirement, verdicts, alive))
            .collect(),
    })
}

fn conclude(requirement: &Requirement, verdicts: Vec<Verdict>, alive: bool) -> Scored {
    let (mut unmet, mut unshown) = (Vec::new(), Vec::new());
    for verdict in verdicts {
        match verdict {
            Verdict::Met => {}
            Verdict::Unmet(why) => unmet.push(why),
            Verdict::Unshown(why) => unshown.push(why),
        }
    }
    if !unmet.is_empty() {
        return Scored::new(requirement, Outcome::NotEnforced, unmet);
    }
    if !alive {
        let why = "the sender did not deliver what any sender delivers, so nothing follows from what it kept";
        return Scored::new(requirement, Outcome::NotShown, vec![why.into()]);
    }
    if !unshown.is_empty() {
        return Scored::new(requirement, Outcome::NotShown, unshown);
    }
    Scored::new(requirement, Outcome::Enforced, Vec::new())
}

/// Who sends, waits and looks.
struct Auditor<'a, S> {
    lab: &'a Lab,
    sender: &'a mut S,
    course: Course,
}

impl<S: SenderUnderTest> Auditor<'_, S> {
    /// Returns whether the sender delivers at all.
    async fn is_alive(&mut self, when: &str) -> bool {
        let token = Token::new(format!("alive {when}"));
        self.send(&token, &domain_of(SANITY)).await;
        self.settle().await;
        if self.course.watch.arrivals(&token).is_empty() {
            self.run_queue().await;
        }
        !self.course.watch.arrivals(&token).is_empty()
    }

    /// Sends a message to each domain that is not judged (§5.1: a fetch may run beside the delivery), and gives the
    /// sender time to fetch.
    async fn warm_up(&mut self, requirements: &[&Requirement], phase: Phase) {
        for requirement in requirements {
            let token = Token::new(format!("{} {phase}, not judged", requirement.id));
            self.send(&token, &requirement.next_hop()).await;
        }
        self.settle().await;
        self.run_queue().await;
        self.lab
            .pass(match phase {
                Phase::First => self.lab.timing.warm_up,
                Phase::Changed | Phase::Later => self.lab.timing.quiet,
            })
            .await;
        self.look();
    }

    /// Waits until what has changed can be seen.
    async fn come_to(&mut self, phase: Phase) {
        let span = match phase {
            Phase::First => Duration::ZERO,
            Phase::Changed => self.lab.timing.change,
            Phase::Later => self.lab.timing.short_life,
        };
        self.lab.pass(span).await;
        self.look();
    }

    async fn send(&mut self, token: &Token, domain: &str) {
        if let Err(error) = self.sender.inject(message(token, domain)).await {
            let why = error.to_string().into();
            self.course.refused.push((token.clone(), why));
        }
        self.look();
    }

    async fn run_queue(&mut self) {
        if let Err(error) = self.sender.run_queue().await {
            tracing::warn!(%error, "the queue was not run");
        }
        self.settle().await;
    }

    /// Waits until nothing reaches the servers any more.
    async fn settle(&mut self) {
        if !self.lab.is_real() {
            self.look();
            return;
        }
        for _quiet in 0..MAX_QUIETS {
            self.lab.pass(self.lab.timing.quiet).await;
            if self.look() == Seen::Nothing {
                return;
            }
        }
    }

    /// Notes what reached the servers.
    fn look(&mut self) -> Seen {
        let requests = self.lab.drain();
        let seen = if requests.is_empty() {
            Seen::Nothing
        } else {
            Seen::Something
        };
        self.course
            .watch
            .note(self.lab.now(), requests, self.lab.internet());
        seen
    }
}

/// Whether anything was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seen {
    Nothing,
    Something,
}
