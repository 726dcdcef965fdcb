//! `stickler lab up`: the servers of one scenario, at one of its moments, until somebody ends them.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::mpsc;

use super::moment::{LabTime, LabTimeError};
use super::scene::SceneArgs;
use super::servers::Servers;
use super::story::load;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::repeat::quoted;
use crate::facts::DnsName;
use crate::net::routes::Route;
use crate::scenario::span;
use crate::world::control::Record;

/// The arguments of `lab up`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LabUpArgs {
    /// What is served.
    #[command(flatten)]
    pub scene: SceneArgs,

    /// Write the options that reach the servers to this file too, as STICKLER_* variables
    #[arg(long, value_name = "FILE")]
    pub env: Option<PathBuf>,
}

/// How many lines of input may wait for the one before them.
const WAITING_LINES: usize = 16;

const LAST_STEP: &str = "this was the last step: `at TIME` goes anywhere, `quit` ends it\n";

/// What is read from standard input.
const COMMANDS: &str = "  next      go on to the next step
  at TIME   go to a moment: `at 2d3h`, `at 2026-03-04T11:00:00Z`
  steps     list the steps, and mark where it stands
  history   print what reached the servers since it was asked last, as JSON
  help      print this
  quit      end it, as Ctrl-C and SIGTERM do
";

const EXAMPLES: &str = "\
Examples:
  stickler lab up scenarios/migration/overlap-done-right.toml --at 2d2h
  stickler lab up scenario.toml --env lab.env
    and elsewhere: set -a; . ./lab.env; stickler check corp.test
  mkfifo steps; stickler lab up scenario.toml 0<>steps
    and elsewhere: echo next > steps

It prints the options to reach the servers. While it is up it reads commands
from standard input: `next` moves on to the next step, `at 2d3h` to that
moment, `steps` lists them, `help` the other commands. The end of the input
ends nothing: Ctrl-C, SIGTERM and `quit` do. The options stay valid; after a
step there is a new `--now`, and there may be new routes: they are printed, and
--env FILE is written anew, so read it again. At the end that file is deleted.

--real-ports needs root, or the right to bind ports below 1024, and addresses
as in: ip address add 192.0.2.1/24 dev lo. Programs that run by the system's
clock see certificates whose lives are counted from the scenario's start.

Exit codes: 0 it was ended, 2 the scenario is broken or cannot be served.";

/// Starts the servers and stays up.
pub(super) async fn run(args: &LabUpArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let Some(scenario) = load(&args.scene.file, environment) else {
        return Ok(Exit::Usage);
    };
    let mut interrupts = Interrupts::listen();
    let servers = Servers::start(&scenario, &args.scene, args.env.as_deref()).await?;
    let mut lab = Lab {
        told: servers.ways().routes,
        servers,
        output: Output::open(None)?,
        prompts: io::stdin().is_terminal() && io::stdout().is_terminal(),
    };
    lab.tell_all()?;
    let mut lines = read_lines();
    loop {
        lab.prompt()?;
        let line = tokio::select! {
            // The end of the input is no command: in a container there may be none from the start.
            Some(line) = lines.recv() => line,
            // The ordinary way to end what runs in a terminal or in a container.
            _interrupt = interrupts.next() => {
                lab.end_line()?;
                break;
            }
        };
        match Command::read(&line) {
            Ok(None) => {}
            Ok(Some(Command::Next)) => match lab.next_moment() {
                Some(after) => lab.move_to(after).await?,
                None => lab.say(LAST_STEP)?,
            },
            Ok(Some(Command::At(time))) => match time.in_story(&scenario) {
                Ok(after) => lab.move_to(after).await?,
                Err(error) => lab.say(&format!("{error}\n"))?,
            },
            Ok(Some(Command::Steps)) => lab.tell_steps()?,
            Ok(Some(Command::History)) => lab.tell_history()?,
            Ok(Some(Command::Help)) => lab.say(COMMANDS)?,
            Ok(Some(Command::Quit)) => break,
            Err(error) => lab.say(&format!("{error}\n"))?,
        }
    }
    lab.servers.end().await?;
    Ok(Exit::Success)
}

/// A line of input.
enum Command {
    Next,
    At(LabTime),
    Steps,
    History,
    Help,
    Quit,
}

impl Command {
    /// Reads a line; an empty one says nothing.
    fn read(line: &str) -> Result<Option<Self>, CommandError> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        Ok(Some(match (word, rest) {
            ("", _) => return Ok(None),
            ("at", time) => Self::At(time.parse()?),
            ("next", "") => Self::Next,
            ("steps", "") => Self::Steps,
            ("history", "") => Self::History,
            ("help" | "?", "") => Self::Help,
            ("quit" | "exit", "") => Self::Quit,
            _ => return Err(CommandError::Unknown(line.chars().take(80).collect())),
        }))
    }
}

