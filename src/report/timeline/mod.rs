//! One check of a saved run as a picture: who ran when, what was delivered and committed, and the moment of the mistake.
//!
//! [`Picture::of`] is pure: it reads the timeline and the check's outcome, and says what to draw. [`text`] and [`page`] draw it.

mod actions;
mod crowd;
mod faults;
mod item;
pub mod page;
mod partitions;
mod programs;
mod redact;
mod scale;
mod story;
mod subject;
pub mod text;
mod wire;

pub use item::{Item, Lane, Look, Role};
pub use scale::Scale;
pub use story::Line;
pub use subject::Subject;
pub use wire::{Said, around};

use super::detail::{self, Row};
use crate::outcome::{CheckOutcome, Verdict};

/// How many lanes of programs and of partitions are drawn, each.
const LANES: usize = 12;

/// What to draw of one check.
#[derive(Debug)]
pub struct Picture {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Points won and to be won.
    pub points: (u32, u32),
    /// What is wrong and why, as in every report.
    pub explanation: Vec<Row>,
    /// From the grader's actions down to the partitions.
    pub lanes: Vec<Lane>,
    /// Where each time stands.
    pub scale: Scale,
    /// Where it went wrong.
    pub mark: Option<Mark>,
    /// What is not drawn, in words.
    pub left_out: Vec<String>,
}

/// The moment at which it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When, in nanoseconds since the run began.
    pub at: u64,
    /// Its lane, when it is in one.
    pub lane: Option<usize>,
    /// What it is in that lane.
    pub item: Option<usize>,
    /// Whether the outcome names the moment; else it is when the final state was first seen.
    pub named: bool,
}

impl Picture {
    /// The picture of a check. `None` when nothing of it happened: it was skipped, or the run ended before.
    #[must_use]
    pub fn of(subject: &Subject<'_>) -> Option<Self> {
        let (from, to) = subject.window()?;
        let moment = subject.moment();
        let mut lanes = Vec::new();
        let mut left_out = Vec::new();
        lanes.extend(actions::lane(subject));
        lanes.extend(faults::lane(subject));
        lanes.extend(few(programs::lanes(subject), "program instance", "program instances", &mut left_out));
        lanes.extend(few(partitions::lanes(subject), "partition", "partitions", &mut left_out));
        for lane in &mut lanes {
            crowd::thin(lane, moment);
        }
        left_out.extend(lanes.iter().filter(|lane| lane.more > 0).map(|lane| format!("{}: {} more", lane.name, lane.more)));
        left_out.extend(subject.spared());
        let times = lanes.iter().flat_map(|lane| lane.items.iter().flat_map(|item| [item.from, item.to])).chain([from, to]).chain(moment);
        let scale = Scale::new(times.collect(), moment);
        let mark = moment.map(|at| find(at, subject, &lanes));
        let outcome = subject.outcome;
        Some(Self {
            check: outcome.id.clone(),
            title: outcome.title.clone(),
            verdict: outcome.verdict,
            points: (outcome.points, outcome.max_points),
            explanation: explanation(outcome),
            lanes,
            scale,
            mark,
            left_out,
        })
    }

    /// How the mark is called. Where the outcome names no moment, it is when the grader saw what is wrong.
    #[must_use]
    pub fn mark_name(&self) -> &'static str {
        match (self.verdict, self.mark) {
            (Verdict::Failed, Some(Mark { named: true, .. })) => "the mistake",
            (Verdict::Failed, _) => "seen here",
            _ => "here",
        }
    }

    /// The looks that are in the picture, in the order of the legend.
    #[must_use]
    pub fn legend(&self) -> Vec<Look> {
        let there = |look: &Look| self.lanes.iter().any(|lane| lane.items.iter().any(|item| item.look == *look));
        Look::ALL.into_iter().filter(there).collect()
    }

    /// Everything in the picture in the order of time, in words.
    #[must_use]
    pub fn story(&self) -> Vec<Line<'_>> {
        story::tell(&self.lanes, self.mark)
    }

    /// Whether it is what the mistake is about: the delivery in the lane of the mark that was going on then, or that had failed last.
    #[must_use]
    pub fn involves(&self, lane: usize, item: &Item) -> bool {
        let Some(mark) = self.mark.filter(|mark| mark.lane == Some(lane) && mark.named) else { return false };
        let going_on = |item: &&Item| item.look.is_delivery() && item.count == 1 && item.from <= mark.at && mark.at <= item.to;
        let items = || self.lanes.get(lane).into_iter().flat_map(|lane| &lane.items);
        let failed = |item: &&Item| matches!(item.look, Look::Refused | Look::Abandoned | Look::Held) && item.to <= mark.at;
        let involved = items().find(going_on).or_else(|| items().rfind(failed));
        involved.is_some_and(|involved| std::ptr::eq(involved, item))
    }
}

/// What the report says of the check, but for what its programs wrote and where to go from here.
fn explanation(outcome: &CheckOutcome) -> Vec<Row> {
    let told = |row: &Row| row.layout != detail::Layout::Quote && !["output", "place", "next"].contains(&row.label);
    let rows = detail::rows(outcome).into_iter();
    // Under `output` stand who wrote the quoted lines.
    rows.take_while(|row| row.label != "output").filter(told).collect()
}

/// The first lanes, those of the mark included; the others are counted.
fn few(mut lanes: Vec<Lane>, one: &str, many: &str, left_out: &mut Vec<String>) -> Vec<Lane> {
    if lanes.len() > LANES {
        let mut order: Vec<usize> = (0..lanes.len()).collect();
        order.sort_by_key(|place| lanes.get(*place).map(|lane| (!lane.marked, std::cmp::Reverse(lane.items.len()))));
        let kept: Vec<usize> = order.into_iter().take(LANES).collect();
        let more = (lanes.len() - LANES) as u64;
        left_out.push(super::words::count(more, &format!("{one} more"), &format!("{many} more")));
        let mut place = 0;
        lanes.retain(|_| {
            place += 1;
            kept.contains(&(place - 1))
        });
    }
    lanes
}

/// Finds what happened at the moment: in the lane that the outcome names, what stands exactly there.
fn find(at: u64, subject: &Subject<'_>, lanes: &[Lane]) -> Mark {
    let named = subject.outcome.moment.is_some();
    let marked = |role: Role| lanes.iter().position(|lane| lane.marked && lane.role == role);
    let lane = named.then(|| marked(Role::Partition).or_else(|| marked(Role::Program))).flatten();
    let item = lane.and_then(|lane| lanes.get(lane)).and_then(|lane| {
        let exact = lane.items.iter().enumerate().filter(|(_, item)| item.from == at || item.to == at);
        exact.max_by_key(|(_, item)| (item.from == at, item.look.rank())).map(|(place, _)| place)
    });
    Mark { at, lane, item, named }
}

#[cfg(test)]
mod tests;
