//! The forms of names: what the data files say of the hosts of a provider, and of the names of a place.
//!
//! Stories about a provider or a place append `.test` to its names: a name under `.test` is compared with `.test`
//! taken off.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::facts::DnsName;

/// Names of one form: `*` stands for any characters of one label.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shape(Box<str>);

impl Shape {
    /// Returns whether a name, as its owner spells it, has this form.
    pub(super) fn is_of(&self, name: &str) -> bool {
        labels(name) == labels(&self.0) && self.ends_like(name)
    }

    /// Returns whether a name, as its owner spells it, has this form, or lies below a name that has.
    pub(super) fn is_above(&self, name: &str) -> bool {
        labels(name) >= labels(&self.0) && self.ends_like(name)
    }

    /// Returns whether a pattern, `name` without its `*.`, covers a host of this form.
    pub(super) fn can_be_covered_by(&self, name: &str, is_wildcard: bool) -> bool {
        let has_labels = labels(name) + usize::from(is_wildcard) == labels(&self.0);
        has_labels && self.ends_like(name)
    }

    /// Returns whether `name`, of two labels at least, stands above hosts of this form.
    pub(super) fn lies_below(&self, name: &str) -> bool {
        (2..labels(&self.0)).contains(&labels(name)) && self.ends_like(name)
    }

    /// Returns whether the last labels are those of `name`, as far as both have any.
    fn ends_like(&self, name: &str) -> bool {
        self.0
            .rsplit('.')
            .zip(name.rsplit('.'))
            .all(|(form, label)| matches_form(form, label))
    }
}

/// Returns the suffix that a name of a story bears: `.test`, or nothing.
#[must_use]
pub fn story_suffix(name: &str) -> &'static str {
    if name.to_ascii_lowercase().ends_with(".test") {
        ".test"
    } else {
        ""
    }
}

/// Returns the name as its owner spells it.
pub(super) fn real(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(".test")
        .map(str::to_owned)
        .unwrap_or(name)
}

/// Returns the name that somebody registered and this one lies in; of a name that a story took from the Internet, that
/// of the Internet.
pub(super) fn registrable(name: &DnsName) -> String {
    let spelled = real(name.as_str());
    let registered = psl::domain(spelled.as_bytes()).filter(|domain| domain.suffix().is_known());
    match registered.and_then(|domain| std::str::from_utf8(domain.as_bytes()).ok()) {
        Some(registered) => registered.to_owned(),
        // `corp.test` itself is no name of the Internet.
        None => name.registrable().to_owned(),
    }
}

fn labels(name: &str) -> usize {
    name.split('.').count()
}

/// Returns whether a label has the form: between the `*` its pieces follow each other.
fn matches_form(form: &str, label: &str) -> bool {
    let Some((first, rest)) = form.split_once('*') else {
        return form == label;
    };
    let Some(mut left) = label.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match left.split_once(piece) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'*'))
        };
        if labels(&text) < 2 || !text.split('.').all(is_label) {
            return Err(D::Error::custom(format!(
                "`{text}` is no name in lower case, with `*` for what differs"
            )));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::registrable;

    #[test]
    fn what_somebody_registered_is_told_in_stories_too() {
        for (name, expected) in [
            ("mta-sts.corp.test", "corp.test"),
            ("corp.test", "corp.test"),
            ("mta.easydmarc.com", "easydmarc.com"),
            ("a_com_mta_sts.easydmarc.pro.test", "easydmarc.pro"),
            ("a.co.uk.test", "a.co.uk"),
            ("corp.github.io", "corp.github.io"),
        ] {
            assert_eq!(registrable(&name.parse().unwrap()), expected, "{name}");
        }
    }
}
