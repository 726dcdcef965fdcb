//! The options of every verb that reaches the network.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::values::{CacheChoice, ResolverAddress, parse_count, parse_duration};
use crate::clock::Clock;
use crate::facts::special::Prefix;
use crate::facts::{DnsName, UnixTime};
use crate::net::routes::Route;

/// How the network is reached, and by which clock.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// Ask this DNS resolver instead of the system's; repeat it for more
    #[arg(long, value_name = "ADDR:PORT", value_delimiter = ',')]
    pub resolver: Vec<ResolverAddress>,

    /// Send connections for the first pair to the second, as in curl; the first two parts may be empty, and
    /// an address there tells the edges of a host apart; repeat it for more, the most specific counts
    #[arg(
        long,
        value_name = "HOST-OR-ADDR:PORT:ADDR:PORT",
        value_delimiter = ','
    )]
    pub connect_to: Vec<Route>,

    /// Trust the certificate authorities of this PEM file besides the built-in ones; repeat it for more
    #[arg(long, value_name = "PEM")]
    pub ca_file: Vec<PathBuf>,

    /// Trust the certificate authorities of this system too
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub system_roots: bool,

    /// By which clock.
    #[command(flatten)]
    pub clock: ClockArgs,

    /// Give up a network step (a query, a connection, a reply, a policy fetch) after this long
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub timeout: Duration,

    /// Read at most this many octets of a policy
    #[arg(
        long,
        value_name = "OCTETS",
        default_value_t = DEFAULT_MAX_POLICY_OCTETS,
        value_parser = parse_count
    )]
    pub max_policy_size: NonZeroUsize,

    /// Connect from this address
    #[arg(long, value_name = "ADDR")]
    pub source: Option<IpAddr>,

    /// Connect to special-purpose addresses of this block too (as in 10.0.0.0/8, or one address), inside a
    /// private network; without it they are left out, unless --connect-to leads elsewhere; repeat it for more
    #[arg(long, value_name = "PREFIX", value_delimiter = ',')]
    pub allow_net: Vec<Prefix>,

    /// Use IPv4 alone
    #[arg(short = '4', long, overrides_with = "ipv6", value_parser = BoolishValueParser::new())]
    pub ipv4: bool,

    /// Use IPv6 alone
    #[arg(short = '6', long, overrides_with = "ipv4", value_parser = BoolishValueParser::new())]
    pub ipv6: bool,
}

/// How domains are worked on one after the other.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Network")]
pub struct WorkArgs {
    /// Ask nothing more about a domain after this long; what is known by then is reported
    #[arg(long, value_name = "DURATION", default_value = "3m", value_parser = parse_duration)]
    pub deadline: Duration,

    /// Work on this many domains at once
    #[arg(long, value_name = "N", default_value = "16", value_parser = parse_count)]
    pub jobs: NonZeroUsize,

    /// Greet with this name (EHLO) instead of this machine's
    #[arg(long, value_name = "NAME")]
    pub helo: Option<DnsName>,
}

/// "a maximum of 64 kilobytes" is what RFC 8461, Section 3.3 suggests.
const DEFAULT_MAX_POLICY_OCTETS: NonZeroUsize = match NonZeroUsize::new(64 * 1024) {
    Some(octets) => octets,
    None => NonZeroUsize::MIN,
};

/// Which family of addresses is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// Both.
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl NetworkArgs {
    /// Returns which family of addresses is used.
    #[must_use]
    pub const fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, false) => Family::V4,
            (false, true) => Family::V6,
            (false, false) | (true, true) => Family::Any,
        }
    }

    /// Returns whether what is seen may not be the Internet as everyone sees it now: evidence of such a run
    /// does not belong in the user's store unless they name one.
    #[must_use]
    pub const fn is_diverted(&self) -> bool {
        self.clock.now.is_some()
            || !self.resolver.is_empty()
            || !self.connect_to.is_empty()
            || !self.ca_file.is_empty()
    }
}

/// The option that sets the clock.
#[derive(Args, Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClockArgs {
    /// Start the clock here and let it run on (RFC 3339, as in 2026-03-02T08:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub now: Option<UnixTime>,
}

impl ClockArgs {
    /// Returns the clock that everything ages by.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.now.map_or_else(Clock::system, Clock::starting_at)
    }
}

/// The option that names the store.
#[derive(Args, Clone, Debug, Default, Eq, PartialEq)]
#[command(next_help_heading = "Store")]
pub struct CacheArgs {
    /// Keep the policies seen, and when, in this file, or nowhere [default: policies.sqlite in the user's cache
    /// directory; none with --now, --resolver, --connect-to or --ca-file]
    #[arg(long, value_name = "PATH|none")]
    pub cache: Option<CacheChoice>,
}

impl CacheArgs {
    /// Returns the store's file, `None` if there is none: what the option says, or else `default`.
    #[must_use]
    pub fn path<'a>(&'a self, default: Option<&'a Path>) -> Option<&'a Path> {
        match &self.cache {
            Some(CacheChoice::None) => None,
            Some(CacheChoice::Path(path)) => Some(path),
            None => default,
        }
    }
}
