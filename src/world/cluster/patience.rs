//! A time limit that does not run while a process waits for a processor: a machine with too much to do is no reason to give a broker up.

use std::time::{Duration, Instant};

use crate::world::schedstat;

/// How many times its limit a process may take at the most, however little it got of the machine.
const MOST: u32 = 8;

/// How long a process may take for something, as far as it is let.
#[derive(Debug)]
pub struct Patience {
    begun: Instant,
    limit: Duration,
}

impl Patience {
    /// It begins now, with the process that is asked about later.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { begun: Instant::now(), limit }
    }

    /// Whether the process has had its time. What its threads waited for a processor is looked up only when the limit itself is over.
    #[must_use]
    pub fn is_over(&self, pid: u32) -> bool {
        let elapsed = self.begun.elapsed();
        elapsed > self.limit && is_over(elapsed, self.limit, waited(pid))
    }
}

fn is_over(elapsed: Duration, limit: Duration, waited: Duration) -> bool {
    elapsed.saturating_sub(waited) > limit || elapsed > limit * MOST
}

/// The longest time that one of its threads could have run and was not let, since it began. Where the system does not say, none.
fn waited(pid: u32) -> Duration {
    Duration::from_nanos(schedstat::threads(pid).map(|thread| thread.waited).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_a_processor_does_not_count_but_not_for_ever() {
        let seconds = Duration::from_secs;
        for (elapsed, waited, over) in
            [(89, 0, false), (91, 0, true), (91, 40, false), (200, 40, true), (700, 650, false), (721, 719, true)]
        {
            assert_eq!(is_over(seconds(elapsed), seconds(90), seconds(waited)), over, "{elapsed} s, {waited} s without a processor");
        }
    }

    #[test]
    fn a_process_that_is_not_there_waited_for_nothing() {
        assert_eq!(waited(u32::MAX), Duration::ZERO);
        assert!(Patience::new(Duration::ZERO).is_over(u32::MAX));
        assert!(!Patience::new(Duration::from_secs(600)).is_over(std::process::id()));
    }
}
