//! A committed offset beyond what was delivered: what happened to the event that it passes, and what made the commit come too early.

use super::mechanism::{self, LONG, Mechanism};
use crate::kinds::View;
use crate::kinds::client::Client;
use crate::kinds::view::seconds;
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::event::Signal;
use crate::timeline::{Ahead, Commit, Delivery, Offsets, Produced, Topic};

/// The event that a commit passed, at the moment when that was seen.
enum State {
    /// No delivery of it had begun; when one did, if it did.
    Untouched(Option<u64>),
    /// Its delivery was not answered yet; when it began.
    InHand(u64),
    /// The sink answered with this status, at this time.
    Refused(u16, u64),
    /// The program went away before it was answered, at this time.
    GivenUp(u64),
    /// The program was killed while it waited for the answer.
    CutOff,
}

/// Says which event is lost when the program crashes now, and why that is so. The group and the topic are given by name.
pub fn explain(view: &View<'_>, (group, name): (&str, &str), topic: &Topic, ahead: &Ahead, offsets: &Offsets) -> Mismatch {
    let ahead = plainest(view, topic, ahead, offsets);
    let record = written_at(topic, ahead);
    let event = record.and_then(|record| record.event.as_deref());
    let which = event.map_or_else(|| format!("offset {}", ahead.frontier), |id| format!("event {id} (offset {})", ahead.frontier));
    let state = event.map_or(State::Untouched(None), |id| state_of(view, id, ahead.at));
    let what = match &state {
        State::Untouched(Some(begun)) => format!("had not been delivered at all (its delivery began later, at {})", seconds(*begun)),
        State::Untouched(None) => "had not been delivered at all".to_owned(),
        State::InHand(begun) => format!("was still being delivered (its delivery began at {})", seconds(*begun)),
        State::Refused(status, at) => format!("was refused with {status} (at {}) and not delivered", seconds(*at)),
        State::GivenUp(at) => format!("was not delivered: your program gave up its POST at {}, before it was answered", seconds(*at)),
        State::CutOff => "was not delivered: its POST was cut off by the crash".to_owned(),
    };
    let loss = match &state {
        State::Untouched(_) | State::InHand(_) => "a crash at that moment loses it",
        State::Refused(..) | State::GivenUp(_) | State::CutOff => "after a restart it is never read again",
    };
    let commit = ahead.commit.and_then(|place| offsets.commits.get(place));
    let committed = match commit {
        Some(commit) => format!("your client committed offset {} of partition {} at {}", ahead.committed, ahead.partition, seconds(commit.at)),
        None => format!("offset {} of partition {} was committed", ahead.committed, ahead.partition),
    };
    let message = format!("{committed} while {which} {what}; {loss}");
    let expected = format!("group {group} commits at most offset {} there", ahead.frontier);
    let witnesses = offsets.ahead.iter().map(|ahead| {
        let Ahead { at, partition, committed, frontier, .. } = ahead;
        format!("partition {partition} at {}: offset {committed} committed, offset {frontier} not delivered", seconds(*at))
    });
    let seen = if commit.is_some() { "the request crossed the wire" } else { "seen" };
    let observed = format!("offset {} committed, {seen} at {}", ahead.committed, seconds(commit.map_or(ahead.at, |commit| commit.at)));
    let mechanism = commit.map(|commit| (commit, mechanism::of(view, group, name, commit)));
    let mut moment = Moment::at(commit.map_or(ahead.at, |commit| commit.at)).in_partition(name, ahead.partition);
    moment.instance = commit.map(|commit| commit.instance.to_string());
    let (cause, about) = cause(view, ahead, &state, mechanism);
    Mismatch::new(message, expected, observed).witnesses(witnesses).cause(cause).about(about).moment(moment).settled()
}

