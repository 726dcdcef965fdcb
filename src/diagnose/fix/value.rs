//! A fix as a value: what to be careful of, what to serve, what to publish, what to run, in order.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnose::alias::{AliasEnd, AliasedName, Aliases};
use crate::diagnose::command::{Command, ZoneRecord};
use crate::diagnose::findings::codes::Code;
use crate::diagnose::hosting::places::Place;
use crate::diagnose::vantage::{Seen, Vantage};
use crate::facts::DnsName;
use crate::sts::policy::{Mode, Policy};

/// What to do. `Display` gives the whole of it, ready to paste.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(into = "Document")]
#[schemars(with = "Document")]
pub struct Fix {
    parts: Vec<Part>,
    caution: Option<&'static str>,
    alias: Option<DnsName>,
    alias_target: Option<DnsName>,
    /// Whether the addresses of the policy host have to change, though no body is given.
    is_of_edges: bool,
    /// Whether something has to change at the policy host.
    is_at_policy_host: bool,
    /// Whether all of it stands at another finding.
    is_elsewhere: bool,
}

/// A part of a fix; a blank line parts it from the next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// The body of a policy, to be served.
    Body(Policy),
    /// A record, to be published.
    Publish(Placed),
    /// Texts that are published now.
    Quote(Vec<String>),
    /// Commands.
    Run(Vec<Command>),
    /// Sentences, a line each.
    Say(Vec<Cow<'static, str>>),
}

/// A record, and where it is to stand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Placed {
    record: ZoneRecord,
    /// The end of the CNAMEs at the record's own name, if that is an alias.
    end_of_aliases: Option<DnsName>,
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end_of_aliases {
            Some(owner) => f.write_str(&self.record.at(owner.as_str())),
            None => self.record.fmt(f),
        }
    }
}

/// The caution where a policy is made from what is live.
const IF_YOURS: &str =
    "Only if these hosts are yours: an unlisted MX is also what an attack looks like.";

/// What has to be changed.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The body of the policy.
    Body,
    /// Every address of the policy host, until it serves the body.
    Edges,
    /// The record.
    Record,
}

impl Fix {
    /// Starts with the caution.
    pub(super) fn if_yours() -> Self {
        Self {
            caution: Some(IF_YOURS),
            ..Self::from(IF_YOURS)
        }
    }

    /// Says that all of it stands at another finding: `words` lead to its code.
    pub(in crate::diagnose) fn standing_at(code: &Code, words: &str) -> Self {
        Self {
            is_elsewhere: true,
            ..Self::from(format!("{words} {}.", code.code))
        }
    }

    /// Starts with a command.
    pub(in crate::diagnose) fn command(command: Command) -> Self {
        Self::default().run([command])
    }

    /// Starts with a record.
    pub(in crate::diagnose) fn publishing(record: ZoneRecord) -> Self {
        Self::default().publish(record)
    }

    /// Adds a line, below the last one if that was one.
    #[must_use]
    pub fn line(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        if let Some(Part::Say(lines)) = self.parts.last_mut() {
            lines.push(words.into());
            return self;
        }
        self.paragraph(words)
    }

    /// Adds a line after a blank one.
    #[must_use]
    pub fn paragraph(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.parts.push(Part::Say(vec![words.into()]));
        self
    }

    /// Adds the body of a policy.
    #[must_use]
    pub fn body(mut self, policy: Policy) -> Self {
        self.parts.push(Part::Body(policy));
        self
    }

    /// Adds a record.
    #[must_use]
    pub fn publish(mut self, record: ZoneRecord) -> Self {
        self.parts.push(Part::Publish(Placed {
            record,
            end_of_aliases: None,
        }));
        self
    }

    /// Adds texts that are published now.
    pub(super) fn quote(mut self, texts: Vec<String>) -> Self {
        self.parts.push(Part::Quote(texts));
        self
    }

    /// Adds commands.
    #[must_use]
    pub fn run(mut self, commands: impl IntoIterator<Item = Command>) -> Self {
        self.parts.push(Part::Run(commands.into_iter().collect()));
        self
    }

    /// Says under which condition it is to be done, beside the text, which says it in its place.
    pub(in crate::diagnose) const fn only_if(mut self, caution: &'static str) -> Self {
        self.caution = Some(caution);
        self
    }

    /// Says that the addresses of the policy host have to change.
    pub(super) const fn of_edges(mut self) -> Self {
        self.is_of_edges = true;
        self
    }

    /// Says that something has to change at the policy host.
    pub(in crate::diagnose) const fn at_policy_host(mut self) -> Self {
        self.is_at_policy_host = true;
        self
    }

