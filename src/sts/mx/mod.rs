//! §4.1: `mx` patterns against the names in MX records.
//!
//! [RFC 8461, Section 4.1]: a candidate MX host is valid "if the MX record name matches one or more of the `mx`
//! fields in the applied policy".
//!
//! [RFC 8461, Section 4.1]: https://www.rfc-editor.org/rfc/rfc8461#section-4.1

mod matched;
mod pattern;

pub use matched::MxMatched;
pub use pattern::{MxPattern, MxPatternError};
