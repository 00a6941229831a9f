//! What kgrade says of the machine that it is on, and what it hands to the machine's own tools: `doctor`, `clean`, `completions`, `man`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

mod clean;
mod desk;
mod doctor;
mod pages;
mod shells;
