//! Requests of a program with their answers, connection by connection.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::event::{Event, Name, What};
use super::index::Timeline;
use super::wire::{Api, FaultUse, Foreign, Place, Request, Response, Side};

/// How many clients are told: a program may call itself anything, as often as it connects.
const MOST_CLIENTS: usize = 8;

/// A connection of a program to a broker, through the tap.
#[derive(Debug)]
pub struct Connection {
    /// Its number, unique within the run.
    pub id: u64,
    /// The program instance, `check/as`.
    pub instance: Name,
    /// The node id of the broker.
    pub node: i32,
    /// When it was opened.
    pub opened: u64,
    /// When it ended, and who ended it.
    pub closed: Option<(u64, Side)>,
    /// What the peer speaks when that is not Kafka.
    pub foreign: Option<Foreign>,
    /// The client library and its version, as told in `ApiVersions` v3+.
    pub software: Option<(Name, Name)>,
    /// The client id of its last request.
    pub client: Option<Name>,
    /// How many frames were forwarded without being read.
    pub unread: u64,
}

/// A request and, when there is one, its answer.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The connection that it came on.
    pub connection: &'a Connection,
    /// The correlation id, unique among the requests that are open on the connection.
    pub correlation: i32,
    /// When the request arrived at the tap.
    pub at: u64,
    /// The API.
    pub api: Api,
    /// Its version.
    pub version: i16,
    /// The client id.
    pub client: Option<&'a Name>,
    /// The length of the request in bytes.
    pub bytes: u32,
    /// What was asked.
    pub request: &'a Request,
    /// When the answer arrived at the tap, and what it is. `None` also for a `Produce` with `acks=0`.
    pub response: Option<(u64, &'a Response)>,
    /// What faults did to it, in order.
    pub faults: &'a [(u64, FaultUse)],
}

impl<'a> Exchange<'a> {
    /// The member of a group that the sender is: by the answer, where the coordinator chooses the id, else by the request.
    #[must_use]
    pub fn member(&self, group: &str) -> Option<&'a str> {
        if self.request.group() != Some(group) {
            return None;
        }
        let answered = match self.response {
            Some((_, Response::JoinGroup { member, .. } | Response::ConsumerGroupHeartbeat { member: Some(member), .. })) => {
                Some(&**member)
            }
            _ => None,
        };
        let asked = match self.request {
            Request::JoinGroup { member, .. }
            | Request::SyncGroup { member, .. }
            | Request::Heartbeat { member, .. }
            | Request::OffsetCommit { member, .. }
            | Request::ConsumerGroupHeartbeat { member, .. } => Some(&**member),
            _ => None,
        };
        answered.or(asked).filter(|member| !member.is_empty())
    }

    /// The partitions that its sender was given as a member of a group; `None` when it is no answer that gives any.
    #[must_use]
    pub fn given(&self, group: &str) -> Option<&'a [Place]> {
        if self.request.group() != Some(group) {
            return None;
        }
        match self.response {
            Some((_, Response::SyncGroup { error: 0, assigned })) => Some(assigned),
            Some((_, Response::ConsumerGroupHeartbeat { error: 0, assigned: Some(assigned), .. })) => Some(assigned),
            _ => None,
        }
    }
}

/// Where on the timeline an exchange is.
#[derive(Debug)]
struct Slot {
    request: usize,
    response: Option<usize>,
    faults: Vec<(u64, FaultUse)>,
}

/// All connections and exchanges of a run.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    connections: BTreeMap<u64, Connection>,
    slots: Vec<Slot>,
    /// Connection and correlation id of each slot.
    marks: Vec<(u64, i32)>,
    /// Exchanges by instance, in order.
    by_instance: HashMap<Name, Vec<usize>>,
    /// The groups that an instance asked to join.
    joined: HashMap<Name, BTreeSet<Name>>,
    /// The last exchange of a correlation id on a connection.
    open: HashMap<(u64, i32), usize>,
    /// Frames of an instance of which only the number is known.
    spared: HashMap<Name, BTreeMap<Api, u64>>,
    /// Frames of an instance that were forwarded without being read.
    unread: HashMap<Name, BTreeMap<Api, u64>>,
}

