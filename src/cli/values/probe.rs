//! `--send FROM,TO`: the envelope of a probe message.

use std::str::FromStr;

use lettre::Address;

/// The envelope of a probe message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probe {
    /// The sender; `None` for the null reverse path, written `<>`.
    pub from: Option<Address>,
    /// The one recipient.
    pub to: Address,
}

impl FromStr for Probe {
    type Err = ProbeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(to) = text.strip_prefix("<>,") {
            return Ok(Self {
                from: None,
                to: address(to)?,
            });
        }
        // A quoted local part may hold a comma: take the first comma with an address on its left.
        let mut left_error = ProbeError::Shape;
        for (comma, _) in text.match_indices(',') {
            let (from, to) = text.split_at(comma);
            match address(from) {
                Ok(from) => {
                    return Ok(Self {
                        from: Some(from),
                        to: address(to.strip_prefix(',').unwrap_or(to))?,
                    });
                }
                Err(error) => left_error = error,
            }
        }
        Err(left_error)
    }
}

fn address(text: &str) -> Result<Address, ProbeError> {
    text.parse()
        .map_err(|error: lettre::address::AddressError| ProbeError::Address {
            found: text.chars().take(80).collect(),
            detail: error.to_string().into(),
        })
}

/// Why a text is no envelope.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProbeError {
    /// One side is no address.
    #[error(
        "`{found}` is no mail address ({detail}): write FROM,TO as in probe@example.net,jo@example.com"
    )]
    Address {
        /// The text, its first 80 characters.
        found: Box<str>,
        /// What the reader of addresses said.
        detail: Box<str>,
    },
    /// No comma.
    #[error("it has two parts with a comma between them: FROM,TO (FROM may be <>)")]
    Shape,
}

#[cfg(test)]
mod tests {
    use super::Probe;

    #[test]
    fn an_envelope_is_two_addresses() {
        for (text, from, to) in [
            (
                "a@example.net,b@example.com",
                Some("a@example.net"),
                "b@example.com",
            ),
            ("<>,b@example.com", None, "b@example.com"),
            (
                "\"a,b\"@example.net,b@example.com",
                Some("\"a,b\"@example.net"),
                "b@example.com",
            ),
        ] {
            let expected = Probe {
                from: from.map(|from| from.parse().unwrap()),
                to: to.parse().unwrap(),
            };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            ",",
            "a@example.net",
            "a@example.net,",
            "a,b@example.com",
            "a@example.net,b",
            "a@example.net,b@example.com,c@example.com",
            "a@example.net,<>",
        ] {
            assert!(text.parse::<Probe>().is_err(), "{text}");
        }
    }
}
