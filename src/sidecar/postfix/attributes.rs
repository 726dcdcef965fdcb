//! The policy itself, for Postfix 3.10 and later: what TLSRPT reports, and from 3.10.5 on the MX hosts to use.

use std::collections::HashSet;

use super::matching::matchable;
use crate::facts::DnsName;
use crate::sidecar::host::NO_HOST;
use crate::sts::policy::Policy;

/// Appends the attributes of a policy.
///
/// `policy_string` and `mx_host_pattern` always come both: with TLSRPT on, Postfix before 3.10.6 crashes where one
/// is missing.
pub(super) fn append(value: &mut String, domain: &DnsName, policy: &Policy) {
    value.push_str(&format!(" policy_type=sts policy_domain={domain}"));
    let mut line = |text: &str| value.push_str(&format!(" {{ policy_string = {text} }}"));
    line("version: STSv1");
    line(&format!("mode: {}", policy.mode()));
    let mut seen = HashSet::new();
    for pattern in policy
        .patterns()
        .iter()
        .filter(|pattern| seen.insert(*pattern))
    {
        line(&format!("mx: {pattern}"));
    }
    line(&format!("max_age: {}", policy.max_age()));
    let patterns = matchable(policy);
    for pattern in &patterns {
        let pattern = pattern.to_string().to_ascii_lowercase();
        value.push_str(&format!(" mx_host_pattern={pattern}"));
    }
    if patterns.is_empty() {
        value.push_str(&format!(" mx_host_pattern={NO_HOST}"));
    }
}
