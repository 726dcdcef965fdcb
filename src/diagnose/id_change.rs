//! When the id can be changed: not before every address serves the policy that it stands for (RFC 8461, Section 8.1).

use super::case::Case;
use super::judged::Edge;
use super::kept_copy::KeptCopy;
use crate::facts::UnixTime;
use crate::sts::fetch::Fetched;
use crate::sts::reading::Reading;

/// Returns the earliest moment: now where every address that can be asked serves the intended policy, or one and
/// the same where nobody says; later where those that do not are copies that caches keep. `None` where some address
/// may serve another policy for as long as it likes.
///
/// Q: Where nobody says what is intended, which of two policies is the old one? A: Caches are behind and never ahead, so
/// it is the one that they keep; where no cache shows itself, nobody can tell.
#[must_use]
pub fn safe_from(case: &Case<'_>) -> Option<UnixTime> {
    let mut serving: Vec<(&Edge<'_>, &Fetched)> = Vec::new();
    let edges = case.judged.edges.iter();
    for edge in edges.filter(|edge| !edge.exchange.is_out_of_reach()) {
        // An address that serves no policy may serve any, once it is mended.
        serving.push((edge, edge.in_reading(Reading::Letter).as_ref().ok()?));
    }
    let intention = case.intended.map(|intended| intended.intention);
    let (_, first) = serving.first()?;
    let behind: Vec<&Edge<'_>> = match intention.and_then(|intention| intention.policy.as_ref()) {
        Some(to_publish) => (serving.iter())
            .filter(|(_, fetched)| !to_publish.is_served_as(fetched))
            .map(|(edge, _)| *edge)
            .collect(),
        None if serving
            .iter()
            .all(|(_, fetched)| fetched.policy == first.policy) =>
        {
            Vec::new()
        }
        None => {
            let copies: Vec<&Edge<'_>> = (serving.iter())
                .map(|(edge, _)| *edge)
                .filter(|edge| KeptCopy::of(edge.exchange).is_some())
                .collect();
            if copies.is_empty() || copies.len() == serving.len() {
                return None;
            }
            copies
        }
    };
    behind.iter().try_fold(case.now, |safe_from, edge| {
        let until = KeptCopy::of(edge.exchange)?.kept_until(case.now)?;
        Some(safe_from.max(until))
    })
}
