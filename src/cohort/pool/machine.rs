//! How many submissions this machine can grade at a time.

use std::thread::available_parallelism;

use crate::world::memory;

/// What a submission in hand takes, in bytes: broker, grader, and a learner's programs.
const EACH: u64 = 700 << 20;
/// More at a time are hardly meant.
const MOST: u64 = 64;

/// As many workers as there are cores, if there is memory for them, and for those that are held ready.
#[must_use]
pub fn workers(ahead: usize) -> usize {
    let cores = available_parallelism().map_or(1, usize::from) as u64;
    let fitting = memory::available().map_or(MOST, |bytes| (bytes / EACH).saturating_sub(ahead as u64));
    usize::try_from(cores.min(fitting).clamp(1, MOST)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_works_always() {
        let cores = available_parallelism().unwrap().get();
        assert!((1..=cores).contains(&workers(1)));
        assert_eq!(workers(100_000), 1);
    }
}
