//! A row, checked each time it is read.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::{MAX_BODY_OCTETS, StoreError};
use crate::facts::{DnsName, DnsNameError, UnixTime};
use crate::sts::ledger::SeenPolicy;
use crate::sts::policy::{self, PolicyError};
use crate::sts::reading::Reading;
use crate::sts::record::{RecordId, RecordIdError};

/// The longest text of another column that is looked at; names and ids are shorter.
const MAX_TEXT_OCTETS: usize = 1024;

/// A domain and a policy of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The policy domain.
    pub domain: DnsName,
    /// The policy, and when it was seen.
    pub policy: SeenPolicy,
}

impl Entry {
    /// Reads a row that [`super::table::Table`] selects.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Result<Self, RowError>> {
        Ok(Self::check([
            row.get_ref(0)?,
            row.get_ref(1)?,
            row.get_ref(2)?,
            row.get_ref(3)?,
            row.get_ref(4)?,
            row.get_ref(5)?,
        ]))
    }

    /// Checks what stands in the columns.
    fn check(columns: [ValueRef<'_>; 6]) -> Result<Self, RowError> {
        let [domain, id, body, first_seen, last_seen_live, gone_by] = columns;
        let domain_text = text(domain);
        let fail = |fault| RowError {
            domain: match domain {
                ValueRef::Text(octets) | ValueRef::Blob(octets) => octets
                    .escape_ascii()
                    .take(MAX_TEXT_OCTETS)
                    .map(char::from)
                    .collect(),
                ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Box::default(),
            },
            fault,
        };
        let column = |column| move || fail(RowFault::Column { column });
        let name = domain_text.ok_or_else(column("domain"))?;
        let id = text(id).ok_or_else(column("id"))?;
        let body = match body {
            ValueRef::Blob(octets) if octets.len() <= MAX_BODY_OCTETS => octets,
            ValueRef::Blob(_)
            | ValueRef::Integer(_)
            | ValueRef::Null
            | ValueRef::Real(_)
            | ValueRef::Text(_) => return Err(column("body")()),
        };
        let times = Times {
            first_seen: time(first_seen).ok_or_else(column("first_seen"))?,
            last_seen_live: time(last_seen_live).ok_or_else(column("last_seen_live"))?,
            gone_by: match gone_by {
                ValueRef::Null => None,
                ValueRef::Integer(_)
                | ValueRef::Blob(_)
                | ValueRef::Real(_)
                | ValueRef::Text(_) => Some(time(gone_by).ok_or_else(column("gone_by"))?),
            },
        };
        Self::from_parts(name, id, body, times).map_err(fail)
    }

    /// Makes an entry of what a row or a line says.
    pub(super) fn from_parts(
        domain: &str,
        id: &str,
        body: &[u8],
        times: Times,
    ) -> Result<Self, RowFault> {
        let name: DnsName = domain.parse().map_err(RowFault::Domain)?;
        // Only the normal form is found again.
        if name.as_str() != domain {
            return Err(RowFault::DomainForm {
                normal: name.as_str().into(),
            });
        }
        let id: RecordId = id.parse().map_err(RowFault::Id)?;
        if body.len() > MAX_BODY_OCTETS {
            return Err(RowFault::Column { column: "body" });
        }
        // A body that neither reading takes is a policy at no sender.
        policy::parse(body, Reading::Tolerant).map_err(RowFault::Body)?;
        Ok(Self {
            domain: name,
            policy: SeenPolicy {
                id,
                body: body.into(),
                first_seen: times.first_seen,
                last_seen_live: times.last_seen_live,
                gone_by: times.gone_by,
            },
        })
    }
}

/// When a policy was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Times {
    pub(super) first_seen: UnixTime,
    pub(super) last_seen_live: UnixTime,
    pub(super) gone_by: Option<UnixTime>,
}

pub(super) fn time(value: ValueRef<'_>) -> Option<UnixTime> {
    let secs = match value {
        ValueRef::Integer(secs) => u64::try_from(secs).ok()?,
        ValueRef::Blob(_) | ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) => return None,
    };
    (secs <= UnixTime::MAX.as_secs()).then(|| UnixTime::from_secs(secs))
}

fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(octets) if octets.len() <= MAX_TEXT_OCTETS => str::from_utf8(octets).ok(),
        ValueRef::Blob(_)
        | ValueRef::Integer(_)
        | ValueRef::Null
        | ValueRef::Real(_)
        | ValueRef::Text(_) => None,
    }
}

/// Refuses a body that the store would not give back.
pub(super) const fn check_size(body: &[u8]) -> Result<(), StoreError> {
    if body.len() > MAX_BODY_OCTETS {
        return Err(StoreError::BodyTooLarge { octets: body.len() });
    }
    Ok(())
}

/// A row that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the row of `{domain}` cannot be read: {fault}")]
pub struct RowError {
    /// What stands as its domain, octets beyond ASCII escaped.
    pub domain: Box<str>,
    /// What is wrong.
    pub fault: RowFault,
}

/// What is wrong with a row, or with a line of an export.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RowFault {
    /// The body is no policy, not even to tolerant senders.
    #[error("the body is no policy: {0}")]
    Body(PolicyError),
    /// A value of another type, out of its range, or too long.
    #[error("`{column}` has a value that is out of its range")]
    Column {
        /// Which.
        column: &'static str,
    },
    /// The domain is none.
    #[error("the domain is none: {0}")]
    Domain(DnsNameError),
    /// The domain is not in its normal form.
    #[error("the domain's normal form is `{normal}`")]
    DomainForm {
        /// The normal form.
        normal: Box<str>,
    },
    /// The id is none.
    #[error(transparent)]
    Id(RecordIdError),
    /// A part of how the domain was set up is none.
    #[error("the part cannot be read: {detail}")]
    Part {
        /// What the reader said.
        detail: Box<str>,
    },
}

#[cfg(test)]
mod tests {
    use rusqlite::types::ValueRef;

    use super::{Entry, RowFault};
    use crate::facts::DnsNameError;

    const BODY: &[u8] = b"version: STSv1\nmode: none\nmax_age: 60\n";

    #[test]
    fn every_column_is_checked() {
        let good = [
            ValueRef::Text(b"corp.test"),
            ValueRef::Text(b"1"),
            ValueRef::Blob(BODY),
            ValueRef::Integer(60),
            ValueRef::Integer(70),
            ValueRef::Null,
        ];
        assert!(Entry::check(good).is_ok());
        let column = |column| Err(RowFault::Column { column });
        let huge = vec![b'a'; super::MAX_BODY_OCTETS + 1];
        for (index, value, expected) in [
            (0, ValueRef::Null, column("domain")),
            (0, ValueRef::Blob(b"corp.test"), column("domain")),
            (0, ValueRef::Text(b"\xff"), column("domain")),
            (
                0,
                ValueRef::Text(b""),
                Err(RowFault::Domain(DnsNameError::Empty)),
            ),
            (
                0,
                ValueRef::Text(b"Corp.test."),
                Err(RowFault::DomainForm {
                    normal: "corp.test".into(),
                }),
            ),
            (1, ValueRef::Integer(1), column("id")),
            (2, ValueRef::Text(BODY), column("body")),
            (2, ValueRef::Blob(&huge), column("body")),
            (3, ValueRef::Integer(-1), column("first_seen")),
            (4, ValueRef::Integer(i64::MAX), column("last_seen_live")),
            (4, ValueRef::Real(1.0), column("last_seen_live")),
            (5, ValueRef::Integer(-1), column("gone_by")),
        ] {
            let mut row = good;
            row[index] = value;
            let found = Entry::check(row).map_err(|error| error.fault);
            assert_eq!(found.map(|_| ()), expected, "column {index}: {value:?}");
        }
        for (index, value) in [(1, ValueRef::Text(b"a-b")), (2, ValueRef::Blob(b"x"))] {
            let mut row = good;
            row[index] = value;
            assert!(Entry::check(row).is_err(), "{value:?}");
        }
    }
}
