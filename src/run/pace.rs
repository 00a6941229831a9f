//! When to look again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_millis(250);
/// The pause without news is so long at first, and half as long again each time.
const FIRST: Duration = Duration::from_millis(25);
/// Looking takes at most one part in so many of the time: cluster, processors and timeline are the program's too.
const SHARE: u32 = 4;

/// The pauses between looks. News on the timeline brings a look forward, but not to less than the shortest pause.
#[derive(Debug)]
pub(super) struct Pace {
    shortest: Duration,
    pause: Duration,
    /// Whether the shortest pause grows with the pause, to half of it.
    grows: bool,
    begun: Instant,
}

impl Pace {
    /// For what is acted on: news is answered at once.
    pub(super) fn prompt() -> Self {
        Self { shortest: Duration::from_millis(15), pause: FIRST, grows: false, begun: Instant::now() }
    }

    /// For a verdict: the longer it was waited for, the less a moment more matters.
    pub(super) fn calm() -> Self {
        Self { shortest: FIRST, pause: FIRST, grows: true, begun: Instant::now() }
    }

    /// A look begins.
    pub(super) fn look(&mut self) {
        self.begun = Instant::now();
    }

    /// Waits for the time of the next look, after one that began when [`Self::look`] was called.
    pub(super) async fn wait<T>(&mut self, changes: &mut watch::Receiver<T>) {
        let shortest = self.shortest_after(self.begun.elapsed());
        sleep(shortest).await;
        let _ = timeout(self.pause.saturating_sub(shortest), changes.changed()).await;
        self.pause = (self.pause * 3 / 2).min(LONGEST);
    }

    fn shortest_after(&self, took: Duration) -> Duration {
        let grown = if self.grows { self.pause / 2 } else { Duration::ZERO };
        self.shortest.max(grown).max((took * (SHARE - 1)).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The milliseconds that each of so many waits takes, with news all the time or with none.
    async fn waits(mut pace: Pace, took: u64, news: bool, count: usize) -> Vec<u128> {
        let (tell, mut changes) = watch::channel(0);
        let mut all = Vec::new();
        for _ in 0..count {
            pace.look();
            tokio::time::advance(Duration::from_millis(took)).await;
            if news {
                tell.send_modify(|count| *count += 1);
            }
            let begun = Instant::now();
            pace.wait(&mut changes).await;
            changes.borrow_and_update();
            all.push(begun.elapsed().as_millis());
        }
        all
    }

    #[tokio::test(start_paused = true)]
    async fn the_longer_a_verdict_is_waited_for_the_less_often_is_looked() {
        let near = |seen: Vec<u128>, wanted: &[u128]| {
            assert!(seen.iter().zip(wanted).all(|(seen, wanted)| seen.abs_diff(*wanted) <= 2), "{seen:?}, not {wanted:?}")
        };
        near(waits(Pace::calm(), 0, false, 8).await, &[25, 37, 56, 84, 126, 189, 250, 250]);
        near(waits(Pace::calm(), 0, true, 8).await, &[25, 25, 28, 42, 63, 95, 125, 125]);
        near(waits(Pace::prompt(), 0, true, 4).await, &[15, 15, 15, 15]);
        near(waits(Pace::prompt(), 30, true, 4).await, &[90, 90, 90, 90]);
        near(waits(Pace::calm(), 900, true, 2).await, &[250, 250]);
    }
}
