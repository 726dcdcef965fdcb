//! Places where policies are hosted, as `places.toml` describes them.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::rows::{self, Row};
use super::shape::{Shape, real};
use super::sure::Sure;
use crate::facts::DnsName;
use crate::facts::special::Prefix;

/// Where the rows stand.
const PATH: &str = "src/diagnose/hosting/places.toml";

/// The rows, in the order of the file.
static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let rows = read().expect("a test reads the file that is compiled in");
    rows.into_iter().map(|row| row.says).collect()
});

fn read() -> Result<Vec<Row<Place>>, String> {
    rows::read(PATH, include_str!("places.toml"), "place")
}

/// Returns all places.
#[must_use]
pub fn all() -> &'static [Place] {
    &PLACES
}

/// A place where policies are hosted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What people call it.
    pub name: Box<str>,
    /// What it is.
    pub kind: PlaceKind,
    /// The names to which it has its customers point the CNAME of `mta-sts.`, or the names above them.
    #[serde(default)]
    pub policy_host: Vec<Shape>,
    /// The names to which it has its customers point the CNAME of `_mta-sts.`, or the names above them.
    #[serde(default)]
    pub record: Vec<Shape>,
    /// The addresses of its servers.
    #[serde(default, deserialize_with = "prefixes")]
    pub addresses: Vec<Prefix>,
    /// Whether its policy host has the address of an MX host: a mail server that serves its own policy.
    #[serde(default)]
    pub at_mx: bool,
    /// What its servers put into the head of a response; one of them is enough.
    #[serde(default)]
    pub headers: Vec<HeaderSign>,
    /// What stands on its certificates.
    #[serde(default)]
    pub certificate: CertificateSign,
    /// The policy that it serves for all its customers.
    pub body: Option<Box<str>>,
    /// The mail providers, by their names in `providers.toml`, that are the same company.
    #[serde(default)]
    pub mail: Vec<Box<str>>,
    /// Where the file is changed there: what stands after “where to change the file:”.
    pub change_at: Box<str>,
    /// Whether the file there follows when the MX records change; `None` where nobody knows, or where the owner
    /// keeps the file.
    pub follows_mx: Option<bool>,
    /// What becomes of the file when the contract ends; `None` where nobody knows, or where there is none.
    pub contract_end: Option<ContractEnd>,
    /// Whether somebody else can have the name that a left-over CNAME leads to, and so serve a policy.
    #[serde(default)]
    pub can_be_taken_over: bool,
    /// What its page says for a name that nobody has claimed there.
    pub unclaimed: Option<Box<str>>,
    /// How sure this is.
    pub sure: Sure,
    /// Where it stands.
    pub source: Box<str>,
    /// When somebody last looked, as year, month and day.
    pub date: Box<str>,
}

/// What a place is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// It hosts whatever its customers put there: the owner of the domain keeps the file.
    GeneralHost,
    /// A mail provider that serves the policy of its customers.
    MailProvider,
    /// Mail server software that serves the policy of its own domains.
    MailSuite,
    /// A web server of the owner.
    OwnServer,
    /// It serves the policy for its customers, wherever their mail goes.
    PolicyVendor,
    /// A registrar's own page for names that have nothing else.
    Registrar,
}

impl PlaceKind {
    /// Returns whether the place keeps the file for the owner of the domain.
    #[must_use]
    pub const fn keeps_the_file(self) -> bool {
        match self {
            Self::MailProvider | Self::PolicyVendor => true,
            Self::GeneralHost | Self::MailSuite | Self::OwnServer | Self::Registrar => false,
        }
    }
}

/// What becomes of a file when the contract ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContractEnd {
    /// It becomes empty, which is no policy.
    Empty,
    /// The name is gone, the file was not changed before.
    Gone,
    /// Its mode becomes none, and later the name is gone.
    NoneThenGone,
    /// It stays as it is.
    Stays,
}

impl fmt::Display for ContractEnd {
    /// Writes the rest of a sentence that begins with “when the contract ends”.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the file becomes empty, which is no policy",
            Self::Gone => "the name is gone from one day to the next",
            Self::NoneThenGone => "the mode becomes none, then the name is gone",
            Self::Stays => "the file stays as it was, for nobody to change",
        })
    }
}

