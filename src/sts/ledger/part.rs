//! How a domain is set up: its record, its edges, its MX hosts; and when each of them changed.

use std::fmt;
use std::mem;
use std::net::IpAddr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::facts::UnixTime;
use crate::sts::record::RecordId;

/// How many changes of each part are remembered of one domain.
pub const MAX_CHANGES: usize = 64;

/// A part as it was from one look on, until the next change of the same part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The look that saw it first.
    pub seen_at: UnixTime,
    /// What it saw.
    pub part: Part,
}

/// One part of how a domain is set up.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The addresses of the policy host, in order, but for those that cannot be tried from here, as without
    /// IPv6.
    Edges(Vec<EdgeSeen>),
    /// The MX records.
    Mx(MxSeen),
    /// The TXT record.
    Record(RecordSeen),
}

impl Part {
    /// Returns whether both are of the same kind.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        mem::discriminant(self) == mem::discriminant(other)
    }
}

/// What an address of the policy host served.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeSeen {
    /// The address.
    pub address: IpAddr,
    /// The SHA-256 of the policy, in hexadecimal; null if it served none.
    pub body_sha256: Option<String>,
    /// The HTTP status; null if there was no response.
    pub status: Option<u16>,
}

/// What the MX records were.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    tag = "state"
)]
pub enum MxSeen {
    /// There were these, in the order of preference and name.
    Hosts {
        /// At least one.
        hosts: Vec<MxHostSeen>,
    },
    /// There was none: the domain is its own MX host (RFC 5321, Section 5.1).
    Implicit,
    /// The domain did not exist.
    NoDomain,
    /// The domain takes no mail (RFC 7505).
    Null,
}

/// An MX record.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MxHostSeen {
    /// The preference.
    pub preference: u16,
    /// Where it points, as the DNS presents it.
    pub host: String,
}

/// What the TXT record at `_mta-sts` was.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "state")]
pub enum RecordSeen {
    /// There was none.
    Missing,
    /// One was meant, and no sender could use it.
    Unusable,
    /// A sender could use it.
    Usable {
        /// Its id.
        #[serde(serialize_with = "write_text", deserialize_with = "read_text")]
        #[schemars(with = "String")]
        id: RecordId,
    },
}

/// Adds what a look saw to the changes, where it is another thing than the look before saw. Of each part the
/// oldest go beyond [`MAX_CHANGES`].
pub(super) fn note(changes: &mut Vec<Change>, now: UnixTime, parts: &[Part]) {
    for part in parts {
        let last = changes.iter().rfind(|change| change.part.is_of(part));
        if last.is_none_or(|last| last.part != *part) {
            // A look that was made by a clock behind the one before cannot have come before it.
            let seen_at = last.map_or(now, |last| last.seen_at.max(now));
            changes.push(Change {
                seen_at,
                part: part.clone(),
            });
        }
    }
    bound(changes);
}

/// Forgets what is too much of a part, the oldest first.
pub(super) fn bound(changes: &mut Vec<Change>) {
    let mut kept: Vec<Change> = Vec::new();
    for change in changes.drain(..).rev() {
        let count = kept
            .iter()
            .filter(|later| later.part.is_of(&change.part))
            .count();
        if count < MAX_CHANGES {
            kept.push(change);
        }
    }
    kept.reverse();
    *changes = kept;
}

fn write_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn read_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}
