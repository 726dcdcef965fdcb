//! What was seen: plain data from DNS, HTTPS and SMTP, with no opinion about it.
//!
//! Facts are made by a [`Network`](crate::sender::Network) and read by the pure rooms
//! ([`sts`](crate::sts), [`tlsrpt`](crate::tlsrpt)). They import nothing of ours, so a fact cannot carry a
//! judgement by accident; the one exception is a certificate, whose faults are found while the handshake
//! still waits for the answer, by [`sts::certificate`](crate::sts::certificate), and kept beside the chain.

pub mod certificate;
pub mod dns;
pub mod http;
pub mod name;
pub mod sentence;
pub mod smtp;
pub mod special;
pub mod time;
pub mod tls;

pub use name::{DnsName, DnsNameError};
pub use sentence::{Say, Sentence};
pub use time::UnixTime;
