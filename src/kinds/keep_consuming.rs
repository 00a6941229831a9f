//! `keep-consuming`: another service reads a topic as a member of its group, as long as the check lasts.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::{Act, Finding, Kind};
use crate::outcome::Mismatch;
use crate::run::{CheckCtx, Service};
use crate::world::kafka::Member;

/// How long it may take to get its partitions.
const JOIN: Duration = Duration::from_secs(30);
/// How many records it takes in one turn when nothing limits it.
const ALL: usize = 2000;
/// Turns in a second, about.
const TURNS: u32 = 10;
/// How long a turn waits for records.
const WAIT: Duration = Duration::from_millis(20);

/// Joins a group, reads a topic and commits what it read, until the check ends; healthy or ill, as the settings say.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepConsuming {
    /// The topic.
    pub topic: String,
    /// The group. It is the only member.
    pub group: String,
    /// Whether it commits (true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits: Option<bool>,
    /// It keeps this partition, but its committed offset there never moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_in: Option<i32>,
    /// How many records a second it can do; as many as there are without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
}

impl Kind for KeepConsuming {
    const DOC: &'static str = "Lets another service read a topic until the check ends: one member of a group that commits what it read, ten times a second. \
        It goes on when all partitions are its own.\n\n\
        It can be ill in the ways that services are: too slow for what is written (`per_second`), stuck in one partition, or without commits. \
        Where the machine is too busy for a healthy one to keep up, what depends on it becomes inconclusive.";
    const EXAMPLE: &'static str = "keep-consuming: { topic: $(topic), group: $(group), stuck_in: 1 }";

    fn lint(&self) -> Vec<Finding> {
        if self.commits == Some(false) && self.stuck_in.is_some() {
            let message = "who commits nothing is stuck in no partition more than in the others";
            return vec![Finding::at("stuck_in", message, "keep one of `commits: false` and `stuck_in`")];
        }
        if self.per_second == Some(0) {
            return vec![Finding::at("per_second", "who reads nothing is no consumer", "give at least 1, or leave it out")];
        }
        Vec::new()
    }
}

impl Act for KeepConsuming {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let described = ctx.kafka().describe_topic(&self.topic).await?;
        let partitions = described.with_context(|| format!("read {}: there is no such topic, create it first", self.topic))?.len();
        let mut reader = Reader { spec: self.clone(), member: Some(ctx.kafka().join(&self.group, &self.topic)?) };
        let begun = Instant::now();
        while reader.go_on().await? < partitions {
            if begun.elapsed() > ctx.scaled(JOIN) {
                bail!("the grader's own member of group {} did not get all partitions of {} within {} s", self.group, self.topic, JOIN.as_secs());
            }
        }
        ctx.keep("consumer", &self.topic, reader).await;
        Ok(None)
    }
}

struct Reader {
    spec: KeepConsuming,
    /// Away only while it works.
    member: Option<Member>,
}

impl Reader {
    /// One turn; gives back how many partitions it has.
    async fn go_on(&mut self) -> Result<usize> {
        let member = self.member.take().context("the member was lost in a turn that did not end")?;
        let (spec, most) = (self.spec.clone(), self.spec.per_second.map_or(ALL, |rate| (rate / TURNS).max(1) as usize));
        let (member, result) = spawn_blocking(move || {
            let result = turn(&member, &spec, most);
            (member, result)
        })
        .await?;
        self.member = Some(member);
        result
    }
}

fn turn(member: &Member, spec: &KeepConsuming, most: usize) -> Result<usize> {
    let mut next = member.take(most, WAIT)?;
    if let Some(partition) = spec.stuck_in {
        next.remove(&partition);
    }
    if spec.commits != Some(false) {
        member.commit(&next)?;
    }
    Ok(member.assigned()?.len())
}

impl Service for Reader {
    async fn turn(&mut self) -> Result<()> {
        self.go_on().await.map(drop)
    }
}

impl Drop for Reader {
    /// Leaving a group asks the broker, which must not be waited for here.
    fn drop(&mut self) {
        if let Some(member) = self.member.take() {
            drop(spawn_blocking(move || drop(member)));
        }
    }
}
