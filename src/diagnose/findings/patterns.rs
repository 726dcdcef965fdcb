//! Findings about patterns that cannot be meant: they cover no MX host, and what they say is near one.
//!
//! A pattern that covers a live MX host is never among them, nor one that may be there for a move.

use super::codes::{self, Code};
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::explain::explain;
use crate::diagnose::fix::Fix;
use crate::diagnose::hosting::providers::{self, Miss, Provider, Shape, story_suffix};
use crate::facts::DnsName;
use crate::sts::mx::MxPattern;
use crate::sts::policy::{Mode, Policy};

/// How many patterns of one kind are reported each by itself.
const SHOWN: usize = 4;

/// How many patterns, and how many hosts, are compared letter by letter: each comparison costs the product of
/// their lengths.
const MAX_COMPARED: usize = 32;

/// How many slips of the pen a name may hold.
const MAX_SLIPS: usize = 2;

/// A pattern that cannot be meant.
#[derive(Clone, Debug)]
pub struct Unlikely<'p> {
    /// The pattern.
    pub pattern: &'p MxPattern,
    code: &'static Code,
    says: String,
    advice: String,
}

/// Finds the patterns of a policy that cannot be meant. `hosts` are the MX hosts; none if they are not known.
#[must_use]
pub fn unlikely<'p>(policy: &'p Policy, hosts: &[&DnsName]) -> Vec<Unlikely<'p>> {
    if policy.mode() == Mode::None {
        return Vec::new();
    }
    let uncovered: Vec<&DnsName> = hosts
        .iter()
        .copied()
        .filter(|host| policy.matching(host).is_none())
        .collect();
    let mut found: Vec<Unlikely<'p>> = Vec::new();
    for (place, pattern) in policy.patterns().iter().enumerate() {
        let is_used = hosts.iter().any(|host| pattern.matches(host));
        if is_used || found.iter().any(|earlier| earlier.pattern == pattern) {
            continue;
        }
        let compared = if place < MAX_COMPARED {
            uncovered.get(..MAX_COMPARED).unwrap_or(&uncovered)
        } else {
            &[]
        };
        found.extend(
            policy_host(pattern, hosts)
                .or_else(|| stops_short(pattern, &uncovered))
                .or_else(|| of_provider(pattern))
                .or_else(|| misspelt(pattern, compared)),
        );
    }
    found
}

/// Makes a finding of each kind.
#[must_use]
pub fn findings(unlikely: &[Unlikely<'_>]) -> Vec<Finding> {
    [
        &codes::PATTERN_POLICY_HOST,
        &codes::PATTERN_PARENT,
        &codes::PATTERN_SHORT,
        &codes::PATTERN_NOT_MX,
        &codes::PATTERN_TYPO,
    ]
    .into_iter()
    .filter_map(|code| {
        let of_kind: Vec<&Unlikely<'_>> = unlikely.iter().filter(|one| one.code == code).collect();
        let (shown, rest) = of_kind.split_at(of_kind.len().min(SHOWN));
        if shown.is_empty() {
            return None;
        }
        let says: Vec<&str> = shown.iter().map(|one| one.says.as_str()).collect();
        let mut detail = says.join("; ");
        if !rest.is_empty() {
            detail.push_str(&format!("; and {} more", rest.len()));
        }
        let fix = shown
            .iter()
            .fold(Fix::default(), |fix, one| fix.line(one.advice.clone()));
        Some(Finding::new(code, Severity::Warning, detail, Some(fix)))
    })
    .collect()
}

/// The host of the policy, taken for one of mail.
fn policy_host<'p>(pattern: &'p MxPattern, hosts: &[&DnsName]) -> Option<Unlikely<'p>> {
    let name = pattern.name().as_str();
    let (first, _) = name.split_once('.')?;
    let meant = match hosts {
        [] => String::new(),
        [host, ..] => format!(", as in `mx: {host}`"),
    };
    first.eq_ignore_ascii_case("mta-sts").then(|| Unlikely {
        pattern,
        code: &codes::PATTERN_POLICY_HOST,
        says: format!("`{pattern}` is where the policy is served, and takes no mail"),
        advice: format!(
            "Instead of `{pattern}` list the hosts that stand in the MX records{meant}."
        ),
    })
}

/// A name above an MX host, or a wildcard above the label before it.
fn stops_short<'p>(pattern: &'p MxPattern, uncovered: &[&DnsName]) -> Option<Unlikely<'p>> {
    let name = pattern.name().as_str().to_ascii_lowercase();
    let is_below =
        |host: &&&DnsName| name.contains('.') && host.as_str() != name && host.is_within(&name);
    let host = uncovered.iter().find(is_below)?;
    Some(Unlikely {
        pattern,
        code: short_or_parent(pattern),
        says: explain(pattern, host),
        advice: format!("List `{host}` besides: `{pattern}` covers no MX host."),
    })
}

