//! Where the sidecar listens, as main.cf writes it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use super::postconf::Postconf;
use super::table::Table;
use crate::sidecar::address::Address;
use crate::sidecar::postfix::Excludes;

/// What the sidecar that Postfix is to ask was told by its options, and what this host has.
#[derive(Clone, Copy, Debug)]
pub struct Sidecar<'a> {
    /// Where Postfix is answered.
    pub listens: &'a [Address],
    /// Whether, and with which ciphers of main.cf, answers salt the TLS session cache.
    pub salt: Option<&'a Excludes>,
    /// Whether it was said that main.cf's level is `may`.
    pub reports_testing: bool,
    /// Addresses that were said to be this host's.
    pub own_addresses: &'a [IpAddr],
    /// A file of this host with the certificate authorities of the web.
    pub ca_bundle: Option<&'a Path>,
}

impl Sidecar<'_> {
    /// Returns the table of a map, at the first place that the smtp(8) of this installation can reach.
    pub(super) fn table(&self, map: &str, postconf: &Postconf) -> Option<Table> {
        let place = self
            .listens
            .iter()
            .find_map(|address| place(address, postconf))?;
        Some(Table::new(format!("socketmap:{place}:{map}")))
    }
}

/// A chrooted smtp(8) finds no socket outside `queue_directory`; a path relative to it is right in a chroot and
/// without, for smtp(8) works in that directory.
fn place(address: &Address, postconf: &Postconf) -> Option<String> {
    match address {
        Address::Tcp(address) => Some(format!("inet:{}", reachable(*address))),
        Address::Unix(path) => {
            let written = match path.strip_prefix(&postconf.queue_directory) {
                Ok(inside) => inside,
                Err(_) if path.is_absolute() && !postconf.is_chrooted => path,
                Err(_) => return None,
            };
            let text = written.to_str()?;
            let ends_word = |c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | '$');
            (!text.contains(ends_word)).then(|| format!("unix:{text}"))
        }
    }
}

/// Where everything is listened at, loopback is.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}
