//! `keep-producing`: another service writes to a topic, as long as the check lasts.

use std::time::Duration;

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Act, Finding, Kind, Reference};
use crate::lab::data::Record;
use crate::outcome::Mismatch;
use crate::run::{CheckCtx, Service};
use crate::timeline::{Recorder, What};
use crate::world::kafka::{Kafka, Outgoing};

/// The most records a second: this is traffic to look at, no load.
const MOST: u32 = 500;

/// Writes the records of a data set at a steady pace, to the partitions in turn, over and over until the check ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepProducing {
    /// The topic.
    pub topic: String,
    /// The data set; after its last record it begins again.
    pub data: String,
    /// How many records a second.
    pub per_second: u32,
}

impl Kind for KeepProducing {
    const DOC: &'static str = "Lets another service write to a topic: the records of a data set at a steady pace, to the partitions in turn, until the check ends.\n\n\
        The end offset of every partition moves, so a committed offset that stands still falls behind. \
        Where the machine is too busy to keep the pace, what depends on it becomes inconclusive.";
    const EXAMPLE: &'static str = "keep-producing: { topic: $(topic), data: events, per_second: 20 }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Data(self.data.clone())]
    }

    fn lint(&self) -> Vec<Finding> {
        if (1..=MOST).contains(&self.per_second) {
            return Vec::new();
        }
        let message = format!("{} records a second is out of range", self.per_second);
        vec![Finding::at("per_second", message, format!("write between 1 and {MOST} records a second"))]
    }
}

impl Act for KeepProducing {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let described = ctx.kafka().describe_topic(&self.topic).await?;
        let partitions = described.with_context(|| format!("write to {}: there is no such topic, create it first", self.topic))?;
        let mut writer = Writer {
            kafka: ctx.kafka().clone(),
            recorder: ctx.recorder().clone(),
            spec: self.clone(),
            check: ctx.check().id.clone(),
            records: ctx.data_set(&self.data)?.records(),
            partitions: partitions.into_iter().map(|seen| seen.partition).collect(),
            written: 0,
            began: Instant::now(),
        };
        // The first records are there when the next action begins.
        writer.turn().await?;
        ctx.keep("producer", &self.topic, writer).await;
        Ok(None)
    }
}

struct Writer {
    kafka: Kafka,
    recorder: Recorder,
    spec: KeepProducing,
    check: String,
    records: Vec<Record>,
    partitions: Vec<i32>,
    written: usize,
    began: Instant,
}

impl Service for Writer {
    /// Writes what is due by now; after a pause not all that was missed, so that the pace stays.
    async fn turn(&mut self) -> Result<()> {
        let due = (self.began.elapsed().as_secs_f64() * f64::from(self.spec.per_second)).floor() as usize + self.partitions.len();
        let owed = due.saturating_sub(self.written);
        let now = owed.min(self.spec.per_second as usize + self.partitions.len());
        if now < owed {
            let behind = (owed - now) as f64 / f64::from(self.spec.per_second);
            self.began += Duration::from_secs_f64(behind);
        }
        let batch: Vec<(&Record, i32)> = self
            .records
            .iter()
            .cycle()
            .skip(self.written % self.records.len().max(1))
            .zip(self.partitions.iter().copied().cycle().skip(self.written % self.partitions.len().max(1)))
            .take(now)
            .collect();
        let outgoing = batch
            .iter()
            .map(|(record, partition)| Outgoing {
                key: record.key.clone(),
                value: record.value.clone(),
                headers: Vec::new(),
                partition: Some(*partition),
            })
            .collect();
        let placed = self.kafka.produce(&self.spec.topic, outgoing).await?;
        let data = format!("{}/{}", self.check, self.spec.data);
        for ((record, _), (partition, offset)) in batch.iter().zip(placed) {
            self.recorder.append(What::Produced {
                topic: self.spec.topic.as_str().into(),
                partition,
                offset,
                data: data.as_str().into(),
                event: record.event.as_deref().map(Into::into),
            });
        }
        self.written += now;
        Ok(())
    }
}
