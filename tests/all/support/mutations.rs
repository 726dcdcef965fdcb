//! Hostile octets: a plain mutator, fast without optimisation.

use super::xorshift::Xorshift;

/// Octets that mean something to one of the parsers of text.
const MEANINGFUL: &[u8] = b" \t\r\n\0;:=,.*-_\"\\!%@/+019azAZ\x7f\x80\xbb\xbf\xc3\xef\xff";

/// How long an input may be and still grow.
const MAX_GROWING: usize = 4_096;

/// How many inputs a loop over random ones makes: what a change breaks mostly shows within these, in seconds.
/// `RANDOM_INPUTS` asks for more, as `.ci/run` does.
pub(crate) fn inputs() -> usize {
    #[expect(clippy::disallowed_methods, reason = "tests have no command line")]
    let wanted = std::env::var("RANDOM_INPUTS");
    wanted.map_or(20_000, |number| {
        number
            .parse()
            .expect("RANDOM_INPUTS is a number, as in RANDOM_INPUTS=1000000")
    })
}

/// How many files a loop over those that users write makes: no stranger sends them, and to read one takes long without
/// optimisation.
pub(crate) fn files() -> usize {
    inputs() / 5
}

/// Calls `check` with `count` inputs: the seeds, mutants of them, and now and then octets made up from nothing.
/// The same number to start from gives the same inputs.
pub(crate) fn mutations(seeds: &[&[u8]], count: usize, start: u64, mut check: impl FnMut(&[u8])) {
    let mut random = Xorshift::new(start);
    let mut input = Vec::new();
    for seed in seeds {
        check(seed);
    }
    for _ in 0..count {
        if random.below(16) == 0 {
            input.clear();
            for _ in 0..random.below(40) {
                input.push(random.octet());
            }
        } else {
            random.mutate(seeds, MEANINGFUL, &mut input);
        }
        check(&input);
    }
}

impl Xorshift {
    /// Takes one of the seeds and changes up to five places.
    pub(crate) fn mutate(&mut self, seeds: &[&[u8]], alphabet: &[u8], octets: &mut Vec<u8>) {
        octets.clear();
        octets.extend_from_slice(self.pick(seeds));
        for _ in 0..self.below(6) {
            self.change(seeds, alphabet, octets);
        }
    }

    fn change(&mut self, seeds: &[&[u8]], alphabet: &[u8], octets: &mut Vec<u8>) {
        let place = self.below(octets.len() + 1);
        match self.below(10) {
            0 | 1 => octets.insert(place, self.pick(alphabet)),
            2 => octets.insert(place, self.octet()),
            3 | 4 if place < octets.len() => octets[place] = self.pick(alphabet),
            5 if place < octets.len() => octets[place] = self.octet(),
            6 if place < octets.len() => {
                octets.remove(place);
            }
            7 => octets.truncate(place),
            8 if octets.len() < MAX_GROWING => {
                // A stretch of the input once more.
                let other = self.below(octets.len() + 1);
                octets.extend_from_within(place.min(other)..place.max(other));
            }
            9 => {
                // The end of another seed.
                let other = self.pick(seeds);
                let from = self.below(other.len() + 1);
                octets.truncate(place);
                octets.extend_from_slice(&other[from..]);
            }
            _ => octets.push(self.pick(alphabet)),
        }
    }
}
