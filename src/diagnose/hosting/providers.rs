//! Mail providers, as `providers.toml` describes them.

use std::sync::LazyLock;

use serde::Deserialize;

use super::rows::{self, Row};
use super::shape::real;
pub use super::shape::{Shape, story_suffix};
pub use super::sure::Sure;
use crate::facts::DnsName;
use crate::sts::mx::MxPattern;

/// Where the rows stand.
const PATH: &str = "src/diagnose/hosting/providers.toml";

/// The rows, in the order of the file.
static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let rows = read().expect("a test reads the file that is compiled in");
    rows.into_iter().map(|row| row.says).collect()
});

fn read() -> Result<Vec<Row<Provider>>, String> {
    rows::read(PATH, include_str!("providers.toml"), "provider")
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

/// Returns the provider that runs a host, as far as its name tells and somebody has looked closely.
#[must_use]
pub fn of_host(host: &DnsName) -> Option<&'static Provider> {
    let name = real(host.as_str());
    let has = |provider: &&Provider| provider.mx.iter().any(|shape| shape.is_of(&name));
    let mut known = all()
        .iter()
        .filter(|provider| provider.sure != Sure::Unverified);
    known.find(has)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Miss, PATH, Row, Sure, missed_by, of_host, read};

    #[test]
    fn every_row_has_a_name_hosts_a_source_and_a_date() {
        let rows = read().unwrap_or_else(|problem| panic!("{problem}"));
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for Row {
            says: provider,
            line,
        } in &rows
        {
            let lines = provider.policy.iter().map(ToString::to_string);
            let missing = lines.filter(|line| missed_by(&line.parse().unwrap()).is_some());
            for (is_wrong, what) in [
                (!names.insert(&*provider.name), "its name stands twice"),
                (provider.mx.is_empty(), "it has no mx"),
                (provider.source.is_empty(), "it has no source"),
                (
                    provider.date.parse::<jiff::civil::Date>().is_err(),
                    "its date is not written 2026-11-26",
                ),
                (
                    // Only what a vendor documents is reported as documented.
                    provider.sure != Sure::Vendor && !provider.policy.is_empty(),
                    "it has a policy that no vendor documents",
                ),
                (
                    provider.not_mx.iter().any(|not_mx| not_mx.why.is_empty()),
                    "a host of not_mx has no why",
                ),
                (
                    missing.count() > 0,
                    "a line of its policy covers none of its hosts",
                ),
            ] {
                if is_wrong {
                    problems.push(format!("{PATH}:{line}: {}: {what}", provider.name));
                }
            }
        }
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    }

    #[test]
    fn a_host_is_its_providers_by_all_its_labels() {
        for (host, expected) in [
            (
                "corp-test.mail.protection.outlook.com",
                Some("Microsoft 365"),
            ),
            (
                "corp-test.mail.protection.outlook.com.test",
                Some("Microsoft 365"),
            ),
            ("corp.o-v1.mx.microsoft", Some("Microsoft 365 with DNSSEC")),
            ("ASPMX.l.google.com", Some("Google Workspace")),
            ("mail.protection.outlook.com", None),
            ("a.b.mail.protection.outlook.com", None),
            ("smtp.google.com", Some("Google Workspace")),
            ("a.b.titan.email", None),
            ("mx.corp.test", None),
            // From general knowledge alone nothing is concluded.
            ("www123.your-server.de", None),
        ] {
            let provider = of_host(&host.parse().unwrap());
            assert_eq!(provider.map(|provider| &*provider.name), expected, "{host}");
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
