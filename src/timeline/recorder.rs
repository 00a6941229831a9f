//! The way onto the timeline: stamps events with the run's clock and wakes those who wait for a change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::event::{Event, What};
use super::index::Timeline;

/// Appends to one timeline. Clones share it.
#[derive(Debug, Clone)]
pub struct Recorder {
    timeline: Arc<Mutex<Timeline>>,
    began: Instant,
    changed: Arc<watch::Sender<u64>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::starting(Instant::now())
    }
}

impl Recorder {
    /// A recorder for a run that began at `began`.
    #[must_use]
    pub fn starting(began: Instant) -> Self {
        Self { timeline: Arc::default(), began, changed: Arc::new(watch::Sender::new(0)) }
    }

    /// Nanoseconds since the run began.
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Appends what happened just now and returns its time.
    pub fn append(&self, what: What) -> u64 {
        self.append_then(what, |timeline| timeline.now())
    }

    /// Appends what happened just now and reads the timeline before anything else can be appended.
    pub fn append_then<T>(&self, what: What, read: impl FnOnce(&Timeline) -> T) -> T {
        // The time is taken under the lock, so that times never fall along the timeline.
        let mut timeline = self.timeline();
        let at = self.now();
        timeline.append(Event { at, what });
        let count = timeline.events().len() as u64;
        let result = read(&timeline);
        drop(timeline);
        self.changed.send_replace(count);
        result
    }

    /// The timeline as it is now. Hold this only to read.
    pub fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when something was appended.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until `ready` gives something, looking again after every change. Waits for ever if that never happens: the caller limits the time.
    pub async fn until<T>(&self, ready: impl Fn(&Timeline) -> Option<T>) -> T {
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            let found = ready(&self.timeline());
            if let Some(found) = found {
                return found;
            }
            if changes.changed().await.is_err() {
                // The sender lives in `self`: this cannot happen while we are here.
                std::future::pending::<()>().await;
            }
        }
    }
}
