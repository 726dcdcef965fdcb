//! The options that say what is meant.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::values::parse_host;
use crate::diagnose::intended::Phase;
use crate::facts::DnsName;

/// What is meant, beside what is.
#[derive(Args, Clone, Debug, Default, Eq, PartialEq)]
#[command(next_help_heading = "What is meant")]
pub struct IntendedArgs {
    /// The MX hosts that are to take the mail of the domains, before or after a cutover: each is looked for in the
    /// policy and in the MX records, and probed before the DNS names it. Name the domains first
    #[arg(long, value_name = "HOST", num_args = 1.., value_delimiter = ',', value_parser = parse_host)]
    pub intended_mx: Vec<DnsName>,

    /// The policy body that is to be published with --intended-mx
    #[arg(long, value_name = "FILE")]
    pub intended_policy: Option<PathBuf>,

    /// Take domains, and what is meant for each, from this TOML file; domains that are named besides narrow it to
    /// them
    #[arg(long, value_name = "FILE")]
    pub intended: Option<PathBuf>,

    /// On which side of the cutover the domains are. Unless said the MX records tell: after it, once they name
    /// every host that is meant, or none but such
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<PhaseArgument>,
}

/// On which side of a cutover domains are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum PhaseArgument {
    /// Old hosts are due: the policy has to list both
    Before,
    /// Every live MX host has to be one that is meant
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
