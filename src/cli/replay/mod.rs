//! `stickler replay`: scenarios, many at once, on the model and on the lab; or one through a mail server.

mod run;
mod through;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output_args::{OutputArgs, RunFormat};
use super::server_args::ServerArgs;
use super::values::{ServerUrl, parse_count};
use crate::replay::Networks;

pub use run::run;

/// Run scenarios: files, or folders of them
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// Scenario files, or folders that are searched for *.toml
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Run each scenario on this network
    #[arg(long, value_name = "NETWORK", default_value = "both")]
    pub network: ReplayNetwork,

    /// Let the strict senders be what they are, or put a mail server with the sidecar in their place, and tell where
    /// that makes a difference; what the scenarios expect is not compared then
    #[arg(long = "as", value_name = "WHO", default_value = "told")]
    pub role: ReplayAs,

    /// Run this many scenarios at once [default: as many as there are processors, four times as many where
    /// they wait for the network]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub jobs: Option<NonZeroUsize>,

    /// Play one scenario in real time through this mail server, which stands for the scenario's sender of class
    /// `strict`: it asks the DNS of the lab and trusts its authority, and only what reaches the lab's servers is
    /// believed
    #[arg(
        long,
        value_name = "smtp://ADDR:PORT",
        conflicts_with_all = ["network", "role", "jobs"],
        help_heading = "A mail server (smtp://…)"
    )]
    pub sender_under_test: Option<ServerUrl>,

    /// Divide the times of the scenario's steps, TTLs and the `max_age` of policies by this
    #[arg(
        long,
        value_name = "N",
        default_value = "3600",
        requires = "sender_under_test",
        help_heading = "A mail server (smtp://…)"
    )]
    pub factor: NonZeroU32,

    /// How the mail server is started and waited for.
    #[command(flatten)]
    pub server: ServerArgs,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<RunFormat>,
}

/// Where a scenario runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ReplayNetwork {
    /// In memory
    Model,
    /// On real sockets of this machine
    Lab,
    /// On both, which must agree
    Both,
}

/// Who plays the strict senders.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ReplayAs {
    /// They themselves
    Told,
    /// A mail server with the sidecar beside it
    Sidecar,
}

impl From<ReplayNetwork> for Networks {
    fn from(network: ReplayNetwork) -> Self {
        match network {
            ReplayNetwork::Model => Self::Model,
            ReplayNetwork::Lab => Self::Lab,
            ReplayNetwork::Both => Self::Both,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler replay scenarios/
  stickler replay scenarios/migration/stale-policy-after-cutover.toml
  stickler replay --as sidecar scenarios/
  stickler replay --network model --format junit --output replay.xml scenarios/
  stickler replay --sender-under-test smtp://127.0.0.1:25 --env /run/lab.env \\
    --start ./start-it --queue-run 'postqueue -f' my-move.toml

One file is told as a story, many in a line each; -v tells every story, with
every request.

A mail server under test finds the scenario's servers at the addresses that the
DNS gives (192.0.2.0/24 and on), ports 25 and 443, and the DNS at 127.0.0.1,
port 53: in a container or network namespace that has them, and leads nowhere
else. It must trust the authority in FILE.ca.pem (--env FILE), which is new
each time, and take mail for any domain from this host. At each step it is
handed a message to each domain that the scenario writes to; where mail is to
wait, its queue is run twice more. Seen is where mail arrived, over which TLS,
how often, and what came back to its author. Not seen is whether a certificate
was checked, why mail waits, and who asked what: `result_type`, `asked` and
their like are not compared. What leans on times that no --factor reaches (the
daily refresh, back-off, the life of queues and certificates) is left out, and
the result says which and why.

Exit codes: 0 all scenarios hold, 1 one fails, 2 one is broken or unreadable,
or a mail server does not take mail.";
