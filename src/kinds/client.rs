//! The learner's client library, and how things are said in it: which setting commits by itself, and what to call instead.

mod producing;
mod reset;

pub use producing::Producing;

use super::View;

/// A client library for Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// confluent-kafka for Python.
    ConfluentPython,
    /// Another client on librdkafka: for Go, .NET, Node, Rust, C.
    Librdkafka,
    /// kafka-python.
    KafkaPython,
    /// aiokafka.
    Aiokafka,
    /// Apache Kafka's own client for Java, which Scala, Kotlin and Spring use too.
    Java,
    /// kafkajs.
    Kafkajs,
    /// franz-go.
    FranzGo,
    /// sarama.
    Sarama,
    /// segmentio's kafka-go.
    KafkaGo,
    /// None of these, or not told.
    Other,
}

/// How a client library speaks of commits.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// The library's name.
    pub name: &'static str,
    /// Its setting that commits by itself, as it is when on; and when it then does so.
    pub automatic: (&'static str, &'static str),
    /// What turns that off.
    pub off: &'static str,
    /// What commits one delivered record and nothing else.
    pub commit: &'static str,
    /// The commit that covers more than was delivered, and what it covers.
    pub careless: Option<(&'static str, &'static str)>,
    /// What leaves the group.
    pub close: &'static str,
}

impl Client {
    /// The client of an instance, by what it said of itself: its software's name, else its client id (which a program may choose freely).
    #[must_use]
    pub fn of(view: &View<'_>, instance: &str) -> Self {
        let told = |connection: &crate::timeline::Connection| connection.software.as_ref().and_then(|(name, _)| Self::by_software(name));
        let by_software = view.timeline.connections(instance).find_map(told);
        let by_id = || view.timeline.connections(instance).find_map(|connection| connection.client.as_deref().and_then(Self::by_client_id));
        by_software.or_else(by_id).unwrap_or(Self::Other)
    }

    /// By the name in `ApiVersions` v3+ (KIP-511).
    fn by_software(name: &str) -> Option<Self> {
        Some(match name {
            "confluent-kafka-python" => Self::ConfluentPython,
            "kafka-python" => Self::KafkaPython,
            "aiokafka" => Self::Aiokafka,
            "apache-kafka-java" => Self::Java,
            "kafkajs" => Self::Kafkajs,
            "kgo" | "franz-go" => Self::FranzGo,
            "sarama" => Self::Sarama,
            name if name.contains("rdkafka") || name.starts_with("confluent-kafka") => Self::Librdkafka,
            _ => return None,
        })
    }

    /// By the client id that a library uses when the program gives none.
    fn by_client_id(id: &str) -> Option<Self> {
        let known = [
            ("aiokafka-", Self::Aiokafka),
            ("kafka-python-", Self::KafkaPython),
            ("rdkafka", Self::Librdkafka),
            ("kafkajs", Self::Kafkajs),
            ("kgo", Self::FranzGo),
            ("sarama", Self::Sarama),
            ("consumer-", Self::Java),
        ];
        let by_start = known.into_iter().find(|(start, _)| id.starts_with(start)).map(|(_, client)| client);
        by_start.or_else(|| id.contains("segmentio/kafka-go").then_some(Self::KafkaGo))
    }

