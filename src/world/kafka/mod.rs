//! The grader's own access to Kafka, on the ADMIN listener: never through the tap, never a member of a learner's group.
//! ([`Member`] is one of a group that the lab itself makes.)
//!
//! Records are written and read with librdkafka ([`produce`], [`read`]). Everything else is one request and one answer on a small
//! client of our own ([`wire`]), because librdkafka's safe interface has no offsets of other groups, no member ids of KIP-848
//! groups and no LeaveGroup. The broker is not trusted: an answer is measured ([`schema`]) before it is decoded.
//!
//! Errors name the topic or group and Kafka's error code; they are the environment's, never the learner's.

mod asked;
mod cleanup;
mod code;
mod groups;
mod log;
mod member;
mod nodes;
mod offsets;
pub mod partitioner;
mod produce;
mod read;
mod roles;
pub mod schema;
mod topics;
mod wire;

use std::sync::Arc;

use anyhow::{Result, ensure};

pub use code::Code;
pub use member::Member;
pub use produce::Outgoing;
pub use topics::TopicOptions;

use crate::world::access::Access;

/// A Kafka cluster, as the grader uses it. Clones share connections.
#[derive(Clone)]
pub struct Kafka {
    shared: Arc<Shared>,
}

struct Shared {
    access: Access,
    nodes: nodes::Nodes,
    producer: produce::Slot,
    readers: read::Pool,
}

impl Kafka {
    /// The cluster at `HOST:PORT`, or several with commas, with a name and password or without. Nothing is sent yet.
    ///
    /// # Errors
    /// When no broker is named.
    pub fn connect(access: impl Into<Access>) -> Result<Self> {
        let Access { bootstrap, credentials } = access.into();
        let brokers: Vec<String> = bootstrap.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        ensure!(!brokers.is_empty(), "no broker is named: give the bootstrap servers as HOST:PORT");
        for broker in &brokers {
            let port = broker.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            ensure!(matches!(port, Some(Ok(1..))), "{broker:?} is not a bootstrap server: write HOST:PORT");
        }
        let access = Access { bootstrap: brokers.join(","), credentials };
        Ok(Self {
            shared: Arc::new(Shared {
                nodes: nodes::Nodes::new(brokers, access.credentials.clone()),
                producer: produce::Slot::new(access.clone()),
                readers: read::Pool::new(access.clone()),
                access,
            }),
        })
    }

    /// Asks whether a broker answers, for at most two seconds.
    ///
    /// # Errors
    /// When none does.
    pub async fn ping(&self) -> Result<()> {
        self.shared.nodes.ping().await
    }

    fn nodes(&self) -> &nodes::Nodes {
        &self.shared.nodes
    }
}

#[cfg(test)]
mod tests {
    use super::Kafka;

    #[test]
    fn bootstrap_servers_are_checked() {
        assert!(Kafka::connect("127.0.0.1:9092").is_ok());
        assert!(Kafka::connect("a:1, [::1]:2,").is_ok());
        for wrong in ["", ",", "localhost", "localhost:", "localhost:0", "localhost:http", "localhost:70000"] {
            assert!(Kafka::connect(wrong).is_err(), "{wrong:?}");
        }
    }
}
