//! Being built.

pub mod cluster;
