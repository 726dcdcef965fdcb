//! The audit, and what its scores come to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::{AuditArgs, SenderArgument, read};
use crate::audit::{self, Lab, Level, Outcome, Requirement, Score, Time, Timing, requirements};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, tell};
use crate::cli::server_args::Whereabouts;
use crate::cli::values::ServerUrl;
use crate::facts::UnixTime;
use crate::report::audit::{Subject, write};
use crate::world::Listen;

/// Audits a sender.
///
/// # Errors
///
/// When an argument is wrong, the fake Internet fails, or the output cannot be written.
pub async fn run(args: &AuditArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let rows = chosen(&args.only)?;
    let known = match &args.known {
        Some(file) => Known::read(file)?,
        None => Known::default(),
    };
    let mut output = Output::open(args.output.as_deref())?;
    let mut scores = if args.self_test {
        audit::self_test(&rows).await?
    } else if !args.read.is_empty() {
        let read = args.read.iter().map(|file| read::scores(file));
        read.collect::<anyhow::Result<Vec<_>>>()?.concat()
    } else {
        vec![match args.sender {
            SenderArgument::Strict => audit::audit_strict(&rows).await?,
            SenderArgument::Control(control) => audit::audit_control(control, &rows).await?,
            SenderArgument::Server(server) => audit_server(server, args, &rows).await?,
        }]
    };
    let exit = if args.self_test {
        tell_passed(&scores)
    } else {
        let unneeded: BTreeSet<&str> = scores
            .iter_mut()
            .flat_map(|score| {
                if let Some(name) = &known.sender {
                    score.sender.clone_from(name);
                }
                score.excuse(&known.known)
            })
            .collect();
        for id in &unneeded {
            tell(format_args!(
                "error: `{id}` is met, though it is known not to be: take the row out"
            ));
        }
        let spared = if unneeded.is_empty() {
            Exit::Success
        } else {
            Exit::Failure
        };
        scores.iter().map(exit).fold(spared, Exit::and)
    };
    let context = environment.context(args.output.as_deref(), UnixTime::from_secs(0));
    let subject = if args.self_test {
        Subject::Controls
    } else {
        Subject::Senders
    };
    write(
        &mut output,
        args.format.into(),
        (subject, &scores),
        &context,
    )
    .context("writing the result")?;
    output.finish().context("writing the result")?;
    Ok(exit)
}

/// Returns the requirements that are to be looked at.
fn chosen(only: &[String]) -> anyhow::Result<Vec<&'static Requirement>> {
    let is_meant = |row: &Requirement, name: &str| row.id == name || row.name() == name;
    for name in only {
        if !requirements::all().any(|row| is_meant(row, name)) {
            bail!(
                "no requirement is named `{}`: `stickler audit -v` lists them",
                name.escape_debug()
            );
        }
    }
    Ok(requirements::all()
        .filter(|row| only.is_empty() || only.iter().any(|name| is_meant(row, name)))
        .collect())
}

/// What is known of a sender.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// What it is called.
    sender: Option<Box<str>>,
    /// The requirements that it does not meet, each with the reason.
    #[serde(default)]
    known: BTreeMap<Box<str>, Box<str>>,
}

impl Known {
    fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        let known: Self = toml::from_str(&text).with_context(|| format!("`{}`", file.display()))?;
        for id in known.known.keys() {
            if !requirements::all().any(|row| *row.id == **id) {
                bail!(
                    "`{}`: no requirement is named `{}`",
                    file.display(),
                    id.escape_debug()
                );
            }
        }
        Ok(known)
    }
}

/// Audits a mail server, at the addresses and ports that the DNS gives.
async fn audit_server(
    server: ServerUrl,
    args: &AuditArgs,
    rows: &[&Requirement],
) -> anyhow::Result<Score> {
    let timing = Timing {
        warm_up: args.timing.warm_up,
        quiet: args.server.quiet,
        change: args.timing.change,
        short_life: args.timing.short_life,
        ..Timing::default()
    };
    let lab = Lab::start(rows, Listen::RealPorts, Time::Real, timing).await?;
    let whereabouts = Whereabouts {
        ca_pem: lab.ca_pem(),
        resolver: lab.resolver(),
        routes: lab.routes(),
        now: lab.now(),
    };
    let mut sender = args.server.start(server, whereabouts).await?;
    let name = format!("smtp://{}", sender.at);
    let score = audit::audit(&name, rows, &lab, &mut sender).await?;
    lab.shutdown().await?;
    Ok(score)
}

/// Returns what a score comes to: only what must be counts.
fn exit(score: &Score) -> Exit {
    let has = |outcome| score.count(Level::Must, outcome) > 0;
    if has(Outcome::NotEnforced) {
        Exit::Failure
    } else if has(Outcome::NotShown) {
        Exit::Undetermined
    } else {
        Exit::Success
    }
}

/// Names the requirements that a control meets though it is made to fail them.
fn tell_passed(scores: &[Score]) -> Exit {
    let mut exit = Exit::Success;
    for score in scores {
        for scored in &score.requirements {
            if scored.outcome != Outcome::NotEnforced {
                exit = Exit::Failure;
                tell(format_args!(
                    "error: {} shows nothing: {} comes to `{}`",
                    scored.id, score.sender, scored.outcome
                ));
            }
        }
    }
    exit
}
