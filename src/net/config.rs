//! What the live network is told: resolver, routes, names, addresses, deadlines, limits.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use crate::clock::Clock;
use crate::facts::smtp::SmtpPort;
use crate::facts::special::Prefix;
use crate::facts::{DnsName, DnsNameError};
use crate::sts::certificate::Roots;
pub use crate::sts::fetch::DEFAULT_MAX_POLICY_BYTES;

use super::routes::Routes;

/// The configuration of a [`Live`](super::Live) network.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// The clock that certificates and DNS answers age by.
    pub clock: Clock,
    /// Whom to ask for names.
    pub resolver: ResolverConfig,
    /// Where connections go that should not go where the DNS says.
    pub routes: Routes,
    /// The certificates that a chain must lead to: see [`net::roots`](super::roots).
    pub roots: Roots,
    /// How long to wait for what.
    pub deadlines: Deadlines,
    /// The name in EHLO.
    pub helo: HeloName,
    /// The address to connect from; the other family counts as unreachable then. `None` leaves it to the system.
    pub source: Option<IpAddr>,
    /// Which kinds of address to connect to.
    pub families: AddressFamilies,
    /// Special-purpose addresses that are connected to all the same; those that a route leads elsewhere need no
    /// leave.
    pub allowed: Vec<Prefix>,
    /// The `User-Agent` of the policy fetch.
    pub user_agent: Box<str>,
    /// The largest policy body that is read, in octets; a longer one is cut there and known as too long.
    pub max_policy_bytes: u64,
    /// The port of the MX hosts.
    pub smtp_port: SmtpPort,
}

impl LiveConfig {
    /// Makes the configuration of a sender on the Internet: the system's resolver, no routes.
    #[must_use]
    pub fn new(clock: Clock, roots: Roots) -> Self {
        Self {
            clock,
            resolver: ResolverConfig::System,
            routes: Routes::default(),
            roots,
            deadlines: Deadlines::default(),
            helo: HeloName::of_this_host(),
            source: None,
            families: AddressFamilies::Both,
            allowed: Vec::new(),
            user_agent: concat!("stickler/", env!("CARGO_PKG_VERSION"), " (+MTA-STS)").into(),
            max_policy_bytes: DEFAULT_MAX_POLICY_BYTES,
            smtp_port: SmtpPort::default(),
        }
    }
}

/// Whom to ask for names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ResolverConfig {
    /// These resolvers, the first first; the next one when one fails.
    Addresses(Vec<SocketAddr>),
    /// Those of the system's `/etc/resolv.conf`; its search list and `/etc/hosts` are not looked at.
    System,
}

/// Which kinds of address to connect to: `-4` and `-6`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AddressFamilies {
    /// IPv4 and IPv6.
    #[default]
    Both,
    /// IPv4 alone: an IPv6 address counts as unreachable from here.
    V4Only,
    /// IPv6 alone.
    V6Only,
}

impl AddressFamilies {
    /// Returns whether `address`, as the DNS gave it, may be connected to.
    #[must_use]
    pub const fn allows(self, address: IpAddr) -> bool {
        // `::ffff:192.0.2.1` is spoken to over IPv4.
        let address = address.to_canonical();
        match self {
            Self::Both => true,
            Self::V4Only => address.is_ipv4(),
            Self::V6Only => address.is_ipv6(),
        }
    }
}

/// How long to wait for what, in real time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// One TCP connection; to a policy host, the TLS handshake included.
    pub connect: Duration,
    /// One TCP connection to a policy host, without the handshake: it may have another address to turn to.
    pub fetch_connect: Duration,
    /// One question to one resolver, retransmissions and TCP included.
    pub dns_try: Duration,
    /// One question, CNAMEs and further resolvers included.
    pub dns_lookup: Duration,
    /// A free connection: to an address that has its two of ours already, or at all.
    pub queue: Duration,
    /// One policy fetch, from the first SYN to the last octet of the body.
    pub fetch: Duration,
    /// One SMTP reply, or the TLS handshake.
    pub smtp_command: Duration,
    /// The reply to the end of a message, which a receiver may think about.
    pub smtp_end_of_data: Duration,
    /// One SMTP session up to the end of its message.
    pub smtp_session: Duration,
    /// The reply to QUIT, which nobody needs.
    pub smtp_quit: Duration,
}

