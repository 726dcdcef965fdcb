//! `stickler lab serve`: the part of the fake Internet that has one address.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;

use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::replay::far::servers::CONTROL_PORT;
use crate::world::{Listen, control};

/// The arguments of `lab serve`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LabServeArgs {
    /// The address, which this machine or container has
    #[arg(value_name = "ADDR")]
    pub address: IpAddr,
}

const EXAMPLES: &str = "\
Examples:
  stickler lab serve 198.51.100.21

It serves nothing until `stickler lab apply` or `lab play` says what; then the
servers that the story has at this address at ports 25 and 443, and at port 53
a resolver. It is told so over HTTP at port 8025, by anybody who reaches it:
it is for a network of containers alone.

Exit codes: 0 it was ended, 2 it cannot listen.";

/// Serves until somebody ends it.
pub(super) async fn run(args: &LabServeArgs) -> anyhow::Result<Exit> {
    let at = SocketAddr::new(args.address, CONTROL_PORT);
    let listener = TcpListener::bind(at)
        .await
        .with_context(|| format!("no control port at {at}"))?;
    let mut interrupts = Interrupts::listen();
    let ends = async move {
        // The ordinary way to end what runs in a container.
        let _interrupt = interrupts.next().await;
    };
    control::serve(listener, Listen::Only(args.address), ends).await?;
    Ok(Exit::Success)
}
