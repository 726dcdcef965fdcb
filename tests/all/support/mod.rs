//! What several tests share.

pub(crate) mod dns;
pub(crate) mod mutations;
pub(crate) mod pki;
pub(crate) mod schema;
pub(crate) mod script;
pub(crate) mod tls_policy;
pub(crate) mod tokens;
pub(crate) mod wire;
pub(crate) mod xorshift;
