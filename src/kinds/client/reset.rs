//! How a client library says where a group without committed offsets begins.

use super::Client;

impl Client {
    /// The setting, and what makes such a group begin at the first record.
    #[must_use]
    pub fn reset(self) -> (&'static str, &'static str) {
        match self {
            Self::KafkaPython | Self::Aiokafka => ("auto_offset_reset", "auto_offset_reset=\"earliest\""),
            Self::Kafkajs => ("fromBeginning", "fromBeginning: true in subscribe()"),
            Self::FranzGo => ("kgo.ConsumeResetOffset", "kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())"),
            Self::Sarama => ("Consumer.Offsets.Initial", "config.Consumer.Offsets.Initial = sarama.OffsetOldest"),
            Self::KafkaGo => ("StartOffset", "StartOffset: kafka.FirstOffset"),
            Self::ConfluentPython => ("auto.offset.reset", "\"auto.offset.reset\": \"earliest\""),
            Self::Librdkafka | Self::Java | Self::Other => ("auto.offset.reset", "auto.offset.reset=earliest"),
        }
    }
}
