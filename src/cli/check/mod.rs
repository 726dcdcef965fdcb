//! `stickler check`: what conforming senders would do with mail for a domain now.

mod domains;
mod evidence;
mod intended_args;
mod intention_file;
mod intentions;
mod policy_file;
mod rounds;
mod run;
mod waiting;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::inherited::Inherited;
use super::network_args::{CacheArgs, NetworkArgs, WorkArgs};
use super::output_args::{FailOn, OutputArgs, RunFormat};
use super::values::{DomainArgument, NextHop, Probe, Source};

pub use intended_args::{IntendedArgs, PhaseArgument, WaitForArgument};
pub use run::run;

/// What conforming senders would do with mail for a domain now, and why
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// The domains of mail addresses; user@domain is taken too
    #[arg(value_name = "DOMAIN")]
    pub domains: Vec<DomainArgument>,

    /// Read more domains from this file, one a line; - is standard input. At most 100000 lines of at most
    /// 4096 octets
    #[arg(long, value_name = "FILE|-")]
    pub input: Option<Source>,

    /// Judge delivery by way of this smart host, written as for Postfix (in brackets without an MX look-up): it
    /// is the policy domain then
    #[arg(long, value_name = "HOST[:PORT]")]
    pub next_hop: Option<NextHop>,

    /// Send a marked probe message over the first hop that is validated and that every policy lets it take,
    /// live or held (one domain only, which TO is in unless there is a --next-hop); exit with 1 if it is not
    /// taken. Beyond --deadline it looks for a hop for up to 5 minutes, and waits up to 10 for the answer
    #[arg(long, value_name = "FROM,TO")]
    pub send: Option<Probe>,

    /// Ask only DNS and HTTPS: every MX host is taken as sound, and names, record and policy alone decide. For
    /// pipelines, and where port 25 is closed
    #[arg(long, value_parser = BoolishValueParser::new(), help_heading = "Network")]
    pub no_smtp: bool,

    /// Exit with 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,

    /// Show the nine steps out of the outage too, how each stands and what to paste (in JSON always)
    #[arg(long)]
    pub steps: bool,

    /// What is intended.
    #[command(flatten)]
    pub intended: IntendedArgs,

    /// How the network is reached.
    #[command(flatten)]
    pub network: NetworkArgs,

    /// How domains are worked on.
    #[command(flatten)]
    pub work: WorkArgs,

    /// Where policies are kept.
    #[command(flatten)]
    pub cache: CacheArgs,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<RunFormat>,

    /// The options of the network and the store as they were typed, quoted for a shell.
    #[arg(skip)]
    pub typed_options: String,

    /// The options that lead elsewhere and were not typed.
    #[arg(skip)]
    pub inherited: Inherited,
}

const EXAMPLES: &str = "\
Examples:
  stickler check example.com
  stickler check --format ndjson --input domains.txt --jobs 50
  stickler check --no-smtp example.com           # where port 25 is closed
  stickler check --next-hop smart.example.net example.com
  stickler check --cache ./before.sqlite example.com  # before and after a move
  stickler check --send probe@example.net,jo@example.com example.com
  stickler check example.com --intended-mx mx1.example.net mx2.example.net
  stickler check --intended phase-2.toml         # every domain that it names
  stickler check --intended phase-2.toml --wait 10m --wait-for body

The file of --intended:
  [domains.\"example.com\"]
  mx     = [\"mx1.example.net\", \"mx2.example.net\"]
  policy_file = \"example.com/mta-sts.txt\"   # or policy = \"\"\"the body\"\"\"
  id     = \"20260305T080000\"               # both may be left out

Exit codes: 0 all conforming senders deliver, 1 one defers or bounces, a
finding reaches --fail-on, what --wait waited for did not come, or the probe
of --send was not taken, 2 wrong usage or unreadable input, 3 could not be
determined; 130 ended by Ctrl-C, 143 by SIGTERM, be it one domain or many: what
was known by then is written. A null MX (the domain takes no mail) is 0 only
where no policy with MX hosts is live or may still be held, and none is
intended.";