    /// Puts each record at the end of the CNAMEs at its name, beside which nothing can stand, and says first
    /// which names are aliases and who can change what is at their ends; `policy_place` is what the policy host is an
    /// alias of.
    pub(in crate::diagnose) fn past_aliases(
        mut self,
        domain: &DnsName,
        aliases: &Aliases,
        policy_place: Option<&Place>,
    ) -> Self {
        let mut remarks = Vec::new();
        let mut met = Vec::new();
        if (self.is_at_policy_host || self.is_of_edges || self.bodies().next().is_some())
            && let Some(alias) = &aliases.policy_host
        {
            remarks.extend(policy_host_remark(alias, domain, policy_place));
            met.push(alias);
        }
        for part in &mut self.parts {
            let Part::Publish(placed) = part else {
                continue;
            };
            let Some(alias) = aliases.at(&placed.record.name()) else {
                continue;
            };
            placed.end_of_aliases = alias.target().cloned();
            remarks.extend(record_remark(alias, domain));
            met.push(alias);
        }
        remarks.dedup();
        if !remarks.is_empty() {
            self.parts.insert(0, Part::Say(remarks));
        }
        // The record's alias, where there is one: the record is what stands beside it in JSON.
        if let Some(alias) = met.pop()
            && self.alias.is_none()
        {
            self.alias = Some(alias.name.clone());
            self.alias_target = alias.target().cloned();
        }
        self
    }

    /// Names the alias that has to be changed.
    pub(in crate::diagnose) fn of_alias(mut self, alias: Option<DnsName>) -> Self {
        self.alias = alias;
        self
    }

    /// Adds all of another fix after a blank line.
    pub(in crate::diagnose) fn and(mut self, other: Self) -> Self {
        // What comes second is an alternative where there is a body already: its condition is not the first's.
        if self.bodies().next().is_none() {
            self.caution = self.caution.or(other.caution);
        }
        self.parts.extend(other.parts);
        self.is_of_edges |= other.is_of_edges;
        self.is_at_policy_host |= other.is_at_policy_host;
        self.alias = self.alias.or(other.alias);
        self
    }

    /// Adds all of another fix, its first lines below the last of this one.
    pub(in crate::diagnose) fn continued_by(mut self, mut other: Self) -> Self {
        if let Some(Part::Say(lines)) = other.parts.first_mut() {
            self = std::mem::take(lines).into_iter().fold(self, Self::line);
            other.parts.remove(0);
        }
        self.and(other)
    }

    /// Returns the fix with the commands of another one, if they differ in nothing else.
    #[must_use]
    pub fn with_commands_of(&self, other: &Self) -> Option<Self> {
        let mut joined = self.clone();
        if joined.parts.len() != other.parts.len() {
            return None;
        }
        for (part, other) in joined.parts.iter_mut().zip(&other.parts) {
            match (part, other) {
                (Part::Run(commands), Part::Run(more)) => {
                    let new = more.iter().filter(|more| !commands.contains(more));
                    let new: Vec<_> = new.cloned().collect();
                    commands.extend(new);
                }
                (part, other) if part == other => {}
                _ => return None,
            }
        }
        Some(joined)
    }

    /// Leads the commands where the check was led; `None` if nothing is left of it without those that cannot be.
    pub(in crate::diagnose) fn led_by(mut self, vantage: &Vantage, seen: &Seen) -> Option<Self> {
        for part in &mut self.parts {
            if let Part::Run(commands) = part {
                *commands = std::mem::take(commands)
                    .into_iter()
                    .filter_map(|command| vantage.lead(command, seen))
                    .collect();
            }
        }
        self.parts
            .retain(|part| !matches!(part, Part::Run(commands) if commands.is_empty()));
        (!self.parts.is_empty()).then_some(self)
    }

    /// Returns its parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns whether all of it stands at another finding.
    #[must_use]
    pub const fn stands_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Returns the policies to serve, the one to prefer first.
    pub fn bodies(&self) -> impl Iterator<Item = &Policy> {
        self.parts.iter().filter_map(|part| match part {
            Part::Body(policy) => Some(policy),
            Part::Publish(_) | Part::Quote(_) | Part::Run(_) | Part::Say(_) => None,
        })
    }

    /// Returns whether it has a policy that keeps MTA-STS.
    #[must_use]
    pub fn keeps_sts(&self) -> bool {
        self.bodies().any(|policy| policy.mode() != Mode::None)
    }

    /// Returns the record to publish, if there is one.
    #[must_use]
    pub fn record(&self) -> Option<&Placed> {
        self.parts.iter().find_map(|part| match part {
            Part::Publish(placed) => Some(placed),
            Part::Body(_) | Part::Quote(_) | Part::Run(_) | Part::Say(_) => None,
        })
    }

