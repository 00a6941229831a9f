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
}

impl Kind for CreateTopic {
    const DOC: &'static str = "Creates a topic for the check's own use, and waits until every partition has a leader.\n\n\
        Kafka creates no topic by itself here (`auto.create.topics.enable=false`), so a consumer that is started before its topic exists would wait for it.";
    const EXAMPLE: &'static str = "create-topic: { name: $(topic), partitions: 3 }";

    fn lint(&self) -> Vec<Finding> {
        if self.partitions > 0 {
            return Vec::new();
        }
        vec![Finding::at("partitions", format!("a topic cannot have {} partitions", self.partitions), "give it at least one")]
    }
}

impl Act for CreateTopic {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        ctx.kafka().create_topic(&self.name, self.partitions).await?;
        ctx.recorder().append(What::TopicCreated { topic: self.name.as_str().into(), partitions: self.partitions });
        Ok(None)
    }
}
