//! Which broker has a role at this moment.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::{DescribeQuorumRequest, FindCoordinatorRequest};
use kafka_protocol::protocol::StrBytes;
use tokio::time::{Instant, sleep};

use super::Kafka;
use super::code::Code;
use super::topics::topic_name;

/// How long a role may be vacant: while a leader, a coordinator or a controller is elected.
const VACANT: Duration = Duration::from_secs(20);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// The topic that the controllers keep the cluster's metadata in; its leader is the active controller.
const METADATA: &str = "__cluster_metadata";

impl Kafka {
    /// The node id of the broker that leads a partition. Waits while there is none.
    ///
    /// # Errors
    /// When there is no such partition, or no leader in time.
    pub async fn leader(&self, topic: &str, partition: i32) -> Result<i32> {
        let begun = Instant::now();
        loop {
            let partitions = self.describe_topic(topic).await?.with_context(|| format!("there is no topic {topic}"))?;
            let seen = partitions.iter().find(|seen| seen.partition == partition);
            let leader = seen.with_context(|| format!("topic {topic} has no partition {partition}"))?.leader;
            if leader >= 0 {
                return Ok(leader);
            }
            if begun.elapsed() > VACANT {
                bail!("partition {partition} of topic {topic} has had no leader for {} s", VACANT.as_secs());
            }
            sleep(PAUSE).await;
        }
    }

    /// The node id of the broker that coordinates a group. Waits while there is none.
    ///
    /// # Errors
    /// When there is none in time, or no broker answers.
    pub async fn coordinator(&self, group: &str) -> Result<i32> {
        let key = StrBytes::from_string(group.to_owned());
        let request = FindCoordinatorRequest::default().with_key_type(0).with_coordinator_keys(vec![key]);
        let begun = Instant::now();
        loop {
            let answer =
                self.nodes().ask_any(&request).await.with_context(|| format!("the coordinator of group {group} cannot be found"))?;
            let found = answer.coordinators.into_iter().next().context("the broker's answer leaves the group out")?;
            match Code::of(found.error_code) {
                None => return Ok(found.node_id.0),
                Some(code) if code.is_about_coordinator() && begun.elapsed() < VACANT => sleep(PAUSE).await,
                Some(code) => return Err(code).with_context(|| format!("the coordinator of group {group} cannot be found")),
            }
        }
    }

    /// The node id of the active controller. What Metadata calls the controller is any broker: one that passes requests on to it.
    ///
    /// # Errors
    /// When there is none in time, or no broker answers.
    pub async fn controller(&self) -> Result<i32> {
        let partition = PartitionData::default().with_partition_index(0);
        let topic = TopicData::default().with_topic_name(topic_name(METADATA)).with_partitions(vec![partition]);
        let request = DescribeQuorumRequest::default().with_topics(vec![topic]);
        let begun = Instant::now();
        loop {
            let answer = self.nodes().ask_any(&request).await.context("the controller cannot be found")?;
            let seen = answer.topics.into_iter().flat_map(|topic| topic.partitions).next();
            match seen {
                Some(partition) if partition.error_code == 0 && partition.leader_id.0 >= 0 => return Ok(partition.leader_id.0),
                _ if begun.elapsed() > VACANT => bail!("the cluster has had no controller for {} s", VACANT.as_secs()),
                _ => sleep(PAUSE).await,
            }
        }
    }
}
