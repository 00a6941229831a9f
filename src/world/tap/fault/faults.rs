//! The faults that are armed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::rule::{Fault, Rule};
use crate::timeline::{Recorder, What};

/// The armed faults of a tap. Clones share them. Arming, disarming and every use is told on the timeline.
#[derive(Debug, Clone)]
pub struct Faults {
    recorder: Recorder,
    armed: Arc<Mutex<Vec<Arc<Armed>>>>,
}

/// A fault at work.
#[derive(Debug)]
pub(in super::super) struct Armed {
    pub(in super::super) rule: Rule,
    /// How many matching requests were seen.
    seen: Mutex<u64>,
    /// Grows with every release. Closed when the fault is disarmed.
    releases: watch::Sender<u64>,
}

impl Faults {
    pub(in super::super) fn new(recorder: Recorder) -> Self {
        Self { recorder, armed: Arc::default() }
    }

    /// Begins a fault. One of the same name in the same check ends.
    pub fn arm(&self, rule: Rule) {
        self.disarm(&rule.check, &rule.name);
        let mut armed = self.armed();
        self.recorder.append(What::FaultArmed { check: rule.check.clone(), fault: rule.name.clone(), text: rule.to_string() });
        armed.push(Arc::new(Armed { rule, seen: Mutex::default(), releases: watch::Sender::new(0) }));
    }

    /// Ends a fault and lets go what it held. Whether there was one.
    pub fn disarm(&self, check: &str, name: &str) -> bool {
        let mut armed = self.armed();
        let Some(position) = armed.iter().position(|fault| fault.is(check, name)) else { return false };
        let fault = armed.remove(position);
        self.recorder.append(What::FaultDisarmed { check: fault.rule.check.clone(), fault: fault.rule.name.clone() });
        fault.releases.send_modify(|releases| *releases += 1);
        true
    }

    /// Lets go what a fault holds at this moment. Whether there was one.
    pub fn release(&self, check: &str, name: &str) -> bool {
        let armed = self.armed();
        let Some(fault) = armed.iter().find(|fault| fault.is(check, name)) else { return false };
        fault.releases.send_modify(|releases| *releases += 1);
        true
    }

    /// Ends all faults of a check.
    pub fn disarm_all(&self, check: &str) {
        let names: Vec<_> = self.armed().iter().filter(|fault| &*fault.rule.check == check).map(|fault| fault.rule.name.clone()).collect();
        for name in names {
            self.disarm(check, &name);
        }
    }

    /// The fault that refuses new connections of an instance, if one is armed.
    pub(in super::super) fn refusing(&self, instance: &str) -> Option<Arc<Armed>> {
        let armed = self.armed();
        armed.iter().find(|fault| fault.rule.fault == Fault::Refuse && fault.rule.touches(instance)).map(Arc::clone)
    }

    fn armed(&self) -> MutexGuard<'_, Vec<Arc<Armed>>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn is(&self, check: &str, name: &str) -> bool {
        &*self.rule.check == check && &*self.rule.name == name
    }
}
