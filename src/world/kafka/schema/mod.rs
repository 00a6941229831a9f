//! How Kafka's messages look on the wire, in every version, so that every length in a frame is checked before anything is
//! allocated by it.
//!
//! `kafka-protocol` reserves memory for as many elements as an array claims to have: four bytes that claim two thousand million
//! end the process. So a frame is walked by the [`table`] first ([`Message::walk`]), and decoded only when every length and count
//! in it is covered by bytes that are there. The table is Kafka's own: `messages.py` takes it from Kafka's jar.

mod parse;
mod table;
#[cfg(test)]
mod tests;
mod walk;

pub use table::{Field, Message, Shape, data, request, response};
pub(in crate::world) use walk::tags;
pub use walk::{Flaw, MOST};
