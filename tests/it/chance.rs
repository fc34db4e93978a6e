//! Chance that can be had again: numbers from a seed that is printed and can be given.
//!
//! Promises: the same seed gives the same numbers. What several processes do at once has its own chance beside it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that gives the seed, in decimal digits.
pub const SEED: &str = "COUNTERSIGN_SEED";

/// A source of numbers: `SplitMix64` (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The seed of [`SEED`], else one of this moment; it is printed, and a test that fails shows it.
    pub fn seeded(name: &str) -> Chance {
        let moment = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 % 1_000_000_000;
        let seed = std::env::var(SEED).map_or_else(|_| moment(), |text| text.parse().expect("a decimal number"));
        println!("{name}: {SEED}={seed}");
        Chance::of(seed)
    }

    /// Of a seed that is always the same.
    pub fn of(seed: u64) -> Chance {
        Chance { state: seed }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, share: u64) -> bool {
        self.number() % 100 < share
    }

    /// One of them.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let numbers = |seed| {
        let mut chance = Chance { state: seed };
        [chance.number(), chance.number()]
    };
    assert_eq!(numbers(7), numbers(7));
    assert_ne!(numbers(7), numbers(8));
    // The published test vector.
    assert_eq!(numbers(1_234_567), [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
}
