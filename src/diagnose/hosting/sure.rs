//! How sure a row of the data files is.

use serde::Deserialize;

/// How sure a row is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// It stands in a public collection of fingerprints.
    Fingerprint,
    /// It was measured, and published in a paper.
    Paper,
    /// It stands in one or two public files.
    Seen,
    /// General knowledge: nothing is concluded from it alone.
    Unverified,
    /// The vendor's own page was read.
    Vendor,
    /// The same value stands in several public zone or configuration files.
    Zones,
}

impl Sure {
    /// Returns whether it may be reported as documented; all else only “looks like” it.
    #[must_use]
    pub const fn is_documented(self) -> bool {
        match self {
            Self::Paper | Self::Vendor | Self::Zones => true,
            Self::Fingerprint | Self::Seen | Self::Unverified => false,
        }
    }
}
