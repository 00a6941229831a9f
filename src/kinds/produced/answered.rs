//! How quickly a program's Produce requests were answered. A producer collects records while it waits for an answer, so a Kafka that answers late makes
//! full batches of any settings.

use std::time::Duration;

use super::{Written, pace};

/// Mean time of an answer from which batches may have been filled by waiting for it: an ordinary linger is shorter. A broker with a processor to
/// itself answers in one to five.
const LATE: Duration = Duration::from_millis(10);

/// The mean time of an answer, when answers came late, and at least one was waited for during most of the time.
pub fn late(written: &Written<'_>) -> Option<Duration> {
    let mut waits: Vec<(u64, u64)> = written.requests.iter().filter_map(|exchange| Some((exchange.at, exchange.response?.0))).collect();
    waits.sort_unstable();
    let (first, last) = (waits.first()?.0, waits.iter().map(|(_, answered)| *answered).max()?);
    let (mut waited, mut until) = (0, first);
    for (asked, answered) in &waits {
        waited += answered.saturating_sub(until.max(*asked));
        until = until.max(*answered);
    }
    let total: u64 = waits.iter().map(|(asked, answered)| answered.saturating_sub(*asked)).sum();
    let mean = Duration::from_nanos(total / waits.len() as u64);
    (mean >= LATE && 2 * waited >= last - first).then_some(mean)
}

/// Says that answers came so late.
pub fn too_late(mean: Duration) -> String {
    let took = mean.as_millis();
    pace::too_busy(&format!(
        "in the run that this one is compared with: Kafka took {took} ms on average to answer a Produce request, and what is waited for fills batches by itself"
    ))
}
