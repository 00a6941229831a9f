//! How long a program could have run and was not let: what the machine did not give it is not the program's doing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::family::Family;
use super::processes::{Row, recent};
use super::reporter::ProgramEvent;
use crate::world::schedstat;

/// Time between two looks.
const GLANCE: Duration = Duration::from_secs(1);
/// How old a list of processes may be.
const AGE: Duration = Duration::from_millis(100);
/// Of how many threads of one process it is read: a program with thousands is not worth its price.
const THREADS: usize = 64;
/// Waiting for less than one part in so many of the time between two looks is the way of every machine that is busy.
const NOTABLE: u32 = 2;
/// A family that got more than one part in so many of what its thread waited for has had its turn: what its threads wait for then is themselves.
const FAIR: u32 = 2;

/// Tells each second in which a thread of the family mostly waited for a processor, while the family itself ran for little of it.
pub(super) async fn watch_turns(family: Arc<Family>, tell: mpsc::UnboundedSender<ProgramEvent>) {
    let mut turns = Turns { last: HashMap::new(), looked: Instant::now() };
    while !family.has_ended() {
        tokio::time::sleep(GLANCE).await;
        let own = Arc::clone(&family);
        let look = tokio::task::spawn_blocking(move || {
            let missed = turns.look(&own.members(&recent(AGE)));
            (turns, missed)
        });
        let Ok((next, missed)) = look.await else { return };
        turns = next;
        if let Some((waited, ran)) = missed
            && tell.send(ProgramEvent::Starved { waited, ran }).is_err()
        {
            return;
        }
    }
}

/// What the threads of a family had, and what they waited for.
struct Turns {
    /// Of each thread, by its number: nanoseconds on a processor, and nanoseconds of waiting for one, since it began.
    last: HashMap<u32, (u64, u64)>,
    looked: Instant,
}

impl Turns {
    fn look(&mut self, members: &[Row]) -> Option<(Duration, Duration)> {
        let threads = members.iter().flat_map(|row| schedstat::threads(row.pid.as_raw_nonzero().get().cast_unsigned()).take(THREADS));
        let now = threads.map(|thread| (thread.number, (thread.ran, thread.waited))).collect();
        let elapsed = std::mem::replace(&mut self.looked, Instant::now()).elapsed();
        self.missed(now, elapsed)
    }

    /// What the family missed since the last look, if it was starved meanwhile.
    fn missed(&mut self, now: HashMap<u32, (u64, u64)>, elapsed: Duration) -> Option<(Duration, Duration)> {
        let last = std::mem::replace(&mut self.last, now);
        let since = |(thread, (ran, waited)): (&u32, &(u64, u64))| {
            let before = last.get(thread).copied().unwrap_or_default();
            (ran.saturating_sub(before.0), waited.saturating_sub(before.1))
        };
        let (ran, waited) = self.last.iter().map(since).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1.max(one.1)));
        let (ran, waited) = (Duration::from_nanos(ran), Duration::from_nanos(waited));
        is_starved(elapsed, ran, waited).then_some((waited, ran))
    }
}

fn is_starved(elapsed: Duration, ran: Duration, waited: Duration) -> bool {
    waited * NOTABLE >= elapsed && ran * FAIR <= waited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_starved_by_others_and_not_by_itself() {
        let millis = Duration::from_millis;
        // Elapsed, ran, waited.
        for (elapsed, ran, waited, starved) in [
            (1000, 40, 950, true),
            // Half of a processor that another has the other half of.
            (1000, 500, 500, false),
            // A hundred busy threads of its own on two processors.
            (1000, 2000, 980, false),
            // Nothing to do.
            (1000, 1, 30, false),
            // A look that came late itself.
            (4000, 200, 3500, true),
            (4000, 100, 900, false),
        ] {
            assert_eq!(is_starved(millis(elapsed), millis(ran), millis(waited)), starved, "{elapsed} ms: ran {ran}, waited {waited}");
        }
    }

    #[test]
    fn only_what_came_since_the_last_look_counts() {
        const SECOND: u64 = 1_000_000_000;
        let second = Duration::from_secs(1);
        let mut turns = Turns { last: HashMap::new(), looked: Instant::now() };
        let starved = Some((Duration::from_millis(900), Duration::ZERO));
        assert_eq!(turns.missed(HashMap::from([(1, (0, 900_000_000))]), second), starved, "a new thread");
        assert_eq!(turns.missed(HashMap::from([(1, (0, 900_000_000))]), second), None, "it waited before");
        assert_eq!(turns.missed(HashMap::from([(1, (0, 900_000_000 + SECOND)), (2, (SECOND, 0))]), second), None, "another thread ran");
        assert_eq!(turns.missed(HashMap::from([(1, (0, 1_800_000_000 + SECOND)), (2, (SECOND, 0))]), second), starved);
    }

    #[test]
    fn the_threads_of_a_living_process_are_found() {
        let own = super::super::processes::processes().into_iter().filter(|row| row.pid == rustix::process::getpid()).collect::<Vec<_>>();
        let mut turns = Turns { last: HashMap::new(), looked: Instant::now() };
        turns.look(&own);
        assert!(turns.last.values().any(|(ran, _)| *ran > 0), "{:?}", turns.last);
    }
}
