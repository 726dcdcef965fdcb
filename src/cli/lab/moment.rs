//! A moment of a story, as it is typed: counted from the start, or by the story's clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;

use crate::cli::values::parse_duration;
use crate::facts::UnixTime;
use crate::scenario::{Scenario, span};
use crate::story::Moment;

/// A moment of a story.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LabTime {
    /// This long after the start.
    After(Duration),
    /// When the story's clock says so.
    At(UnixTime),
}

impl LabTime {
    /// Returns how long after the start that is; `None` before it.
    pub(super) fn after(self, start: UnixTime) -> Option<Duration> {
        match self {
            Self::After(after) => Some(after),
            Self::At(time) => (time >= start).then(|| time.saturating_duration_since(start)),
        }
    }

    /// Returns how long after the start of a scenario that is.
    ///
    /// # Errors
    ///
    /// When the scenario begins later.
    pub(super) fn in_story(self, scenario: &Scenario) -> anyhow::Result<Duration> {
        let start = scenario.story.start;
        self.after(start)
            .ok_or_else(|| anyhow::anyhow!("{self} is too early: the story begins at {start}"))
    }
}

/// Writes what [`FromStr`] reads.
impl fmt::Display for LabTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(after) => f.write_str(&span::format(*after)),
            Self::At(time) => time.fmt(f),
        }
    }
}

impl FromStr for LabTime {
    type Err = LabTimeError;

    /// Reads every time that `lab` and `replay` print: `2d2h`, `+2d2h`, `2 d 2 h`, `2026-03-04T10:00:00Z` and
    /// `2026-03-04 10:00`, which is UTC.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        let civil = text.strip_suffix(" UTC").unwrap_or(text);
        if let Some(time) = civil.contains(':').then(|| in_utc(civil)).flatten() {
            return Ok(Self::At(time));
        }
        parse_duration(text.strip_prefix('+').unwrap_or(text))
            .map(Self::After)
            .map_err(|_no_duration| LabTimeError {
                text: text.chars().take(40).collect(),
            })
    }
}

fn in_utc(text: &str) -> Option<UnixTime> {
    let time: DateTime = text.parse().ok()?;
    format!("{time}Z").parse().ok()
}

/// A text that is no moment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{}` is no moment: write a time since the start, as in 2d3h, or one of the story's clock, as in \
     2026-03-04T10:00:00Z",
    text.escape_debug()
)]
pub struct LabTimeError {
    text: Box<str>,
}

/// Returns the step that holds at a time; before the first one, that one.
pub(super) fn moment_at(scenario: &Scenario, after: Duration) -> Option<&Moment> {
    scenario
        .story
        .moments
        .iter()
        .rev()
        .find(|moment| moment.after <= after)
        .or_else(|| scenario.story.moments.first())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LabTime, UnixTime};

    #[test]
    fn every_time_that_is_printed_can_be_typed() {
        let start: UnixTime = "2026-03-02T08:00:00Z".parse().unwrap();
        let hours = |hours: u64| Some(Duration::from_secs(3_600 * hours));
        for (text, expected) in [
            ("0s", hours(0)),
            ("2d2h", hours(50)),
            ("+2d2h", hours(50)),
            ("2 d 2 h", hours(50)),
            ("90 min", Some(Duration::from_secs(5_400))),
            ("2026-03-04T10:00:00Z", hours(50)),
            ("2026-03-04T11:00:00+01:00", hours(50)),
            ("2026-03-04 10:00", hours(50)),
            ("2026-03-04 10:00 UTC", hours(50)),
            ("2026-03-02T07:59:59Z", None),
        ] {
            let time: LabTime = text.parse().unwrap();
            assert_eq!(time.after(start), expected, "{text}");
            assert_eq!(time.to_string().parse(), Ok(time), "{text}");
        }
        for text in ["", "noon", "2d2", "-1h", "10:00", "2026-03-04", "5"] {
            let error = text.parse::<LabTime>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no moment")),
                "{error}"
            );
        }
    }
}
