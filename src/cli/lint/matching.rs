//! `stickler lint match`: one pattern, one host.

use std::io::{self, Write};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::output_args::{AnswerFormat, OutputArgs};
use crate::cli::values::parse_host;
use crate::diagnose::explain::explain;
use crate::facts::DnsName;
use crate::report::{Style, Tone, json};
use crate::sts::mx::MxPattern;

/// The arguments of `lint match`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintMatchArgs {
    /// The pattern, as it stands after `mx:` in a policy
    #[arg(value_name = "PATTERN")]
    pub pattern: String,

    /// The MX host, as it stands in the MX record
    #[arg(value_name = "HOST", value_parser = parse_host)]
    pub host: DnsName,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint match '*.example.com' mx1.example.com       # covers it
  stickler lint match '*.mx.microsoft' corp.o-v1.mx.microsoft  # two labels: no
  stickler lint match --format json mx.example.com MX.example.com.

Exit codes: 0 the pattern covers the host, 1 it does not or is no
pattern, 2 the host is none.";

/// Returns the JSON Schema of what `--format json` writes.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document<'static>)
}

/// The answer, for machines.
#[derive(JsonSchema, Serialize)]
struct Document<'a> {
    schema: &'static str,
    pattern: &'a str,
    host: &'a str,
    #[serde(flatten)]
    letter: Answer,
    tolerant: Answer,
}

/// Whether the pattern covers the host in one reading, and why.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
struct Answer {
    r#match: bool,
    reason: String,
}

/// Asks whether the pattern covers the host.
///
/// # Errors
///
/// When the output cannot be written.
pub fn run(args: &LintMatchArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let letter = answer(&args.pattern, &args.host);
    // The one thing that tolerant senders forgive in a pattern (see `Reading`) is a dot at its end.
    let tolerant = match args.pattern.strip_suffix('.') {
        Some(pattern) if !pattern.ends_with('.') => answer(pattern, &args.host),
        Some(_) | None => letter.clone(),
    };
    let exit = if letter.r#match {
        Exit::Success
    } else {
        Exit::Failure
    };
    let style = environment.style(args.output.output.as_deref());
    let mut output = Output::open(args.output.output.as_deref())?;
    match args.output.format {
        AnswerFormat::Text => {
            letter.write(&mut output, style)?;
            if tolerant != letter {
                write!(output, "to tolerant senders, ")?;
                tolerant.write(&mut output, style)?;
            }
        }
        AnswerFormat::Json => {
            let document = Document {
                schema: "stickler/lint-match/1",
                pattern: &args.pattern,
                host: args.host.as_str(),
                letter,
                tolerant,
            };
            writeln!(output, "{}", json::pretty(&document)?)?;
        }
    }
    output.finish()?;
    Ok(exit)
}

impl Answer {
    fn write(&self, output: &mut impl Write, style: Style) -> io::Result<()> {
        if self.r#match {
            writeln!(
                output,
                "{}: {}",
                style.paint(Tone::Good, "match"),
                self.reason
            )
        } else {
            writeln!(
                output,
                "{}: {}",
                style.paint(Tone::Bad, "no match"),
                self.reason
            )
        }
    }
}

fn answer(pattern: &str, host: &DnsName) -> Answer {
    match pattern.parse::<MxPattern>() {
        Ok(pattern) => Answer {
            r#match: pattern.matches(host),
            reason: explain(&pattern, host),
        },
        Err(error) => Answer {
            r#match: false,
            reason: format!("the pattern is none: {error}"),
        },
    }
}
