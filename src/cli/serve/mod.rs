//! `stickler serve`: the sidecar of Postfix and Exim.

mod alone;
mod places;
mod print;
mod run;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::network_args::NetworkArgs;
use super::values::{parse_count, parse_duration};
use crate::sidecar::address::Address;
use crate::sidecar::postfix::Excludes;

pub(super) use alone::read_alone;
pub(crate) use places::control_path;
pub use run::{Reread, run};

/// Answer Postfix and Exim what MTA-STS policies demand of their mail
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// Check the options, the files that they name and the store, and end
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub check_config: bool,

    /// What is printed in the place of a run.
    #[command(flatten)]
    pub print: PrintArgs,

    /// Where it listens.
    #[command(flatten)]
    pub listen: ListenArgs,

    /// What it answers.
    #[command(flatten)]
    pub answers: AnswerArgs,

    /// What it holds.
    #[command(flatten)]
    pub keep: KeepArgs,

    /// How the network is reached.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// What is printed in the place of a run.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Setting it up")]
pub struct PrintArgs {
    /// Print what main.cf of the Postfix of this host must say, and what goes around policies all the same
    #[arg(long, value_parser = BoolishValueParser::new(), conflicts_with_all = ["print_exim", "print_systemd"])]
    pub print_postfix: bool,

    /// Print routers and a transport for Exim
    #[arg(long, value_parser = BoolishValueParser::new(), conflicts_with = "print_systemd")]
    pub print_exim: bool,

    /// Print units for systemd
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub print_systemd: bool,

    /// With --print-postfix: the program that says how Postfix is set up [default: postconf in PATH or /usr/sbin]
    #[arg(long, value_name = "PATH")]
    pub postconf: Option<PathBuf>,
}

/// Where the sidecar listens.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Listening")]
pub struct ListenArgs {
    /// Answer Postfix here; repeat it for more
    #[arg(
        long,
        value_name = "ADDR:PORT|unix:PATH",
        value_delimiter = ',',
        default_value = "127.0.0.1:8461"
    )]
    pub socketmap: Vec<Address>,

    /// Answer Exim here; repeat it for more [default: unix:exim.sock in the directory for sockets]
    #[arg(long, value_name = "ADDR:PORT|unix:PATH", value_delimiter = ',')]
    pub exim: Vec<Address>,

    /// Show /livez, /readyz and /metrics here, or nowhere
    #[arg(
        long,
        value_name = "ADDR:PORT|unix:PATH|none",
        default_value = "127.0.0.1:8462"
    )]
    pub http: Place,

    /// Answer `stickler query` here; only this user may connect [default: control.sock in the directory for
    /// sockets]
    #[arg(long, value_name = "PATH|none")]
    pub control: Option<ControlPlace>,

    /// Allow addresses that other hosts can reach: any client makes this host ask anybody's
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub allow_remote: bool,

    /// Serve at most this many connections at once
    #[arg(long, value_name = "N", default_value = "20000", value_parser = parse_count)]
    pub max_connections: NonZeroUsize,
}

/// What the sidecar answers.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Answers")]
pub struct AnswerArgs {
    /// Answer so for a domain of which nothing is known in time
    #[arg(long, value_name = "WHAT", default_value = "notfound")]
    pub unknown: UnknownAnswer,

    /// Wait this long at most for a domain of which nothing is known, from the start of its look-up on
    #[arg(long, value_name = "DURATION", default_value = "12s", value_parser = parse_duration)]
    pub patience: Duration,

    /// Say that main.cf has `smtp_tls_security_level = may`, so that Postfix 3.10 and later may report on
    /// policies in testing
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub report_testing: bool,

    /// Salt Postfix's TLS session cache with the policy, so that a cached session does not outlive it; give the
    /// value of `smtp_tls_exclude_ciphers`, which the salt takes the place of, or an empty one
    #[arg(long, value_name = "CIPHERS")]
    pub salt: Option<Excludes>,

    /// Addresses of this host, or that lead to it (`inet_interfaces`, `proxy_interfaces`): of an MX set with one
    /// of them no host is filtered, for Postfix would bounce the mail of a backup MX; repeat it for more
    #[arg(long, value_name = "ADDR", value_delimiter = ',')]
    pub own_address: Vec<IpAddr>,
}

/// What the sidecar holds.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Policies")]
pub struct KeepArgs {
    /// Keep policies in this file, or nowhere [default: serve.sqlite in the directory for state]
    #[arg(long, value_name = "PATH|none")]
    pub state: Option<StatePlace>,

    /// Look at a domain's record again after its TTL, and not sooner than this
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = parse_duration)]
    pub recheck_floor: Duration,

    /// Look at a domain's record again after its TTL, and not later than this
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub recheck_ceiling: Duration,

    /// Hold about this many domains in memory, and as many policies in the store
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = parse_count)]
    pub max_domains: NonZeroUsize,
}

/// What is answered for a domain of which nothing is known in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum UnknownAnswer {
    /// That no policy is known: the mail goes out by main.cf's own level
    #[value(name = "notfound")]
    NotFound,
    /// That the answer is not known: the mail waits
    Temp,
}

/// An address, or `none`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// Nowhere.
    None,
    /// There.
    At(Address),
}

impl std::str::FromStr for Place {
    type Err = crate::sidecar::address::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            address => address.parse().map(Self::At),
        }
    }
}

/// A file, or `none`.
pub type StatePlace = super::values::CacheChoice;

/// A socket's path, or `none`.
pub type ControlPlace = super::values::CacheChoice;

/// The directories that a sidecar has by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Directories {
    /// For what survives a restart: `$STATE_DIRECTORY`, else `stickler` in `$XDG_STATE_HOME`.
    pub state: Option<PathBuf>,
    /// For sockets: `$RUNTIME_DIRECTORY`, else `stickler` in `$XDG_RUNTIME_DIR`.
    pub runtime: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  stickler serve
  stickler serve --check-config --config /etc/stickler/serve.toml
  stickler serve --print-postfix    # the lines for main.cf of this host
  stickler serve --socketmap 127.0.0.1:8461,unix:/var/spool/postfix/sts/s.sock
  stickler query example.com    # ask the running one, and be told why

SIGHUP reads the options again (those under Answers take effect), SIGTERM ends
it once what was asked is answered.

Exit codes: 0 it was told to end, 1 it could not go on, or this Postfix cannot
have it, 2 wrong usage, or it cannot listen or use its store.";
