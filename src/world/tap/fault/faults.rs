//! The faults that are armed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::rule::{Direction, Fault, Rule};
use crate::timeline::wire::{Api, Request};
use crate::timeline::{Recorder, What};

/// The armed faults of a tap. Clones share them. Arming, disarming and every use is told on the timeline.
#[derive(Debug, Clone)]
pub struct Faults {
    recorder: Recorder,
    armed: Arc<Mutex<Vec<Arc<Armed>>>>,
    /// How many are armed: nothing else needs to be looked at when there is none.
    count: Arc<AtomicUsize>,
}

/// A fault at work.
#[derive(Debug)]
pub(in super::super) struct Armed {
    pub(in super::super) rule: Rule,
    /// How many matching requests were seen, and when it first acted.
    seen: Mutex<(u64, Option<Instant>)>,
    /// Grows with every release.
    releases: watch::Sender<u64>,
    over: AtomicBool,
}

impl Faults {
    pub(in super::super) fn new(recorder: Recorder) -> Self {
        Self { recorder, armed: Arc::default(), count: Arc::default() }
    }

    /// Begins a fault. One of the same name in the same check ends.
    pub fn arm(&self, rule: Rule) {
        let mut armed = self.armed();
        self.remove(&mut armed, &rule.check, &rule.name);
        self.recorder.append(What::FaultArmed { check: rule.check.clone(), fault: rule.name.clone(), text: rule.to_string() });
        armed.push(Arc::new(Armed { rule, seen: Mutex::default(), releases: watch::Sender::new(0), over: AtomicBool::new(false) }));
        self.count.store(armed.len(), Ordering::Release);
    }

    /// Ends a fault and lets go what it held. Whether there was one.
    pub fn disarm(&self, check: &str, name: &str) -> bool {
        self.remove(&mut self.armed(), check, name)
    }

    /// Ends all faults of a check and lets go what they held.
    pub fn disarm_all(&self, check: &str) {
        let mut armed = self.armed();
        let names: Vec<_> = armed.iter().filter(|fault| &*fault.rule.check == check).map(|fault| fault.rule.name.clone()).collect();
        for name in names {
            self.remove(&mut armed, check, &name);
        }
    }

    /// Lets go what a fault holds at this moment; it goes on holding what comes. Whether there was one.
    pub fn release(&self, check: &str, name: &str) -> bool {
        let armed = self.armed();
        let Some(fault) = armed.iter().find(|fault| fault.is(check, name)) else { return false };
        fault.releases.send_modify(|releases| *releases += 1);
        true
    }

    /// The fault that refuses new connections of an instance, if one is armed.
    pub(in super::super) fn refusing(&self, instance: &str) -> Option<Arc<Armed>> {
        self.of(instance).into_iter().find(|fault| fault.rule.fault == Fault::Refuse && fault.claims(Instant::now()))
    }

    /// The faults that may act on an instance.
    pub(in super::super) fn of(&self, instance: &str) -> Vec<Arc<Armed>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        self.armed().iter().filter(|fault| fault.rule.touches(instance)).map(Arc::clone).collect()
    }

    fn remove(&self, armed: &mut Vec<Arc<Armed>>, check: &str, name: &str) -> bool {
        let Some(position) = armed.iter().position(|fault| fault.is(check, name)) else { return false };
        let fault = armed.remove(position);
        self.count.store(armed.len(), Ordering::Release);
        self.recorder.append(What::FaultDisarmed { check: fault.rule.check.clone(), fault: fault.rule.name.clone() });
        fault.over.store(true, Ordering::Release);
        fault.releases.send_modify(|releases| *releases += 1);
        true
    }

    fn armed(&self) -> MutexGuard<'_, Vec<Arc<Armed>>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn is(&self, check: &str, name: &str) -> bool {
        &*self.rule.check == check && &*self.rule.name == name
    }

    /// Whether it acts on this request: it counts those that match. `request` is `None` when it could not be read.
    pub(in super::super) fn acts_on(&self, api: Api, request: Option<&Request>) -> bool {
        self.rule.fault != Fault::Refuse && self.rule.matches(api, request) && self.claims(Instant::now())
    }

    /// Counts one more, and whether it is among those that it acts on.
    fn claims(&self, now: Instant) -> bool {
        if self.over.load(Ordering::Acquire) {
            return false;
        }
        let mut known = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, began) = &mut *known;
        *seen += 1;
        let first = self.rule.nth.max(1);
        if *seen < first || self.rule.count.is_some_and(|count| *seen - first >= count) {
            return false;
        }
        let began = *began.get_or_insert(now);
        self.rule.lasts.is_none_or(|lasts| now.saturating_duration_since(began) < lasts)
    }

    /// What is to be waited for on this side, if it still makes something wait there.
    pub(in super::super) fn pause(&self, side: Direction) -> Option<Pause> {
        let by = match self.rule.fault {
            Fault::Delay { side: of, by } if of == side => Some(by),
            Fault::Hold { side: of } if of == side => None,
            _ => return None,
        };
        let mut releases = self.releases.subscribe();
        releases.mark_unchanged();
        // Looked at after subscribing: ending it in between is seen one way or the other.
        (!self.over.load(Ordering::Acquire)).then_some(Pause { by, releases })
    }
}

/// A wait for a time to pass, or only for a release.
#[derive(Debug)]
pub(in super::super) struct Pause {
    by: Option<Duration>,
    releases: watch::Receiver<u64>,
}

impl Pause {
    /// Whether what waits is given up when its program is gone. What is only late arrives all the same.
    pub(in super::super) fn is_hold(&self) -> bool {
        self.by.is_none()
    }

    /// Waits for it.
    pub(in super::super) async fn over(&mut self) {
        let released = async {
            // An error is the end of the fault too.
            let _ = self.releases.changed().await;
        };
        match self.by {
            Some(by) => drop(tokio::time::timeout(by, released).await),
            None => released.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::filter::RequestFilter;
    use crate::world::tap::fault::Which;

    /// Which of five requests a fault acts on that come half a second apart.
    fn acts(nth: u64, count: Option<u64>, lasts: Option<Duration>) -> Vec<u32> {
        let (check, name, filter) = ("c".into(), "f".into(), RequestFilter::default());
        let rule = Rule { check, name, instances: Which::All, filter, nth, count, lasts, predicate: None, fault: Fault::DropRequest };
        let armed = Armed { rule, seen: Mutex::default(), releases: watch::Sender::new(0), over: AtomicBool::new(false) };
        let begun = Instant::now();
        (1..=5).filter(|request| armed.claims(begun + Duration::from_millis(500) * *request)).collect()
    }

    #[test]
    fn acts_on_some_or_for_a_time_from_its_first_act_on() {
        assert_eq!(acts(1, None, None), [1, 2, 3, 4, 5]);
        assert_eq!(acts(2, Some(2), None), [2, 3]);
        assert_eq!(acts(1, None, Some(Duration::from_secs(1))), [1, 2]);
        assert_eq!(acts(3, None, Some(Duration::from_secs(1))), [3, 4]);
        assert_eq!(acts(1, Some(1), Some(Duration::from_secs(1))), [1]);
    }
}
