//! How much of the course is left, in hours.
//!
//! A day of the course is done as far as the points of its labs are reached. Nothing is guessed from how long a run took, or from the time
//! between two runs: nobody knows what a learner did then.

use schemars::JsonSchema;
use serde::Serialize;

use super::progress::{Entry, LabStanding};
use super::{Course, Moment};

/// Two results with more time than this between them belong to two days of work, wherever on earth the learner is.
const NIGHT_S: u64 = 8 * 3_600;
/// No day of work is longer.
const DAY_S: u64 = 20 * 3_600;
/// With fewer days of work nothing is said about a learner's pace.
const FEWEST_DAYS: u32 = 3;

/// What is left of the course.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Hours {
    /// How many days of the course this kgrade grades.
    pub graded_days: u32,
    /// How many days of the course it does not grade yet.
    pub ungraded_days: u32,
    /// How many of the graded days are done, by the points of their labs.
    pub done_days: f64,
    /// On how many days there were results.
    pub worked_days: u32,
    /// What is left at each pace of the course.
    pub paces: Vec<PaceLeft>,
    /// What is left at the learner's own pace; `null` with results on too few days.
    pub own: Option<OwnPace>,
}

/// What is left at a pace of the course, in whole hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PaceLeft {
    /// Its name.
    pub pace: String,
    /// Hours a week.
    pub hours_per_week: u32,
    /// Hours left in the days that are graded.
    pub left: u32,
    /// Hours of the days that this kgrade does not grade yet.
    pub ungraded: u32,
}

/// What is left of the graded days at the pace of the days with results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OwnPace {
    /// How many more days like these.
    pub days: u32,
    /// The same in hours, by the course's daily schedule.
    pub hours: u32,
}

impl Hours {
    /// What these results leave.
    #[must_use]
    pub fn of(course: &Course, labs: &[LabStanding<'_>], entries: &[Entry]) -> Self {
        let (mut graded_days, mut ungraded_days, mut done_days) = (0, 0, 0.0);
        for block in course.blocks() {
            let carried = || labs.iter().filter(|standing| block.labs.contains(&standing.lab.name));
            let points: u32 = carried().map(|standing| standing.lab.points).sum();
            if points == 0 {
                ungraded_days += block.days.length();
                continue;
            }
            graded_days += block.days.length();
            let reached: u32 = carried().map(LabStanding::score).sum();
            done_days += f64::from(block.days.length()) * f64::from(reached) / f64::from(points);
        }
        let open_days = f64::from(graded_days) - done_days;
        let a_week = f64::from(course.days_a_week());
        let pace = |pace: &super::Pace| PaceLeft {
            pace: pace.pace.clone(),
            hours_per_week: pace.hours,
            left: whole(open_days * f64::from(pace.hours) / a_week),
            ungraded: whole(f64::from(ungraded_days * pace.hours) / a_week),
        };
        let worked_days = days(entries.iter().map(|entry| entry.time));
        let known = worked_days >= FEWEST_DAYS && done_days >= 1.0 && open_days > 0.0;
        let own = known.then(|| {
            let days = whole(open_days * f64::from(worked_days) / done_days);
            let hours = days.saturating_mul(course.schedule.iter().map(|session| session.hours).sum());
            OwnPace { days, hours }
        });
        Self { graded_days, ungraded_days, done_days, worked_days, paces: course.hours_per_week.iter().map(pace).collect(), own }
    }
}

/// How many days of work these results are from.
fn days(times: impl Iterator<Item = Moment>) -> u32 {
    let mut times: Vec<u64> = times.map(|Moment(time)| time).collect();
    times.sort_unstable();
    let (mut days, mut began, mut last) = (0, 0, 0);
    for time in times {
        if days == 0 || time - last > NIGHT_S || time - began > DAY_S {
            (days, began) = (days + 1, time);
        }
        last = time;
    }
    days
}

/// Rounded up: what is begun is not over.
fn whole(amount: f64) -> u32 {
    // A share of a point is no hour.
    let amount = (amount - 1e-6).ceil().max(0.0);
    // In range: a course has some hundred hours.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and far from the largest number")]
    let whole = amount.min(f64::from(u32::MAX)) as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::status::testing::{Learner, carried};

    #[test]
    fn a_day_of_work_ends_with_a_night() {
        const H: u64 = 3_600;
        for (hours, expected) in [
            (&[][..], 0),
            (&[9], 1),
            (&[9, 12, 20], 1),
            // Past midnight is the same day of work.
            (&[20, 23, 25], 1),
            (&[9, 17, 33, 34], 2),
            // Out of order, as a merge leaves them.
            (&[33, 9, 34, 17], 2),
            // Somebody who never sleeps.
            (&[0, 5, 10, 15, 20, 25, 30, 35, 40], 2),
        ] {
            assert_eq!(days(hours.iter().map(|hour: &u64| Moment(hour * H))), expected, "{hours:?}");
        }
    }

    #[test]
    fn what_is_left_follows_the_points() {
        let (course, labs) = carried();
        let mut learner = Learner::new(&labs);
        let of = |learner: &Learner<'_>| Hours::of(&course, &learner.standings(), &learner.entries);
        let fresh = of(&learner);
        assert_eq!((fresh.graded_days, fresh.ungraded_days, fresh.worked_days), (10, 30, 0));
        let left = |hours: &Hours| hours.paces.iter().map(|pace| (pace.left, pace.ungraded)).collect::<Vec<_>>();
        assert_eq!(left(&fresh), [(60, 180), (80, 240), (100, 300)]);
        assert_eq!(fresh.own, None);
        // Days 1-2 are lab-01, days 3-5 are lab-02.
        learner.passes_all(0, "lab-01");
        assert_eq!(left(&of(&learner)), [(48, 180), (64, 240), (80, 300)]);
        assert_eq!(of(&learner).own, None, "one day says nothing");
        learner.fails(1, "lab-02", "keyed");
        learner.passes_all(2, "lab-02");
        let hours = of(&learner);
        assert_eq!((hours.worked_days, hours.own), (3, Some(OwnPace { days: 3, hours: 18 })), "five days of the course in three");
        for lab in ["lab-03", "lab-04", "lab-05", "lab-06"] {
            learner.passes_all(9, lab);
        }
        let done = of(&learner);
        assert_eq!((left(&done), done.own), (vec![(0, 180), (0, 240), (0, 300)], None));
    }
}
