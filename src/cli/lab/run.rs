//! `stickler lab run`: a command, with a scenario's servers around it.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};

use anyhow::Context as _;
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use super::scene::SceneArgs;
use super::servers::Servers;
use super::story::load;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::interrupt::{Interrupt, Interrupts};
use crate::cli::output::tell;

/// The arguments of `lab run`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LabRunArgs {
    /// What is served.
    #[command(flatten)]
    pub scene: SceneArgs,

    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lab run scenarios/migration/overlap-done-right.toml --at 2d2h \\
    -- stickler check corp.test
  stickler lab run story.toml --at 2026-03-04T10:00:00Z -- ./gate.sh

The command finds what leads to the servers in STICKLER_RESOLVER,
STICKLER_CONNECT_TO, STICKLER_CA_FILE and STICKLER_NOW. They end with it.

Exit codes: that of the command, or 128 and the number of the signal that ended
it; 126 it cannot be run, 127 it is not there, 2 the scenario is broken or
cannot be served.";

/// What a shell gives for a command that is there and cannot be run.
const CANNOT_BE_RUN: u8 = 126;

/// What a shell gives for a command that is not there.
const NOT_FOUND: u8 = 127;

/// Starts the servers, runs the command, and ends them.
pub(super) async fn run(args: &LabRunArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let Some(scenario) = load(&args.scene.file, environment) else {
        return Ok(Exit::Usage);
    };
    let (program, arguments) = args.command.split_first().context("no command is given")?;
    let mut interrupts = Interrupts::listen();
    let servers = Servers::start(&scenario, &args.scene, None).await?;
    let started = Command::new(program)
        .args(arguments)
        .envs(servers.ways().variables())
        .spawn();
    let exit = match started {
        Ok(child) => wait_for(child, &mut interrupts).await?,
        Err(error) => {
            tell(format_args!("error: {}: {error}", program.display()));
            Exit::OfCommand(match error.kind() {
                std::io::ErrorKind::NotFound => NOT_FOUND,
                _ => CANNOT_BE_RUN,
            })
        }
    };
    servers.end().await?;
    Ok(exit)
}

/// Waits until the command has ended. SIGTERM is handed on to it; Ctrl-C it has had from the terminal itself.
async fn wait_for(mut child: Child, interrupts: &mut Interrupts) -> anyhow::Result<Exit> {
    let pid = Pid::from_child(&child);
    let mut ended = tokio::task::spawn_blocking(move || child.wait());
    loop {
        tokio::select! {
            status = &mut ended => {
                let status = match status {
                    Ok(status) => status.context("waiting for the command")?,
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                };
                return Ok(Exit::OfCommand(code(status)));
            }
            interrupt = interrupts.next() => match interrupt {
                Interrupt::Keyboard => {}
                Interrupt::Terminate => kill_process(pid, Signal::TERM).context("ending the command")?,
            },
        }
    }
}

/// Returns what a shell gives for a command that ended so.
fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| Some(128 + status.signal()?))
        .unwrap_or(i32::from(CANNOT_BE_RUN));
    u8::try_from(code).unwrap_or(u8::MAX)
}
