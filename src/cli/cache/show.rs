//! `stickler cache show`: a domain's policy as it was fetched.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::Summary;
use super::open::open_to_read;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, keep_apart, tell};
use crate::cli::output_args::{AnswerFormat, OutputArgs};
use crate::facts::DnsName;
use crate::report::time::span;
use crate::report::{Context, escape, json, schema};
use crate::store::{Entry, Lookup};

/// The name and version of the document.
const SCHEMA: &str = "stickler/cache-show/1";

/// Returns the JSON Schema of what `--format json` writes.
#[must_use]
pub fn schema() -> schemars::Schema {
    schema::written::<Document<'static>>(SCHEMA)
}

#[derive(JsonSchema, Serialize)]
struct Document<'a> {
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    #[serde(flatten)]
    summary: Summary,
    /// What is not UTF-8 is replaced.
    body: std::borrow::Cow<'a, str>,
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
    let policy = match store.get(domain)? {
        Lookup::Found(policy) => policy,
        Lookup::Absent => {
            tell(format_args!(
                "`{}` holds no policy of {domain}",
                path.display()
            ));
            return Ok(Exit::Failure);
        }
        Lookup::Unreadable(error) => anyhow::bail!(
            "{error}; forget it with: stickler cache remove --cache {} {domain}",
            path.display()
        ),
    };
    let entry = Entry {
        domain: domain.clone(),
        policy,
    };
    let Some(summary) = Summary::of(&entry) else {
        return Ok(Exit::Failure);
    };
    let body = String::from_utf8_lossy(&entry.policy.body);
    let mut output = Output::open(args.output.as_deref())?;
    match args.format {
        AnswerFormat::Text => {
            output.write_all(in_words(&summary, &body, context).as_bytes())?;
        }
        AnswerFormat::Json => {
            let document = Document {
                schema: SCHEMA,
                summary,
                body,
            };
            writeln!(output, "{}", json::pretty(&document)?)?;
        }
    }
    output.finish()?;
    Ok(Exit::Success)
}

fn in_words(summary: &Summary, body: &str, context: &Context) -> String {
    let life = span(Duration::from_secs(summary.max_age_secs.into()));
    let mut text = format!(
        "{}\n  id       {}\n  fetched  {}\n  {}  {}\n  mode     {}, max_age {} ({life})\n",
        summary.domain,
        summary.id,
        context.moment(summary.fetched_at),
        summary.end_in_words(context.now),
        context.moment(summary.expires_at),
        summary.mode,
        summary.max_age_secs,
    );
    if summary.reading == "tolerant" {
        text.push_str("  invalid to the letter of RFC 8461: only tolerant senders hold it\n");
    }
    text.push('\n');
    for line in body.lines() {
        text.push_str("  | ");
        text.push_str(&escape::line(line));
        text.push('\n');
    }
    text
}
