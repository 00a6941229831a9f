//! What crossed the wire, in one line each: what was asked, and what the broker answered.
//!
//! Names stand in the lines as the client sent them: whoever prints a line sanitizes it for its format.

use std::fmt::Write;

use kafka_protocol::messages::ApiKey;

use crate::timeline::event::Name;
use crate::timeline::wire::{Api, Batch, Coded, Compression, Isolation, Place, Position, Request, Response, Unread};
use crate::world::kafka::Code;

/// How many of several things are named; of the rest, the number is.
const NAMED: usize = 4;

/// What was asked, without the API's name. Empty when there is nothing to tell.
#[must_use]
pub fn request(request: &Request) -> String {
    match request {
        Request::ApiVersions { software, software_version } => {
            let words = [software, software_version].map(|word| word.as_deref().unwrap_or_default());
            words.join(" ").trim().to_owned()
        }
        Request::Metadata { topics: None, .. } => "all topics".to_owned(),
        Request::Metadata { topics: Some(topics), .. } if topics.is_empty() => "brokers only".to_owned(),
        Request::Metadata { topics: Some(topics), .. } | Request::DeleteTopics { topics } => names(topics),
        Request::FindCoordinator { transaction, keys } => {
            format!("of {} {}", if *transaction { "transactional id" } else { "group" }, names(keys))
        }
        Request::Produce { acks, transactional_id, batches, .. } => produce(*acks, transactional_id.as_ref(), batches),
        Request::Fetch { isolation, max_wait_ms, partitions, .. } => {
            let what = if partitions.is_empty() { "as before".to_owned() } else { offsets(partitions) };
            format!("{what}, waits {max_wait_ms} ms{}", committed(*isolation))
        }
        Request::ListOffsets { isolation, partitions } => format!("{}{}", times(partitions), committed(*isolation)),
        Request::OffsetFetch { groups } => format!("of group {}", names(groups)),
        Request::OffsetCommit { group, member, generation, offsets: at, .. } => {
            let by = if member.is_empty() { "no member".to_owned() } else { format!("generation {generation}") };
            format!("{}, group {group}, {by}", offsets(at))
        }
        Request::TxnOffsetCommit { transactional_id, group, offsets: at, .. } => {
            format!("{}, group {group}, transactional id {transactional_id}", offsets(at))
        }
        Request::JoinGroup { group, member, instance_id, assignors, session_timeout_ms, .. } => {
            let topics = assignors.first().map(|assignor| names(&assignor.topics)).unwrap_or_default();
            let assignors = names(assignors.iter().map(|assignor| &assignor.name));
            format!("group {group}{}, topics {topics}, {assignors}, session {session_timeout_ms} ms", who(member, instance_id.as_ref()))
        }
        Request::SyncGroup { group, generation, assignments, .. } => {
            let mut text = format!("group {group}, generation {generation}");
            for (member, assigned) in assignments.iter().take(NAMED) {
                let _ = write!(text, ", {} to {}", places(assigned), short(member));
            }
            text + &more(assignments.len())
        }
        Request::Heartbeat { group, generation, .. } => format!("group {group}, generation {generation}"),
        Request::LeaveGroup { group, members } => format!("group {group}, {}", list(members.iter().map(|member| short(member)))),
        Request::ConsumerGroupHeartbeat { group, member, instance_id, epoch, topics, .. } => {
            let topics = topics.as_ref().map(|topics| format!(", topics {}", names(topics))).unwrap_or_default();
            format!("group {group}{}, {}{topics}", who(member, instance_id.as_ref()), epoch_word(*epoch))
        }
        Request::ShareGroupHeartbeat { group, member, epoch, .. } => {
            format!("share group {group}{}, {}", who(member, None), epoch_word(*epoch))
        }
        Request::InitProducerId { transactional_id, producer_id, .. } => {
            let id = transactional_id.as_ref().map_or_else(|| "idempotent".to_owned(), |id| format!("transactional id {id}"));
            if *producer_id < 0 { id } else { format!("{id}, again for producer {producer_id}") }
        }
        Request::AddPartitionsToTxn { transactional_id, partitions, .. } => {
            format!("{}, transactional id {transactional_id}", places(partitions))
        }
        Request::AddOffsetsToTxn { transactional_id, group, .. } => format!("group {group}, transactional id {transactional_id}"),
        Request::EndTxn { transactional_id, commit, .. } => {
            format!("{}, transactional id {transactional_id}", if *commit { "commit" } else { "abort" })
        }
        Request::CreateTopics { topics, validate_only } => {
            let topics = topics.iter().map(|topic| match topic.partitions {
                -1 => topic.name.to_string(),
                1 => format!("{} with 1 partition", topic.name),
                count => format!("{} with {count} partitions", topic.name),
            });
            format!("{}{}", list(topics), if *validate_only { ", only to see" } else { "" })
        }
        Request::SaslHandshake { mechanism } => format!("mechanism {mechanism}"),
        Request::SaslAuthenticate | Request::Other => String::new(),
    }
}

