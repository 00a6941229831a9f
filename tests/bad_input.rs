//! Bad input, and what it gets: each test runs the real `kgrade` on something wrong, with a real Kafka where one is needed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "bad_input/clusters.rs"]
mod clusters;
#[path = "bad_input/endings.rs"]
mod endings;
#[path = "bad_input/grading.rs"]
mod grading;
#[path = "bad_input/lab_files.rs"]
mod lab_files;
#[path = "bad_input/outputs.rs"]
mod outputs;
#[path = "bad_input/processes.rs"]
mod processes;
#[path = "bad_input/programs.rs"]
mod programs;
#[path = "bad_input/submissions.rs"]
mod submissions;
