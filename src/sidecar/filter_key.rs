//! The keys of Postfix's `smtp_dns_reply_filter`: one record of a DNS reply, as text.
//!
//! `example.test. 0 IN MX 10 mx.example.test.`: owner, TTL, class, type, preference of an MX record, value. Names
//! end with a dot, and come in the reply's case.

use std::net::IpAddr;

use crate::facts::DnsName;

/// What a key of the filter tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FilterKey {
    /// An A or AAAA record.
    Address {
        /// The host, which is not the policy domain.
        owner: DnsName,
        /// The address.
        address: IpAddr,
    },
    /// An MX record.
    Mx {
        /// The policy domain, or where its aliases end.
        owner: DnsName,
        /// The preference.
        preference: u16,
        /// The MX host; `None` where it is no name at all, so that no policy lists it.
        host: Option<DnsName>,
    },
    /// Any other record, and what is no record.
    Other,
}

impl FilterKey {
    /// Reads a key.
    ///
    /// Of a TLSA record nothing counts: Postfix 3.7 writes memory behind its data.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Self {
        str::from_utf8(octets)
            .ok()
            .and_then(Self::read)
            .unwrap_or(Self::Other)
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let owner = absolute(words.next()?)?;
        number::<u32>(words.next()?)?;
        if words.next()? != "IN" {
            return None;
        }
        let record_type = words.next()?;
        let first = words.next()?;
        let key = match record_type {
            "A" => Self::Address {
                owner,
                address: IpAddr::V4(first.parse().ok()?),
            },
            "AAAA" => Self::Address {
                owner,
                address: IpAddr::V6(first.parse().ok()?),
            },
            "MX" => Self::Mx {
                owner,
                preference: number(first)?,
                host: absolute(words.next()?),
            },
            _ => return None,
        };
        words.next().is_none().then_some(key)
    }
}

/// Reads a name that ends with a dot.
fn absolute(text: &str) -> Option<DnsName> {
    text.strip_suffix('.')
        .filter(|name| name.is_ascii() && !name.ends_with('.'))
        .and_then(|name| name.parse().ok())
}

/// Reads decimal digits; no sign.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|octet| octet.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::FilterKey;

    fn mx(owner: &str, preference: u16, host: Option<&str>) -> FilterKey {
        FilterKey::Mx {
            owner: owner.parse().unwrap(),
            preference,
            host: host.map(|host| host.parse().unwrap()),
        }
    }

    fn address(owner: &str, address: &str) -> FilterKey {
        FilterKey::Address {
            owner: owner.parse().unwrap(),
            address: address.parse().unwrap(),
        }
    }

    #[test]
    fn keys_are_read_in_every_shape_that_postfix_sends() {
        // What 3.7.11 sends of a TLSA record: its first 20 octets once more, as numbers.
        let tail = "3 1 1 acf8- - 2885746947 4230102520 1 2 3";
        for (key, expected) in [
            (
                "example.test. 0 IN MX 10 old.example.test.",
                mx("example.test", 10, Some("old.example.test")),
            ),
            (
                "Example.TEST. 4294967295 IN MX 65535 OLD.Example.test.",
                mx("example.test", 65_535, Some("old.example.test")),
            ),
            (
                "example.test. 5 IN MX 0 192.0.2.1.",
                mx("example.test", 0, Some("192.0.2.1")),
            ),
            (
                "a.test. 5 IN MX 0 _mx.a.test.",
                mx("a.test", 0, Some("_mx.a.test")),
            ),
            ("a.test. 5 IN MX 0 .", mx("a.test", 0, None)),
            ("a.test. 5 IN MX 0 ..", mx("a.test", 0, None)),
            ("a.test. 5 IN MX 0 mx.a.test", mx("a.test", 0, None)),
            ("a.test. 5 IN MX 0 m\\032x.a.test.", mx("a.test", 0, None)),
            ("a.test. 5 IN MX 0 b\u{fc}cher.test.", mx("a.test", 0, None)),
            (
                "mx.example.test. 0 IN A 192.0.2.1",
                address("mx.example.test", "192.0.2.1"),
            ),
            (
                "mx.example.test. 0 IN AAAA 2001:db8::1",
                address("mx.example.test", "2001:db8::1"),
            ),
            (
                "_25._tcp.mx.example.test. 0 IN TLSA 3 1 1 acf8",
                FilterKey::Other,
            ),
            (
                &format!("_25._tcp.mx.example.test. 0 IN TLSA {tail}"),
                FilterKey::Other,
            ),
            (
                "_25._tcp.mx.example.test. 0 IN TLSA [truncated record]- - 0 0 0 0 0",
                FilterKey::Other,
            ),
            ("a.test. 0 IN CNAME b.test.", FilterKey::Other),
            (
                "a.test. 0 IN TXT a.test. 0 IN MX 1 b.test.",
                FilterKey::Other,
            ),
        ] {
            assert_eq!(FilterKey::parse(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn what_is_no_record_is_none() {
        for key in [
            "",
            " ",
            "example.test",
            "example.test. 0 IN MX",
            "example.test. 0 IN MX 10",
            "example.test. 0 IN MX mx.example.test.",
            "example.test 0 IN MX 10 mx.example.test.",
            "example.test.. 0 IN MX 10 mx.example.test.",
            "example.test. 0 IN MX 10 mx.example.test. more",
            "example.test. 0 IN MX 10 mx.example.test. ",
            " example.test. 0 IN MX 10 mx.example.test.",
            "example.test.  0 IN MX 10 mx.example.test.",
            "example.test. 0 CH MX 10 mx.example.test.",
            "example.test. 0 in MX 10 mx.example.test.",
            "example.test. 0 IN mx 10 mx.example.test.",
            "example.test. -1 IN MX 10 mx.example.test.",
            "example.test. 4294967296 IN MX 10 mx.example.test.",
            "example.test.  IN MX 10 mx.example.test.",
            "example.test. 0 IN MX +10 mx.example.test.",
            "example.test. 0 IN MX 65536 mx.example.test.",
            "mx.example.test. 0 IN A 2001:db8::1",
            "mx.example.test. 0 IN AAAA 192.0.2.1",
            "mx.example.test. 0 IN A 192.0.2.1 2",
            "mx.example.test. 0 IN A 192.0.2",
        ] {
            assert_eq!(
                FilterKey::parse(key.as_bytes()),
                FilterKey::Other,
                "{key:?}"
            );
        }
        let octets = b"example.test. 0 IN MX 10 mx\xff.test.";
        assert_eq!(FilterKey::parse(octets), FilterKey::Other);
    }
}
