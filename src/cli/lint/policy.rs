//! `stickler lint policy`: a policy body.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::Context as _;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::finding;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::output_args::{AnswerFormat, FailOn, OutputArgs};
use crate::cli::values::{Source, parse_host};
use crate::diagnose::document::Finding;
use crate::diagnose::explain::{explain, explain_nearest};
use crate::diagnose::lint::policy::{BodyFault, MAX_BODY_OCTETS, PolicyInHand};
use crate::facts::{DnsName, Sentence};
use crate::report::{Style, Tone, escape, json};
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;
use crate::sts::reading::Reading;

/// The arguments of `lint policy`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintPolicyArgs {
    /// The policy body; - is standard input
    #[arg(value_name = "FILE|-")]
    pub file: Source,

    /// Ask whether the policy covers these MX hosts
    #[arg(long, value_name = "HOST", num_args = 1.., value_delimiter = ',', value_parser = parse_host)]
    pub mx: Vec<DnsName>,

    /// Exit with 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint policy mta-sts.txt
  stickler lint policy mta-sts.txt --mx mx1.example.com mx2.example.com
  curl -sS https://mta-sts.example.com/.well-known/mta-sts.txt |
    stickler lint policy -

Exit codes: 0 valid and every --mx covered, 1 not, 2 the file cannot be read.";

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
    /// All that the letter forbids, in the order of the lines.
    errors: &'a [BodyError],
    mx_matches: &'a [MxMatch],
    findings: &'a [Finding],
}

/// What senders of one reading make of the body.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
struct Outcome {
    valid: bool,
    mode: Option<String>,
    max_age_secs: Option<u32>,
    mx: Vec<String>,
    error: Option<BodyError>,
}

/// Why a body is no policy.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
struct BodyError {
    /// From 1; null if the fault is no line's.
    line: Option<usize>,
    /// What is wrong.
    message: Sentence,
    /// What to do about it; null if that is not known.
    hint: Option<String>,
}

/// Whether the policy covers a host, and why.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
struct MxMatch {
    host: String,
    /// The first pattern that covers it; null if none does.
    pattern: Option<String>,
    reason: String,
}

/// Looks at a policy body.
///
/// # Errors
///
/// When the file cannot be read, or the output not written.
pub fn run(args: &LintPolicyArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let body = read(&args.file)?;
    let seen = PolicyInHand::read(&body, args.mx.clone());
    let [letter, tolerant] = Reading::BOTH.map(|reading| Outcome::of(seen.policy(reading)));
    let errors: Vec<BodyError> = seen.faults().iter().map(BodyError::of).collect();
    let mx_matches: Vec<MxMatch> = seen.usable().map_or_else(Vec::new, |policy| {
        seen.hosts()
            .iter()
            .map(|(host, pattern)| MxMatch::of(policy, host, pattern.as_ref()))
            .collect()
    });
    let findings = seen.findings();
    let style = environment.style(args.output.output.as_deref());
    let mut output = Output::open(args.output.output.as_deref())?;
    match args.output.format {
        AnswerFormat::Text => {
            write_text(&mut output, style, [&letter, &tolerant], errors.len())?;
            for found in &mx_matches {
                match &found.pattern {
                    Some(pattern) => writeln!(output, "{} covered by {pattern}", found.host)?,
                    None => {
                        let not = style.paint(Tone::Bad, "NOT covered");
                        writeln!(output, "{} {not}: {}", found.host, found.reason)?;
                    }
                }
            }
            findings
                .iter()
                .try_for_each(|one| finding::write(one, &mut output, style))?;
        }
        AnswerFormat::Json => {
            let document = Document {
                schema: "stickler/lint-policy/2",
                letter: &letter,
                tolerant: &tolerant,
                errors: &errors,
                mx_matches: &mx_matches,
                findings: &findings,
            };
            writeln!(output, "{}", json::pretty(&document)?)?;
        }
    }
    output.finish()?;
    Ok(finding::exit(letter.valid, &findings, args.fail_on))
}

/// Reads the body, and one octet more than it may have.
fn read(source: &Source) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    let limit = MAX_BODY_OCTETS as u64 + 1;
    match source {
        Source::File(path) => File::open(path)
            .and_then(|file| file.take(limit).read_to_end(&mut body))
            .with_context(|| format!("cannot read `{}`", path.display()))?,
        Source::Stdin => io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut body)
            .context("cannot read standard input")?,
    };
    Ok(body)
}

impl Outcome {
    fn of(read: Result<&Policy, BodyFault>) -> Self {
        match read {
            Ok(policy) => Self {
                valid: true,
                mode: Some(policy.mode().to_string()),
                max_age_secs: Some(policy.max_age().as_secs()),
                mx: policy.patterns().iter().map(ToString::to_string).collect(),
                error: None,
            },
            Err(fault) => Self {
                valid: false,
                mode: None,
                max_age_secs: None,
                mx: Vec::new(),
                error: Some(BodyError::of(&fault)),
            },
        }
    }

    /// Writes what it comes to, in a line; the findings below say the rest.
    fn write(&self, output: &mut impl Write, style: Style, faults: usize) -> io::Result<()> {
        if let (Some(mode), Some(max_age_secs)) = (&self.mode, self.max_age_secs) {
            let valid = style.paint(Tone::Good, "valid");
            write!(output, "{valid}: mode {mode}, max_age {max_age_secs}")?;
            if !self.mx.is_empty() {
                write!(output, ", mx {}", self.mx.join(", "))?;
            }
        } else {
            let not = style.paint(Tone::Bad, "not valid");
            match &self.error {
                Some(error) if faults < 2 => write!(output, "{not}: {error}")?,
                Some(_) | None => write!(output, "{not}: {faults} faults")?,
            }
        }
        writeln!(output)
    }
}

impl BodyError {
    fn of(fault: &BodyFault) -> Self {
        Self {
            line: fault.line(),
            message: fault.message(),
            hint: fault.hint(),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&escape::line(&self.message.to_string()))
    }
}

impl MxMatch {
    fn of(policy: &Policy, host: &DnsName, pattern: Option<&MxPattern>) -> Self {
        Self {
            host: host.to_string(),
            pattern: pattern.map(ToString::to_string),
            reason: match pattern {
                Some(pattern) => explain(pattern, host),
                None => explain_nearest(policy, host),
            },
        }
    }
}

fn write_text(
    output: &mut impl Write,
    style: Style,
    [letter, tolerant]: [&Outcome; 2],
    faults: usize,
) -> io::Result<()> {
    letter.write(output, style, faults)?;
    if tolerant.valid && !letter.valid {
        write!(output, "to tolerant senders, ")?;
        tolerant.write(output, style, faults)?;
    }
    Ok(())
}
