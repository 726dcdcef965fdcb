//! What somebody means a domain to be.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::DnsName;
use crate::sts::fetch::Fetched;
use crate::sts::policy::{self, Policy, PolicyError};
use crate::sts::reading::Reading;
use crate::sts::record::RecordId;

/// What is intended, domain by domain.
pub type Intentions = BTreeMap<DnsName, Intention>;

/// What is intended for one domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Intention {
    hosts: Vec<DnsName>,
    /// The policy that is to be published; `None` if nobody says.
    pub policy: Option<ToPublish>,
    /// The id that is to be published with it; `None` if nobody says.
    pub id: Option<RecordId>,
    /// Whether the MX records have moved; `None` for what they tell themselves.
    pub phase: Option<Phase>,
}

impl Intention {
    /// Makes one of the hosts that are to take the mail, each counted once; `None` without any.
    #[must_use]
    pub fn new(hosts: impl IntoIterator<Item = DnsName>) -> Option<Self> {
        let mut distinct: Vec<DnsName> = Vec::new();
        for host in hosts {
            if !distinct.contains(&host) {
                distinct.push(host);
            }
        }
        (!distinct.is_empty()).then_some(Self {
            hosts: distinct,
            policy: None,
            id: None,
            phase: None,
        })
    }

    /// Returns the hosts that are to take the mail, at least one, each once.
    #[must_use]
    pub fn hosts(&self) -> &[DnsName] {
        &self.hosts
    }
}

/// A policy that is to be published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToPublish {
    body: Box<[u8]>,
    policy: Policy,
}

impl ToPublish {
    /// Reads a body to the letter: what every sender can read.
    ///
    /// # Errors
    ///
    /// When it is no policy to the letter.
    pub fn parse(body: &[u8]) -> Result<Self, PolicyError> {
        Ok(Self {
            policy: policy::parse(body, Reading::Letter)?,
            body: body.into(),
        })
    }

    /// Returns the body, octet by octet.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns whether this is what was fetched. The same policy in other octets, as with other line ends, is the same
    /// to every sender.
    #[must_use]
    pub fn is_served_as(&self, fetched: &Fetched) -> bool {
        fetched.body == self.body || fetched.policy == self.policy
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// On which side of a cutover a domain is: the moment at which its MX records name the intended hosts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The MX records are still to move: old hosts are due, and the policy is to list both.
    Before,
    /// They have moved: every live MX host is an intended one.
    After,
}

impl Phase {
    /// Returns the phase as options and scenarios write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// How far what is intended is to be there, for a wait.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum WaitFor {
    /// The policy at every address, one answer at every name server: the id can be published then.
    Body,
    /// And the id, where one is given.
    Id,
}

#[cfg(test)]
mod tests {
    use super::{Intention, ToPublish};

    #[test]
    fn an_intention_has_hosts_each_once() {
        let names = |names: &[&str]| {
            let hosts: Vec<_> = names.iter().map(|name| name.parse().unwrap()).collect();
            Intention::new(hosts).map(|intention| intention.hosts().to_vec())
        };
        assert_eq!(names(&[]), None);
        let hosts = names(&["mx2.new.test", "MX1.new.test", "mx2.new.test."]).unwrap();
        let hosts: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
        assert_eq!(hosts, ["mx2.new.test", "mx1.new.test"]);
    }

    #[test]
    fn what_only_tolerant_senders_read_is_not_to_be_published() {
        let body = "version: STSv1\nmode: enforce\nmx: mx.new.test\nmax_age: 604800\n";
        assert!(ToPublish::parse(body.as_bytes()).is_ok());
        let error = ToPublish::parse(format!("{body}\n").as_bytes()).unwrap_err();
        assert_eq!(error.line, 5);
    }
}
