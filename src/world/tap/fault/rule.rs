//! What a fault is, and what it acts on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::timeline::event::Name;
use crate::timeline::filter::RequestFilter;
use crate::timeline::wire::{Api, Request};

/// Something that is broken on purpose, and where.
#[derive(Clone)]
pub struct Rule {
    /// The check that arms it. It acts on that check's instances only.
    pub check: Name,
    /// Its name, unique within the check.
    pub name: Name,
    /// The instances that it acts on.
    pub instances: Which,
    /// The requests that it acts on, or whose answers.
    pub filter: RequestFilter,
    /// The first matching request that it acts on, counted from 1 over all its instances.
    pub nth: u64,
    /// How many matching requests it acts on from there; all when `None`.
    pub count: Option<u64>,
    /// For how long it acts from its first act on; always when `None`.
    pub lasts: Option<Duration>,
    /// What else must hold of the request. Never asked about a request that could not be read.
    pub predicate: Option<Predicate>,
    /// What is done.
    pub fault: Fault,
}

/// A condition on a request.
pub type Predicate = Arc<dyn Fn(&Request) -> bool + Send + Sync>;

/// Instances of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// The one of this name, as in `check/as` or only `as`.
    One(Name),
}

/// A direction through the tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the program to the broker.
    Request,
    /// From the broker to the program.
    Response,
}

/// What is done to a request or its answer. Error codes are Kafka's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It goes on later. What comes behind it on the connection waits too.
    Delay {
        /// Which of the two.
        side: Direction,
        /// How long.
        by: Duration,
    },
    /// It goes on when it is released. What comes behind it on the connection waits too.
    Hold {
        /// Which of the two.
        side: Direction,
    },
    /// The connection is closed; the broker never sees the request.
    DropRequest,
    /// The broker gets the request; when its answer comes, the connection is closed instead: a lost acknowledgement.
    DropResponse,
    /// The request is answered with this error; the broker never sees it.
    Answer {
        /// The error code.
        error: i16,
    },
    /// The broker gets the request; in its answer every error code becomes this one.
    Replace {
        /// The error code.
        error: i16,
    },
    /// New connections are closed at once.
    Refuse,
}

impl Fault {
    /// Which of the two it acts on.
    pub(in super::super) fn side(self) -> Direction {
        match self {
            Self::Delay { side, .. } | Self::Hold { side } => side,
            Self::DropRequest | Self::Answer { .. } | Self::Refuse => Direction::Request,
            Self::DropResponse | Self::Replace { .. } => Direction::Response,
        }
    }
}

impl Rule {
    /// Whether it acts on an instance (`check/as`) at all.
    #[must_use]
    pub fn touches(&self, instance: &str) -> bool {
        let Some((check, alias)) = instance.split_once('/') else { return false };
        check == &*self.check
            && match &self.instances {
                Which::All => true,
                Which::One(one) => &**one == instance || &**one == alias,
            }
    }

    /// Whether a request is one of those that it counts. `request` is `None` when it could not be read.
    #[must_use]
    pub fn matches(&self, api: Api, request: Option<&Request>) -> bool {
        let (request, read) = request.map_or((&Request::Other, false), |request| (request, true));
        (read || !self.needs_contents()) && self.filter.matches(api, request) && self.predicate.as_ref().is_none_or(|holds| holds(request))
    }

    fn needs_contents(&self) -> bool {
        self.predicate.is_some() || self.filter.needs_contents()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {self}", self.check, self.name)
    }
}

/// In words, for the timeline.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |side| match side {
            Direction::Request => "requests",
            Direction::Response => "answers",
        };
        match self.fault {
            Fault::Delay { side, by } => write!(f, "delays {} by {} ms", of(side), by.as_millis())?,
            Fault::Hold { side } => write!(f, "holds {}", of(side))?,
            Fault::DropRequest => f.write_str("closes the connection instead of forwarding requests")?,
            Fault::DropResponse => f.write_str("closes the connection instead of passing on answers")?,
            Fault::Answer { error } => write!(f, "answers requests with error {error} without forwarding them")?,
            Fault::Replace { error } => write!(f, "changes answers to error {error}")?,
            Fault::Refuse => return write!(f, "refuses new connections{}", self.whose()),
        }
        if !self.filter.api.is_empty() {
            write!(f, ", {}", self.filter.api.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))?;
        }
        if let Some(topic) = &self.filter.topic {
            write!(f, ", topic {topic}")?;
        }
        if let Some(partition) = self.filter.partition {
            write!(f, ", partition {partition}")?;
        }
        if let Some(group) = &self.filter.group {
            write!(f, ", group {group}")?;
        }
        match (self.nth, self.count) {
            (0 | 1, None) => {}
            (nth, None) => write!(f, ", from number {nth} on")?,
            (nth, Some(1)) => write!(f, ", number {}", nth.max(1))?,
            (nth, Some(count)) => write!(f, ", numbers {} to {}", nth.max(1), nth.max(1).saturating_add(count.max(1) - 1))?,
        }
        if let Some(lasts) = self.lasts {
            write!(f, ", for {} ms", lasts.as_millis())?;
        }
        f.write_str(&self.whose())
    }
}

impl Rule {
    fn whose(&self) -> String {
        match &self.instances {
            Which::All => String::new(),
            Which::One(one) => format!(" of {one}"),
        }
    }
}
