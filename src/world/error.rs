//! Why a state cannot be served.

use std::io;

/// Why a state cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A name does not fit into a DNS message.
    #[error("`{name}` cannot be sent in a DNS message: {detail}")]
    Name {
        /// The name.
        name: Box<str>,
        /// What is wrong with it.
        detail: Box<str>,
    },
    /// A string of a TXT record is longer than 255 octets.
    #[error("a string of a TXT record has {octets} octets, of at most 255")]
    LongString {
        /// Its length.
        octets: usize,
    },
    /// A name does not fit into a certificate.
    #[error("`{0}` cannot stand in a certificate: it is not ASCII")]
    CertificateName(Box<str>),
    /// A certificate cannot be made.
    #[error("a certificate could not be made")]
    Certificate(#[from] rcgen::Error),
    /// A key cannot be used.
    #[error("a key could not be used: {0}")]
    Key(Box<str>),
    /// A port cannot be had.
    #[error("a loopback port could not be had")]
    Bind(#[source] io::Error),
    /// A resolver ended badly.
    #[error("a resolver ended badly: {0}")]
    Stop(Box<str>),
}
