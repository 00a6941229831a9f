//! Everything that happened in a run, in one order: the only thing that judges read.
//!
//! [`Event`]s are appended by the engine, the sink, the tap, the programs and the observations of the kinds; each gets its time from one monotonic
//! clock. [`Timeline`] keeps them together with an index by check, topic, group and instance that grows with every event, so that
//! judging again costs the new events only. A timeline can be saved ([`evidence`]) and played again ([`Timeline::append`] in order).

mod commit;
mod delivery;
pub mod docker;
pub mod event;
pub mod evidence;
mod exchange;
mod fault;
pub mod filter;
pub mod frontier;
mod group;
mod index;
mod instance;
pub mod payload;
mod recorder;
mod strain;
mod topic;
pub mod wire;
mod withhold;

pub use commit::Commit;
pub use delivery::Delivery;
pub use event::{Event, What};
pub use exchange::{Connection, Exchange};
pub use fault::Fault;
pub use group::{Ahead, Group, Offsets};
pub use index::{CheckSpan, SeenFile, Timeline};
pub use instance::{Exit, Instance};
pub use payload::{Payload, Record, RecordBlock};
pub use recorder::Recorder;
pub use strain::{Slow, Strain};
pub use topic::{Produced, Topic};
pub use withhold::withhold;
