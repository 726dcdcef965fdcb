//! An entry as one line of JSON, for `export` and `import`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::entry::Times;
use super::{Entry, MAX_BODY_OCTETS, RowFault};
use crate::facts::UnixTime;

/// The longest line that is read: the largest body, each octet as an escape of six.
pub const MAX_LINE_OCTETS: usize = MAX_BODY_OCTETS * 6 + 4096;

/// Names the shape of a line; another version has another number.
pub const SCHEMA: &str = "stickler/cache-export/1";

/// Names the lines of before there was a ledger, which tell of one fetch; they are read, and no longer written.
const STORED_SCHEMA: &str = "stickler/stored-policy/1";

/// One line of an export: a policy that was seen of a domain.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExportLine<'a> {
    #[schemars(extend("const" = SCHEMA))]
    schema: Cow<'a, str>,
    /// The policy domain.
    domain: Cow<'a, str>,
    /// The id of the TXT record beside the policy.
    id: Cow<'a, str>,
    /// The first check that saw it.
    first_seen: UnixTime,
    /// The last check that saw it; of a store of `serve`, the fetch.
    last_seen_live: UnixTime,
    /// The first check after that one that no longer saw it; null while it is live.
    gone_by: Option<UnixTime>,
    /// The body as it came; left out where that is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    /// In place of `body` where that is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<Cow<'a, str>>,
}

/// A line of before there was a ledger.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLine<'a> {
    #[serde(rename = "schema")]
    _schema: IgnoredAny,
    domain: Cow<'a, str>,
    id: Cow<'a, str>,
    fetched_at: UnixTime,
    #[serde(default)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    body_base64: Option<Cow<'a, str>>,
}

/// What a line says of its own shape.
#[derive(Deserialize)]
struct Head<'a> {
    schema: Cow<'a, str>,
}

impl Entry {
    /// Reads a line of an export, without its end.
    ///
    /// # Errors
    ///
    /// When it is not exactly what [`Entry::to_line`] writes, or wrote before there was a ledger, white space and
    /// the order of keys apart.
    pub fn from_line(line: &[u8]) -> Result<Self, LineError> {
        let head: Head<'_> = read(line)?;
        if head.schema == STORED_SCHEMA {
            let line: StoredLine<'_> = read(line)?;
            let times = Times {
                first_seen: line.fetched_at,
                last_seen_live: line.fetched_at,
                gone_by: None,
            };
            let body = octets(line.body, line.body_base64)?;
            return Ok(Self::from_parts(&line.domain, &line.id, &body, times)?);
        }
        if head.schema != SCHEMA {
            return Err(LineError::Schema {
                found: head.schema.chars().take(80).collect(),
            });
        }
        let line: ExportLine<'_> = read(line)?;
        let times = Times {
            first_seen: line.first_seen,
            last_seen_live: line.last_seen_live,
            gone_by: line.gone_by,
        };
        let body = octets(line.body, line.body_base64)?;
        Ok(Self::from_parts(&line.domain, &line.id, &body, times)?)
    }

    /// Writes the entry as one line of JSON, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let policy = &self.policy;
        let (body, body_base64) = match str::from_utf8(&policy.body) {
            Ok(text) => (Some(text.into()), None),
            Err(_not_utf8) => (None, Some(STANDARD.encode(&policy.body).into())),
        };
        let line = ExportLine {
            schema: SCHEMA.into(),
            domain: self.domain.as_str().into(),
            id: policy.id.as_str().into(),
            first_seen: policy.first_seen,
            last_seen_live: policy.last_seen_live,
            gone_by: policy.gone_by,
            body,
            body_base64,
        };
        serde_json::to_string(&line).expect("texts can always be written as JSON")
    }
}

fn read<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, LineError> {
    serde_json::from_slice(line).map_err(|error| LineError::Json {
        column: error.column(),
        // The reader names the place too, and takes this line for the first.
        detail: error
            .to_string()
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .into(),
    })
}

/// Returns the body that stands in one of the two.
fn octets<'a>(
    body: Option<Cow<'a, str>>,
    body_base64: Option<Cow<'a, str>>,
) -> Result<Cow<'a, [u8]>, LineError> {
    match (body, body_base64) {
        (Some(Cow::Borrowed(text)), None) => Ok(Cow::Borrowed(text.as_bytes())),
        (Some(Cow::Owned(text)), None) => Ok(Cow::Owned(text.into_bytes())),
        (None, Some(encoded)) => {
            STANDARD
                .decode(encoded.as_bytes())
                .map(Cow::Owned)
                .map_err(|error| LineError::Base64 {
                    detail: error.to_string().into(),
                })
        }
        (None, None) | (Some(_), Some(_)) => Err(LineError::Bodies),
    }
}

/// Why a line is no entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LineError {
    /// A check that saw the policy lies in the future.
    #[error("the policy was seen at {seen_at}, more than a day ahead of the clock ({now})")]
    Ahead {
        /// When the policy is said to have been seen.
        seen_at: UnixTime,
        /// What the clock says.
        now: UnixTime,
    },
    /// The body is not base64.
    #[error("`body_base64` is not base64: {detail}")]
    Base64 {
        /// What the decoder said.
        detail: Box<str>,
    },
    /// There is no body, or two.
    #[error("there must be either `body` or `body_base64`")]
    Bodies,
    /// No JSON, or other keys or types.
    #[error("column {column}: {detail}")]
    Json {
        /// Where reading stopped, from 1.
        column: usize,
        /// What the reader said.
        detail: Box<str>,
    },
    /// Longer than [`MAX_LINE_OCTETS`].
    #[error("the line is longer than {MAX_LINE_OCTETS} octets")]
    TooLong,
    /// A value is out of its range.
    #[error(transparent)]
    Row(#[from] RowFault),
    /// Another shape, or a newer one.
    #[error("the schema is `{found}`, only `{SCHEMA}` can be read")]
    Schema {
        /// What stands there, its first 80 characters.
        found: Box<str>,
    },
}
