//! A record that was meant to be of a kind, and does not begin as that kind must.

use std::fmt;

use super::space::{is_wsp, trim_start};

/// A kind of record: how it begins, and the field that it cannot do without.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kind {
    /// The version field, which comes first: `v=STSv1`.
    pub(crate) version: &'static str,
    /// The name of the field: `id`.
    pub(crate) key: &'static str,
}

/// How many slips of the pen a version may hold: `v=spf1` is three from `v=STSv1`.
const MAX_SLIPS: usize = 2;

/// What is wrong with the beginning of a record that somebody meant to be of a kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Slip {
    /// `v=STSv1\; id=1`: a zone file's escape, pasted where none is wanted.
    Backslash,
    /// `v=stsv1; id=1`.
    Case,
    /// `v=STSv1, id=1` or `v=STSv1 id=1`.
    Delimiter,
    /// `STSv1; id=1`.
    NoName,
    /// `id=1`, or the same behind another version.
    NoVersion,
    /// `id=1; v=STSv1`.
    NotFirst,
    /// `"v=STSv1; id=1"`, the marks inside the record.
    Quotes,
    /// `v=STS1; id=1`, `v=STSv2; id=1`, `v: STSv1; id=1`.
    Spelling,
    /// A byte order mark or a space that is not ASCII before the version.
    Unseen,
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backslash => "the `\\` is part of the record",
            Self::Case => "upper and lower case count",
            Self::Delimiter => "a `;` must follow the version",
            Self::NoName => "the `v=` is missing",
            Self::NoVersion => "the version is missing",
            Self::NotFirst => "the version must come first",
            Self::Quotes => "the quotation marks are part of the record",
            Self::Spelling => "that is the only version",
            Self::Unseen => "characters that cannot be seen stand before the version",
        })
    }
}

impl Kind {
    /// Returns what is wrong with the beginning of `octets`; `None` if it is right, or nobody meant it to be
    /// of this kind.
    pub(crate) fn slip(self, octets: &[u8]) -> Option<Slip> {
        let text = String::from_utf8_lossy(octets);
        let bare = text.trim_start_matches(is_unseen);
        if bare.starts_with(is_quote) {
            let unquoted = bare.trim_start_matches(|c| is_quote(c) || is_unseen(c));
            return self.is_meant(unquoted.as_bytes()).then_some(Slip::Quotes);
        }
        if let Some(rest) = bare.strip_prefix(self.version) {
            return slip_after(rest).or_else(|| {
                let is_at_start = trim_start(octets).starts_with(self.version.as_bytes());
                (!is_at_start).then_some(Slip::Unseen)
            });
        }
        let mut words = bare.split(is_delimiter).filter(|word| !word.is_empty());
        let first = words.next()?;
        let (_, name) = self.version.split_once('=')?;
        if first.eq_ignore_ascii_case(self.version) {
            Some(Slip::Case)
        } else if first.eq_ignore_ascii_case(name) {
            Some(Slip::NoName)
        } else if self.is_near(first)
            || (first.len() <= 2 && words.clone().any(|word| self.is_near(word)))
        {
            Some(Slip::Spelling)
        } else if words.any(|word| word.eq_ignore_ascii_case(self.version)) {
            Some(Slip::NotFirst)
        } else {
            bare.split(';')
                .any(|field| has_name(field, self.key))
                .then_some(Slip::NoVersion)
        }
    }

    /// Returns whether somebody meant the octets to be of this kind.
    pub(crate) fn is_meant(self, octets: &[u8]) -> bool {
        trim_start(octets).starts_with(self.version.as_bytes()) || self.slip(octets).is_some()
    }

    fn is_near(self, word: &str) -> bool {
        // What is much longer is far from it, and comparing costs the product of the lengths.
        word.len() <= self.version.len().saturating_add(MAX_SLIPS)
            && strsim::osa_distance(
                &word.to_ascii_lowercase(),
                &self.version.to_ascii_lowercase(),
            ) <= MAX_SLIPS
            || word
                .get(..self.version.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(self.version))
    }
}

/// Judges what follows the version, spelt as it must be.
fn slip_after(rest: &str) -> Option<Slip> {
    let gap = rest.trim_start_matches([' ', '\t']);
    match gap.chars().next()? {
        ';' => None,
        '\\' => Some(Slip::Backslash),
        next if gap.len() == rest.len() && (next.is_ascii_alphanumeric() || next == '.') => {
            Some(Slip::Spelling)
        }
        _ => Some(Slip::Delimiter),
    }
}

