//! Committed offsets that are not where they should be by now.

use std::collections::{BTreeMap, BTreeSet};

use super::{Committed, Mark};
use crate::kinds::View;
use crate::kinds::client::{Client, Words};
use crate::kinds::traffic::Traffic;
use crate::kinds::view::{seconds, short_name};
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::wire::Api;
use crate::timeline::{Commit, Offsets, Topic};
use crate::world::kafka::Code;

/// A partition whose offset is not right.
struct Wrong {
    partition: i32,
    committed: Option<i64>,
    /// The offset that is due.
    due: i64,
    /// The record that is to be passed and is no event.
    bad: Option<String>,
}

/// What is wrong with the committed offsets as they are now, if anything.
pub fn judge(spec: &Committed, view: &View<'_>, topic: &Topic, offsets: &Offsets) -> Option<Mismatch> {
    let offset = |partition: i32| offsets.last.get(&partition).copied().max(under_way(view, offsets, partition));
    let mut wrong: Vec<_> = against_delivered(spec, topic, &offset).collect();
    wrong.extend(spec.past.as_deref().into_iter().flat_map(|data| not_passed(view, data, topic, &offset)));
    let first = wrong.first()?;
    // What is missing has no moment of its own: it is the look that showed it last.
    let seen = offsets.last_look.map_or(offsets.changed_at, |(_, at)| at);
    let moment = Moment::at(seen).in_partition(&spec.topic, first.partition);
    Some(view.with_ends(explain(spec, view, offsets, &wrong)).moment(moment))
}

/// The offset that a program has committed in this partition and no look could show yet: the broker has not answered, or has since the last look
/// was asked. What was sent in time is in time, however slow the broker is. A request whose connection is gone, or that a fault holds back, may
/// never come to anything.
fn under_way(view: &View<'_>, offsets: &Offsets, partition: i32) -> Option<i64> {
    let asked = offsets.last_look.map_or(0, |(asked, _)| asked);
    let is_open = |commit: &Commit| {
        let mut exchanges = view.timeline.exchanges(&commit.instance).filter(|exchange| exchange.response.is_none());
        exchanges.any(|exchange| {
            (exchange.connection.id, exchange.correlation) == commit.request && exchange.connection.closed.is_none() && exchange.faults.is_empty()
        })
    };
    let own = offsets.commits.iter().rev().filter(|commit| commit.partition == partition && !commit.transactional);
    // Before the first one that was answered long ago nothing is open any more.
    let recent = own.take_while(|commit| commit.answered.is_none_or(|(at, _)| at > asked));
    recent.filter(|commit| commit.accepted() || commit.answered.is_none() && is_open(commit)).map(|commit| commit.offset).next()
}

/// Whether any commit is.
pub fn is_under_way(view: &View<'_>, offsets: &Offsets) -> bool {
    let partitions: BTreeSet<i32> = offsets.commits.iter().map(|commit| commit.partition).collect();
    partitions.into_iter().any(|partition| under_way(view, offsets, partition).is_some())
}

fn against_delivered(spec: &Committed, topic: &Topic, offset: &impl Fn(i32) -> Option<i64>) -> impl Iterator<Item = Wrong> {
    topic.frontiers.iter().filter_map(|(partition, frontier)| {
        let committed = offset(*partition);
        let (holds, due) = match (spec.equals, spec.covers, frontier.last_delivered()) {
            // Nothing was delivered there: nothing needs to be committed.
            (Some(Mark::Delivered), _, None) => (committed.unwrap_or(0) <= frontier.at(), frontier.at()),
            (Some(Mark::Delivered), _, Some(last)) => {
                // Records that are no events may or may not be passed with the last event.
                let due = last + 1;
                (committed.is_some_and(|committed| (due..=frontier.at().max(due)).contains(&committed)), due)
            }
            (None, Some(Mark::Delivered), Some(last)) => (committed.is_some_and(|committed| committed >= last), last + 1),
            (None, _, _) => (true, 0),
        };
        (!holds).then_some(Wrong { partition: *partition, committed, due, bad: None })
    })
}

