//! `broker`: stops, kills, starts again one broker of the run's cluster.

use std::time::Duration;

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Finding, Kind, Reference};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::event::BrokerChange;

/// Does something to one broker of the run's own cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Broker {
    /// SIGTERM, a controlled shutdown: it hands its leaders over, tells the controller, closes its files and ends. Waits until it has ended.
    Stop(Chosen),
    /// SIGKILL, a crash: nobody is told anything by the broker itself.
    Kill(Killed),
    /// Starts a broker that is down, with the same data, node id and ports; one that is up is stopped in order first. Waits until it answers
    /// on all its listeners. Its replicas may still be catching up then.
    Restart(Chosen),
    /// SIGSTOP: it stands still. Connections to it stay open, new ones are taken by the system, and nothing is answered: what a network shows that
    /// swallows every packet, or a machine that hangs. The controller fences it when its session ends (`broker.session.timeout.ms`).
    Pause(Chosen),
    /// SIGCONT: it goes on as if nothing had happened, and believes for a moment that it still has the roles it had.
    Resume(Chosen),
}

/// One broker.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// Which one.
    pub which: Which,
    /// A name for it in this check, for actions that come later: roles move to another broker, names stay.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One broker that is killed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Killed {
    /// Which one.
    pub which: Which,
    /// A name for it in this check, for actions that come later: roles move to another broker, names stay.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the controller learns of it (`at-once`).
    #[serde(default)]
    pub fenced: Fenced,
}

/// When the controller learns that a broker was killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fenced {
    /// The grader tells it, and the action ends when it knows: no check waits for the end of a session.
    #[default]
    AtOnce,
    /// By itself, when the broker's session ends. Set `broker.session.timeout.ms` in `cluster.settings` (Kafka's default is 9 s, kgrade's 120 s).
    AfterSession,
}

/// A broker by its node id, or by its role when the action begins.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The broker with this node id, counted from 1.
    Node(i32),
    /// The leader of a partition.
    Leader(Partition),
    /// The coordinator of a consumer group.
    Coordinator(OfGroup),
    /// The active controller.
    Controller(Nothing),
    /// The broker that an earlier action of this check named with `as`.
    Named(String),
}

/// A partition.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
}

/// A consumer group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfGroup {
    /// The group.
    pub group: String,
}

/// Nothing needs to be said about it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl Kind for Broker {
    const DOC: &'static str = "Does something to one broker of the run's cluster: stops, kills, restarts, pauses it or lets it go on.\n\n\
        Kafka keeps several replicas of a partition so that a broker may fail: another in-sync replica becomes the leader, and clients that ask again go on there. \
        What a program does in that moment (retry, give up, lose, send twice) shows only when it comes. \
        A broker is chosen by its node id or by its role: the leader of a partition, the coordinator of a group, the active controller. \
        A check with this action runs alone, and what it broke is put right before the next check begins. \
        It needs a cluster of kgrade's own, with `cluster: { brokers: 3 }` when anything is to go on meanwhile.";
    const EXAMPLE: &'static str = "broker: { kill: { which: { leader: { topic: $(topic), partition: 0 } }, as: lost } }";

    fn references(&self) -> Vec<Reference> {
        match self.which() {
            Which::Named(name) => vec![Reference::Broker(name.clone())],
            Which::Node(node) => vec![Reference::Node(*node)],
            Which::Leader(_) | Which::Coordinator(_) | Which::Controller(_) => Vec::new(),
        }
    }

    fn lint(&self) -> Vec<Finding> {
        match (self, self.which()) {
            (_, Which::Leader(Partition { partition: ..0, .. })) => {
                vec![Finding::at("which", "partitions count from 0", "write `partition: 0` for the first")]
            }
            (Self::Resume(_), Which::Leader(_) | Which::Coordinator(_) | Which::Controller(_)) => {
                let help = "name the broker when it is paused (`as: slow`) and write `which: { named: slow }`";
                vec![Finding::at("which", "a broker that stands still cannot be found by a role", help)]
            }
            _ => Vec::new(),
        }
    }
}

impl Broker {
    fn which(&self) -> &Which {
        match self {
            Self::Stop(chosen) | Self::Restart(chosen) | Self::Pause(chosen) | Self::Resume(chosen) => &chosen.which,
            Self::Kill(killed) => &killed.which,
        }
    }

    /// The name that it gives to the broker, if it gives one.
    #[must_use]
    pub fn names(&self) -> Option<&str> {
        match self {
            Self::Stop(chosen) | Self::Restart(chosen) | Self::Pause(chosen) | Self::Resume(chosen) => chosen.name.as_deref(),
            Self::Kill(killed) => killed.name.as_deref(),
        }
    }
}

impl Which {
    /// The node id of the broker that it is now.
    async fn find(&self, ctx: &CheckCtx) -> Result<i32> {
        let kafka = ctx.kafka();
        match self {
            Self::Node(node) => Ok(*node),
            Self::Leader(Partition { topic, partition }) => kafka.leader(topic, *partition).await,
            Self::Coordinator(OfGroup { group }) => kafka.coordinator(group).await,
            Self::Controller(_) => kafka.controller().await,
            Self::Named(name) => {
                let known = ctx.recorder().timeline().broker_named(&ctx.check().id, name);
                known.with_context(|| format!("no broker was named `{name}` in check `{}`", ctx.check().id))
            }
        }
    }
}

impl Act for Broker {
    fn budget(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Stop(_) | Self::Kill(_) => 5,
            Self::Restart(_) => 10,
            Self::Pause(_) | Self::Resume(_) => 1,
        })
    }

    fn now(&self) -> Option<String> {
        let doing = match self {
            Self::Stop(_) => "stopping a broker",
            Self::Kill(_) => "killing a broker, as a crash would",
            Self::Restart(_) => "restarting a broker",
            Self::Pause(_) => "making a broker stand still",
            Self::Resume(_) => "letting a broker go on",
        };
        Some(doing.to_owned())
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let node = self.which().find(ctx).await.context("choose a broker")?;
        let cluster = &ctx.scene().cluster;
        let tell = |did| {
            let (check, name) = (ctx.check().id.as_str().into(), self.names().map(Into::into));
            ctx.recorder().append(What::Broker { check, node, did, name });
        };
        match self {
            Self::Stop(_) => {
                tell(BrokerChange::Stopping);
                cluster.stop_broker(node).await?;
                tell(BrokerChange::Stopped);
            }
            Self::Kill(killed) => {
                tell(BrokerChange::Killed);
                cluster.kill_broker(node, killed.fenced == Fenced::AtOnce).await?;
                if killed.fenced == Fenced::AtOnce {
                    tell(BrokerChange::Fenced);
                }
            }
            Self::Restart(_) => {
                tell(BrokerChange::Starting);
                cluster.restart_broker(node).await?;
                tell(BrokerChange::Started);
            }
            Self::Pause(_) => {
                tell(BrokerChange::Paused);
                cluster.pause_broker(node, true).await?;
            }
            Self::Resume(_) => {
                tell(BrokerChange::Resumed);
                cluster.pause_broker(node, false).await?;
            }
        }
        Ok(None)
    }
}
