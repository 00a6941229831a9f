//! A learner's progress: the real `kgrade` on stores that are new, shared, damaged and newer, and what it makes of them.
//!
//! `SNAPSHOTS=overwrite cargo test --test progress` writes the expected files of `fixtures/course` anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod damage;
mod desk;
mod graded;
mod hints;
mod pages;
mod reviews;
mod terminal;
mod together;
