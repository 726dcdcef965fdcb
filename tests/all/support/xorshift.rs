//! A plain mutator: a million inputs in a second, the same ones every time.

/// Marsaglia's xorshift, 64 bits.
pub(crate) struct Xorshift(u64);

impl Xorshift {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    /// Takes one of the seeds and changes up to eight places: octets flipped, put in, taken out, repeated.
    pub(crate) fn mutate(&mut self, seeds: &[&[u8]], alphabet: &[u8], octets: &mut Vec<u8>) {
        octets.clear();
        octets.extend_from_slice(seeds[self.below(seeds.len())]);
        for _ in 0..self.below(9) {
            let place = self.below(octets.len() + 1);
            match self.below(5) {
                0 => octets.insert(place, alphabet[self.below(alphabet.len())]),
                1 => octets.insert(place, self.next().to_le_bytes()[0]),
                2 if place < octets.len() => {
                    octets.remove(place);
                }
                3 if place < octets.len() => octets[place] = alphabet[self.below(alphabet.len())],
                _ => {
                    let other = self.below(octets.len() + 1);
                    let (from, to) = (place.min(other), place.max(other));
                    if octets.len() < 256 {
                        octets.extend_from_within(from..to);
                    }
                }
            }
        }
    }
}