/// Why a line is no command.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(
        "`{}` is no command: write `next`, `at 2d3h`, `steps`, `history`, `help` or `quit`",
        .0.escape_debug()
    )]
    Unknown(String),
    #[error(transparent)]
    Time(#[from] LabTimeError),
}

/// The servers, and whom they are told of.
struct Lab<'s> {
    servers: Servers<'s>,
    output: Output,
    /// The routes that were printed.
    told: Vec<Route>,
    /// Whether somebody types.
    prompts: bool,
}

impl Lab<'_> {
    /// Prints what reached the servers since the last time.
    fn tell_history(&mut self) -> anyhow::Result<()> {
        let world = self.servers.world();
        let record = Record {
            requests: world.drain_history(),
            unannounced: world.unannounced(),
        };
        let line = serde_json::to_string(&record).context("the history as JSON")?;
        self.say(&format!("{line}\n"))
    }

    /// Lists the steps, and marks the one that holds.
    fn tell_steps(&mut self) -> anyhow::Result<()> {
        let held = self.servers.moment().map(|moment| moment.after);
        let start = self.servers.scenario().story.start;
        let mut text = String::new();
        for moment in self.servers.moments() {
            let mark = if held == Some(moment.after) { '*' } else { ' ' };
            let time = start.saturating_add(moment.after);
            let after = span::format(moment.after);
            let line = format!("{mark} {after:<8} {time}  {}", moment.title);
            writeln!(text, "{}", line.trim_end())?;
        }
        self.say(&text)
    }

    fn next_moment(&self) -> Option<Duration> {
        self.servers
            .moments()
            .map(|moment| moment.after)
            .find(|after| *after > self.servers.after())
    }

    /// Tells where the story stands and every option.
    fn tell_all(&mut self) -> anyhow::Result<()> {
        let mut text = self.headline();
        let domains: Vec<&str> = self
            .servers
            .moment()
            .into_iter()
            .flat_map(|moment| &moment.state.domains)
            .map(DnsName::as_str)
            .collect();
        let check = format!("stickler check {}", domains.join(" "));
        write!(text, "\nTo look at it from another terminal:\n\n  {check}")?;
        for option in self.servers.ways().options() {
            write!(text, " \\\n    {option}")?;
        }
        text.push('\n');
        for resolver in self.resolvers() {
            writeln!(text, "\n{resolver}")?;
        }
        if let Some(read) = self.read_again() {
            writeln!(
                text,
                "\nThe same with variables, to be read again after each step:\n\n  {read}; {check}",
            )?;
        }
        text.push_str(
            "\n`next` moves on, `at TIME` goes to a moment, `help` lists the rest, `quit` ends it.\n",
        );
        self.say(&text)
    }

    /// Moves the story, and tells what has changed for those who look at it.
    async fn move_to(&mut self, after: Duration) -> anyhow::Result<()> {
        self.servers.move_to(after).await?;
        let ways = self.servers.ways();
        let mut text = self.headline();
        for route in ways
            .routes
            .iter()
            .filter(|route| !self.told.contains(route))
        {
            writeln!(text, "  --connect-to {route}")?;
        }
        if let Some(read) = self.read_again() {
            writeln!(text, "  read the variables again: {read}")?;
        }
        writeln!(text, "  --now {}", ways.now)?;
        self.told = ways.routes;
        self.say(&text)
    }

    /// Returns the command that reads the variables.
    fn read_again(&self) -> Option<String> {
        let env = quoted(&self.servers.env()?.to_string_lossy());
        Some(format!("set -a; . {env}; set +a"))
    }

    fn headline(&self) -> String {
        let title = self.servers.moment().map_or("", |moment| &moment.title);
        let colon = if title.is_empty() { "" } else { ": " };
        format!(
            "{} at {} ({} after the start){colon}{title}\n",
            self.servers.scenario().story.id,
            self.servers.now(),
            span::format(self.servers.after()),
        )
    }

    /// Tells of the resolvers that see something else.
    fn resolvers(&self) -> Vec<String> {
        self.servers
            .moment()
            .into_iter()
            .flat_map(|moment| moment.state.internet.views.keys())
            .filter_map(|resolver| {
                let address = self.servers.world().view_address(resolver)?;
                Some(format!(
                    "As the resolver `{resolver}` sees it: --resolver {address}"
                ))
            })
            .collect()
    }

    fn prompt(&mut self) -> anyhow::Result<()> {
        if self.prompts {
            self.say(&format!("lab {}> ", span::format(self.servers.after())))?;
        }
        Ok(())
    }

    /// Leaves the line of the prompt.
    fn end_line(&mut self) -> anyhow::Result<()> {
        if self.prompts {
            self.say("\n")?;
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.flush()?;
        Ok(())
    }
}

/// Reads standard input on a thread that nobody waits for: a read of a terminal cannot be cancelled.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(WAITING_LINES);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
