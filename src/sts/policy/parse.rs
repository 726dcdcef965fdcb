//! Reading a body, to the letter and tolerantly.

use super::draft::Draft;
use super::line::{lines, split_field};
use super::{Policy, PolicyError, PolicyErrorKind};
use crate::sts::reading::Reading;

/// Reads a policy.
///
/// Q: Is `mode: enforced` an extension that happens to be named `mode`, as the grammar would let it be?
/// A: No: a field with a known name is that field, or the policy is invalid.
///
/// Q: What of a second `mode` whose value is not valid? A: "all entries except for the first SHALL be
/// ignored", so its value means nothing; but it must be a field of the grammar (a name, ":", a value), for the
/// body as a whole must be. The first one counts even where it is the invalid one.
///
/// Q: Ten digits fit the grammar of `max_age`, the prose has a maximum (erratum 7282). A: Above the maximum
/// the policy is invalid to the letter.
///
/// ```
/// use stickler::sts::policy::{Mode, parse};
/// use stickler::sts::reading::Reading;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let body = b"version: STSv1\r\nmode: enforce\r\nmx: *.mail.example\r\nmax_age: 604800\r\n";
/// let policy = parse(body, Reading::Letter)?;
/// assert_eq!(policy.mode(), Mode::Enforce);
/// assert!(policy.matching(&"mx1.mail.example".parse()?).is_some());
///
/// // Tolerant senders pass over a blank line, the grammar does not.
/// let body = b"version: STSv1\n\nmode: none\nmax_age: 86400\n";
/// assert!(parse(body, Reading::Tolerant).is_ok());
/// let error = parse(body, Reading::Letter).unwrap_err();
/// assert_eq!(error.to_string(), "line 2: the line is blank");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When the body is no policy in this reading: the first fault. [`collect`](super::collect()) has all of them.
pub fn parse(body: &[u8], reading: Reading) -> Result<Policy, PolicyError> {
    let mut draft = Draft::default();
    let lines = lines(body, reading);
    if lines.lines.is_empty() {
        return Err(PolicyError {
            line: lines.last,
            kind: PolicyErrorKind::Empty,
        });
    }
    for &(line, octets) in &lines.lines {
        split_field(line, octets, reading)
            .and_then(|(name, value)| draft.read_field(line, name, value, reading))
            .map_err(|kind| PolicyError { line, kind })?;
    }
    draft.finish(lines.last)
}
