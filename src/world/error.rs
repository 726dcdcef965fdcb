//! Why a state cannot be served.

use std::io;
use std::net::{IpAddr, SocketAddr};

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
    /// A server cannot listen.
    #[error("no server can listen at {at}")]
    Bind {
        /// Where; port 0 stands for any free one.
        at: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The story's own addresses are to be used, and these are not this machine's; at least one.
    #[error(
        "{} no addresses of this machine, on which the story is to be served: add each, as in `{}`",
        listed(.0),
        addition(.0)
    )]
    NotHere(Vec<IpAddr>),
    /// A resolver ended badly.
    #[error("a resolver ended badly: {0}")]
    Stop(Box<str>),
}

/// How many addresses a message names.
const SHOWN_ADDRESSES: usize = 8;

fn listed(addresses: &[IpAddr]) -> String {
    let shown = addresses.iter().take(SHOWN_ADDRESSES);
    let texts: Vec<String> = shown.map(IpAddr::to_string).collect();
    let texts = texts.join(", ");
    match addresses.len().saturating_sub(SHOWN_ADDRESSES) {
        0 => format!("{texts} are"),
        more => format!("{texts} and {more} more are"),
    }
}

/// Returns the command that gives a machine the first address.
fn addition(addresses: &[IpAddr]) -> String {
    let first = addresses.first().map(|address| {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        format!("{address}/{bits}")
    });
    format!("ip address add {} dev lo", first.unwrap_or_default())
}
