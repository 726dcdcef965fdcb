//! Scores of earlier audits, read again.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::audit::{Outcome, Score, Scored, requirements};

/// What is read of a document; the requirements themselves are this program's.
#[derive(Debug, Deserialize)]
struct Document {
    senders: Vec<Sender>,
}

#[derive(Debug, Deserialize)]
struct Sender {
    sender: Box<str>,
    alive: bool,
    requirements: Vec<RequirementRow>,
}

#[derive(Debug, Deserialize)]
struct RequirementRow {
    id: Box<str>,
    outcome: Outcome,
    because: Vec<Box<str>>,
}

/// Reads the scores of an audit.
pub(super) fn scores(file: &Path) -> anyhow::Result<Vec<Score>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let document: Document =
        serde_json::from_str(&text).with_context(|| format!("`{}`", file.display()))?;
    document
        .senders
        .into_iter()
        .map(|sender| {
            let rows = sender.requirements.into_iter().map(|row| {
                let requirement = requirements::all()
                    .find(|requirement| *requirement.id == *row.id)
                    .with_context(|| {
                        format!(
                            "`{}`: no requirement is named `{}`: the audit is another version's",
                            file.display(),
                            row.id.escape_debug()
                        )
                    })?;
                Ok(Scored::new(requirement, row.outcome, row.because))
            });
            Ok(Score {
                sender: sender.sender,
                alive: sender.alive,
                requirements: rows.collect::<anyhow::Result<_>>()?,
            })
        })
        .collect()
}
