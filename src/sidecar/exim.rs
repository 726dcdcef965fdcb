//! Exim's protocol: one line asks, one line answers, and the connection ends.
//!
//! ```text
//! policy example.test
//! mode=enforce mx_re=^(?i:mx\.example\.test|[^.]+\.wild\.test)$
//! ```
//!
//! Exim's routers ask with `${readsocket}` and take the answer apart with `${extract}`: pairs of a name and a value
//! without white space. They defer for any `mode` but `enforce`, `testing` and `none`, and drop the MX hosts whose
//! names `mx_re` does not match before any of them is tried.
//!
//! D13 and the like are numbers of requirements: `sts/requirements.md` lists them.

use std::fmt;

use super::host::{NO_HOST, matchable};
use super::key::Key;
use crate::sts::mx::MxPattern;
use crate::sts::policy::{Mode, Policy};

/// The longest line that is read, in octets, its end left out: the longest name in UTF-8 and some room.
pub const MAX_LINE_OCTETS: usize = 1_100;

/// The longest expression that is sent, in octets.
///
/// PCRE2 takes 65,535 octets of compiled code, of which a letter without case makes two.
pub const MAX_EXPRESSION_OCTETS: usize = 16_384;

/// Puts the line of one connection together, as its octets arrive.
#[derive(Clone, Debug, Default)]
pub struct Line(Vec<u8>);

impl Line {
    /// Takes octets as they came off the connection; returns the key once the line has ended.
    ///
    /// What stands behind the line is nobody's: there is one request a connection.
    ///
    /// # Errors
    ///
    /// When the line is no request. The answer is [`Answer::NotKnown`] then.
    pub fn feed(&mut self, octets: &[u8]) -> Result<Option<Key>, LineFault> {
        let end = octets.iter().position(|octet| *octet == b'\n');
        let taken = end.and_then(|end| octets.get(..end)).unwrap_or(octets);
        if self.0.len().saturating_add(taken.len()) > MAX_LINE_OCTETS {
            return Err(LineFault::TooLong);
        }
        self.0.extend_from_slice(taken);
        if end.is_none() {
            return Ok(None);
        }
        let line = self.0.strip_suffix(b"\r").unwrap_or(&self.0);
        line.strip_prefix(b"policy ")
            .map(|key| Some(Key::parse(key)))
            .ok_or(LineFault::NotARequest)
    }
}

/// Why a line is no request.
///
/// Q: Why is it answered with a deferral, and a key that is no host name with `mode=none`? A: The routers that we
/// ship never send such a line. Another configuration does, or another program; an answer of `none` would let its
/// mail go out unprotected for as long as nobody looks, where a queue that fills is seen. A key, though, is what a
/// recipient's domain happens to be: [`Answer::without_look_up`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LineFault {
    /// It does not begin with `policy` and a space.
    #[error("the line does not begin with `policy `")]
    NotARequest,
    /// It is longer than any name.
    #[error("the line is longer than {MAX_LINE_OCTETS} octets")]
    TooLong,
}

/// What Exim is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer<'a> {
    /// `mode=none`: there is no policy.
    NoPolicy,
    /// `mode=tempfail`: whether there is a policy is not known, and the mail waits.
    NotKnown,
    /// The mode of the policy, and where it is enforced the MX hosts that it lists.
    Policy(&'a Policy),
}

impl Answer<'_> {
    /// Returns the answer to a key that is no policy domain.
    ///
    /// There is no policy for an address literal (D14), nor at a name that the DNS cannot hold, and none of a parent
    /// domain counts (D13). So `none` is the truth and opens nothing; a deferral would hold such mail until it
    /// bounces.
    #[must_use]
    pub const fn without_look_up(key: &Key) -> Option<Self> {
        match key {
            Key::AddressLiteral | Key::NotAName | Key::Parent => Some(Self::NoPolicy),
            Key::Domain { .. } => None,
        }
    }
}

impl fmt::Display for Answer<'_> {
    /// Writes the answer as it goes over the wire, with its line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPolicy => writeln!(f, "mode=none"),
            Self::NotKnown => writeln!(f, "mode=tempfail"),
            Self::Policy(policy) => match policy.mode() {
                mode @ (Mode::None | Mode::Testing) => writeln!(f, "mode={mode}"),
                Mode::Enforce => match expression(policy) {
                    Some(expression) => writeln!(f, "mode=enforce mx_re={expression}"),
                    None => Self::NotKnown.fmt(f),
                },
            },
        }
    }
}

/// Returns an expression that matches the MX hosts that the policy lists and no others; `None` if it is too long.
fn expression(policy: &Policy) -> Option<String> {
    let mut names: Vec<String> = matchable(policy)
        .into_iter()
        .map(|pattern| {
            let name = escape(&pattern.name().as_str().to_ascii_lowercase());
            match pattern {
                MxPattern::Exact(_) => name,
                MxPattern::Wildcard(_) => format!("[^.]+\\.{name}"),
            }
        })
        .collect();
    if names.is_empty() {
        // An expression without a name would match the empty one.
        names.push(escape(NO_HOST));
    }
    let expression = format!("^(?i:{})$", names.join("|"));
    (expression.len() <= MAX_EXPRESSION_OCTETS).then_some(expression)
}