impl Exchanges {
    /// The connection of a number.
    pub(super) fn connection(&self, id: u64) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// Takes an event of the wire. Others are none of its business.
    pub(super) fn see(&mut self, position: usize, event: &Event) {
        let at = event.at;
        match &event.what {
            What::Connected { connection, instance, node } => {
                let known = Connection {
                    id: *connection,
                    instance: instance.clone(),
                    node: *node,
                    opened: at,
                    closed: None,
                    foreign: None,
                    software: None,
                    client: None,
                    unread: 0,
                };
                self.connections.insert(*connection, known);
            }
            What::Disconnected { connection, by, .. } => {
                if let Some(known) = self.connections.get_mut(connection) {
                    known.closed.get_or_insert((at, *by));
                }
                self.open.retain(|(of, _), _| of != connection);
            }
            What::NotKafka { connection, speaks } => {
                if let Some(known) = self.connections.get_mut(connection) {
                    known.foreign = Some(*speaks);
                }
            }
            What::Unread { connection, api, .. } => {
                if let Some(known) = self.connections.get_mut(connection) {
                    known.unread += 1;
                    *self.unread.entry(known.instance.clone()).or_default().entry(*api).or_default() += 1;
                }
            }
            What::Requested { connection, correlation, client, request, .. } => {
                let Some(known) = self.connections.get_mut(connection) else { return };
                known.client.clone_from(client);
                if let Request::ApiVersions { software: Some(name), software_version } = request {
                    known.software = Some((name.clone(), software_version.clone().unwrap_or_else(|| "".into())));
                }
                if let Request::JoinGroup { group, .. } | Request::ConsumerGroupHeartbeat { group, .. } = request {
                    self.joined.entry(known.instance.clone()).or_default().insert(group.clone());
                }
                self.by_instance.entry(known.instance.clone()).or_default().push(self.slots.len());
                self.open.insert((*connection, *correlation), self.slots.len());
                self.marks.push((*connection, *correlation));
                self.slots.push(Slot { request: position, response: None, faults: Vec::new() });
            }
            What::Responded { connection, correlation, .. } => {
                if let Some(slot) = self.open.remove(&(*connection, *correlation)).and_then(|slot| self.slots.get_mut(slot)) {
                    slot.response = Some(position);
                }
            }
            What::FaultUsed { connection, correlation: Some(correlation), did, .. } => {
                // A fault may act on the answer after it was seen: the newest exchange of that id is meant in any case.
                let slot = self.open.get(&(*connection, *correlation)).copied().or_else(|| self.newest(*connection, *correlation));
                if let Some(slot) = slot.and_then(|slot| self.slots.get_mut(slot)) {
                    slot.faults.push((at, *did));
                }
            }
            What::Spared { instance, api, count } => {
                *self.spared.entry(instance.clone()).or_default().entry(*api).or_default() += count;
            }
            _ => {}
        }
    }
}

impl Exchanges {
    fn newest(&self, connection: u64, correlation: i32) -> Option<usize> {
        let instance = &self.connections.get(&connection)?.instance;
        let recent = self.by_instance.get(instance)?.iter().rev().take(64);
        recent.copied().find(|slot| self.marks.get(*slot) == Some(&(connection, correlation)))
    }
}

impl Exchange<'_> {
    /// The error that the program was told, 0 for none; `None` when no answer reached it, or none that could be read.
    #[must_use]
    pub fn error(&self) -> Option<i16> {
        let told = self.faults.iter().rev().find_map(|(_, did)| match did {
            FaultUse::Answered(error) | FaultUse::Replaced(error) => Some(Some(*error)),
            FaultUse::RequestDropped | FaultUse::ResponseDropped => Some(None),
            _ => None,
        });
        told.unwrap_or_else(|| self.response.map(|(_, response)| response.error().unwrap_or(0)))
    }
}

impl Timeline {
    /// The exchanges of an instance (`check/as`), in the order of their requests.
    pub fn exchanges<'a>(&'a self, instance: &str) -> impl DoubleEndedIterator<Item = Exchange<'a>> {
        let slots = self.exchanges.by_instance.get(instance).map(Vec::as_slice).unwrap_or_default();
        slots.iter().filter_map(|slot| self.exchange(*slot))
    }

    /// The groups that an instance (`check/as`) asked to join, in alphabetical order.
    pub fn groups_of(&self, instance: &str) -> impl Iterator<Item = &str> {
        self.exchanges.joined.get(instance).into_iter().flatten().map(|group| &**group)
    }

    /// The connections of an instance (`check/as`), in the order of their opening.
    pub fn connections<'a>(&'a self, instance: &'a str) -> impl Iterator<Item = &'a Connection> {
        self.exchanges.connections.values().filter(move |connection| &*connection.instance == instance)
    }

    /// The clients that programs use, as they name themselves to brokers: `librdkafka 2.15.1`. In alphabetical order, each once.
    #[must_use]
    pub fn clients(&self) -> Vec<String> {
        let named = self.exchanges.connections.values().filter_map(|connection| connection.software.as_ref());
        let clients: BTreeSet<String> = named.map(|(name, version)| format!("{name} {version}").trim().to_owned()).collect();
        clients.into_iter().take(MOST_CLIENTS).collect()
    }

    /// How many frames of an instance are known by their number only, by API.
    #[must_use]
    pub fn spared(&self, instance: &str) -> Option<&BTreeMap<Api, u64>> {
        self.exchanges.spared.get(instance)
    }

    /// How many frames of an instance, requests and answers, were forwarded without being read, by API.
    #[must_use]
    pub fn unread(&self, instance: &str) -> Option<&BTreeMap<Api, u64>> {
        self.exchanges.unread.get(instance)
    }

    fn exchange(&self, slot: usize) -> Option<Exchange<'_>> {
        let slot = self.exchanges.slots.get(slot)?;
        let event = self.events().get(slot.request)?;
        let What::Requested { connection, correlation, api, version, client, bytes, request } = &event.what else { return None };
        let response = slot.response.and_then(|position| self.events().get(position)).and_then(|event| match &event.what {
            What::Responded { response, .. } => Some((event.at, response)),
            _ => None,
        });
        Some(Exchange {
            connection: self.exchanges.connection(*connection)?,
            correlation: *correlation,
            at: event.at,
            api: *api,
            version: *version,
            client: client.as_ref(),
            bytes: *bytes,
            request,
            response,
            faults: &slot.faults,
        })
    }
}
