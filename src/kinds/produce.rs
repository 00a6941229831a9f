//! `produce`: the grader writes a data set to a topic.

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Finding, Kind, Reference};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::world::kafka::Outgoing;

/// Writes every record of a data set, in order, and waits until all are acknowledged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Produce {
    /// The topic.
    pub topic: String,
    /// The data set.
    pub data: String,
    /// Writes all records to this partition; without it the key decides, as Kafka's Java client does (murmur2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// True: writes to the partitions in turn, so that all get the same share whatever the keys are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_turn: Option<bool>,
}

impl Kind for Produce {
    const DOC: &'static str = "Writes a data set to a topic with the grader's own idempotent producer (`acks=all`).\n\n\
        Every record's partition and offset go on the timeline, so that a delivery at the sink and a committed offset can be compared with it.";
    const EXAMPLE: &'static str = "produce: { topic: $(topic), data: events }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Data(self.data.clone())]
    }

    fn lint(&self) -> Vec<Finding> {
        if self.partition.is_some() && self.in_turn == Some(true) {
            return vec![Finding::at("in_turn", "records that all go to one partition cannot go to all in turn", "keep one of `partition` and `in_turn`")];
        }
        Vec::new()
    }
}

impl Act for Produce {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let set = ctx.data_set(&self.data)?;
        let records = set.records();
        let turns = if self.in_turn == Some(true) { self.partitions(ctx).await? } else { Vec::new() };
        let mut turns = turns.iter().copied().cycle();
        let outgoing = records
            .iter()
            .map(|record| Outgoing {
                key: record.key.clone(),
                value: record.value.clone(),
                headers: Vec::new(),
                partition: self.partition.or_else(|| turns.next()),
            })
            .collect();
        let placed = ctx.kafka().produce(&self.topic, outgoing).await.with_context(|| format!("write `{}` to {}", self.data, self.topic))?;
        let data = format!("{}/{}", ctx.check().id, self.data);
        for (record, (partition, offset)) in records.iter().zip(placed) {
            ctx.recorder().append(What::Produced {
                topic: self.topic.as_str().into(),
                partition,
                offset,
                data: data.as_str().into(),
                event: record.event.as_deref().map(Into::into),
            });
        }
        Ok(None)
    }
}

impl Produce {
    /// The topic's partitions.
    async fn partitions(&self, ctx: &CheckCtx) -> Result<Vec<i32>> {
        let described = ctx.kafka().describe_topic(&self.topic).await?;
        let described = described.with_context(|| format!("write `{}` to {}: there is no such topic", self.data, self.topic))?;
        Ok(described.into_iter().map(|partition| partition.partition).collect())
    }
}
