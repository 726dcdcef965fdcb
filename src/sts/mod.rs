//! RFC 8461, pure.
pub mod certificate {
    //! certs
}
