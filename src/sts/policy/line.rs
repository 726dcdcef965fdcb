//! A body in lines, and a line in name and value, to the letter and tolerantly.

use super::PolicyErrorKind;
use crate::sts::excerpt::excerpt;
use crate::sts::fields::{self, is_wsp, trim, trim_end, trim_start};
use crate::sts::reading::Reading;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a body.
pub(super) struct Lines<'a> {
    /// Each with its number, from 1, without its end. The tolerant reading leaves out blank ones.
    pub(super) lines: Vec<(usize, &'a [u8])>,
    /// The number of the last line of the body, blank ones counted.
    pub(super) last: usize,
}

/// Splits a body into lines.
pub(super) fn lines(body: &[u8], reading: Reading) -> Lines<'_> {
    match reading {
        Reading::Letter => lines_to_the_letter(body),
        Reading::Tolerant => lines_tolerantly(body),
    }
}

fn lines_to_the_letter(body: &[u8]) -> Lines<'_> {
    let lines: Vec<(usize, &[u8])> = (1..)
        .zip(body.split_inclusive(|octet| *octet == b'\n'))
        .map(|(line, octets)| {
            // sts-policy-term = LF / CRLF; the last line may do without.
            let octets = match octets.strip_suffix(b"\n") {
                Some(octets) => octets.strip_suffix(b"\r").unwrap_or(octets),
                None => octets,
            };
            (line, octets)
        })
        .collect();
    Lines {
        last: lines.len().max(1),
        lines,
    }
}

fn lines_tolerantly(body: &[u8]) -> Lines<'_> {
    let mut lines = Vec::new();
    let mut line = 1_usize;
    let mut rest = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    while !rest.is_empty() {
        let (octets, after) = split_line(rest);
        let octets = trim(octets);
        if !octets.is_empty() {
            lines.push((line, octets));
        }
        rest = after;
        if !rest.is_empty() {
            line = line.saturating_add(1);
        }
    }
    Lines { lines, last: line }
}

/// Splits at the first line end of any kind: LF, CR LF, CR.
fn split_line(octets: &[u8]) -> (&[u8], &[u8]) {
    let Some(position) = octets
        .iter()
        .position(|octet| matches!(octet, b'\n' | b'\r'))
    else {
        return (octets, &[]);
    };
    match octets.split_at_checked(position) {
        Some((line, [b'\r', b'\n', rest @ ..] | [_, rest @ ..])) => (line, rest),
        Some((line, [])) => (line, &[]),
        None => (octets, &[]),
    }
}

/// Splits a line into the name and the value of a field.
///
/// # Errors
///
/// When it is no field in this reading.
pub(super) fn split_field(
    line: usize,
    octets: &[u8],
    reading: Reading,
) -> Result<(&[u8], &[u8]), PolicyErrorKind> {
    match reading {
        Reading::Letter => split_field_to_the_letter(line, octets),
        Reading::Tolerant => {
            check_controls(octets)?;
            let (name, value) = split_at_colon(octets)?;
            Ok((trim_end(name), value))
        }
    }
}

fn split_field_to_the_letter(
    line: usize,
    octets: &[u8],
) -> Result<(&[u8], &[u8]), PolicyErrorKind> {
    if line == 1 && octets.starts_with(BYTE_ORDER_MARK) {
        return Err(PolicyErrorKind::ByteOrderMark);
    }
    let trimmed = trim_end(octets);
    match trimmed.first() {
        None => return Err(PolicyErrorKind::BlankLine),
        Some(first) if is_wsp(*first) => return Err(PolicyErrorKind::LeadingSpace),
        Some(_) => {}
    }
    check_controls(trimmed)?;
    let (name, value) = split_at_colon(trimmed)?;
    if name.last().is_some_and(|last| is_wsp(*last)) {
        return Err(PolicyErrorKind::SpaceBeforeColon {
            name: excerpt(trim_end(name)),
        });
    }
    Ok((name, value))
}

fn check_controls(octets: &[u8]) -> Result<(), PolicyErrorKind> {
    let is_control = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
    match octets.iter().copied().find(is_control) {
        None => Ok(()),
        Some(b'\r') => Err(PolicyErrorKind::BareCr),
        Some(octet) => Err(PolicyErrorKind::Control {
            octet,
            text: excerpt(octets),
        }),
    }
}

/// Splits at the first ":" and takes the white space after it away: `":" *WSP`.
fn split_at_colon(octets: &[u8]) -> Result<(&[u8], &[u8]), PolicyErrorKind> {
    match fields::split_once(octets, b':') {
        Some((name, value)) => Ok((name, trim_start(value))),
        None => Err(PolicyErrorKind::NoColon {
            text: excerpt(octets),
        }),
    }
}
