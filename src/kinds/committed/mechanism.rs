//! What made a commit pass an event that was not delivered: a clock, a goodbye, a batch that was read, or the program itself.

use std::ops::Range;

use crate::kinds::View;
use crate::kinds::client::{Client, Words};
use crate::kinds::commits::decided::rhythm;
use crate::kinds::commits::story::{Program, Told};
use crate::kinds::traffic::Traffic;
use crate::outcome::Subject;
use crate::timeline::wire::{Api, Request};
use crate::timeline::{Commit, Delivery};

/// Longer than a program needs between what it does and the commit that this causes: what comes later was not asked for by a program that waits.
pub const LONG: u64 = 1_000_000_000;

/// After so many deliveries a program that commits by itself has done so once.
const SOME: usize = 5;

/// An asynchronous commit of what was polled arrives so soon after the next delivery began, at the latest.
const RACE: u64 = 250_000_000;

/// Clients commit by themselves so often unless they are told otherwise, counted from their creation.
const DEFAULT: u64 = 5_000_000_000;

/// What made a commit come too early.
pub enum Mechanism {
    /// Later events of the partition were delivered first.
    Overtaken,
    /// The client commits by itself, when its interval after its start was over.
    Automatic,
    /// A clock commits: the client's, or one in the program. At this interval in nanoseconds when it is known.
    Clock(Option<u64>),
    /// The program was leaving.
    WayOut,
    /// What was read was committed before any of it was delivered; more than one event.
    BatchWhenRead,
    /// What was read was committed although only some of it was delivered.
    Careless,
    /// The event was committed before its delivery began.
    BeforeDelivery,
    /// The event was committed while its delivery went on.
    BeforeAnswer,
}

/// What made this commit pass the first event that was due, of the group's commits on the topic.
pub fn of(view: &View<'_>, group: &str, topic: &str, commit: &Commit) -> Mechanism {
    let told = Told::of(view, &Traffic::of(view, None), group, topic);
    let Some(program) = told.programs.iter().find(|program| *program.instance == *commit.instance) else { return Mechanism::BeforeDelivery };
    let due = commit.first_due.unwrap_or(commit.offset);
    let request = told.requests.iter().find(|request| request.commits.iter().any(|other| other.request == commit.request));
    // A request passes an event in hand in any of its partitions.
    let in_hand = program.in_hand(commit.at).any(|delivery| request.is_some_and(|request| passes(&request.commits, delivery)));
    if leaves(view, commit, program) {
        return Mechanism::WayOut;
    }
    if overtaken(view, commit.partition, due..commit.offset, commit.at) {
        return Mechanism::Overtaken;
    }
    let quiet = program.last_act_before(commit.at).is_some_and(|act| commit.at - act >= LONG);
    let on_time = view.timeline.connections(&commit.instance).any(|connection| is_multiple(commit.at.saturating_sub(connection.opened), DEFAULT));
    let earlier: Vec<_> = program.commits(&told).filter(|other| other.moved && other.at < commit.at).collect();
    // A program that commits when it read or delivered something has done so before, or does so within moments.
    let first = earlier.is_empty() && program.delivered_by(commit.at) >= SOME;
    let late = program.last_act_before(commit.at).is_some_and(|act| commit.at - act >= RACE);
    // One request commits all partitions, and the first event that it passes may be of another than the one in hand.
    let waiting = quiet && program.in_hand(commit.at).next().is_some();
    if on_time && (waiting || (in_hand && first)) {
        return Mechanism::Automatic;
    }
    if waiting || (in_hand && first && late) {
        return Mechanism::Clock(None);
    }
    if let Some(period) = rhythm::of(&told, program).at_any_pace {
        return Mechanism::Clock(Some(period));
    }
    let covered = request.map(|request| newly_covered(&request.commits, &earlier, program)).unwrap_or_default();
    match (covered.delivered > 0, covered.events > 1, in_hand) {
        (true, _, _) => Mechanism::Careless,
        (false, true, _) => Mechanism::BatchWhenRead,
        // Who commits each event when it is read has committed as often as delivered; what comes now and then is the client's, or of all that was read.
        (false, false, false) if 2 * earlier.len() < program.delivered_by(commit.at) => Mechanism::Careless,
        (false, false, false) => Mechanism::BeforeDelivery,
        (false, false, true) => Mechanism::BeforeAnswer,
    }
}

/// Whether a length of time is a period, or some of them, but for what a start and a busy machine add.
fn is_multiple(length: u64, period: u64) -> bool {
    let rest = length % period;
    length >= period - RACE && (rest <= RACE || rest >= period - RACE)
}

/// What one commit request covers that none before it did.
#[derive(Default)]
struct Covered {
    events: i64,
    delivered: i64,
}

