//! What is known of one start of a program.

use super::event::{Name, Pacing, Signal, Stream};

/// What is known of one start of a program, `check/as`.
#[derive(Debug, Default)]
pub struct Instance {
    /// The program's name.
    pub program: Option<Name>,
    /// When it was started, each time, with the process id.
    pub starts: Vec<(u64, u32)>,
    /// How often it will still be started again when it ends.
    pub restarts: u32,
    /// The lines it wrote: positions of events.
    pub(super) lines: Vec<usize>,
    /// The streams of which not all was kept.
    pub cut: Vec<Stream>,
    /// When it ended, each time: code or signal.
    pub exits: Vec<Exit>,
    /// When all of its standard input was written, and how that went if it came at a rate.
    pub fed: Option<(u64, Option<Pacing>)>,
    /// Signals the grader sent.
    pub signals: Vec<(u64, Signal)>,
    /// When no process of its group was left.
    pub gone_at: Option<u64>,
    /// A limit that it hit.
    pub limit: Option<String>,
    /// When the machine mostly had no processor for it: until when, and for how long a thread of it waited while all of them ran for how long, in
    /// nanoseconds.
    pub starved: Vec<(u64, u64, u64)>,
    /// Its requests at the sink, in order.
    pub deliveries: Vec<u64>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// When.
    pub at: u64,
    /// The exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal, when one ended it.
    pub signal: Option<i32>,
}

impl Instance {
    /// Whether it is running now.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.starts.len() > self.exits.len()
    }

    /// Whether it is over: it ended and will not be started again.
    #[must_use]
    pub fn over(&self) -> bool {
        !self.starts.is_empty() && !self.alive() && self.restarts == 0
    }
}
