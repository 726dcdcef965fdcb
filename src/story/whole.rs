//! A story as a whole.

use schemars::JsonSchema;
use serde::Serialize;

use super::moment::Moment;
use super::origin::Origin;
use super::rules::{self, StoryError};
use crate::facts::UnixTime;

/// A story that can be played: [`Story::new`] has looked at every part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Story {
    /// Its name.
    pub id: Box<str>,
    /// What happens, in a sentence.
    pub title: Box<str>,
    /// The sections that it is about.
    pub rfc: Vec<Box<str>>,
    /// When it starts, by the virtual clock.
    pub start: UnixTime,
    /// The one network on which it can be played, if it cannot be played on both.
    pub only_on: Option<OnlyOn>,
    /// Why it is known to fail.
    pub xfail: Option<Box<str>>,
    /// Its steps, at least one, in order of time.
    pub moments: Vec<Moment>,
    source: Source,
}

/// The one network on which a story can be told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OnlyOn {
    /// Which.
    pub network: NetworkKind,
    /// Why not on the other.
    pub reason: Box<str>,
}

/// A network on which scenarios run.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// Real sockets on loopback.
    Lab,
    /// Memory.
    Model,
}

/// What the numbers of origins mean.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// The story is built in code: a number is that of a step, from 1.
    Code,
    /// The story is written in the text of this name: a number is that of a line, from 1.
    Text(Box<str>),
}

/// What a story is, besides what happens in it.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its name.
    pub id: Box<str>,
    /// What happens, in a sentence.
    pub title: Box<str>,
    /// The sections that it is about.
    pub rfc: Vec<Box<str>>,
    /// When it starts, by the virtual clock.
    pub start: UnixTime,
    /// The one network on which it can be played, if it cannot be played on both.
    pub only_on: Option<OnlyOn>,
    /// Why it is known to fail.
    pub xfail: Option<Box<str>>,
    /// Where it is told.
    pub source: Source,
}

impl Story {
    /// Makes a story.
    ///
    /// # Errors
    ///
    /// When it cannot be played as it stands.
    pub fn new(head: Head, moments: Vec<Moment>) -> Result<Self, StoryError> {
        let story = Self {
            id: head.id,
            title: head.title,
            rfc: head.rfc,
            start: head.start,
            only_on: head.only_on,
            xfail: head.xfail,
            moments,
            source: head.source,
        };
        rules::check(&story.moments)
            .map_err(|(origin, fault)| StoryError {
                place: story.place(origin),
                fault,
            })
            .map(|()| story)
    }

    /// Returns the name of what the story is written in: a text, or the story itself.
    #[must_use]
    pub fn told_in(&self) -> &str {
        match &self.source {
            Source::Code => &self.id,
            Source::Text(name) => name,
        }
    }

    /// Says where something is written: as `name:line` in a text, by the step and its title in code.
    #[must_use]
    pub fn place(&self, origin: Origin) -> String {
        let number = origin.number();
        match &self.source {
            Source::Text(name) => format!("{name}:{number}"),
            Source::Code => {
                let of_step = |moment: &&Moment| moment.origin == origin;
                match self.moments.iter().find(of_step) {
                    Some(step) => format!("{}, step {number} ({})", self.id, step.title),
                    None => self.id.to_string(),
                }
            }
        }
    }
}
