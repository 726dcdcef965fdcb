//! The keys of Postfix's policy map, and of Exim's question: which policy domain is meant.
//!
//! Postfix asks for the next hop, as it was typed: a recipient's domain, or what `relayhost` and transport maps
//! say. [RFC 8461, Section 3.4]: where there is a smart host, its domain is the policy domain, and there is no
//! policy for an address literal (D12, D14).
//!
//! | key | policy domain | MX records looked up |
//! |---|---|---|
//! | `example.test`, `ExAmple.TEST`, `bücher.test`, `example.test.` | the domain, folded | yes |
//! | `example.test:25`, `example.test:submission` | the domain | yes |
//! | `[mx.example.test]`, `[mx.example.test]:587` | the host | no: it is the only candidate |
//! | `.example.test`, `.test` | none: what Postfix asks after `NOTFOUND` (D13) | |
//! | `[192.0.2.1]`, `[IPv6:2001:db8::1]:25`, `192.0.2.1` | none | |
//!
//! A key that is not folded would be a policy that is silently passed over.
//!
//! D12 and the like are numbers of requirements: `sts/requirements.md` lists them.
//!
//! [RFC 8461, Section 3.4]: https://www.rfc-editor.org/rfc/rfc8461#section-3.4

use super::host::{is_address, is_host_name};
use crate::facts::DnsName;

/// What a key means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Key {
    /// An address: it has no policy.
    AddressLiteral,
    /// A policy domain.
    Domain {
        /// The domain.
        domain: DnsName,
        /// How its hosts are found.
        next_hop: NextHop,
    },
    /// Nothing that a policy could be published for. It is never looked up.
    NotAName,
    /// A domain's parent, with a dot before it: a policy says nothing of the domains below (D13).
    Parent,
}

/// How the hosts of a next hop are found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NextHop {
    /// It is the host itself: its MX records are not looked at.
    Host,
    /// By its MX records, or by its addresses where it has none.
    Mx,
}

/// What closes a name, as IDNA has it: its three other full stops too.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

impl Key {
    /// Reads a key.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Self {
        let Ok(text) = str::from_utf8(octets) else {
            return Self::NotAName;
        };
        if text.starts_with('.') {
            return Self::Parent;
        }
        match text.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((inner, port)) if is_port(port) => Self::in_brackets(inner),
                Some(_) | None => Self::NotAName,
            },
            None if is_address(text) => Self::AddressLiteral,
            None => match text.split_once(':') {
                Some((name, _)) if is_address(name) => Self::AddressLiteral,
                Some((name, service)) if is_service(service) => Self::named(name, NextHop::Mx),
                Some(_) => Self::NotAName,
                None => Self::named(text, NextHop::Mx),
            },
        }
    }

    /// Returns the policy domain, and how its hosts are found.
    #[must_use]
    pub const fn domain(&self) -> Option<(&DnsName, NextHop)> {
        match self {
            Self::Domain { domain, next_hop } => Some((domain, *next_hop)),
            Self::AddressLiteral | Self::NotAName | Self::Parent => None,
        }
    }

    /// Reads what stands in brackets: a host, or an address literal ([RFC 5321, Section 4.1.3]).
    ///
    /// [RFC 5321, Section 4.1.3]: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.3
    fn in_brackets(text: &str) -> Self {
        let is_tagged = text
            .split_once(':')
            .is_some_and(|(tag, _)| tag.eq_ignore_ascii_case("IPv6"));
        if is_tagged || is_address(text) {
            Self::AddressLiteral
        } else {
            Self::named(text, NextHop::Host)
        }
    }

    fn named(text: &str, next_hop: NextHop) -> Self {
        let text = text.strip_suffix(DOTS).unwrap_or(text);
        if text.ends_with(DOTS) {
            return Self::NotAName;
        }
        match text.parse::<DnsName>() {
            Ok(domain) if is_host_name(domain.as_str()) => Self::Domain { domain, next_hop },
            Ok(domain) if is_address(domain.as_str()) => Self::AddressLiteral,
            Ok(_) | Err(_) => Self::NotAName,
        }
    }
}

/// Returns whether `text` is nothing, or ":" and a port.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(is_service)
}

