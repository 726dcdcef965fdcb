//! The options of every verb that writes a result.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::diagnose::document::Severity;
use crate::report::Format;

/// Where the result goes and in which form; each verb has its own set of forms.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs<F: ValueEnum + Send + Sync + 'static> {
    /// Write the result in this form
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: F,

    /// Write the result to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The options that every verb takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "Everywhere")]
pub struct CommonArgs {
    /// Read options from this TOML file: a key for an option; the command line and `STICKLER_*`
    /// variables win over it
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,

    /// Tell more in text, and on standard error each question, policy fetch and SMTP session (`replay` and
    /// `audit`: only from -vv on); twice for what was said in them
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The forms of a run over many domains or scenarios.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RunFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A JSON document a line, each as soon as it is known
    Ndjson,
    /// JUnit's XML, for CI
    Junit,
}

impl From<RunFormat> for Format {
    fn from(format: RunFormat) -> Self {
        match format {
            RunFormat::Text => Self::Text,
            RunFormat::Json => Self::Json,
            RunFormat::Ndjson => Self::Ndjson,
            RunFormat::Junit => Self::Junit,
        }
    }
}

/// The forms of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A JSON document a line
    Ndjson,
}

/// The forms of one answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// From which severity on a finding makes the exit code 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum FailOn {
    /// Errors alone
    Error,
    /// Warnings and errors
    Warning,
    /// Every finding
    Note,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Note => Self::Note,
        }
    }
}
