//! Many submissions, graded one like the other.

pub mod child;
pub mod queue;
