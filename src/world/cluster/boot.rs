//! Starting one broker in a prepared folder: ports, settings, process, readiness.

use std::fs;
use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;

use super::error::ClusterError;
use super::node::{Archive, BootFailure, Node, Recipe};
use super::ports::{Ports, is_taken};
use super::probe::Probe;
use super::settings::{NodeSettings, server_properties};
use super::work::Work;
use crate::world::guard::Lease;

/// How often ports may be lost to other programs before that is an error.
const PORT_TRIES: u32 = 5;

/// The only node of a cluster of one.
const NODE: i32 = 1;

/// What one broker is started with.
#[derive(Debug, Clone, Copy)]
pub struct Boot<'a> {
    /// The id that its data folder carries.
    pub cluster_id: &'a str,
    /// The first LEARNER listener's port, when it must be a certain one.
    pub learner: Option<u16>,
    /// The ports that the LEARNER listeners tell clients, one listener each; empty for one listener that tells its own.
    pub advertised: &'a [u16],
    /// The lab's settings.
    pub overrides: &'a IndexMap<String, String>,
}

/// A broker that answers.
#[derive(Debug)]
pub struct Booted {
    // Field order matters: the process goes before the watchdog stops looking after it.
    pub node: Node,
    /// Its node id.
    pub id: i32,
    pub ports: Ports,
    _lease: Lease,
}

impl Booted {
    /// Lets the broker live on without kgrade.
    pub fn detach(self) {
        self.node.detach();
    }
}

/// Who listens on the port, as far as it lets itself be asked.
fn holder(port: u16) -> &'static str {
    let answer = Probe::connect(&format!("127.0.0.1:{port}"), Duration::from_secs(2)).and_then(|mut probe| probe.api_versions());
    if answer.is_ok() { "another Kafka broker" } else { "another program" }
}

/// Starts a broker in `folder`, whose `data` must be there, and waits until it answers.
pub fn boot(work: &Work, recipe: &Recipe, folder: &Path, archive: Archive<'_>, boot: Boot<'_>) -> Result<Booted, BootFailure> {
    for _ in 0..PORT_TRIES {
        if let Some(port) = boot.learner.filter(|port| is_taken(*port)) {
            return Err(ClusterError::PortTaken { port, holder: holder(port) }.into());
        }
        let ports =
            Ports::choose(boot.learner, boot.advertised.len().max(1)).map_err(ClusterError::folder("find free ports for", folder))?;
        let settings = NodeSettings {
            id: NODE,
            ports: &ports,
            advertised: boot.advertised,
            voters: &[(NODE, ports.controller)],
            overrides: boot.overrides,
        };
        let file = folder.join("server.properties");
        fs::write(&file, server_properties(settings)?).map_err(ClusterError::folder("write", &file))?;

        // Before the process is there, so that no moment is left in which nobody looks after it.
        let mark = format!("broker-{:016x}", rand::random::<u64>());
        let lease = work.guard().mark(&mark);
        let node = Node::spawn(recipe, folder, archive, &mark)?;
        match node.wait_until_ready(work, &ports, boot.cluster_id) {
            Ok(()) => return Ok(Booted { node, id: NODE, ports, _lease: lease }),
            Err(BootFailure::PortTaken) => tracing::debug!(?ports, "a port was taken before the broker had it"),
            Err(failure) => return Err(failure),
        }
    }
    Err(ClusterError::NoPorts { tries: PORT_TRIES }.into())
}
