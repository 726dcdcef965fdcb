//! A finding: something to know, and what to do about it.

use schemars::JsonSchema;
use serde::Serialize;

use super::action::Action;
use super::findings::codes::Code;
use super::fix::Fix;
use crate::facts::{DnsName, Sentence};

/// Something to know, and what to do about it.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Finding {
    /// Its stable code.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// Which of the nine steps out of the outage it belongs to, from 1.
    pub step: u8,
    /// The section behind it: `8461 §4.1`.
    pub rfc: String,
    /// The host that it is about; null if it is about the domain.
    pub host: Option<DnsName>,
    /// What it is, in a few words.
    pub title: String,
    /// What was seen.
    pub detail: Sentence,
    /// What kind of thing mends it.
    pub action: Action,
    /// What to do, ready to paste where it can be; null if nothing need be done.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Makes a finding of a code.
    #[must_use]
    pub fn new(
        code: &Code,
        severity: Severity,
        detail: impl Into<Sentence>,
        fix: Option<Fix>,
    ) -> Self {
        Self {
            code: code.code.to_owned(),
            severity,
            step: code.step,
            rfc: code.rfc.to_owned(),
            host: None,
            title: code.title.to_owned(),
            detail: detail.into(),
            action: code.action,
            fix,
        }
    }

    /// Returns it as one about a host.
    #[must_use]
    pub fn about(self, host: &DnsName) -> Self {
        Self {
            host: Some(host.clone()),
            ..self
        }
    }

    /// Returns it as one that something else mends than what mends most of its code.
    #[must_use]
    pub fn mended_by(self, action: Action) -> Self {
        Self { action, ..self }
    }

    /// Returns it under a title that says more than its code does.
    #[must_use]
    pub fn titled(self, title: String) -> Self {
        Self { title, ..self }
    }
}

/// How bad a finding is. The order is from the worst.
#[derive(Clone, Copy, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Mail is lost or held, or a published policy is useless.
    Error,
    /// It will be, or it is for some.
    Warning,
    /// Good to know.
    Note,
}
