//! The scene of a run: the one cluster, sink and submission that all its checks share.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::sync::{Mutex, watch};

use crate::outcome::RunFacts;
use crate::timeline::{Recorder, What};
use crate::world::cluster::{Cluster, Health};
use crate::world::guard::Guard;
use crate::world::kafka::Kafka;
use crate::world::program::{Prepared, SubmissionError};
use crate::world::sink::Sink;

/// What all checks of a run share.
pub struct Scene {
    /// The lab's name.
    pub lab: String,
    /// The way onto the timeline.
    pub recorder: Recorder,
    /// The cluster.
    pub cluster: Cluster,
    /// The grader's own client, on the ADMIN listener.
    pub kafka: Kafka,
    /// The HTTP service that learners' programs deliver to.
    pub sink: Sink,
    /// The learner's programs, ready to start.
    pub prepared: Prepared,
    /// The command of each program, by its name in the lab; the reason where the submission has none.
    pub commands: HashMap<String, Result<Vec<String>, SubmissionError>>,
    /// Looks after everything that is started.
    pub guard: Guard,
    /// What the run is made with.
    pub facts: RunFacts,
    /// How all time budgets are stretched.
    pub scale: f64,
    /// Turns true when the run is to end at once.
    pub interrupted: watch::Receiver<bool>,
    /// Reading a topic moves on from where the last reading ended: one at a time.
    pub reading: Mutex<()>,
}

impl Scene {
    /// Why the cluster is gone, if it is. A broker that died is never the learner's fault.
    pub async fn cluster_death(&self) -> Option<String> {
        match self.cluster.health() {
            Health::Died { status, log_tail } => {
                let tail: Vec<_> = log_tail.lines().rev().take(5).collect();
                let tail: Vec<_> = tail.into_iter().rev().collect();
                Some(format!("the broker died ({status}) while this was graded; its log ends with: {}", tail.join(" | ")))
            }
            Health::Running => {
                let error = self.kafka.ping().await.err()?;
                // Asked twice: one slow answer on a busy machine is no death.
                self.kafka.ping().await.err()?;
                Some(format!("the cluster stopped answering while this was graded: {error:#}"))
            }
        }
    }

    /// Removes the members that a check's crashed programs left behind in a group.
    ///
    /// # Errors
    /// When the coordinator refuses, or when another instance of the check is still alive: without the wire nobody can tell whose member is whose.
    pub async fn evict_dead(&self, check: &str, group: &str) -> Result<()> {
        let alive = self.recorder.timeline().instances_of(check).iter().any(|(_, instance)| instance.alive());
        if alive {
            bail!("cannot tell which member of group {group} died while another instance of `{check}` is alive");
        }
        let Some(description) = self.kafka.describe_group(group).await? else { return Ok(()) };
        for member in description.members {
            self.kafka.evict(group, &member.member).await?;
            self.recorder.append(What::Evicted { group: group.into(), member: member.member });
        }
        Ok(())
    }

    /// Waits until the run is interrupted.
    pub async fn interruption(self: &Arc<Self>) {
        let mut interrupted = self.interrupted.clone();
        if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
