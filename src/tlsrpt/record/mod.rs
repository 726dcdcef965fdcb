//! §3: the TXT record at `_smtp._tls.<policy domain>`, which says where reports go.
//!
//! Grammar and selection: [RFC 8460, Section 3].
//!
//! [RFC 8460, Section 3]: https://www.rfc-editor.org/rfc/rfc8460#section-3

mod mend;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use mend::mend;

use crate::facts::DnsName;
use crate::facts::dns::TxtRecord;
use crate::sts::excerpt::excerpt;
use crate::sts::fields::{self, Candidate, FieldsError, Kind, MAX_EXTENSIONS};
use crate::sts::reading::Reading;

/// The version field, which comes first.
const VERSION: &str = "v=TLSRPTv1";

const KIND: Kind = Kind {
    version: VERSION,
    key: "rua",
};

/// The most addresses for reports that are kept; the rest is checked and dropped.
const MAX_URIS: usize = 32;

/// A record that says where reports go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    uris: Vec<ReportUri>,
    extensions: Vec<(Box<str>, Box<str>)>,
}

impl Record {
    /// Makes a record that sends reports to `uri`, and to `others`.
    #[must_use]
    pub fn to(uri: ReportUri, others: impl IntoIterator<Item = ReportUri>) -> Self {
        let mut uris = vec![uri];
        for uri in others {
            if !uris.contains(&uri) && uris.len() < MAX_URIS {
                uris.push(uri);
            }
        }
        Self {
            uris,
            extensions: Vec::new(),
        }
    }

    /// Returns where reports go: at least one, at most 32.
    #[must_use]
    pub fn uris(&self) -> &[ReportUri] {
        &self.uris
    }

    /// Returns the fields that this version of the RFC does not know, at most 32. They mean nothing.
    #[must_use]
    pub fn extensions(&self) -> &[(Box<str>, Box<str>)] {
        &self.extensions
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}; rua=")?;
        for (index, uri) in self.uris.iter().enumerate() {
            write!(f, "{}{uri}", if index == 0 { "" } else { "," })?;
        }
        f.write_str(";")?;
        for (name, value) in &self.extensions {
            write!(f, " {name}={value};")?;
        }
        Ok(())
    }
}

/// Reads one record, its strings already joined, to the letter.
///
/// Q: What of a second `rua`? A: RFC 8460 does not say; as in RFC 8461, Section 3.2, all but the first are
/// ignored, whatever they hold.
///
/// # Errors
///
/// When the octets are no such record.
pub fn parse(octets: &[u8]) -> Result<Record, RecordError> {
    let mut uris = Vec::new();
    let mut extensions = Vec::new();
    for field in fields::split(octets, KIND, Reading::Letter)? {
        let (name, value) = fields::split_at_equals(field?)?;
        if name == b"rua" {
            if uris.is_empty() {
                uris = parse_uris(value)?;
            }
            continue;
        }
        let (name, value) = fields::check_extension(name, value)?;
        if name != "v" && extensions.len() < MAX_EXTENSIONS {
            extensions.push((name.into(), value.into()));
        }
    }
    if uris.is_empty() {
        return Err(RecordError::NoRua);
    }
    Ok(Record { uris, extensions })
}

/// Reads `URI *(*WSP "," *WSP URI)`.
fn parse_uris(value: &[u8]) -> Result<Vec<ReportUri>, RecordError> {
    let mut uris = Vec::new();
    for uri in value.split(|octet| *octet == b',') {
        let uri = ReportUri::from_octets(fields::trim(uri))?;
        if uris.len() < MAX_URIS {
            uris.push(uri);
        }
    }
    Ok(uris)
}

/// Who gets a report.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Destination {
    /// A mailbox at this domain.
    Mail(DnsName),
    /// A web server.
    Https {
        /// Its name.
        host: DnsName,
        /// Whether it listens where web servers do, at port 443.
        is_usual_port: bool,
    },
}

/// The port of `https`.
const HTTPS_PORT: u16 = 443;

/// Where reports go: a URI of any scheme, as it was written; `mailto` and `https` have a meaning.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ReportUri(Box<str>);

impl ReportUri {
    /// Returns the URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what stands before the first ":".
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// Makes a `mailto:` address of a mailbox at a domain.
    #[must_use]
    pub fn mailbox(local_part: &str, domain: &DnsName) -> Option<Self> {
        format!("mailto:{local_part}@{domain}").parse().ok()
    }

