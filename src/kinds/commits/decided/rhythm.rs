//! The rhythm of a program's commits: one after every so many deliveries, or one after every so much time.

use crate::kinds::commits::story::{Program, Told};

/// So many intervals in a row make a rhythm.
const ENOUGH: usize = 5;

/// So many more deliveries in one interval than in another make two paces.
const PACES: usize = 2;

/// Shorter than any automatic commit interval that people set: commits that come so soon one after the other are not a clock's.
const SHORT: u64 = 50_000_000;

/// The interval at which all clients commit by themselves unless they are told otherwise, in nanoseconds.
const DEFAULT: u64 = 5_000_000_000;

/// What the commits keep step with.
#[derive(Debug, Default)]
pub struct Rhythm {
    /// One commit after every so many deliveries, whatever the pace.
    pub every: Option<usize>,
    /// One commit after every so many nanoseconds, while the number of deliveries between them varies.
    pub at_any_pace: Option<u64>,
    /// The same offsets again and again while nothing happens.
    pub repeats: Option<Repeats>,
}

/// The same offsets again and again while nothing happens.
#[derive(Debug)]
pub struct Repeats {
    /// The time between them, in nanoseconds.
    pub period: u64,
    /// When they came.
    pub times: Vec<u64>,
    /// Also commits of what was delivered come at this period after the one before: deliveries do not bring them forward.
    pub keeps_time: bool,
}

impl Repeats {
    /// Whether it is the interval that clients have by default.
    pub fn like_a_default(&self) -> bool {
        self.keeps_time && (DEFAULT / 10 * 9..=DEFAULT / 8 * 9).contains(&self.period)
    }
}

/// From one commit to the next.
struct Interval {
    begins: u64,
    ends: u64,
    /// How many events were delivered in it.
    delivered: usize,
    /// The program did something at the sink in it.
    busy: bool,
    /// The commit at its end moved an offset.
    moved: bool,
}

impl Interval {
    fn length(&self) -> u64 {
        self.ends - self.begins
    }
}

/// The rhythm of one program.
pub fn of(told: &Told<'_>, program: &Program<'_>) -> Rhythm {
    let all = intervals(program.commits(told).map(|commit| (commit.at, commit.moved)), program);
    let moving = intervals(program.commits(told).filter(|commit| commit.moved).map(|commit| (commit.at, true)), program);
    Rhythm { every: every(&moving), at_any_pace: at_any_pace(&moving), repeats: repeats(&all) }
}

fn intervals(commits: impl Iterator<Item = (u64, bool)>, program: &Program<'_>) -> Vec<Interval> {
    let commits: Vec<_> = commits.collect();
    let pairs = commits.iter().zip(commits.iter().skip(1));
    pairs
        .map(|((begins, _), (ends, moved))| Interval {
            begins: *begins,
            ends: *ends,
            delivered: program.delivered_by(*ends) - program.delivered_by(*begins),
            busy: program.last_act_before(*ends).is_some_and(|act| act > *begins),
            moved: *moved,
        })
        .collect()
}

/// The same number of deliveries in each of several intervals in a row, of different lengths: no clock does that.
fn every(intervals: &[Interval]) -> Option<usize> {
    intervals.chunk_by(|one, next| one.delivered == next.delivered).find_map(|run| {
        let each = run.first().map(|interval| interval.delivered).filter(|each| *each > 0)?;
        let lengths = run.iter().map(Interval::length);
        let (shortest, longest) = (lengths.clone().min()?, lengths.max()?);
        (run.len() >= ENOUGH && (shortest < SHORT || longest >= 3 * shortest)).then_some(each)
    })
}

/// Intervals of equal length, in which different numbers of events were delivered.
fn at_any_pace(intervals: &[Interval]) -> Option<u64> {
    let busy: Vec<_> = intervals.iter().filter(|interval| interval.delivered > 0).collect();
    let mut lengths: Vec<_> = busy.iter().map(|interval| interval.length()).collect();
    lengths.sort_unstable();
    let period = lengths.get(lengths.len() / 2).copied().filter(|period| *period >= SHORT)?;
    let regular: Vec<_> = busy.iter().filter(|interval| alike(interval.length(), period)).collect();
    let delivered = regular.iter().map(|interval| interval.delivered);
    let (fewest, most) = (delivered.clone().min()?, delivered.max()?);
    // Where input pauses, the next tick of a clock finds nothing: a few longer intervals are no argument against it.
    let shorter = busy.iter().filter(|interval| interval.length() < period && !alike(interval.length(), period)).count();
    (regular.len() >= ENOUGH && most >= PACES * fewest && shorter <= regular.len() / 5).then_some(period)
}

/// Identical commits while nothing happens, and whether deliveries disturb their rhythm.
fn repeats(intervals: &[Interval]) -> Option<Repeats> {
    let idle: Vec<_> = intervals.iter().filter(|interval| !interval.busy && !interval.moved).collect();
    let mut lengths: Vec<_> = idle.iter().map(|interval| interval.length()).collect();
    lengths.sort_unstable();
    let period = lengths.get(lengths.len() / 2).copied().filter(|period| *period >= SHORT)?;
    let regular = idle.iter().filter(|interval| alike(interval.length(), period)).count();
    if regular < 2 || regular * 4 < idle.len() * 3 {
        return None;
    }
    // A clock does not hear deliveries: the first commit after some comes when the period is over, not earlier.
    let early = intervals.iter().filter(|interval| interval.busy && interval.length() < period && !alike(interval.length(), period)).count();
    Some(Repeats { period, times: idle.iter().map(|interval| interval.ends).collect(), keeps_time: early == 0 })
}

/// Whether two lengths of time are equal but for what a busy machine adds.
fn alike(length: u64, period: u64) -> bool {
    length.abs_diff(period) <= (period * 3 / 20).max(10_000_000)
}
