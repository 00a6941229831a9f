//! How much the tap takes before it stops looking closely. What is beyond a limit is still forwarded, or closed, and told; it never fails a learner.
//! Only a batch that unpacks to more than there is memory for is refused, as a broker refuses one that is too large.

use std::time::Duration;

/// The limits of one tap. [`Limits::default`] has those of a real run; tests make them small.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest frame that is kept to be read, in bytes. Longer ones are passed through unread.
    pub frame: usize,
    /// Bytes that all connections together may keep.
    pub kept: usize,
    /// The longest frame that is taken for Kafka's at all. A broker closes the connection beyond its `socket.request.max.bytes`.
    pub absurd: usize,
    /// What one compressed batch may unpack to, in bytes. Those that unpack to more are refused. `u64::MAX`: nobody looks.
    pub unpacked: u64,
    /// What all batches of a run that are packed more than a hundredfold may unpack to together, in bytes.
    pub tight: u64,
    /// Requests of one connection that wait for their answer; beyond, the oldest is forgotten.
    pub pending: usize,
    /// Open connections of one program instance; more are closed at once.
    pub connections: usize,
    /// Connections that one program instance may open over its whole life; more are closed at once, without a word after the first.
    pub opened: u64,
    /// Exchanges of one API of one instance that are kept in full; further ones are only counted.
    pub detailed: u64,
    /// The same for the APIs that judges count on: commits, membership, transactions.
    pub detailed_essential: u64,
    /// The same for all exchanges of one instance together.
    pub detailed_total: u64,
    /// How long a connection that one side has ended may go on.
    pub linger: Duration,
    /// How long a connection waits for the broker to take it.
    pub connect: Duration,
}

/// A client's largest usual frame is a batch of about 1 MB (`message.max.bytes`), a broker's a fetch of 1 MB for each of some partitions.
const FRAME: usize = 8 << 20;

/// Eight of the longest frames at once: far more than a lab's programs have under way.
const KEPT: usize = 64 << 20;

/// `socket.request.max.bytes` of every broker that nobody changed it on.
const ABSURD: usize = 100 << 20;

/// A client makes batches of 1 MB at most (`message.max.bytes`, `max.request.size`), but Java's counts what it will be when it is compressed, and
/// may have tenfold of that before.
const UNPACKED: u64 = 64 << 20;

/// The grader has twice that to hold the records of a run. The events of a lab are packed ten- or twentyfold.
const TIGHT: u64 = 128 << 20;

/// How many times smaller a batch may be made before it counts as packed tightly.
const LOOSE: u64 = 100;

/// librdkafka may have a million in flight by its settings; a real client has a few dozen.
const PENDING: usize = 10_000;

/// A client has two or three for each broker. Each takes two file descriptors, of 1024 that a process commonly may have.
const CONNECTIONS: usize = 200;

/// A client that reconnects every 50 ms for ten minutes has 12,000.
const OPENED: u64 = 20_000;

/// A consumer that fetches every 10 ms for four minutes. About 30 MB on the timeline: 1.2 KB for a fetch of six partitions.
const DETAILED: u64 = 25_000;

/// A commit for each of 100,000 events: more than any lab has.
const DETAILED_ESSENTIAL: u64 = 100_000;

/// About 180 MB on the timeline for a program that means it.
const DETAILED_TOTAL: u64 = 150_000;

/// A broker closes as soon as it has answered what it was asked and sees that the client has closed. Only an answer that waits for others,
/// as that to `JoinGroup`, takes longer; nobody reads it any more.
const LINGER: Duration = Duration::from_secs(3);

/// A broker on the same machine takes a connection at once, even when it is busy.
const CONNECT: Duration = Duration::from_secs(10);

impl Limits {
    /// For a tap whose events are shown and not kept: nothing is only counted, however long it goes on.
    #[must_use]
    pub fn endless() -> Self {
        let all = u64::MAX;
        Self { unpacked: all, tight: all, opened: all, detailed: all, detailed_essential: all, detailed_total: all, ..Self::default() }
    }

    /// What so many bytes may unpack to before they count as packed tightly.
    pub(super) fn loose(&self, packed: u64) -> u64 {
        packed.saturating_mul(LOOSE).min(self.unpacked)
    }

    /// Whether somebody looks at what batches unpack to.
    pub(super) fn looks_into_batches(&self) -> bool {
        self.unpacked < u64::MAX
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: FRAME,
            kept: KEPT,
            absurd: ABSURD,
            unpacked: UNPACKED,
            tight: TIGHT,
            pending: PENDING,
            connections: CONNECTIONS,
            opened: OPENED,
            detailed: DETAILED,
            detailed_essential: DETAILED_ESSENTIAL,
            detailed_total: DETAILED_TOTAL,
            linger: LINGER,
            connect: CONNECT,
        }
    }
}
