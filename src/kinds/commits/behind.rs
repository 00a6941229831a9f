//! How far commits stay behind what was delivered.

use std::collections::BTreeMap;

use super::story::Told;
use super::{Behind, Commits};
use crate::kinds::view::{count, seconds};
use crate::kinds::{Answer, View};
use crate::outcome::{Mismatch, Moment};

/// A delivered event, until it is committed or its program ends.
struct Open {
    event: String,
    partition: i32,
    offset: i64,
    delivered: u64,
    /// When it was committed, or its program ended; `None` while it still waits.
    closed: Option<u64>,
}

pub fn judge(view: &View<'_>, spec: &Commits, told: &Told<'_>, bound: Behind) -> Answer {
    let open = open(view, told);
    let now = view.timeline.now();
    if let Some(limit) = bound.time {
        let limit = u64::try_from(view.scaled(limit.get()).as_nanos()).unwrap_or(u64::MAX);
        let late: Vec<_> = open.iter().filter(|open| open.closed.unwrap_or(now).saturating_sub(open.delivered) > limit).collect();
        if let Some(first) = late.first() {
            let message = format!("event {} was delivered at {} and not committed {:.1} s later", first.event, seconds(first.delivered), limit as f64 / 1e9);
            let expected = format!("what was delivered is committed for group {} within {:.1} s", spec.group, limit as f64 / 1e9);
            let observed = first.closed.map_or_else(|| "not committed so far".to_owned(), |at| format!("committed at {}", seconds(at)));
            return Answer::Violated(Mismatch::new(message, expected, observed).witnesses(late.iter().map(|open| open.describe())).moment(Moment::at(first.delivered + limit).in_partition(&spec.topic, first.partition)));
        }
    }
    if let Some(limit) = bound.events
        && let Some((at, most)) = worst(&open, limit)
    {
        let message = format!("{} were delivered and not committed at {}", count(most, "event"), seconds(at));
        let waiting = open.iter().filter(|open| open.delivered <= at && open.closed.is_none_or(|closed| closed > at));
        return Answer::Violated(Mismatch::new(message, format!("at most {}", count(limit, "event")), count(most, "event")).witnesses(waiting.map(Open::describe)).moment(Moment::at(at)));
    }
    Answer::holds(open.iter().filter(|open| open.closed.is_some()).count() as u64)
}

/// The first moment at which more events were open than allowed, and how many.
fn worst(open: &[Open], limit: u64) -> Option<(u64, u64)> {
    // At one moment what closes comes first.
    let mut steps: Vec<_> = open.iter().flat_map(|open| [Some((open.delivered, 1)), open.closed.map(|at| (at, -1))]).flatten().collect();
    steps.sort_unstable();
    let mut number = 0_i64;
    steps.into_iter().find_map(|(at, step)| {
        number += step;
        u64::try_from(number).ok().filter(|number| *number > limit).map(|number| (at, number))
    })
}

fn open(view: &View<'_>, told: &Told<'_>) -> Vec<Open> {
    let mut commits: BTreeMap<i32, Vec<(u64, i64)>> = BTreeMap::new();
    for commit in told.requests.iter().flat_map(|request| &request.commits).filter(|commit| commit.accepted()) {
        commits.entry(commit.partition).or_default().push((commit.at, commit.offset));
    }
    let mut open = Vec::new();
    for program in &told.programs {
        let ended = view.timeline.instance(program.instance).and_then(|instance| instance.exits.last()).map(|exit| exit.at);
        for delivery in program.deliveries.iter().filter(|delivery| delivery.done()) {
            let (Some((_, partition, offset)), Some((delivered, _))) = (&delivery.record, delivery.answered) else { continue };
            let of_partition = commits.get(partition).map(Vec::as_slice).unwrap_or_default();
            let later = of_partition.iter().skip(of_partition.partition_point(|(at, _)| *at < delivered));
            let committed = later.clone().find(|(_, committed)| committed > offset).map(|(at, _)| *at);
            let ended = ended.filter(|ended| *ended >= delivered);
            let closed = committed.into_iter().chain(ended).min();
            let event = delivery.event.as_deref().unwrap_or_default().to_owned();
            open.push(Open { event, partition: *partition, offset: *offset, delivered, closed });
        }
    }
    open
}

impl Open {
    fn describe(&self) -> String {
        format!("event {} (partition {}, offset {}), delivered at {}", self.event, self.partition, self.offset, seconds(self.delivered))
    }
}
