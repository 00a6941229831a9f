//! The steps of a story that cross the wire.

use super::{Story, full};
use crate::timeline::What;
use crate::timeline::event::Name;
use crate::timeline::wire::{
    Api, Assignor, Batch, Coded, Compression, FaultUse, Isolation, NewTopic, Place, Position, Request, Response, Side, Unread,
};

/// The connections of a story, and what is open on them.
#[derive(Default)]
pub(super) struct Wire {
    /// Instance to its newest connection.
    connections: std::collections::BTreeMap<String, u64>,
    opened: u64,
    asked: i32,
    /// Instance to its newest request.
    newest: std::collections::BTreeMap<String, (u64, i32)>,
}

/// Offsets of topic `t`.
pub fn positions(offsets: &[(i32, i64)]) -> Vec<Position> {
    offsets.iter().map(|(partition, offset)| Position { topic: "t".into(), partition: *partition, offset: *offset }).collect()
}

/// A batch for partition 0 of topic `t`: plain, and as `with` has it.
pub fn batch(records: u32, with: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch {
        topic: "t".into(),
        partition: 0,
        records,
        bytes: 100 * records,
        compression: Compression::None,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        transactional: false,
        first_timestamp: 0,
        crc: records,
    };
    with(&mut batch);
    batch
}

/// A Produce of these batches.
pub fn produce(acks: i16, batches: Vec<Batch>) -> Request {
    Request::Produce { acks, timeout_ms: 30_000, transactional_id: None, batches }
}

/// A Fetch of these partitions of topic `t`.
pub fn fetch(partitions: &[i32]) -> Request {
    let offsets: Vec<_> = partitions.iter().map(|partition| (*partition, 0)).collect();
    let partitions = positions(&offsets);
    Request::Fetch {
        isolation: Isolation::ReadCommitted,
        session: 0,
        epoch: -1,
        min_bytes: 1,
        max_bytes: 1 << 20,
        max_wait_ms: 500,
        partitions,
    }
}

/// A commit for group `g` on topic `t`.
pub fn offset_commit(offsets: &[(i32, i64)]) -> Request {
    Request::OffsetCommit { group: "g".into(), member: "m".into(), instance_id: None, generation: 1, offsets: positions(offsets) }
}

/// A CreateTopics with these names.
pub fn create_topics(names: &[&str]) -> Request {
    let new = |name: &&str| NewTopic { name: (*name).into(), partitions: 6, replication_factor: 1 };
    Request::CreateTopics { topics: names.iter().map(new).collect(), validate_only: false }
}

/// A JoinGroup for group `g`, offering these assignors.
pub fn join(member: &str, assignors: &[&str]) -> Request {
    let assignor = |name: &&str| Assignor { name: (*name).into(), topics: vec!["t".into()], owned: Vec::new() };
    Request::JoinGroup {
        group: "g".into(),
        member: member.into(),
        instance_id: None,
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 300_000,
        assignors: assignors.iter().map(assignor).collect(),
    }
}

/// The answer to it.
pub fn joined(member: &str, generation: i32, assignor: &str) -> Response {
    Response::JoinGroup { error: 0, generation, member: member.into(), leader: member.into(), assignor: Some(assignor.into()) }
}

/// A heartbeat of a KIP-848 group `g`.
pub fn heartbeat(epoch: i32) -> Request {
    let (group, member): (Name, Name) = ("g".into(), "m".into());
    Request::ConsumerGroupHeartbeat { group, member, instance_id: None, epoch, assignor: None, topics: Some(vec!["t".into()]), owned: None }
}

