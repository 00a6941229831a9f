//! A committed offset beyond what was delivered: what happened to the event that it passes.

use crate::kinds::View;
use crate::kinds::view::seconds;
use crate::outcome::Mismatch;
use crate::timeline::event::Signal;
use crate::timeline::{Ahead, Delivery, Offsets, Topic};

/// Longer than a program needs from one event to the next: a commit after that long was not asked for by a program that waits.
const LONG: u64 = 1_000_000_000;

/// The event that a commit passed, at the moment when that was seen.
enum State {
    /// No delivery of it had begun.
    Untouched,
    /// Its delivery was not answered yet; when it began.
    InHand(u64),
    /// The sink answered with this status, at this time.
    Refused(u16, u64),
    /// The program went away before it was answered, at this time.
    GivenUp(u64),
    /// The program was killed while it waited for the answer.
    CutOff,
}

/// Says which event is lost when the program crashes now, and why that is so.
pub fn explain(view: &View<'_>, group: &str, topic: &Topic, ahead: &Ahead, offsets: &Offsets) -> Mismatch {
    let record = topic.produced.iter().find(|record| record.partition == ahead.partition && record.offset == ahead.frontier);
    let event = record.and_then(|record| record.event.as_deref());
    let name = event.map_or_else(|| format!("offset {}", ahead.frontier), |id| format!("event {id} (offset {})", ahead.frontier));
    let state = event.map_or(State::Untouched, |id| state_of(view, id, ahead.at));
    let what = match &state {
        State::Untouched => "had not been delivered at all".to_owned(),
        State::InHand(begun) => format!("was still being delivered (its delivery began at {})", seconds(*begun)),
        State::Refused(status, at) => format!("was refused with {status} (at {}) and not delivered", seconds(*at)),
        State::GivenUp(at) => format!("was not delivered: your program gave up its POST at {}, before it was answered", seconds(*at)),
        State::CutOff => "was not delivered: its POST was cut off by the crash".to_owned(),
    };
    let loss = match &state {
        State::Untouched | State::InHand(_) => "a crash at that moment loses it",
        State::Refused(..) | State::GivenUp(_) | State::CutOff => "after a restart it is never read again",
    };
    let message = format!("offset {} of partition {} was committed while {name} {what}; {loss}", ahead.committed, ahead.partition);
    let expected = format!("group {group} commits at most offset {} there", ahead.frontier);
    let witnesses = offsets.ahead.iter().map(|ahead| {
        let Ahead { at, partition, committed, frontier, .. } = ahead;
        format!("partition {partition} at {}: offset {committed} committed, offset {frontier} not delivered", seconds(*at))
    });
    let observed = format!("offset {} committed, seen at {}", ahead.committed, seconds(ahead.at));
    Mismatch::new(message, expected, observed).witnesses(witnesses).cause(cause(view, ahead, &state))
}

/// What had become of the last attempt at an event by then.
fn state_of(view: &View<'_>, event: &str, at: u64) -> State {
    let instances = view.timeline.instances_of(view.check);
    let attempts = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance));
    let attempts = attempts.filter(|delivery| delivery.event.as_deref() == Some(event) && delivery.begun <= at);
    let Some(last) = attempts.max_by_key(|delivery| delivery.begun) else { return State::Untouched };
    match (last.answered, last.abandoned) {
        (_, Some(gone)) if gone <= at => if was_killed(view, last, gone) { State::CutOff } else { State::GivenUp(gone) },
        (Some((answered, status)), _) if answered <= at => State::Refused(status, answered),
        _ => State::InHand(last.begun),
    }
}

fn was_killed(view: &View<'_>, delivery: &Delivery, by: u64) -> bool {
    view.instance(&delivery.instance).is_some_and(|instance| instance.signals.iter().any(|(at, signal)| *signal == Signal::Kill && *at <= by))
}

fn cause(view: &View<'_>, ahead: &Ahead, state: &State) -> &'static str {
    match state {
        State::Refused(..) => {
            "an event is delivered only when its POST was answered with 2xx. A refused event must be posted again until it is, or left uncommitted: \
             stop the program without committing it, and the restart reads it again"
        }
        State::GivenUp(_) => {
            "a timeout or a broken connection is no delivery: post the event again, or stop without committing it. An answer may take up to 10 s"
        }
        _ if overtaken(view, ahead) => {
            "later events of the partition were delivered first, and the highest of their offsets was committed. \
             Commit only up to the first event that is still in work"
        }
        State::InHand(begun) if ahead.at.saturating_sub(*begun) > LONG => {
            "your program was waiting for the answer, so the client commits by itself, on a timer: every 5 s in most clients. \
             Turn that off (enable.auto.commit=False) and commit after the POST was answered with 2xx"
        }
        _ if ahead.committed - ahead.frontier > 1 => {
            "the commit covers events that were fetched but not delivered yet: in confluent-kafka commit() without arguments commits what was polled. \
             Commit explicit offsets of delivered events only: commit(offsets=[TopicPartition(topic, partition, offset + 1)])"
        }
        _ => "the offset was committed before the POST was answered: commit after the event was delivered",
    }
}

/// Whether events behind the one that was passed were delivered already, as by several threads.
fn overtaken(view: &View<'_>, ahead: &Ahead) -> bool {
    let instances = view.timeline.instances_of(view.check);
    instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance)).any(|delivery| {
        let behind = delivery.record.as_ref().is_some_and(|(_, partition, offset)| {
            *partition == ahead.partition && (ahead.frontier + 1..ahead.committed).contains(offset)
        });
        behind && delivery.done() && delivery.answered.is_some_and(|(at, _)| at <= ahead.at)
    })
}