/// Of all that the same request passed, what is the plainest to see: an event that was in hand at that moment.
fn plainest<'o>(view: &View<'_>, topic: &Topic, ahead: &'o Ahead, offsets: &'o Offsets) -> &'o Ahead {
    let request = |ahead: &Ahead| ahead.commit.and_then(|place| offsets.commits.get(place)).map(|commit| commit.request);
    let together = offsets.ahead.iter().filter(|other| request(ahead).is_some() && request(other) == request(ahead));
    let mut in_hand = together.filter(|other| {
        let event = written_at(topic, other).and_then(|record| record.event.as_deref());
        event.is_some_and(|event| matches!(state_of(view, event, other.at), State::InHand(_)))
    });
    in_hand.next().unwrap_or(ahead)
}

/// The record at the first offset that was not delivered.
fn written_at<'t>(topic: &'t Topic, ahead: &Ahead) -> Option<&'t Produced> {
    topic.produced.iter().find(|record| record.partition == ahead.partition && record.offset == ahead.frontier)
}

/// What had become of the last attempt at an event by then.
fn state_of(view: &View<'_>, event: &str, at: u64) -> State {
    let instances = view.timeline.instances_of(view.check);
    let attempts = || {
        let all = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance));
        all.filter(|delivery| delivery.event.as_deref() == Some(event))
    };
    let Some(last) = attempts().filter(|delivery| delivery.begun <= at).max_by_key(|delivery| delivery.begun) else {
        return State::Untouched(attempts().map(|delivery| delivery.begun).min());
    };
    match (last.answered, last.abandoned) {
        (_, Some(gone)) if gone <= at => {
            if was_killed(view, last, gone) {
                State::CutOff
            } else {
                State::GivenUp(gone)
            }
        }
        (Some((answered, status)), _) if answered <= at => State::Refused(status, answered),
        _ => State::InHand(last.begun),
    }
}

fn was_killed(view: &View<'_>, delivery: &Delivery, by: u64) -> bool {
    view.instance(&delivery.instance).is_some_and(|instance| instance.signals.iter().any(|(at, signal)| *signal == Signal::Kill && *at <= by))
}

fn cause(view: &View<'_>, ahead: &Ahead, state: &State, mechanism: Option<(&Commit, Mechanism)>) -> (String, Subject) {
    if let Some((commit, mechanism @ (Mechanism::WayOut | Mechanism::Overtaken))) = &mechanism {
        return (mechanism.explain(&mechanism::words(view, commit)), mechanism.about());
    }
    match (state, mechanism) {
        (State::Refused(status, _), _) => (
            format!(
                "an event is delivered only when its POST was answered with 2xx, and your program took {status} for an end of the matter. \
                 What does it do after an answer that is not 2xx? A refused event is posted again until it is delivered, or left uncommitted: \
                 stop the program without committing it, and the restart reads it again"
            ),
            Subject::AtLeastOnce,
        ),
        (State::GivenUp(_), _) => (
            "a timeout or a broken connection is no delivery: post the event again, or stop without committing it. An answer may take up to 10 s: \
             is the timeout of your HTTP client longer than that?"
                .to_owned(),
            Subject::AtLeastOnce,
        ),
        (_, Some((commit, mechanism))) => (mechanism.explain(&mechanism::words(view, commit)), mechanism.about()),
        (_, None) => guess(view, ahead, state),
    }
}

/// Why, when only a look at the group showed the commit, and that it happened some time before.
fn guess(view: &View<'_>, ahead: &Ahead, state: &State) -> (String, Subject) {
    let words = Client::Other.words();
    let mechanism = match state {
        _ if mechanism::overtaken(view, ahead.partition, ahead.frontier..ahead.committed, ahead.at) => Mechanism::Overtaken,
        State::InHand(begun) if ahead.at.saturating_sub(*begun) > LONG => Mechanism::Automatic,
        _ if ahead.committed - ahead.frontier > 1 => Mechanism::Careless,
        _ => Mechanism::BeforeAnswer,
    };
    (mechanism.explain(&words), mechanism.about())
}
