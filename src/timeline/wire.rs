//! What crossed the wire between a program and a broker, decoded from a copy by the tap.
//!
//! Only what a judge or a person needs is kept: never record contents, never SASL tokens. Names are those of Kafka's protocol.

use std::fmt;

use kafka_protocol::messages::ApiKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::Name;

/// A kind of request, by Kafka's API key. Written by its name (`OffsetCommit`), or by its number when the name is not known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Api(pub i16);

impl Api {
    /// `Produce`.
    pub const PRODUCE: Self = Self(0);
    /// `Fetch`.
    pub const FETCH: Self = Self(1);
    /// `Metadata`.
    pub const METADATA: Self = Self(3);
    /// `OffsetCommit`.
    pub const OFFSET_COMMIT: Self = Self(8);
    /// `OffsetFetch`.
    pub const OFFSET_FETCH: Self = Self(9);
    /// `JoinGroup`.
    pub const JOIN_GROUP: Self = Self(11);
    /// `LeaveGroup`.
    pub const LEAVE_GROUP: Self = Self(13);
    /// `SyncGroup`.
    pub const SYNC_GROUP: Self = Self(14);
    /// `InitProducerId`.
    pub const INIT_PRODUCER_ID: Self = Self(22);
    /// `EndTxn`.
    pub const END_TXN: Self = Self(26);
    /// `TxnOffsetCommit`.
    pub const TXN_OFFSET_COMMIT: Self = Self(28);
    /// `ConsumerGroupHeartbeat` (KIP-848).
    pub const CONSUMER_GROUP_HEARTBEAT: Self = Self(68);

    /// The API of a name as Kafka's protocol spells it, with or without regard to case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ApiKey::iter().find(|key| format!("{key:?}").eq_ignore_ascii_case(name)).map(|key| Self(key as i16))
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match ApiKey::try_from(self.0) {
            Ok(key) => write!(f, "{key:?}"),
            Err(()) => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Api {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Api {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let api = name.parse().map(Self).ok().or_else(|| Self::named(&name));
        api.ok_or_else(|| serde::de::Error::invalid_value(serde::de::Unexpected::Str(&name), &"the name of a Kafka API"))
    }
}

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The topic's name; `id:UUID` when the client named it by an id that nobody has told the name of.
    pub topic: Name,
    /// The partition.
    pub partition: i32,
}

/// An offset in a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The topic.
    pub topic: Name,
    /// The partition.
    pub partition: i32,
    /// The offset. In `ListOffsets` a timestamp in ms, −1 for the end, −2 for the beginning.
    pub offset: i64,
}

/// What a broker says of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coded {
    /// The topic.
    pub topic: Name,
    /// The partition.
    pub partition: i32,
    /// Kafka's error code, 0 for none.
    pub error: i16,
}

/// The compression of a record batch (attributes, bits 0–2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "Kafka's own names")]
pub enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
    /// A codec that Kafka does not have.
    Unknown,
}

impl Compression {
    /// Kafka's name for it, as in `compression.type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Unknown => "unknown",
        }
    }
}

/// The header of a record batch: what it is, not what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The topic.
    pub topic: Name,
    /// The partition.
    pub partition: i32,
    /// How many records.
    pub records: u32,
    /// Its length in bytes, compressed.
    pub bytes: u32,
    /// How it is compressed.
    pub compression: Compression,
    /// The producer id, −1 without idempotence.
    pub producer_id: i64,
    /// The producer epoch.
    pub producer_epoch: i16,
    /// The sequence number of the first record. Means nothing without a producer id.
    pub base_sequence: i32,
    /// Part of a transaction.
    pub transactional: bool,
    /// The timestamp of the first record in ms. A client library's retry keeps it, a program that sends again makes a new one.
    pub first_timestamp: i64,
    /// CRC-32C of the batch as sent: equal for a batch that is sent again unchanged.
    pub crc: u32,
}

