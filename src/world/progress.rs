//! How long work tells what it is doing, without knowing who shows it.

/// Receives the progress of slow preparation: downloads, environments, the first start of a broker.
///
/// Implementations must be cheap and must not block: they are called from inside download loops.
pub trait Progress: Send + Sync {
    /// A step begins, in words that fit after "kgrade is", for example "fetching Apache Kafka 4.3.1".
    fn begin(&self, step: &str);
    /// `done` of `total` bytes of the current step have arrived; `total` is `None` when the sender did not say.
    fn bytes(&self, done: u64, total: Option<u64>);
    /// The current step is finished.
    fn end(&self);
}

/// Shows nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _step: &str) {}
    fn bytes(&self, _done: u64, _total: Option<u64>) {}
    fn end(&self) {}
}
