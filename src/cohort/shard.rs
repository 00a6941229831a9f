//! A part of a cohort, for one of several machines: `2/8` is the second of eight.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// One of several parts. Which submissions are in it depends on their ids alone: one more submission moves no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Which, from 1.
    pub nth: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// Whether this submission is in it.
    #[must_use]
    pub fn holds(self, id: &str) -> bool {
        let digest = Sha256::digest(id.as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.of.max(1)) + 1 == u64::from(self.nth)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(nth, of)| Some((nth.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((nth, of)) if (1..=of).contains(&nth) => Ok(Self { nth, of }),
            Some((nth, of)) if of > 0 => Err(format!("there is no shard {nth} of {of}: they are counted from 1 to {of}")),
            _ => Err("write for example 2/8: the second of eight".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.nth, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_submission_is_in_one_shard_for_good() {
        for of in [1, 2, 3, 8, 100] {
            let mut sizes = vec![0; of as usize];
            for id in (0..1_000).map(|n| format!("learner-{n}")) {
                let holding: Vec<u32> = (1..=of).filter(|nth| Shard { nth: *nth, of }.holds(&id)).collect();
                let [nth] = holding[..] else { panic!("{id} is in {holding:?} of {of}") };
                sizes[nth as usize - 1] += 1;
            }
            let even = 1_000 / of;
            assert!(sizes.iter().all(|size| (even / 4..=even * 2 + 10).contains(size)), "{of}: {sizes:?}");
        }
        // Written down: another version of kgrade must cut the same way.
        assert!(Shard { nth: 399, of: 1_000 }.holds("ada"));
    }

    #[test]
    fn is_written_as_a_fraction() {
        assert_eq!("2/8".parse(), Ok(Shard { nth: 2, of: 8 }));
        assert_eq!(Shard { nth: 2, of: 8 }.to_string(), "2/8");
        for wrong in ["", "2", "0/8", "9/8", "0/0", "a/b", "-1/2", "1/2/3", "1 /2", "1/99999999999"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
