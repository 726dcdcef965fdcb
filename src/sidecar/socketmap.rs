//! The socketmap protocol: a request is a map's name, a space and a key; a reply a word, a space and a text.
//!
//! [socketmap_table(5)] has it, and says less than Postfix does: keys come in the case that somebody typed,
//! U-labels as raw UTF-8, and after `NOTFOUND` for a domain each of its parents is asked for with a dot before it.
//!
//! [socketmap_table(5)]: https://www.postfix.org/socketmap_table.5.html

use std::borrow::Cow;
use std::sync::Arc;

use super::netstring;

/// The longest reply that Postfix takes, in octets, without its frame.
pub const MAX_REPLY_OCTETS: usize = 100_000;

/// What a map is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Map {
    /// `smtp_dns_reply_filter`: whether a record is kept.
    MxFilter,
    /// `smtp_tls_policy_maps`: the policy of a next hop.
    Policy(Flavour),
}

/// Which attributes a policy map's answers may have: there is no negotiation on the wire, so a map's name says it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flavour {
    /// Those of Postfix 3.4 and later.
    Postfix,
    /// Those of Postfix 3.10 and later, which tell the MTA-STS policy too. Every earlier one defers all mail over them.
    Postfix310,
}

impl Map {
    /// Every name that a map goes by. The names in capitals are those of postfix-tlspol, which takes them in any
    /// case.
    const NAMES: [(&'static str, Self); 5] = [
        ("postfix", Self::Policy(Flavour::Postfix)),
        ("postfix310", Self::Policy(Flavour::Postfix310)),
        ("mx-filter", Self::MxFilter),
        ("QUERY", Self::Policy(Flavour::Postfix)),
        ("QUERYwithTLSRPT", Self::Policy(Flavour::Postfix310)),
    ];

    fn named(name: &[u8]) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(known, map)| {
            let is_alias = known.starts_with('Q');
            let is_it = known.as_bytes() == name
                || (is_alias && known.as_bytes().eq_ignore_ascii_case(name));
            is_it.then_some(map)
        })
    }
}

/// One request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request<'a> {
    /// The map that is asked.
    pub map: Map,
    /// The key, as it came.
    pub key: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a request without its frame.
    ///
    /// # Errors
    ///
    /// When it names no map that there is. The connection can go on: what follows is a request of its own.
    pub fn parse(octets: &'a [u8]) -> Result<Self, UnknownMap> {
        let mut parts = octets.splitn(2, |octet| *octet == b' ');
        let map = parts.next().and_then(Map::named);
        match (map, parts.next()) {
            (Some(map), Some(key)) => Ok(Self { map, key }),
            (Some(_) | None, _) => Err(UnknownMap),
        }
    }
}

/// A request that names no map, or has no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no such map: there are postfix, postfix310, mx-filter, QUERY and QUERYwithTLSRPT")]
pub struct UnknownMap;

/// One reply.
///
/// Texts behind `TEMP` and `PERM` go to Postfix's log, which defers the mail for both of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// `OK`: the value of the key. Made by [`Reply::found`], which keeps it within Postfix's limit.
    Found(Value),
    /// `NOTFOUND`: what main.cf says holds.
    NotFound,
    /// `PERM`: the request is wrong, and asking again changes nothing.
    Permanent(String),
    /// `TEMP`: the answer is not known now.
    Temporary(String),
}

/// The value of a key, at most as long as Postfix takes it. Cheap to clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Value {
    /// The whole reply in its frame.
    framed: Arc<str>,
}

impl Value {
    /// Returns the value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.payload().strip_prefix(Reply::OK).unwrap_or_default()
    }

    fn payload(&self) -> &str {
        let payload = self.framed.split_once(':').map(|(_, payload)| payload);
        payload
            .and_then(|payload| payload.strip_suffix(','))
            .unwrap_or_default()
    }
}

impl Reply {
    /// Answers with a value; temporarily not, where it is longer than Postfix takes.
    ///
    /// Postfix would close the connection over such a reply and defer the mail without a word about the cause.
    #[must_use]
    pub fn found(value: &str) -> Self {
        let octets = value.len().saturating_add(Self::OK.len());
        if octets > MAX_REPLY_OCTETS {
            Self::Temporary(format!(
                "the answer has {octets} octets, and Postfix takes {MAX_REPLY_OCTETS}"
            ))
        } else {
            Self::Found(Value {
                framed: format!("{octets}:{}{value},", Self::OK).into(),
            })
        }
    }

