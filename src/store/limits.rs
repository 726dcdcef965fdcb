//! How much the store takes, and how long it waits.

use std::time::Duration;

/// How long a call waits for another process that writes, and an opening for one that opens.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest body that the store takes, in octets: sixteen times what RFC 8461, Section 3.3 suggests.
pub const MAX_BODY_OCTETS: usize = 1024 * 1024;

/// How many policies a store of `serve` keeps of one registrable domain: its owner makes as many names as they like.
pub const MAX_ROWS_OF_OWNER: i64 = 1_000;
