//! What several tests share.

pub(crate) mod mutations;
pub(crate) mod wire;
pub(crate) mod xorshift;
