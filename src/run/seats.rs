//! How many places at the tap a run needs, and their sharing out: all that a check may need at once, before it begins.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::lab::Check;

/// More listeners make the broker's start slow (32 of them cost 150 ms). Checks that find no place wait for others to end.
const MOST: usize = 16;

/// The places at the tap, one for each program that may run at the same time.
#[derive(Debug, Clone)]
pub struct Seats {
    free: Arc<Semaphore>,
    count: usize,
}

impl Seats {
    /// The places for these checks, `jobs` of which run at once.
    #[must_use]
    pub fn of<'a>(checks: impl IntoIterator<Item = &'a Check>, jobs: usize) -> Self {
        let mut needs: Vec<usize> = checks.into_iter().map(needed).collect();
        needs.sort_unstable_by(|a, b| b.cmp(a));
        let together: usize = needs.iter().take(jobs.max(1)).sum();
        // One check has what it needs in any case: it would wait for itself.
        let count = together.min(MOST).max(needs.first().copied().unwrap_or(0)).max(1);
        Self { free: Arc::new(Semaphore::new(count)), count }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// All that a check may need, at once: two checks that have one each and wait for another would wait for ever.
    pub async fn reserve(&self, check: &Check) -> Option<OwnedSemaphorePermit> {
        let count = u32::try_from(needed(check).min(self.count)).unwrap_or(u32::MAX);
        Arc::clone(&self.free).acquire_many_owned(count).await.ok()
    }
}

/// How many programs a check starts. What a program leaves running keeps its place, so none is counted as given back before the end.
fn needed(check: &Check) -> usize {
    check.actions.iter().chain(&check.finally).filter(|action| action.spec.starts().is_some()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, LabSource};

    fn checks(starts: &[usize]) -> Vec<Check> {
        let mut text =
            format!("kgrade: 1\nlab: lab-99\ntitle: Seats\npoints: {}\nprograms: {{ p: {{ default: [p] }} }}\nchecks:\n", starts.len());
        for (nth, count) in starts.iter().enumerate() {
            let actions: String = (0..*count).map(|start| format!("      - start: {{ program: p, as: p{start} }}\n")).collect();
            text += &format!("  - id: check-{nth}\n    title: T\n    points: 1\n    hint: H\n    do:\n{actions}");
            text += "    expect: [ { topic: { name: t, partitions: 1 } } ]\n";
        }
        let lab = LabSource::parse("checks/lab-99/lab.yaml", &text).unwrap();
        lab.resolve(&Bindings { run_id: "run".to_owned(), seed: 1 }).unwrap().checks
    }

    #[test]
    fn as_many_as_may_run_at_once_but_not_without_end() {
        let count = |starts: &[usize], jobs| Seats::of(&checks(starts), jobs).count();
        assert_eq!(count(&[1, 2, 3], 2), 5);
        assert_eq!(count(&[1, 2, 3], 6), 6);
        assert_eq!(count(&[6, 6, 6], 6), MOST);
        assert_eq!(count(&[20, 1], 6), 20, "a check that needs more than that gets it");
        assert_eq!(Seats::of([], 6).count(), 1);
    }

    #[tokio::test]
    async fn a_check_gets_all_or_waits() {
        let checks = checks(&[10, 10]);
        let seats = Seats::of(&checks, 2);
        assert_eq!(seats.count(), 16);
        let first = seats.reserve(&checks[0]).await;
        let second = seats.reserve(&checks[1]);
        tokio::pin!(second);
        let none = std::future::poll_fn(|context| std::task::Poll::Ready(second.as_mut().poll(context).is_pending())).await;
        assert!(none, "six are left, and ten are needed");
        drop(first);
        assert!(second.await.is_some());
    }
}
