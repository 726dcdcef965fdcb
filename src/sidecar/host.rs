//! Which names a mail program can connect to, and which of them a policy lists.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::facts::DnsName;
use crate::facts::name::{MAX_LABEL_OCTETS, MAX_NAME_OCTETS};
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;

/// A name that no host and no certificate has ([RFC 6761, Section 6.4]): the answer for a policy whose patterns no
/// host can match.
///
/// Postfix tries each MX host then, refuses its certificate and defers the mail (4.7.5, `Server certificate not
/// verified`); an empty `match=` would be a fault of the configuration in its log.
///
/// [RFC 6761, Section 6.4]: https://www.rfc-editor.org/rfc/rfc6761#section-6.4
pub const NO_HOST: &str = "no-mx-host-of-the-policy.invalid";

/// Returns whether a mail program would connect to a host of this name.
///
/// Neither Postfix nor Exim does where the DNS could not hold the name, where a label begins or ends with a
/// hyphen, or where the last label is a number, as in `192.0.2.1`: that is an address however many dots it has.
/// An underscore is let through, as they do. A pattern of a policy may be any of these, for its grammar sets no
/// limit.
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    let is_label = |label: &[u8]| {
        (1..=MAX_LABEL_OCTETS).contains(&label.len())
            && !label.starts_with(b"-")
            && !label.ends_with(b"-")
            && label
                .iter()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    };
    name.len() <= MAX_NAME_OCTETS && labels(name).all(is_label) && !ends_in_a_number(name)
}

/// Returns whether `text` is an address, in any of the forms that a C library takes: `192.0.2.1`, `2130706433`,
/// `0x7f.1`, `2001:db8::1`, `fe80::1%eth0`.
#[must_use]
pub fn is_address(text: &str) -> bool {
    if ends_in_a_number(text) {
        return true;
    }
    // Every other form has one of these.
    if !text.bytes().any(|octet| matches!(octet, b':' | b'%')) {
        return false;
    }
    let without_zone = text
        .split_once('%')
        .map_or(text, |(address, _zone)| address);
    without_zone.parse::<IpAddr>().is_ok()
}

/// No top-level domain is a number, so such a name can only be an address.
fn ends_in_a_number(name: &str) -> bool {
    let last = labels(name).next_back().unwrap_or_default();
    let is_hexadecimal = last
        .strip_prefix(b"0x")
        .or_else(|| last.strip_prefix(b"0X"))
        .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let is_decimal = !last.is_empty() && last.iter().all(u8::is_ascii_digit);
    is_decimal || is_hexadecimal
}

/// Returns the octets between the dots: names are short, and every key is looked through.
fn labels(name: &str) -> impl DoubleEndedIterator<Item = &[u8]> {
    name.as_bytes().split(|octet| *octet == b'.')
}

/// Returns whether the policy lists `host`, the name in an MX record (§4.1), and it is one to connect to.
#[must_use]
pub fn is_listed(policy: &Policy, host: &DnsName) -> bool {
    is_host_name(host.as_str()) && policy.matching(host).is_some()
}

/// Returns the patterns of a policy that some host can match, each once, in the policy's order.
#[must_use]
pub fn matchable(policy: &Policy) -> Vec<&MxPattern> {
    let mut patterns: Vec<&MxPattern> = Vec::new();
    let mut seen = HashSet::new();
    for pattern in policy.patterns() {
        if is_host_name(pattern.name().as_str()) && seen.insert(pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::{is_address, is_host_name, is_listed, matchable};
    use crate::sts::policy::{MaxAge, Mode, Policy};

    fn policy(patterns: &[&str]) -> Policy {
        let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap());
        Policy::new(Mode::Enforce, MaxAge::MAX, patterns.collect()).unwrap()
    }

    #[test]
    fn host_names_and_addresses_are_told_apart() {
        let long_label = "a".repeat(64);
        let longest_label = format!("{}.test", "a".repeat(63));
        let long_name = format!("{}test", "abcdefghi.".repeat(25));
        for (text, is_host, is_number) in [
            ("mx.example.test", true, false),
            ("MX.Example.TEST", true, false),
            ("_mx.example.test", true, false),
            ("xn--bcher-kva.test", true, false),
            ("localhost", true, false),
            ("1.2.3.test", true, false),
            ("0xcafe.test", true, false),
            ("0xcafe-mx", true, false),
            (&longest_label, true, false),
            (&long_label, false, false),
            (&long_name, false, false),
            ("", false, false),
            (".", false, false),
            ("a.", false, false),
            ("a..test", false, false),
            ("-a.test", false, false),
            ("a-.test", false, false),
            ("b\u{fc}cher.test", false, false),
            ("*.test", false, false),
            ("a b", false, false),
            ("192.0.2.1", false, true),
            ("192.0.2", false, true),
            ("2130706433", false, true),
            ("0x7f000001", false, true),
            ("0X7F.1", false, true),
            ("a.0x", false, true),
            ("example.123", false, true),
            ("2001:db8::1", false, true),
            ("::ffff:192.0.2.1", false, true),
            ("fe80::1%eth0", false, true),
        ] {
            assert_eq!(
                (is_host_name(text), is_address(text)),
                (is_host, is_number),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_policy_lists_hosts_by_its_patterns_and_never_addresses() {
        let policy = policy(&["mx.example.test", "*.wild.test", "192.0.2.1", "*.0.2.1"]);
        for (host, expected) in [
            ("mx.example.test", true),
            ("MX.example.test.", true),
            ("a.wild.test", true),
            ("_a.wild.test", true),
            ("a.b.wild.test", false),
            ("wild.test", false),
            ("-a.wild.test", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(
                is_listed(&policy, &host.parse().unwrap()),
                expected,
                "{host}"
            );
        }
    }

    #[test]
    fn patterns_that_no_host_can_match_are_left_out_and_each_other_comes_once() {
        let long = format!("{}.test", "a".repeat(64));
        let policy = policy(&[
            "b.test",
            &long,
            "*.a.test",
            "B.Test",
            "192.0.2.1",
            "*.2",
            "a.test",
            "*.A.test",
        ]);
        let found: Vec<String> = matchable(&policy).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["b.test", "*.a.test", "a.test"]);
    }
}