    /// Always with the space: Postfix 3.7 takes a bare `OK` for "not found", and lets the mail out.
    const OK: &'static str = "OK ";

    /// Returns the reply as it goes over the wire, without its frame.
    #[must_use]
    pub fn payload(&self) -> Cow<'_, str> {
        match self {
            Self::Found(value) => value.payload().into(),
            Self::NotFound => "NOTFOUND ".into(),
            Self::Permanent(text) => format!("PERM {text}").into(),
            Self::Temporary(text) => format!("TEMP {text}").into(),
        }
    }

    /// Appends the reply in its frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Found(value) => out.extend_from_slice(value.framed.as_bytes()),
            Self::NotFound | Self::Permanent(_) | Self::Temporary(_) => {
                netstring::encode(self.payload().as_bytes(), out);
            }
        }
    }
}

impl From<UnknownMap> for Reply {
    fn from(unknown: UnknownMap) -> Self {
        Self::Permanent(unknown.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{Flavour, MAX_REPLY_OCTETS, Map, Reply, Request, UnknownMap};

    #[test]
    fn a_request_names_a_map_and_a_key() {
        const PLAIN: Map = Map::Policy(Flavour::Postfix);
        const STS: Map = Map::Policy(Flavour::Postfix310);
        for (octets, map, key) in [
            ("postfix example.test", PLAIN, "example.test"),
            ("postfix310 ExAmPle.TEST", STS, "ExAmPle.TEST"),
            ("QUERY example.test", PLAIN, "example.test"),
            ("query example.test", PLAIN, "example.test"),
            ("QUERYwithTLSRPT b\u{fc}cher.test", STS, "b\u{fc}cher.test"),
            ("querywithtlsrpt a", STS, "a"),
            ("QUERYWITHTLSRPT a", STS, "a"),
            (
                "mx-filter a.test. 0 IN MX 10 b.test.",
                Map::MxFilter,
                "a.test. 0 IN MX 10 b.test.",
            ),
            ("postfix ", PLAIN, ""),
            ("postfix  a", PLAIN, " a"),
        ] {
            let expected = Request {
                map,
                key: key.as_bytes(),
            };
            assert_eq!(Request::parse(octets.as_bytes()), Ok(expected), "{octets}");
        }
    }

    #[test]
    fn a_request_to_no_map_is_refused_and_told_which_there_are() {
        for octets in [
            &b""[..],
            b" ",
            b" a",
            b"postfix",
            b"POSTFIX a",
            b"Postfix310 a",
            b"MX-FILTER a",
            b"postfix3 a",
            b"postfix\ta",
            b"JSON a",
            b"DUMP",
            b"QUERYwith a",
            b"\xff a",
        ] {
            assert_eq!(
                Request::parse(octets),
                Err(UnknownMap),
                "{}",
                octets.escape_ascii()
            );
        }
        let names = "postfix, postfix310, mx-filter, QUERY and QUERYwithTLSRPT";
        assert_eq!(
            Reply::from(UnknownMap).payload(),
            format!("PERM no such map: there are {names}")
        );
        for (name, _) in Map::NAMES {
            assert!(names.contains(name), "{name} is not told");
        }
    }

    #[test]
    fn a_reply_is_a_word_a_space_and_a_text() {
        for (reply, expected) in [
            (Reply::found("IGNORE"), "9:OK IGNORE,"),
            (Reply::NotFound, "9:NOTFOUND ,"),
            (Reply::Temporary("later".into()), "10:TEMP later,"),
            (Reply::Permanent("no".into()), "7:PERM no,"),
        ] {
            let mut out = b"before".to_vec();
            reply.encode(&mut out);
            assert_eq!(
                String::from_utf8(out).unwrap(),
                format!("before{expected}"),
                "{reply:?}"
            );
        }
    }

    #[test]
    fn a_value_that_postfix_would_not_take_becomes_a_temporary_failure() {
        let payload = |octets| Reply::found(&"x".repeat(octets)).payload().into_owned();
        assert_eq!(payload(MAX_REPLY_OCTETS - 3).len(), MAX_REPLY_OCTETS);
        let beyond = payload(MAX_REPLY_OCTETS - 2);
        let expected = "TEMP the answer has 100001 octets, and Postfix takes 100000";
        assert_eq!(beyond.get(..expected.len()), Some(expected));
        assert_eq!(beyond.len(), expected.len());
    }
}
