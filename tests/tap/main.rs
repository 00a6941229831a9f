//! The tap between real sockets: what goes through it, what it does about peers that misbehave, and what it breaks on purpose.
//!
//! The broker here is a few lines that speak just enough; real clients and a real Kafka are in `tests/clients`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod faults;
mod foreign;
mod limits;
mod passing;
mod peers;
mod rewriting;
mod robust;
mod sasl;
mod unpacking;
