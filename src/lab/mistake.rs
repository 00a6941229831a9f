//! serde's complaints in the words of the check language.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::error::{Code, LabError};
use super::node::brief;
use super::source::Region;
use super::suggestion;

/// A [`LabError`] whose place is not known yet: serde makes it deep inside, and each level on the way out may add what it knows.
#[derive(Debug)]
pub struct Mistake {
    code: Code,
    message: String,
    help: Option<String>,
    at: Option<Region>,
    /// The key it was found under, once one is known.
    under: Option<String>,
}

impl Mistake {
    /// A mistake without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, at: None, under: None }
    }

    /// The place, unless a narrower one is known.
    pub fn at(mut self, region: Region) -> Self {
        self.at.get_or_insert(region);
        self
    }

    /// Another place instead of `from`.
    pub fn moved_from(mut self, from: Region, to: Region) -> Self {
        if self.at.is_none_or(|at| at == from) {
            self.at = Some(to);
        }
        self
    }

    /// Says under which key it happened; the innermost key counts.
    pub fn within(mut self, key: &str) -> Self {
        self.under.get_or_insert_with(|| key.to_owned());
        self
    }

    /// Advice, unless there is some.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.get_or_insert_with(|| help.into());
        self
    }

    /// Advice, if there is any.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = self.help.or(help);
        self
    }

    /// Where text was wanted and a number or truth value is written: the advice to quote it.
    pub fn quoted(mut self, written: &str) -> Self {
        if self.message.starts_with("expected text") {
            self.help = Some(format!("to mean the text, put it in quotes: \"{written}\""));
        }
        self
    }

    /// The finding; `outside` is its place when none was met on the way.
    pub fn into_error(self, outside: Region) -> LabError {
        let message = match (&self.under, self.code) {
            (Some(key), Code::WRONG_TYPE | Code::BAD_VALUE | Code::MISSING_KEY | Code::UNKNOWN_KEY) => format!("`{key}`: {}", self.message),
            _ => self.message,
        };
        LabError::new(self.code, message, self.at.unwrap_or(outside)).maybe_help(self.help)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

impl Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Code::BAD_VALUE, message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        unfit(Code::WRONG_TYPE, &found(unexpected), expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        unfit(Code::BAD_VALUE, &found(unexpected), expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        unfit(Code::WRONG_TYPE, &format!("{length} items"), expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Code::BAD_VALUE, format!("there is no choice `{variant}`"))
            .maybe_help(suggestion::advice(variant, expected.iter().copied()))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Code::UNKNOWN_KEY, format!("unknown key `{field}`")).maybe_help(suggestion::advice(field, expected.iter().copied()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Code::MISSING_KEY, format!("the key `{field}` is missing")).help(format!("add `{field}: …`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(Code::DUPLICATE_KEY, format!("the key `{field}` stands twice"))
    }
}

fn unfit(code: Code, found: &str, expected: &dyn Expected) -> Mistake {
    let expected = plain(expected);
    Mistake::new(code, format!("expected {expected}, found {found}")).help(how_to_write(&expected))
}

/// How to write what was expected.
fn how_to_write(expected: &str) -> &'static str {
    const WAYS: &[(&str, &str)] = &[
        ("a whole number", "write the number as it is, for example `6`"),
        ("a number", "write the number as it is, for example `0.5`"),
        ("text", "write text; what looks like a number, a list or a mapping needs quotes"),
        ("true or false", "write `true` or `false`"),
        ("a list", "write `[ … ]`, or one item to a line after `- `"),
        ("a mapping", "write `{ name: value }`, or one `name: value` to a line"),
        ("settings", "write `{ setting: value }`, or one `setting: value` to a line"),
        ("the name of a Kafka error", "write it as Kafka's documentation does, for example `NOT_ENOUGH_REPLICAS`; `NONE` is success"),
        ("the name of a Kafka API", "write it as Kafka's protocol does, for example `Produce` or `OffsetCommit`"),
        ("a duration", "write a whole number and its unit: ms, s or m"),
    ];
    WAYS.iter().find(|(start, _)| expected.starts_with(start)).map_or("write what is expected here", |(_, way)| way)
}

/// What serde expected, without Rust's names for it.
fn plain(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    let words = match text.as_str() {
        "a string" | "string" | "a borrowed string" => "text",
        "a boolean" | "bool" => "true or false",
        "a sequence" => "a list",
        "a map" => "a mapping",
        "f64" | "f32" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a nonzero u16" | "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => "a whole number, 1 or more",
        other if other.starts_with("struct ") => "settings",
        other => other,
    };
    words.to_owned()
}

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Str(text) => format!("text `{}`", brief(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map => "a mapping".into(),
        other => other.to_string(),
    }
}
