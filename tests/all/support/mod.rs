//! What several tests share.

<<<<<<< HEAD
pub(crate) mod dns;
pub(crate) mod mutations;
pub(crate) mod pki;
pub(crate) mod script;
pub(crate) mod wire;
=======
pub(crate) mod mutations;
>>>>>>> cli
pub(crate) mod xorshift;
