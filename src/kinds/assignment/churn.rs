//! Members that come and go: every time all partitions are shared out anew, and nobody works meanwhile.

use crate::kinds::View;
use crate::kinds::client::Client;
use crate::kinds::membership::member::{Member, Stay};
use crate::kinds::view::{count, seconds};
use crate::outcome::Subject;

/// So often a member may leave and join again before it counts as one that comes and goes.
const OFTEN: usize = 2;

/// Why an instance left its group and joined again, when nobody asked it to stop. `None` when it did not.
pub fn explain(view: &View<'_>, name: &str, group: &str) -> Option<(String, Subject)> {
    let full = view.instance_name(name)?;
    let coming = Coming::of(view, full, group)?;
    let first = *coming.left.first()?;
    if let Some(left) = coming.left.iter().find(|left| coming.works_on(view, full, **left)) {
        let words = Client::of(view, full).words();
        let cause = format!(
            "`{name}` lost its place in the group at {} in the middle of its work: it had not polled for longer than max.poll.interval.ms, so {} gave its place up. \
             Its partitions went to others, who deliver the same events again, and its commits are refused. Take fewer records at a time and commit them before the next poll, \
             so that one round of work is always shorter than max.poll.interval.ms (5 minutes, unless you changed it)",
            seconds(*left),
            words.name
        );
        return Some((cause, Subject::MaxPollInterval));
    }
    if !coming.often() {
        return None;
    }
    let (joined, left) = (count(coming.joined.len() as u64, "time"), count(coming.left.len() as u64, "time"));
    let cause = format!(
        "`{name}` joined the group {joined} and left it {left}, for the first time at {}: each time all members stop and the partitions are shared out anew. \
         Create the consumer once, keep it open, and close it only when the program is told to stop",
        seconds(first)
    );
    Some((cause, Subject::Polling))
}

/// Whether an instance comes and goes: then nobody has its partitions for long.
pub fn is_restless(view: &View<'_>, name: &str, group: &str) -> bool {
    view.instance_name(name).and_then(|full| Coming::of(view, full, group)).is_some_and(|coming| coming.often())
}

/// When an instance joined its group and left it, until it was asked to stop.
struct Coming {
    joined: Vec<u64>,
    left: Vec<u64>,
}

impl Coming {
    fn of<'a>(view: &View<'a>, full: &'a str, group: &str) -> Option<Self> {
        let instance = view.timeline.instance(full)?;
        let asked = instance.signals.iter().find(|(_, signal)| signal.ends()).map_or(u64::MAX, |(at, _)| *at);
        let began = instance.starts.last().map_or(0, |(at, _)| *at);
        let member = Member::of(view, full, group);
        let stays: Vec<&Stay<'_>> = member.stays.iter().filter(|stay| (began..asked).contains(&stay.joined)).collect();
        let left = stays.iter().filter_map(|stay| stay.left).filter(|left| *left < asked).collect();
        Some(Self { joined: stays.iter().map(|stay| stay.joined).collect(), left })
    }

    fn often(&self) -> bool {
        self.left.len() >= OFTEN && self.joined.len() > OFTEN
    }

    /// Whether the program went on delivering after its client had left: then it was not the program that left.
    fn works_on(&self, view: &View<'_>, full: &str, left: u64) -> bool {
        let until = self.joined.iter().find(|joined| **joined > left).copied().unwrap_or(u64::MAX);
        let instance = view.timeline.instance(full);
        instance.into_iter().flat_map(|instance| view.timeline.deliveries(instance)).any(|delivery| delivery.begun > left && delivery.begun < until)
    }
}