fn newly_covered(commits: &[&Commit], earlier: &[&crate::kinds::commits::story::Committing<'_>], program: &Program<'_>) -> Covered {
    let mut covered = Covered::default();
    for commit in commits {
        let before = earlier.iter().rev().flat_map(|request| &request.commits).find(|other| other.partition == commit.partition);
        let from = before.map_or(0, |other| other.offset);
        covered.events += (commit.offset - from).max(0);
        let done = |delivery: &&&Delivery| {
            delivery.done()
                && delivery.answered.is_some_and(|(at, _)| at <= commit.at)
                && delivery.record.as_ref().is_some_and(|(_, partition, offset)| *partition == commit.partition && (from..commit.offset).contains(offset))
        };
        covered.delivered += program.deliveries.iter().filter(done).count() as i64;
    }
    covered
}

/// Whether one of these commits passes the event of a delivery.
fn passes(commits: &[&Commit], delivery: &Delivery) -> bool {
    let Some((_, partition, offset)) = &delivery.record else { return false };
    commits.iter().any(|commit| commit.partition == *partition && commit.offset > *offset)
}

/// Whether the program delivered nothing after this commit and left its group.
fn leaves(view: &View<'_>, commit: &Commit, program: &Program<'_>) -> bool {
    let next_delivery = program.acts.get(program.acts.partition_point(|act| *act <= commit.at)).copied();
    let goodbye = view.timeline.exchanges(&commit.instance).filter(|exchange| exchange.at >= commit.at).find(|exchange| match exchange.request {
        Request::ConsumerGroupHeartbeat { epoch, .. } => *epoch < 0,
        _ => exchange.api == Api::LEAVE_GROUP,
    });
    goodbye.is_some_and(|goodbye| next_delivery.is_none_or(|next| next > goodbye.at))
}

/// Whether events behind the first of those that a commit passes were delivered by a moment, as by several threads.
pub fn overtaken(view: &View<'_>, partition: i32, passed: Range<i64>, at: u64) -> bool {
    let instances = view.timeline.instances_of(view.check);
    let all = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance));
    let deliveries: Vec<&Delivery> = all.filter(|delivery| delivery.begun <= at).collect();
    let overtakes = |delivery: &&Delivery| {
        let place = delivery.record.as_ref().filter(|(_, of, _)| *of == partition).map(|(_, _, offset)| *offset);
        place.is_some_and(|offset| offset > passed.start && passed.contains(&offset))
            && delivery.done()
            && delivery.answered.is_some_and(|(answered, _)| answered <= at)
    };
    deliveries.iter().any(overtakes) && !went_on(&deliveries, partition, passed.start)
}

/// Whether the event at an offset was refused, and was not in hand any more when a later one of its partition was begun: then nobody was quicker than
/// another, but somebody went on.
fn went_on(deliveries: &[&Delivery], partition: i32, due: i64) -> bool {
    let offset = |delivery: &&Delivery| delivery.record.as_ref().filter(|(_, of, _)| *of == partition).map(|(_, _, offset)| *offset);
    let ended = |delivery: &Delivery| delivery.answered.filter(|_| !delivery.done()).map(|(at, _)| at);
    let own: Option<Vec<u64>> = deliveries.iter().copied().filter(|delivery| offset(delivery) == Some(due)).map(ended).collect();
    let Some(last) = own.and_then(|own| own.into_iter().max()) else { return false };
    let later = deliveries.iter().filter(|delivery| offset(delivery).is_some_and(|offset| offset > due)).map(|delivery| delivery.begun);
    later.min().is_some_and(|begun| begun >= last)
}

/// The words of the client that made a commit.
pub fn words(view: &View<'_>, commit: &Commit) -> Words {
    Client::of(view, &commit.instance).words()
}

impl Mechanism {
    /// What to read about.
    pub fn about(&self) -> Subject {
        match self {
            Self::Automatic | Self::Clock(_) | Self::WayOut => Subject::AutomaticCommit,
            Self::BeforeDelivery | Self::BatchWhenRead | Self::BeforeAnswer => Subject::AtLeastOnce,
            Self::Overtaken | Self::Careless => Subject::ManualCommit,
        }
    }

    /// What happened and what to do, in the learner's client's terms.
    pub fn explain(&self, words: &Words) -> String {
        let Words { name, off, commit, close, .. } = words;
        let (setting, how) = words.automatic;
        match self {
            Self::Overtaken => "later events of the partition were delivered first, as by several threads, and the highest of their offsets was committed. \
                A committed offset is a promise about all that stands before it: commit only up to the first event that is still in work, which is the next one to read"
                .to_owned(),
            Self::Automatic => words.automatic(),
            Self::Clock(None) => words.clock(),
            Self::Clock(Some(period)) => format!("the commits come every {} ms, whatever the pace of the deliveries; {}", period / 1_000_000, words.clock()),
            Self::WayOut => format!(
                "this commit came on the way out, just before the program left its group: when {setting}, {name} {how}, whether the event was delivered or not. \
                 Turn that off ({off}), and commit nothing in `finally` that was not delivered: {close} is enough to leave"
            ),
            Self::BatchWhenRead => {
                format!("the batch was committed when it was read, before any of its events was delivered. Deliver first, then commit: {commit}")
            }
            Self::Careless => {
                let (what, covers) = words.careless.unwrap_or(("a commit without offsets", "covers what was read"));
                format!(
                    "the commit covers what was read, not only what was delivered. In {name} two things do that: automatic commits, when {setting} \
                     (turn them off: {off}), and {what}, which {covers}. Commit the delivered event only: {commit}"
                )
            }
            Self::BeforeDelivery => {
                format!("the offset was committed when the event was read, before its delivery began. Deliver first, then commit: {commit}")
            }
            Self::BeforeAnswer => {
                format!("the offset was committed before the POST was answered: commit after the event was delivered: {commit}")
            }
        }
    }
}
