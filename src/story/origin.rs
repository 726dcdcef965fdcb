//! Where parts of a story are told.

/// Where a step or an expectation is written; [`Story::place`](super::Story::place) says what it means.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Origin(usize);

impl Origin {
    /// Makes an origin of a number: of a line in a file, of a step in code.
    #[must_use]
    pub const fn new(number: usize) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0
    }
}
