//! Where parts of a story are told.

/// Where a step or an expectation is told; [`Story::place`](super::Story::place) says what it means.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Origin(usize);

impl Origin {
    /// Makes an origin of a number that whoever tells the story understands.
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
