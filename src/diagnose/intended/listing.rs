//! §4.1: how a policy lists an intended host.

use crate::diagnose::explain::near_miss;
use crate::facts::DnsName;
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;

/// How a policy lists a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listing {
    /// By its own name.
    ByName(MxPattern),
    /// By a wildcard alone: it would list a sister host just as well.
    ByWildcard(MxPattern),
    /// Not at all.
    Missing {
        /// Why a pattern that comes near does not cover it, as a wildcard a label too short; `None` if none does.
        near_miss: Option<String>,
    },
}

impl Listing {
    /// Looks for `host` in the patterns of `policy`: its own name counts more than a wildcard, wherever it stands.
    #[must_use]
    pub fn of(policy: &Policy, host: &DnsName) -> Self {
        let matching = policy
            .patterns()
            .iter()
            .filter(|pattern| pattern.matches(host));
        let is_exact = |pattern: &&MxPattern| matches!(pattern, MxPattern::Exact(_));
        match matching.clone().find(is_exact) {
            Some(exact) => Self::ByName(exact.clone()),
            None => match matching.clone().next() {
                Some(wildcard) => Self::ByWildcard(wildcard.clone()),
                None => Self::Missing {
                    near_miss: near_miss(policy, host),
                },
            },
        }
    }

    /// Returns the pattern that lists the host, if one does.
    #[must_use]
    pub const fn pattern(&self) -> Option<&MxPattern> {
        match self {
            Self::ByName(pattern) | Self::ByWildcard(pattern) => Some(pattern),
            Self::Missing { .. } => None,
        }
    }

    /// Returns whether no pattern lists the host.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::Listing;
    use crate::sts::policy;
    use crate::sts::reading::Reading;

    #[test]
    fn a_name_counts_more_than_a_wildcard_and_a_near_miss_is_named() {
        for (mx, host, expected) in [
            (&["*.new.test", "mx.new.test"][..], "mx.new.test", "name"),
            (&["*.new.test"], "mx.new.test", "wildcard"),
            (&["*.new.test"], "mx.eu.new.test", "near"),
            (&["mx.old.test"], "mx.new.test", "missing"),
        ] {
            let mx: String = mx.iter().map(|mx| format!("mx: {mx}\n")).collect();
            let body = format!("version: STSv1\nmode: enforce\n{mx}max_age: 1\n");
            let policy = policy::parse(body.as_bytes(), Reading::Letter).unwrap();
            let listing = Listing::of(&policy, &host.parse().unwrap());
            let told = match &listing {
                Listing::ByName(_) => "name",
                Listing::ByWildcard(_) => "wildcard",
                Listing::Missing { near_miss: Some(_) } => "near",
                Listing::Missing { near_miss: None } => "missing",
            };
            assert_eq!(told, expected, "{mx} for {host}");
        }
    }
}
