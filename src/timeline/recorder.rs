//! The way onto the timeline: stamps events with the run's clock and wakes those who wait for a change.

use std::fmt;
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
    hearer: Option<Hearer>,
}

/// Who hears of events that are not kept.
#[derive(Clone)]
struct Hearer(Arc<dyn Fn(Event) + Send + Sync>);

impl fmt::Debug for Hearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hearer")
    }
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
        Self { timeline: Arc::default(), began, changed: Arc::new(watch::Sender::new(0)), hearer: None }
    }

    /// A recorder that keeps nothing: its timeline stays empty, and `hear` gets every event, one at a time and in order. For what goes on
    /// without end. `hear` must not block.
    #[must_use]
    pub fn telling(hear: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self { hearer: Some(Hearer(Arc::new(hear))), ..Self::default() }
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
        match &self.hearer {
            Some(hearer) => (hearer.0)(Event { at, what }),
            None => timeline.append(Event { at, what }),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telling_recorder_keeps_nothing_and_loses_nothing() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&heard);
        let recorder = Recorder::telling(move |event| hear.lock().unwrap().push(event));
        for count in 1..=3 {
            recorder.append(What::Spared { instance: "tap/client".into(), api: crate::timeline::wire::Api::FETCH, count });
        }
        let heard = heard.lock().unwrap();
        assert!(heard.len() == 3 && heard.windows(2).all(|two| two[0].at <= two[1].at));
        assert!(recorder.timeline().events().is_empty());
    }
}
