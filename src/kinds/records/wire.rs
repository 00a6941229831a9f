//! Why events are missing or doubled, as far as the wire tells: what Kafka refused or did not answer, and what the client made of it.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::ResponseError;

use super::super::View;
use super::super::client::{Client, Producing};
use super::super::produced::Written;
use super::super::traffic::Traffic;
use super::super::view::{count, short_name};
use crate::timeline::Exchange;
use crate::timeline::event::Name;
use crate::timeline::wire::{FaultUse, Response};
use crate::world::kafka::Code;

/// What the check's programs wrote to a topic, and what became of it.
pub struct Wire<'v, 'a> {
    view: &'v View<'a>,
    topic: &'v str,
}

impl<'v, 'a> Wire<'v, 'a> {
    /// Of this topic.
    pub fn new(view: &'v View<'a>, topic: &'v str) -> Self {
        Self { view, topic }
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        self.topic
    }

    /// Why events may be missing, when a fault was in the way: the producer gave up too early.
    pub fn lost(&self) -> Option<String> {
        self.told(|name, written, producing| {
            let did = |wanted: fn(&FaultUse) -> bool| {
                let hit = |exchange: &&&Exchange<'_>| exchange.faults.iter().any(|(_, did)| wanted(did));
                written.requests.iter().filter(hit).collect::<Vec<_>>()
            };
            let refused = did(|did| matches!(did, FaultUse::Answered(error) | FaultUse::Replaced(error) if *error != 0));
            if let Some(code) = refused.first().and_then(|first| first.error()).and_then(Code::of) {
                let (number, again) = (count(refused.len() as u64, "Produce request"), producing.patience);
                return Some(format!("Kafka refused {number} of `{name}` with {code} for a while, and the producer gave up before it said yes again: {again} decide how long it tries"));
            }
            if did(|did| matches!(did, FaultUse::RequestDropped | FaultUse::ResponseDropped)).is_empty() {
                return None;
            }
            Some(format!("the connection of `{name}` was lost with a Produce request under way, and the producer did not send its records again: {} decide how long it tries", producing.patience))
        })
    }

    /// Why events may be there twice, when an answer got lost: Kafka could not know the copy for one, or the program sent it itself.
    pub fn doubled(&self) -> Option<String> {
        self.told(|name, written, producing| {
            let unanswered = written.requests.iter().any(|exchange| exchange.faults.iter().any(|(_, did)| *did == FaultUse::ResponseDropped));
            if !unanswered {
                return None;
            }
            let idempotent = written.batches.iter().all(|(_, batch)| batch.producer_id >= 0);
            // The client's own retry is told by its unchanged checksum. One that was batched anew is not, so its absence shows nothing.
            let again = if written.resent.is_empty() { "they were sent again" } else { "your client sent them again by itself" };
            Some(if idempotent {
                format!(
                    "the answer to a Produce request of `{name}` was lost, and your program sent its events again itself: these are new records, which Kafka cannot tell from the first ones. \
                     Leave trying again to the producer, and give it time: {} decide how long it tries",
                    producing.patience
                )
            } else {
                format!(
                    "the answer to a Produce request of `{name}` was lost, though Kafka had stored its records; {again}, and they are stored twice. \
                     Kafka recognises a copy only from an idempotent producer: {}, and no second produce() of your own",
                    producing.idempotence
                )
            })
        })
    }

    /// The partitions whose first batch Kafka itself refused, because the broker did not lead them yet: a topic is there for clients some moments before
    /// its leaders are at work. A client without idempotence sends such a batch again, and may have stored later ones meanwhile.
    pub fn hesitant(&self) -> BTreeSet<i32> {
        let leaderless = [ResponseError::UnknownTopicOrPartition, ResponseError::LeaderNotAvailable, ResponseError::NotLeaderOrFollower].map(|error| error.code());
        let mut refused: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
        let mut stored: BTreeMap<i32, u64> = BTreeMap::new();
        for exchange in self.view.timeline.everybody().flat_map(|name| self.view.timeline.exchanges(name)) {
            let Some((answered, Response::Produce { partitions, .. })) = exchange.response else { continue };
            for one in partitions.iter().filter(|one| *one.topic == *self.topic) {
                if one.error == 0 {
                    let first = stored.entry(one.partition).or_insert(answered);
                    *first = answered.min(*first);
                } else if leaderless.contains(&one.error) && exchange.faults.is_empty() {
                    refused.entry(one.partition).or_default().push(exchange.at);
                }
            }
        }
        let is_first = |partition: &i32, asked: &u64| stored.get(partition).is_none_or(|stored| asked < stored);
        refused.into_iter().filter(|(partition, asked)| asked.iter().any(|asked| is_first(partition, asked))).map(|(partition, _)| partition).collect()
    }

    /// What makes the producer idempotent that wrote to the topic.
    pub fn idempotence(&self) -> &'static str {
        let wrote = |name: &&Name| !Written::of(&Traffic::of(self.view, Some(name)).exchanges(), self.topic).requests.is_empty();
        let name = self.view.timeline.everybody().find(wrote);
        Client::of(self.view, name.map_or("", |name| &**name)).producing().idempotence
    }

    /// The first instance of which there is something to tell.
    fn told(&self, tell: impl Fn(&str, &Written<'_>, Producing) -> Option<String>) -> Option<String> {
        let names = self.view.timeline.instances_of(self.view.check);
        names.into_iter().find_map(|(name, _)| {
            let exchanges = Traffic::of(self.view, Some(name)).exchanges();
            tell(short_name(name), &Written::of(&exchanges, self.topic), Client::of(self.view, name).producing())
        })
    }
}
