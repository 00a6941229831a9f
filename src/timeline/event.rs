//! The kinds of events.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::docker::{ContainersLook, HttpAnswer, HttpAsked, ListenersSeen, Selection};
use super::payload::{Payload, RecordBlock};
use super::wire::{Api, Compression, FaultUse, Foreign, Request, Response, Side, Unread};
use crate::outcome::{Mismatch, Verdict};

/// A name that many events share.
pub type Name = Arc<str>;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Nanoseconds since the run began, never falling.
    #[serde(rename = "t")]
    pub at: u64,
    /// What happened.
    #[serde(rename = "e")]
    pub what: What,
}

/// What happened. Topics, groups and partitions are Kafka's; an *instance* is one start of a program, named `check/as`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are explained with their variant")]
pub enum What {
    /// A check's first action begins.
    CheckBegun { check: Name },
    /// An action begins; `nth` counts from 0 within the check.
    ActionBegun { check: Name, nth: u32, kind: Name },
    /// An action ended; `problem` is the learner's, never the grader's.
    ActionEnded { check: Name, nth: u32, problem: Option<Mismatch> },
    /// All actions of a check are done: `within` starts here.
    Expecting { check: Name },
    /// The check's judges look at the timeline as it is now.
    Look { check: Name, phase: Phase },
    /// The check is decided.
    CheckEnded { check: Name },
    /// What happened in a check is not in this file: its author does not show it. This came of it.
    Withheld { check: Name, verdict: Verdict },
    /// The grader or its environment broke during this check.
    Broke { check: Name, error: String },

    /// A program was started; `restarts` says how often it will be started again when it ends by itself.
    Started { instance: Name, program: Name, pid: u32, restarts: u32, command: Vec<String> },
    /// A program wrote a line.
    Line { instance: Name, stream: Stream, text: String },
    /// Output beyond the cap was not kept.
    Cut { instance: Name, stream: Stream, bytes: u64 },
    /// The grader sent a signal to the program's process group.
    Signalled { instance: Name, signal: Signal },
    /// A limit ended the program.
    LimitHit { instance: Name, limit: String },
    /// For a while, at the end of which this stands, the machine mostly had no processor for the program: one of its threads waited for one for
    /// `waited` nanoseconds, and all of them together ran for `ran`.
    Starved { instance: Name, waited: u64, ran: u64 },
    /// The program ended; exactly one of `code` and `signal` is set.
    Exited { instance: Name, code: Option<i32>, signal: Option<i32> },
    /// No process of the program's group is left.
    GroupGone { instance: Name },
    /// Lines were written to a program's standard input. `done` when it was closed after the last; `pace` when they came at a rate.
    Fed {
        instance: Name,
        data: Name,
        count: u64,
        done: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pace: Option<Pacing>,
    },

    /// A program's request arrived at the sink. `event` is the id found in the body, `nth` counts this instance's requests from 1.
    DeliveryBegun { delivery: u64, instance: Name, nth: u64, event: Option<Name>, body: Payload },
    /// The sink keeps the answer back.
    DeliveryHeld { delivery: u64 },
    /// The sink is about to send this answer. Appended before the first byte leaves, so nothing caused by the answer can come earlier.
    DeliveryAnswered { delivery: u64, status: u16 },
    /// The client went away before it was answered.
    DeliveryAbandoned { delivery: u64 },

