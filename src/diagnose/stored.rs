//! A stored policy, as reports name it.

use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::sts::ledger::{Held, Holding};

/// A stored policy that a sender may hold.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct StoredReport {
    /// The id that it came with.
    pub id: String,
    /// The SHA-256 of its body, in hexadecimal.
    pub body_sha256: String,
    /// How sure it is that a sender holds it.
    pub held: Holding,
    /// Whether it is what this check saw live.
    pub is_live: bool,
}

impl StoredReport {
    /// Tells of a policy that a sender may hold.
    #[must_use]
    pub fn of(held: &Held<'_>) -> Self {
        Self {
            id: held.seen.id.to_string(),
            body_sha256: sha256(&held.seen.body),
            held: held.holding,
            is_live: held.is_live(),
        }
    }
}

/// Returns the SHA-256 of octets, in hexadecimal.
#[must_use]
pub fn sha256(octets: &[u8]) -> String {
    Sha256::digest(octets)
        .into_iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
