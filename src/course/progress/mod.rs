//! What a learner has reached: a line for each graded run, in `.kgrade/progress.jsonl` next to their work.
//!
//! The [`Store`] keeps the lines, safe against two writers and against damage; [`standing`] says what they come to. It also remembers which
//! hints were given ([`HINTS`]). `docs/progress.md` tells the rules to people.

mod asked;
mod entry;
mod error;
mod ledger;
mod standing;
mod store;

pub use asked::HINTS;
pub use entry::{Entry, EntryCheck, SCHEMA, schema};
pub use error::{Note, StoreError};
pub use standing::{CheckStanding, LabStanding, State};
pub use store::{FILE, FOLDER, Progress, Store};
