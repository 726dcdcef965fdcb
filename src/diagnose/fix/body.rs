//! A policy body to paste: one that every sender can read (RFC 8461, Section 3.2).

use std::collections::BTreeMap;

use super::value::Fix;
use crate::facts::DnsName;
use crate::sts::fetch::DEFAULT_MAX_POLICY_BYTES;
use crate::sts::mx::MxPattern;
use crate::sts::policy::{MaxAge, Mode, Policy};

/// How many hosts that cannot be listed by their own name are named.
const SHOWN_REMARKS: usize = 8;

/// How many wildcards are proposed in the place of hosts.
const SHOWN_WILDCARDS: usize = 3;

/// A policy in the making, and what is to be said of the hosts in it.
#[derive(Clone, Debug)]
pub(super) struct Body {
    mode: Mode,
    max_age: MaxAge,
    /// Without repetition, case ignored.
    patterns: Vec<MxPattern>,
    /// A sentence for each host that could not be listed by its own name.
    remarks: Vec<String>,
    /// How many of the hosts lie right below each name, where a wildcard can cover them.
    parents: BTreeMap<String, usize>,
    /// Whether a host made it longer.
    is_longer: bool,
}

impl Body {
    /// Takes a policy over.
    pub(super) fn of(policy: &Policy) -> Self {
        let mut body = Self::new(policy.mode(), policy.max_age());
        for pattern in policy.patterns() {
            body.push(pattern.clone());
        }
        body
    }

    /// Starts without patterns.
    pub(super) const fn new(mode: Mode, max_age: MaxAge) -> Self {
        Self {
            mode,
            max_age,
            patterns: Vec::new(),
            remarks: Vec::new(),
            parents: BTreeMap::new(),
            is_longer: false,
        }
    }

    /// Lists MX hosts too.
    ///
    /// Q: What of a host whose name the grammar's `Domain` does not allow, such as `_mx.example.com`? A: A
    /// wildcard covers it if what follows the first label is a `Domain`; else no policy can list it. A
    /// wildcard over a whole top-level domain is never offered.
    pub(super) fn and_hosts(mut self, hosts: &[&DnsName]) -> Self {
        for host in hosts {
            if let Some(parent) = parent_of(host) {
                *self.parents.entry(parent.to_owned()).or_default() += 1;
            }
            match pattern_for(host) {
                Some(pattern) => {
                    if let MxPattern::Wildcard(_) = pattern {
                        self.remarks.push(format!(
                            "`{pattern}` is there for {host}, whose own name cannot stand in a policy."
                        ));
                    }
                    self.is_longer |= self.push(pattern);
                }
                None => self.remarks.push(format!(
                    "No policy can list {host}: names in it have letters, digits and hyphens only. Rename the \
                     host, and its MX record with it."
                )),
            }
        }
        self
    }

    /// Takes patterns away.
    pub(super) fn without(mut self, patterns: &[&MxPattern]) -> Self {
        self.patterns.retain(|pattern| !patterns.contains(&pattern));
        self
    }

    /// Returns whether the hosts made it longer.
    pub(super) const fn is_longer(&self) -> bool {
        self.is_longer
    }

    /// Adds to a fix what is to be said of the hosts, a line each.
    pub(super) fn remark_in(&self, fix: Fix) -> Fix {
        let shown = self.remarks.iter().take(SHOWN_REMARKS);
        let fix = shown.fold(fix, |fix, remark| fix.line(remark.clone()));
        match self.remarks.len().saturating_sub(SHOWN_REMARKS) {
            0 => fix,
            more => fix.line(format!("The same holds for {more} more hosts.")),
        }
    }

    /// Says what to do in the place of this policy, if it is longer than what senders read; `None` if it is not.
    pub(super) fn too_long(&self) -> Option<String> {
        let octets = self.policy()?.to_string().len();
        if octets as u64 <= DEFAULT_MAX_POLICY_BYTES {
            return None;
        }
        let mut parents: Vec<(&String, usize)> = self
            .parents
            .iter()
            .map(|(parent, count)| (parent, *count))
            .filter(|(_, count)| *count > 1)
            .collect();
        parents.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let wildcards: Vec<String> = parents
            .iter()
            .take(SHOWN_WILDCARDS)
            .map(|(parent, count)| format!("`*.{parent}` covers {count} of the hosts"))
            .collect();
        let wildcards = if wildcards.is_empty() {
            String::new()
        } else {
            format!(
                "List a wildcard in the place of hosts if every name right below it is yours: {}. ",
                wildcards.join(", ")
            )
        };
        Some(format!(
            "A policy that lists every MX host would have {octets} octets, and no sender need read more than \
             {DEFAULT_MAX_POLICY_BYTES} (RFC 8461, Section 3.3): no policy is proposed here. {wildcards}Otherwise \
             publish fewer MX records."
        ))
    }

    /// Returns the policy; `None` if no host can be listed.
    pub(super) fn policy(&self) -> Option<Policy> {
        let patterns = match self.mode {
            Mode::Enforce | Mode::Testing => self.patterns.clone(),
            Mode::None => Vec::new(),
        };
        Policy::new(self.mode, self.max_age, patterns).ok()
    }

    fn push(&mut self, pattern: MxPattern) -> bool {
        let is_new = !self.patterns.contains(&pattern);
        if is_new {
            self.patterns.push(pattern);
        }
        is_new
    }
}

fn pattern_for(host: &DnsName) -> Option<MxPattern> {
    let by_name = host.as_str().parse().ok();
    by_name.or_else(|| format!("*.{}", parent_of(host)?).parse().ok())
}

/// Returns what follows the first label of a name, unless that is a whole top-level domain.
fn parent_of(host: &DnsName) -> Option<&str> {
    let (_, rest) = host.split_first_label()?;
    rest.contains('.').then_some(rest)
}
