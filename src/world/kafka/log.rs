//! Where librdkafka's own messages go: to `tracing`, never to the terminal.

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

/// The context of our librdkafka clients. What they complain about is told again, in context, by the call that fails, so it is
/// worth no more than `debug` here.
pub(super) struct Log;

impl ClientContext for Log {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", "{facility}: {message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", "{error}: {reason}");
    }
}

impl ConsumerContext for Log {}
