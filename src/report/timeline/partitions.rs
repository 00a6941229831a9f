//! A lane for each partition: what was written, delivered and committed in it.

use std::collections::{BTreeMap, HashSet};

use super::{Item, Lane, Look, Role, Subject, wire};
use crate::kinds::view::seconds;
use crate::timeline::event::{Name, What};
use crate::timeline::wire::{Request, Response};
use crate::timeline::{Commit, Delivery};

type Lanes = BTreeMap<(Name, i32), Vec<Item>>;

/// The lanes, by topic and partition.
pub fn lanes(subject: &Subject<'_>) -> Vec<Lane> {
    let Some((_, end)) = subject.window() else { return Vec::new() };
    let topics = subject.topics();
    let mut lanes = Lanes::new();
    for (name, instance) in subject.instances() {
        for delivery in subject.timeline.deliveries(instance) {
            if let Some((topic, partition, offset)) = &delivery.record {
                let item = delivered(subject.short(&name), delivery, *offset, end);
                lanes.entry((topic.clone(), *partition)).or_default().push(item);
            }
        }
        sent(subject, &name, &mut lanes);
    }
    let wired = topics.iter().flat_map(|topic| subject.timeline.commits_of(topic).map(|commit| (topic.clone(), commit.partition)));
    let mut seen = Looks { last: BTreeMap::new(), wired: wired.collect() };
    let mut writes: BTreeMap<(Name, i32), Write> = BTreeMap::new();
    for event in subject.timeline.events() {
        match &event.what {
            What::Produced { topic, partition, offset, data, .. } if topics.contains(topic) => {
                let place = (topic.clone(), *partition);
                match writes.get_mut(&place) {
                    // A data set is written in one go: one mark for each partition of it.
                    Some(write) if write.data == *data => (write.at, write.last) = (event.at, *offset),
                    _ => {
                        let write = Write { at: event.at, data: data.clone(), first: *offset, last: *offset };
                        if let Some(before) = writes.insert(place.clone(), write) {
                            lanes.entry(place).or_default().push(before.item());
                        }
                    }
                }
            }
            What::OffsetsReset { topic, offsets, group, .. } if topics.contains(topic) => {
                for (partition, offset) in offsets {
                    let words = format!("the grader sets the committed offset of group {group} to {offset}");
                    let item = Item::point(event.at, Look::Reset, offset.to_string(), words);
                    lanes.entry((topic.clone(), *partition)).or_default().push(item);
                    seen.last.insert((group.clone(), topic.clone(), *partition), *offset);
                }
            }
            What::OffsetsSeen { group, topic, offsets, .. } if topics.contains(topic) => {
                seen.look(subject, event.at, (group, topic), offsets, &mut lanes);
            }
            _ => {}
        }
    }
    for (place, write) in writes {
        lanes.entry(place).or_default().push(write.item());
    }
    commits(subject, &topics.into_iter().collect::<Vec<_>>(), &mut lanes);
    finish(subject, lanes, end)
}

fn finish(subject: &Subject<'_>, lanes: Lanes, end: u64) -> Vec<Lane> {
    let several = lanes.keys().any(|(topic, _)| lanes.keys().any(|(other, _)| other != topic));
    let place = subject.place();
    let lanes = lanes.into_iter().map(|((topic, partition), mut items)| {
        items.retain(|item| item.from <= end);
        items.sort_by_key(|item| item.from);
        let marked = place.is_some_and(|place| place.topic.as_deref() == Some(&*topic) && place.partition == Some(partition));
        let name = if several { format!("{topic} {partition}") } else { format!("partition {partition}") };
        Lane { name, about: format!("topic {topic}, partition {partition}"), role: Role::Partition, items, more: 0, marked }
    });
    lanes.filter(|lane| !lane.items.is_empty() || lane.marked).collect()
}

/// Records of one data set that the grader wrote to one partition.
struct Write {
    at: u64,
    data: Name,
    first: i64,
    last: i64,
}

impl Write {
    fn item(self) -> Item {
        let Self { at, data, first, last } = self;
        let set = data.split_once('/').map_or(&*data, |(_, set)| set);
        let (span, offsets) = if first == last { (first.to_string(), "offset") } else { (format!("{first}–{last}"), "offsets") };
        Item::point(at, Look::Written, span.clone(), format!("the grader writes `{set}` ({offsets} {span})"))
    }
}

