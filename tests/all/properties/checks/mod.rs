//! What holds for every input, one function a parser: it panics where that does not hold, and returns whether the
//! parser accepted the input.
//!
//! The loops over mutants call them, and so does the fuzzer in `tests/fuzz`, which takes these files as they are:
//! they use nothing of the other tests.

pub(crate) mod certificates;
pub(crate) mod replies;
pub(crate) mod sidecar;
pub(crate) mod store;
pub(crate) mod text;

use std::fmt::{Debug, Display};
use std::str::FromStr;

/// What is shown can be read again.
pub(crate) fn reads_again<T: Debug + Display + FromStr<Err: Debug + PartialEq> + PartialEq>(
    value: &T,
) {
    assert_eq!(value.to_string().parse().as_ref(), Ok(value));
}