    /// The grader wrote a record.
    Produced { topic: Name, partition: i32, offset: i64, data: Name, event: Option<Name> },
    /// The grader created a topic.
    TopicCreated { topic: Name, partitions: i32 },
    /// A topic as the broker describes it; `None` when there is no such topic.
    TopicSeen { topic: Name, partitions: Option<Vec<PartitionSeen>> },
    /// Records read from a topic, in offset order within one partition.
    RecordsSeen { topic: Name, block: RecordBlock },
    /// All records up to these end offsets (per partition) have been read.
    EndSeen { topic: Name, ends: BTreeMap<i32, i64> },
    /// The group's committed offsets. Asked at `asked` (nanoseconds since the run began), answered at the event's time.
    OffsetsSeen { group: Name, topic: Name, asked: u64, offsets: BTreeMap<i32, i64> },
    /// The grader set the group's committed offsets. It began to at `asked` (nanoseconds since the run began): a look since then may have seen them.
    OffsetsReset {
        group: Name,
        topic: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<u64>,
        offsets: BTreeMap<i32, i64>,
    },
    /// A group as its coordinator describes it; `None` when there is no such group.
    GroupSeen { group: Name, description: Option<GroupSeen> },
    /// Docker was asked for containers. `bootstrap` holds the ports of this machine in the cluster's bootstrap addresses.
    ContainersSeen { of: Selection, bootstrap: Vec<u16>, look: ContainersLook },
    /// The services of containers were asked over HTTP.
    HttpSeen { asked: HttpAsked, answers: Vec<HttpAnswer> },
    /// The cluster was asked where its clients are to go, and whether they can get there was tried.
    ListenersSeen { seen: ListenersSeen },
    /// The grader's own `producer` or `consumer` of a topic stood still for so long beside a check: the machine has too much to do.
    Stalled { check: Name, what: Name, topic: Name, millis: u64 },
    /// The grader removed a dead member from a group.
    Evicted { group: Name, member: String },
    /// A program connected to a broker through the tap. `connection` is unique within the run.
    Connected { connection: u64, instance: Name, node: i32 },
    /// A connection ended; `by` is who ended it, `reason` why when the tap did.
    Disconnected { connection: u64, by: Side, reason: Option<String> },
    /// A peer on this connection does not speak Kafka.
    NotKafka { connection: u64, speaks: Foreign },
    /// A request arrived at the tap, which forwards it only after this. Appended before the broker can know of it. `bytes` is the frame's length.
    Requested { connection: u64, correlation: i32, api: Api, version: i16, client: Option<Name>, bytes: u32, request: Request },
    /// The broker's answer arrived at the tap, which passes it on only after this. The time is that of the frame's last byte.
    Responded { connection: u64, correlation: i32, bytes: u32, response: Response },
    /// A frame was forwarded without being read. `from` is who sent it.
    Unread { connection: u64, from: Side, api: Api, version: i16, bytes: u64, reason: Unread },
    /// A batch arrived at the tap that unpacks to more than `limit` bytes, alone or with those before it that are packed as tightly. Its request was
    /// not forwarded but answered with `MESSAGE_TOO_LARGE`, or its connection closed. `packed` is what it has, in bytes.
    Oversized { connection: u64, correlation: i32, topic: Name, partition: i32, compression: Compression, packed: u64, limit: u64 },
    /// From here on only the number of such frames of an instance is kept, told when it is over: it had sent more than is kept in full.
    Spared { instance: Name, api: Api, count: u64 },
    /// A fault begins to work; `text` says in words what it does to what.
    FaultArmed { check: Name, fault: Name, text: String },
    /// A fault ends; what it held is released.
    FaultDisarmed { check: Name, fault: Name },
    /// A fault did something. `correlation` is `None` when it refused a connection.
    FaultUsed { check: Name, fault: Name, connection: u64, correlation: Option<i32>, did: FaultUse },
    /// A check does something to a broker of the run's cluster. `name` is what the check calls that broker from here on.
    Broker { check: Name, node: i32, did: BrokerChange, name: Option<Name> },
    /// The cluster stopped answering or its process ended.
    ClusterDied { reason: String },
    /// The learner's own cluster as clients on this machine meet it, looked at once before the checks begin.
    ClusterSeen { bootstrap: Name, state: ClusterState },
    /// The names of all topics that are there, Kafka's internal ones left out.
    TopicsListed { topics: Vec<Name> },
    /// A file of the submission; `text` is `None` when there is no such file. `saved_ms` is when it was last written, in ms since 1970.
    FileSeen { path: Name, text: Option<String>, saved_ms: Option<i64> },
}

