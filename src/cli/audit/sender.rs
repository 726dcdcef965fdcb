//! The argument that says who is audited.

use std::str::FromStr;

use crate::audit::Control;
use crate::cli::values::{ServerUrl, ServerUrlError};

/// Who is audited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SenderArgument {
    /// The strict sender of this program.
    Strict,
    /// A sender that is wrong in a known way.
    Control(Control),
    /// The mail server there.
    Server(ServerUrl),
}

impl FromStr for SenderArgument {
    type Err = SenderArgumentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "strict" {
            return Ok(Self::Strict);
        }
        if ServerUrl::is_meant_by(text) {
            return Ok(Self::Server(text.parse()?));
        }
        text.parse()
            .map(Self::Control)
            .map_err(|_unknown| SenderArgumentError::Name {
                known: Control::ALL
                    .iter()
                    .map(|control| control.as_str())
                    .collect(),
            })
    }
}

/// A text that names no sender.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SenderArgumentError {
    /// No sender has the name.
    #[error("it is `strict`, smtp://ADDR:PORT, or a control: {}", .known.join(", "))]
    Name {
        /// The controls.
        known: Vec<&'static str>,
    },
    /// What follows `smtp://` is no address with a port.
    #[error(transparent)]
    Server(#[from] ServerUrlError),
}

#[cfg(test)]
mod tests {
    use super::SenderArgument;
    use crate::audit::Control;

    #[test]
    fn a_sender_is_ours_a_control_or_an_address() {
        for (text, expected) in [
            ("strict", Some(SenderArgument::Strict)),
            (
                "any-status",
                Some(SenderArgument::Control(Control::AnyStatus)),
            ),
            (
                "smtp://127.0.0.1:25",
                "smtp://127.0.0.1:25"
                    .parse()
                    .ok()
                    .map(SenderArgument::Server),
            ),
            ("smtp://localhost:25", None),
            ("postfix", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
