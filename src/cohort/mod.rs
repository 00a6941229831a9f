//! Many submissions, graded one like the other: who is in the cohort ([`roster`]), where their work is ([`source`]), a kgrade process for each
//! ([`child`]), several at a time ([`pool`]), and what is written ([`out`], [`journal`], [`book`]) so that nothing is lost and nothing is done twice.

pub mod book;
pub mod child;
pub mod journal;
pub mod key;
pub mod merge;
pub mod out;
pub mod pool;
pub mod queue;
pub mod roster;
pub mod shard;
pub mod source;

pub use book::Book;
pub use child::{Child, Ending, Order, Policy};
pub use roster::{Member, Roster};
pub use shard::Shard;
