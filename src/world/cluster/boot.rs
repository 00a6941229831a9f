//! Starting brokers in prepared folders: ports, settings, processes, readiness.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;

use super::arrival::{Arrival, wait_for};
use super::error::ClusterError;
use super::node::{Archive, BootFailure, Node, Recipe};
use super::ports::{Ports, is_taken};
use super::probe::Probe;
use super::settings::{NodeSettings, server_properties};
use super::work::Work;
use crate::world::access::Credentials;
use crate::world::guard::Lease;

/// How often ports may be lost to other programs before that is an error.
pub const PORT_TRIES: u32 = 5;

/// The only node of a cluster of one.
pub const NODE: i32 = 1;

/// What brokers are started with.
#[derive(Debug, Clone, Copy)]
pub struct Boot<'a> {
    /// The id that their data folders carry.
    pub cluster_id: &'a str,
    /// The port of the first broker's first LEARNER listener, when it must be a certain one.
    pub learner: Option<u16>,
    /// The ports that the LEARNER listeners tell clients, `[broker][seat]`; none for one listener on each broker that tells its own.
    pub advertised: &'a [Vec<u16>],
    /// What the grader's own listeners ask for.
    pub credentials: Option<&'a Credentials>,
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

    /// Starts the process of a broker in its folder, whose settings and data are there.
    pub fn spawn(work: &Work, recipe: &Recipe, folder: &Path, archive: Archive<'_>, id: i32, ports: Ports) -> Result<Self, ClusterError> {
        // Before the process is there, so that no moment is left in which nobody looks after it.
        let mark = format!("broker-{:016x}", rand::random::<u64>());
        let lease = work.guard().mark(&mark);
        let node = Node::spawn(recipe, folder, archive, &mark)?;
        Ok(Self { node, id, ports, _lease: lease })
    }
}

/// Who listens on the port, as far as it lets itself be asked.
fn holder(port: u16) -> &'static str {
    let answer = Probe::connect(&format!("127.0.0.1:{port}"), Duration::from_secs(2)).and_then(|mut probe| probe.api_versions());
    if answer.is_ok() { "another Kafka broker" } else { "another program" }
}

/// Starts the only broker of a cluster in `folder`, whose `data` must be there, and waits until it answers.
pub fn boot(work: &Work, recipe: &Recipe, folder: &Path, archive: Archive<'_>, boot: Boot<'_>) -> Result<Booted, BootFailure> {
    for _ in 0..PORT_TRIES {
        match boot_once(work, recipe, &[folder.to_owned()], archive, boot) {
            Ok(mut booted) => match booted.pop() {
                Some(only) => return Ok(only),
                None => break,
            },
            Err(BootFailure::PortTaken) => tracing::debug!("a port was taken before the broker had it"),
            Err(failure) => return Err(failure),
        }
    }
    Err(ClusterError::NoPorts { tries: PORT_TRIES }.into())
}

/// Starts a broker in each folder, all of one cluster, with the node ids 1, 2, …, and waits until all answer. When one does not come up, none
/// is left; what they have written by then stays in their folders.
pub fn boot_once(
    work: &Work,
    recipe: &Recipe,
    folders: &[PathBuf],
    archive: Archive<'_>,
    boot: Boot<'_>,
) -> Result<Vec<Booted>, BootFailure> {
    if let Some(port) = boot.learner.filter(|port| is_taken(*port)) {
        return Err(ClusterError::PortTaken { port, holder: holder(port) }.into());
    }
    let first = folders.first().map(PathBuf::as_path).unwrap_or(Path::new("."));
    let seats = boot.advertised.first().map_or(0, Vec::len);
    let ports = Ports::choose(boot.learner, seats.max(1), folders.len()).map_err(ClusterError::folder("find free ports for", first))?;
    let ids: Vec<i32> = (NODE..).take(folders.len()).collect();
    let voters: Vec<_> = ids.iter().zip(&ports).map(|(id, ports)| (*id, ports.controller)).collect();
    let mut booted = Vec::with_capacity(folders.len());
    for ((nth, folder), (id, ports)) in folders.iter().enumerate().zip(ids.iter().zip(ports)) {
        let settings = NodeSettings {
            id: *id,
            ports: &ports,
            advertised: boot.advertised.get(nth).map_or(&[], Vec::as_slice),
            voters: &voters,
            credentials: boot.credentials,
            overrides: boot.overrides,
        };
        let file = folder.join("server.properties");
        fs::write(&file, server_properties(settings)?).map_err(ClusterError::folder("write", &file))?;
        booted.push(Booted::spawn(work, recipe, folder, archive, *id, ports)?);
    }
    let arrivals = booted.iter().map(|one| (&one.node, Arrival::of(&one.ports, boot.cluster_id, boot.credentials, &ids))).collect();
    wait_for(work, arrivals)?;
    Ok(booted)
}
