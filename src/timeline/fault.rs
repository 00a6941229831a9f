//! The faults of a run: when each was armed, and what it did.

use std::collections::BTreeMap;

use super::event::{Event, Name, What};
use super::index::Timeline;
use super::wire::FaultUse;

/// What is known of one fault of a check.
#[derive(Debug, Default)]
pub struct Fault {
    /// What it does, in words.
    pub text: String,
    /// When it was armed last.
    pub armed: u64,
    /// When it was ended, if it was.
    pub disarmed: Option<u64>,
    /// What it did, in order: when, on which connection, to which request (`None` when it refused a connection), and what.
    pub uses: Vec<(u64, u64, Option<i32>, FaultUse)>,
}

impl Fault {
    /// How often it acted. Letting go what it held is part of the same act.
    #[must_use]
    pub fn times(&self) -> u64 {
        self.uses.iter().filter(|(_, _, _, did)| *did != FaultUse::Released).count() as u64
    }
}

/// All faults of a run, by check and name.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<(Name, Name), Fault>);

impl Faults {
    /// Takes an event of a fault. Others are none of its business.
    pub(super) fn see(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            What::FaultArmed { check, fault, text } => {
                let known = self.0.entry((check.clone(), fault.clone())).or_default();
                (known.text, known.armed, known.disarmed) = (text.clone(), at, None);
            }
            What::FaultDisarmed { check, fault } => {
                if let Some(known) = self.0.get_mut(&(check.clone(), fault.clone())) {
                    known.disarmed = Some(at);
                }
            }
            What::FaultUsed { check, fault, connection, correlation, did } => {
                let known = self.0.entry((check.clone(), fault.clone())).or_default();
                known.uses.push((at, *connection, *correlation, *did));
            }
            _ => {}
        }
    }
}

impl Timeline {
    /// The faults that a check has armed so far, by name.
    pub fn faults<'a>(&'a self, check: &str) -> impl Iterator<Item = (&'a str, &'a Fault)> {
        self.faults.0.iter().filter(move |((owner, _), _)| **owner == *check).map(|((_, name), fault)| (&**name, fault))
    }
}