/// Returns whether `text` is a port as Postfix takes it: a number, the name of a service, or nothing.
fn is_service(text: &str) -> bool {
    text.bytes()
        .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::{Key, NextHop};

    fn domain(name: &str, next_hop: NextHop) -> Key {
        Key::Domain {
            domain: name.parse().unwrap(),
            next_hop,
        }
    }

    #[test]
    fn keys_name_policy_domains_in_every_form_that_postfix_asks_for() {
        for (key, name, next_hop) in [
            ("example.test", "example.test", NextHop::Mx),
            ("ExAmPle.TEST", "example.test", NextHop::Mx),
            ("example.test.", "example.test", NextHop::Mx),
            ("b\u{fc}cher.test", "xn--bcher-kva.test", NextHop::Mx),
            ("B\u{dc}CHER.TEST", "xn--bcher-kva.test", NextHop::Mx),
            ("xn--bcher-kva.test", "xn--bcher-kva.test", NextHop::Mx),
            (
                "b\u{fc}cher\u{3002}test\u{3002}",
                "xn--bcher-kva.test",
                NextHop::Mx,
            ),
            ("\u{ff45}xample.test\u{ff0e}", "example.test", NextHop::Mx),
            ("_x.example.test", "_x.example.test", NextHop::Mx),
            ("localhost", "localhost", NextHop::Mx),
            ("example.test:25", "example.test", NextHop::Mx),
            ("example.test:smtp", "example.test", NextHop::Mx),
            ("example.test:", "example.test", NextHop::Mx),
            ("Example.Test.:25", "example.test", NextHop::Mx),
            ("[mx.example.test]", "mx.example.test", NextHop::Host),
            ("[MX.example.test.]", "mx.example.test", NextHop::Host),
            ("[mx.example.test]:25", "mx.example.test", NextHop::Host),
            (
                "[mx.example.test]:submission",
                "mx.example.test",
                NextHop::Host,
            ),
            ("[mx.example.test]:", "mx.example.test", NextHop::Host),
            (
                "[b\u{fc}cher.test]:587",
                "xn--bcher-kva.test",
                NextHop::Host,
            ),
            ("hostname", "hostname", NextHop::Mx),
        ] {
            assert_eq!(Key::parse(key.as_bytes()), domain(name, next_hop), "{key}");
        }
    }

    #[test]
    fn parents_addresses_and_what_is_no_name_are_told_apart() {
        let longest_name = format!("{}test", "abcdefghi.".repeat(25));
        let long = "a".repeat(9_000);
        for (key, expected) in [
            (&b".example.test"[..], Key::Parent),
            (b".test", Key::Parent),
            (b".", Key::Parent),
            (b"..", Key::Parent),
            (b".[", Key::Parent),
            (b"192.0.2.1", Key::AddressLiteral),
            (b"192.0.2.1.", Key::AddressLiteral),
            (b"192.0.2.1:25", Key::AddressLiteral),
            (b"[192.0.2.1]", Key::AddressLiteral),
            (b"[192.0.2.1]:25", Key::AddressLiteral),
            (b"[127.1]", Key::AddressLiteral),
            (b"[2130706433]", Key::AddressLiteral),
            (b"[0x7f000001]", Key::AddressLiteral),
            (b"2001:db8::1", Key::AddressLiteral),
            (b"[2001:db8::1]", Key::AddressLiteral),
            (b"[2001:db8::1]:25", Key::AddressLiteral),
            (b"[IPv6:2001:db8::1]", Key::AddressLiteral),
            (b"[ipv6:2001:DB8::1]:25", Key::AddressLiteral),
            (b"[IPv6:nonsense]", Key::AddressLiteral),
            (b"[fe80::1%eth0]", Key::AddressLiteral),
            (b"[::ffff:192.0.2.1]", Key::AddressLiteral),
            ("\u{ff11}92.0.2.1".as_bytes(), Key::AddressLiteral),
            (b"", Key::NotAName),
            (b" ", Key::NotAName),
            (b"*", Key::NotAName),
            (b" example.test", Key::NotAName),
            (b"example.test ", Key::NotAName),
            (b"example .test", Key::NotAName),
            (b"example..test", Key::NotAName),
            (b"example.test..", Key::NotAName),
            (b"-example.test", Key::NotAName),
            (b"example-.test", Key::NotAName),
            (b"jo@example.test", Key::NotAName),
            (b"https://example.test/", Key::NotAName),
            (b"/var/spool/postfix/private/lmtp", Key::NotAName),
            (b"unix:private/lmtp", Key::NotAName),
            (b"[example.test]:2 5", Key::NotAName),
            (b"example.test:25:26", Key::NotAName),
            (b"example.test:2 5", Key::NotAName),
            (b":25", Key::NotAName),
            (b"[]", Key::NotAName),
            (b"[]:25", Key::NotAName),
            (b"[example.test", Key::NotAName),
            (b"[example.test]x", Key::NotAName),
            (b"[example.test]25", Key::NotAName),
            (b"[[example.test]]", Key::NotAName),
            (b"[.example.test]", Key::NotAName),
            (b"[example.test:25]", Key::NotAName),
            (b"example.test]", Key::NotAName),
            (b"example.test\0", Key::NotAName),
            (b"example.test\n", Key::NotAName),
            (b"exam\\ple.test", Key::NotAName),
            (b"b\xfccher.test", Key::NotAName),
            (b"\xff", Key::NotAName),
            ("\u{202e}example.test".as_bytes(), Key::NotAName),
            ("\u{3002}".as_bytes(), Key::NotAName),
            (longest_name.as_bytes(), Key::NotAName),
            (long.as_bytes(), Key::NotAName),
        ] {
            assert_eq!(Key::parse(key), expected, "{}", key.escape_ascii());
        }
    }
}