impl Deadlines {
    /// Postfix's `smtp_connect_timeout`.
    pub const CONNECT: Duration = Duration::from_secs(30);
    /// Four SYNs, sent after 0, 1, 3 and 7 seconds (RFC 6298: one second, doubled each time), and time for an answer
    /// to the last: an address that takes longer is no better than one that is dead, and leaves the fetch time for
    /// the next one.
    pub const FETCH_CONNECT: Duration = Duration::from_millis(7_500);
    /// The default of `timeout` in resolv.conf(5).
    pub const DNS_TRY: Duration = Duration::from_secs(5);
    /// What resolv.conf(5) comes to with three servers asked once each.
    pub const DNS_LOOKUP: Duration = Duration::from_secs(15);
    /// RFC 8461, Section 3.3: "a suggested timeout is one minute".
    pub const FETCH: Duration = Duration::from_secs(60);
    /// As long as an SMTP session ahead may take.
    pub const QUEUE: Duration = Self::SMTP_SESSION;
    /// RFC 5321, Section 4.5.3.2, grants five minutes; postscreen takes 6 s and a tarpit half a minute, and
    /// who waits at a terminal for a verdict is better told of a time-out than kept.
    pub const SMTP_COMMAND: Duration = Duration::from_secs(60);
    /// RFC 5321, Section 4.5.3.2.6: ten minutes, or messages arrive twice.
    pub const SMTP_END_OF_DATA: Duration = Duration::from_secs(600);
    /// Bounds a peer that answers each command just in time.
    pub const SMTP_SESSION: Duration = Duration::from_secs(300);
    /// RFC 5321, Section 4.1.1.10, wants QUIT answered; the facts do not.
    pub const SMTP_QUIT: Duration = Duration::from_secs(2);

    /// Makes deadlines where no single network step takes longer than `step`, the whole fetch among them;
    /// those that are shorter by default stay so.
    #[must_use]
    pub fn with_step(step: Duration) -> Self {
        let default = Self::default();
        Self {
            connect: step.min(default.connect),
            fetch_connect: step.min(default.fetch_connect),
            dns_try: step.min(default.dns_try),
            dns_lookup: step.min(default.dns_lookup),
            queue: default.queue,
            fetch: step.min(default.fetch),
            smtp_command: step,
            smtp_end_of_data: default.smtp_end_of_data,
            smtp_session: default.smtp_session.max(step),
            smtp_quit: step.min(default.smtp_quit),
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Self::CONNECT,
            fetch_connect: Self::FETCH_CONNECT,
            dns_try: Self::DNS_TRY,
            dns_lookup: Self::DNS_LOOKUP,
            queue: Self::QUEUE,
            fetch: Self::FETCH,
            smtp_command: Self::SMTP_COMMAND,
            smtp_end_of_data: Self::SMTP_END_OF_DATA,
            smtp_session: Self::SMTP_SESSION,
            smtp_quit: Self::SMTP_QUIT,
        }
    }
}

/// The argument of EHLO: a host name, or an address literal such as `[192.0.2.1]` (RFC 5321, Section 4.1.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HeloName {
    /// A host name.
    Host(DnsName),
    /// An address literal.
    Literal(IpAddr),
}

impl HeloName {
    /// Returns the name of this host; the literal `[127.0.0.1]` if it has none.
    ///
    /// Many MX hosts refuse a name that is not fully qualified: name one with `--helo`.
    #[must_use]
    pub fn of_this_host() -> Self {
        std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
            .and_then(|name| name.trim().parse().ok())
            .map_or_else(
                || Self::Literal(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)),
                Self::Host,
            )
    }
}

impl fmt::Display for HeloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => name.fmt(f),
            Self::Literal(IpAddr::V4(address)) => write!(f, "[{address}]"),
            Self::Literal(IpAddr::V6(address)) => write!(f, "[IPv6:{address}]"),
        }
    }
}

impl FromStr for HeloName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let literal = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .and_then(|text| match text.strip_prefix("IPv6:") {
                Some(text) => text.parse().ok().map(IpAddr::V6),
                None => text.parse().ok().map(IpAddr::V4),
            });
        match literal {
            Some(address) => Ok(Self::Literal(address)),
            None => text.parse().map(Self::Host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HeloName;

    #[test]
    fn a_helo_name_is_a_host_or_a_literal_and_nothing_else() {
        for text in ["mail.example.com", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            let helo: HeloName = text.parse().unwrap();
            assert_eq!(helo.to_string(), text);
        }
        for text in [
            "",
            "a b",
            "a\r\nMAIL FROM:<>",
            "[a]",
            "[2001:db8::1]",
            "[IPv6:192.0.2.1]",
        ] {
            assert!(text.parse::<HeloName>().is_err(), "{text:?}");
        }
    }
}