/// The partitions that stand at a record of the data set, or before it; each with its first.
fn not_passed(view: &View<'_>, data: &str, topic: &Topic, offset: &impl Fn(i32) -> Option<i64>) -> Vec<Wrong> {
    let labels = view.data_set(data).map(|set| set.records().into_iter().map(|record| record.label).collect::<Vec<_>>()).unwrap_or_default();
    let full = format!("{}/{data}", view.check);
    let records = topic.produced.iter().filter(|record| *record.data == *full);
    let mut first: BTreeMap<i32, Wrong> = BTreeMap::new();
    for (nth, record) in records.enumerate() {
        let committed = offset(record.partition);
        if committed.unwrap_or(0) <= record.offset {
            let label = labels.get(nth).cloned().flatten().unwrap_or_else(|| format!("of `{data}`"));
            let wrong = Wrong { partition: record.partition, committed, due: record.offset + 1, bad: Some(label) };
            first.entry(record.partition).or_insert(wrong);
        }
    }
    first.into_values().collect()
}

/// Why a group has no offsets of its program's own: the broker's refusal, when commits were seen on the wire and none was accepted.
pub fn cause_of_none(view: &View<'_>, group: &str, offsets: &Offsets) -> (String, Subject) {
    let refused = refusal(offsets).map(|cause| (cause, Subject::ManualCommit));
    refused.or_else(|| Some((elsewhere(view, group)?, Subject::Group))).unwrap_or_else(|| {
        let words = words(view);
        let (setting, how) = words.automatic;
        let cause = format!(
            "your program did not commit in that time. When {setting}, {} {how}: a timer, which is too late and not by hand. \
             Commit after each delivery, or at the latest when input pauses: {}",
            words.name, words.commit
        );
        (cause, Subject::ManualCommit)
    })
}

/// How the client of the check's programs speaks of commits.
fn words(view: &View<'_>) -> Words {
    let mut clients = view.timeline.instances_of(view.check).into_iter().map(|(instance, _)| Client::of(view, instance));
    clients.rfind(|client| *client != Client::Other).unwrap_or(Client::Other).words()
}

/// The other group that the check's programs commit to.
fn elsewhere(view: &View<'_>, group: &str) -> Option<String> {
    let exchanges = Traffic::of(view, None).exchanges();
    let commits = exchanges.iter().filter(|exchange| exchange.api == Api::OFFSET_COMMIT && exchange.error() == Some(0));
    let other = commits.filter_map(|exchange| exchange.request.group()).find(|other| *other != group)?;
    Some(format!("your program does commit, but as group {other}: the group's name comes from the environment, and another group has other offsets"))
}

/// The broker's refusal, when the newest commit on the wire was refused.
fn refusal(offsets: &Offsets) -> Option<String> {
    let (at, error) = offsets.commits.last()?.answered.filter(|(_, error)| *error != 0)?;
    let code = Code::of(error)?;
    Some(format!("your program did commit, but the broker refused it at {}: {code}", seconds(at)))
}

/// Whether what stands committed was all that was delivered when it was committed, as the wire tells: then not the offset is wrong, but nothing
/// was committed since.
fn was_right(wrong: &Wrong, offsets: &Offsets) -> bool {
    let newest = offsets.commits.iter().rev().find(|commit| commit.partition == wrong.partition && commit.accepted());
    newest.is_some_and(|commit| Some(commit.offset) == wrong.committed && commit.offset >= commit.frontier)
}

