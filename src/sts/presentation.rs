//! What `dig` prints for a TXT record, and a person pastes, turned into a record.
//!
//! The presentation format is that of [RFC 1035, Section 5.1]: strings in quotes, `\"` and `\\` for these two
//! characters, `\DDD` for any octet.
//!
//! [RFC 1035, Section 5.1]: https://www.rfc-editor.org/rfc/rfc1035#section-5.1

use std::fmt;

use super::fields::trim;
use crate::facts::dns::TxtRecord;

/// The longest string of a TXT record, in octets (RFC 1035, Section 3.3).
const MAX_STRING_OCTETS: usize = 255;

/// The longest data of a record, in octets: its length is a 16-bit number (RFC 1035, Section 3.2.1).
const MAX_RECORD_OCTETS: usize = 65_535;

/// Reads one TXT record: quoted strings with white space between them, or the bare text of the record.
///
/// Q: Which of the two is it? A: Quoted, if the first character after white space is a quotation mark: a
/// record that matters here cannot begin with one. White space around bare text belongs to the record.
///
/// # Errors
///
/// When a quoted string is broken or too long, or something stands between two of them.
pub fn parse(text: &str) -> Result<TxtRecord, PresentationError> {
    let octets = text.as_bytes();
    let record = if trim(octets).starts_with(b"\"") {
        TxtRecord {
            strings: parse_quoted(octets)?,
        }
    } else {
        TxtRecord::from_text(octets)
    };
    // Each string has an octet of length before it.
    let record_octets = record.strings.iter().fold(0_usize, |sum, string| {
        sum.saturating_add(string.len()).saturating_add(1)
    });
    if record_octets > MAX_RECORD_OCTETS {
        return Err(PresentationError::RecordTooLong {
            octets: record_octets,
        });
    }
    Ok(record)
}

fn parse_quoted(octets: &[u8]) -> Result<Vec<Box<[u8]>>, PresentationError> {
    let mut strings = Vec::new();
    let mut octets = octets.iter().copied();
    while let Some(octet) = octets.next() {
        match octet {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'"' => strings.push(parse_string(&mut octets)?),
            _ => {
                return Err(PresentationError::OutsideQuotes {
                    octet: octet.escape_ascii().to_string().into(),
                });
            }
        }
    }
    Ok(strings)
}

/// Reads up to the closing quotation mark.
fn parse_string(octets: &mut impl Iterator<Item = u8>) -> Result<Box<[u8]>, PresentationError> {
    let mut string = Vec::new();
    loop {
        match octets.next() {
            None => return Err(PresentationError::NotClosed),
            Some(b'"') => break,
            Some(b'\\') => string.push(parse_escape(octets)?),
            Some(octet) => string.push(octet),
        }
    }
    if string.len() > MAX_STRING_OCTETS {
        return Err(PresentationError::StringTooLong {
            octets: string.len(),
        });
    }
    Ok(string.into())
}

fn parse_escape(octets: &mut impl Iterator<Item = u8>) -> Result<u8, PresentationError> {
    let Some(first) = octets.next() else {
        return Err(PresentationError::NotClosed);
    };
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut value = 0_u16;
    for octet in [Some(first), octets.next(), octets.next()] {
        let digit = match octet {
            None => return Err(PresentationError::NotClosed),
            Some(octet @ b'0'..=b'9') => u16::from(octet.saturating_sub(b'0')),
            Some(_) => return Err(PresentationError::Escape),
        };
        value = value.saturating_mul(10).saturating_add(digit);
    }
    u8::try_from(value).map_err(|_above_255| PresentationError::Escape)
}

