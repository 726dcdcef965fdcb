//! `stickler lint tlsrpt`: the TXT records at `_smtp._tls`.

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
use crate::diagnose::lint::tlsrpt::TlsRptInHand;
use crate::facts::Sentence;
use crate::report::{Style, Tone, escape, json};
use crate::tlsrpt::record::{Record, ReportUri};

/// The arguments of `lint tlsrpt`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintTlsRptArgs {
    /// One TXT record each, bare or as dig prints it ("v=TLSRPTv1; " "rua=mailto:a@b")
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
  stickler lint tlsrpt 'v=TLSRPTv1; rua=mailto:reports@example.com'
  stickler lint tlsrpt \"$(dig +short TXT _smtp._tls.example.com)\"
  stickler lint tlsrpt --format json 'v=TLSRPTv1; rua=mailto:a@example.com'

All arguments together are the records of one name.

Exit codes: 0 senders know where reports go, 1 they do not.";

/// Returns the JSON Schema of what `--format json` writes.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document<'static>)
}

/// The answer, for machines.
#[derive(JsonSchema, Serialize)]
struct Document<'a> {
    schema: &'static str,
    record: Option<Usable>,
    error: Option<Sentence>,
    findings: &'a [Finding],
}

/// A usable record.
#[derive(JsonSchema, Serialize)]
struct Usable {
    /// Where reports go, at most 32.
    rua: Vec<String>,
    extensions: Vec<String>,
}

impl Usable {
    fn of(record: &Record) -> Self {
        Self {
            rua: record.uris().iter().map(ToString::to_string).collect(),
            extensions: record
                .extensions()
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        }
    }
}

/// Looks at the records of one name.
///
/// # Errors
///
/// When a text is no TXT record, and when the output cannot be written.
pub fn run(args: &LintTlsRptArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let records = TlsRptInHand::read(texts::read(&args.texts)?);
    let read = records.record();
    let findings = records.findings();
    let style = environment.style(args.output.output.as_deref());
    let mut output = Output::open(args.output.output.as_deref())?;
    match args.output.format {
        AnswerFormat::Text => write_text(&mut output, style, read.as_ref().copied(), &findings)?,
        AnswerFormat::Json => {
            let document = Document {
                schema: "stickler/lint-tlsrpt/1",
                record: read.as_ref().ok().map(|record| Usable::of(record)),
                error: read.as_ref().err().cloned(),
                findings: &findings,
            };
            writeln!(output, "{}", json::pretty(&document)?)?;
        }
    }
    output.finish()?;
    Ok(finding::exit(read.is_ok(), &findings, args.fail_on))
}

fn write_text(
    output: &mut impl Write,
    style: Style,
    read: Result<&Record, &Sentence>,
    findings: &[Finding],
) -> io::Result<()> {
    match read {
        Ok(record) => {
            let uris: Vec<&str> = record.uris().iter().map(ReportUri::as_str).collect();
            let valid = style.paint(Tone::Good, "valid");
            writeln!(output, "{valid}: reports go to {}", uris.join(", "))?;
        }
        Err(error) => {
            let not = style.paint(Tone::Bad, "not valid");
            writeln!(output, "{not}: {}", escape::line(&error.to_string()))?;
        }
    }
    findings
        .iter()
        .try_for_each(|one| finding::write(one, output, style))
}
