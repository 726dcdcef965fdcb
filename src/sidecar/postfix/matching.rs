//! `match=`: the names that a certificate may have.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::facts::DnsName;
use crate::sidecar::host::{self, NO_HOST, is_host_name, is_listed};
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;

/// The hosts that Postfix may connect to for a next hop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Candidates {
    /// The policy domain has no MX record: it is its own MX host ([RFC 5321, Section 5.1]).
    ///
    /// [RFC 5321, Section 5.1]: https://www.rfc-editor.org/rfc/rfc5321#section-5.1
    Implicit,
    /// The policy domain is the host itself: a next hop in brackets.
    ItSelf,
    /// The hosts of the domain's MX records.
    Mx(Vec<DnsName>),
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

/// Returns the names for `match=`, at least one; `None` where that hangs on candidates which nobody knows.
///
/// Every pattern without a wildcard stands in it as it is, so that a new MX host is found before our own resolver
/// sees it. A wildcard never does: Postfix takes `*.example.com` for a literal and `.example.com` for names of any
/// depth, where `*` is one label (§4.1). The candidates that it covers stand for it.
///
/// Q: Are the other patterns of the policy names to match too where the next hop is in brackets? A: No: there is
/// one host that Postfix may connect to, so a certificate for another one proves nothing (§4.2).
pub(super) fn match_list(
    policy: &Policy,
    domain: &DnsName,
    candidates: &Candidates,
) -> Option<Vec<String>> {
    let hosts = match candidates {
        Candidates::ItSelf => {
            let is_usable = is_listed(policy, domain);
            let name = if is_usable { domain.as_str() } else { NO_HOST };
            return Some(vec![name.to_owned()]);
        }
        Candidates::Implicit => std::slice::from_ref(domain),
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
        (false, _) => Some(names),
        (true, Candidates::Unknown) if !patterns.is_empty() => None,
        (true, _) => Some(vec![NO_HOST.to_owned()]),
    }
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
