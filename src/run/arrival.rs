//! From when a wait counts. A program that was just started needs time before it comes to Kafka, on a loaded machine half a minute, and one
//! that is at work may be slow there: neither is the learner's mistake.

use std::collections::HashSet;
use std::time::Duration;

use crate::kinds::ExpectSpec;
use crate::timeline::{Delivery, Timeline};

/// How long a program may be on its way from its start to its first connection. One that never connects is waited for no longer.
const START: Duration = Duration::from_secs(60);

/// By how many times its limit a wait for deliveries grows at most while there are new ones.
const PATIENCE: u64 = 3;

/// When a wait that began at `begun` ends: `limit` after the last running program came to a broker and, if it waits for deliveries, after the
/// last of them. All in nanoseconds since the run began.
pub(super) fn ends_at(timeline: &Timeline, check: &str, spec: &ExpectSpec, begun: u64, limit: u64, now: u64) -> u64 {
    let from = counts_from(timeline, check, begun, now);
    let working = if matches!(spec, ExpectSpec::Delivered(_)) { last_delivered(timeline, check) } else { None };
    let latest = from.saturating_add(limit.saturating_mul(PATIENCE));
    from.max(working.map_or(0, |at| at.min(latest))).saturating_add(limit)
}

/// When an event of the check was last delivered for the first time.
fn last_delivered(timeline: &Timeline, check: &str) -> Option<u64> {
    let instances = timeline.instances_of(check);
    let mut done: Vec<&Delivery> =
        instances.iter().flat_map(|(_, instance)| timeline.deliveries(instance)).filter(|one| one.done()).collect();
    done.sort_by_key(|delivery| delivery.answered);
    let mut seen = HashSet::new();
    done.into_iter().filter(|delivery| seen.insert(delivery.event.as_ref())).filter_map(|delivery| Some(delivery.answered?.0)).last()
}

/// The moment from which a wait counts that began at `begun`: when the last running program of the check came to a broker; `now`, as long as
/// one is on its way. All in nanoseconds since the run began.
fn counts_from(timeline: &Timeline, check: &str, begun: u64, now: u64) -> u64 {
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
    use crate::timeline::{Event, Payload, What};

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
    fn a_wait_for_deliveries_goes_on_while_there_are_new_ones() {
        let delivered: ExpectSpec = serde_json::from_value(serde_json::json!({ "delivered": { "begun": 9 } })).unwrap();
        let alive: ExpectSpec = serde_json::from_value(serde_json::json!({ "alive": { "instance": "a" } })).unwrap();
        let mut timeline = Timeline::default();
        timeline.append(started(1, "c/a"));
        timeline.append(connected(2, "c/a", 1));
        let end = |timeline: &Timeline, spec| ends_at(timeline, "c", spec, 10 * SECOND, 30 * SECOND, 200 * SECOND) / SECOND;
        assert_eq!(end(&timeline, &delivered), 40);
        let mut deliver = |delivery: u64, at: u64, event: &str| {
            let begun =
                What::DeliveryBegun { delivery, instance: "c/a".into(), nth: delivery, event: Some(event.into()), body: Payload::new(b"") };
            timeline.append(Event { at: at * SECOND, what: begun });
            timeline.append(Event { at: at * SECOND, what: What::DeliveryAnswered { delivery, status: 200 } });
            (end(&timeline, &delivered), end(&timeline, &alive))
        };
        assert_eq!(deliver(1, 25, "e-1"), (55, 40), "of deliveries only");
        assert_eq!(deliver(2, 35, "e-1"), (55, 40), "the same event again is nothing new");
        assert_eq!(deliver(3, 50, "e-2"), (80, 40));
        assert_eq!(deliver(4, 190, "e-3"), (130, 40), "not for ever");
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