/// What the broker answered: its first error by Kafka's name, else what it said, else `ok`.
#[must_use]
pub fn response(response: &Response) -> String {
    if let Some(code) = response.error() {
        return error(response, code);
    }
    match response {
        Response::Produce { partitions, base_offsets } => {
            let at = partitions.iter().zip(base_offsets);
            let stored = at.map(|(coded, offset)| Position { topic: coded.topic.clone(), partition: coded.partition, offset: *offset });
            format!("stored at {}", offsets(&stored.collect::<Vec<_>>()))
        }
        Response::Fetch { partitions, .. } => {
            let brought = partitions.iter().filter_map(|fetched| {
                let (first, last) = fetched.offsets?;
                let offsets = if first == last { format!("{first}") } else { format!("{first}–{last}") };
                Some(format!("{}/{} {offsets} ({})", fetched.topic, fetched.partition, counted(fetched.records, "record")))
            });
            let brought = list(brought);
            if brought.is_empty() { "nothing new".to_owned() } else { brought }
        }
        Response::Offsets { offsets: found, .. } => {
            let (known, unknown): (Vec<_>, Vec<_>) = found.iter().cloned().partition(|position| position.offset >= 0);
            match (known.is_empty(), unknown.len()) {
                (true, 0) => "none".to_owned(),
                (true, _) => "none committed".to_owned(),
                (false, 0) => offsets(&known),
                (false, count) => format!("{}, none for {}", offsets(&known), counted(count as u64, "partition")),
            }
        }
        Response::FindCoordinator { node, .. } => format!("broker {node}"),
        Response::JoinGroup { generation, member, leader, assignor, .. } => {
            let leads = if member == leader { ", leads" } else { "" };
            let assignor = assignor.as_ref().map(|assignor| format!(", {assignor}")).unwrap_or_default();
            format!("generation {generation}{assignor}, as {}{leads}", short(member))
        }
        Response::SyncGroup { assigned, .. } => format!("gets {}", got(assigned)),
        Response::ConsumerGroupHeartbeat { epoch, assigned: Some(assigned), .. } => format!("epoch {epoch}, gets {}", got(assigned)),
        Response::ConsumerGroupHeartbeat { epoch, assigned: None, .. } => format!("epoch {epoch}"),
        Response::InitProducerId { producer_id, producer_epoch, .. } => format!("producer {producer_id}, epoch {producer_epoch}"),
        Response::Plain { .. } | Response::Partitions { .. } | Response::Topics { .. } | Response::Other => "ok".to_owned(),
    }
}

/// Why a frame was not read, in words that fit after "not read: ".
#[must_use]
pub fn unread(reason: Unread) -> &'static str {
    match reason {
        Unread::Unknown => "an API or version that kgrade does not know",
        Unread::Damaged => "it does not look as its API and version say",
        Unread::TooLong => "it is too long to keep",
        Unread::Busy => "too many frames at once",
    }
}

/// Whether an exchange only says "I am still here" or "is there anything new? no": most of what a client says.
#[must_use]
pub fn is_idle(api: Api, answer: Option<&Response>) -> bool {
    if answer.is_some_and(|answer| answer.error().is_some()) {
        return false;
    }
    match (ApiKey::try_from(api.0), answer) {
        (Ok(ApiKey::Heartbeat), _) => true,
        (Ok(ApiKey::ConsumerGroupHeartbeat), Some(Response::ConsumerGroupHeartbeat { epoch, assigned: None, .. })) => *epoch >= 0,
        (Ok(ApiKey::Fetch), Some(Response::Fetch { partitions, .. })) => partitions.iter().all(|fetched| fetched.records == 0),
        _ => false,
    }
}