fn delivered(by: &str, delivery: &Delivery, offset: i64, end: u64) -> Item {
    let to = delivery.answered.map(|(at, _)| at).into_iter().chain(delivery.abandoned).min();
    let id = delivery.event.as_deref().unwrap_or("something");
    let how = match (delivery.answered, delivery.abandoned) {
        (_, Some(gone)) => format!("and goes away at {} without an answer", seconds(gone)),
        (Some((at, status)), None) => format!("and is answered with {status} at {}", seconds(at)),
        (None, None) => "and gets no answer".to_owned(),
    };
    let look = match (delivery.held, delivery.answered, delivery.abandoned) {
        (true, ..) | (_, None, None) => Look::Held,
        (_, _, Some(_)) => Look::Abandoned,
        _ if delivery.done() => Look::Delivered,
        _ => Look::Refused,
    };
    let held = if delivery.held { ", the sink keeps the answer back," } else { "" };
    let words = format!("`{by}` delivers {id} (offset {offset}){held} {how}");
    Item::bar(delivery.begun, to.unwrap_or(end), look, offset.to_string(), words)
}

/// The records that a program sent.
fn sent(subject: &Subject<'_>, name: &str, lanes: &mut Lanes) {
    for exchange in subject.timeline.exchanges(name) {
        let Request::Produce { batches, acks, .. } = exchange.request else { continue };
        for batch in batches {
            let answered = exchange.response.and_then(|(_, response)| match response {
                Response::Produce { partitions, .. } => {
                    partitions.iter().find(|coded| coded.topic == batch.topic && coded.partition == batch.partition)
                }
                _ => None,
            });
            let (look, how) = match answered {
                Some(coded) if coded.error != 0 => (Look::Note, format!("refused with {}", wire::code(coded.error))),
                Some(_) => (Look::Sent, "stored".to_owned()),
                None if *acks == 0 => (Look::Sent, "no answer asked for (acks=0)".to_owned()),
                None => (Look::Note, "never answered".to_owned()),
            };
            let records = super::super::words::count(u64::from(batch.records), "record", "records");
            let words = format!("`{}` sends {records} ({how})", subject.short(name));
            let item = Item::point(exchange.at, look, batch.records.to_string(), words);
            lanes.entry((batch.topic.clone(), batch.partition)).or_default().push(item);
        }
    }
}

/// What the grader saw of the committed offsets when it looked.
struct Looks {
    last: BTreeMap<(Name, Name, i32), i64>,
    /// The partitions whose commits were seen on the wire.
    wired: HashSet<(Name, i32)>,
}

impl Looks {
    /// A look shows something when an offset moved and no commit on the wire tells it better.
    fn look(&mut self, subject: &Subject<'_>, at: u64, (group, topic): (&Name, &Name), offsets: &BTreeMap<i32, i64>, lanes: &mut Lanes) {
        let known = subject.timeline.group(group).and_then(|group| group.offsets.get(topic));
        for (partition, offset) in offsets {
            let before = self.last.insert((group.clone(), topic.clone(), *partition), *offset);
            if before == Some(*offset) || self.wired.contains(&(topic.clone(), *partition)) {
                continue;
            }
            let ahead =
                known.and_then(|known| known.ahead.iter().find(|ahead| ahead.partition == *partition && ahead.committed == *offset));
            let (look, words) = match ahead {
                Some(ahead) => {
                    let words = format!("offset {offset} is committed, but offset {} is not delivered yet", ahead.frontier);
                    (Look::CommitAhead, words)
                }
                None => (Look::Seen, format!("the grader sees offset {offset} committed")),
            };
            lanes.entry((topic.clone(), *partition)).or_default().push(Item::point(at, look, offset.to_string(), words));
        }
    }
}

/// The commits that crossed the wire.
fn commits(subject: &Subject<'_>, topics: &[Name], lanes: &mut Lanes) {
    let names: Vec<Name> = subject.instances().into_iter().map(|(name, _)| name).collect();
    for (topic, commit) in topics.iter().flat_map(|topic| subject.timeline.commits_of(topic).map(move |commit| (topic, commit))) {
        if names.contains(&commit.instance) {
            lanes.entry((topic.clone(), commit.partition)).or_default().push(committed(subject.short(&commit.instance), commit));
        }
    }
}

fn committed(by: &str, commit: &Commit) -> Item {
    let offset = commit.offset;
    let (look, how) = match (commit.answered, commit.first_due) {
        (Some((_, error)), _) if error != 0 => (Look::CommitRefused, format!(", which the broker refuses with {}", wire::code(error))),
        (_, Some(due)) if offset > due => (Look::CommitAhead, format!(", but offset {due} is not delivered yet")),
        _ if offset >= commit.frontier => (Look::CommitAt, ": everything before it is delivered".to_owned()),
        _ => (Look::CommitBehind, format!(": {} would be right too, everything before that is delivered", commit.frontier)),
    };
    let unanswered = if commit.answered.is_none() { "; no answer was seen" } else { "" };
    let how_much = if commit.transactional { " in a transaction" } else { "" };
    Item::point(commit.at, look, offset.to_string(), format!("`{by}` commits offset {offset}{how_much}{how}{unanswered}"))
}
