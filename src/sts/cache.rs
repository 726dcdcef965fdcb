//! §3.2, §5.1: a policy that a sender keeps, and how long it counts.

use super::policy::{self, Policy, PolicyError};
use super::reading::Reading;
use super::record::RecordId;
use crate::facts::UnixTime;

/// A fetched policy as evidence: the octets as they came, to be read in either way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredPolicy {
    /// The id of the TXT record that the fetch followed.
    pub id: RecordId,
    /// The body.
    pub body: Box<[u8]>,
    /// When the last successful fetch was.
    pub fetched_at: UnixTime,
}

impl StoredPolicy {
    /// Reads the body.
    ///
    /// # Errors
    ///
    /// When the body is no policy in this reading.
    pub fn read(&self, reading: Reading) -> Result<CachedPolicy, PolicyError> {
        Ok(CachedPolicy {
            id: self.id.clone(),
            policy: policy::parse(&self.body, reading)?,
            body: self.body.clone(),
            fetched_at: self.fetched_at,
        })
    }
}

/// A policy in a sender's cache.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CachedPolicy {
    /// The id of the TXT record that the fetch followed.
    pub id: RecordId,
    /// The policy.
    pub policy: Policy,
    /// The body that it was read from.
    pub body: Box<[u8]>,
    /// When the last successful fetch was: `max_age` runs from here, not from a look at the TXT record.
    pub fetched_at: UnixTime,
}

impl CachedPolicy {
    /// Returns whether the policy counts at `now`: the time since the fetch has not exceeded `max_age` (§5.1),
    /// so the last second is included.
    ///
    /// Q: What if the policy was fetched in the future, by a clock that has since been set back? A: Then its
    /// age is zero and it counts: to drop it would open the door that it keeps shut.
    #[must_use]
    pub fn is_fresh(&self, now: UnixTime) -> bool {
        now.saturating_duration_since(self.fetched_at) <= self.policy.max_age().as_duration()
    }

    /// Returns the last moment at which the policy counts.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.fetched_at
            .saturating_add(self.policy.max_age().as_duration())
    }

    /// Returns the policy as evidence.
    #[must_use]
    pub fn stored(&self) -> StoredPolicy {
        StoredPolicy {
            id: self.id.clone(),
            body: self.body.clone(),
            fetched_at: self.fetched_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::StoredPolicy;
    use crate::facts::UnixTime;
    use crate::sts::reading::Reading;

    fn stored(max_age_secs: u32) -> StoredPolicy {
        let body = format!("version: STSv1\nmode: none\nmax_age: {max_age_secs}\n");
        StoredPolicy {
            id: "1".parse().unwrap(),
            body: body.into_bytes().into(),
            fetched_at: UnixTime::from_secs(1_000_000),
        }
    }

    #[test]
    fn a_policy_counts_until_its_age_exceeds_max_age() {
        for (max_age_secs, age_secs, expected) in [
            (0, 0, true),
            (0, 1, false),
            (60, 60, true),
            (60, 61, false),
            (31_557_600, 31_557_600, true),
            (31_557_600, 31_557_601, false),
        ] {
            let cached = stored(max_age_secs).read(Reading::Letter).unwrap();
            let now = cached
                .fetched_at
                .saturating_add(Duration::from_secs(age_secs));
            assert_eq!(
                cached.is_fresh(now),
                expected,
                "max_age {max_age_secs}, age {age_secs}"
            );
            assert_eq!(now <= cached.expires_at(), expected);
        }
    }

    #[test]
    fn a_clock_set_back_does_not_drop_a_policy() {
        let cached = stored(0).read(Reading::Letter).unwrap();
        assert!(cached.is_fresh(UnixTime::from_secs(0)));
    }

    #[test]
    fn what_is_read_can_be_stored_again() {
        let stored = stored(7);
        assert_eq!(stored.read(Reading::Tolerant).unwrap().stored(), stored);
    }
}
