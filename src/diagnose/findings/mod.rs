//! Findings: what to know and what to do, each with a stable code.
//!
//! The order of severities, then of the nine steps, is the order in which a reader should look at them.

mod aliases;
mod cached;
mod certificate;
pub mod codes;
mod coverage;
mod dnssec;
mod edges;
mod found;
mod hosting;
mod hosts;
mod intended;
mod intended_policy;
pub mod patterns;
mod policy;
mod port;
pub mod properties;
pub(in crate::diagnose) mod record;
pub mod served;
mod special;
#[cfg(test)]
mod tests;
pub mod tlsrpt;
mod transport;
mod wait;
mod zone;

use super::case::Case;
use super::document::Finding;
use found::Findings;

/// Finds everything, the worst first.
#[must_use]
pub fn find(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Findings::default();
    record::find(case, &mut found);
    tlsrpt::find(case, &mut found);
    policy::find(case, &mut found);
    hosting::find(case, &mut found);
    hosts::find(case, &mut found);
    port::find(case, &mut found);
    aliases::find(case, &mut found);
    dnssec::find(case, &mut found);
    zone::find(case, &mut found);
    special::find(case, &mut found);
    cached::find(case, &mut found);
    if let Some(intended) = case.intended {
        intended::find(case, intended, &mut found);
        intended_policy::find(case, intended, &mut found);
        wait::find(case, &mut found);
    }
    let hosting = &case.judged.hosting;
    let mut aliases = case.judged.aliases.clone();
    if hosting.is_wildcard {
        // The policy host gets a record of its own: nothing is to be changed where the wildcard leads.
        aliases.policy_host = None;
    }
    found.worst_first(case.judged.domain, &aliases, hosting.place_by_alias())
}
