//! What a file says of itself in its first octets, read before SQLite sees it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The version of the tables that this program reads and writes, kept in `user_version`.
pub const SCHEMA_VERSION: i64 = 4;

/// The version before there was a ledger: whatever the purpose, one policy a domain.
pub(super) const WITHOUT_LEDGER: i64 = 1;

/// The version whose ledger tells of policies alone.
pub(super) const WITHOUT_CHANGES: i64 = 2;

/// The version whose rows of `serve` do not tell when they were used, nor what they are worth.
pub(super) const WITHOUT_USES: i64 = 3;

/// "STKL", kept in `application_id`: tells our file from another program's.
pub(super) const APPLICATION_ID: i64 = 0x5354_4b4c;

/// How an SQLite file begins: <https://www.sqlite.org/fileformat2.html>, Section 1.3.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// How long the header is in which all of this stands.
const HEADER_OCTETS: u64 = 100;

/// Where `user_version` stands, big-endian.
const USER_VERSION_AT: usize = 60;

/// Where `application_id` stands, big-endian.
const APPLICATION_ID_AT: usize = 68;

/// Whose a file seems to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Header {
    /// There is no file, or none of its octets.
    Empty,
    /// An SQLite file with another program's mark, or none: ours carries it from the first moment on, and never
    /// in a log alone.
    Foreign,
    /// It carries our mark, and this schema.
    Ours(i64),
    /// It is no SQLite file, or too little of one to say whose.
    Stranger,
}

impl Header {
    /// Reads the header of the file at `path`, which is to be a regular file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotADirectory | io::ErrorKind::NotFound => Ok(Self::Empty),
                    _ => Err(error),
                };
            }
        };
        let mut octets = Vec::new();
        file.take(HEADER_OCTETS).read_to_end(&mut octets)?;
        Ok(Self::from_octets(&octets))
    }

    fn from_octets(octets: &[u8]) -> Self {
        if octets.is_empty() {
            return Self::Empty;
        }
        let number_at = |at| {
            let octets = octets.get(at..)?.first_chunk()?;
            Some(i64::from(i32::from_be_bytes(*octets)))
        };
        match (number_at(APPLICATION_ID_AT), number_at(USER_VERSION_AT)) {
            (Some(APPLICATION_ID), Some(version)) if octets.starts_with(MAGIC) => {
                Self::Ours(version)
            }
            (Some(_), Some(_)) if octets.starts_with(MAGIC) => Self::Foreign,
            (_, _) => Self::Stranger,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, MAGIC};

    #[test]
    fn only_a_whole_header_with_our_mark_is_ours() {
        let version = |version: i32, mark: &[u8]| {
            let version = version.to_be_bytes();
            [MAGIC, &[0; 44], &version, &[0; 4], mark, &[0; 28]].concat()
        };
        let header = |mark: &[u8]| version(1, mark);
        for (octets, expected) in [
            (Vec::new(), Header::Empty),
            (b"\n".to_vec(), Header::Stranger),
            (b"corp.test\nother.test\n".repeat(9), Header::Stranger),
            (MAGIC.to_vec(), Header::Stranger),
            (header(b"STKL"), Header::Ours(1)),
            (header(b"STKL")[..72].to_vec(), Header::Ours(1)),
            (version(-1, b"STKL"), Header::Ours(-1)),
            (header(b"STKL")[..71].to_vec(), Header::Stranger),
            (header(b"\0\0\0\0"), Header::Foreign),
            (header(b"LKTS"), Header::Foreign),
            (header(b"STKL").split_off(1), Header::Stranger),
        ] {
            assert_eq!(
                Header::from_octets(&octets),
                expected,
                "{}",
                octets.escape_ascii()
            );
        }
    }
}
