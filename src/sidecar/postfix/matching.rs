//! `match=`: the names that a certificate may have.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::facts::DnsName;
use crate::sidecar::host::{self, NO_HOST, is_host_name};
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;

/// The hosts that Postfix may connect to for a next hop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Candidates {
    /// The policy domain is the host itself: a next hop in brackets, or without an MX record ([RFC 5321, Section 5.1]).
    ///
    /// [RFC 5321, Section 5.1]: https://www.rfc-editor.org/rfc/rfc5321#section-5.1
    ItSelf,
    /// The hosts of the domain's MX records, as our own resolver has them.
    Mx(Vec<DnsName>),
    /// All hosts of the domain's MX records, for Postfix has shown us its own.
    Shown(Vec<DnsName>),
    /// Nobody knows now.
    Unknown,
}

/// What `match=` takes for a strategy instead of a name, in any case.
const KEYWORDS: [&str; 3] = ["dot-nexthop", "hostname", "nexthop"];

/// Returns the patterns that can stand in an answer, each once, in the policy's order.
pub(super) fn matchable(policy: &Policy) -> Vec<&MxPattern> {
    let mut patterns = host::matchable(policy);
    patterns.retain(|pattern| match pattern {
        MxPattern::Exact(name) => !KEYWORDS
            .iter()
            .any(|keyword| name.as_str().eq_ignore_ascii_case(keyword)),
        MxPattern::Wildcard(_) => true,
    });
    patterns
}

/// Why no names can stand in an answer, so that it is temporary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoNames {
    /// The policy has wildcards alone, and nobody knows which hosts they cover.
    HostsUnknown,
    /// It lists none of the hosts that Postfix may connect to. With a name that none of them has, Postfix would still
    /// connect to one, and believe what it says before TLS: a host that the policy does not list could make it bounce
    /// the mail, over its size or SMTPUTF8.
    NoneListed,
}

/// Returns the names for `match=`, at least one.
///
/// Every pattern without a wildcard stands in it as it is, so that a new MX host is found before our own resolver
/// sees it. A wildcard never does: Postfix takes `*.example.com` for a literal and `.example.com` for names of any
/// depth, where `*` is one label (§4.1). The candidates that it covers stand for it.
///
/// Q: Are the other patterns of the policy names to match too where it is known to which hosts alone Postfix may
/// connect? A: No: a certificate for another one proves nothing (§4.2).
pub(super) fn match_list(
    policy: &Policy,
    domain: &DnsName,
    candidates: &Candidates,
) -> Result<Vec<String>, NoNames> {
    let hosts = match candidates {
        Candidates::ItSelf => {
            let listed = listed(policy, std::slice::from_ref(domain));
            return Ok(listed.unwrap_or_else(|_| vec![NO_HOST.to_owned()]));
        }
        Candidates::Shown(hosts) => return listed(policy, hosts),
        Candidates::Mx(hosts) => hosts.as_slice(),
        Candidates::Unknown => &[],
    };
    let siblings = by_parent(hosts);
    let patterns = matchable(policy);
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |name: String| {
        if seen.insert(name.clone()) {
            names.push(name);
        }
    };
    for pattern in &patterns {
        let name = pattern.name().as_str().to_ascii_lowercase();
        match pattern {
            MxPattern::Exact(_) => add(name),
            MxPattern::Wildcard(_) => {
                let siblings = siblings.get(name.as_str()).into_iter().flatten();
                for host in siblings.filter(|host| pattern.matches(host)) {
                    add(host.to_string());
                }
            }
        }
    }
    match (names.is_empty(), candidates) {
        (false, _) => Ok(names),
        (true, Candidates::Unknown) if !patterns.is_empty() => Err(NoNames::HostsUnknown),
        (true, _) => Ok(vec![NO_HOST.to_owned()]),
    }
}

/// Returns those of these hosts that the policy lists, each once.
fn listed(policy: &Policy, hosts: &[DnsName]) -> Result<Vec<String>, NoNames> {
    let patterns = matchable(policy);
    let listed: BTreeSet<&DnsName> = hosts
        .iter()
        .filter(|host| is_host_name(host.as_str()))
        .filter(|host| patterns.iter().any(|pattern| pattern.matches(host)))
        .collect();
    if listed.is_empty() {
        return Err(NoNames::NoneListed);
    }
    Ok(listed.into_iter().map(ToString::to_string).collect())
}

/// Returns the hosts by what follows their first label, in an order that does not change from answer to answer.
///
/// A stranger's policy may have thousands of patterns, and their MX set thousands of hosts.
fn by_parent(hosts: &[DnsName]) -> BTreeMap<&str, BTreeSet<&DnsName>> {
    let mut siblings: BTreeMap<&str, BTreeSet<&DnsName>> = BTreeMap::new();
    for host in hosts.iter().filter(|host| is_host_name(host.as_str())) {
        if let Some((_, parent)) = host.split_first_label() {
            siblings.entry(parent).or_default().insert(host);
        }
    }
    siblings
}
