//! Hostile octets by the million: a plain generator and a plain mutator, fast without optimisation.

/// Calls `check` with `count` inputs: pieces of the corpus, changed in one to four places, and now and then
/// octets made up from nothing. The same seed gives the same inputs.
pub(crate) fn mutations(corpus: &[&[u8]], count: usize, seed: u64, mut check: impl FnMut(&[u8])) {
    let mut random = XorShift::new(seed);
    let mut input = Vec::new();
    for entry in corpus {
        check(entry);
    }
    for _ in 0..count {
        input.clear();
        if random.below(16) == 0 {
            for _ in 0..random.below(40) {
                input.push(random.octet());
            }
        } else {
            input.extend_from_slice(random.pick(corpus));
            for _ in 0..=random.below(4) {
                mutate(&mut input, corpus, &mut random);
            }
        }
        check(&input);
    }
}

/// Octets that mean something to one of the parsers.
const MEANINGFUL: &[u8] = b" \t\r\n\0;:=,.*-_\"\\!%@/+019azAZ\x7f\x80\xbb\xbf\xc3\xef\xff";

fn mutate(input: &mut Vec<u8>, corpus: &[&[u8]], random: &mut XorShift) {
    let position = random.below(input.len() + 1);
    match random.below(8) {
        0 | 1 => input.insert(position, random.pick(MEANINGFUL)),
        2 if position < input.len() => input[position] = random.pick(MEANINGFUL),
        3 if position < input.len() => input[position] = random.octet(),
        4 if position < input.len() => {
            input.remove(position);
        }
        5 => input.truncate(position),
        6 => {
            // A stretch of the input once more.
            let end = (position + random.below(24)).min(input.len());
            input.extend_from_within(position..end);
        }
        7 => {
            let other = random.pick(corpus);
            let from = random.below(other.len() + 1);
            input.truncate(position);
            input.extend_from_slice(&other[from..]);
        }
        _ => input.push(random.pick(MEANINGFUL)),
    }
}

/// Marsaglia's xorshift64.
struct XorShift(u64);

impl XorShift {
    fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a length fits 64 bits");
        usize::try_from(self.next() % bound).expect("it is below a length")
    }

    fn octet(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}
