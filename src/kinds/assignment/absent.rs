//! Why a running instance is no member of the group.

use super::Assignment;
use crate::kinds::View;
use crate::kinds::traffic::Traffic;
use crate::kinds::view::seconds;
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::event::Name;
use crate::timeline::wire::{Api, Request};

/// What an instance that is no member does instead, by its requests.
pub(super) fn explain(view: &View<'_>, spec: &Assignment, name: &str) -> Mismatch {
    let message = format!("`{name}` is no member of group {}", spec.group);
    let traffic = Traffic::of(view, Some(name));
    if let Some(silence) = traffic.silence() {
        return Mismatch::new(message, "", "not seen in the group").cause(silence);
    }
    let mut asked: Vec<(&Name, u64)> = Vec::new();
    let (mut fetched, mut last) = (None, 0);
    for exchange in traffic.exchanges() {
        last = exchange.at;
        match exchange.request {
            Request::JoinGroup { group, .. } | Request::ConsumerGroupHeartbeat { group, .. } if asked.iter().all(|(known, _)| *known != group) => {
                asked.push((group, exchange.at));
            }
            _ if exchange.api == Api::FETCH => fetched = fetched.or(Some(exchange.at)),
            _ => {}
        }
    }
    let full = view.full_name(name);
    match (asked.iter().find(|(group, _)| ***group != *spec.group), asked.iter().any(|(group, _)| ***group == *spec.group), fetched) {
        (Some((other, at)), false, _) => {
            let message = format!("`{name}` joined another group: {other}, not {}", spec.group);
            let cause = "partitions are shared out among members of one group: members of different groups all get everything. \
                         Take the group id from KAFKA_GROUP_ID, the same for every instance";
            Mismatch::new(message, "", format!("it asked to join group {other} at {}", seconds(*at))).cause(cause).about(Subject::Group).moment(Moment::at(*at).of(&full))
        }
        (_, true, _) => {
            let cause = "its request to join was not accepted, or it left again: keep one consumer open, and poll it all the time";
            Mismatch::new(message, "", "it asked to join, and is not there").cause(cause).about(Subject::Polling)
        }
        (None, false, Some(at)) => {
            let message = format!("`{name}` reads without being a member of group {}", spec.group);
            let cause = "it assigns partitions to itself (assign): then nobody shares anything out, and every instance reads what its code says. \
                         Use subscribe() with the topic's name: the group then gives each member its share";
            Mismatch::new(message, "", format!("it fetches since {}, and never asked to join a group", seconds(at))).cause(cause).about(Subject::Subscription).moment(Moment::at(at).of(&full))
        }
        (None, false, None) => {
            let cause = "it connects, but neither joins a group nor reads: subscribe() to the topic in KAFKA_TOPIC, then call poll() in a loop \
                         (a consumer joins its group inside poll)";
            Mismatch::new(message, "", format!("its last request came at {}, and none asked to join", seconds(last))).cause(cause).about(Subject::Subscription)
        }
    }
}
