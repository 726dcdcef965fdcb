//! `stickler lab up`: the servers of one scenario, at one of its moments, until somebody ends them.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use clap::builder::BoolishValueParser;
use tokio::sync::mpsc;

use super::paste::Ways;
use super::story::load;
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::repeat::quoted;
use crate::cli::values::parse_duration;
use crate::facts::{DnsName, UnixTime};
use crate::net::routes::Route;
use crate::replay::on_lab::{LabStage, clients};
use crate::replay::stage::Stage as _;
use crate::report::time::span;
use crate::scenario::Scenario;
use crate::story::Moment;
use crate::world::Listen;
use crate::world::control::Record;

/// The arguments of `lab up`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LabUpArgs {
    /// The scenario
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Start at this moment of the scenario, counted from its start
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
    pub at: Duration,

    /// Serve every address of the scenario at itself, at ports 25 and 443, and the DNS at 127.0.0.1, port 53:
    /// for programs that know no routes, in a container or network namespace that has the addresses
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub real_ports: bool,

    /// Write the options that reach the servers to this file too, as STICKLER_* variables
    #[arg(long, value_name = "FILE")]
    pub env: Option<PathBuf>,
}

/// How many lines of input may wait for the one before them.
const WAITING_LINES: usize = 16;

const LAST_STEP: &str = "this was the last step: `at TIME` goes anywhere, `quit` ends it\n";

const EXAMPLES: &str = "\
Examples:
  stickler lab up scenarios/migration/overlap-done-right.toml --at 2d2h
  stickler lab up scenario.toml --env lab.env
    and elsewhere: set -a; . ./lab.env; stickler check corp.test
  mkfifo steps; stickler lab up scenario.toml 0<>steps
    and elsewhere: echo next > steps

It prints the options to reach the servers. While it is up it reads commands
from standard input: `next` moves on to the next step, `at 2d3h` to that
moment, `quit` ends it, as Ctrl-C and SIGTERM do. The end of the input does
not. The options stay valid; a new `--now` and new routes are printed, and
--env FILE is written anew. `history` prints what reached the servers since it
was asked last, messages too, as a line of JSON.

--real-ports needs root, or the right to bind ports below 1024, and addresses
as in: ip address add 192.0.2.1/24 dev lo. Programs that run by the system's
clock see certificates whose lives are counted from the scenario's start.

Exit codes: 0 it was ended, 2 the scenario is broken or cannot be served.";

/// Starts the servers and stays up.
pub(super) async fn run(args: &LabUpArgs) -> anyhow::Result<Exit> {
    let Some(scenario) = load(&args.file) else {
        return Ok(Exit::Usage);
    };
    let mut lab = Lab::start(&scenario, args).await?;
    let mut interrupts = Interrupts::listen();
    lab.tell_all()?;
    let mut lines = read_lines();
    loop {
        let line = tokio::select! {
            // The end of the input is no command: in a container there may be none from the start.
            Some(line) = lines.recv() => line,
            // The ordinary way to end what runs in a terminal or in a container.
            _interrupt = interrupts.next() => break,
        };
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, _, _) => {}
            (Some("next"), None, _) => match lab.next_moment() {
                Some(after) => lab.move_to(after).await?,
                None => lab.say(LAST_STEP)?,
            },
            (Some("at"), Some(time), None) => match parse_duration(time) {
                Ok(after) => lab.move_to(after).await?,
                Err(error) => lab.say(&format!("`{}`: {error}\n", time.escape_debug()))?,
            },
            (Some("history"), None, _) => lab.tell_history()?,
            (Some("quit" | "exit"), None, _) => break,
            _ => lab.say(&format!(
                "`{}` is no command: write `next`, `at 2d3h`, `history` or `quit`\n",
                line.trim().escape_debug()
            ))?,
        }
    }
    lab.end().await?;
    Ok(Exit::Success)
}

/// The servers, and where in the story they stand.
struct Lab<'s> {
    scenario: &'s Scenario,
    stage: LabStage,
    output: Output,
    env: Option<PathBuf>,
    ca_file: PathBuf,
    /// Holds the authority's file if nobody said where it may lie; it goes with this.
    _folder: Option<tempfile::TempDir>,
    /// The time since the start of the story.
    after: Duration,
    /// The routes that were told.
    told: Vec<Route>,
}