/// Who stopped when asked and left uncommitted what it had delivered since its last commit.
fn left_uncommitted(view: &View<'_>, offsets: &Offsets) -> Option<String> {
    let last = offsets.commits.iter().rev().find(|commit| commit.accepted())?;
    let instance = view.instance(&last.instance)?;
    instance.exits.last().filter(|exit| !instance.alive() && exit.at > last.at)?;
    instance.signals.iter().find(|(_, signal)| signal.asks_to_end())?;
    let commit = Client::of(view, &last.instance).words().commit;
    let (name, at) = (short_name(&last.instance), seconds(last.at));
    Some(format!("`{name}` committed last at {at}, and ended without committing what it delivered after that: commit before you close the consumer, {commit}"))
}

fn explain(spec: &Committed, view: &View<'_>, offsets: &Offsets, wrong: &[Wrong]) -> Mismatch {
    let beyond = |wrong: &Wrong| wrong.bad.is_none() && wrong.committed.is_some_and(|committed| committed > wrong.due);
    let one_less = |wrong: &Wrong| wrong.bad.is_none() && wrong.committed == Some(wrong.due - 1) && !was_right(wrong, offsets);
    let of_events = "the committed offset of every partition is one past the last delivered event";
    let of_bad = "the committed offset of every partition is past the bad records";
    let Words { commit, automatic: (setting, _), off, .. } = words(view);
    let own = |cause: &str, about: Subject| Some((cause.to_owned(), about));
    let (message, expected, cause) = if offsets.moved.is_none() {
        (format!("group {} has committed nothing", spec.group), if spec.past.is_some() { of_bad } else { of_events }, None)
    } else if wrong.iter().any(beyond) {
        let cause = format!(
            "the event in hand was committed although its POST was not answered with 2xx, or what was fetched was committed at the stop: \
             commit only what was delivered, and close the consumer with automatic commits off ({off})"
        );
        ("an offset was committed beyond the last delivered event: a restart never reads what lies between".to_owned(), of_events, own(&cause, Subject::AtLeastOnce))
    } else if wrong.iter().all(|wrong| wrong.bad.is_some()) {
        let cause = "a record that cannot be decoded is done once it was reported: go on behind it, and commit past it with the next event or at the stop. \
                     Does the branch of your program that handles it lead to a commit?";
        ("the commits do not pass the bad records: every restart meets them again".to_owned(), of_bad, own(cause, Subject::BadRecords))
    } else if wrong.iter().all(one_less) {
        let cause = format!(
            "the offset to commit is the next one to read: that of the delivered event plus one, as {commit} does. As it is, every restart repeats one event per partition"
        );
        ("the committed offset is that of the last delivered event, not the one after it".to_owned(), of_events, own(&cause, Subject::CommittedOffset))
    } else {
        let cause = left_uncommitted(view, offsets).unwrap_or_else(|| {
            format!(
                "there were commits, but none yet that covers the last deliveries: they come on a timer (as when {setting}), after a number of events, or only at some moments. \
                 Commit after each delivery, or also when input pauses and before the program stops: {commit}"
            )
        });
        ("what was delivered is not committed".to_owned(), of_events, own(&cause, Subject::ManualCommit))
    };
    let observed = format!("offsets as of {}, last changed at {}", seconds(offsets.last_look.map_or(0, |(_, at)| at)), seconds(offsets.changed_at));
    let (cause, about) = match cause {
        None => cause_of_none(view, &spec.group, offsets),
        Some((cause, about)) => (refusal(offsets).unwrap_or(cause), about),
    };
    Mismatch::new(message, expected, observed).witnesses(wrong.iter().map(Wrong::describe)).cause(cause).about(about)
}

impl Wrong {
    fn describe(&self) -> String {
        let committed = self.committed.map_or_else(|| "nothing committed".to_owned(), |offset| format!("offset {offset} committed"));
        let bad = self.bad.as_ref().map(|label| format!(": the record at offset {} is to be passed ({label})", self.due - 1)).unwrap_or_default();
        format!("partition {}: {committed}, {} is due{bad}", self.partition, self.due)
    }
}
