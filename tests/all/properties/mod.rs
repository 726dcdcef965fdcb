//! What holds for every input of the parsers of foreign octets and of arguments: no panic, no hang, no
//! disagreement between two readings, and what is shown can be read again.
//!
//! Plain loops over seeds and mutants are part of every run of the tests, and the same inputs come every time:
//! 20,000 for each parser. `RANDOM_INPUTS` asks for more: CI runs these tests, which have `mutated` in their names,
//! alone with a million. There are no fuzz targets beside them: a fuzzer's search of branches would need a nightly
//! compiler and hours, and the parsers are small enough that an alphabet and splicing reach deep into them, as the
//! floor under the number of accepted mutants shows. What other rooms read has its loop beside the room's other
//! tests: SMTP replies and routes in `net`, lines and rows of the store in `store`, scenario files in
//! `scenario_files`.
//!
//! Certificates take longer, so there are fewer of them: `certificates` says how many.

mod answers;
mod arguments;
mod certificates;
mod octets;
mod shrinking;
mod sidecar;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use crate::support::mutations::inputs;

/// Counts what a loop of mutations accepted: a loop that accepts nothing tests nothing.
#[derive(Debug, Default)]
struct Accepted(usize);

impl Accepted {
    fn one(&mut self) {
        self.0 += 1;
    }

    /// At least a twentieth.
    fn assert_many(&self) {
        assert!(self.0 > inputs() / 20, "only {} were accepted", self.0);
    }
}

fn reads_again<T: Debug + Display + FromStr<Err: Debug + PartialEq> + PartialEq>(value: &T) {
    assert_eq!(value.to_string().parse().as_ref(), Ok(value));
}