/// What a fetch brought for one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// The topic.
    pub topic: Name,
    /// The partition.
    pub partition: i32,
    /// Kafka's error code, 0 for none.
    pub error: i16,
    /// The high watermark.
    pub high_watermark: i64,
    /// First and last offset of the whole batches in it, when there are any.
    pub offsets: Option<(i64, i64)>,
    /// How many records these batches have.
    pub records: u64,
}

/// A way of sharing out partitions that a consumer offers, with what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignor {
    /// `range`, `roundrobin`, `cooperative-sticky`, …
    pub name: Name,
    /// The topics it subscribes to.
    pub topics: Vec<Name>,
    /// The partitions it owns so far (subscription v1+).
    pub owned: Vec<Place>,
}

/// A topic that a client asks to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTopic {
    /// Its name.
    pub name: Name,
    /// How many partitions, −1 for the broker's default.
    pub partitions: i32,
    /// How many replicas, −1 for the broker's default.
    pub replication_factor: i16,
}

/// What a fetch or a transactional reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "Kafka's own names")]
pub enum Isolation {
    ReadUncommitted,
    ReadCommitted,
}

/// What a client asked. Fields have the names and units of Kafka's protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of Kafka's protocol; what is special stands with the variant")]
pub enum Request {
    /// `software` is told since version 3 only.
    ApiVersions {
        software: Option<Name>,
        software_version: Option<Name>,
    },
    /// `topics` is `None` for all topics.
    Metadata {
        topics: Option<Vec<Name>>,
        create: bool,
    },
    /// `transaction` when a transaction coordinator is looked for, else a group's.
    FindCoordinator {
        transaction: bool,
        keys: Vec<Name>,
    },
    Produce {
        acks: i16,
        timeout_ms: i32,
        transactional_id: Option<Name>,
        batches: Vec<Batch>,
    },
    /// With a fetch session the partitions are only those that changed.
    Fetch {
        isolation: Isolation,
        session: i32,
        epoch: i32,
        min_bytes: i32,
        max_bytes: i32,
        max_wait_ms: i32,
        partitions: Vec<Position>,
    },
    ListOffsets {
        isolation: Isolation,
        partitions: Vec<Position>,
    },
    OffsetFetch {
        groups: Vec<Name>,
    },
    /// `generation` is the member epoch in a KIP-848 group; −1 with an empty member is a consumer that assigned partitions to itself.
    OffsetCommit {
        group: Name,
        member: Name,
        instance_id: Option<Name>,
        generation: i32,
        offsets: Vec<Position>,
    },
    TxnOffsetCommit {
        transactional_id: Name,
        group: Name,
        producer_id: i64,
        producer_epoch: i16,
        member: Name,
        generation: i32,
        offsets: Vec<Position>,
    },
    JoinGroup {
        group: Name,
        member: Name,
        instance_id: Option<Name>,
        session_timeout_ms: i32,
        rebalance_timeout_ms: i32,
        assignors: Vec<Assignor>,
    },
    /// `assignments` is what the leader decided, by member; empty from the others.
    SyncGroup {
        group: Name,
        member: Name,
        generation: i32,
        assignments: Vec<(Name, Vec<Place>)>,
    },
    Heartbeat {
        group: Name,
        member: Name,
        generation: i32,
    },
    LeaveGroup {
        group: Name,
        members: Vec<Name>,
    },
    /// Epoch 0 joins, −1 leaves, −2 leaves and will come back (static member). `None` is "unchanged".
    ConsumerGroupHeartbeat {
        group: Name,
        member: Name,
        instance_id: Option<Name>,
        epoch: i32,
        assignor: Option<Name>,
        topics: Option<Vec<Name>>,
        owned: Option<Vec<Place>>,
    },
    /// As [`Request::ConsumerGroupHeartbeat`], for share groups (KIP-932).
    ShareGroupHeartbeat {
        group: Name,
        member: Name,
        epoch: i32,
        topics: Option<Vec<Name>>,
    },
    InitProducerId {
        transactional_id: Option<Name>,
        transaction_timeout_ms: i32,
        producer_id: i64,
        producer_epoch: i16,
    },
    AddPartitionsToTxn {
        transactional_id: Name,
        producer_id: i64,
        producer_epoch: i16,
        partitions: Vec<Place>,
    },
    AddOffsetsToTxn {
        transactional_id: Name,
        producer_id: i64,
        producer_epoch: i16,
        group: Name,
    },
    EndTxn {
        transactional_id: Name,
        producer_id: i64,
        producer_epoch: i16,
        commit: bool,
    },
    CreateTopics {
        topics: Vec<NewTopic>,
        validate_only: bool,
    },
    DeleteTopics {
        topics: Vec<Name>,
    },
    SaslHandshake {
        mechanism: Name,
    },
    /// Its tokens are never kept.
    SaslAuthenticate,
    /// A request whose contents are not kept.
    Other,
}

