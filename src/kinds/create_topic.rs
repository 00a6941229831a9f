//! `create-topic`: the grader makes a topic.

use anyhow::Result;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Finding, Kind};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::lab::Scalar;
use crate::timeline::What;
use crate::world::kafka::TopicOptions;

/// Creates a topic for a check's own use. It goes away with the cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTopic {
    /// The topic's name.
    pub name: String,
    /// How many partitions it gets.
    pub partitions: i32,
    /// How many replicas every partition gets; without it three, or as many as there are brokers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication: Option<i16>,
    /// Topic settings, as Kafka names them; the broker's defaults for all others.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub config: IndexMap<String, Scalar>,
    /// For each partition in order the brokers (node ids, from 1) that hold its replicas, the preferred leader first; without it the cluster chooses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<Vec<i32>>,
}

impl Kind for CreateTopic {
    const DOC: &'static str = "Creates a topic for the check's own use, and waits until every partition has a leader.\n\n\
        Kafka creates no topic by itself here (`auto.create.topics.enable=false`), so a consumer that is started before its topic exists would wait for it.";
    const EXAMPLE: &'static str = "create-topic: { name: $(topic), partitions: 3 }";

    fn lint(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.partitions <= 0 {
            found.push(Finding::at("partitions", format!("a topic cannot have {} partitions", self.partitions), "give it at least one"));
        }
        if let Some(replication @ ..=0) = self.replication {
            found.push(Finding::at("replication", format!("a partition cannot have {replication} replicas"), "give it at least one"));
        }
        let placed = self.replicas.len();
        if placed > 0 && i32::try_from(placed) != Ok(self.partitions) {
            let message = format!("`replicas` places {placed} of {} partitions", self.partitions);
            found.push(Finding::at("replicas", message, "give one list of brokers for each partition: `[[1, 2], [2, 1]]`"));
        }
        if self.replicas.iter().any(Vec::is_empty) {
            found.push(Finding::at("replicas", "a partition without a replica cannot be", "name at least one broker for each partition"));
        }
        if placed > 0 && self.replication.is_some() {
            found.push(Finding::at("replication", "`replicas` says already how many there are", "keep one of `replication` and `replicas`"));
        }
        found
    }
}

impl Act for CreateTopic {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let config = self.config.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
        let options = TopicOptions { config, replication: self.replication, replicas: self.replicas.clone() };
        ctx.kafka().create_topic_with(&self.name, self.partitions, &options).await?;
        ctx.recorder().append(What::TopicCreated { topic: self.name.as_str().into(), partitions: self.partitions });
        Ok(None)
    }
}