/// A header that tells a place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderSign {
    /// Its name in lower case; `*` at its end stands for whatever follows.
    pub name: Box<str>,
    /// What its value begins with, in any case.
    pub begins: Option<Box<str>>,
    /// What its value contains, in any case.
    pub contains: Option<Box<str>>,
}

impl HeaderSign {
    /// Returns whether it is this header, whose name is in lower case.
    #[must_use]
    pub fn is(&self, name: &str, value: &[u8]) -> bool {
        let is_named = match self.name.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *self.name == *name,
        };
        let value = String::from_utf8_lossy(value).to_ascii_lowercase();
        let has = |wanted: &Option<Box<str>>, holds: fn(&str, &str) -> bool| {
            let wanted = wanted.as_ref().map(|wanted| wanted.to_ascii_lowercase());
            wanted.is_none_or(|wanted| holds(&value, &wanted))
        };
        is_named
            && has(&self.begins, |value, start| value.starts_with(start))
            && has(&self.contains, |value, part| value.contains(part))
    }
}

/// What on a certificate tells a place.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateSign {
    /// Names on it, or names above them.
    pub names: Vec<Shape>,
    /// What the name of its issuer contains.
    pub issuers: Vec<Box<str>>,
}

impl Place {
    /// Returns whether a CNAME of `mta-sts.` to `target` leads there.
    #[must_use]
    pub fn has_policy_host(&self, target: &DnsName) -> bool {
        is_above(&self.policy_host, target)
    }

    /// Returns whether a CNAME of `_mta-sts.` to `target` leads there.
    #[must_use]
    pub fn has_record(&self, target: &DnsName) -> bool {
        is_above(&self.record, target)
    }

    /// Returns whether a name on a certificate is one of the place's own: `*.` at its beginning is taken off.
    #[must_use]
    pub fn has_certificate_name(&self, name: &str) -> bool {
        let name = real(name.strip_prefix("*.").unwrap_or(name));
        self.certificate
            .names
            .iter()
            .any(|shape| shape.is_above(&name))
    }

    /// Returns whether `body` is the place's own policy: the same lines, in any order.
    #[must_use]
    pub fn has_body(&self, body: &[u8]) -> bool {
        let (Some(own), Ok(body)) = (&self.body, std::str::from_utf8(body)) else {
            return false;
        };
        lines(own) == lines(body)
    }

    /// Returns whether a page says that nobody has claimed the name there.
    #[must_use]
    pub fn says_unclaimed(&self, body: &[u8]) -> bool {
        let body = String::from_utf8_lossy(body);
        (self.unclaimed.as_ref()).is_some_and(|says| body.contains(&**says))
    }
}

