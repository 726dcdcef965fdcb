//! `stickler lint record`: the TXT records at `_mta-sts`.

use std::io::{self, Write};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::{finding, texts};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::output_args::{AnswerFormat, FailOn, OutputArgs};
use crate::diagnose::document::Finding;
use crate::diagnose::lint::record::RecordsInHand;
use crate::facts::Sentence;
use crate::report::{Style, Tone, escape, json};
use crate::sts::reading::Reading;
use crate::sts::record::Record;

/// The arguments of `lint record`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintRecordArgs {
    /// One TXT record each, bare or as dig prints it ("v=STSv1; " "id=1;")
    #[arg(value_name = "TEXT", required = true)]
    pub texts: Vec<String>,

    /// Exit with 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint record 'v=STSv1; id=20260301T080000;'
  stickler lint record \"$(dig +short TXT _mta-sts.example.com)\"
  stickler lint record --format json 'v=STSv1; id=1;' 'v=spf1 -all'

All arguments together are the records of one name.

Exit codes: 0 a sender finds a policy id, 1 it does not.";

/// Returns the JSON Schema of what `--format json` writes.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document<'static>)
}

/// The answer, for machines.
#[derive(JsonSchema, Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    letter: &'a Outcome,
    tolerant: &'a Outcome,
    findings: &'a [Finding],
}

/// What senders of one reading make of the records.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
struct Outcome {
    record: Option<Usable>,
    error: Option<Sentence>,
}

/// A usable record.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
struct Usable {
    id: String,
    extensions: Vec<String>,
}

/// Looks at the records of one name.
///
/// # Errors
///
/// When a text is no TXT record, and when the output cannot be written.
pub fn run(args: &LintRecordArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let records = RecordsInHand::read(texts::read(&args.texts)?);
    let [letter, tolerant] = Reading::BOTH.map(|reading| Outcome::of(records.record(reading)));
    let findings = records.findings();
    let is_valid = letter.record.is_some();
    let style = environment.style(args.output.output.as_deref());
    let mut output = Output::open(args.output.output.as_deref())?;
    match args.output.format {
        AnswerFormat::Text => write_text(&mut output, style, &letter, &tolerant, &findings)?,
        AnswerFormat::Json => {
            let document = Document {
                schema: "stickler/lint-record/2",
                letter: &letter,
                tolerant: &tolerant,
                findings: &findings,
            };
            writeln!(output, "{}", json::pretty(&document)?)?;
        }
    }
    output.finish()?;
    Ok(finding::exit(is_valid, &findings, args.fail_on))
}

impl Outcome {
    fn of(read: Result<&Record, Sentence>) -> Self {
        match read {
            Ok(record) => Self {
                record: Some(Usable {
                    id: record.id().to_string(),
                    extensions: record
                        .extensions()
                        .iter()
                        .map(|(name, value)| format!("{name}={value}"))
                        .collect(),
                }),
                error: None,
            },
            Err(error) => Self {
                record: None,
                error: Some(error),
            },
        }
    }
}

fn write_text(
    output: &mut impl Write,
    style: Style,
    letter: &Outcome,
    tolerant: &Outcome,
    findings: &[Finding],
) -> io::Result<()> {
    if let Some(usable) = &letter.record {
        let valid = style.paint(Tone::Good, "valid");
        writeln!(output, "{valid}: id {}", usable.id)?;
    }
    if let Some(error) = &letter.error {
        let not = style.paint(Tone::Bad, "not valid");
        writeln!(output, "{not}: {}", escape::line(&error.to_string()))?;
    }
    if let (None, Some(usable)) = (&letter.record, &tolerant.record) {
        writeln!(output, "to tolerant senders, valid: id {}", usable.id)?;
    }
    findings
        .iter()
        .try_for_each(|one| finding::write(one, output, style))
}
