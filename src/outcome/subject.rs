//! What a failure is about: a thing that Kafka's documentation explains under a name of its own, and a lab's handout in one of its sections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A thing that one can read about. Judges name it; the lab says which section of its handout explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Who confirms a write.
    Acks,
    /// The address that a broker sends its clients to.
    AdvertisedListeners,
    /// An event is done when it was delivered, and committed after that.
    AtLeastOnce,
    /// Commits that a client makes by itself.
    AutomaticCommit,
    /// Records that are no events.
    BadRecords,
    /// How records are put together into one request.
    Batching,
    /// The offset that a group goes on from: the next one to read.
    CommittedOffset,
    /// How batches are made smaller.
    Compression,
    /// What cannot be decoded, put aside as it is.
    DeadLetters,
    /// How a producer tells that an event was not stored.
    FailureReports,
    /// Sending only queues an event.
    Flush,
    /// Members of one group share its partitions.
    Group,
    /// Names and values beside a record's key and value.
    Headers,
    /// A producer whose repeats Kafka recognises.
    Idempotence,
    /// What decides the partition of a record.
    Key,
    /// How many records wait.
    Lag,
    /// How a consumer says goodbye.
    Leaving,
    /// A program that is asked to stop.
    Signals,
    /// Offsets that a program commits itself.
    ManualCommit,
    /// How long a consumer may work between two polls.
    MaxPollInterval,
    /// Where a group without committed offsets begins.
    OffsetReset,
    /// How many lists a topic is split into.
    Partitions,
    /// A consumer is a service: it goes on polling.
    Polling,
    /// The copies of a partition, and those that are in sync.
    Replication,
    /// How long a topic keeps its records.
    Retention,
    /// How long a producer tries again.
    Retries,
    /// A member that keeps its place when it stops.
    StaticMember,
    /// Joining a group, or naming partitions oneself.
    Subscription,
    /// Topics are made before they are used.
    TopicCreation,
}

impl Subject {
    /// The place in Kafka's documentation that explains it, by its title; `None` for what is no matter of Kafka.
    #[must_use]
    pub fn kafka(self) -> Option<&'static str> {
        Some(match self {
            Self::Acks => "Producer Configs: acks",
            Self::AdvertisedListeners => "Broker Configs: advertised.listeners",
            Self::AtLeastOnce => "Design: Message Delivery Semantics",
            Self::AutomaticCommit => "Consumer Configs: enable.auto.commit",
            Self::Batching => "Producer Configs: linger.ms and batch.size",
            Self::CommittedOffset => "Javadoc of KafkaConsumer: Offsets and Consumer Position",
            Self::Compression => "Producer Configs: compression.type",
            Self::FailureReports => "Javadoc of KafkaProducer: send()",
            Self::Flush => "Javadoc of KafkaProducer: flush()",
            Self::Group => "Consumer Configs: group.id",
            Self::Headers => "KIP-82: Add Record Headers",
            Self::Idempotence => "Producer Configs: enable.idempotence (KIP-98)",
            Self::Key => "Design: The Producer, Load balancing",
            Self::Lag => "Basic Kafka Operations: Checking consumer position",
            Self::Leaving => "Javadoc of KafkaConsumer: close()",
            Self::ManualCommit => "Javadoc of KafkaConsumer: Manual Offset Control",
            Self::MaxPollInterval => "Consumer Configs: max.poll.interval.ms (KIP-62)",
            Self::OffsetReset => "Consumer Configs: auto.offset.reset",
            Self::Partitions => "Basic Kafka Operations: Adding and removing topics",
            Self::Polling => "Javadoc of KafkaConsumer: Detecting Consumer Failures",
            Self::Replication => "Design: Replication",
            Self::Retention => "Topic Configs: retention.ms",
            Self::Retries => "Producer Configs: delivery.timeout.ms and retries (KIP-91)",
            Self::StaticMember => "Consumer Configs: group.instance.id (KIP-345)",
            Self::Subscription => "Javadoc of KafkaConsumer: Consumer Groups and Topic Subscriptions",
            Self::TopicCreation => "Broker Configs: auto.create.topics.enable",
            Self::BadRecords | Self::DeadLetters | Self::Signals => return None,
        })
    }
}

/// Where to read about a failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The section of the lab's handout, by its title.
    #[serde(default)]
    pub handout: Option<String>,
    /// The command that shows the handout.
    #[serde(default)]
    pub show: Option<String>,
    /// The place in Kafka's documentation, by its title.
    #[serde(default)]
    pub kafka: Option<String>,
}

impl Reading {
    /// Whether it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handout.is_none() && self.kafka.is_none()
    }

    /// Each place as a sentence of its own: the handout first, which is nearer.
    pub fn places(&self) -> impl Iterator<Item = String> + '_ {
        let shown = self.show.as_ref().map_or_else(String::new, |show| format!(" ({show})"));
        let handout = self.handout.iter().map(move |section| format!("handout: {section}{shown}"));
        handout.chain(self.kafka.iter().map(|name| format!("Kafka documentation, {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handout_comes_first_with_the_command_that_shows_it() {
        let reading = Reading {
            handout: Some("Automatic commit".into()),
            show: Some("kgrade show lab-02".into()),
            kafka: Subject::AutomaticCommit.kafka().map(str::to_owned),
        };
        assert_eq!(
            reading.places().collect::<Vec<_>>(),
            ["handout: Automatic commit (kgrade show lab-02)", "Kafka documentation, Consumer Configs: enable.auto.commit"]
        );
        assert!(Reading::default().is_empty());
    }

    #[test]
    fn every_subject_is_in_the_guide_for_authors() {
        let guide = include_str!("../../docs/authoring.md");
        let schema = schemars::schema_for!(Subject).to_value();
        let variants = schema["oneOf"].as_array().unwrap();
        for variant in variants {
            let name = variant["const"].as_str().unwrap();
            assert!(guide.contains(&format!("`{name}`")), "{name} is not in docs/authoring.md");
        }
        assert!(variants.len() > 20, "only {} subjects", variants.len());
    }
}