impl Request {
    /// The consumer group it is about.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::OffsetCommit { group, .. }
            | Self::TxnOffsetCommit { group, .. }
            | Self::JoinGroup { group, .. }
            | Self::SyncGroup { group, .. }
            | Self::Heartbeat { group, .. }
            | Self::LeaveGroup { group, .. }
            | Self::ConsumerGroupHeartbeat { group, .. }
            | Self::ShareGroupHeartbeat { group, .. }
            | Self::AddOffsetsToTxn { group, .. } => Some(group),
            Self::OffsetFetch { groups } | Self::FindCoordinator { transaction: false, keys: groups } => {
                groups.first().map(|group| &**group)
            }
            _ => None,
        }
    }

    /// The transactional id it carries.
    #[must_use]
    pub fn transactional_id(&self) -> Option<&str> {
        match self {
            Self::TxnOffsetCommit { transactional_id, .. }
            | Self::AddPartitionsToTxn { transactional_id, .. }
            | Self::AddOffsetsToTxn { transactional_id, .. }
            | Self::EndTxn { transactional_id, .. } => Some(transactional_id),
            Self::Produce { transactional_id, .. } | Self::InitProducerId { transactional_id, .. } => transactional_id.as_deref(),
            Self::FindCoordinator { transaction: true, keys } => keys.first().map(|key| &**key),
            _ => None,
        }
    }

    /// The topics it is about, with the partition where it names one.
    #[must_use]
    pub fn places(&self) -> Vec<(&str, Option<i32>)> {
        fn topics(topics: &[Name]) -> Vec<(&str, Option<i32>)> {
            topics.iter().map(|topic| (&**topic, None)).collect()
        }
        match self {
            Self::Produce { batches, .. } => batches.iter().map(|batch| (&*batch.topic, Some(batch.partition))).collect(),
            Self::Fetch { partitions: offsets, .. }
            | Self::ListOffsets { partitions: offsets, .. }
            | Self::OffsetCommit { offsets, .. }
            | Self::TxnOffsetCommit { offsets, .. } => {
                offsets.iter().map(|position| (&*position.topic, Some(position.partition))).collect()
            }
            Self::AddPartitionsToTxn { partitions, .. } => partitions.iter().map(|place| (&*place.topic, Some(place.partition))).collect(),
            Self::Metadata { topics: Some(named), .. } | Self::DeleteTopics { topics: named } => topics(named),
            Self::ConsumerGroupHeartbeat { topics: Some(named), .. } | Self::ShareGroupHeartbeat { topics: Some(named), .. } => {
                topics(named)
            }
            Self::JoinGroup { assignors, .. } => assignors.first().map(|assignor| topics(&assignor.topics)).unwrap_or_default(),
            Self::CreateTopics { topics, .. } => topics.iter().map(|topic| (&*topic.name, None)).collect(),
            _ => Vec::new(),
        }
    }
}

