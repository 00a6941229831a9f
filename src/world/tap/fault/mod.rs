//! Breaking things on purpose: what is to break ([`Rule`]), and what is armed at this moment ([`Faults`]).

mod faults;
mod rule;

pub use self::faults::Faults;
pub use self::rule::{Direction, Fault, Predicate, Rule, Which};
