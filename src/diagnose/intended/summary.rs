//! What the nine steps say of what is intended.

use super::intention::Phase;
use super::judged::Role;
use super::report::{IntendedHostReport, IntendedReport, LiveHostReport, MatchKind};
use crate::facts::Sentence;

impl IntendedReport {
    /// Returns whether the live policy lists every intended host; not where no live policy has a list.
    #[must_use]
    pub fn lists_all(&self) -> bool {
        let is_listed =
            |host: &IntendedHostReport| !matches!(host.match_kind, None | Some(MatchKind::None));
        self.hosts.iter().all(is_listed)
    }

    /// Returns whether the MX records name every intended host, and no other.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.standby().next().is_none() && self.foreign().next().is_none()
    }

    /// Returns the hosts that no MX record names yet.
    pub fn standby(&self) -> impl Iterator<Item = &IntendedHostReport> {
        self.hosts.iter().filter(|host| host.live != Some(true))
    }

    fn foreign(&self) -> impl Iterator<Item = &LiveHostReport> {
        let live = self.live.iter();
        live.filter(|live| live.role == Role::Foreign)
    }

    /// Says which hosts are intended, and which of them the live policy does not list.
    #[must_use]
    pub fn coverage(&self) -> Sentence {
        let mut sentence = Sentence::from("intended: ");
        sentence.list(self.hosts.iter().map(|host| &host.host));
        let missing = |host: &&IntendedHostReport| host.match_kind == Some(MatchKind::None);
        let missing: Vec<_> = self.hosts.iter().filter(missing).collect();
        if !missing.is_empty() {
            sentence
                .words("; not listed: ")
                .list(missing.iter().map(|host| &host.host));
        }
        sentence
    }

    /// Says what the MX records lack or have too much of, or before the cutover when they move; `None` if nothing is
    /// to be done about them.
    #[must_use]
    pub fn to_move(&self) -> Option<Sentence> {
        let standby: Vec<_> = self.standby().map(|host| &host.host).collect();
        let foreign: Vec<_> = self.foreign().map(|live| &live.host).collect();
        if standby.is_empty() && foreign.is_empty() {
            return None;
        }
        let mut sentence = Sentence::default();
        match self.phase {
            Phase::Before => sentence.words("to move to ").list(&standby).words(
                ", once steps 5 and 6 are done and the TTL of the old id is over; until then the old hosts are due",
            ),
            Phase::After => {
                if !standby.is_empty() {
                    sentence.words("missing: ").list(&standby);
                }
                if !foreign.is_empty() {
                    sentence
                        .words(if standby.is_empty() { "" } else { "; " })
                        .words("neither intended nor due: ")
                        .list(&foreign);
                }
                &mut sentence
            }
        };
        Some(sentence)
    }

    /// Says which entries of the live policy can go, and from when on; `None` if there are none.
    #[must_use]
    pub fn old_entries(&self) -> Option<Sentence> {
        let from = self.old_patterns_safe_from?;
        let mut sentence = Sentence::from("old entries: ");
        sentence
            .list(&self.old_patterns)
            .words(", to go from ")
            .moment(from)
            .words(" on");
        Some(sentence)
    }
}
