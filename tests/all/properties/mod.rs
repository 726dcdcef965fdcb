//! What holds for every input of the parsers of foreign octets and of arguments: no panic, no hang, no
//! disagreement between two readings, and what is shown can be read again.
//!
//! Plain loops over seeds and mutants are part of every run of the tests, and the same inputs come every time:
//! 20,000 for each parser. `RANDOM_INPUTS` asks for more: CI runs these tests, which have `mutated` in their names,
//! alone with a million. What holds is said once, in [`checks`]; `tests/fuzz` holds the parsers to the same with
//! inputs that a fuzzer finds by the branches they take. What other rooms read has its loop beside the room's other
//! tests: SMTP replies and routes in `net`, lines and rows of the store in `store`, scenario files in
//! `scenario_files`.
//!
//! Certificates take longer, and so do files that users write, so there are fewer of them: `certificates` and
//! `support::mutations` say how many.

mod answers;
mod arguments;
mod certificates;
pub(crate) mod checks;
mod octets;
mod shrinking;
mod sidecar;

use crate::support::mutations::{inputs, mutations};

/// Calls `check`, which says whether it accepted, with mutants of `seeds`. A loop that accepts nothing tests
/// nothing: of all inputs at least a twentieth must be accepted.
fn with_mutants(seeds: &[&[u8]], start: u64, mut check: impl FnMut(&[u8]) -> bool) {
    let mut accepted = 0;
    mutations(seeds, inputs(), start, |octets| {
        accepted += usize::from(check(octets));
    });
    assert!(
        accepted > inputs() / 20,
        "only {accepted} of {} were accepted",
        inputs()
    );
}
