//! The formats of results.

use std::fmt;
use std::str::FromStr;

/// A format of results.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// A JSON document a line, one for each domain, as soon as it is known.
    Ndjson,
    /// `JUnit`'s XML, as CI systems read it.
    Junit,
}

impl Format {
    /// All formats, in the order that help texts list them.
    pub const ALL: [Self; 4] = [Self::Text, Self::Json, Self::Ndjson, Self::Junit];

    /// Returns the format's name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Junit => "junit",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(UnknownFormat)
    }
}

/// A text that names no format.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a format is one of text, json, ndjson, junit")]
pub struct UnknownFormat;

#[cfg(test)]
mod tests {
    use super::{Format, UnknownFormat};

    #[test]
    fn formats_are_read_as_they_are_written() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert!(UnknownFormat.to_string().contains(format.as_str()));
        }
        assert_eq!("JSON".parse::<Format>(), Err(UnknownFormat));
    }
}
