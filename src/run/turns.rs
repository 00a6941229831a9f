//! Which checks run side by side: one that stops brokers would break the others, so it runs alone.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::kinds::ActionSpec;
use crate::lab::Check;

/// The turns of a run's checks.
#[derive(Debug, Default)]
pub struct Turns(RwLock<()>);

/// A check's turn, until it is dropped.
#[derive(Debug)]
pub enum Turn<'a> {
    /// Side by side with others.
    Together(RwLockReadGuard<'a, ()>),
    /// With no other.
    Alone(RwLockWriteGuard<'a, ()>),
}

impl Turns {
    /// Waits for the check's turn.
    pub async fn take(&self, check: &Check) -> Turn<'_> {
        if breaks_brokers(check) { Turn::Alone(self.0.write().await) } else { Turn::Together(self.0.read().await) }
    }
}

/// Whether a check does something to brokers that all checks share.
fn breaks_brokers(check: &Check) -> bool {
    check.actions.iter().chain(&check.finally).any(|action| matches!(action.spec, ActionSpec::Broker(_)))
}
