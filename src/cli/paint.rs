//! Colours, where they are wanted.

use std::fmt;

/// Puts colours on words, or leaves them as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Paint {
    /// With colours.
    Colored,
    /// As they are.
    Plain,
}

impl Paint {
    /// For what is as it should be: green.
    pub fn good(self, text: impl fmt::Display) -> impl fmt::Display {
        self.with("32", text)
    }

    /// For what is to be watched: yellow.
    pub fn doubtful(self, text: impl fmt::Display) -> impl fmt::Display {
        self.with("33", text)
    }

    /// For what is wrong: bold red.
    pub fn bad(self, text: impl fmt::Display) -> impl fmt::Display {
        self.with("1;31", text)
    }

    fn with(self, code: &'static str, text: impl fmt::Display) -> impl fmt::Display {
        fmt::from_fn(move |f| match self {
            Self::Colored => write!(f, "\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => write!(f, "{text}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Paint;

    #[test]
    fn colours_can_be_left_out() {
        assert_eq!(Paint::Plain.bad("no").to_string(), "no");
        assert_eq!(Paint::Colored.bad("no").to_string(), "\x1b[1;31mno\x1b[0m");
    }
}