fn api(request: &Request) -> Api {
    let name = match request {
        Request::Other => "DescribeGroups".to_owned(),
        request => format!("{request:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
    };
    Api::named(&name).unwrap_or_else(|| panic!("no API {name}"))
}

impl Story {
    /// An instance connects.
    pub fn connect(mut self, instance: &str) -> Self {
        self.wire.opened += 1;
        let connection = self.wire.opened;
        self.wire.connections.insert(instance.to_owned(), connection);
        self.then(What::Connected { connection, instance: full(instance), node: 1 })
    }

    /// An instance's connection ends.
    pub fn disconnect(self, instance: &str) -> Self {
        let connection = self.wire.connections[instance];
        self.then(What::Disconnected { connection, by: Side::Client, reason: None })
    }

    /// An instance connects and says which software it is.
    pub fn connect_with(self, instance: &str, software: &str) -> Self {
        let request = Request::ApiVersions { software: Some(software.into()), software_version: Some("1".into()) };
        self.connect(instance).ask(instance, request).reply(instance, Response::Plain { error: 0 })
    }

    /// An instance sends a request, on a connection that it has or makes.
    pub fn ask(mut self, instance: &str, request: Request) -> Self {
        if !self.wire.connections.contains_key(instance) {
            self = self.connect(instance);
        }
        self.wire.asked += 1;
        let (connection, correlation) = (self.wire.connections[instance], self.wire.asked);
        self.wire.newest.insert(instance.to_owned(), (connection, correlation));
        let api = api(&request);
        self.then(What::Requested { connection, correlation, api, version: 1, client: Some("rdkafka".into()), bytes: 100, request })
    }

    /// Its newest request is answered.
    pub fn reply(self, instance: &str, response: Response) -> Self {
        let (connection, correlation) = self.wire.newest[instance];
        self.then(What::Responded { connection, correlation, bytes: 100, response })
    }

    /// Its request so many before the newest is answered.
    pub fn answer_to(self, instance: &str, before: i32, response: Response) -> Self {
        let (connection, newest) = self.wire.newest[instance];
        self.then(What::Responded { connection, correlation: newest - before, bytes: 100, response })
    }

    /// Something was done to its newest request.
    pub fn fault(self, instance: &str, did: FaultUse) -> Self {
        let (connection, correlation) = self.wire.newest[instance];
        self.then(What::FaultUsed { check: "c".into(), fault: "f".into(), connection, correlation: Some(correlation), did })
    }

    /// A request that is answered without an error.
    pub fn exchange(self, instance: &str, request: Request) -> Self {
        self.ask(instance, request).reply(instance, Response::Plain { error: 0 })
    }

    /// A commit for group `g` on topic `t`, and its answer.
    pub fn commit(self, instance: &str, offsets: &[(i32, i64)]) -> Self {
        self.ask(instance, offset_commit(offsets)).committed(instance, offsets, 0)
    }

    /// The answer to a commit.
    pub fn committed(self, instance: &str, offsets: &[(i32, i64)], error: i16) -> Self {
        let partitions = offsets.iter().map(|(partition, _)| Coded { topic: "t".into(), partition: *partition, error }).collect();
        self.reply(instance, Response::Partitions { partitions })
    }

    /// An instance becomes this member of group `g`, or is it again, and is given these partitions of topic `t`.
    pub fn member(self, instance: &str, member: &str, partitions: &[i32]) -> Self {
        let assigned = partitions.iter().copied().map(place).collect();
        let sync = Request::SyncGroup { group: "g".into(), member: member.into(), generation: 1, assignments: Vec::new() };
        let story = self.ask(instance, join(member, &["range"])).reply(instance, joined(member, 1, "range"));
        story.ask(instance, sync).reply(instance, Response::SyncGroup { error: 0, assigned })
    }

    /// It takes leave.
    pub fn leave(self, instance: &str, member: &str) -> Self {
        self.exchange(instance, Request::LeaveGroup { group: "g".into(), members: vec![member.into()] })
    }

    /// A frame was not read.
    pub fn unread(self, instance: &str, api: Api) -> Self {
        let connection = self.wire.connections[instance];
        let from = crate::timeline::wire::Side::Client;
        self.then(What::Unread { connection, from, api, version: 99, bytes: 10, reason: Unread::Unknown })
    }

    /// Of so many frames only the number was kept.
    pub fn spared(self, instance: &str, api: Api, count: u64) -> Self {
        self.then(What::Spared { instance: full(instance), api, count })
    }
}

/// A place in topic `t`.
pub fn place(partition: i32) -> Place {
    Place { topic: "t".into(), partition }
}
