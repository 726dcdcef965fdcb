//! `stickler lint policy`: a policy body.

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
use crate::diagnose::explain::explain_policy;
use crate::diagnose::lint::{self, BodyError, PolicyInHand};
use crate::facts::DnsName;
use crate::report::{Style, Tone, json};
use crate::sts::policy::{self, Policy};
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

/// The most octets that a body may have: what RFC 8461, Section 3.3 suggests to senders as their limit.
const MAX_BODY_OCTETS: usize = 64 * 1024;

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
    #[serde(skip)]
    policy: Option<Policy>,
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
    let [letter, tolerant] = Reading::BOTH.map(|reading| Outcome::of(&body, reading));
    // The readings take the same patterns where both take the body.
    let read = letter.policy.as_ref().or(tolerant.policy.as_ref());
    let mx_matches: Vec<MxMatch> = read.map_or_else(Vec::new, |policy| {
        args.mx
            .iter()
            .map(|host| match_host(policy, host))
            .collect()
    });
    let findings = lint::policy(&PolicyInHand {
        policy: read,
        error: letter.error.as_ref(),
        is_tolerated: letter.policy.is_none() && tolerant.policy.is_some(),
        hosts: &args.mx,
    });
    let style = environment.style(args.output.output.as_deref());
    let mut output = Output::open(args.output.output.as_deref())?;
    match args.output.format {
        AnswerFormat::Text => {
            write_text(&mut output, style, &letter, &tolerant)?;
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
                schema: "stickler/lint-policy/1",
                letter: &letter,
                tolerant: &tolerant,
                mx_matches: &mx_matches,
                findings: &findings,
            };
            writeln!(output, "{}", json::pretty(&document)?)?;
        }
    }
    output.finish()?;
    Ok(
        if letter.valid && !finding::any_reaches(&findings, args.fail_on) {
            Exit::Success
        } else {
            Exit::Failure
        },
    )
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
    fn of(body: &[u8], reading: Reading) -> Self {
        if body.len() > MAX_BODY_OCTETS {
            return Self::invalid(BodyError {
                line: None,
                message: format!(
                    "the body has more than {MAX_BODY_OCTETS} octets, where senders may stop reading"
                ),
                hint: Some("list only the hosts that take mail, or use wildcards".into()),
            });
        }
        match policy::parse(body, reading) {
            Ok(policy) => Self {
                valid: true,
                mode: Some(policy.mode().to_string()),
                max_age_secs: Some(policy.max_age().as_secs()),
                mx: policy.patterns().iter().map(ToString::to_string).collect(),
                error: None,
                policy: Some(policy),
            },
            Err(error) => Self::invalid(BodyError {
                line: Some(error.line),
                message: error.kind.to_string(),
                hint: error.kind.hint(),
            }),
        }
    }

    const fn invalid(error: BodyError) -> Self {
        Self {
            valid: false,
            mode: None,
            max_age_secs: None,
            mx: Vec::new(),
            error: Some(error),
            policy: None,
        }
    }

    fn write(&self, output: &mut impl Write, style: Style) -> io::Result<()> {
        match (&self.mode, self.max_age_secs, &self.error) {
            (Some(mode), Some(max_age_secs), _) => {
                let valid = style.paint(Tone::Good, "valid");
                write!(output, "{valid}: mode {mode}, max_age {max_age_secs}")?;
                if !self.mx.is_empty() {
                    write!(output, ", mx {}", self.mx.join(", "))?;
                }
                writeln!(output)
            }
            (_, _, Some(error)) => {
                let line = error
                    .line
                    .map_or_else(String::new, |line| format!("line {line}: "));
                writeln!(
                    output,
                    "{}: {line}{}",
                    style.paint(Tone::Bad, "not valid"),
                    error.message
                )?;
                match &error.hint {
                    Some(hint) => writeln!(output, "    {hint}"),
                    None => Ok(()),
                }
            }
            (_, _, None) => Ok(()),
        }
    }
}

fn write_text(
    output: &mut impl Write,
    style: Style,
    letter: &Outcome,
    tolerant: &Outcome,
) -> io::Result<()> {
    letter.write(output, style)?;
    if tolerant.valid && !letter.valid {
        write!(output, "to tolerant senders, ")?;
        tolerant.write(output, style)?;
    }
    Ok(())
}

fn match_host(policy: &Policy, host: &DnsName) -> MxMatch {
    MxMatch {
        host: host.to_string(),
        pattern: policy.matching(host).map(ToString::to_string),
        reason: explain_policy(policy, host),
    }
}
