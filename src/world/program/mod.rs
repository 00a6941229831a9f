//! The learner's programs: from a folder that somebody handed in to processes that run, speak and are gone.
//!
//! ```text
//! Submission::open ─▶ prepare ─▶ Prepared ─▶ spawn ─▶ Process ─▶ events, exit, kill_tree
//!  looked at, never    private copy,           own process group,
//!  written to          environment, setup      limits, bounded output
//! ```
//!
//! Nothing here judges. A learner's program is hostile only by accident (floods, forks, never ends, deletes its folder); what it
//! does stays in its own copy, its output is bounded, and its processes go away with the [`Process`].

mod environment;
mod family;
mod limits;
mod manifest;
mod output;
mod prepare;
mod process;
mod processes;
mod python;
mod reporter;
mod room;
mod run_folder;
mod setup;
mod step;
pub(super) mod stock;
mod store;
mod submission;
mod tree;
mod turns;
mod variables;
mod watch;

pub use limits::{Limit, Limited, Limits};
pub use manifest::{ManifestError, wrapper};
pub use prepare::{PrepareContext, PrepareError, Prepared, find_python, prepare};
pub(super) use process::search;
pub use process::{Doors, Exit, Launch, Process, SpawnError, Stdin, spawn};
pub use python::{FoundPython, Maker, PythonSeen, python_of};
pub use reporter::{ProgramEvent, Stream};
pub use rustix::process::Signal;
pub use submission::{Submission, SubmissionError};
pub use tree::TreeError;
pub use variables::{INSTANCE_VARIABLE, grader_environment};
