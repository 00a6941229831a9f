//! What will be done: which checks, in which order, for how long. Pure and printable.

mod affected;
mod budget;
mod graph;
mod print;
mod select;

use std::sync::Arc;

#[cfg(test)]
mod tests;

pub use affected::{Work, affected};
pub use budget::Budget;
pub use graph::waves;
pub use select::{SelectError, select};

use crate::lab::{Check, Lab};

/// A plan: the selected checks of a lab.
#[derive(Clone, Debug)]
pub struct Plan {
    lab: Lab,
    /// The checks, in the order of the lab.
    pub checks: Vec<Arc<Check>>,
    scale: f64,
}

impl Plan {
    /// Plans a lab: `only` selects checks (see [`select`]), `scale` stretches time limits.
    ///
    /// # Errors
    /// When a word selects nothing.
    pub fn of(lab: Lab, only: &[String], scale: f64) -> Result<Self, SelectError> {
        let checks = select(&lab, only)?;
        Ok(Self { lab, checks, scale })
    }

    /// How long one check may take.
    #[must_use]
    pub fn budget(&self, check: &Check) -> Budget {
        Budget::of(check, self.scale)
    }

    /// How long all checks take: the longest chain, when enough of them run side by side.
    #[must_use]
    pub fn total(&self) -> Budget {
        Budget::of_chain(&self.checks, self.scale)
    }
}
