//! A Kafka error as labs write it: `NOT_ENOUGH_REPLICAS`, `NONE` for success.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::world::kafka::Code;

/// A Kafka error code, written by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorName(pub i16);

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Code::name_of(self.0))
    }
}

impl Serialize for ErrorName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ErrorName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Code::named(&name).map(Self).ok_or_else(|| Error::invalid_value(Unexpected::Str(&name), &"the name of a Kafka error"))
    }
}

impl JsonSchema for ErrorName {
    fn schema_name() -> Cow<'static, str> {
        "ErrorName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z][A-Z0-9_]*$", "description": "The name of a Kafka error, for example NOT_ENOUGH_REPLICAS; NONE for success." })
    }
}