/// What the broker answered. Error codes are Kafka's, 0 for none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of Kafka's protocol; what is special stands with the variant")]
pub enum Response {
    /// To requests with one error code: `Heartbeat`, `LeaveGroup`, `EndTxn`, `AddOffsetsToTxn`, `SaslHandshake`, `SaslAuthenticate`, `ApiVersions`, …
    Plain {
        error: i16,
    },
    /// To requests with an error code for each partition: `OffsetCommit`, `TxnOffsetCommit`, `AddPartitionsToTxn`.
    Partitions {
        partitions: Vec<Coded>,
    },
    /// To requests with an error code for each topic: `Metadata`, `CreateTopics`, `DeleteTopics`.
    Topics {
        topics: Vec<(Name, i16)>,
    },
    /// Base offsets of what was stored.
    Produce {
        partitions: Vec<Coded>,
        base_offsets: Vec<i64>,
    },
    Fetch {
        error: i16,
        session: i32,
        partitions: Vec<Fetched>,
    },
    /// `ListOffsets` and `OffsetFetch`: offsets of partitions, −1 for none.
    Offsets {
        error: i16,
        offsets: Vec<Position>,
    },
    FindCoordinator {
        error: i16,
        node: i32,
    },
    JoinGroup {
        error: i16,
        generation: i32,
        member: Name,
        leader: Name,
        assignor: Option<Name>,
    },
    SyncGroup {
        error: i16,
        assigned: Vec<Place>,
    },
    /// `assigned` is `None` for "unchanged".
    ConsumerGroupHeartbeat {
        error: i16,
        member: Option<Name>,
        epoch: i32,
        assigned: Option<Vec<Place>>,
    },
    InitProducerId {
        error: i16,
        producer_id: i64,
        producer_epoch: i16,
    },
    /// An answer whose contents are not kept.
    Other,
}

impl Response {
    /// The first error in it, if there is one.
    #[must_use]
    pub fn error(&self) -> Option<i16> {
        let first = match self {
            Self::Plain { error }
            | Self::Offsets { error, .. }
            | Self::FindCoordinator { error, .. }
            | Self::JoinGroup { error, .. }
            | Self::SyncGroup { error, .. }
            | Self::ConsumerGroupHeartbeat { error, .. }
            | Self::InitProducerId { error, .. } => *error,
            Self::Partitions { partitions } | Self::Produce { partitions, .. } => {
                partitions.iter().map(|coded| coded.error).find(|error| *error != 0).unwrap_or(0)
            }
            Self::Topics { topics } => topics.iter().map(|(_, error)| *error).find(|error| *error != 0).unwrap_or(0),
            Self::Fetch { error, partitions, .. } => {
                Some(*error).into_iter().chain(partitions.iter().map(|fetched| fetched.error)).find(|error| *error != 0).unwrap_or(0)
            }
            Self::Other => 0,
        };
        (first != 0).then_some(first)
    }
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The program.
    Client,
    /// The broker.
    Broker,
    /// The tap between them.
    Tap,
}

/// Why a frame was forwarded without being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unread {
    /// An API or a version of it that is not known.
    Unknown,
    /// It does not look as its API and version say.
    Damaged,
    /// Longer than what is kept in memory.
    TooLong,
    /// Too many frames were being read at that moment.
    Busy,
}

/// What a peer speaks that does not speak Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Foreign {
    /// A TLS hello on a plaintext port: `security.protocol=SSL` or `SASL_SSL` in the client.
    Tls,
    /// An HTTP request.
    Http,
    /// A frame with a length that no Kafka broker accepts, or a header that cannot be one.
    Unknown,
}

/// What a fault did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultUse {
    /// The request waits before it is forwarded.
    RequestHeld,
    /// The answer waits before it is passed on.
    ResponseHeld,
    /// What waited goes on.
    Released,
    /// The connection was closed without forwarding the request.
    RequestDropped,
    /// The request was forwarded; instead of the answer the connection was closed.
    ResponseDropped,
    /// The request was answered with this error and not forwarded.
    Answered(i16),
    /// The broker's answer was changed to this error.
    Replaced(i16),
    /// A new connection was refused.
    Refused,
}