impl<'s> Lab<'s> {
    async fn start(scenario: &'s Scenario, args: &LabUpArgs) -> anyhow::Result<Self> {
        let moment = moment_at(scenario, args.at)
            .context("the scenario has no step, so there is nothing to serve")?;
        let listen = if args.real_ports {
            Listen::RealPorts
        } else {
            Listen::FreePorts
        };
        let clients = clients(&moment.state);
        let start = scenario.story.start;
        let stage = LabStage::start(listen, start, &moment.state, clients).await?;
        let absolute = |env: &PathBuf| {
            std::path::absolute(env).with_context(|| format!("`{}`", env.display()))
        };
        // A shell looks for a name without a slash along its PATH.
        let env = args.env.as_ref().map(absolute).transpose()?;
        let (ca_file, folder) = match &env {
            Some(env) => {
                let mut path = env.clone().into_os_string();
                path.push(".ca.pem");
                (path.into(), None)
            }
            None => {
                let folder = tempfile::Builder::new()
                    .prefix("stickler-lab-")
                    .tempdir()
                    .context("making a folder for the lab's authority")?;
                (folder.path().join("ca.pem"), Some(folder))
            }
        };
        fs::write(&ca_file, stage.world().ca_pem())
            .with_context(|| format!("cannot write `{}`", ca_file.display()))?;
        Ok(Self {
            scenario,
            stage,
            output: Output::open(None)?,
            env,
            ca_file,
            _folder: folder,
            after: args.at,
            told: Vec::new(),
        })
    }

    fn now(&self) -> UnixTime {
        self.scenario.story.start.saturating_add(self.after)
    }

    fn ways(&self) -> Ways {
        Ways {
            resolver: self.stage.world().dns_address(),
            routes: self.stage.routes(),
            ca_file: self.ca_file.clone(),
            now: self.now(),
        }
    }

    /// Prints what reached the servers since the last time.
    fn tell_history(&mut self) -> anyhow::Result<()> {
        let world = self.stage.world();
        let record = Record {
            requests: world.drain_history(),
            unannounced: world.unannounced(),
        };
        let line = serde_json::to_string(&record).context("the history as JSON")?;
        self.say(&format!("{line}\n"))
    }

    fn next_moment(&self) -> Option<Duration> {
        self.scenario
            .story
            .moments
            .iter()
            .map(|moment| moment.after)
            .find(|after| *after > self.after)
    }

    /// Tells where the story stands and every option.
    fn tell_all(&mut self) -> anyhow::Result<()> {
        let ways = self.ways();
        let mut text = self.headline();
        let domains: Vec<&str> = self
            .moment()
            .into_iter()
            .flat_map(|moment| &moment.state.domains)
            .map(DnsName::as_str)
            .collect();
        let check = format!("stickler check {}", domains.join(" "));
        write!(text, "\nTo look at it from another terminal:\n\n  {check}")?;
        for option in ways.options() {
            write!(text, " \\\n    {option}")?;
        }
        text.push('\n');
        for resolver in self.resolvers() {
            writeln!(text, "\n{resolver}")?;
        }
        if let Some(env) = &self.env {
            writeln!(
                text,
                "\nThe same with variables, which are written anew at each step:\n\n  \
                 set -a; . {}; set +a; {check}",
                quoted(&env.to_string_lossy())
            )?;
        }
        text.push_str("\n`next` moves on, `at TIME` goes to a moment, `quit` ends it.\n");
        self.publish(ways)?;
        self.say(&text)
    }

    /// Moves the story, and tells what has changed for those who look at it.
    async fn move_to(&mut self, after: Duration) -> anyhow::Result<()> {
        let Some(moment) = moment_at(self.scenario, after) else {
            return self.say("the story begins later\n");
        };
        self.stage.apply(&moment.state).await?;
        self.after = after;
        let told = std::mem::take(&mut self.told);
        let ways = self.ways();
        let mut text = self.headline();
        writeln!(text, "  --now {}", ways.now)?;
        for route in ways.routes.iter().filter(|route| !told.contains(route)) {
            writeln!(text, "  --connect-to {route}")?;
        }
        self.publish(ways)?;
        self.say(&text)
    }

    fn moment(&self) -> Option<&'s Moment> {
        moment_at(self.scenario, self.after)
    }

    fn headline(&self) -> String {
        let title = self.moment().map_or("", |moment| &moment.title);
        let colon = if title.is_empty() { "" } else { ": " };
        format!(
            "{} at {} ({} after the start){colon}{title}\n",
            self.scenario.story.id,
            self.now(),
            span(self.after),
        )
    }

    /// Tells of the resolvers that see something else.
    fn resolvers(&self) -> Vec<String> {
        self.moment()
            .into_iter()
            .flat_map(|moment| moment.state.internet.views.keys())
            .filter_map(|resolver| {
                let address = self.stage.world().view_address(resolver)?;
                Some(format!(
                    "As the resolver `{resolver}` sees it: --resolver {address}"
                ))
            })
            .collect()
    }

    fn publish(&mut self, ways: Ways) -> anyhow::Result<()> {
        if let Some(env) = &self.env {
            ways.write_to(env)
                .with_context(|| format!("cannot write `{}`", env.display()))?;
        }
        self.told = ways.routes;
        Ok(())
    }

    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.flush()?;
        Ok(())
    }

    async fn end(self) -> anyhow::Result<()> {
        self.stage.shutdown().await?;
        Ok(())
    }
}

/// Returns the step that holds at a time; before the first one, that one.
pub(super) fn moment_at(scenario: &Scenario, after: Duration) -> Option<&Moment> {
    scenario
        .story
        .moments
        .iter()
        .rev()
        .find(|moment| moment.after <= after)
        .or_else(|| scenario.story.moments.first())
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
