//! The learner's programs, as real processes: looked at, prepared, started, heard, limited, killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "program/bench.rs"]
mod bench;
#[path = "program/ending.rs"]
mod ending;
#[path = "program/environments.rs"]
mod environments;
#[path = "program/limits.rs"]
mod limits;
#[path = "program/output.rs"]
mod output;
#[path = "program/preparing.rs"]
mod preparing;
#[path = "program/running.rs"]
mod running;
#[path = "program/submissions.rs"]
mod submissions;