/// Escapes what an expression could take for more than itself, which in a name is the dot.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        if !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Answer, Line, LineFault, MAX_EXPRESSION_OCTETS, MAX_LINE_OCTETS};
    use crate::sidecar::key::{Key, NextHop};
    use crate::sts::policy::{MaxAge, Mode, Policy};

    fn policy(mode: Mode, patterns: &[&str]) -> Policy {
        let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap());
        Policy::new(mode, MaxAge::MAX, patterns.collect()).unwrap()
    }

    fn domain(name: &str) -> Key {
        Key::Domain {
            domain: name.parse().unwrap(),
            next_hop: NextHop::Mx,
        }
    }

    #[test]
    fn a_line_is_a_request_wherever_the_reads_cut_it() {
        for (octets, expected) in [
            ("policy example.test\n", domain("example.test")),
            ("policy Example.TEST.\r\n", domain("example.test")),
            ("policy b\u{fc}cher.test\n", domain("xn--bcher-kva.test")),
            ("policy example.test\nmore\n", domain("example.test")),
            ("policy [192.0.2.1]\n", Key::AddressLiteral),
            ("policy .test\n", Key::Parent),
            ("policy \n", Key::NotAName),
            ("policy a b\n", Key::NotAName),
        ] {
            for cut in 0..octets.len() {
                let (first, second) = octets.as_bytes().split_at(cut);
                let mut line = Line::default();
                let mut found = line.feed(first).unwrap();
                if found.is_none() {
                    found = line.feed(second).unwrap();
                }
                assert_eq!(found.as_ref(), Some(&expected), "{octets:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_line_that_is_no_request_is_refused_and_none_is_kept_beyond_the_limit() {
        let longest = format!("policy {}\n", "a".repeat(MAX_LINE_OCTETS - 7));
        let too_long = format!("policy {}", "a".repeat(MAX_LINE_OCTETS - 6));
        for (octets, expected) in [
            ("policy\n", Err(LineFault::NotARequest)),
            ("\n", Err(LineFault::NotARequest)),
            ("POLICY a\n", Err(LineFault::NotARequest)),
            (" policy a\n", Err(LineFault::NotARequest)),
            ("GET / HTTP/1.1\r\n", Err(LineFault::NotARequest)),
            ("20:postfix example.test,\n", Err(LineFault::NotARequest)),
            (&longest, Ok(Some(Key::NotAName))),
            (&too_long, Err(LineFault::TooLong)),
        ] {
            let mut line = Line::default();
            assert_eq!(line.feed(octets.as_bytes()), expected, "{octets}");
        }
        let mut line = Line::default();
        for _ in 0..MAX_LINE_OCTETS {
            assert_eq!(line.feed(b"x"), Ok(None));
        }
        for _ in 0..1_000 {
            assert_eq!(line.feed(&[b'x'; 1_000]), Err(LineFault::TooLong));
        }
        assert_eq!(line.0.len(), MAX_LINE_OCTETS);
    }

    #[test]
    fn the_answer_is_the_mode_and_what_the_policy_lists() {
        let enforce = policy(
            Mode::Enforce,
            &[
                "MX.example.test",
                "*.wild.test",
                "mx.example.test",
                "a-b.test",
            ],
        );
        let testing = policy(Mode::Testing, &["mx.example.test"]);
        let none = policy(Mode::None, &[]);
        for (answer, expected) in [
            (
                Answer::Policy(&enforce),
                "mode=enforce mx_re=^(?i:mx\\.example\\.test|[^.]+\\.wild\\.test|a-b\\.test)$\n",
            ),
            (Answer::Policy(&testing), "mode=testing\n"),
            (Answer::Policy(&none), "mode=none\n"),
            (Answer::NoPolicy, "mode=none\n"),
            (Answer::NotKnown, "mode=tempfail\n"),
        ] {
            assert_eq!(answer.to_string(), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_policy_that_no_host_can_match_lists_none() {
        let unmatched = policy(Mode::Enforce, &["192.0.2.1", "*.2"]);
        assert_eq!(
            Answer::Policy(&unmatched).to_string(),
            "mode=enforce mx_re=^(?i:no-mx-host-of-the-policy\\.invalid)$\n"
        );
    }

    #[test]
    fn a_policy_whose_expression_is_too_long_defers() {
        let names: Vec<String> = (0..)
            .map(|n| format!("mx{n}.example.test"))
            .take(2_000)
            .collect();
        let mut patterns: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(
            Answer::Policy(&policy(Mode::Enforce, &patterns)).to_string(),
            "mode=tempfail\n"
        );
        patterns.truncate(700);
        let answer = Answer::Policy(&policy(Mode::Enforce, &patterns)).to_string();
        assert!(answer.starts_with("mode=enforce mx_re=^(?i:mx0"));
        assert!(answer.ends_with("mx699\\.example\\.test)$\n"));
        assert!(answer.len() < MAX_EXPRESSION_OCTETS + 30);
    }

    #[test]
    fn keys_that_are_no_domain_have_no_policy_and_are_not_looked_up() {
        for (key, expected) in [
            (Key::AddressLiteral, Some(Answer::NoPolicy)),
            (Key::NotAName, Some(Answer::NoPolicy)),
            (Key::Parent, Some(Answer::NoPolicy)),
            (domain("example.test"), None),
        ] {
            assert_eq!(Answer::without_look_up(&key), expected, "{key:?}");
        }
    }
}
