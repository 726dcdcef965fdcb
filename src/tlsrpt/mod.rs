//! RFC 8460, pure.
