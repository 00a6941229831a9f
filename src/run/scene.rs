//! The scene of a run: the one cluster, sink and submission that all its checks share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::{Mutex, watch};

use super::eviction;
use super::seats::Seats;
use super::turns::Turns;
use crate::outcome::RunFacts;
use crate::timeline::{Recorder, What};
use crate::world::cluster::{Cluster, Health};
use crate::world::docker::Docker;
use crate::world::guard::Guard;
use crate::world::kafka::Kafka;
use crate::world::program::{Prepared, SubmissionError};
use crate::world::sink::Sink;
use crate::world::tap::{Allow, Tap};

/// How long kgrade's own broker may leave questions unanswered while its process runs: a machine may have much else to do.
const STARVED: Duration = Duration::from_secs(20);

/// How often the cluster is looked at while a check waits for something else.
const WATCH: Duration = Duration::from_millis(500);

/// What all checks of a run share.
pub struct Scene {
    /// The lab's name.
    pub lab: String,
    /// The way onto the timeline.
    pub recorder: Recorder,
    /// The cluster.
    pub cluster: Cluster,
    /// What stands between every program and every broker.
    pub tap: Tap,
    /// Where a cluster that kgrade did not start may send the programs.
    pub allow: Allow,
    /// The containers of this machine.
    pub docker: Docker,
    /// The places at the tap.
    pub seats: Seats,
    /// Which checks run side by side.
    pub turns: Turns,
    /// The grader's own client, on the ADMIN listener.
    pub kafka: Kafka,
    /// The HTTP service that learners' programs deliver to.
    pub sink: Sink,
    /// The submission's own folder. Programs run in a copy of it.
    pub submission: PathBuf,
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
        if let Some(death) = self.broker_death() {
            return Some(death);
        }
        // What was never alive does not die: that it is not there is judged.
        if !self.recorder.timeline().is_cluster_usable() {
            return None;
        }
        // Asked twice at least: one slow answer on a busy machine is no death. A process that runs on is waited for longer, and one that dies
        // closes its sockets some moments before its end can be told.
        let until = Instant::now() + if self.cluster.is_own() { STARVED } else { Duration::ZERO };
        // Nobody answers when the check has stopped them all.
        if !self.cluster.should_answer() {
            return None;
        }
        self.kafka.ping().await.err()?;
        let error = loop {
            let error = self.kafka.ping().await.err()?;
            if let Some(death) = self.broker_death() {
                return Some(death);
            }
            if Instant::now() >= until {
                break error;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        Some(format!("the cluster stopped answering while this was graded: {error:#}"))
    }

    /// Waits until the cluster is gone, and says how.
    pub async fn cluster_gone(&self) -> String {
        loop {
            tokio::select! {
                () = tokio::time::sleep(WATCH) => {}
                reason = self.tap.misled() => return format!("the programs cannot be graded on this cluster: {reason}"),
            }
            // The end of kgrade's own broker is seen at once; another cluster has to be asked.
            let death = if self.cluster.is_own() { self.broker_death() } else { self.cluster_death().await };
            if let Some(reason) = death {
                return reason;
            }
        }
    }

    /// How kgrade's own broker ended, if it has.
    fn broker_death(&self) -> Option<String> {
        let Health::Died { node, status, log_tail } = self.cluster.health() else { return None };
        let mut tail: Vec<_> = log_tail.lines().rev().take(5).collect();
        tail.reverse();
        let tail = if tail.is_empty() { String::new() } else { format!("; its log ends with: {}", tail.join(" | ")) };
        let who = if self.cluster.brokers() > 1 { format!("broker {node}") } else { "the broker".to_owned() };
        Some(format!("{who} died ({status}) while this was graded{tail}"))
    }

    /// Removes the members that a check's crashed programs left behind in a group. Which these are is known from the wire.
    ///
    /// # Errors
    /// When the coordinator refuses, or when another instance of the check is alive and none of the members was seen on the wire: then nobody
    /// can tell whose member is whose.
    pub async fn evict_dead(&self, check: &str, group: &str) -> Result<()> {
        let Some(description) = self.kafka.describe_group(group).await? else { return Ok(()) };
        let dead = eviction::dead(&self.recorder.timeline(), check, group, &description.members)
            .map(|dead| dead.into_iter().map(str::to_owned).collect::<Vec<_>>());
        let Some(dead) = dead else {
            bail!("cannot tell which member of group {group} died while another instance of `{check}` is alive: none was seen on the wire");
        };
        for member in dead {
            self.kafka.evict(group, &member).await?;
            self.recorder.append(What::Evicted { group: group.into(), member });
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
