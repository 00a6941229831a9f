//! Topics: describe, create.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{BrokerId, CreateTopicsRequest, MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use tokio::time::{Instant, sleep};

use super::Kafka;
use super::code::Code;
use super::nodes::REQUEST;
use crate::timeline::event::PartitionSeen;

/// How long a new topic's partitions may take to get their leaders.
const ELECTION: Duration = Duration::from_secs(30);

/// What a topic gets beyond its name and its number of partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicOptions {
    /// Topic settings, for example `retention.ms`; the broker's defaults for all others.
    pub config: Vec<(String, String)>,
    /// How many replicas each partition gets; the broker's default when `None`.
    pub replication: Option<i16>,
    /// The node ids that hold each partition's replicas, the preferred leader first; the controller chooses when empty.
    pub replicas: Vec<Vec<i32>>,
}

impl Kafka {
    /// The topic's partitions in order; `None` when there is no such topic. Never creates it.
    ///
    /// # Errors
    /// When the cluster does not answer, or refuses for another reason.
    pub async fn describe_topic(&self, topic: &str) -> Result<Option<Vec<PartitionSeen>>> {
        self.describe(topic).await.with_context(|| format!("topic {topic} cannot be described"))
    }

    /// Creates a topic with the broker's default replication, and waits until every partition has a leader.
    ///
    /// # Errors
    /// When the cluster refuses (it exists already, its name is not legal, …) or does not answer.
    pub async fn create_topic(&self, topic: &str, partitions: i32) -> Result<()> {
        self.create_topic_with(topic, partitions, &TopicOptions::default()).await
    }

    /// The same with settings, or with replicas at chosen brokers.
    ///
    /// # Errors
    /// As [`Kafka::create_topic`]; also when a setting or a broker is not known to the cluster.
    pub async fn create_topic_with(&self, topic: &str, partitions: i32, options: &TopicOptions) -> Result<()> {
        self.create(topic, partitions, options).await.with_context(|| format!("topic {topic} cannot be created"))
    }

    /// The names of all topics, Kafka's internal ones left out.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn topics(&self) -> Result<Vec<String>> {
        let request = MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(false);
        let answer = self.nodes().ask_any(&request).await.context("the topics cannot be listed")?;
        let named = answer.topics.into_iter().filter(|topic| !topic.is_internal).filter_map(|topic| topic.name);
        Ok(named.map(|name| name.to_string()).filter(|name| !name.starts_with("__")).collect())
    }

    async fn describe(&self, topic: &str) -> Result<Option<Vec<PartitionSeen>>> {
        let asked = MetadataRequestTopic::default().with_name(Some(topic_name(topic)));
        let request = MetadataRequest::default().with_topics(Some(vec![asked])).with_allow_auto_topic_creation(false);
        let answer = self.nodes().ask_any(&request).await?;
        self.nodes().learn(&answer);
        let seen = answer.topics.into_iter().find(|seen| seen.name.as_ref().is_some_and(|name| name.as_str() == topic));
        let seen = seen.context("the broker's answer leaves the topic out")?;
        match Code::of(seen.error_code) {
            Some(code) if code.is(ResponseError::UnknownTopicOrPartition) => return Ok(None),
            Some(code) => return Err(code.into()),
            None => {}
        }
        let ids = |nodes: Vec<kafka_protocol::messages::BrokerId>| nodes.into_iter().map(|node| node.0).collect();
        let mut partitions: Vec<PartitionSeen> = seen
            .partitions
            .into_iter()
            .map(|partition| PartitionSeen {
                partition: partition.partition_index,
                leader: partition.leader_id.0,
                replicas: ids(partition.replica_nodes),
                isr: ids(partition.isr_nodes),
            })
            .collect();
        partitions.sort_by_key(|partition| partition.partition);
        Ok(Some(partitions))
    }

    async fn create(&self, topic: &str, partitions: i32, options: &TopicOptions) -> Result<()> {
        ensure!(partitions > 0, "it would have {partitions} partitions");
        let wanted = CreatableTopic::default().with_name(topic_name(topic)).with_configs(configs(options));
        // Kafka wants either a number or an assignment, and −1 in place of the number with an assignment.
        let wanted = if options.replicas.is_empty() {
            wanted.with_num_partitions(partitions).with_replication_factor(options.replication.unwrap_or(-1))
        } else {
            wanted.with_num_partitions(-1).with_replication_factor(-1).with_assignments(assignments(options))
        };
        let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(8_000);
        let asked = Instant::now();
        let answer = self.nodes().ask_any(&request).await?;
        // A broker that does not answer in time is given up and another one is asked, which may find that the first has done it.
        let again = asked.elapsed() >= REQUEST;
        let made = answer.topics.into_iter().next().context("the broker's answer leaves the topic out")?;
        if let Some(code) = Code::of(made.error_code).filter(|code| !(again && code.is(ResponseError::TopicAlreadyExists))) {
            return match made.error_message {
                Some(why) => Err(code).with_context(|| why.to_string()),
                None => Err(code.into()),
            };
        }
        let begun = Instant::now();
        loop {
            let seen = self.describe(topic).await?.unwrap_or_default();
            let led = seen.iter().filter(|partition| partition.leader >= 0).count();
            if i32::try_from(led) == Ok(partitions) {
                return Ok(());
            }
            if begun.elapsed() > ELECTION {
                bail!("after {} s only {led} of {partitions} partitions have a leader", ELECTION.as_secs());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn configs(options: &TopicOptions) -> Vec<CreatableTopicConfig> {
    let text = |text: &String| StrBytes::from_string(text.clone());
    let config = options.config.iter();
    config.map(|(name, value)| CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))).collect()
}

fn assignments(options: &TopicOptions) -> Vec<CreatableReplicaAssignment> {
    let one = |(partition, replicas): (i32, &Vec<i32>)| {
        let brokers = replicas.iter().map(|node| BrokerId(*node)).collect();
        CreatableReplicaAssignment::default().with_partition_index(partition).with_broker_ids(brokers)
    };
    (0..).zip(&options.replicas).map(one).collect()
}

pub(super) fn topic_name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}
