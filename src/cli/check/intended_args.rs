//! The options that say what is intended.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::values::{parse_duration, parse_host};
use crate::diagnose::intended::{Phase, WaitFor};
use crate::facts::DnsName;
use crate::sts::record::RecordId;

/// What is intended, beside what is.
#[derive(Args, Clone, Debug, Default, Eq, PartialEq)]
#[command(next_help_heading = "What is intended")]
pub struct IntendedArgs {
    /// The MX hosts that are to take the mail of the domains, before or after a cutover: each is looked for in the
    /// policy and in the MX records, and probed before the DNS names it. Name the domains first
    #[arg(long, value_name = "HOST", num_args = 1.., value_delimiter = ',', value_parser = parse_host)]
    pub intended_mx: Vec<DnsName>,

    /// The policy body that is to be published with --intended-mx
    #[arg(long, value_name = "FILE")]
    pub intended_policy: Option<PathBuf>,

    /// The id that is to be published with --intended-policy, once every address serves it
    #[arg(long, value_name = "ID")]
    pub intended_id: Option<RecordId>,

    /// Take domains, and what is intended for each, from this TOML file; domains that are named besides narrow it to
    /// them
    #[arg(long, value_name = "FILE")]
    pub intended: Option<PathBuf>,

    /// On which side of the cutover the domains are. Unless said the MX records tell: after it, once they name
    /// every intended host, or none but such
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<PhaseArgument>,

    /// Before the check, wait up to so long until every address of the policy host serves the intended policy,
    /// and every name server of the zone gives the same MX and TXT records, with the intended id. It looks after
    /// 1, 2, 4 … seconds, then each minute; what is missing goes to standard error. Exit with 1 if it does not come
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub wait: Option<Duration>,

    /// How much --wait waits for: the body alone while its id is still to be published, or the id too
    #[arg(long, value_name = "WHAT", default_value = "id")]
    pub wait_for: WaitForArgument,
}

/// How much is waited for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum WaitForArgument {
    /// The policy everywhere, and name servers that agree: the id can be published then
    Body,
    /// All that, and the id where one is intended
    #[default]
    Id,
}

impl From<WaitForArgument> for WaitFor {
    fn from(argument: WaitForArgument) -> Self {
        match argument {
            WaitForArgument::Body => Self::Body,
            WaitForArgument::Id => Self::Id,
        }
    }
}

/// On which side of a cutover domains are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum PhaseArgument {
    /// Old hosts are due: the policy has to list both
    Before,
    /// Every live MX host has to be one that is intended
    After,
}

impl From<PhaseArgument> for Phase {
    fn from(phase: PhaseArgument) -> Self {
        match phase {
            PhaseArgument::Before => Self::Before,
            PhaseArgument::After => Self::After,
        }
    }
}