/// Shows a record as `dig` does.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a TxtRecord);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, string) in self.0.strings.iter().enumerate() {
            f.write_str(if index == 0 { "\"" } else { " \"" })?;
            for octet in string {
                match octet {
                    b'"' | b'\\' => write!(f, "\\{}", char::from(*octet))?,
                    b' '..=b'~' => write!(f, "{}", char::from(*octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

/// Why a text is no TXT record in presentation format.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PresentationError {
    /// A `\` with digits that are no octet.
    #[error("a `\\` stands before digits that are not three, from 000 to 255")]
    Escape,
    /// A string without its closing quotation mark.
    #[error("a quoted string is not closed")]
    NotClosed,
    /// Something between two quoted strings.
    #[error("`{octet}` stands outside the quotation marks")]
    OutsideQuotes {
        /// The first such octet.
        octet: Box<str>,
    },
    /// More than 65,535 octets in all.
    #[error("the record has {octets} octets, 65535 is the limit")]
    RecordTooLong {
        /// How many.
        octets: usize,
    },
    /// More than 255 octets in one string.
    #[error("a string has {octets} octets, 255 is the limit")]
    StringTooLong {
        /// How many.
        octets: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::{PresentationError, Quoted, parse};
    use crate::facts::dns::TxtRecord;

    fn record(strings: &[&[u8]]) -> TxtRecord {
        TxtRecord {
            strings: strings.iter().map(|string| (*string).into()).collect(),
        }
    }

    #[test]
    fn quoted_strings_become_strings_and_bare_text_stays() {
        let long = "a".repeat(300);
        for (text, expected) in [
            ("v=STSv1; id=1;", record(&[b"v=STSv1; id=1;"])),
            (" v=STSv1; id=1 ", record(&[b" v=STSv1; id=1 "])),
            ("", record(&[b""])),
            ("\"v=STSv1; id=1;\"", record(&[b"v=STSv1; id=1;"])),
            (
                "\"v=STSv1; id=1;\" \"more\"\t\"\"\n",
                record(&[b"v=STSv1; id=1;", b"more", b""]),
            ),
            ("  \"a\"\"b\"", record(&[b"a", b"b"])),
            (
                r#""a\"b\\c\;d\000\255\032""#,
                record(&[b"a\"b\\c;d\0\xff "]),
            ),
            ("\"é\"", record(&["é".as_bytes()])),
            (
                &long,
                record(&[&long.as_bytes()[..255], &long.as_bytes()[255..]]),
            ),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_dig_would_not_print_is_refused() {
        use PresentationError as E;
        let outside = |octet: &str| E::OutsideQuotes {
            octet: octet.into(),
        };
        let long = format!("\"{}\"", "a".repeat(256));
        let endless = "a".repeat(65_280);
        for (text, expected) in [
            ("\"", E::NotClosed),
            ("\"a", E::NotClosed),
            ("\"a\\\"", E::NotClosed),
            ("\"a\\", E::NotClosed),
            ("\"a\\12", E::NotClosed),
            ("\"a\" b", outside("b")),
            ("\"a\";", outside(";")),
            ("\"a\" é", outside("\\xc3")),
            (r#""\256""#, E::Escape),
            (r#""\999""#, E::Escape),
            (r#""\1""#, E::Escape),
            (r#""\12x""#, E::Escape),
            (&long, E::StringTooLong { octets: 256 }),
            (&endless, E::RecordTooLong { octets: 65_536 }),
        ] {
            assert_eq!(parse(text), Err(expected), "{text:.40?}");
        }
    }

    #[test]
    fn the_longest_string_and_the_longest_record_are_read() {
        let string = "a".repeat(255);
        assert_eq!(
            parse(&format!("\"{string}\"")),
            Ok(record(&[string.as_bytes()]))
        );
        // 256 strings, each with an octet of length: 65,535 octets in all.
        let longest = "a".repeat(65_279);
        assert_eq!(parse(&longest).map(|record| record.strings.len()), Ok(256));
    }

    #[test]
    fn a_record_is_shown_as_dig_shows_it() {
        let record = record(&[b"v=STSv1; id=1;", b"\"\\\x00\x7f\xff"]);
        let shown = Quoted(&record).to_string();
        assert_eq!(shown, r#""v=STSv1; id=1;" "\"\\\000\127\255""#);
        assert_eq!(parse(&shown), Ok(record));
    }
}
