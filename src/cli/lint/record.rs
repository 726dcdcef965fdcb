//! `stickler lint record`: the TXT records at `_mta-sts`.

use clap::Args;

use crate::cli::output_args::{AnswerFormat, FailOn, OutputArgs};

/// The arguments of `lint record`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintRecordArgs {
    /// One TXT record each, bare or as dig prints it ("v=STSv1; " "id=1;")
    #[arg(value_name = "TEXT", required = true, allow_hyphen_values = false)]
    pub texts: Vec<String>,

    /// Exit with 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint record 'v=STSv1; id=20260301T080000;'
  stickler lint record \"$(dig +short TXT _mta-sts.example.com)\"
  stickler lint record --format json 'v=STSv1; id=1;' 'v=spf1 -all'

All arguments together are the records of one name. Exit codes: 0 a sender finds a policy id, 1 it does not.";
