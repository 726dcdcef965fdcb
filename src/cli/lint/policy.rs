//! `stickler lint policy`: a policy body.

use clap::Args;

use crate::cli::output_args::{AnswerFormat, FailOn, OutputArgs};
use crate::cli::values::Source;
use crate::facts::DnsName;

/// The arguments of `lint policy`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintPolicyArgs {
    /// The policy body; - is standard input
    #[arg(value_name = "FILE|-")]
    pub file: Source,

    /// Ask whether the policy covers these MX hosts
    #[arg(long, value_name = "HOST", num_args = 1.., value_delimiter = ',')]
    pub mx: Vec<DnsName>,

    /// Exit with 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint policy mta-sts.txt
  stickler lint policy mta-sts.txt --mx mx1.example.com mx2.example.com
  curl -s https://mta-sts.example.com/.well-known/mta-sts.txt | stickler lint policy -

Exit codes: 0 valid and every --mx covered, 1 not, 2 the file cannot be read.";