/// How the learner's own cluster meets a client: first its bootstrap address, then every address that it sends clients to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClusterState {
    /// It answers, and so does every broker where the cluster sends clients to.
    Reachable {
        /// The version of Kafka, when it tells.
        version: Option<String>,
    },
    /// Nobody takes a connection at the bootstrap address.
    Silent {
        /// What the network said.
        reason: String,
    },
    /// Somebody is there who does not speak Kafka, or not in the clear.
    Foreign {
        /// How it was told.
        reason: String,
    },
    /// It is an Apache Kafka too old to be graded on.
    TooOld {
        /// Its version.
        version: String,
    },
    /// It sends clients to an address where the broker is not met.
    Astray {
        /// The broker's node id.
        node: i32,
        /// The advertised address, `HOST:PORT`.
        address: String,
        /// What happened there.
        reason: String,
    },
    /// It sends clients to a host that is neither this machine nor one that was named: kgrade did not connect to it.
    Outside {
        /// The broker's node id.
        node: i32,
        /// The advertised host.
        host: String,
        /// The advertised port.
        port: i32,
        /// Whether this machine knows an address for that host.
        resolves: bool,
    },
}

/// What is done to a broker on purpose. Appended before it can cause anything, or when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerChange {
    /// It is asked to stop: its controlled shutdown begins.
    Stopping,
    /// It has stopped in order.
    Stopped,
    /// It is killed.
    Killed,
    /// The controller knows that it is gone, as it would at the end of the broker's session.
    Fenced,
    /// It begins to start.
    Starting,
    /// It answers again on all its listeners.
    Started,
    /// It stands still.
    Paused,
    /// It goes on.
    Resumed,
    /// The tap keeps all programs from it.
    Isolated,
    /// Programs may come to it again.
    Rejoined,
}

impl BrokerChange {
    /// What a broker does or suffers, after its name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Stopping => "is asked to stop",
            Self::Stopped => "has stopped in order",
            Self::Killed => "is killed",
            Self::Fenced => "is gone, and the controller knows",
            Self::Starting => "is started again",
            Self::Started => "is back",
            Self::Paused => "stands still",
            Self::Resumed => "goes on",
            Self::Isolated => "is cut off from the programs",
            Self::Rejoined => "can be reached by the programs again",
        }
    }
}

/// How standard input at a rate went. Times are in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pacing {
    /// Lines a second, as the lab asks for.
    pub rate: u32,
    /// From the first line that the program read to the last that was written.
    pub took: u64,
    /// For how long of that the program took nothing, and the pipe was full.
    pub blocked: u64,
    /// For how long of that the machine kept the grader from writing.
    pub starved: u64,
    /// Of 100 writes, how many found more than 20 ms of input that the program had not read yet.
    pub behind_percent: u8,
}

/// Why judges look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// While the actions run: invariants only.
    Acting,
    /// While the expectations are awaited.
    Expecting,
}

/// A standard stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The stream's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// A signal that the grader sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// Please stop.
    Term,
    /// As Ctrl-C.
    Int,
    /// Ends at once.
    Kill,
    /// Stands still until `Cont`, as on a machine that does not answer; only `Kill` ends it meanwhile.
    Stop,
    /// Goes on.
    Cont,
}

impl Signal {
    /// The signal's name as in `kill -l`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Term => "SIGTERM",
            Self::Int => "SIGINT",
            Self::Kill => "SIGKILL",
            Self::Stop => "SIGSTOP",
            Self::Cont => "SIGCONT",
        }
    }

    /// Whether it asks the program to end, which the program may do in its own way.
    #[must_use]
    pub fn asks_to_end(self) -> bool {
        matches!(self, Self::Term | Self::Int)
    }

    /// Whether the program is to be over after it, so that it is not started again.
    #[must_use]
    pub fn ends(self) -> bool {
        self.asks_to_end() || self == Self::Kill
    }
}

/// A partition as the broker describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionSeen {
    /// The partition.
    pub partition: i32,
    /// The leader's node id, −1 for none.
    pub leader: i32,
    /// Node ids of the replicas.
    pub replicas: Vec<i32>,
    /// Node ids of the in-sync replicas.
    pub isr: Vec<i32>,
}

/// A consumer group as its coordinator describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSeen {
    /// `Stable`, `Empty`, `Dead`, `PreparingRebalance`, …
    pub state: String,
    /// `classic` or `consumer` (KIP-848).
    pub protocol: String,
    /// The members.
    pub members: Vec<MemberSeen>,
}

/// A member of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSeen {
    /// The member id.
    pub member: String,
    /// The client id.
    pub client: String,
    /// Assigned partitions by topic; empty while a rebalance is going on.
    pub assigned: BTreeMap<String, Vec<i32>>,
}
