//! `create-topic`: the grader makes a topic.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Finding, Kind};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;

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
        found
    }
}

impl Act for CreateTopic {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        ctx.kafka().create_replicated_topic(&self.name, self.partitions, self.replication).await?;
        ctx.recorder().append(What::TopicCreated { topic: self.name.as_str().into(), partitions: self.partitions });
        Ok(None)
    }
}
