//! Why a pattern covers a host or does not.

use crate::facts::DnsName;
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;

/// Says in one sentence why a policy does not cover `host`: of its patterns the nearest is the one that was
/// meant to.
#[must_use]
pub fn explain_nearest(policy: &Policy, host: &DnsName) -> String {
    policy
        .patterns()
        .iter()
        .max_by_key(|pattern| labels_in_common(pattern.name().as_str(), host.as_str()))
        .map_or_else(
            || "the policy has no patterns".to_owned(),
            |pattern| explain(pattern, host),
        )
}

/// Says why a pattern does not cover `host` that was likely meant to: one with a name above it, or its own;
/// `None` if the policy covers it, or lists nothing of the kind.
#[must_use]
pub fn near_miss(policy: &Policy, host: &DnsName) -> Option<String> {
    let is_near = |pattern: &&MxPattern| {
        let name = pattern.name().as_str();
        name.contains('.') && host.is_within(&name.to_ascii_lowercase())
    };
    match policy.matching(host) {
        Some(_) => None,
        None => policy
            .patterns()
            .iter()
            .filter(is_near)
            .max_by_key(|pattern| pattern.name().as_str().len())
            .map(|pattern| explain(pattern, host)),
    }
}

fn labels_in_common(a: &str, b: &str) -> usize {
    a.rsplit('.')
        .zip(b.rsplit('.'))
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
        .count()
}

/// Says in one sentence why `pattern` covers `host`, or why not.
#[must_use]
pub fn explain(pattern: &MxPattern, host: &DnsName) -> String {
    let covers = pattern.matches(host);
    match pattern {
        MxPattern::Exact(name) if covers => {
            format!("`{name}` is the host's own name (case does not count)")
        }
        MxPattern::Exact(name) => {
            let below = host.is_within(&name.as_str().to_ascii_lowercase());
            if below {
                format!(
                    "`{name}` without `*.` stands for that name alone, and `{host}` lies below it"
                )
            } else {
                format!("`{name}` and `{host}` are different names")
            }
        }
        MxPattern::Wildcard(parent) => explain_wildcard(parent.as_str(), host, covers),
    }
}

fn explain_wildcard(parent: &str, host: &DnsName, covers: bool) -> String {
    let parent = parent.to_ascii_lowercase();
    let Some(labels) = host
        .as_str()
        .strip_suffix(&parent)
        .and_then(|rest| rest.strip_suffix('.'))
    else {
        return if host.as_str() == parent {
            format!(
                "`*` stands for exactly one label, and `{host}` has none before `{parent}`: list `{host}` itself"
            )
        } else {
            format!("`{host}` does not end in `.{parent}`")
        };
    };
    if covers {
        return format!("`*` stands for `{labels}`, exactly one label before `{parent}`");
    }
    let count = labels.split('.').count();
    let nearer = host.split_first_label().map_or("", |(_first, rest)| rest);
    format!(
        "`*` stands for exactly one label, and `{labels}` before `{parent}` is {count}: `*.{nearer}` would cover `{host}`"
    )
}

#[cfg(test)]
mod tests {
    use super::{explain, near_miss};
    use crate::sts::policy;
    use crate::sts::reading::Reading;

    #[test]
    fn a_near_miss_is_a_pattern_above_the_host() {
        for (mx, host, expected) in [
            (
                "*.mx.microsoft.test",
                "corp.o-v1.mx.microsoft.test",
                Some("`*.o-v1.mx.microsoft.test` would cover"),
            ),
            ("corp.test", "mx.corp.test", Some("without `*.`")),
            ("*.corp.test", "Corp.test", Some("list `corp.test` itself")),
            ("mx.old.test", "mx.new.test", None),
            ("*.test", "a.b.test", None),
            ("*.corp.test", "mx.corp.test", None),
        ] {
            let body = format!("version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 1\n");
            let policy = policy::parse(body.as_bytes(), Reading::Letter).unwrap();
            let said = near_miss(&policy, &host.parse().unwrap());
            match (&said, expected) {
                (Some(said), Some(expected)) => assert!(said.contains(expected), "{said}"),
                (said, expected) => assert_eq!(said.as_deref(), expected, "{mx} {host}"),
            }
        }
    }

    #[test]
    fn the_reason_names_what_decides() {
        for (pattern, host, expected) in [
            (
                "MX.corp.test",
                "mx.corp.test",
                "`MX.corp.test` is the host's own name (case does not count)",
            ),
            (
                "corp.test",
                "mx.corp.test",
                "`corp.test` without `*.` stands for that name alone, and `mx.corp.test` lies below it",
            ),
            (
                "mx.corp.test",
                "mx.other.test",
                "`mx.corp.test` and `mx.other.test` are different names",
            ),
            (
                "*.corp.test",
                "mx.corp.test",
                "`*` stands for `mx`, exactly one label before `corp.test`",
            ),
            (
                "*.corp.test",
                "corp.test",
                "`*` stands for exactly one label, and `corp.test` has none before `corp.test`: list `corp.test` itself",
            ),
            (
                "*.Corp.test",
                "a.b.corp.test",
                "`*` stands for exactly one label, and `a.b` before `corp.test` is 2: `*.b.corp.test` would cover `a.b.corp.test`",
            ),
            (
                "*.corp.test",
                "xcorp.test",
                "`xcorp.test` does not end in `.corp.test`",
            ),
        ] {
            let reason = explain(&pattern.parse().unwrap(), &host.parse().unwrap());
            assert_eq!(reason, expected, "{pattern} against {host}");
        }
    }
}
