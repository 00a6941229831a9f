//! The cluster for real: every way to get Java and Kafka, brokers that are started, killed and crashed.
//!
//! All tests share one warm cache (`KGRADE_TEST_CACHE`, else a folder below the build's own), so only the first run ever is slow.

// What clippy allows inside test functions, for the functions that they share.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod damage;
mod external;
mod kept;
mod machine;
mod mirror;
mod private;
mod ways;