fn produce(acks: i16, transactional_id: Option<&Name>, batches: &[Batch]) -> String {
    let batch = |batch: &Batch| {
        let mut text = format!("{}/{} {}, {}", batch.topic, batch.partition, counted(batch.records.into(), "record"), size(batch.bytes));
        if batch.compression != Compression::None {
            let _ = write!(text, " {}", batch.compression.name());
        }
        if batch.producer_id >= 0 {
            let _ = write!(text, ", producer {} sequence {}", batch.producer_id, batch.base_sequence);
        }
        text
    };
    let acks = if acks == -1 { "all".to_owned() } else { acks.to_string() };
    let transaction = transactional_id.map(|id| format!(", transactional id {id}")).unwrap_or_default();
    format!("{}, acks={acks}{transaction}", list(batches.iter().map(batch)))
}

fn error(response: &Response, code: i16) -> String {
    let name = Code::of(code).map_or_else(|| code.to_string(), |code| code.to_string());
    let place = match response {
        Response::Partitions { partitions } | Response::Produce { partitions, .. } => first_coded(partitions, code),
        Response::Fetch { partitions, .. } => {
            let first = partitions.iter().find(|fetched| fetched.error == code);
            first.map(|fetched| format!("{}/{}", fetched.topic, fetched.partition))
        }
        Response::Topics { topics } => topics.iter().find(|(_, error)| *error == code).map(|(topic, _)| topic.to_string()),
        _ => None,
    };
    place.map_or(name.clone(), |place| format!("{name} for {place}"))
}

fn first_coded(partitions: &[Coded], code: i16) -> Option<String> {
    partitions.iter().find(|coded| coded.error == code).map(|coded| format!("{}/{}", coded.topic, coded.partition))
}

/// Offsets of partitions, each topic named once: `events/0@15 1@20 clicks/3@7`.
fn offsets(positions: &[Position]) -> String {
    by_topic(positions.iter().map(|position| (&position.topic, format!("{}@{}", position.partition, position.offset))))
}

/// As [`offsets`], with the two offsets that are words.
fn times(positions: &[Position]) -> String {
    let word = |offset| match offset {
        -1 => "end".to_owned(),
        -2 => "beginning".to_owned(),
        other => other.to_string(),
    };
    by_topic(positions.iter().map(|position| (&position.topic, format!("{}@{}", position.partition, word(position.offset)))))
}

fn places(places: &[Place]) -> String {
    by_topic(places.iter().map(|place| (&place.topic, place.partition.to_string())))
}

fn got(assigned: &[Place]) -> String {
    if assigned.is_empty() { "no partition".to_owned() } else { places(assigned) }
}

fn by_topic<'a>(items: impl ExactSizeIterator<Item = (&'a Name, String)>) -> String {
    let count = items.len();
    let mut text = String::new();
    let mut last: Option<&Name> = None;
    for (topic, item) in items.take(2 * NAMED) {
        let space = if text.is_empty() { "" } else { " " };
        let _ = if last == Some(topic) { write!(text, "{space}{item}") } else { write!(text, "{space}{topic}/{item}") };
        last = Some(topic);
    }
    if count > 2 * NAMED {
        let _ = write!(text, " and {} more", count - 2 * NAMED);
    }
    text
}

fn names<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    list(names.into_iter().map(|name| name.to_string()))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let all: Vec<_> = items.collect();
    let named = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    named + &more(all.len())
}

fn more(count: usize) -> String {
    if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn size(bytes: u32) -> String {
    if bytes < 10_000 { format!("{bytes} B") } else { format!("{} kB", bytes / 1000) }
}

fn committed(isolation: Isolation) -> &'static str {
    if isolation == Isolation::ReadCommitted { ", read_committed" } else { "" }
}

fn who(member: &str, instance_id: Option<&Name>) -> String {
    let member = if member.is_empty() { ", new member".to_owned() } else { format!(", as {}", short(member)) };
    instance_id.map_or(member.clone(), |id| format!("{member}, static {id}"))
}

fn epoch_word(epoch: i32) -> String {
    match epoch {
        0 => "joins".to_owned(),
        -1 => "leaves".to_owned(),
        -2 => "leaves for a while (static member)".to_owned(),
        epoch => format!("epoch {epoch}"),
    }
}

