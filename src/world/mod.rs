//! Everything outside kgrade that a run touches: the cluster, its protocol, the sink, the learner's programs.
//!
//! Nothing here judges. Whatever is made here is registered with [`guard`], so that it goes away with kgrade.

pub mod access;
pub mod clean;
pub mod cluster;
pub mod docker;
pub mod doctor;
pub mod folder;
pub mod git;
pub mod guard;
pub mod kafka;
pub mod memory;
pub mod owner;
pub mod program;
pub mod progress;
pub mod sandbox;
mod schedstat;
pub mod sink;
pub mod tap;