    /// Returns whether it has an MTA-STS record, and with it an id.
    #[must_use]
    pub fn has_sts_record(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Publish(placed) => matches!(placed.record, ZoneRecord::Sts { .. }),
            Part::Body(_) | Part::Quote(_) | Part::Run(_) | Part::Say(_) => false,
        })
    }

    /// Returns what has to be changed, in the order in which it must be: senders that see the new id before
    /// the new body keep the old body under the new id (RFC 8461, Section 8.1).
    #[must_use]
    pub fn order(&self) -> Vec<Change> {
        let body = self.bodies().next().map(|_| Change::Body);
        let edges = (body.is_some() || self.is_of_edges).then_some(Change::Edges);
        let record = self.record().map(|_| Change::Record);
        body.into_iter().chain(edges).chain(record).collect()
    }
}

/// Says where a record goes whose name is an alias; nothing where the alias itself has to change.
fn record_remark(alias: &AliasedName, domain: &DnsName) -> Option<Cow<'static, str>> {
    let name = &alias.name;
    Some(
        match &alias.end {
            AliasEnd::Nowhere => return None,
            AliasEnd::Gone(target) => format!(
                "{alias}: anyone who can register that name decides what senders find at {name}. Have it made \
                 anew with the record below{}, or take the CNAME at {name} away and publish the record \
                 under that name.",
                by_whom(target, domain)
            ),
            AliasEnd::Stands(target) => format!(
                "{alias}, and beside a CNAME no record can stand (RFC 1034, Section 3.6.2): the record below \
                 has to be published at {target}{}.",
                by_whom(target, domain)
            ),
        }
        .into(),
    )
}

/// Says who changes what is served where the policy host is an alias; nothing where the alias itself has to
/// change.
fn policy_host_remark(
    alias: &AliasedName,
    domain: &DnsName,
    place: Option<&Place>,
) -> Option<Cow<'static, str>> {
    let name = &alias.name;
    Some(
        match (&alias.end, place) {
            (AliasEnd::Nowhere, _) => return None,
            (AliasEnd::Gone(_), _) => format!(
                "{alias}: anyone who can register that name decides what is served at {name}. Change the CNAME \
                 or take it away, now."
            ),
            (AliasEnd::Stands(_), Some(place)) => format!(
                "{alias}: what is served there is kept at {}; where to change the file: {}.",
                place.name, place.change_at
            ),
            (AliasEnd::Stands(target), None) => format!(
                "{alias}: what is served there has to be changed at {target}{}.",
                by_whom(target, domain)
            ),
        }
        .into(),
    )
}

/// Says that a name is changed by others, unless it lies within the domain.
fn by_whom(target: &DnsName, domain: &DnsName) -> &'static str {
    if target.is_within(domain.as_str()) {
        ""
    } else {
        ", by the operator of that name"
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for Fix {
    fn from(words: T) -> Self {
        Self::default().line(words)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Pasted into a file, its last line has to end.
            Self::Body(policy) => policy.fmt(f),
            Self::Publish(placed) => placed.fmt(f),
            Self::Quote(texts) => f.write_str(&texts.join("\n")),
            Self::Run(commands) => {
                let lines: Vec<String> = commands.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Say(lines) => f.write_str(&lines.join("\n")),
        }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.parts.iter().enumerate() {
            if place > 0 {
                f.write_str(match self.parts.get(place - 1) {
                    Some(Part::Body(_)) => "\n",
                    Some(Part::Publish(_) | Part::Quote(_) | Part::Run(_) | Part::Say(_))
                    | None => "\n\n",
                })?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

/// A fix as JSON has it.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Fix")]
struct Document {
    /// The body of the policy to serve; null if it need not change.
    body: Option<String>,
    /// The record to publish, in the form of a zone file; null if none need be.
    record: Option<String>,
    /// The name that is an alias and bears on the fix: its CNAME has to change, or what is to be changed
    /// stands at `alias_target`; null if none is.
    alias: Option<DnsName>,
    /// The name at which the CNAMEs of `alias` end, where the record belongs; null without one.
    alias_target: Option<DnsName>,
    /// What has to be changed, in the order in which it must be.
    order: Vec<Change>,
    /// What to be careful of; null if there is nothing.
    caution: Option<&'static str>,
    /// All of it for people, with what there is to run.
    text: String,
}

impl From<Fix> for Document {
    fn from(fix: Fix) -> Self {
        Self {
            body: fix.bodies().next().map(ToString::to_string),
            record: fix.record().map(ToString::to_string),
            order: fix.order(),
            text: fix.to_string(),
            caution: fix.caution,
            alias: fix.alias.clone(),
            alias_target: fix.alias_target.clone(),
        }
    }
}