/// A member id without most of the UUID at its end: `rdkafka-4a5c3b2e-…` is `rdkafka-4a5c…`.
fn short(member: &str) -> String {
    const UUID: usize = 36;
    let Some(at) = member.len().checked_sub(UUID).filter(|at| member.is_char_boundary(*at)) else { return member.to_owned() };
    let (name, uuid) = member.split_at(at);
    if uuid.bytes().filter(|byte| *byte == b'-').count() != 4 {
        return member.to_owned();
    }
    format!("{name}{}…", uuid.chars().take(4).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::wire::Fetched;

    fn position(topic: &str, partition: i32, offset: i64) -> Position {
        Position { topic: topic.into(), partition, offset }
    }

    fn batch() -> Batch {
        Batch {
            topic: "events".into(),
            partition: 2,
            records: 1,
            bytes: 87,
            compression: Compression::None,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            transactional: false,
            first_timestamp: 0,
            crc: 0,
        }
    }

    #[test]
    fn a_produce_tells_what_decides_about_safety() {
        let plain = Request::Produce { acks: 0, timeout_ms: 1, transactional_id: None, batches: vec![batch()] };
        assert_eq!(request(&plain), "events/2 1 record, 87 B, acks=0");
        let batches =
            vec![Batch { records: 5, bytes: 12_345, compression: Compression::Zstd, producer_id: 7, base_sequence: 40, ..batch() }];
        let safe = Request::Produce { acks: -1, timeout_ms: 1, transactional_id: Some("tx".into()), batches };
        assert_eq!(request(&safe), "events/2 5 records, 12 kB zstd, producer 7 sequence 40, acks=all, transactional id tx");
    }

    #[test]
    fn a_commit_tells_offsets_and_whose_it_is() {
        let mut offsets = vec![position("events", 0, 11), position("events", 1, 5), position("clicks", 0, 3)];
        let commit = |member: &str, generation, offsets: &[Position]| Request::OffsetCommit {
            group: "g".into(),
            member: member.into(),
            instance_id: None,
            generation,
            offsets: offsets.to_vec(),
        };
        assert_eq!(request(&commit("m", 3, &offsets)), "events/0@11 1@5 clicks/0@3, group g, generation 3");
        offsets = (0..12).map(|partition| position("events", partition, 1)).collect();
        assert_eq!(request(&commit("", -1, &offsets)), "events/0@1 1@1 2@1 3@1 4@1 5@1 6@1 7@1 and 4 more, group g, no member");
    }

    #[test]
    fn an_error_has_its_name_and_place() {
        let coded = |partition, error| Coded { topic: "events".into(), partition, error };
        let refused = Response::Partitions { partitions: vec![coded(0, 0), coded(1, 25)] };
        assert_eq!(response(&refused), "UNKNOWN_MEMBER_ID (25) for events/1");
        assert_eq!(response(&Response::Plain { error: 27 }), "REBALANCE_IN_PROGRESS (27)");
        assert_eq!(response(&Response::Plain { error: 0 }), "ok");
    }

    #[test]
    fn members_are_named_shortly() {
        assert_eq!(short("rdkafka-4a5c3b2e-1111-2222-3333-444455556666"), "rdkafka-4a5c…");
        assert_eq!(short("chosen-by-the-program-because-it-could-do-so"), "chosen-by-the-program-because-it-could-do-so");
        assert_eq!(short("müüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü"), "müüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü");
    }

    #[test]
    fn only_what_brings_nothing_is_idle() {
        let fetch = |records, error| {
            let offsets = (records > 0).then_some((4, 3 + i64::try_from(records).unwrap()));
            let fetched = Fetched { topic: "events".into(), partition: 0, error, high_watermark: 9, offsets, records };
            Response::Fetch { error: 0, session: 0, partitions: vec![fetched] }
        };
        assert!(is_idle(Api::FETCH, Some(&fetch(0, 0))));
        assert!(!is_idle(Api::FETCH, Some(&fetch(3, 0))));
        assert!(!is_idle(Api::FETCH, Some(&fetch(0, 6))), "an error is news");
        assert!(!is_idle(Api::FETCH, None), "no answer is news");
        assert!(!is_idle(Api::OFFSET_COMMIT, Some(&Response::Partitions { partitions: Vec::new() })));
        assert_eq!(response(&fetch(3, 0)), "events/0 4–6 (3 records)");
        assert_eq!(response(&fetch(0, 0)), "nothing new");
    }
}
