//! An entry as one line of JSON, for `export` and `import`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Entry, MAX_BODY_OCTETS, RowFault};
use crate::facts::UnixTime;

/// The longest line that is read: the largest body, each octet as an escape of six.
pub const MAX_LINE_OCTETS: usize = MAX_BODY_OCTETS * 6 + 4096;

/// Names the shape of a line; another version has another number.
const SCHEMA: &str = "stickler/stored-policy/1";

/// What a line holds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    schema: Cow<'a, str>,
    domain: Cow<'a, str>,
    id: Cow<'a, str>,
    fetched_at: UnixTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    /// In place of `body` where that is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<Cow<'a, str>>,
}

impl Entry {
    /// Reads a line of an export, without its end.
    ///
    /// # Errors
    ///
    /// When it is not exactly what [`Entry::to_line`] writes, white space and the order of keys apart.
    pub fn from_line(line: &[u8]) -> Result<Self, LineError> {
        let line: Line<'_> = serde_json::from_slice(line).map_err(|error| LineError::Json {
            column: error.column(),
            // The reader names the place too, and takes this line for the first.
            detail: error
                .to_string()
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .into(),
        })?;
        if line.schema != SCHEMA {
            return Err(LineError::Schema {
                found: line.schema.chars().take(80).collect(),
            });
        }
        let body = match (line.body, line.body_base64) {
            (Some(text), None) => match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
            (None, Some(encoded)) => {
                Cow::Owned(STANDARD.decode(encoded.as_bytes()).map_err(|error| {
                    LineError::Base64 {
                        detail: error.to_string().into(),
                    }
                })?)
            }
            (None, None) | (Some(_), Some(_)) => return Err(LineError::Bodies),
        };
        Ok(Self::from_parts(
            &line.domain,
            &line.id,
            &body,
            line.fetched_at,
        )?)
    }

    /// Writes the entry as one line of JSON, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let (body, body_base64) = match str::from_utf8(&self.policy.body) {
            Ok(text) => (Some(text.into()), None),
            Err(_not_utf8) => (None, Some(STANDARD.encode(&self.policy.body).into())),
        };
        let line = Line {
            schema: SCHEMA.into(),
            domain: self.domain.as_str().into(),
            id: self.policy.id.as_str().into(),
            fetched_at: self.policy.fetched_at,
            body,
            body_base64,
        };
        serde_json::to_string(&line).expect("texts can always be written as JSON")
    }
}

/// Why a line is no entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LineError {
    /// The fetch lies in the future.
    #[error("`fetched_at` is {fetched_at}, more than a day ahead of the clock ({now})")]
    Ahead {
        /// When the policy is said to have been fetched.
        fetched_at: UnixTime,
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
