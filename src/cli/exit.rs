//! Exit codes, in the one place where they are numbers.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// 0: all conforming senders deliver, all scenarios hold, lint finds nothing wrong.
    Success,
    /// 1: a sender defers or bounces, a finding reaches `--fail-on`, a scenario fails, lint finds the input
    /// invalid or not matching.
    Failure,
    /// 2: wrong usage, unreadable input, a broken scenario.
    Usage,
    /// 3: it could not be determined.
    Undetermined,
    /// 130: the user pressed Ctrl-C. What a shell shows for a program that SIGINT ended.
    Interrupted,
    /// 143: something that watches over the run ended it: what a shell shows for a program that SIGTERM ended.
    Terminated,
    /// 141: the reader of our output went away. What a shell shows for a program that SIGPIPE ended: not 0,
    /// which would say that all is well.
    BrokenPipe,
    /// The code of the command that `lab run` was given, or what a shell gives in its place.
    OfCommand(u8),
}

impl Exit {
    /// Returns the code of two results together: 1 wins over 2, 2 over 3, anything over 0; a run that was cut
    /// short says so whatever it had found.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Undetermined => 1,
            Self::Usage => 2,
            Self::Failure => 3,
            Self::BrokenPipe => 4,
            Self::Interrupted | Self::Terminated | Self::OfCommand(_) => 5,
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Undetermined => 3,
            Self::Interrupted => 130,
            Self::BrokenPipe => 141,
            Self::Terminated => 143,
            Self::OfCommand(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn one_wins_over_two_and_two_over_three() {
        let all = [
            Exit::Success,
            Exit::Undetermined,
            Exit::Usage,
            Exit::Failure,
        ];
        for (lower, less) in all.iter().enumerate() {
            for more in all.iter().skip(lower) {
                assert_eq!(less.and(*more), *more, "{less:?} and {more:?}");
                assert_eq!(more.and(*less), *more, "{more:?} and {less:?}");
            }
        }
    }

    #[test]
    fn the_numbers_are_the_contract() {
        assert_eq!(
            [
                Exit::Success,
                Exit::Failure,
                Exit::Usage,
                Exit::Undetermined
            ]
            .map(Exit::code),
            [0, 1, 2, 3]
        );
    }
}
