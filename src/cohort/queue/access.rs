//! How the queue's cluster is reached, and the clients that are made for it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rdkafka::ClientContext;
use rdkafka::admin::AdminClient;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, FutureProducer, ProducerContext};

use super::membership::Membership;
use super::{Names, published};

/// The largest file of settings that is read, in bytes.
const MOST: u64 = 1 << 20;

/// Settings that a file may give: how to reach the cluster, who we are, and how patient we are. The promises of the queue rest on the others.
const MAY_BE_SET: &[&str] = &[
    "security.",
    "sasl.",
    "ssl.",
    "socket.",
    "reconnect.",
    "retry.",
    "broker.address.",
    "connections.",
    "client.dns.lookup",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "transaction.timeout.ms",
    "request.timeout.ms",
    "message.timeout.ms",
    "metadata.max.age.ms",
    "debug",
];

/// Where the queue's cluster is, and how one is let in.
#[derive(Clone)]
pub struct Access {
    bootstrap: String,
    properties: Vec<(String, String)>,
}

impl Access {
    /// The cluster at `HOST:PORT` (or several with commas), with the settings of a file in librdkafka's names: `key=value` on each line.
    ///
    /// # Errors
    /// When the file cannot be read, or holds what it may not set. Values are never part of a message: they may be secret.
    pub fn new(bootstrap: &str, file: Option<&Path>) -> Result<Self> {
        let properties = match file {
            None => Vec::new(),
            Some(path) => {
                let shown = path.display();
                let size = std::fs::metadata(path).with_context(|| format!("read the queue's settings in {shown}"))?.len();
                if size > MOST {
                    bail!("read the queue's settings: {shown} has {size} bytes; name a file with a setting on each line");
                }
                let text = std::fs::read_to_string(path).with_context(|| format!("read the queue's settings in {shown}"))?;
                properties(&text).with_context(|| format!("the queue's settings in {shown}"))?
            }
        };
        Ok(Self { bootstrap: bootstrap.to_owned(), properties })
    }

    fn config(&self, client: &str, ours: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (key, value) in ours {
            config.set(*key, *value);
        }
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config.set("bootstrap.servers", &self.bootstrap).set("client.id", client);
        config
    }

    /// A member of the workers' group, which has not subscribed yet.
    pub(super) fn member(&self, names: &Names, client: &str) -> Result<BaseConsumer<Membership>> {
        let config = self.config(
            client,
            &[
                ("group.id", &names.group),
                // Offsets are committed by transactions, and by nothing else.
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("isolation.level", "read_committed"),
                ("auto.offset.reset", "earliest"),
                // Who comes or goes takes from the others only what must move.
                ("partition.assignment.strategy", "cooperative-sticky"),
                ("session.timeout.ms", "15000"),
                ("heartbeat.interval.ms", "2000"),
                ("allow.auto.create.topics", "false"),
                ("queued.max.messages.kbytes", "4096"),
                ("fetch.wait.max.ms", "100"),
                ("fetch.error.backoff.ms", "100"),
            ],
        );
        config.create_with_context(Membership::default()).context("no consumer can be made for the queue")
    }

    /// A consumer that is never a member of a group: to read topics, and to ask what a group has committed. With `settled`, only what no
    /// transaction can change any more, which may have to be waited for.
    pub(super) fn reader(&self, names: &Names, client: &str, settled: bool) -> Result<BaseConsumer<Quiet>> {
        let config = self.config(
            client,
            &[
                ("group.id", &names.group),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("enable.partition.eof", "true"),
                ("isolation.level", if settled { "read_committed" } else { "read_uncommitted" }),
                ("auto.offset.reset", "earliest"),
                ("allow.auto.create.topics", "false"),
                ("queued.max.messages.kbytes", "16384"),
                ("fetch.wait.max.ms", "50"),
            ],
        );
        config.create_with_context(Quiet).context("no consumer can be made for the queue")
    }

    /// The producer of whoever owns a partition.
    pub(super) fn owner(&self, names: &Names, client: &str, partition: i32) -> Result<BaseProducer<Quiet>> {
        let config = self.config(
            client,
            &[
                ("transactional.id", &names.transactional_id(partition)),
                ("transaction.timeout.ms", "30000"),
                ("message.timeout.ms", "20000"),
                ("message.max.bytes", &published::MOST_BYTES.to_string()),
                ("compression.type", "zstd"),
                ("linger.ms", "0"),
            ],
        );
        config.create_with_context(Quiet).context("no producer can be made for the queue")
    }

    /// A producer that adds submissions. It uses no transactions: each record takes one offset, so that offsets count submissions.
    pub(super) fn adder(&self, client: &str) -> Result<FutureProducer<Quiet>> {
        let ours = &[("enable.idempotence", "true"), ("acks", "all"), ("partitioner", "murmur2_random"), ("message.timeout.ms", "20000")];
        self.config(client, ours).create_with_context(Quiet).context("no producer can be made for the queue")
    }

    /// A client that makes topics.
    pub(super) fn admin(&self, client: &str) -> Result<AdminClient<Quiet>> {
        self.config(client, &[]).create_with_context(Quiet).context("no admin client can be made for the queue")
    }
}

impl std::fmt::Debug for Access {
    /// Without the settings: they may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("bootstrap", &self.bootstrap).finish_non_exhaustive()
    }
}

fn properties(text: &str) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for (nth, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            bail!("line {nth} is not of the form key=value");
        };
        let key = key.trim();
        let allowed = MAY_BE_SET.iter().any(|may| *may == key || may.ends_with('.') && key.starts_with(may));
        if !allowed {
            bail!(
                "line {nth} sets {key:?}, which is not for this file: the queue's promises rest on it, or it is not about reaching a cluster"
            );
        }
        all.push((key.to_owned(), value.trim().to_owned()));
    }
    Ok(all)
}

/// librdkafka's own messages go to `tracing`, never to the terminal: the call that fails tells them again, in context.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", "{facility}: {message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", "{error}: {reason}");
    }
}

impl ConsumerContext for Quiet {}

impl ProducerContext for Quiet {
    type DeliveryOpaque = ();

    // A record that is not delivered makes its transaction, or the flush after it, fail.
    fn delivery(&self, _: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_how_to_get_in_and_nothing_else() {
        let text = "\u{feff}# who we are\r\nsecurity.protocol = SASL_SSL\r\nsasl.password=a=b#c \n\n! note\nsession.timeout.ms=6000\n";
        let seen = properties(text).unwrap();
        assert_eq!(seen[1], ("sasl.password".to_owned(), "a=b#c".to_owned()));
        assert_eq!(seen.len(), 3);
        for wrong in ["isolation.level", "transactional.id", "enable.auto.commit", "group.id", "plugin.library.paths", "bootstrap.servers"]
        {
            let error = properties(&format!("{wrong}=hunter2")).unwrap_err().to_string();
            assert!(error.starts_with("line 1 sets") && !error.contains("hunter2"), "{error}");
        }
        assert_eq!(properties("\nsecret").unwrap_err().to_string(), "line 2 is not of the form key=value");
    }

    #[test]
    fn what_is_shown_of_it_holds_no_secret() {
        let access = Access { bootstrap: "h:1".to_owned(), properties: vec![("sasl.password".to_owned(), "hunter2".to_owned())] };
        assert!(!format!("{access:?}").contains("hunter2"));
    }
}
