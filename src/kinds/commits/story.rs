//! One program instance after the other: its commits and its deliveries, in order.

use std::collections::BTreeMap;

use crate::kinds::View;
use crate::kinds::traffic::Traffic;
use crate::timeline::wire::FaultUse;
use crate::timeline::{Commit, Delivery, Exchange, Topic};

/// The commits of a group on a topic, and what the programs delivered of it.
pub struct Told<'a> {
    /// Every commit request, in the order of their arrival.
    pub requests: Vec<Committing<'a>>,
    /// By instance.
    pub programs: Vec<Program<'a>>,
    /// The topic.
    topic: Option<&'a Topic>,
}

/// A commit request with all its partitions of the topic.
pub struct Committing<'a> {
    /// When the request arrived.
    pub at: u64,
    /// Which instance sent it.
    pub instance: &'a str,
    /// The partitions' commits.
    pub commits: Vec<&'a Commit>,
    /// It moved an offset: a partition's is another than the instance committed before.
    pub moved: bool,
    /// A fault held it or its answer back: from when to when.
    pub held: Option<(u64, u64)>,
}

/// What one instance did.
pub struct Program<'a> {
    /// Its full name.
    pub instance: &'a str,
    /// Its commit requests that the broker did not refuse: places in [`Told::requests`].
    commits: Vec<usize>,
    /// Its deliveries of events of the topic, in the order of their beginning.
    pub deliveries: Vec<&'a Delivery>,
    /// When each of its events was delivered, in order.
    pub answers: Vec<u64>,
    /// When it showed what it does: began an event, heard an answer, or gave up. In order.
    pub acts: Vec<u64>,
}

impl Committing<'_> {
    /// The broker refused all of it.
    pub fn refused(&self) -> bool {
        !self.commits.is_empty() && self.commits.iter().all(|commit| commit.answered.is_some_and(|(_, error)| error != 0))
    }
}

impl<'a> Told<'a> {
    /// What the programs of some traffic did.
    pub fn of(view: &View<'a>, traffic: &Traffic<'a>, group: &str, topic: &str) -> Self {
        let known = view.timeline.group(group).and_then(|group| group.offsets.get(topic));
        let mut requests: Vec<Committing<'a>> = Vec::new();
        let mut last: BTreeMap<(&str, i32), i64> = BTreeMap::new();
        for commit in known.map(|offsets| offsets.commits.as_slice()).unwrap_or_default() {
            if !traffic.instances().contains(&&*commit.instance) {
                continue;
            }
            let moved = last.insert((&commit.instance, commit.partition), commit.offset) != Some(commit.offset);
            match requests.last_mut().filter(|request| request.commits.iter().any(|other| other.request == commit.request)) {
                Some(request) => {
                    request.commits.push(commit);
                    request.moved |= moved;
                }
                None => requests.push(Committing { at: commit.at, instance: &commit.instance, commits: vec![commit], moved, held: None }),
            }
        }
        for exchange in traffic.exchanges().iter().filter(|exchange| !exchange.faults.is_empty()) {
            let id = (exchange.connection.id, exchange.correlation);
            if let Some(request) = requests.iter_mut().find(|request| request.commits.iter().any(|commit| commit.request == id)) {
                request.held = held(exchange, view.timeline.now());
            }
        }
        let programs = traffic.instances().iter().map(|instance| {
            let commits = requests.iter().enumerate().filter(|(_, request)| request.instance == *instance && !request.refused());
            let known = view.timeline.instance(instance);
            let of_topic = |delivery: &&Delivery| delivery.record.as_ref().is_some_and(|(of, _, _)| **of == *topic);
            let deliveries: Vec<_> = known.into_iter().flat_map(|known| view.timeline.deliveries(known)).filter(of_topic).collect();
            let done = deliveries.iter().filter(|delivery| delivery.done()).filter_map(|delivery| delivery.answered.map(|(at, _)| at));
            let acts = deliveries.iter().flat_map(|delivery| [Some(delivery.begun), delivery.answered.map(|(at, _)| at), delivery.abandoned]);
            let (answers, acts) = (sorted(done), sorted(acts.flatten()));
            Program { instance, commits: commits.map(|(place, _)| place).collect(), deliveries, answers, acts }
        });
        let programs = programs.collect();
        Self { requests, programs, topic: view.timeline.topic(topic) }
    }

    /// Whether the record of a delivery was in the topic by a moment.
    pub fn was_written(&self, delivery: &Delivery, by: u64) -> bool {
        let record = delivery.event.as_deref().and_then(|event| self.topic?.written(event));
        record.is_some_and(|record| record.at <= by)
    }
}

/// From when to when a fault held a request or its answer back; until now when it still does.
fn held(exchange: &Exchange<'_>, now: u64) -> Option<(u64, u64)> {
    let (from, _) = exchange.faults.iter().find(|(_, did)| matches!(did, FaultUse::RequestHeld | FaultUse::ResponseHeld))?;
    let to = exchange.faults.iter().rev().find(|(_, did)| *did == FaultUse::Released);
    Some((*from, to.map_or(now, |(at, _)| *at)))
}

impl<'a> Program<'a> {
    /// Its commit requests.
    pub fn commits<'t>(&'t self, told: &'t Told<'a>) -> impl DoubleEndedIterator<Item = &'t Committing<'a>> {
        self.commits.iter().filter_map(|place| told.requests.get(*place))
    }

    /// When it last did something at the sink before a moment.
    pub fn last_act_before(&self, at: u64) -> Option<u64> {
        self.acts.partition_point(|act| *act < at).checked_sub(1).and_then(|place| self.acts.get(place)).copied()
    }

    /// The deliveries that were in hand at a moment: begun, and neither answered nor given up.
    pub fn in_hand(&self, at: u64) -> impl Iterator<Item = &'a Delivery> {
        let open = move |end: Option<u64>| end.is_none_or(|end| end >= at);
        let in_hand = move |delivery: &&Delivery| open(delivery.answered.map(|(answered, _)| answered)) && open(delivery.abandoned);
        self.deliveries.iter().copied().filter(move |delivery| delivery.begun < at).filter(in_hand)
    }

    /// How many events it had delivered by a moment.
    pub fn delivered_by(&self, at: u64) -> usize {
        self.answers.partition_point(|answer| *answer <= at)
    }
}

fn sorted(moments: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut moments: Vec<_> = moments.collect();
    moments.sort_unstable();
    moments
}
