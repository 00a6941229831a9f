//! Cohorts: the real `kgrade batch` on submissions that are right, wrong, and worse, with kills in the middle.
//!
//! Where grading itself does not matter, a script stands in for the kgrade that grades one submission.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

#[path = "../bad_input/processes.rs"]
#[allow(dead_code)]
mod processes;

mod documents;
mod hall;
mod kills;
mod real;
mod resumed;
mod shards;
