//! Why a pattern covers a host or does not.

use crate::facts::DnsName;
use crate::sts::mx::MxPattern;

/// Says in one sentence why `pattern` covers `host`, or why not.
pub(super) fn explain(pattern: &MxPattern, host: &DnsName) -> String {
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
    use super::explain;

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
