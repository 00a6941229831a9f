//! What the tap recorded of one program, and what must hold of every one.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use kgrade::timeline::wire::{Api, Batch, Request, Response, Side};
use kgrade::timeline::{Commit, Exchange, Timeline};

use super::client::Client;

pub const HEARTBEAT: Api = Api(12);
pub const SYNC_GROUP: Api = Api(14);
pub const CREATE_TOPICS: Api = Api(19);

/// What was seen of an instance.
pub struct Seen<'a> {
    timeline: &'a Timeline,
    pub instance: String,
}

/// The `Produce` requests of one topic.
pub struct Produced {
    /// Records in batches that the broker took, or that wanted no answer.
    records: u32,
    /// Records in compressed batches.
    compressed: u32,
}

impl Produced {
    /// Every record that is in the topic was seen, and compressed ones if they should be.
    pub fn check(&self, what: &str, count: usize, compressed: bool) -> Result<()> {
        ensure!(usize::try_from(self.records)? == count, "{what}: {} records on the wire, {count} in the topic", self.records);
        ensure!((self.compressed > 0) == compressed, "{what}: {} compressed records", self.compressed);
        Ok(())
    }
}

impl<'a> Seen<'a> {
    /// Everything of `clients/NAME`, which is over. Nothing was left unread, and every request has its answer.
    pub fn of(timeline: &'a Timeline, client: &Client, name: &str) -> Result<Self> {
        let seen = Self { timeline, instance: format!("clients/{name}") };
        seen.is_complete(client).with_context(|| format!("what the tap saw of {name}"))?;
        Ok(seen)
    }

    fn is_complete(&self, client: &Client) -> Result<()> {
        let connections: Vec<_> = self.timeline.connections(&self.instance).collect();
        ensure!(!connections.is_empty(), "no connection");
        for connection in &connections {
            ensure!(connection.unread == 0, "{} frames were not read: {connection:?}", connection.unread);
            ensure!(connection.foreign.is_none(), "{connection:?}");
            let closed = connection.closed.with_context(|| format!("still open: {connection:?}"))?;
            ensure!(closed.1 != Side::Tap, "the tap closed it: {connection:?}");
            let told = connection.software.as_ref().map(|(name, _)| &**name);
            ensure!(told == client.software || connection.client.is_none(), "{told:?}, expected {:?}", client.software);
            let id = connection.client.as_deref().unwrap_or(client.client_id);
            ensure!(id.starts_with(client.client_id), "client id {id}");
        }
        ensure!(self.timeline.spared(&self.instance).is_none(), "{:?}", self.timeline.spared(&self.instance));

        // The broker answers in order: only the last requests of a connection can have been open when it ended.
        let mut open: BTreeMap<u64, Exchange<'_>> = BTreeMap::new();
        for exchange in self.all() {
            ensure!(exchange.faults.is_empty(), "{:?}", exchange.faults);
            ensure!(!matches!(exchange.request, Request::Other) || exchange.api != Api::PRODUCE, "{exchange:?}");
            match exchange.response {
                Some((at, _)) => {
                    ensure!(at >= exchange.at, "answered before it was asked: {exchange:?}");
                    let earlier = open.get(&exchange.connection.id);
                    ensure!(earlier.is_none(), "never answered, though a later one was: {earlier:?}");
                }
                None if matches!(exchange.request, Request::Produce { acks: 0, .. }) => {}
                None => {
                    ensure!(exchange.api != Api::PRODUCE && exchange.api != Api::END_TXN, "never answered: {exchange:?}");
                    open.insert(exchange.connection.id, exchange);
                }
            }
        }
        Ok(())
    }

    /// All its exchanges.
    pub fn all(&self) -> impl Iterator<Item = Exchange<'_>> {
        self.timeline.exchanges(&self.instance)
    }

    /// Its exchanges of one API.
    pub fn exchanges(&self, api: Api) -> impl Iterator<Item = Exchange<'_>> {
        self.all().filter(move |exchange| exchange.api == api)
    }

    /// What it sent to a topic. `look` gets each `Produce` with its batches of the topic, and tells how many records were compressed.
    pub fn produced(&self, topic: &str, look: impl Fn(&Exchange<'_>, &[&Batch]) -> Result<u32>) -> Result<Produced> {
        let mut produced = Produced { records: 0, compressed: 0 };
        for exchange in self.exchanges(Api::PRODUCE) {
            let Request::Produce { batches, .. } = exchange.request else { continue };
            let batches: Vec<&Batch> = batches.iter().filter(|batch| &*batch.topic == topic).collect();
            if batches.is_empty() {
                continue;
            }
            produced.compressed += look(&exchange, &batches).with_context(|| format!("a Produce to {topic}: {:?}", exchange.request))?;
            let refused = |batch: &Batch| match exchange.response {
                Some((_, Response::Produce { partitions, .. })) => {
                    partitions.iter().any(|one| &*one.topic == topic && one.partition == batch.partition && one.error != 0)
                }
                _ => false,
            };
            produced.records += batches.iter().filter(|batch| !refused(batch)).map(|batch| batch.records).sum::<u32>();
        }
        Ok(produced)
    }

    /// It fetched at least so many records of a topic.
    pub fn fetched(&self, topic: &str, count: usize) -> Result<()> {
        let mut records = 0;
        for exchange in self.exchanges(Api::FETCH) {
            if let Some((_, Response::Fetch { partitions, .. })) = exchange.response {
                records += partitions.iter().filter(|one| &*one.topic == topic).map(|one| one.records).sum::<u64>();
            }
        }
        ensure!(records >= count as u64, "{records} of {count} records were seen in Fetch answers");
        Ok(())
    }

    /// The commits of a group on a topic.
    pub fn commits(&self, group: &str, topic: &str) -> Vec<Commit> {
        self.timeline.group(group).and_then(|group| group.offsets.get(topic)).map(|offsets| offsets.commits.clone()).unwrap_or_default()
    }
}
