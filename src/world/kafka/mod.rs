//! The grader's own access to Kafka, on the ADMIN listener: never through the tap, never a member of a learner's group.
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
pub use produce::Outgoing;

/// A Kafka cluster, as the grader uses it. Clones share connections.
#[derive(Clone)]
pub struct Kafka {
    shared: Arc<Shared>,
}

struct Shared {
    bootstrap: String,
    nodes: nodes::Nodes,
    producer: produce::Slot,
    readers: read::Pool,
}

impl Kafka {
    /// Access to the cluster behind `bootstrap`: `HOST:PORT`, or several with commas. Nothing is sent yet.
    ///
    /// # Errors
    /// When `bootstrap` names no broker.
    pub fn connect(bootstrap: &str) -> Result<Self> {
        let brokers: Vec<String> = bootstrap.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        ensure!(!brokers.is_empty(), "no broker is named: give the bootstrap servers as HOST:PORT");
        for broker in &brokers {
            let port = broker.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            ensure!(matches!(port, Some(Ok(1..))), "{broker:?} is not a bootstrap server: write HOST:PORT");
        }
        let joined = brokers.join(",");
        Ok(Self {
            shared: Arc::new(Shared {
                bootstrap: joined.clone(),
                nodes: nodes::Nodes::new(brokers),
                producer: produce::Slot::new(joined.clone()),
                readers: read::Pool::new(joined),
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
