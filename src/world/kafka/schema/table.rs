//! The table of messages.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kafka_protocol::protocol::VersionRange;

use super::parse::{Kind, parse};

/// A request, an answer, or data inside of one.
#[derive(Debug)]
pub struct Message {
    /// The versions that Kafka has.
    pub versions: VersionRange,
    /// The first version with compact encoding and tagged fields (KIP-482).
    pub flexible: Option<i16>,
    /// The fields, in their order on the wire.
    pub fields: Vec<Field>,
}

impl Message {
    /// Whether a version is written with compact encoding and tagged fields.
    #[must_use]
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.is_some_and(|first| version >= first)
    }

    /// Whether Kafka has the version.
    #[must_use]
    pub fn has(&self, version: i16) -> bool {
        (self.versions.min..=self.versions.max).contains(&version)
    }

    /// Whether two versions are written alike: often a new one only tells that the other side knows something.
    #[must_use]
    pub fn are_alike(&self, one: i16, other: i16) -> bool {
        self.is_flexible(one) == self.is_flexible(other) && alike(&self.fields, one, other)
    }
}

fn alike(fields: &[Field], one: i16, other: i16) -> bool {
    fields.iter().all(|field| {
        let mut shape = &field.shape;
        while let Shape::Array(element) = shape {
            shape = element;
        }
        field.has(one) == field.has(other)
            && match shape {
                Shape::Struct(fields) | Shape::Maybe(fields) => alike(fields, one, other),
                _ => true,
            }
    })
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// Kafka's name for it: `group_id`.
    pub name: String,
    /// The versions of the message that have it.
    pub versions: VersionRange,
    /// Its tag, when it is a tagged field.
    pub tag: Option<u32>,
    /// What it is.
    pub shape: Shape,
}

impl Field {
    /// Whether a version of the message has it.
    #[must_use]
    pub fn has(&self, version: i16) -> bool {
        (self.versions.min..=self.versions.max).contains(&version)
    }
}

/// What a field is.
#[derive(Debug)]
pub enum Shape {
    /// So many bytes: numbers, booleans, ids.
    Fixed(usize),
    /// A string or null: a length of 2 bytes, or compact.
    Text,
    /// Bytes, records or null: a length of 4 bytes, or compact.
    Bytes,
    /// An array or null: a count of 4 bytes, or compact.
    Array(Box<Shape>),
    /// Fields one after the other.
    Struct(Vec<Field>),
    /// A byte, 1 or −1, and with 1 the fields.
    Maybe(Vec<Field>),
}

static TABLE: LazyLock<BTreeMap<(Kind, i16), Message>> = LazyLock::new(|| parse(include_str!("messages.txt")).unwrap_or_default());

/// The request of an API key.
#[must_use]
pub fn request(api: i16) -> Option<&'static Message> {
    TABLE.get(&(Kind::Request, api))
}

/// The answer to an API key.
#[must_use]
pub fn response(api: i16) -> Option<&'static Message> {
    TABLE.get(&(Kind::Response, api))
}

/// What consumers tell each other through JoinGroup (`ConsumerProtocolSubscription`) and SyncGroup (`ConsumerProtocolAssignment`).
#[must_use]
pub fn data(name: &str) -> Option<&'static Message> {
    TABLE.get(&(Kind::of_data(name)?, 0))
}