    /// How it speaks of commits.
    #[must_use]
    pub fn words(self) -> Words {
        match self {
            Self::ConfluentPython => Words {
                name: "confluent-kafka",
                automatic: ("`enable.auto.commit` is on", "commits every 5 s in the background"),
                off: "\"enable.auto.commit\": False",
                commit: "consumer.commit(message=msg, asynchronous=False)",
                careless: Some((
                    "commit() without arguments",
                    "commits all that poll() or consume() has returned, also what your code has not come to yet",
                )),
                close: "consumer.close()",
            },
            Self::Librdkafka => Words {
                name: "librdkafka",
                automatic: ("`enable.auto.commit` is on", "commits every 5 s in the background"),
                off: "enable.auto.commit=false",
                commit: "a commit of the delivered message's offset + 1",
                careless: Some(("a commit without offsets", "commits all that was polled, also what your code has not come to yet")),
                close: "the consumer's close()",
            },
            Self::KafkaPython => Words {
                name: "kafka-python",
                automatic: ("`enable_auto_commit` is on", "commits every 5 s inside poll(), and once more in close()"),
                off: "enable_auto_commit=False",
                commit: "consumer.commit({TopicPartition(r.topic, r.partition): OffsetAndMetadata(r.offset + 1, \"\", -1)})",
                careless: Some((
                    "commit() without arguments",
                    "commits all that poll() has returned, also what your code has not come to yet",
                )),
                close: "consumer.close()",
            },
            Self::Aiokafka => Words {
                name: "aiokafka",
                automatic: ("`enable_auto_commit` is on", "commits every 5 s in a task of its own, and once more in stop()"),
                off: "enable_auto_commit=False",
                commit: "await consumer.commit({TopicPartition(m.topic, m.partition): m.offset + 1})",
                careless: Some((
                    "commit() without arguments",
                    "commits all that getone() or getmany() has returned, also what your code has not come to yet",
                )),
                close: "await consumer.stop()",
            },
            Self::Java => Words {
                name: "the Java client",
                automatic: ("`enable.auto.commit` is on", "commits every 5 s inside poll(), and once more in close()"),
                off: "enable.auto.commit=false",
                commit: "consumer.commitSync(Map.of(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1)))",
                careless: Some((
                    "commitSync() without arguments",
                    "commits all that poll() has returned, also what your code has not come to yet",
                )),
                close: "consumer.close()",
            },
            Self::Kafkajs => Words {
                name: "kafkajs",
                automatic: (
                    "`autoCommit` is on",
                    "commits the resolved offsets after each batch, and on a timer when `autoCommitInterval` is set",
                ),
                off: "autoCommit: false in run()",
                commit: "consumer.commitOffsets([{ topic, partition, offset: String(BigInt(message.offset) + 1n) }])",
                careless: None,
                close: "consumer.disconnect()",
            },
            Self::FranzGo => Words {
                name: "franz-go",
                automatic: (
                    "autocommitting is on",
                    "commits every 5 s what was polled before the last poll; with `AutoCommitMarks` what was marked",
                ),
                off: "kgo.DisableAutoCommit()",
                commit: "client.CommitRecords(ctx, record)",
                careless: Some(("CommitUncommittedOffsets()", "commits all that was polled, also what your code has not come to yet")),
                close: "client.Close()",
            },
            Self::Sarama => Words {
                name: "sarama",
                automatic: ("`Consumer.Offsets.AutoCommit.Enable` is on", "commits every second what was marked"),
                off: "config.Consumer.Offsets.AutoCommit.Enable = false",
                commit: "session.MarkMessage(message, \"\") followed by session.Commit()",
                careless: Some(("MarkMessage() before the delivery", "offers the message for the next commit")),
                close: "the consumer group's Close()",
            },
            Self::KafkaGo => Words {
                name: "kafka-go",
                automatic: ("`ReadMessage` is used", "commits each message as soon as it is read"),
                off: "FetchMessage instead of ReadMessage",
                commit: "reader.CommitMessages(ctx, message)",
                careless: None,
                close: "reader.Close()",
            },
            Self::Other => Words {
                name: "your client",
                automatic: ("automatic commits are on", "commits by itself, on a timer: every 5 s in most clients"),
                off: "enable.auto.commit=false, or its like",
                commit: "a commit of the delivered event's offset + 1",
                careless: Some((
                    "a commit without offsets",
                    "commits in most clients all that was read, also what your code has not come to yet",
                )),
                close: "the consumer's close()",
            },
        }
    }
}

impl Words {
    /// What else commits at a time of its own, when it may not be the client's default: `nothing that your program delivered led to this: …`.
    #[must_use]
    pub fn clock(&self) -> String {
        let (setting, how) = self.automatic;
        format!(
            "nothing that your program delivered led to this commit: either {setting} ({} {how}, or at the interval that you set), \
             or a timer or thread of your own commits what was read. Turn the first off ({}), and commit after the POST was answered with 2xx: {}",
            self.name, self.off, self.commit
        )
    }

    /// `nothing in your code asked for that: …`, and what to do.
    #[must_use]
    pub fn automatic(&self) -> String {
        let (setting, how) = self.automatic;
        format!(
            "nothing in your code asked for that: {setting} ({} {how}). Turn it off ({}), and commit yourself after the POST was answered with 2xx: {}",
            self.name, self.off, self.commit
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_known_by_their_software_or_else_by_their_usual_client_id() {
        for (software, client) in [
            ("confluent-kafka-python", Client::ConfluentPython),
            ("confluent-kafka-go", Client::Librdkafka),
            ("rust-rdkafka", Client::Librdkafka),
            ("kafka-python", Client::KafkaPython),
            ("apache-kafka-java", Client::Java),
            ("kgo", Client::FranzGo),
        ] {
            assert_eq!(Client::by_software(software), Some(client), "{software}");
        }
        assert_eq!(Client::by_software("my-own"), None);
        for (id, client) in [
            ("aiokafka-0.14.0", Some(Client::Aiokafka)),
            ("rdkafka", Some(Client::Librdkafka)),
            ("kafkajs", Some(Client::Kafkajs)),
            ("consumer@host (github.com/segmentio/kafka-go)", Some(Client::KafkaGo)),
            ("lab-02-consumer", None),
        ] {
            assert_eq!(Client::by_client_id(id), client, "{id}");
        }
    }
}
