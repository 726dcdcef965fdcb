//! The two ways in which senders read records and policies.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// How strictly a record, a policy or a media type is read.
///
/// What the letter accepts of one record, policy or media type the tolerant reading accepts too, with the same
/// meaning. (Of several records it may count more as MTA-STS records, and then none of them is used.) Beyond the
/// grammar it takes a closed list, things that most senders let pass:
///
/// - in a policy: blank lines, white space at either end of a line or before ":", a byte order mark, any
///   number and kind of line ends (CR, LF, CR LF), a trailing dot in `mx`, a `max_age` above the maximum
///   (taken as the maximum);
/// - in a TXT record: `;;` and white space at either end;
/// - a media type other than text/plain, or none.
///
/// White space is SP and HTAB, the grammar's WSP.
#[derive(Clone, Copy, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// As the RFC's grammar has it, including what it forbids.
    Letter,
    /// As tolerant senders do.
    Tolerant,
}

impl Reading {
    /// Both readings, the stricter first.
    pub const BOTH: [Self; 2] = [Self::Letter, Self::Tolerant];
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Letter => "letter",
            Self::Tolerant => "tolerant",
        })
    }
}

/// One value for each reading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ByReading<T> {
    /// To the letter.
    pub letter: T,
    /// As tolerant senders do.
    pub tolerant: T,
}

impl<T> ByReading<T> {
    /// Reads in both ways, to the letter first.
    pub fn of(mut read: impl FnMut(Reading) -> T) -> Self {
        Self {
            letter: read(Reading::Letter),
            tolerant: read(Reading::Tolerant),
        }
    }

    /// Returns the value of one reading.
    pub const fn get(&self, reading: Reading) -> &T {
        match reading {
            Reading::Letter => &self.letter,
            Reading::Tolerant => &self.tolerant,
        }
    }
}

impl<T: PartialEq> ByReading<T> {
    /// Returns whether both readings see the same.
    pub fn agree(&self) -> bool {
        self.letter == self.tolerant
    }
}

#[cfg(test)]
mod tests {
    use super::{ByReading, Reading};

    #[test]
    fn readings_have_the_names_that_reports_use() {
        assert_eq!(
            Reading::BOTH.map(|reading| reading.to_string()),
            ["letter", "tolerant"]
        );
    }

    #[test]
    fn readings_agree_that_see_the_same() {
        assert!(ByReading::of(|_| 1).agree());
        assert!(!ByReading::of(|reading| reading).agree());
    }
}
