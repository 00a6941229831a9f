//! How a client library names the settings of its producer.

use super::Client;

/// The settings of a producer, each as it is written to get the effect.
#[derive(Debug, Clone, Copy)]
pub struct Producing {
    /// What asks for no acknowledgement, for the leader's, and for all in-sync replicas'.
    acks: [&'static str; 3],
    /// The acknowledgements it asks for when nothing is set.
    pub usual_acks: i16,
    /// What makes it idempotent.
    pub idempotence: &'static str,
    /// What compresses batches.
    pub compression: &'static str,
    /// What lets batches grow.
    pub batching: &'static str,
    /// What decides how long it tries again.
    pub patience: &'static str,
    /// Where it tells that an event was not stored.
    pub report: &'static str,
}

impl Producing {
    /// What asks for these acknowledgements: 0, 1 or -1 (all).
    #[must_use]
    pub fn acks(&self, wanted: i16) -> &'static str {
        let [none, leader, all] = self.acks;
        match wanted {
            0 => none,
            1 => leader,
            _ => all,
        }
    }
}

impl Client {
    /// How it names the settings of its producer.
    #[must_use]
    pub fn producing(self) -> Producing {
        match self {
            Self::ConfluentPython | Self::Librdkafka | Self::Other => Producing {
                acks: ["acks=0", "acks=1", "acks=all"],
                usual_acks: -1,
                idempotence: "enable.idempotence=true",
                compression: "compression.type",
                batching: "linger.ms, and a flush() at the end only",
                patience: "`retries` (left out: no limit) and `message.timeout.ms` (left out: 5 minutes)",
                report: "the on_delivery callback of each event, which poll() and flush() call",
            },
            Self::Java => Producing {
                acks: ["acks=0", "acks=1", "acks=all"],
                usual_acks: -1,
                idempotence: "enable.idempotence=true",
                compression: "compression.type",
                batching: "linger.ms and batch.size, and a flush() at the end only",
                patience: "`retries` (left out: no limit) and `delivery.timeout.ms` (left out: 2 minutes)",
                report: "the callback of send(), or get() of the future that it returns",
            },
            Self::KafkaPython => Producing {
                acks: ["acks=0", "acks=1", "acks=\"all\""],
                usual_acks: -1,
                idempotence: "enable_idempotence=True",
                compression: "compression_type",
                batching: "linger_ms, without waiting for each send",
                patience: "`retries` (left out: no limit) and `delivery_timeout_ms` (left out: 2 minutes)",
                report: "the future that send() returns (its get(), or add_errback())",
            },
            Self::Aiokafka => Producing {
                acks: ["acks=0", "acks=1", "acks=\"all\""],
                usual_acks: 1,
                idempotence: "enable_idempotence=True",
                compression: "compression_type",
                batching: "linger_ms, without waiting for each send",
                patience: "`request_timeout_ms` (left out: 40 seconds)",
                report: "the future that `await producer.send()` gives (await it too, or add_done_callback())",
            },
            Self::Kafkajs => Producing {
                acks: ["acks: 0 in send()", "acks: 1 in send()", "acks: -1 in send()"],
                usual_acks: -1,
                idempotence: "idempotent: true in producer()",
                compression: "compression in send()",
                batching: "more messages in each send(): kafkajs has no linger",
                patience: "`retry: { retries }` (left out: 5 tries, some 20 seconds)",
                report: "the promise of send(), which rejects for all its messages",
            },
            Self::FranzGo => Producing {
                acks: [
                    "kgo.RequiredAcks(kgo.NoAck()) with kgo.DisableIdempotentWrite()",
                    "kgo.RequiredAcks(kgo.LeaderAck()) with kgo.DisableIdempotentWrite()",
                    "kgo.RequiredAcks(kgo.AllISRAcks())",
                ],
                usual_acks: -1,
                idempotence: "leaving kgo.DisableIdempotentWrite() out",
                compression: "kgo.ProducerBatchCompression",
                batching: "kgo.ProducerLinger, with Produce instead of ProduceSync",
                patience: "kgo.RecordRetries and kgo.RecordDeliveryTimeout (left out: no limit)",
                report: "the promise that Produce calls, or FirstErr() of ProduceSync",
            },
            Self::Sarama => Producing {
                acks: [
                    "config.Producer.RequiredAcks = sarama.NoResponse",
                    "config.Producer.RequiredAcks = sarama.WaitForLocal",
                    "config.Producer.RequiredAcks = sarama.WaitForAll",
                ],
                usual_acks: 1,
                idempotence: "config.Producer.Idempotent = true",
                compression: "config.Producer.Compression",
                batching: "config.Producer.Flush.Frequency, with the AsyncProducer",
                patience: "config.Producer.Retry.Max (left out: 3 tries, which is too few) and Retry.Backoff",
                report: "the channel Errors(), or the error of SendMessage",
            },
            Self::KafkaGo => Producing {
                acks: ["RequiredAcks: kafka.RequireNone", "RequiredAcks: kafka.RequireOne", "RequiredAcks: kafka.RequireAll"],
                usual_acks: 0,
                idempotence: "another client: kafka-go has no idempotent producer",
                compression: "Compression of the Writer",
                batching: "BatchTimeout and more messages in each WriteMessages()",
                patience: "MaxAttempts of the Writer (left out: 10)",
                report: "the kafka.WriteErrors that WriteMessages returns",
            },
        }
    }
}
