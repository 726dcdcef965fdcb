//! In which orders hosts of equal preference are tried.

use crate::diagnose::document::MxVerdict;
use crate::diagnose::judged::{Host, Judged, badness};
use crate::sender::candidates::Exchangers;
use crate::sts::policy::Policy;

/// How many orders of equal preferences are judged besides the one that is written.
const MAX_TURNS: usize = 4;

/// By how many places to turn each group of equal preferences so that one host of each kind comes first, the
/// worst kinds first, at most [`MAX_TURNS`].
pub(super) fn turns(judged: &Judged<'_>, policy: &Policy) -> Vec<usize> {
    let Exchangers::Candidates { candidates, .. } = &judged.survey.exchangers else {
        return Vec::new();
    };
    let tried = judged.hosts.iter().take(candidates.len());
    let tried: Vec<&Host<'_>> = tried.collect();
    let mut firsts = Vec::new();
    for group in tried.chunk_by(|a, b| a.facts.candidate.preference == b.facts.candidate.preference)
    {
        let mut kinds = Vec::new();
        for (turn, host) in group.iter().enumerate() {
            let kind = Kind::of(host, policy);
            if !kinds.contains(&kind) {
                firsts.push((kind.rank(), turn));
                kinds.push(kind);
            }
        }
    }
    firsts.sort_unstable();
    let mut turns = Vec::new();
    for (_, turn) in firsts {
        // That is the order as it is written.
        if turn > 0 && !turns.contains(&turn) {
            turns.push(turn);
        }
    }
    turns.truncate(MAX_TURNS);
    turns
}

/// What decides of a host that comes first what becomes of mail in testing.
#[derive(Debug, Eq, PartialEq)]
struct Kind {
    is_listed: bool,
    /// The addresses in order: whether it is of IPv4, and what it is worth.
    addresses: Vec<(bool, MxVerdict)>,
}

impl Kind {
    fn of(host: &Host<'_>, policy: &Policy) -> Self {
        Self {
            is_listed: host
                .name()
                .is_some_and(|name| policy.matching(name).is_some()),
            addresses: host
                .addresses
                .iter()
                .map(|address| (address.probe.address.is_ipv4(), address.verdict))
                .collect(),
        }
    }

    /// Orders kinds, those first that have a fault: not listed, then proven bad, then not known to be good.
    fn rank(&self) -> (bool, u8) {
        let worst = self.addresses.iter().map(|(_, verdict)| badness(*verdict));
        (self.is_listed, u8::MAX - worst.max().unwrap_or_default())
    }
}
