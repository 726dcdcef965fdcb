//! Small servers on loopback whose every octet a test says itself.

pub(crate) mod dns;
pub(crate) mod pki;
pub(crate) mod script;
pub(crate) mod xorshift;
