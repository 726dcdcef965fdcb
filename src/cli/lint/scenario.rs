//! `stickler lint scenario`: what is wrong with scenario files, and where.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::output_args::{OutputArgs, RunFormat};
use crate::report::text::Look;
use crate::report::{Tone, escape, json, text};
use crate::scenario::{self, Problem};

/// The arguments of `lint scenario`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintScenarioArgs {
    /// Scenario files, or folders that are searched for *.toml
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<RunFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint scenario scenarios/
  stickler lint scenario --format json my-migration.toml

Exit codes: 0 nothing wrong, 1 a scenario is invalid, 2 a file cannot be read
or there is none.";

/// The name and version of the documents.
const SCHEMA: &str = "stickler/lint-scenario/1";

/// Returns the JSON Schema of what `--format json` writes, and of each line of `--format ndjson`.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document<'static>)
}

/// The answer, for machines.
#[derive(JsonSchema, Serialize)]
struct Document<'a> {
    schema: &'static str,
    files: &'a [Linted],
}

/// What is wrong with one file.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
struct Linted {
    file: String,
    valid: bool,
    problems: Vec<Problem>,
}

/// Looks at every file.
///
/// # Errors
///
/// When a path cannot be looked at, and when the output cannot be written.
pub fn run(args: &LintScenarioArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let files = scenario::discover(&args.paths)?;
    if files.is_empty() {
        bail!("there is no scenario: no file in these folders ends in .toml");
    }
    let output = Output::open(args.output.output.as_deref())?;
    let mut exit = Exit::Success;
    let mut scenarios = Vec::new();
    let mut linted = Vec::new();
    for file in &files {
        let problems = match scenario::load(file) {
            Ok(scenario) => {
                scenarios.push(scenario);
                Vec::new()
            }
            Err(error) => {
                exit = exit.and(exit_of(file));
                error.problems
            }
        };
        linted.push(Linted {
            file: file.display().to_string(),
            valid: problems.is_empty(),
            problems,
        });
    }
    for duplicate in scenario::duplicate_ids(&scenarios) {
        exit = exit.and(Exit::Failure);
        let file = duplicate.file.display().to_string();
        if let Some(of_file) = linted.iter_mut().find(|linted| linted.file == file) {
            of_file.valid = false;
            of_file.problems.push(duplicate);
        }
    }
    write(args, environment, output, &linted).context("writing the result")?;
    Ok(exit)
}

/// A file that is there and wrong is an invalid scenario, one that is not there is wrong usage.
fn exit_of(file: &Path) -> Exit {
    match File::open(file) {
        Ok(_) => Exit::Failure,
        Err(_) => Exit::Usage,
    }
}

fn write(
    args: &LintScenarioArgs,
    environment: &Environment,
    mut output: Output,
    linted: &[Linted],
) -> anyhow::Result<()> {
    match args.output.format {
        RunFormat::Text => {
            let style = environment.style(args.output.output.as_deref());
            let look = environment.look(args.output.output.as_deref());
            for problem in linted.iter().flat_map(|linted| &linted.problems) {
                writeln!(output, "{}", text::problem(problem, look))?;
            }
            let invalid = linted.iter().filter(|linted| !linted.valid).count();
            if invalid == 0 {
                let plural = if linted.len() == 1 { "" } else { "s" };
                writeln!(
                    output,
                    "{}: {} scenario{plural}",
                    style.paint(Tone::Good, "valid"),
                    linted.len()
                )?;
            } else {
                writeln!(
                    output,
                    "{}: {invalid} of {}",
                    style.paint(Tone::Bad, "not valid"),
                    linted.len()
                )?;
            }
        }
        RunFormat::Json => {
            let text = json::pretty(&Document {
                schema: SCHEMA,
                files: linted,
            })?;
            writeln!(output, "{}", text)?;
        }
        RunFormat::Ndjson => {
            for linted in linted {
                let text = json::compact(&Document {
                    schema: SCHEMA,
                    files: std::slice::from_ref(linted),
                })?;
                writeln!(output, "{}", text)?;
            }
        }
        RunFormat::Junit => output.write_all(junit(linted)?.as_bytes())?,
    }
    output.finish()?;
    Ok(())
}

fn junit(linted: &[Linted]) -> anyhow::Result<String> {
    let name = "stickler lint scenario";
    let mut suite = TestSuite::new(name);
    for linted in linted {
        let status = if linted.valid {
            TestCaseStatus::success()
        } else {
            let told: Vec<String> = (linted.problems.iter())
                .map(|problem| text::problem(problem, Look::PLAIN))
                .collect();
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("invalid");
            let first = linted.problems.first().map(ToString::to_string);
            status.set_message(escape::line(&first.unwrap_or_default()));
            status.set_description(told.join("\n"));
            status
        };
        let mut case = TestCase::new(escape::line(&linted.file), status);
        case.set_classname(name);
        suite.add_test_case(case);
    }
    let mut report = Report::new(name);
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}
