//! `kgrade check-course` and `kgrade new lab`: a small course with one fault each, and courses that are graded for real.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod faults;
mod graded;
mod new_lab;
#[path = "../bad_input/processes.rs"]
#[allow(dead_code, reason = "what other tests need")]
mod processes;
mod school;
