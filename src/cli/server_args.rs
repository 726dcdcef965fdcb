//! The options about a mail server that is not ours: how it is started, how its queue is run, how long it is waited for.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::lab::Ways;
use super::values::{ServerUrl, parse_duration};
use crate::facts::UnixTime;
use crate::net::routes::Route;
use crate::replay::outside::{Outside, QueueRun, run};

/// How a mail server is reached and waited for.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "A mail server (smtp://…)")]
pub struct ServerArgs {
    /// Write the options that reach the servers to this file, as STICKLER_* variables, and the authority beside it
    #[arg(long, value_name = "FILE")]
    pub env: Option<PathBuf>,

    /// Run this once the servers are up and before the first message, to start the sender
    #[arg(long, value_name = "COMMAND")]
    pub start: Option<String>,

    /// Run this to let the sender try all that waits, as in 'postqueue -f'
    #[arg(long, value_name = "COMMAND")]
    pub queue_run: Option<String>,

    /// Without --queue-run, wait for the sender's own next try so long
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_duration)]
    pub retry: Duration,

    /// Take what was sent as settled once nothing has reached a server for this long
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub quiet: Duration,
}

/// Where the fake Internet is.
#[derive(Debug)]
pub(super) struct Whereabouts<'a> {
    /// Its authority.
    pub(super) ca_pem: &'a str,
    /// Its resolver.
    pub(super) resolver: SocketAddr,
    /// Where its addresses really are.
    pub(super) routes: Vec<Route>,
    /// Its time.
    pub(super) now: UnixTime,
}

impl ServerArgs {
    /// Returns the option that was given though there is no mail server that it could be about.
    pub(super) fn idle(&self) -> Option<&'static str> {
        [
            ("--env", self.env.is_some()),
            ("--start", self.start.is_some()),
            ("--queue-run", self.queue_run.is_some()),
        ]
        .into_iter()
        .find_map(|(option, is_given)| is_given.then_some(option))
    }

    /// Writes what leads into the fake Internet, starts the mail server, and returns it.
    pub(super) async fn start(
        &self,
        server: ServerUrl,
        whereabouts: Whereabouts<'_>,
    ) -> anyhow::Result<Outside> {
        if let Some(env) = &self.env {
            write_ways(env, whereabouts)
                .with_context(|| format!("cannot write `{}`", env.display()))?;
        }
        if let Some(start) = &self.start {
            run(start.as_str().into())
                .await
                .context("starting the sender")?;
        }
        let queue_run = match &self.queue_run {
            Some(command) => QueueRun::Command(command.as_str().into()),
            None => QueueRun::Within(self.retry),
        };
        Ok(Outside::new(server.0, queue_run)?)
    }
}

fn write_ways(env: &Path, whereabouts: Whereabouts<'_>) -> std::io::Result<()> {
    // A shell looks for a name without a slash along its PATH.
    let env = std::path::absolute(env)?;
    let mut ca_file = env.clone().into_os_string();
    ca_file.push(".ca.pem");
    let ca_file = PathBuf::from(ca_file);
    fs::write(&ca_file, whereabouts.ca_pem)?;
    let ways = Ways {
        resolver: whereabouts.resolver,
        routes: whereabouts.routes,
        ca_file,
        now: whereabouts.now,
    };
    ways.write_to(&env)
}
