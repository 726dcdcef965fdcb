//! How a keeper keeps.

use std::time::Duration;

use crate::sts::refresh::DAILY;

/// How a keeper keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// How long an id is believed at least before it is looked at again, whatever the record's TTL.
    pub recheck_floor: Duration,
    /// How long an id is believed at most.
    pub recheck_ceiling: Duration,
    /// How long it is believed at most that a domain has no policy.
    pub negative_ceiling: Duration,
    /// How long somebody waits at most for a domain of which nothing is known, counted from the start of the
    /// domain's look-up: well below what Postfix (100 s) and Exim (30 s as we print it) wait.
    pub patience: Duration,
    /// How long the steps of one piece of work may take in all: its questions to the DNS and its fetch, at however
    /// many addresses. The fetch alone may take a minute (RFC 8461, Section 3.3).
    pub work_within: Duration,
    /// How often a policy is fetched again whatever its record says (RFC 8461, Section 3.3 and 10.2).
    pub refresh_every: Duration,
    /// By how much a refresh comes earlier at most; each domain by a part of its own, so that what was fetched
    /// at one moment is not fetched at one moment for ever.
    pub refresh_spread: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            recheck_floor: Duration::from_secs(60),
            recheck_ceiling: Duration::from_secs(3_600),
            negative_ceiling: Duration::from_secs(900),
            patience: Duration::from_secs(12),
            work_within: Duration::from_secs(90),
            refresh_every: DAILY,
            refresh_spread: Duration::from_secs(3_600),
        }
    }
}
