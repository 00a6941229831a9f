//! What a topic's replicas must be like: how many, how many in sync, spread over how many leaders.

use std::collections::BTreeSet;

use super::Topic;
use crate::kinds::view::count;
use crate::outcome::Mismatch;
use crate::timeline::event::PartitionSeen;

/// What is not as the topic's replicas should be.
pub(super) fn problem(wanted: &Topic, partitions: &[PartitionSeen]) -> Option<Mismatch> {
    number(wanted, partitions).or_else(|| in_sync(wanted, partitions)).or_else(|| under_replicated(wanted, partitions)).or_else(|| {
        let wanted_leaders = wanted.leaders?;
        let leaders: BTreeSet<i32> = partitions.iter().map(|seen| seen.leader).filter(|leader| *leader >= 0).collect();
        if wanted_leaders.accepts(leaders.len() as u64) {
            return None;
        }
        let message = format!("the partitions of topic {} are led by {}", wanted.name, count(leaders.len() as u64, "broker"));
        let observed = format!("{} ({})", count(leaders.len() as u64, "broker"), listed(leaders));
        Some(Mismatch::new(message, format!("{wanted_leaders} brokers that lead"), observed).witnesses(partitions.iter().map(told).collect::<Vec<_>>()))
    })
}

fn number(topic: &Topic, partitions: &[PartitionSeen]) -> Option<Mismatch> {
    let wanted = u64::from(topic.replication?);
    let other = partitions.iter().filter(|partition| partition.replicas.len() as u64 != wanted);
    let witnesses: Vec<_> =
        other.map(|seen| format!("partition {}: {}", seen.partition, count(seen.replicas.len() as u64, "replica"))).collect();
    if witnesses.is_empty() {
        return None;
    }
    let message = format!("topic {} does not have {} everywhere", topic.name, count(wanted, "replica"));
    let observed = format!("{} with another number", count(witnesses.len() as u64, "partition"));
    Some(Mismatch::new(message, count(wanted, "replica"), observed).witnesses(witnesses))
}

fn in_sync(topic: &Topic, partitions: &[PartitionSeen]) -> Option<Mismatch> {
    let wanted = topic.in_sync?;
    let other: Vec<_> = partitions.iter().filter(|seen| !wanted.accepts(seen.isr.len() as u64)).map(told).collect();
    if other.is_empty() {
        return None;
    }
    let message = format!("topic {} does not have {wanted} replicas in sync in every partition", topic.name);
    let observed = format!("{} with another number in sync", count(other.len() as u64, "partition"));
    Some(Mismatch::new(message, format!("{wanted} in-sync replicas in each partition"), observed).witnesses(other))
}

fn under_replicated(topic: &Topic, partitions: &[PartitionSeen]) -> Option<Mismatch> {
    let wanted = topic.under_replicated?;
    let short: Vec<_> = partitions.iter().filter(|seen| seen.isr.len() < seen.replicas.len()).collect();
    if wanted.accepts(short.len() as u64) {
        return None;
    }
    let found = count(short.len() as u64, "under-replicated partition");
    let message = format!("topic {} has {found}", topic.name);
    // Without a surplus the whole ones are what is wrong.
    let shown: Vec<_> = if short.is_empty() { partitions.iter().map(told).collect() } else { short.into_iter().map(told).collect() };
    Some(Mismatch::new(message, format!("{wanted} under-replicated partitions"), found).witnesses(shown))
}

fn told(seen: &PartitionSeen) -> String {
    let leader = if seen.leader < 0 { "no leader".to_owned() } else { format!("leader {}", seen.leader) };
    format!("partition {}: {leader}, replicas {}, in sync {}", seen.partition, listed(seen.replicas.clone()), listed(seen.isr.clone()))
}

fn listed(nodes: impl IntoIterator<Item = i32>) -> String {
    nodes.into_iter().map(|node| node.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::{Story, assert_says};
    use crate::timeline::event::{PartitionSeen, What};

    /// Partitions of topic `t`, each with its leader and its replicas in sync, of three.
    fn seen(partitions: &[(i32, &[i32])]) -> Story {
        let partitions = (0..).zip(partitions).map(|(partition, (leader, isr))| PartitionSeen {
            partition,
            leader: *leader,
            replicas: vec![1, 2, 3],
            isr: isr.to_vec(),
        });
        Story::new().then(What::TopicSeen { topic: "t".into(), partitions: Some(partitions.collect()) })
    }

    #[test]
    fn in_sync_in_every_partition() {
        let two = seen(&[(1, &[1, 2, 3]), (2, &[2, 3])]);
        assert_says(&two, "topic: { name: t, in_sync: { at_least: 2 } }", "holds (2)", &[]);
        let all = "topic: { name: t, in_sync: { exactly: 3 } }";
        let says = ["expected exactly 3 in-sync replicas", "1 partition with another number", "partition 1: leader 2, replicas 1, 2, 3, in sync 2, 3"];
        assert_says(&two, all, "not yet: topic t does not have exactly 3 replicas in sync in every partition", &says);
        assert_says(&seen(&[(1, &[1, 2, 3]), (2, &[3, 2, 1])]), all, "holds (2)", &[]);
    }

    #[test]
    fn under_replicated_partitions() {
        let none = "topic: { name: t, under_replicated: { exactly: 0 } }";
        let some = "topic: { name: t, under_replicated: { at_least: 1 } }";
        let whole = seen(&[(1, &[1, 2, 3])]);
        let short = seen(&[(1, &[1, 2, 3]), (-1, &[3])]);
        assert_says(&whole, none, "holds (1)", &[]);
        assert_says(&short, none, "not yet: topic t has 1 under-replicated partition", &["partition 1: no leader, replicas 1, 2, 3, in sync 3"]);
        assert_says(&short, some, "holds (2)", &[]);
        assert_says(&whole, some, "not yet: topic t has 0 under-replicated partitions", &["expected at least 1", "partition 0: leader 1"]);
    }

    #[test]
    fn leaders_on_several_brokers() {
        let three = "topic: { name: t, leaders: { exactly: 3 } }";
        assert_says(&seen(&[(1, &[1]), (2, &[2]), (3, &[3])]), three, "holds (3)", &[]);
        assert_says(&seen(&[(1, &[1]), (2, &[2]), (2, &[2])]), three, "not yet: the partitions of topic t are led by 2 brokers", &["2 brokers (1, 2)"]);
        assert_says(&seen(&[(1, &[1]), (-1, &[2]), (3, &[3])]), three, "not yet: the partitions of topic t are led by 2 brokers", &[]);
    }
}