/// What a provider calls its hosts, or the domain above them, and no MX host of it.
fn of_provider(pattern: &MxPattern) -> Option<Unlikely<'_>> {
    let (provider, miss) = providers::missed_by(pattern)?;
    let suffix = story_suffix(pattern.name().as_str());
    let names: Vec<String> = provider
        .mx
        .iter()
        .map(|shape| format!("`{shape}{suffix}`"))
        .collect();
    let Provider { name, date, .. } = provider;
    let called = format!(
        "the MX hosts of {name} are called {} (seen {date})",
        names.join(", ")
    );
    let (code, says) = match miss {
        Miss::NotMx(other) => (
            &codes::PATTERN_NOT_MX,
            format!(
                "`{pattern}` is a host of {name} that takes no mail from outside ({}); {called}",
                other.why
            ),
        ),
        Miss::Parent | Miss::Short => (
            short_or_parent(pattern),
            format!("`{pattern}` covers none of them: {called}"),
        ),
    };
    let advice = match provider.policy.as_slice() {
        [] => format!("Instead of `{pattern}` list the hosts that stand in the MX records."),
        lines => format!(
            "Instead of `{pattern}` list what {name} documents for a policy: {}.",
            mx_lines(lines, suffix)
        ),
    };
    Some(Unlikely {
        pattern,
        code,
        says,
        advice,
    })
}

fn mx_lines(lines: &[Shape], suffix: &str) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("`mx: {line}{suffix}`"))
        .collect();
    lines.join(", ")
}

fn short_or_parent(pattern: &MxPattern) -> &'static Code {
    match pattern {
        MxPattern::Exact(_) => &codes::PATTERN_PARENT,
        MxPattern::Wildcard(_) => &codes::PATTERN_SHORT,
    }
}

/// Nearly the name of an MX host that no other pattern covers.
fn misspelt<'p>(pattern: &'p MxPattern, uncovered: &[&DnsName]) -> Option<Unlikely<'p>> {
    let name = pattern.name().as_str().to_ascii_lowercase();
    let meant = uncovered.iter().find_map(|host| {
        let meant = match pattern {
            MxPattern::Exact(_) => host.as_str(),
            MxPattern::Wildcard(_) => host.split_first_label()?.1,
        };
        is_slip(&name, meant).then(|| match pattern {
            MxPattern::Exact(_) => meant.to_owned(),
            MxPattern::Wildcard(_) => format!("*.{meant}"),
        })
    })?;
    Some(Unlikely {
        pattern,
        code: &codes::PATTERN_TYPO,
        says: format!("`{pattern}` covers no MX host: did you mean `{meant}`"),
        advice: format!("If it was meant, list `{meant}` instead of `{pattern}`."),
    })
}

/// Returns whether one name is a slip of the pen for the other, rather than the name of a sister host.
///
/// Sister hosts differ in a number (`mx1`, `mx2`) or in a short word (`old`, `new`; `a`, `b`), so a letter for
/// another counts only in a longer label.
fn is_slip(name: &str, meant: &str) -> bool {
    let without_digits = |name: &str| name.replace(|c: char| c.is_ascii_digit(), "");
    if name.len().abs_diff(meant.len()) > MAX_SLIPS
        || without_digits(name) == without_digits(meant)
        || strsim::osa_distance(name, meant) > MAX_SLIPS
    {
        return false;
    }
    let is_sister = |one: &str, other: &str| {
        let mut letters: [Vec<char>; 2] = [one, other].map(|label| label.chars().collect());
        letters
            .iter_mut()
            .for_each(|letters| letters.sort_unstable());
        one != other && one.len() == other.len() && one.len() < 4 && letters[0] != letters[1]
    };
    let has_same_labels = name.split('.').count() == meant.split('.').count();
    !has_same_labels
        || !name
            .split('.')
            .zip(meant.split('.'))
            .any(|(one, other)| is_sister(one, other))
}

#[cfg(test)]
mod tests {
    use super::{findings, is_slip, unlikely};
    use crate::facts::DnsName;
    use crate::sts::policy;
    use crate::sts::reading::Reading;

