//! `stickler audit`: does a sender enforce?

mod read;
mod run;
mod sender;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::server_args::ServerArgs;
use super::values::parse_duration;
use crate::report::audit::Form;

pub use run::run;
pub use sender::{SenderArgument, SenderArgumentError};

/// Send mail to a domain for each requirement of RFC 8461, and see whether a sender enforces it
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct AuditArgs {
    /// Who sends: `strict`, the sender of this program; the name of a control, which is wrong in a known way; or
    /// smtp://ADDR:PORT, any mail server that asks the audit's resolver and trusts its authority
    #[arg(value_name = "SENDER", default_value = "strict")]
    pub sender: SenderArgument,

    /// Audit the controls instead: each requirement must be failed by the one that is made for it
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub self_test: bool,

    /// Audit nobody: write the scores of earlier audits, each a file in JSON, side by side; repeat it for more
    #[arg(long, value_name = "FILE", conflicts_with = "self_test")]
    pub read: Vec<PathBuf>,

    /// Look at this requirement alone, by its whole name or its last part; repeat it for more
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,

    /// What is known of the sender: a TOML file with a reason for each requirement that it does not meet
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,

    /// How a mail server is reached and waited for.
    #[command(flatten)]
    pub server: ServerArgs,

    /// How long a mail server is given.
    #[command(flatten)]
    pub timing: TimingArgs,

    /// Write the result in this form
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    pub format: AuditFormat,

    /// Write the result to this file instead of standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// How long a mail server is given.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "A mail server (smtp://…)")]
pub struct TimingArgs {
    /// Give the sender this long to fetch policies after the first messages
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    pub warm_up: Duration,

    /// Give the sender this long to see a change; DNS answers may be kept for 10 s of it
    #[arg(long, value_name = "DURATION", default_value = "75s", value_parser = parse_duration)]
    pub change: Duration,

    /// Let the policies that are to run out live this long
    #[arg(long, value_name = "DURATION", default_value = "4m", value_parser = parse_duration)]
    pub short_life: Duration,
}

/// The forms of an audit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum AuditFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// JUnit's XML, for CI
    Junit,
    /// A table for a page
    Markdown,
}

impl From<AuditFormat> for Form {
    fn from(format: AuditFormat) -> Self {
        match format {
            AuditFormat::Text => Self::Text,
            AuditFormat::Json => Self::Json,
            AuditFormat::Junit => Self::Junit,
            AuditFormat::Markdown => Self::Markdown,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler audit
  stickler audit never-enforces
  stickler audit --self-test
  stickler audit --format markdown --read postfix.json --read exim.json
  stickler audit smtp://127.0.0.1:25 --env /run/audit.env \\
    --start ./start-the-sender --queue-run 'postqueue -f'

A mail server finds the fake Internet at the addresses that its DNS gives
(192.0.2.0/24), ports 25 and 443, and the DNS at 127.0.0.1, port 53: in a
container or network namespace that has them, and leads nowhere else. It must
trust the authority in FILE.ca.pem (--env FILE), which is new each time.

Exit codes: 0 every MUST is enforced or known not to be, 1 one is not, 2 wrong
usage, 3 one is not shown.";
