//! How a client library names the settings of its producer.

use super::Client;

/// The settings of a producer, each as it is written to get the effect.
#[derive(Debug, Clone, Copy)]
pub struct Producing {
    /// What asks all in-sync replicas to acknowledge.
    pub acks: &'static str,
    /// What makes it idempotent.
    pub idempotence: &'static str,
    /// What compresses batches.
    pub compression: &'static str,
    /// What lets batches grow.
    pub batching: &'static str,
}

impl Client {
    /// How it names the settings of its producer.
    #[must_use]
    pub fn producing(self) -> Producing {
        match self {
            Self::ConfluentPython | Self::Librdkafka | Self::Java | Self::Other => Producing {
                acks: "acks=all",
                idempotence: "enable.idempotence=true",
                compression: "compression.type",
                batching: "linger.ms, and a flush() at the end only",
            },
            Self::KafkaPython | Self::Aiokafka => Producing {
                acks: "acks=\"all\"",
                idempotence: "enable_idempotence=True",
                compression: "compression_type",
                batching: "linger_ms, without waiting for each send",
            },
            Self::Kafkajs => Producing {
                acks: "acks: -1 in send()",
                idempotence: "idempotent: true in producer()",
                compression: "compression in send()",
                batching: "more messages in each send(): kafkajs has no linger",
            },
            Self::FranzGo => Producing {
                acks: "kgo.RequiredAcks(kgo.AllISRAcks())",
                idempotence: "leaving kgo.DisableIdempotentWrite() out",
                compression: "kgo.ProducerBatchCompression",
                batching: "kgo.ProducerLinger, with Produce instead of ProduceSync",
            },
            Self::Sarama => Producing {
                acks: "config.Producer.RequiredAcks = sarama.WaitForAll",
                idempotence: "config.Producer.Idempotent = true",
                compression: "config.Producer.Compression",
                batching: "config.Producer.Flush.Frequency, with the AsyncProducer",
            },
            Self::KafkaGo => Producing {
                acks: "RequiredAcks: kafka.RequireAll",
                idempotence: "another client: kafka-go has no idempotent producer",
                compression: "Compression of the Writer",
                batching: "BatchTimeout and more messages in each WriteMessages()",
            },
        }
    }
}