    #[test]
    fn a_slip_of_the_pen_is_no_sister_host() {
        for (name, meant, expected) in [
            ("mx.crop.test", "mx.corp.test", true),
            ("mx.corp.tset", "mx.corp.test", true),
            ("mial.corp.test", "mail.corp.test", true),
            ("mailcorp.test", "mail.corp.test", true),
            ("nmx.corp.test", "mx.corp.test", true),
            ("mx.corpp.test", "mx.corp.test", true),
            ("mail.exampel.com", "mail.example.com", true),
            // Sisters, and other names.
            ("mx1.corp.test", "mx2.corp.test", false),
            ("mx.corp.test", "mx1.corp.test", false),
            ("mx.old.test", "mx.new.test", false),
            ("mx.a.test", "mx.b.test", false),
            ("mxa.mail.test", "mxb.mail.test", false),
            ("mx.eu.corp.test", "mx.us.corp.test", false),
            ("mx.corp.test", "mx.corp.test", false),
            ("mx.first.test", "mx.second.test", false),
        ] {
            assert_eq!(is_slip(name, meant), expected, "{name} for {meant}");
            assert_eq!(is_slip(meant, name), expected, "{meant} for {name}");
        }
    }

    #[test]
    fn each_pattern_that_cannot_be_meant_has_its_own_finding() {
        for (mode, mx, hosts, expected) in [
            (
                "enforce",
                &["mta-sts.corp.test"][..],
                &["mx.corp.test"][..],
                &[("STS-PATTERN-POLICY-HOST", "as in `mx: mx.corp.test`")][..],
            ),
            (
                "enforce",
                &["MTA-STS.corp.test"],
                &[],
                &[("STS-PATTERN-POLICY-HOST", "list the hosts")],
            ),
            (
                "enforce",
                &["mx.crop.test"],
                &["mx.corp.test"],
                &[("STS-PATTERN-TYPO", "list `mx.corp.test` instead")],
            ),
            (
                "enforce",
                &["*.crop.test"],
                &["mx.corp.test"],
                &[("STS-PATTERN-TYPO", "list `*.corp.test` instead")],
            ),
            (
                "enforce",
                &["corp.test"],
                &["mx.corp.test"],
                &[("STS-PATTERN-PARENT", "List `mx.corp.test` besides")],
            ),
            (
                "enforce",
                &["*.corp.test"],
                &["mx.a.corp.test"],
                &[("STS-PATTERN-SHORT", "List `mx.a.corp.test` besides")],
            ),
            (
                "enforce",
                &["*.mx.microsoft.test", "mail.protection.outlook.com.test"],
                &[],
                &[
                    (
                        "STS-PATTERN-PARENT",
                        "documents for a policy: `mx: *.mail.protection.outlook.com.test`",
                    ),
                    ("STS-PATTERN-SHORT", "list the hosts"),
                ],
            ),
            (
                "testing",
                &["smtp.zoho.com.test"],
                &["mx.zoho.com.test"],
                &[("STS-PATTERN-NOT-MX", "list the hosts")],
            ),
            // A move, an apex beside what covers every host, a policy that is none.
            (
                "enforce",
                &["mx.old.test", "mx.new.test"],
                &["mx.new.test"],
                &[],
            ),
            (
                "enforce",
                &["corp.test", "mx.corp.test"],
                &["mx.corp.test"],
                &[],
            ),
            ("none", &["mta-sts.corp.test"], &["mx.corp.test"], &[]),
        ] {
            let lines: String = mx.iter().map(|mx| format!("mx: {mx}\n")).collect();
            let body = format!("version: STSv1\nmode: {mode}\n{lines}max_age: 604800\n");
            let policy = policy::parse(body.as_bytes(), Reading::Letter).unwrap();
            let hosts: Vec<DnsName> = hosts.iter().map(|host| host.parse().unwrap()).collect();
            let hosts: Vec<&DnsName> = hosts.iter().collect();
            let found = findings(&unlikely(&policy, &hosts));
            let codes: Vec<&str> = found.iter().map(|finding| &*finding.code).collect();
            let expected_codes: Vec<&str> = expected.iter().map(|(code, _)| *code).collect();
            assert_eq!(codes, expected_codes, "{mx:?}");
            for (finding, (_, advice)) in found.iter().zip(expected) {
                let fix = finding.fix.as_ref().unwrap().to_string();
                assert!(fix.contains(advice), "{fix}");
            }
        }
    }

    #[test]
    fn what_is_told_is_bounded() {
        let lines: String = (0..2_000)
            .map(|n| format!("mx: mta-sts.{n}.test\n"))
            .collect();
        let body = format!("version: STSv1\nmode: enforce\n{lines}max_age: 604800\n");
        let policy = policy::parse(body.as_bytes(), Reading::Letter).unwrap();
        let found = findings(&unlikely(&policy, &[]));
        assert_eq!(found.len(), 1);
        assert!(found[0].detail.to_string().ends_with("; and 1996 more"));
    }
}
