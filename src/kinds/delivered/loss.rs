//! Why events were not delivered, where the timeline tells it.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::View;
use crate::kinds::view::seconds;
use crate::outcome::Subject;
use crate::timeline::{Delivery, Produced, Topic};

/// What happened to the lost events, when one thing explains them all.
pub(super) fn cause(view: &View<'_>, lost: &[&&str], deliveries: &[&Delivery]) -> Option<(String, Subject)> {
    let refused = refused(lost, deliveries).map(|cause| (cause, Subject::AtLeastOnce));
    let standstill = || Some((standstill(view, lost, deliveries)?, Subject::BadRecords));
    refused.or_else(standstill).or_else(|| Some((shared_group(view)?, Subject::Group)))
}

/// A group of the check's programs in which programs of other checks were, too: each check has a group of its own, so this one's name is not the one
/// that was asked for.
fn shared_group(view: &View<'_>) -> Option<String> {
    let is_own = |name: &str| name.split_once('/').is_some_and(|(check, _)| check == view.check);
    let everybody = || view.timeline.everybody().map(|name| &**name);
    let own: BTreeSet<&str> = everybody().filter(|name| is_own(name)).flat_map(|name| view.timeline.groups_of(name)).collect();
    let shared = |name: &str| view.timeline.groups_of(name).find(|group| own.contains(group));
    let (other, group) = everybody().filter(|name| !is_own(name)).find_map(|name| Some((name, shared(name)?)))?;
    let check = other.split_once('/').map_or(other, |(check, _)| check);
    Some(format!(
        "your program joined group {group}, and so did the one of the check `{check}`: the members of a group share its partitions and its offsets. Every check has a group \
         of its own, whose name comes from the environment (KAFKA_GROUP_ID)"
    ))
}

/// What stands before an instance that delivers nothing, where another one did deliver: the records that are no event, behind what was delivered.
pub(super) fn stands_next(view: &View<'_>, wanted: &BTreeSet<&str>) -> Option<String> {
    let instances = view.timeline.instances_of(view.check);
    let deliveries: Vec<&Delivery> = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance)).collect();
    let (name, _, _) = deliveries.iter().find_map(|delivery| delivery.record.as_ref())?;
    let topic = view.timeline.topic(name)?;
    let done: BTreeSet<&str> = deliveries.iter().filter(|delivery| delivery.done()).filter_map(|delivery| delivery.event.as_deref()).collect();
    let mut first_lost: BTreeMap<i32, i64> = BTreeMap::new();
    for place in wanted.iter().filter(|id| !done.contains(**id)).filter_map(|id| topic.written(id)) {
        let first = first_lost.entry(place.partition).or_insert(place.offset);
        *first = place.offset.min(*first);
    }
    let blocks = first_lost.iter().filter_map(|(partition, offset)| block(topic, *partition, *offset, &deliveries));
    let places: Vec<String> = blocks
        .map(|block| {
            let label = label(view, topic, block).map_or_else(String::new, |label| format!("{label} at "));
            format!("{label}partition {}, offset {}", block.partition, block.offset)
        })
        .collect();
    (!places.is_empty()).then(|| {
        format!(
            "what stands next in its partitions is no event: {}. Such a record is as unreadable at the next try: report it on standard error, pass it over, and go on",
            places.join("; ")
        )
    })
}

/// The sink refused the first of them, and the program went on with others.
fn refused(lost: &[&&str], deliveries: &[&Delivery]) -> Option<String> {
    let first = lost.first()?;
    let last = deliveries.iter().rfind(|delivery| delivery.event.as_deref() == Some(**first))?;
    let (at, status) = last.answered.filter(|(_, status)| !(200..300).contains(status))?;
    let next = deliveries.iter().filter(|delivery| delivery.begun > at && delivery.done()).count();
    (next > 0).then(|| {
        format!(
            "the POST of event {first} was answered with {status} at {}, and your program went on with other events without posting it again. \
             A service that refuses now may accept a moment later: try again until the answer is 2xx, and only then go on",
            seconds(at)
        )
    })
}

/// In every partition that holds lost events, nothing behind a record that is no event was delivered.
fn standstill(view: &View<'_>, lost: &[&&str], deliveries: &[&Delivery]) -> Option<String> {
    let topic = deliveries.iter().find_map(|delivery| delivery.record.as_ref()).and_then(|(topic, _, _)| view.timeline.topic(topic))?;
    let mut first_lost: BTreeMap<i32, i64> = BTreeMap::new();
    for id in lost {
        let place = topic.written(id)?;
        let first = first_lost.entry(place.partition).or_insert(place.offset);
        *first = place.offset.min(*first);
    }
    let blocks: Vec<&Produced> = first_lost.iter().map(|(partition, offset)| block(topic, *partition, *offset, deliveries)).collect::<Option<_>>()?;
    let block = blocks.first()?;
    let label = label(view, topic, block).map_or_else(String::new, |label| format!(" ({label})"));
    Some(format!(
        "nothing behind offset {} of partition {} was delivered: the record there{label} is no event, and your program does not get past it. \
         Trying again does not make it readable: report it, pass it over, and go on",
        block.offset, block.partition
    ))
}

/// The first record that is no event behind the last delivery of a partition, when all from there on is lost.
fn block<'a>(topic: &'a Topic, partition: i32, lost: i64, deliveries: &[&Delivery]) -> Option<&'a Produced> {
    let done = deliveries.iter().filter(|delivery| delivery.done()).filter_map(|delivery| delivery.record.as_ref());
    let last = done.filter(|(_, seen, _)| *seen == partition).map(|(_, _, offset)| *offset).max().unwrap_or(-1);
    if last > lost {
        return None;
    }
    topic.produced.iter().find(|record| record.partition == partition && record.event.is_none() && (last..lost).contains(&record.offset))
}

/// What the lab calls a record of a data set that it writes out.
fn label(view: &View<'_>, topic: &Topic, block: &Produced) -> Option<String> {
    let set = view.data_set(block.data.split_once('/').map_or(&*block.data, |(_, name)| name))?;
    let nth = topic.produced.iter().filter(|record| record.data == block.data).position(|record| std::ptr::eq(record, block))?;
    set.records().get(nth)?.label.clone()
}
