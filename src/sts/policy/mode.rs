//! §3.2: the `mode` field.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// What a sender does when validation fails (§5).
#[derive(Clone, Copy, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It must not deliver to that host.
    Enforce,
    /// There is no active policy.
    None,
    /// It reports and may deliver as though nothing had failed.
    Testing,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforce => "enforce",
            Self::None => "none",
            Self::Testing => "testing",
        })
    }
}
