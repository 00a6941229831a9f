//! Commits beyond what was delivered at the moment when their request arrived.

use super::Commits;
use super::story::Told;
use crate::kinds::committed::ahead::explain;
use crate::kinds::{Answer, View};
use crate::timeline::{Ahead, Commit, Offsets, Topic};
use crate::timeline::wire::Request;

pub fn judge(view: &View<'_>, spec: &Commits, told: &Told<'_>) -> Answer {
    let offsets = view.timeline.group(&spec.group).and_then(|group| group.offsets.get(spec.topic.as_str()));
    let (Some(offsets), Some(topic)) = (offsets, view.timeline.topic(&spec.topic)) else {
        return Answer::NotShown(format!("nothing is known of the commits of group {}", spec.group));
    };
    let meant = |commit: &Commit| told.programs.iter().any(|program| *program.instance == *commit.instance);
    let plain = offsets.ahead.iter().find(|ahead| ahead.commit.and_then(|place| offsets.commits.get(place)).is_some_and(meant)).cloned();
    let in_transaction = || transactional(view, offsets, topic).into_iter().find(|ahead| ahead.commit.and_then(|place| offsets.commits.get(place)).is_some_and(meant));
    if let Some(ahead) = plain.or_else(in_transaction) {
        return Answer::Violated(explain(view, (&spec.group, &spec.topic), topic, &ahead, offsets));
    }
    Answer::holds(told.requests.iter().flat_map(|request| &request.commits).filter(|commit| commit.accepted()).count() as u64)
}

/// Commits in transactions that were committed before what they pass was delivered.
fn transactional(view: &View<'_>, offsets: &Offsets, topic: &Topic) -> Vec<Ahead> {
    let candidates = offsets.commits.iter().enumerate().filter(|(_, commit)| commit.transactional && commit.is_ahead() && commit.accepted());
    candidates
        .filter_map(|(place, commit)| {
            let ended = end_of_transaction(view, commit)?;
            let frontier = first_undelivered(view, topic, commit, ended)?;
            Some(Ahead { at: ended, partition: commit.partition, committed: commit.offset, frontier, commit: Some(place) })
        })
        .collect()
}

/// When the commit's transaction was committed, if it was. Another end, or none, and the offsets never count.
fn end_of_transaction(view: &View<'_>, commit: &Commit) -> Option<u64> {
    let mut exchanges = view.timeline.exchanges(&commit.instance).skip_while(|exchange| (exchange.connection.id, exchange.correlation) != commit.request);
    let Request::TxnOffsetCommit { transactional_id: wanted, .. } = exchanges.next()?.request else { return None };
    exchanges.find_map(|exchange| match exchange.request {
        Request::EndTxn { transactional_id, commit, .. } if transactional_id == wanted => Some((*commit && exchange.error() == Some(0)).then_some(exchange.at)),
        _ => None,
    })?
}

/// The first event that the commit passes and that was not delivered at that moment.
fn first_undelivered(view: &View<'_>, topic: &Topic, commit: &Commit, at: u64) -> Option<i64> {
    let from = commit.first_due?;
    let instances = view.timeline.instances_of(view.check);
    let delivered = |event: &str| {
        let mut all = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance));
        all.any(|delivery| delivery.event.as_deref() == Some(event) && delivery.done() && delivery.answered.is_some_and(|(answered, _)| answered <= at))
    };
    let passed = topic.produced.iter().filter(|record| record.partition == commit.partition && (from..commit.offset).contains(&record.offset));
    passed.filter(|record| record.event.as_deref().is_some_and(|event| !delivered(event))).map(|record| record.offset).min()
}
