//! What GitHub shows of a workflow's run.

pub mod annotations;
pub mod summary;
