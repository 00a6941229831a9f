//! What a kind names, and what lint says about it.

/// A name that a kind uses; lint checks that it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A program of the lab.
    Program(String),
    /// A data set of the lab or the check.
    Data(String),
    /// A data set that has events: what is written out has none that could be recognised.
    Events(String),
    /// A field of a data set's events.
    Field {
        /// The data set.
        of: String,
        /// The field's name.
        name: String,
        /// Whether its values must be whole numbers.
        ascends: bool,
    },
    /// A started program: a name given by `as` in this check, or `check/as` of another.
    Instance(String),
    /// A program that this check starts, before or after this item.
    AnyInstance(String),
    /// A fault that was armed before in this check.
    Fault(String),
    /// A broker that an earlier action of this check named with `as`.
    Broker(String),
    /// A broker by its node id.
    Node(i32),
}

/// What is wrong with a kind's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The problem, in lower case.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The setting it is about, when it is about one.
    pub at: Option<&'static str>,
}

impl Finding {
    /// A finding about one setting.
    pub fn at(setting: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), at: Some(setting) }
    }

    /// A finding about the whole item.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), at: None }
    }
}
