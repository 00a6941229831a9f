//! What the exit code of `kgrade` means: one constant per cause.
//!
//! `kgrade batch` and `kgrade merge` speak of submissions where `kgrade LAB` speaks of checks: [`ALL_PASSED`] when each has a grade, whatever it
//! is; [`NOT_SHOWN`] when some have none; [`ENVIRONMENT`] when none could be graded, or the batch had to stop (a full disk).

/// Every selected check passed.
pub const ALL_PASSED: u8 = 0;
/// At least one check failed: the learner's work is not right yet.
pub const SOMETHING_FAILED: u8 = 1;
/// The command line or the lab file is wrong.
pub const USAGE: u8 = 2;
/// The environment cannot be used (no Java, no Kafka, no submission): nothing was graded. Or a report could not be written.
pub const ENVIRONMENT: u8 = 3;
/// The selection matched no check.
pub const NOTHING_SELECTED: u8 = 4;
/// Nothing failed, but at least one check is inconclusive or met an error: this is not a grade.
pub const NOT_SHOWN: u8 = 5;
/// Interrupted by Ctrl-C or SIGTERM; what was finished is in the reports.
pub const INTERRUPTED: u8 = 130;
