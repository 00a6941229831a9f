//! Breaking things on purpose: what is to break ([`Rule`]), and what is armed at this moment ([`Faults`]).

mod answer;
mod codes;
mod faults;
mod rule;
#[cfg(test)]
mod tests;

pub(super) use self::answer::{answer, can_answer};
pub(super) use self::codes::set as replace;
pub use self::faults::Faults;
pub(super) use self::faults::{Armed, Pause};
pub use self::rule::{Direction, Fault, Predicate, Rule, Which};
