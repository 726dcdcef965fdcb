//! `stickler cache show`: a domain's policies as they were fetched, until when they are held, and how the domain
//! changed.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::Summary;
use super::history::History;
use super::open::open_to_read;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, keep_apart, tell};
use crate::cli::output_args::{AnswerFormat, OutputArgs};
use crate::diagnose::stored::sha256;
use crate::facts::DnsName;
use crate::report::time::span;
use crate::report::{Context, escape, json, schema};
use crate::store::Entry;

/// The name and version of the document.
const SCHEMA: &str = "stickler/cache-show/2";

/// Returns the JSON Schema of what `--format json` writes.
#[must_use]
pub fn schema() -> schemars::Schema {
    schema::written::<Document<'static>>(SCHEMA)
}

#[derive(JsonSchema, Serialize)]
struct Document<'a> {
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    domain: &'a str,
    /// In the order in which they were first seen.
    policies: Vec<Shown>,
    #[serde(flatten)]
    history: History,
}

/// A policy of the domain.
#[derive(JsonSchema, Serialize)]
struct Shown {
    #[serde(flatten)]
    summary: Summary,
    body_sha256: String,
    /// What is not UTF-8 is replaced.
    body: String,
}

/// Shows what the store at `path` holds for `domain`; the exit code is 1 if it holds nothing.
pub(super) fn run(
    path: &Path,
    domain: &DnsName,
    context: &Context,
    args: &OutputArgs<AnswerFormat>,
) -> anyhow::Result<Exit> {
    keep_apart(args.output.as_deref(), Some(path))?;
    let Some(store) = open_to_read(path)? else {
        return Ok(Exit::Failure);
    };
    let recalled = store.recall(domain)?;
    if let Some(error) = recalled.unreadable.first() {
        anyhow::bail!(
            "{error}; forget it with: stickler cache remove --cache {} {domain}",
            path.display()
        );
    }
    let policies: Vec<Shown> = recalled
        .ledger
        .policies()
        .iter()
        .filter_map(|seen| {
            let entry = Entry {
                domain: domain.clone(),
                policy: seen.clone(),
            };
            Some(Shown {
                summary: Summary::of(&entry, context.now)?,
                body_sha256: sha256(&seen.body),
                body: String::from_utf8_lossy(&seen.body).into_owned(),
            })
        })
        .collect();
    if policies.is_empty() {
        tell(format_args!(
            "`{}` holds no policy of {domain}",
            path.display()
        ));
        return Ok(Exit::Failure);
    }
    let history = History::of(&recalled.ledger);
    let mut output = Output::open(args.output.as_deref())?;
    match args.format {
        AnswerFormat::Text => {
            writeln!(output, "{domain}")?;
            if let Some(largest) = history.largest_max_age().filter(|_| policies.len() > 1) {
                let count = policies.len();
                writeln!(
                    output,
                    "  {count} policies, the largest max_age is {largest} ({})\n",
                    span(largest.as_duration())
                )?;
            }
            for (place, policy) in policies.iter().enumerate() {
                let between = if place > 0 { "\n" } else { "" };
                write!(output, "{between}{}", in_words(policy, context))?;
            }
            write!(output, "{}", history.in_words(context))?;
        }
        AnswerFormat::Json => {
            let document = Document {
                schema: SCHEMA,
                domain: domain.as_str(),
                policies,
                history,
            };
            writeln!(output, "{}", json::pretty(&document)?)?;
        }
    }
    output.finish()?;
    Ok(Exit::Success)
}

fn in_words(policy: &Shown, context: &Context) -> String {
    let summary = &policy.summary;
    let life = span(Duration::from_secs(summary.max_age_secs.into()));
    let mut text = format!(
        "  id       {}\n  mode     {}, max_age {} ({life})\n  seen     from {} to {}\n",
        summary.id,
        summary.mode,
        summary.max_age_secs,
        context.moment(summary.first_seen),
        context.moment(summary.last_seen_live),
    );
    match summary.gone_by {
        Some(gone_by) => text.push_str(&format!("  gone by  {}\n", context.moment(gone_by))),
        None => text.push_str("  gone by  not found gone yet: any sender may fetch it still\n"),
    }
    text.push_str(&format!(
        "  held     for certain until {}\n           possibly until {}\n",
        context.moment(summary.held_certainly_until),
        context.moment(summary.held_possibly_until),
    ));
    if summary.held.is_none() {
        text.push_str("           by nobody any more\n");
    }
    if summary.reading == "tolerant" {
        text.push_str("  invalid to the letter of RFC 8461: only tolerant senders hold it\n");
    }
    text.push_str(&format!("  sha256   {}\n\n", policy.body_sha256));
    for line in policy.body.lines() {
        text.push_str("  | ");
        text.push_str(&escape::line(line));
        text.push('\n');
    }
    text
}
