//! A lane for each program instance: starts, ends, signals, and what it did in its group.

use super::{Item, Lane, Look, Role, Subject, wire};
use crate::kinds::view::signal_name;
use crate::timeline::event::{Name, What};
use crate::timeline::wire::{Api, Request, Response};
use crate::timeline::{Exchange, Exit, Instance};

/// The lanes, in the order of the first start.
pub fn lanes(subject: &Subject<'_>) -> Vec<Lane> {
    let Some((_, end)) = subject.window() else { return Vec::new() };
    let place = subject.place();
    subject
        .instances()
        .into_iter()
        .map(|(name, instance)| {
            let mut items = runs(instance, end);
            items.extend(events(subject, &name));
            items.extend(strangers(subject, instance));
            items.extend(subject.timeline.exchanges(&name).filter_map(|exchange| membership(&exchange)));
            items.extend(subject.timeline.connections(&name).filter_map(|connection| {
                connection.foreign.map(|speaks| Item::point(connection.opened, Look::Note, "", wire::foreign(speaks)))
            }));
            items.retain(|item| item.from <= end);
            items.sort_by_key(|item| item.from);
            let marked = place.is_some_and(|place| place.instance.as_deref() == Some(&*name));
            let about = instance.program.as_ref().map_or_else(|| name.to_string(), |program| format!("{program}, as `{name}`"));
            Lane { name: subject.short(&name).to_owned(), about, role: Role::Program, items, more: 0, marked }
        })
        .collect()
}

/// A bar from each start to its end.
fn runs(instance: &Instance, end: u64) -> Vec<Item> {
    let runs = instance.starts.iter().enumerate().map(|(nth, (from, _))| {
        let exit = instance.exits.get(nth);
        let words = exit.map_or_else(|| "runs on".to_owned(), |exit| format!("runs until it {}", ended(exit)));
        Item::bar(*from, exit.map_or(end, |exit| exit.at).min(end.max(*from)), Look::Running, "", words)
    });
    runs.collect()
}

fn ended(exit: &Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("ends with exit code {code}"),
        (None, Some(signal)) => format!("is ended by {}", signal_name(signal)),
        (None, None) => "ends".to_owned(),
    }
}

fn events(subject: &Subject<'_>, name: &Name) -> Vec<Item> {
    let mut starts = 0;
    let items = subject.timeline.events().iter().filter_map(|event| match &event.what {
        What::Started { instance, command, .. } if instance == name => {
            starts += 1;
            let again = if starts > 1 { " again" } else { "" };
            Some(Item::point(event.at, Look::Started, "start", format!("is started{again}: {}", command.join(" "))))
        }
        What::Signalled { instance, signal } if instance == name => {
            Some(Item::point(event.at, Look::Signal, signal.name(), format!("the grader sends {}", signal.name())))
        }
        What::LimitHit { instance, limit } if instance == name => {
            Some(Item::point(event.at, Look::Note, "limit", format!("hits a limit: {limit}")))
        }
        What::Starved { instance, waited, ran } if instance == name => {
            let millis = |nanos: u64| nanos / 1_000_000;
            let words = format!("gets no processor: waits {} ms for one and has {} ms of it", millis(*waited), millis(*ran));
            Some(Item::bar(event.at.saturating_sub(*waited), event.at, Look::Note, "no processor", words))
        }
        What::Exited { instance, code, signal } if instance == name => {
            let exit = Exit { at: event.at, code: *code, signal: *signal };
            let label = code.map_or_else(String::new, |code| format!("exit {code}"));
            Some(Item::point(event.at, Look::Exited, label, ended(&exit)))
        }
        _ => None,
    });
    items.collect()
}

/// Deliveries of something that the grader did not write: they are in no partition.
fn strangers(subject: &Subject<'_>, instance: &Instance) -> Vec<Item> {
    let deliveries = subject.timeline.deliveries(instance).filter(|delivery| delivery.record.is_none());
    let items = deliveries.map(|delivery| match &delivery.event {
        Some(event) => {
            Item::point(delivery.begun, Look::Note, &**event, format!("posts event {event}, which is in no topic of this check"))
        }
        None => Item::point(delivery.begun, Look::Note, "no event", "posts something that is no event"),
    });
    items.collect()
}

/// Joining and leaving a group, transactions, and every answer with an error that is about those.
fn membership(exchange: &Exchange<'_>) -> Option<Item> {
    let (at, response) = exchange.response.map_or((exchange.at, None), |(at, response)| (at, Some(response)));
    let error = response.and_then(Response::error);
    match (exchange.request, response) {
        (
            Request::Fetch { .. }
            | Request::Metadata { .. }
            | Request::ApiVersions { .. }
            | Request::OffsetCommit { .. }
            | Request::Produce { .. },
            _,
        ) => None,
        (Request::LeaveGroup { group, .. }, _) => Some(Item::point(exchange.at, Look::Left, "leave", format!("leaves group {group}"))),
        (Request::ConsumerGroupHeartbeat { group, epoch, .. } | Request::ShareGroupHeartbeat { group, epoch, .. }, _) if *epoch < 0 => {
            Some(Item::point(exchange.at, Look::Left, "leave", format!("leaves group {group}")))
        }
        _ if exchange.api == Api::JOIN_GROUP && error == Some(79) => None, // MEMBER_ID_REQUIRED: every first join (KIP-394)
        (_, Some(_)) if error.is_some() => {
            let code = wire::code(error.unwrap_or_default());
            Some(Item::point(at, Look::Note, "", format!("its {} is answered with {code}", exchange.api)))
        }
        (Request::SyncGroup { group, generation, .. }, Some(Response::SyncGroup { assigned, .. })) => {
            let partitions: Vec<_> = assigned.iter().map(|place| place.partition.to_string()).collect();
            let got = if partitions.is_empty() { "no partition".to_owned() } else { format!("partitions {}", partitions.join(", ")) };
            Some(Item::point(at, Look::Joined, "join", format!("is a member of group {group} (generation {generation}) and gets {got}")))
        }
        (Request::ConsumerGroupHeartbeat { group, epoch: 0, .. } | Request::ShareGroupHeartbeat { group, epoch: 0, .. }, _) => {
            Some(Item::point(at, Look::Joined, "join", format!("joins group {group}")))
        }
        (Request::EndTxn { commit, transactional_id, .. }, _) => {
            let what = if *commit { "commits" } else { "aborts" };
            Some(Item::point(exchange.at, Look::CommitAt, what, format!("{what} a transaction of {transactional_id}")))
        }
        _ => None,
    }
}
