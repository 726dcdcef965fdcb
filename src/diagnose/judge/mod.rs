//! What each conforming sender does, with an empty cache and with each policy that it may hold, in both readings.

mod order;
mod worst;

use super::document::{CacheReport, StoredReport, UntilEvent, Why};
use super::judged::Judged;
use crate::facts::{Sentence, UnixTime};
use crate::sender::candidates::Exchangers;
use crate::sender::found::{PolicyInUse, PolicySource, RecordSeen};
use crate::sender::memo::Memo;
use crate::sender::{Attempt, Families, Limits, Network, PolicyState, SenderClass, Verdict};
use crate::sts::ledger::Held;
use crate::sts::reading::Reading;
use crate::sts::transport::Certainty;
use worst::{Judge, Outlook, as_seen_from_here};

/// What one kind of sender does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row<'a> {
    /// Its class.
    pub class: &'static SenderClass,
    /// What it had cached; `None` if nothing.
    pub held: Option<&'a Held<'a>>,
    /// How it reads.
    pub reading: Reading,
    /// The verdict, `undetermined` where only we lack a fact.
    pub verdict: Verdict,
    /// The worst of its attempts, over equal preferences, over the edges of the policy host and over families
    /// of address.
    pub attempt: Attempt,
    /// Over which families of address that was.
    pub families: Families,
    /// When the verdict ends by itself, and how.
    pub until: Option<(UnixTime, UntilEvent)>,
    /// Whether that was over a day old, and the sender has fetched the policy anew by now.
    pub refreshed: bool,
    /// How many addresses of the policy host were not asked, where that leaves the verdict open; 0 elsewhere.
    pub unasked_edges: usize,
}

impl Row<'_> {
    /// Returns what it had cached, in a word.
    #[must_use]
    pub const fn cache(&self) -> CacheReport {
        match self.held {
            None => CacheReport::Empty,
            Some(_) => CacheReport::Stored,
        }
    }

    /// Returns whether the policy that it had cached was applied as it was.
    #[must_use]
    pub const fn uses_stored(&self) -> bool {
        !self.refreshed
            && matches!(
                self.attempt.discovery.policy,
                PolicyInUse::Policy {
                    source: PolicySource::Cached,
                    ..
                }
            )
    }

    /// Returns why the verdict is what it is; where only we failed, it states no fact.
    #[must_use]
    pub fn why(&self) -> Why {
        let attempt = &self.attempt;
        let mut doubt = Sentence::default();
        if attempt.certainty == Certainty::Ours {
            doubt.words("cannot tell: ");
            if let Some(unseen) = self.unseen() {
                doubt.add(&unseen);
                // Where mail would go without a policy is known, and whether there is a policy is not.
                if !self.uses_stored() {
                    return Why {
                        doubt,
                        ..Why::default()
                    };
                }
                doubt.words("; ");
            }
        }
        Why {
            doubt,
            stored: self
                .held
                .filter(|_| self.uses_stored())
                .map(StoredReport::of),
            cause: self.cause(),
        }
    }

    fn cause(&self) -> Sentence {
        let mut sentence = Sentence::default();
        sentence
            .words(match self.families {
                Families::Both => "",
                Families::Ipv4 => "over IPv4 alone, ",
                Families::Ipv6 => "over IPv6, all that can be had from here, ",
            })
            .add(&self.attempt.reason);
        sentence
    }

    /// Says what of the policy only we could not see, if mail is known to hang on that.
    fn unseen(&self) -> Option<Sentence> {
        let discovery = &self.attempt.discovery;
        if matches!(self.attempt.exchangers, Exchangers::Unknown(_)) {
            return None;
        }
        let mut sentence = Sentence::default();
        if self.unasked_edges > 0 {
            sentence.words(format_args!(
                "not every address of the policy host was asked (left out: {}), and each may serve another policy",
                self.unasked_edges
            ));
            return Some(sentence);
        }
        match (&discovery.fetch_error, &discovery.record) {
            (Some(error), _) if error.is_ours() => sentence
                .words("the policy could not be fetched: ")
                .add(error),
            (_, Some(RecordSeen::Unknown(failure))) if failure.kind.is_ours() => sentence
                .words("the MTA-STS record could not be looked up: ")
                .add(failure),
            (Some(_) | None, _) => return None,
        };
        Some(sentence)
    }

    /// Returns which sender it is: `strict, empty cache, letter`.
    #[must_use]
    pub fn name(&self) -> String {
        let cache = self.held.map_or_else(
            || "empty cache".to_owned(),
            |held| format!("stored policy {}", held.seen.id),
        );
        format!("{}, {cache}, {}", self.class.name, self.reading)
    }
}

/// Judges every row, those that read to the letter first.
///
/// Tolerant rows are there only where the tolerant reading sees something else.
pub async fn judge<'h, N: Network>(
    memo: &Memo<'_, N>,
    judged: &Judged<'_>,
    held: &'h [Held<'h>],
    limits: Limits,
) -> Vec<Row<'h>> {
    let mut rows = Vec::new();
    for reading in Reading::BOTH {
        let mut of_reading = Vec::new();
        let mut with_nothing: Option<(Attempt, Families)> = None;
        for class in SenderClass::judged() {
            let class_read = SenderClass {
                reading,
                ..class.clone()
            };
            let judge = Judge {
                memo,
                domain: judged.domain,
                judged,
                class: &class_read,
                limits,
            };
            let mut push = |held, outlook: Outlook| {
                let Outlook {
                    mut attempt,
                    families,
                    until,
                    refreshed,
                } = outlook;
                let unasked_edges = judge.doubt_unasked(&mut attempt, refreshed);
                of_reading.push(Row {
                    class,
                    held,
                    reading,
                    verdict: as_seen_from_here(&attempt),
                    attempt,
                    families,
                    until,
                    refreshed,
                    unasked_edges,
                });
            };
            // With an empty cache every class looks for the policy, once and in the same way.
            let (attempt, families) = match with_nothing.take() {
                Some(worst) => worst,
                None => judge.worst(&PolicyState::default(), None).await,
            };
            let live = (attempt.clone(), families);
            push(
                None,
                Outlook {
                    attempt,
                    families,
                    until: None,
                    refreshed: false,
                },
            );
            let mut judged_states = Vec::new();
            for held in held {
                push(
                    Some(held),
                    judge.holding(held, &live, &mut judged_states).await,
                );
            }
            with_nothing = Some(live);
        }
        let is_news = reading == Reading::Letter
            || of_reading
                .iter()
                .zip(&rows)
                .any(|(tolerant, letter): (&Row<'_>, &Row<'_>)| {
                    tolerant.verdict != letter.verdict
                        || policy_body(&tolerant.attempt) != policy_body(&letter.attempt)
                });
        if is_news {
            rows.append(&mut of_reading);
        }
    }
    rows
}

fn policy_body(attempt: &Attempt) -> Option<&[u8]> {
    attempt.policy().map(|cached| &*cached.body)
}
