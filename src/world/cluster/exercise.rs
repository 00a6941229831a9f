//! What clients do with a broker, done once, so that the CDS archive has the classes for it.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::error::ClusterError;
use super::work::Work;
use crate::world::access::Access;

/// For each step. A machine with much to do must not end it early: what is missing in the archive makes every later start slower.
const PATIENCE: Duration = Duration::from_secs(120);
const TOPIC: &str = "exercise";

/// Creates a topic, runs a transaction, joins a group, reads, commits, leaves, deletes. A broker that does not let us only makes a
/// smaller archive, so only an interruption is an error.
///
/// # Errors
/// [`ClusterError::Interrupted`].
pub fn exercise(work: &Work, admin: &Access) -> Result<(), ClusterError> {
    let config = admin.config();
    if let Err(error) = topic(&config).and_then(|()| produce(&config)).and_then(|()| consume(work, &config)) {
        tracing::debug!(%error, "the exercise for the class archive stopped early");
    }
    work.check()
}

fn topic(config: &ClientConfig) -> KafkaResult<()> {
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let topic = NewTopic::new(TOPIC, 2, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| KafkaError::Canceled)?;
    runtime.block_on(admin.create_topics([&topic], &AdminOptions::new().operation_timeout(Some(PATIENCE)))).map(|_| ())
}

fn produce(config: &ClientConfig) -> KafkaResult<()> {
    let producer: BaseProducer = config.clone().set("transactional.id", TOPIC).create()?;
    producer.init_transactions(PATIENCE)?;
    producer.begin_transaction()?;
    for number in 0..100_u32 {
        let key = number.to_string();
        let record = BaseRecord::to(TOPIC).key(&key).payload(&key);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    producer.commit_transaction(PATIENCE)
}

fn consume(work: &Work, config: &ClientConfig) -> KafkaResult<()> {
    let mut config = config.clone();
    config.set("group.id", TOPIC).set("auto.offset.reset", "earliest").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    consumer.subscribe(&[TOPIC])?;
    let begun = Instant::now();
    let mut seen = 0;
    while seen < 100 && begun.elapsed() < PATIENCE && work.check().is_ok() {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            message?;
            seen += 1;
        }
    }
    consumer.commit_consumer_state(CommitMode::Sync)
}
