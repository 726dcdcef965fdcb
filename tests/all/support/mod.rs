//! What several tests share.

pub(crate) mod mutations;
pub(crate) mod xorshift;
