//! What one kind of sender does, and why.

use super::document::{CacheReport, StoredReport, UntilEvent, Why};
use super::port::PortReport;
use crate::facts::{Sentence, UnixTime};
use crate::sender::candidates::Exchangers;
use crate::sender::deliver::Try;
use crate::sender::found::{PolicyInUse, PolicySource, RecordSeen};
use crate::sender::{Attempt, Families, SenderClass, Verdict};
use crate::sts::ledger::Held;
use crate::sts::reading::Reading;
use crate::sts::transport::Certainty;

/// What one kind of sender does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SenderOutcome<'a> {
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

impl SenderOutcome<'_> {
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
    pub fn why(&self, port: &PortReport) -> Why {
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
        let mut cause = self.cause();
        if let Some(silence) = port.silence().filter(|_| self.hangs_on_hosts()) {
            doubt.add(&silence).words("; ");
            cause = self.known_by_name();
        }
        Why {
            doubt,
            stored: self
                .held
                .filter(|_| self.uses_stored())
                .map(StoredReport::of),
            cause,
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

    /// Returns whether the verdict hangs on MX hosts that only we could not speak to.
    fn hangs_on_hosts(&self) -> bool {
        let attempt = &self.attempt;
        attempt.certainty == Certainty::Ours
            && attempt.delivery.via.is_none()
            && matches!(attempt.exchangers, Exchangers::Candidates { .. })
            && attempt.delivery.tries.iter().any(Try::may_be_ours)
    }

    /// Says what is known of the MX hosts where none could be spoken to: what the policy says of their names.
    fn known_by_name(&self) -> Sentence {
        let names = |is_listed| {
            let tries = self.attempt.delivery.tries.iter();
            tries
                .filter(move |tried| tried.is_listed == Some(is_listed))
                .map(|tried| &tried.candidate.exchange)
                .collect::<Vec<_>>()
        };
        let (listed, unlisted) = (names(true), names(false));
        let mut sentence = Sentence::default();
        match (&self.attempt.discovery.policy, &*listed, &*unlisted) {
            (PolicyInUse::None(why), _, _) => {
                sentence.words("mail would go without MTA-STS: ").add(why)
            }
            (_, [], []) => sentence.words("the policy's mode is none"),
            (_, listed, []) => sentence
                .words("the policy lists every MX host (")
                .list(listed)
                .words("), and whether a certificate is valid is not known"),
            (_, [], unlisted) => sentence
                .words("the policy lists none of the MX hosts (")
                .list(unlisted)
                .words(")"),
            (_, listed, unlisted) => sentence
                .words("the policy does not list ")
                .list(unlisted)
                .words(", it lists ")
                .list(listed)
                .words(", and whether a certificate is valid is not known"),
        };
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
