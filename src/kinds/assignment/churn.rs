//! Members that come and go: every time all partitions are shared out anew, and nobody works meanwhile.

use crate::kinds::View;
use crate::kinds::client::Client;
use crate::kinds::membership::member::{Member, Stay};
use crate::kinds::view::{count, seconds};

/// How long a client may take from giving its place up to the next sign of its program, in nanoseconds.
const BUSY: u64 = 3_000_000_000;

/// Why an instance left its group and joined again, when nobody asked it to stop. `None` when it did not.
pub fn explain(view: &View<'_>, name: &str, group: &str) -> Option<String> {
    let full = view.instance_name(name)?;
    let instance = view.timeline.instance(full)?;
    let asked = instance.signals.iter().find(|(_, signal)| signal.ends()).map_or(u64::MAX, |(at, _)| *at);
    let member = Member::of(view, full, group);
    let began = instance.starts.last().map_or(0, |(at, _)| *at);
    let stays: Vec<&Stay<'_>> = member.stays.iter().filter(|stay| stay.joined >= began && stay.joined < asked).collect();
    let left = stays.iter().filter_map(|stay| stay.left).filter(|left| *left < asked).collect::<Vec<_>>();
    let first = *left.first()?;
    let busy = left.iter().find(|left| {
        let in_hand = |delivery: &crate::timeline::Delivery| delivery.begun <= **left && delivery.answered.is_none_or(|(at, _)| at + BUSY >= **left);
        view.timeline.deliveries(instance).any(in_hand) && view.timeline.deliveries(instance).any(|delivery| (**left..**left + BUSY).contains(&delivery.begun))
    });
    if let Some(left) = busy {
        let words = Client::of(view, full).words();
        return Some(format!(
            "`{name}` lost its place in the group at {} in the middle of its work: it had not polled for longer than max.poll.interval.ms, so {} gave its place up. \
             Its partitions went to others, who deliver the same events again, and its commits are refused. Take fewer records at a time and commit them before the next poll, \
             so that one round of work is always shorter than max.poll.interval.ms (5 minutes, unless you changed it)",
            seconds(*left),
            words.name
        ));
    }
    if stays.len() < 3 {
        return None;
    }
    let (joined, left) = (count(stays.len() as u64, "time"), count(left.len() as u64, "time"));
    Some(format!(
        "`{name}` joined the group {joined} and left it {left}, for the first time at {}: each time all members stop and the partitions are shared out anew. \
         Create the consumer once, keep it open, and close it only when the program is told to stop",
        seconds(first)
    ))
}
