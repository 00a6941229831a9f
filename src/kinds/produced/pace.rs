//! What input at a rate says about batches: how many records a producer could collect depends on how they came.
//!
//! A busy machine changes both: the grader writes more slowly, and a program that is not given its time reads its input in bursts, which
//! fill the batches of any producer. What rests on that is not shown, neither way.

use crate::timeline::Instance;
use crate::timeline::event::Pacing;

/// Of a hundred writes, so many may find unread input before the batches that follow say little.
const OFTEN_BEHIND: u8 = 30;

/// A share of the rate below which two runs cannot be compared.
const MUCH_SLOWER: f64 = 0.8;

/// A batch that holds so much input, in parts of a second, was waited for.
const WAITED: f64 = 100.0;

/// How an instance's input came, if it came at a rate.
pub fn of(instance: &Instance) -> Option<Pacing> {
    instance.fed.and_then(|(_, pace)| pace)
}

/// The share of its rate at which the grader wrote, leaving out when the program did not take it: 1 when it kept the pace.
pub fn given(pace: &Pacing) -> f64 {
    let going = pace.took.saturating_sub(pace.blocked);
    let meant = going.saturating_sub(pace.starved);
    if going == 0 { 1.0 } else { meant as f64 / going as f64 }
}

/// Says that the input came too slowly.
pub fn too_slow(pace: Pacing) -> String {
    let seen = f64::from(pace.rate) * given(&pace);
    too_busy(&format!("to write {} lines a second: it was {seen:.0}", pace.rate))
}

/// Why batches of the right size show nothing: delays may have filled them. Batches of twice the size are beyond doubt.
pub fn filled(pace: &Pacing) -> Option<String> {
    (pace.behind_percent > OFTEN_BEHIND).then(|| busy("in this run"))
}

/// Why a comparison that came out well shows nothing: it was the program's delays that made the batches. Far less is beyond doubt.
pub fn lucky((own, other): (Option<Pacing>, Option<Pacing>), percent: u64, most: u8) -> Option<String> {
    let (own, other) = own.zip(other)?;
    let doubtful = percent * 2 > u64::from(most) && own.behind_percent > other.behind_percent.saturating_add(OFTEN_BEHIND);
    doubtful.then(|| busy("in this run and not in the other"))
}

/// Why a comparison that came out badly shows nothing: the other run's batches were filled by delays, while this one's were waited for.
pub fn unlucky((own, other): (Option<Pacing>, Option<Pacing>), per_batch: f64) -> Option<String> {
    let (own, other) = own.zip(other)?;
    if !waited(&own, per_batch) {
        return None;
    }
    if let Some(slow) = [own, other].into_iter().find(|pace| given(pace) < MUCH_SLOWER) {
        return Some(too_slow(slow));
    }
    (other.behind_percent > OFTEN_BEHIND).then(|| busy("in the run that this one is compared with"))
}

/// Whether batches of so many records on average were waited for.
pub fn waited(own: &Pacing, per_batch: f64) -> bool {
    per_batch * WAITED >= f64::from(own.rate)
}

fn busy(when: &str) -> String {
    too_busy(&format!("{when}: the program often read its input in bursts, which fill batches by themselves"))
}

/// Says that this machine was too busy, with what for and what was seen, and what to do.
pub fn too_busy(what: &str) -> String {
    format!("this machine was too busy {what}. Close other programs and run it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn pace(took: u64, blocked: u64, starved: u64, behind_percent: u8) -> Pacing {
        Pacing { rate: 5000, took: took * SECOND, blocked: blocked * SECOND, starved: starved * SECOND, behind_percent }
    }

    fn both(own: u8, other: u8) -> (Option<Pacing>, Option<Pacing>) {
        (Some(pace(4, 0, 0, own)), Some(pace(4, 0, 0, other)))
    }

    #[test]
    fn only_the_machine_makes_the_input_slow() {
        for (seen, wanted) in [(pace(4, 0, 0, 0), 1.0), (pace(8, 0, 4, 0), 0.5), (pace(8, 4, 0, 100), 1.0), (pace(10, 2, 4, 50), 0.5)] {
            assert!((given(&seen) - wanted).abs() < 1e-9, "{seen:?}");
        }
        assert!(too_slow(pace(8, 0, 4, 0)).contains("5000 lines a second: it was 2500"));
    }

    #[test]
    fn what_delays_made_shows_nothing() {
        assert!(filled(&pace(4, 0, 0, 31)).is_some() && filled(&pace(4, 0, 0, 30)).is_none());
        assert_eq!(lucky(both(0, 0), 50, 50), None);
        assert!(lucky(both(90, 10), 50, 50).is_some());
        assert_eq!(lucky(both(90, 80), 50, 50), None, "both alike");
        assert_eq!(lucky(both(90, 10), 25, 50), None, "beyond doubt");
        assert_eq!(lucky((None, None), 50, 50), None, "not at a rate");
        assert_eq!(unlucky(both(0, 0), 100.0), None);
        assert!(unlucky(both(0, 60), 100.0).is_some());
        assert_eq!(unlucky(both(0, 60), 49.0), None, "nothing was waited for: no delay made that");
        assert!(unlucky((Some(pace(8, 0, 4, 0)), Some(pace(4, 0, 0, 0))), 100.0).unwrap().contains("2500"));
    }
}
