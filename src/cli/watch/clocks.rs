//! Whether the machine slept.

use std::time::{Duration, Instant, SystemTime};

/// A clock that went on so much longer than the machine was awake: it slept.
const SLEPT: Duration = Duration::from_secs(20);

/// Two clocks: the one that stands still while the machine sleeps, and the one on the wall.
pub struct Clocks(Instant, SystemTime);

impl Clocks {
    /// As they stand now.
    pub fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// Whether the machine slept since this was last asked.
    pub fn slept(&mut self) -> bool {
        let before = std::mem::replace(self, Self::now());
        let awake = self.0.duration_since(before.0);
        // A clock on the wall that was set back says nothing.
        let passed = self.1.duration_since(before.1).unwrap_or_default();
        passed.saturating_sub(awake) > SLEPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_ran_ahead_means_sleep() {
        let asked = |ahead: i64| {
            let mut clocks = Clocks::now();
            let apart = Duration::from_secs(ahead.unsigned_abs());
            clocks.1 = if ahead >= 0 { clocks.1 - apart } else { clocks.1 + apart };
            (clocks.slept(), clocks.slept())
        };
        assert_eq!([asked(3600), asked(1), asked(-3600)], [(true, false), (false, false), (false, false)]);
    }
}