fn has_name(field: &str, name: &str) -> bool {
    field
        .split_once('=')
        .is_some_and(|(found, _)| found.trim().eq_ignore_ascii_case(name))
}

fn is_delimiter(character: char) -> bool {
    matches!(character, ';' | ',' | '\\') || character.is_whitespace()
}

fn is_quote(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«'
    )
}

/// Whether an editor or a panel shows nothing for it; the grammar's WSP is another fault.
fn is_unseen(character: char) -> bool {
    let is_other_space =
        character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}'..='\u{200f}');
    is_other_space || u8::try_from(character).is_ok_and(is_wsp)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Slip};

    const STS: Kind = Kind {
        version: "v=STSv1",
        key: "id",
    };

    const TLSRPT: Kind = Kind {
        version: "v=TLSRPTv1",
        key: "rua",
    };

    #[test]
    fn a_record_that_was_meant_to_be_one_is_known_by_its_slip() {
        for (kind, text, expected) in [
            (STS, "v=stsv1; id=1;", Some(Slip::Case)),
            (STS, "V=STSv1; id=1;", Some(Slip::Case)),
            (STS, "STSv1; id=1", Some(Slip::NoName)),
            (STS, "stsv1", Some(Slip::NoName)),
            (STS, "v=STS1; id=1", Some(Slip::Spelling)),
            (STS, "v=SSTv1; id=1", Some(Slip::Spelling)),
            (STS, "v=STSvl; id=1", Some(Slip::Spelling)),
            (STS, "v=STSv2; id=1", Some(Slip::Spelling)),
            (STS, "v=STSv10; id=1", Some(Slip::Spelling)),
            (STS, "v=STSv1.0; id=1", Some(Slip::Spelling)),
            (STS, "v:STSv1; id=1", Some(Slip::Spelling)),
            (STS, "id=1; v=STSv1", Some(Slip::NotFirst)),
            (STS, "id=1", Some(Slip::NoVersion)),
            (STS, "mode=enforce; ID=1", Some(Slip::NoVersion)),
            (STS, "v=STSv1, id=1", Some(Slip::Delimiter)),
            (STS, "v=STSv1 id=1", Some(Slip::Delimiter)),
            (STS, "v=STSv1\\; id=1", Some(Slip::Backslash)),
            (STS, "\"v=STSv1; id=1\"", Some(Slip::Quotes)),
            (STS, "“v=STSv1; id=1”", Some(Slip::Quotes)),
            (STS, "'v=stsv1; id=1'", Some(Slip::Quotes)),
            (STS, "\u{feff}v=STSv1; id=1", Some(Slip::Unseen)),
            (STS, "\u{a0}v=STSv1; id=1", Some(Slip::Unseen)),
            // Right, or wrong in another way.
            (STS, "v=STSv1; id=1", None),
            (STS, "v=STSv1 ; id=1", None),
            (STS, " v=STSv1; id=1", None),
            (STS, "v=STSv1", None),
            // Of another kind.
            (STS, "v=spf1 include:_spf.corp.test -all", None),
            (STS, "v=DMARC1; p=none; rua=mailto:a@b", None),
            (STS, "v=DKIM1; k=rsa; p=abc", None),
            (STS, "v=TLSRPTv1; rua=mailto:a@b", None),
            (STS, "google-site-verification=abc", None),
            (STS, "v=STSWEB; x", None),
            (STS, "", None),
            (STS, "v", None),
            (TLSRPT, "v=tlsrptv1; rua=mailto:a@b", Some(Slip::Case)),
            (TLSRPT, "v=TLSRPT1; rua=mailto:a@b", Some(Slip::Spelling)),
            (
                TLSRPT,
                "v=DMARC1; p=none; rua=mailto:a@b",
                Some(Slip::NoVersion),
            ),
            (TLSRPT, "rua=mailto:a@b; v=TLSRPTv1", Some(Slip::NotFirst)),
            (TLSRPT, "v=STSv1; id=1", None),
            (TLSRPT, "v=spf1 -all", None),
        ] {
            assert_eq!(kind.slip(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn octets_that_are_not_utf8_do_no_harm() {
        assert_eq!(STS.slip(b"\xff\xfe"), None);
        assert_eq!(STS.slip(b"\"\xff"), None);
        let long = "v=".repeat(30_000);
        assert_eq!(STS.slip(long.as_bytes()), None);
        // Quotation marks within quotation marks end somewhere.
        assert_eq!(STS.slip("\"".repeat(10_000).as_bytes()), None);
    }
}
