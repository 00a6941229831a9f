//! Everything that happened in a run, in one order: the only thing that judges read.
//!
//! [`Event`]s are appended by the engine, the sink, the programs and the observations of the kinds; each gets its time from one monotonic
//! clock. [`Timeline`] keeps them together with an index by check, topic, group and instance that grows with every event, so that
//! judging again costs the new events only. A timeline can be saved ([`evidence`]) and played again ([`Timeline::append`] in order).

pub mod event;
pub mod evidence;
pub mod frontier;
pub mod index;
pub mod payload;
pub mod recorder;

pub use event::{Event, What};
pub use index::{Delivery, Group, Instance, Timeline, Topic};
pub use payload::{Payload, Record, RecordBlock};
pub use recorder::Recorder;
