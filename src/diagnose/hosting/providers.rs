//! Mail providers, as `providers.toml` describes them.
//!
//! Stories about a provider append `.test` to its names: a name under `.test` is compared with `.test` taken
//! off.

use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::sts::mx::MxPattern;

/// The rows, in the order of the file.
static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("providers.toml"))
        .expect("a test reads the file that is compiled in");
    file.provider
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    provider: Vec<Provider>,
}

/// A mail provider.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What people call it.
    pub name: Box<str>,
    /// What its MX hosts are called.
    pub mx: Vec<Shape>,
    /// The `mx` lines that it documents for a policy itself; often none.
    #[serde(default)]
    pub policy: Vec<Shape>,
    /// Hosts of it that take no mail from outside.
    #[serde(default)]
    pub not_mx: Vec<NotMx>,
    /// How sure this is.
    pub sure: Sure,
    /// Where it stands.
    pub source: Box<str>,
    /// When somebody last looked, as year, month and day.
    pub date: Box<str>,
}

/// A host that is taken for an MX host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NotMx {
    /// The host.
    pub host: Box<str>,
    /// What it is there for.
    pub why: Box<str>,
}

/// How sure a row is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// It stands in one or two public files.
    Seen,
    /// General knowledge: nothing is concluded from it.
    Unverified,
    /// The vendor's own page was read.
    Vendor,
    /// The same value stands in several public zone or configuration files.
    Zones,
}

/// Names of one form: `*` stands for any characters of one label.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shape(Box<str>);

/// Why a pattern covers no host of a provider whose name it bears.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Miss<'p> {
    /// It names a host that takes no mail from outside.
    NotMx(&'p NotMx),
    /// It names the domain above the hosts.
    Parent,
    /// It is a wildcard, and the hosts have more labels.
    Short,
}

/// Returns all providers.
#[must_use]
pub fn all() -> &'static [Provider] {
    &PROVIDERS
}

/// Returns the provider whose hosts somebody meant by a pattern that covers none of them, and how it misses;
/// `None` where the pattern covers one, or bears no provider's name, or nobody has looked closely.
#[must_use]
pub fn missed_by(pattern: &MxPattern) -> Option<(&'static Provider, Miss<'static>)> {
    let name = real(pattern.name().as_str());
    let is_wildcard = matches!(pattern, MxPattern::Wildcard(_));
    let mut shapes = all().iter().flat_map(|provider| &provider.mx);
    if shapes.any(|shape| shape.can_be_covered_by(&name, is_wildcard)) {
        return None;
    }
    all()
        .iter()
        .filter(|provider| provider.sure != Sure::Unverified)
        .find_map(|provider| {
            let mut others = provider.not_mx.iter();
            let not_mx = others.find(|other| !is_wildcard && *other.host == *name);
            let miss = match not_mx {
                Some(other) => Miss::NotMx(other),
                None if !provider.mx.iter().any(|shape| shape.lies_below(&name)) => return None,
                None if is_wildcard => Miss::Short,
                None => Miss::Parent,
            };
            Some((provider, miss))
        })
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

/// Returns the name as the provider spells it.
fn real(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(".test")
        .map(str::to_owned)
        .unwrap_or(name)
}

impl Shape {
    /// Returns whether a pattern, `name` without its `*.`, covers a host of this form.
    fn can_be_covered_by(&self, name: &str, is_wildcard: bool) -> bool {
        let has_labels = labels(name) + usize::from(is_wildcard) == labels(&self.0);
        has_labels && self.ends_like(name)
    }

    /// Returns whether `name`, of two labels at least, stands above hosts of this form.
    fn lies_below(&self, name: &str) -> bool {
        (2..labels(&self.0)).contains(&labels(name)) && self.ends_like(name)
    }

    /// Returns whether the last labels are those of `name`, which has no more.
    fn ends_like(&self, name: &str) -> bool {
        self.0
            .rsplit('.')
            .zip(name.rsplit('.'))
            .all(|(form, label)| matches_form(form, label))
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
                    .all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'*'))
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
    use std::collections::BTreeSet;

    use super::{Miss, all, missed_by};

    #[test]
    fn every_row_has_a_name_hosts_a_source_and_a_date() {
        let names: BTreeSet<&str> = all().iter().map(|provider| &*provider.name).collect();
        assert_eq!(names.len(), all().len(), "a name stands twice");
        for provider in all() {
            let name = &provider.name;
            assert!(!provider.mx.is_empty(), "{name}");
            assert!(!provider.source.is_empty(), "{name}");
            assert!(provider.date.parse::<jiff::civil::Date>().is_ok(), "{name}");
            // Only what a vendor documents is told as what it documents.
            let is_documented = provider.sure == super::Sure::Vendor;
            assert!(is_documented || provider.policy.is_empty(), "{name}");
            for not_mx in &provider.not_mx {
                assert!(!not_mx.why.is_empty(), "{name}");
            }
            for line in &provider.policy {
                let pattern = line.to_string().parse().unwrap();
                assert_eq!(missed_by(&pattern), None, "{name}: {line}");
            }
        }
    }

    #[test]
    fn a_pattern_that_no_host_of_the_provider_satisfies_is_known() {
        for (pattern, expected) in [
            // Wildcards a label too short.
            (
                "*.mx.microsoft",
                Some(("Microsoft 365 with DNSSEC", "short")),
            ),
            (
                "*.mx.microsoft.test",
                Some(("Microsoft 365 with DNSSEC", "short")),
            ),
            ("*.outlook.com", Some(("Microsoft 365", "short"))),
            (
                "*.amazonaws.com",
                Some(("Amazon SES and WorkMail", "short")),
            ),
            ("*.iphmx.com", Some(("Cisco Secure Email", "short"))),
            (
                "*.messagelabs.com",
                Some(("Broadcom Email Security (MessageLabs)", "short")),
            ),
            // Bare parents.
            (
                "mail.protection.outlook.com",
                Some(("Microsoft 365", "parent")),
            ),
            (
                "MX.Cloudflare.net",
                Some(("Cloudflare Email Routing", "parent")),
            ),
            ("google.com", Some(("Google Workspace", "parent"))),
            // Hosts that take no mail from outside.
            ("smtp.zoho.com", Some(("Zoho Mail", "not-mx"))),
            ("smtp.zoho.com.test", Some(("Zoho Mail", "not-mx"))),
            ("smtp-relay.gmail.com", Some(("Google Workspace", "not-mx"))),
            // What covers a host.
            ("*.mail.protection.outlook.com", None),
            ("corp-example.mail.protection.outlook.com", None),
            ("corp.o-v1.mx.microsoft", None),
            ("*.o-v1.mx.microsoft", None),
            ("*.google.com", None),
            ("*.aspmx.l.google.com", None),
            ("aspmx.l.google.com", None),
            ("mx2.zoho.com", None),
            ("*.pphosted.com", None),
            ("mxa-001abc.gslb.pphosted.com", None),
            ("us-smtp-inbound-1.mimecast.com", None),
            // Nobody's.
            ("mx.corp.test", None),
            ("*.com", None),
            ("com", None),
            // From general knowledge alone nothing is concluded.
            ("your-server.de", None),
        ] {
            let missed = missed_by(&pattern.parse().unwrap()).map(|(provider, miss)| {
                let miss = match miss {
                    Miss::NotMx(_) => "not-mx",
                    Miss::Parent => "parent",
                    Miss::Short => "short",
                };
                (&*provider.name, miss)
            });
            assert_eq!(missed, expected, "{pattern}");
        }
    }
}
