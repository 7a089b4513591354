//! Random numbers that follow from a seed.

/// xoshiro256++ (Blackman and Vigna, 2019) seeded by SplitMix64 from the run's seed and a stream
/// number.
///
/// The algorithm is part of what a recorded call relies on: it must not change. Not for keys or
/// passwords.
#[derive(Debug, Clone)]
pub(crate) struct Rng([u64; 4]);

/// Who draws. Each stream is independent, so that what a language's runtime draws for its hash
/// tables does not change what the plugin draws.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// `dialgraph:plugin/random`.
    Plugin,
    /// `wasi:random/random`.
    Wasi,
    /// `wasi:random/insecure` and `insecure-seed`.
    Insecure,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let stream = match stream {
            Stream::Plugin => 0,
            Stream::Wasi => 1,
            Stream::Insecure => 2_u64,
        };
        let mut state = seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(GOLDEN);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }))
    }

    pub(crate) fn number(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// `count` bytes: numbers in little-endian order, the last one cut.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count.next_multiple_of(8));
        while bytes.len() < count {
            bytes.extend_from_slice(&self.number().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        let mut rng = Rng::new(42, Stream::Plugin);
        insta::assert_debug_snapshot!(std::array::from_fn::<_, 4, _>(|_| rng.number()));
    }

    #[test]
    fn streams_and_seeds_draw_differently() {
        let first = |seed, stream| Rng::new(seed, stream).number();
        let drawn = [
            first(1, Stream::Plugin),
            first(1, Stream::Wasi),
            first(1, Stream::Insecure),
            first(2, Stream::Plugin),
        ];
        for (index, one) in drawn.iter().enumerate() {
            assert!(!drawn[..index].contains(one));
        }
    }

    #[test]
    fn bytes_are_the_numbers_in_little_endian_order() {
        let mut numbers = Rng::new(7, Stream::Wasi);
        let expected = [numbers.number().to_le_bytes(), numbers.number().to_le_bytes()].concat();
        assert_eq!(Rng::new(7, Stream::Wasi).bytes(11), expected[..11]);
    }
}
