//! From when a wait counts. A program that was just started needs time before it comes to Kafka, on a loaded machine half a minute, and that
//! is not the learner's mistake.

use std::time::Duration;

use crate::timeline::Timeline;

/// How long a program may be on its way from its start to its first connection. One that never connects is waited for no longer.
const START: Duration = Duration::from_secs(60);

/// The moment from which a wait counts that began at `begun`: when the last running program of the check came to a broker; `now`, as long as
/// one is on its way. All in nanoseconds since the run began.
pub(super) fn counts_from(timeline: &Timeline, check: &str, begun: u64, now: u64) -> u64 {
    let running = timeline.instances_of(check).into_iter().filter(|(_, instance)| instance.alive());
    let arrivals = running.filter_map(|(name, instance)| {
        let (started, _) = *instance.starts.last()?;
        let arrived = timeline.connections(name).map(|connection| connection.opened).find(|opened| *opened >= started);
        let latest = started.saturating_add(u64::try_from(START.as_nanos()).unwrap_or(u64::MAX));
        Some(arrived.unwrap_or(now).min(latest))
    });
    arrivals.fold(begun, u64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Event, What};

    const SECOND: u64 = 1_000_000_000;

    fn started(at: u64, name: &str) -> Event {
        let what = What::Started { instance: name.into(), program: "consumer".into(), pid: 1, restarts: 0, command: Vec::new() };
        Event { at: at * SECOND, what }
    }

    fn connected(at: u64, name: &str, connection: u64) -> Event {
        Event { at: at * SECOND, what: What::Connected { connection, instance: name.into(), node: 1 } }
    }

    fn exited(at: u64, name: &str) -> Event {
        Event { at: at * SECOND, what: What::Exited { instance: name.into(), code: Some(0), signal: None } }
    }

    /// From when a wait that began in second 10 counts in second 40.
    fn from(events: &[Event]) -> u64 {
        let mut timeline = Timeline::default();
        events.iter().for_each(|event| timeline.append(event.clone()));
        counts_from(&timeline, "c", 10 * SECOND, 40 * SECOND) / SECOND
    }

    #[test]
    fn a_wait_counts_from_when_the_program_came_to_a_broker() {
        assert_eq!(from(&[]), 10);
        assert_eq!(from(&[started(1, "c/a"), connected(2, "c/a", 1)]), 10, "it was there before");
        assert_eq!(from(&[started(9, "c/a"), connected(34, "c/a", 1), connected(36, "c/a", 2)]), 34, "the first connection");
        assert_eq!(from(&[started(9, "c/a")]), 40, "still on its way");
        assert_eq!(from(&[started(9, "c/a"), exited(12, "c/a")]), 10, "it will not come");
        assert_eq!(from(&[started(9, "other/a")]), 10, "another check's");
    }

    #[test]
    fn a_restart_is_a_start() {
        let twice = [started(1, "c/a"), connected(2, "c/a", 1), exited(11, "c/a"), started(12, "c/a"), connected(20, "c/a", 2)];
        assert_eq!(from(&twice), 20);
        assert_eq!(from(&twice[..4]), 40);
    }

    #[test]
    fn who_never_connects_is_waited_for_no_longer_than_a_minute() {
        let mut timeline = Timeline::default();
        timeline.append(started(9, "c/a"));
        assert_eq!(counts_from(&timeline, "c", 10 * SECOND, 300 * SECOND) / SECOND, 69);
    }
}
