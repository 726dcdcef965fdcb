//! `stickler lint match`: one pattern, one host.

use clap::Args;

use crate::cli::output_args::{AnswerFormat, OutputArgs};

/// The arguments of `lint match`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintMatchArgs {
    /// The pattern, as it stands after `mx:` in a policy
    #[arg(value_name = "PATTERN")]
    pub pattern: String,

    /// The MX host, as it stands in the MX record
    #[arg(value_name = "HOST")]
    pub host: String,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint match '*.example.com' mx1.example.com       # covers it
  stickler lint match '*.mx.microsoft' corp.o-v1.mx.microsoft     # does not: two labels
  stickler lint match --format json mx.example.com MX.example.com.

Exit codes: 0 the pattern covers the host, 1 it does not, 2 one of them cannot be read.";
