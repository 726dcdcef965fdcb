//! §4.1: the proof that a policy lists an MX host.

use super::MxPattern;
use crate::facts::DnsName;
use crate::sts::policy::{Mode, Policy};

/// Proof that a policy lists an MX host; only the check itself can make one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MxMatched {
    host: DnsName,
    pattern: MxPattern,
    mode: Mode,
}

impl MxMatched {
    /// Checks `host` against the patterns of `policy`; the first that matches is kept as evidence.
    #[must_use]
    pub fn check(policy: &Policy, host: &DnsName) -> Option<Self> {
        policy.matching(host).map(|pattern| Self {
            host: host.clone(),
            pattern: pattern.clone(),
            mode: policy.mode(),
        })
    }

    /// Returns the host that was checked.
    #[must_use]
    pub const fn host(&self) -> &DnsName {
        &self.host
    }

    /// Returns the pattern that the host satisfies.
    #[must_use]
    pub const fn pattern(&self) -> &MxPattern {
        &self.pattern
    }

    /// Returns the mode of the policy.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }
}

#[cfg(test)]
mod tests {
    use super::MxMatched;
    use crate::sts::mx::MxPattern;
    use crate::sts::policy::{MaxAge, Mode, Policy};

    #[test]
    fn the_proof_names_host_and_pattern() {
        let pattern: MxPattern = "*.corp.test".parse().unwrap();
        let max_age = MaxAge::from_secs(60).unwrap();
        let policy = Policy::new(Mode::Enforce, max_age, vec![pattern.clone()]).unwrap();
        let host = "mx.corp.test".parse().unwrap();
        let proof = MxMatched::check(&policy, &host).unwrap();
        assert_eq!(
            (proof.host(), proof.pattern(), proof.mode()),
            (&host, &pattern, Mode::Enforce)
        );
        assert_eq!(
            MxMatched::check(&policy, &"mx.other.test".parse().unwrap()),
            None
        );
    }
}
