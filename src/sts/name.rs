//! §3.2: the names inside a policy.
//!
//! [RFC 8461, Section 3.2] takes `Domain` from [RFC 5321, Section 4.1.2].
//!
//! [RFC 8461, Section 3.2]: https://www.rfc-editor.org/rfc/rfc8461#section-3.2
//! [RFC 5321, Section 4.1.2]: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::facts::{DnsName, Say, Sentence};

/// A name as it stands in a policy: RFC 5321's `Domain`, never mended, compared without case.
///
/// Q: May a label have more than 63 octets, or a name more than 253? A: The grammar sets no limit, and such
/// a name can match no host: it is accepted and harms nobody, where refusing it would void a whole policy.
///
/// Q: Is `192.0.2.1` a name? A: By the grammar it is; it can match only a host of that spelling.
#[derive(Clone, Debug)]
pub struct PolicyName(Box<str>);

impl PolicyName {
    /// Returns the name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether `host` is this name, in any case.
    #[must_use]
    pub fn matches(&self, host: &DnsName) -> bool {
        self.0.eq_ignore_ascii_case(host.as_str())
    }
}

impl PartialEq for PolicyName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for PolicyName {}

impl Hash for PolicyName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for octet in self.0.bytes() {
            state.write_u8(octet.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PolicyName {
    type Err = PolicyNameError;

    /// Reads `sub-domain *("." sub-domain)` with `sub-domain = Let-dig [Ldh-str]`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(PolicyNameError::Empty);
        }
        let mut previous = '.';
        for character in text.chars() {
            match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' => {}
                '-' if previous == '.' => return Err(PolicyNameError::HyphenAtEdge),
                '-' => {}
                '.' if previous == '.' => return Err(PolicyNameError::EmptyLabel),
                '.' if previous == '-' => return Err(PolicyNameError::HyphenAtEdge),
                '.' => {}
                _ => return Err(PolicyNameError::Character { character }),
            }
            previous = character;
        }
        match previous {
            '.' => Err(PolicyNameError::TrailingDot),
            '-' => Err(PolicyNameError::HyphenAtEdge),
            _ => Ok(Self(text.into())),
        }
    }
}

/// Why a text is not a `Domain` of RFC 5321.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyNameError {
    /// A character other than letters, digits and `-`; an underscore and a U-label are among them.
    #[error("the character {character:?} cannot stand in a name")]
    Character {
        /// The first such character.
        character: char,
    },
    /// No text at all.
    #[error("the name is empty")]
    Empty,
    /// Two dots in a row, or a dot at the start.
    #[error("{}", empty_label())]
    EmptyLabel,
    /// A label that begins or ends with `-`.
    #[error("a label begins or ends with `-`")]
    HyphenAtEdge,
    /// A dot at the end.
    #[error("the name ends with a dot")]
    TrailingDot,
}

impl Say for PolicyNameError {
    fn say(&self, sentence: &mut Sentence) {
        if *self == Self::EmptyLabel {
            sentence.add(&empty_label());
        } else {
            sentence.words(self);
        }
    }
}

fn empty_label() -> Sentence {
    let mut sentence = Sentence::default();
    sentence.failure(
        "the name has an empty label",
        "two dots in a row, or a dot at the start",
    );
    sentence
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

    use super::{PolicyName, PolicyNameError};

    #[test]
    fn names_of_the_grammar_are_kept_as_written() {
        for text in [
            "mx.example.com",
            "MX.Example.COM",
            "test",
            "192.0.2.1",
            "xn--bcher-kva.test",
            "a--b.test",
            "1",
            &"a".repeat(300),
        ] {
            let name: PolicyName = text.parse().unwrap();
            assert_eq!(name.as_str(), text);
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        use PolicyNameError as E;
        for (text, expected) in [
            ("", E::Empty),
            (".", E::EmptyLabel),
            (".a", E::EmptyLabel),
            ("a..b", E::EmptyLabel),
            ("a.", E::TrailingDot),
            ("a..", E::EmptyLabel),
            ("-a.test", E::HyphenAtEdge),
            ("a-.test", E::HyphenAtEdge),
            ("a.-b", E::HyphenAtEdge),
            ("a-", E::HyphenAtEdge),
            ("_mx.test", E::Character { character: '_' }),
            ("*.test", E::Character { character: '*' }),
            ("bücher.test", E::Character { character: 'ü' }),
            ("a b", E::Character { character: ' ' }),
            ("a\0", E::Character { character: '\0' }),
            ("[192.0.2.1]", E::Character { character: '[' }),
        ] {
            assert_eq!(text.parse::<PolicyName>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn case_does_not_matter_to_equality_hash_and_matching() {
        let upper: PolicyName = "MX.Example.COM".parse().unwrap();
        let lower: PolicyName = "mx.example.com".parse().unwrap();
        assert_eq!(upper, lower);
        let other: PolicyName = "mx.example.org".parse().unwrap();
        assert_ne!(upper, other);
        let hash =
            |name: &PolicyName| BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        assert_eq!(hash(&upper), hash(&lower));
        assert_ne!(hash(&upper), hash(&other));
        assert!(upper.matches(&"mx.EXAMPLE.com.".parse().unwrap()));
        assert!(!upper.matches(&"mx.example.org".parse().unwrap()));
    }
}