impl PartialEq for Place {
    /// Names are unique.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Place {}

fn is_above(shapes: &[Shape], target: &DnsName) -> bool {
    let name = real(target.as_str());
    shapes.iter().any(|shape| shape.is_above(&name))
}

/// Returns the lines of a policy, sorted; a story's `.test` is taken off.
fn lines(body: &str) -> Vec<String> {
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines: Vec<String> = lines.map(real).collect();
    lines.sort();
    lines
}

fn prefixes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Prefix>, D::Error> {
    let texts = Vec::<Box<str>>::deserialize(deserializer)?;
    let parse = |text: &str| {
        Prefix::from_str(text).map_err(|error| D::Error::custom(format!("`{text}`: {error}")))
    };
    texts.iter().map(|text| parse(text)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{PATH, Place, Row, all, read};
    use crate::diagnose::hosting::providers;

    #[test]
    fn every_row_says_how_to_tell_the_place_and_where_to_change_the_file() {
        let rows = read().unwrap_or_else(|problem| panic!("{problem}"));
        let providers: Vec<&str> = providers::all().iter().map(|row| &*row.name).collect();
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for Row { says: place, line } in &rows {
            let has_sign = !place.policy_host.is_empty()
                || !place.record.is_empty()
                || !place.addresses.is_empty()
                || place.at_mx
                || !place.headers.is_empty()
                || !place.certificate.names.is_empty()
                || !place.certificate.issuers.is_empty()
                || place.body.is_some();
            let is_lower = |name: &str| name.to_ascii_lowercase() == *name;
            for (is_wrong, what) in [
                (!names.insert(&*place.name), "its name stands twice"),
                (!has_sign, "it has no sign by which to tell it"),
                (place.change_at.is_empty(), "it has no change_at"),
                (place.source.is_empty(), "it has no source"),
                (
                    place.date.parse::<jiff::civil::Date>().is_err(),
                    "its date is not written 2026-11-26",
                ),
                (
                    !place.headers.iter().all(|header| is_lower(&header.name)),
                    "a header's name is not in lower case",
                ),
                (
                    !place.mail.iter().all(|mail| providers.contains(&&**mail)),
                    "its mail names a provider that providers.toml does not have",
                ),
                (
                    place.contract_end.is_some() && !place.kind.keeps_the_file(),
                    "it has a contract_end, and does not keep the file",
                ),
                (
                    place.unclaimed.is_some() && !place.can_be_taken_over,
                    "it has a page for unclaimed names that nobody can claim",
                ),
            ] {
                if is_wrong {
                    problems.push(format!("{PATH}:{line}: {}: {what}", place.name));
                }
            }
        }
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    }

    fn named(name: &str) -> &'static Place {
        all().iter().find(|place| *place.name == *name).unwrap()
    }

    #[test]
    fn a_name_is_a_places_if_it_ends_like_one_of_its_names() {
        for (name, place, expected) in [
            ("corp.github.io", "GitHub Pages", true),
            ("corp.github.io.test", "GitHub Pages", true),
            ("github.io", "GitHub Pages", true),
            ("corp.notgithub.io", "GitHub Pages", false),
            ("a-com._mta.mta-sts.tech", "PowerDMARC", true),
            ("d1d4fc829fe7bc7c.vercel-dns-017.com", "Vercel", true),
            ("cname.vercel-dns.com", "Vercel", true),
            ("a.b._mta-sts.mailhardener.com", "Mailhardener", true),
            ("mailhardener.com", "Mailhardener", false),
        ] {
            let has = named(place).has_policy_host(&name.parse().unwrap());
            assert_eq!(has, expected, "{name}");
        }
    }

    #[test]
    fn a_header_is_compared_by_name_and_value_in_any_case() {
        for (name, value, place, expected) in [
            ("server", "github.com", "GitHub Pages", true),
            ("server", "not GitHub.com", "GitHub Pages", false),
            ("x-github-request-id", "A1:B2", "GitHub Pages", true),
            ("x-ms-version", "1", "Azure App Service or Functions", true),
            (
                "via",
                "1.1 abc.cloudfront.net (CloudFront)",
                "Amazon S3 or CloudFront",
                true,
            ),
            ("via", "1.1 vegur", "Heroku", true),
            ("via", "1.1 varnish", "Heroku", false),
        ] {
            let mut headers = named(place).headers.iter();
            let has = headers.any(|sign| sign.is(name, value.as_bytes()));
            assert_eq!(has, expected, "{name}: {value}");
        }
    }

    #[test]
    fn a_body_is_a_places_own_line_for_line() {
        let place = named("Cloudflare Email Routing");
        for (body, expected) in [
            (
                "version: STSv1\r\nmode: enforce\r\nmx: *.mx.cloudflare.net\r\nmax_age: 86400",
                true,
            ),
            (
                "mode: enforce\nversion: STSv1\nmx: *.mx.cloudflare.net.test\nmax_age: 86400\n",
                true,
            ),
            (
                "version: STSv1\nmode: testing\nmx: *.mx.cloudflare.net\nmax_age: 86400\n",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(place.has_body(body.as_bytes()), expected, "{body}");
        }
        assert!(!place.has_body(b"\xff"));
    }

    #[test]
    fn a_certificate_tells_a_place_by_its_names() {
        for (name, expected) in [
            ("*.github.io", true),
            ("www.github.io.test", true),
            ("github.com", false),
        ] {
            let has = named("GitHub Pages").has_certificate_name(name);
            assert_eq!(has, expected, "{name}");
        }
    }
}
