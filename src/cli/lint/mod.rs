//! `stickler lint`: records, a policy, a pattern, a scenario, without the network.

use clap::{Args, Subcommand};

use self::matching::LintMatchArgs;
use self::policy::LintPolicyArgs;
use self::record::LintRecordArgs;
use self::scenario::LintScenarioArgs;
use self::tlsrpt::LintTlsRptArgs;
use super::environment::Environment;
use super::exit::Exit;

mod finding;
pub mod matching;
pub mod policy;
pub mod record;
pub mod scenario;
mod texts;
pub mod tlsrpt;

/// Look at records, a policy, a pattern or a scenario without the network
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintArgs {
    /// What to look at.
    #[command(subcommand)]
    pub command: LintCommand,
}

/// What to look at.
#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub enum LintCommand {
    /// The TXT records at _mta-sts.DOMAIN
    Record(LintRecordArgs),
    /// A policy body
    Policy(LintPolicyArgs),
    /// Whether an mx pattern of a policy covers an MX host
    Match(LintMatchArgs),
    /// The TXT records at _smtp._tls.DOMAIN
    #[command(name = "tlsrpt")]
    TlsRpt(LintTlsRptArgs),
    /// Scenario files
    Scenario(LintScenarioArgs),
}

/// Looks at what was named.
///
/// # Errors
///
/// When the input cannot be read, or the output not written.
pub fn run(args: &LintArgs, environment: &Environment) -> anyhow::Result<Exit> {
    match &args.command {
        LintCommand::Record(args) => record::run(args, environment),
        LintCommand::Policy(args) => policy::run(args, environment),
        LintCommand::Match(args) => matching::run(args, environment),
        LintCommand::TlsRpt(args) => tlsrpt::run(args, environment),
        LintCommand::Scenario(args) => scenario::run(args, environment),
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler lint record 'v=STSv1; id=20260301T080000;'
  stickler lint policy mta-sts.txt --mx mx1.example.com
  stickler lint tlsrpt 'v=TLSRPTv1; rua=mailto:reports@example.com'
  stickler lint match '*.example.com' mx1.example.com
  stickler lint scenario scenarios/";