    /// Returns who gets a report that is sent to this address; `None` for a scheme that nobody reports by, or
    /// an address without a host.
    #[must_use]
    pub fn destination(&self) -> Option<Destination> {
        let (scheme, rest) = self.0.split_once(':')?;
        if scheme.eq_ignore_ascii_case("mailto") {
            let mailbox = rest.split(['?', '#']).next()?;
            let (_, domain) = mailbox.rsplit_once('@')?;
            Some(Destination::Mail(domain.parse().ok()?))
        } else if scheme.eq_ignore_ascii_case("https") {
            let authority = rest.strip_prefix("//")?.split(['/', '?', '#']).next()?;
            let host = authority.rsplit('@').next()?;
            let (host, port) = match host.rsplit_once(':') {
                Some((host, port)) => (host, port.parse().ok()?),
                None => (host, HTTPS_PORT),
            };
            Some(Destination::Https {
                host: host.parse().ok()?,
                is_usual_port: port == HTTPS_PORT,
            })
        } else {
            None
        }
    }

    /// Reads the characters of RFC 3986, of which "!" must be encoded here, as "," and ";" must.
    fn from_octets(octets: &[u8]) -> Result<Self, RecordError> {
        let error = || RecordError::Uri {
            uri: excerpt(octets),
        };
        let (scheme, rest) = fields::split_once(octets, b':').ok_or_else(error)?;
        let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme
                .iter()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'));
        if !is_scheme || rest.is_empty() || !has_uri_characters(rest) {
            return Err(error());
        }
        str::from_utf8(octets)
            .map(|text| Self(text.into()))
            .map_err(|_not_utf8| error())
    }
}

fn has_uri_characters(octets: &[u8]) -> bool {
    let mut octets = octets.iter();
    while let Some(octet) = octets.next() {
        let is_allowed = match octet {
            b'%' => [octets.next(), octets.next()]
                .into_iter()
                .all(|digit| digit.is_some_and(u8::is_ascii_hexdigit)),
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' | b'$'
            | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b'=' => true,
            _ => octet.is_ascii_alphanumeric(),
        };
        if !is_allowed {
            return false;
        }
    }
    true
}

impl fmt::Display for ReportUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ReportUri {
    type Err = RecordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_octets(text.as_bytes())
    }
}

/// Why octets are not a record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// The fields themselves are broken.
    #[error(transparent)]
    Fields(#[from] FieldsError),
    /// There is no `rua`.
    #[error("there is no `rua` field")]
    NoRua,
    /// An address for reports that is no URI.
    #[error(
        "`{uri}` is not a URI such as mailto:reports@example.com (`,`, `;` and `!` are encoded)"
    )]
    Uri {
        /// The address.
        uri: Box<str>,
    },
}

/// What the TXT records at `_smtp._tls` come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selection {
    /// No record was meant to speak of reports.
    NoRecord,
    /// Exactly one, and it is valid.
    Record(Record),
    /// There is something, but a sender must go on as though there was nothing.
    Unusable(SelectError),
}

/// Why the records cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelectError {
    /// The only one left is not valid.
    #[error(transparent)]
    Invalid(#[from] RecordError),
    /// More than one begins as a record should.
    #[error("{count} records begin with `{VERSION};`, only one may")]
    Several {
        /// How many.
        count: usize,
    },
}

/// Picks the one record that counts, if there is exactly one and it is valid; the rule is that of RFC 8461,
/// Section 3.1, in nearly the same words, see [`sts::record::select`](crate::sts::record::select).
#[must_use]
#[expect(
    single_use_lifetimes,
    reason = "a lifetime in an `impl Trait` has to have a name"
)]
pub fn select<'a>(texts: impl IntoIterator<Item = &'a TxtRecord>) -> Selection {
    match fields::candidate(texts, KIND, Reading::Letter) {
        Candidate::None => Selection::NoRecord,
        Candidate::Discarded(octets) => Selection::Unusable(why_discarded(&octets).into()),
        Candidate::Several { count } => Selection::Unusable(SelectError::Several { count }),
        Candidate::One(octets) => match parse(&octets) {
            Ok(record) => Selection::Record(record),
            Err(error) => Selection::Unusable(error.into()),
        },
    }
}

/// Returns the records that are discarded beside the one that counts, though somebody meant them to be the
/// record, each with the reason.
pub fn discarded<'a, 't>(
    texts: &'a [&'t TxtRecord],
) -> impl Iterator<Item = (&'t TxtRecord, SelectError)> + 'a {
    fields::discarded(texts, KIND).map(|text| (text, why_discarded(&text.joined()).into()))
}

/// Says why a record does not count among several.
fn why_discarded(octets: &[u8]) -> RecordError {
    let passed = || FieldsError::SpaceBeforeSemicolon { expected: VERSION }.into();
    parse(octets).err().unwrap_or_else(passed)
}

/// Returns whether a single record, good by the grammar, is dropped by senders that always ask for
/// `v=TLSRPTv1;` at its beginning.
#[must_use]
pub fn is_filtered_by_some(text: &TxtRecord) -> bool {
    !fields::begins_exactly(text, KIND)
}

/// Returns whether somebody meant the text to be a TLSRPT record.
#[must_use]
pub fn is_meant(text: &TxtRecord) -> bool {
    KIND.is_meant(&text.joined())
}
