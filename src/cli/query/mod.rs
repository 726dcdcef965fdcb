//! `stickler query`: what a running sidecar holds, and why.

mod ask;
mod page;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::output_args::{AnswerFormat, OutputArgs};
use super::values::{CacheChoice, DomainArgument};
use crate::facts::DnsName;

pub use ask::run;

/// Ask the running sidecar what holds for a domain, and why
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct QueryArgs {
    /// The domain: the next hop, as Postfix or Exim would ask for it
    #[arg(required_unless_present_any = ["all", "alive"])]
    pub domain: Option<DomainArgument>,

    /// An MX host: does the policy list it?
    pub mx: Option<DnsName>,

    /// Tell of every domain in memory, a JSON line each
    #[arg(long, conflicts_with_all = ["domain", "forget"], value_parser = BoolishValueParser::new())]
    pub all: bool,

    /// Ask only whether a sidecar answers, as a health check does
    #[arg(long, conflicts_with_all = ["all", "domain", "forget"], value_parser = BoolishValueParser::new())]
    pub alive: bool,

    /// With --all: write a static map of what is enforced instead, for postmap
    #[arg(long, value_name = "FOR", requires = "all")]
    pub export: Option<Export>,

    /// Make the sidecar forget the domain, in memory and in its store
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub forget: bool,

    /// The socket of the sidecar [default: control.sock in the directory for sockets, else the one of the systemd service]
    #[arg(long, value_name = "PATH")]
    pub control: Option<CacheChoice>,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

/// For whom a static map is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Export {
    /// For Postfix: `smtp_tls_policy_maps`
    Postfix,
}

const EXAMPLES: &str = "\
Examples:
  stickler query example.com
  stickler query example.com mx1.example.com
  stickler query --all --format json | jq .domain
  stickler query --forget example.com
  stickler query --alive

Exit codes: 0 a policy holds, 1 none does or the MX host is not listed,
2 wrong usage or no sidecar is there, 3 nothing is known yet.";
