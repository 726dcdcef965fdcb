//! §3: the TXT record at `_smtp._tls.<policy domain>`, which says where reports go.
//!
//! Grammar and selection: [RFC 8460, Section 3].
//!
//! [RFC 8460, Section 3]: https://www.rfc-editor.org/rfc/rfc8460#section-3

use std::fmt;
use std::str::FromStr;

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
        Candidate::Discarded(octets) => {
            let error = parse(&octets).err();
            let passed = || FieldsError::SpaceBeforeSemicolon { expected: VERSION }.into();
            Selection::Unusable(error.unwrap_or_else(passed).into())
        }
        Candidate::Several { count } => Selection::Unusable(SelectError::Several { count }),
        Candidate::One(octets) => match parse(&octets) {
            Ok(record) => Selection::Record(record),
            Err(error) => Selection::Unusable(error.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{RecordError, SelectError, Selection, parse, select};
    use crate::facts::dns::TxtRecord;
    use crate::sts::fields::{FieldsError, Slip};

    #[test]
    fn records_of_the_grammar_are_read() {
        for (text, uris, extensions) in [
            (
                "v=TLSRPTv1;rua=mailto:reports@example.com",
                &["mailto:reports@example.com"][..],
                0,
            ),
            (
                "v=TLSRPTv1; rua=mailto:a@example.com \t, https://example.com/v1?a=b&c=%2c;",
                &["mailto:a@example.com", "https://example.com/v1?a=b&c=%2c"],
                0,
            ),
            ("v=TLSRPTv1 ; x=y; rua=MAILTO:a@b; z=1", &["MAILTO:a@b"], 2),
            ("v=TLSRPTv1; rua=mailto:a@b; rua=no URI", &["mailto:a@b"], 0),
            (
                "v=TLSRPTv1; rua=mailto:a@b; rua=mailto:c@d; v=x",
                &["mailto:a@b"],
                0,
            ),
            (
                "v=TLSRPTv1; rua=https://[2001:db8::1]/r#x",
                &["https://[2001:db8::1]/r#x"],
                0,
            ),
        ] {
            let record = parse(text.as_bytes()).unwrap();
            let read: Vec<&str> = record.uris().iter().map(|uri| uri.as_str()).collect();
            assert_eq!(read, uris, "{text:?}");
            assert_eq!(record.extensions().len(), extensions, "{text:?}");
            let shown = record.to_string();
            assert_eq!(parse(shown.as_bytes()), Ok(record), "{shown:?}");
        }
        let record = parse(b"v=TLSRPTv1; rua=mailto:a@b,https://c/").unwrap();
        let schemes: Vec<&str> = record.uris().iter().map(|uri| uri.scheme()).collect();
        assert_eq!(schemes, ["mailto", "https"]);
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        let uri = |uri: &str| RecordError::Uri { uri: uri.into() };
        let version = |found: &str, slip| {
            RecordError::Fields(FieldsError::Version {
                found: found.into(),
                expected: "v=TLSRPTv1",
                slip: Some(slip),
            })
        };
        for (text, expected) in [
            ("v=TLSRPTv1", RecordError::NoRua),
            ("v=TLSRPTv1;", RecordError::NoRua),
            ("v=TLSRPTv1; x=y", RecordError::NoRua),
            ("v=TLSRPTv1; RUA=mailto:a@b", RecordError::NoRua),
            (
                "v=TLSRPTv10; rua=mailto:a@b",
                version("v=TLSRPTv10; rua=mailto:a@b", Slip::Spelling),
            ),
            (
                "v=tlsrptv1; rua=mailto:a@b",
                version("v=tlsrptv1; rua=mailto:a@b", Slip::Case),
            ),
            ("v=TLSRPTv1; rua=", uri("")),
            ("v=TLSRPTv1; rua=a@b.test", uri("a@b.test")),
            ("v=TLSRPTv1; rua=mailto:", uri("mailto:")),
            ("v=TLSRPTv1; rua=:a", uri(":a")),
            ("v=TLSRPTv1; rua=1a:b", uri("1a:b")),
            ("v=TLSRPTv1; rua=mailto:a@b,", uri("")),
            ("v=TLSRPTv1; rua=mailto:a@b!10m", uri("mailto:a@b!10m")),
            ("v=TLSRPTv1; rua=mailto:a b", uri("mailto:a b")),
            ("v=TLSRPTv1; rua=mailto:a%2", uri("mailto:a%2")),
            ("v=TLSRPTv1; rua=mailto:a%zz", uri("mailto:a%zz")),
            ("v=TLSRPTv1; rua=mailto:<a@b>", uri("mailto:<a@b>")),
            ("v=TLSRPTv1; rua=mailto:é", uri("mailto:é")),
            (
                "v=TLSRPTv1; rua=mailto:a@b;;",
                FieldsError::EmptyField.into(),
            ),
            (
                "v=TLSRPTv1; rua=mailto:a@b ",
                FieldsError::TrailingSpace.into(),
            ),
            (
                " v=TLSRPTv1; rua=mailto:a@b",
                FieldsError::LeadingSpace.into(),
            ),
            (
                "v=TLSRPTv1; rua",
                FieldsError::NoEquals {
                    field: "rua".into(),
                }
                .into(),
            ),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn addresses_are_bounded() {
        let uris = vec!["mailto:a@b"; 100].join(",");
        let record = parse(format!("v=TLSRPTv1; rua={uris}").as_bytes()).unwrap();
        assert_eq!(record.uris().len(), 32);
    }

    #[test]
    fn extensions_are_bounded() {
        for (count, kept) in [(32, 32), (33, 32)] {
            let extensions: String = (0..count).map(|number| format!(";x{number}=y")).collect();
            let record =
                parse(format!("v=TLSRPTv1; rua=mailto:a@b{extensions}").as_bytes()).unwrap();
            assert_eq!(record.extensions().len(), kept, "{count}");
        }
    }

    #[test]
    fn exactly_one_valid_record_counts() {
        let good = "v=TLSRPTv1; rua=mailto:a@b";
        let texts = |texts: &[&str]| -> Vec<TxtRecord> {
            texts
                .iter()
                .map(|text| TxtRecord::from_text(text.as_bytes()))
                .collect()
        };
        let one = Selection::Record(parse(good.as_bytes()).unwrap());
        assert_eq!(select(&texts(&[])), Selection::NoRecord);
        assert_eq!(select(&texts(&["x", "y"])), Selection::NoRecord);
        assert_eq!(select(&texts(&[good])), one);
        assert_eq!(select(&texts(&["x", good, "v=TLSRPTv10; y"])), one);
        assert_eq!(
            select(&texts(&[good, "x", good, "v=TLSRPTv1;"])),
            Selection::Unusable(SelectError::Several { count: 3 })
        );
        assert_eq!(
            select(&texts(&["v=TLSRPTv1;", "x"])),
            Selection::Unusable(SelectError::Invalid(RecordError::NoRua))
        );
    }
}
