//! A number of things, of which there must be one.

use std::num::{NonZeroUsize, ParseIntError};

/// Reads a number from 1 on.
///
/// # Errors
///
/// When it is 0, no number, or more than this machine counts to.
pub fn parse_count(text: &str) -> Result<NonZeroUsize, CountError> {
    let number: usize = text.parse().map_err(CountError::Number)?;
    NonZeroUsize::new(number).ok_or(CountError::Zero)
}

/// Why a text is no number of things.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CountError {
    /// No whole number.
    #[error("it must be a whole number from 1 on: {0}")]
    Number(ParseIntError),
    /// 0.
    #[error("it must be at least 1")]
    Zero,
}
