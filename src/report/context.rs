//! What a text depends on besides the report itself.

use jiff::tz::TimeZone;

use crate::diagnose::document::Severity;
use crate::facts::UnixTime;

/// Where, when and how a text is shown.
#[derive(Clone, Debug)]
pub struct Context {
    /// The time that distances such as "in 3 h 41 min" are counted from.
    pub now: UnixTime,
    /// The reader's time zone.
    pub time_zone: TimeZone,
    /// The width to wrap prose and tables at; `None` wraps nothing, for files and pipes.
    pub width: Option<u16>,
    /// Whether to colour.
    pub style: Style,
    /// Which characters tables are drawn with.
    pub charset: Charset,
    /// How much to say where all is well.
    pub detail: Detail,
    /// Whether other domains are reported beside this one.
    pub company: Company,
    /// Whether the nine steps are shown.
    pub steps: Steps,
    /// From which severity on a finding fails a domain, as `--fail-on` says.
    pub fail_on: Severity,
}

impl Context {
    /// Makes the context of a plain text: UTC, no wrapping, no colour, ASCII tables, brief.
    #[must_use]
    pub const fn plain(now: UnixTime) -> Self {
        Self {
            now,
            time_zone: TimeZone::UTC,
            width: None,
            style: Style::Plain,
            charset: Charset::Ascii,
            detail: Detail::Brief,
            company: Company::Alone,
            steps: Steps::Left,
            fail_on: Severity::Error,
        }
    }

    /// Returns how many entries of a list that the network sent are shown before the rest is counted.
    #[must_use]
    pub const fn list_limit(&self) -> usize {
        match self.detail {
            Detail::Brief => 12,
            Detail::Full => 100,
        }
    }

    /// Returns how many names of a certificate are shown before the rest is counted: a provider's has many.
    #[must_use]
    pub const fn names_limit(&self) -> usize {
        match self.detail {
            Detail::Brief => 3,
            Detail::Full => 100,
        }
    }
}

/// Whether a text is coloured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// With ANSI colours, for terminals.
    Colour,
    /// Without.
    Plain,
}

impl Style {
    /// Returns `text` in the colour of `tone`, or as it is if this style is plain.
    ///
    /// The caller owes a `text` that is escaped already.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> String {
        match self {
            Self::Colour => format!("\x1b[{}m{text}\x1b[0m", tone.sgr()),
            Self::Plain => text.to_owned(),
        }
    }
}

/// What the look of a word stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tone {
    /// Mail is lost or held.
    Bad,
    /// Background to read when there is time.
    Faint,
    /// All is well.
    Good,
    /// A title.
    Strong,
    /// To look at.
    Warn,
}

impl Tone {
    /// Returns the parameters of the terminal's "select graphic rendition" sequence.
    const fn sgr(self) -> &'static str {
        match self {
            Self::Bad => "1;31",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Strong => "1",
            Self::Warn => "33",
        }
    }
}

/// Which characters tables are drawn with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Charset {
    /// Columns parted by blanks, which `awk` and `grep` can read too.
    Ascii,
    /// Boxes, for terminals that speak UTF-8.
    Utf8,
}

/// Whether a domain is reported alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Company {
    /// It is the only one of its run.
    Alone,
    /// It is one of many: a line is enough where all is well.
    Many,
}

/// Whether the nine steps are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Steps {
    /// They are not.
    Left,
    /// They are, with something to paste for each.
    Shown,
}

/// How much to say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// What fits on a screen: the verdict, why, and what to do first.
    Brief,
    /// All that is known, notes, transport, certificates and the trace among it.
    Full,
}
