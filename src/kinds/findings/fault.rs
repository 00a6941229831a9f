//! The faults that a cluster can have, and what tells each of them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kinds::Finding;
use crate::outcome::Subject;

/// A fault that is there, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What is wrong.
    pub problem: Problem,
    /// The topic.
    pub topic: String,
    /// The partition, for problems of one partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// The consumer group, for problems of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What is wrong with a topic or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// The group is alive and the partition grows, but its committed offset stands still.
    StuckPartition,
    /// The group gets on, but slower than its topic grows.
    GrowingLag,
    /// One key has most of a topic's records.
    HotKey,
    /// A partition has fewer replicas in sync than it has replicas.
    UnderReplicated,
    /// A group that is alive has never committed.
    NoCommittedOffsets,
    /// A topic keeps its records for another time than agreed.
    WrongRetention,
    /// A group has records to read and nobody who reads them.
    DeadGroup,
}

impl Problem {
    /// All problems, in the order of the handout.
    pub const ALL: [Self; 7] = [
        Self::StuckPartition,
        Self::GrowingLag,
        Self::HotKey,
        Self::UnderReplicated,
        Self::NoCommittedOffsets,
        Self::WrongRetention,
        Self::DeadGroup,
    ];

    /// Its name in a finding.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::StuckPartition => "stuck-partition",
            Self::GrowingLag => "growing-lag",
            Self::HotKey => "hot-key",
            Self::UnderReplicated => "under-replicated",
            Self::NoCommittedOffsets => "no-committed-offsets",
            Self::WrongRetention => "wrong-retention",
            Self::DeadGroup => "dead-group",
        }
    }

    /// Whether its place names a partition.
    pub fn in_partition(self) -> bool {
        matches!(self, Self::StuckPartition | Self::HotKey | Self::UnderReplicated)
    }

    /// Whether its place names a group.
    pub fn of_group(self) -> bool {
        matches!(self, Self::StuckPartition | Self::GrowingLag | Self::NoCommittedOffsets | Self::DeadGroup)
    }

    /// What a program has to look at to see it.
    pub fn signs(self) -> &'static str {
        match self {
            Self::StuckPartition => {
                "look twice, OBSERVE_SECONDS apart, partition by partition: the group has members, the end offset has grown, and the committed offset, \
                 which was behind already, is the same. The sum over all partitions hides it"
            }
            Self::GrowingLag => {
                "look twice, OBSERVE_SECONDS apart: the committed offsets move, and the lag (end offset minus committed offset, summed over the partitions) \
                 has grown by 50 or more. One look cannot tell a lag that grows from one that shrinks"
            }
            Self::HotKey => "read the topic's records from the first one and count their keys: one key has half of them or more, and its partition is the one that they stand in",
            Self::UnderReplicated => "compare each partition's in-sync replicas with its replicas in the topic's description (metadata)",
            Self::NoCommittedOffsets => {
                "describe the group: it has members, its topic has records, and there is no committed offset for any partition (clients report that as −1, −1001 or None, not as 0)"
            }
            Self::WrongRetention => "describe the topic's configuration and compare `retention.ms`, the broker's default included, with `retention_ms` in CATALOG, as numbers",
            Self::DeadGroup => "describe the group: it has no members, and the end offsets are past its committed offsets, so records wait and nobody reads them",
        }
    }

    /// What to read about.
    pub fn about(self) -> Subject {
        match self {
            Self::StuckPartition | Self::GrowingLag => Subject::Lag,
            Self::HotKey => Subject::Key,
            Self::UnderReplicated => Subject::Replication,
            Self::NoCommittedOffsets => Subject::CommittedOffset,
            Self::WrongRetention => Subject::Retention,
            Self::DeadGroup => Subject::Group,
        }
    }

    /// What looks like it and is not.
    pub fn near_misses(self) -> &'static str {
        match self {
            Self::StuckPartition => "a committed offset that stands still is no fault where nothing new was written, or where the group has read everything",
            Self::GrowingLag => "a lag that stays about the same is no fault, and neither is one that is small: it has to grow by 50 or more within OBSERVE_SECONDS",
            Self::HotKey => {
                "few keys, or one partition with more records than the others, make no hot key: one key must have half of the records, in a topic of at least 100"
            }
            Self::UnderReplicated => "a partition with one replica, in sync, has all that it is meant to have: compare the in-sync replicas with the partition's own replicas",
            Self::NoCommittedOffsets => "a group whose topic is empty has nothing to commit yet, and one without members is another problem",
            Self::WrongRetention => "where nobody set it, `retention.ms` is the broker's default, which describing the configuration shows; topics whose `retention_ms` in CATALOG is null are free",
            Self::DeadGroup => "a group without members that has read everything has done its work: a nightly job looks so all day",
        }
    }
}

impl Fault {
    /// What lint says about a fault whose place is not complete, or says too much.
    pub fn lint(&self) -> Option<Finding> {
        let name = self.problem.name();
        let rule = |right: bool, field: &str, has: bool| {
            let message = if has { format!("`{name}` is no problem of one {field}") } else { format!("`{name}` needs its {field}") };
            let help = if has { format!("leave `{field}` out") } else { format!("add `{field}`") };
            (!right).then(|| Finding::at("faults", message, help))
        };
        let (partition, group) = (self.partition.is_some(), self.group.is_some());
        rule(partition == self.problem.in_partition(), "partition", partition)
            .or_else(|| rule(group == self.problem.of_group(), "group", group))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem.name())?;
        if let Some(partition) = self.partition {
            write!(f, " in partition {partition}")?;
        }
        write!(f, " of topic {}", self.topic)?;
        match &self.group {
            Some(group) => write!(f, " for group {group}"),
            None => Ok(()),
        }
    }
}
