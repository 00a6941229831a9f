//! Containers of kgrade's own: made for a run, marked with labels, removed with it, also when kgrade was killed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions, WaitContainerOptions,
};
use futures_util::StreamExt;

use super::endpoint::DockerHost;
use super::error::{DockerError, said};
use super::{Docker, describe};
use crate::world::owner;

/// The label of every container that kgrade makes; its value is the mark of the run.
pub(super) const RUN: &str = "org.kgrade.run";

/// The label that tells which process made it: the machine, the process id, and when the process was started.
const OWNER: &str = "org.kgrade.owner";

/// How many lines of the log a message shows.
const TAIL: usize = 15;

/// How long removing may take in all.
const REMOVING: Duration = Duration::from_secs(30);

/// What a container of kgrade's own is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedSpec {
    /// The image; it must be on this machine.
    pub image: String,
    /// The beginning of its name.
    pub name: String,
    /// The mark of the run; whoever removes what is left of a run looks for it.
    pub mark: String,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// The ports that it publishes on 127.0.0.1, the same inside and outside.
    pub ports: Vec<u16>,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i64,
    /// The end of its log.
    pub log: String,
}

/// A container of kgrade's own. Dropping it removes it.
#[derive(Debug)]
pub struct Owned {
    host: DockerHost,
    mark: String,
    ended: Arc<Mutex<Option<Ended>>>,
}

impl Owned {
    /// Makes and starts a container.
    ///
    /// # Errors
    /// When its image is not there, a port is taken, or Docker cannot do it; nothing of it is left then.
    pub async fn start(docker: &Docker, spec: &OwnedSpec) -> Result<Self, DockerError> {
        let client = docker.client().await?;
        let name = format!("{}-{}", spec.name, spec.mark);
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        // From here on there may be something to remove.
        let owned = Self { host: docker.inner.host.clone(), mark: spec.mark.clone(), ended: Arc::default() };
        let created = client.create_container(Some(options), body(spec)).await.map_err(|error| match error {
            Error::DockerResponseServerError { status_code: 404, .. } => DockerError::NoImage { image: spec.image.clone() },
            error => DockerError::asking("make a container")(error),
        })?;
        if let Err(error) = client.start_container(&created.id, None::<StartContainerOptions>).await {
            return Err(refused(docker, &said(&error), &spec.ports).await);
        }
        tokio::spawn(watch(client.clone(), created.id, Arc::clone(&owned.ended)));
        Ok(owned)
    }

    /// How it ended, when it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let (host, mark) = (self.host.clone(), self.mark.clone());
        // A runtime of its own: this may be called where one is at work, or where none is any more.
        let _ = std::thread::spawn(move || remove_marked(&host, &mark)).join();
    }
}

/// The labels of every container that kgrade makes, by which it is found again and removed.
#[must_use]
pub fn labels(mark: &str) -> HashMap<String, String> {
    labels_of(mark, owner::this_process())
}

/// The labels of a container that goes when another process than this one is gone.
pub(super) fn labels_of(mark: &str, owner: String) -> HashMap<String, String> {
    HashMap::from([(RUN.to_owned(), mark.to_owned()), (OWNER.to_owned(), owner)])
}

fn body(spec: &OwnedSpec) -> ContainerCreateBody {
    let port = |port: &u16| format!("{port}/tcp");
    let binding = |port: &u16| vec![PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(port.to_string()) }];
    let labels = labels(&spec.mark);
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels),
        exposed_ports: Some(spec.ports.iter().map(port).collect()),
        host_config: Some(HostConfig {
            port_bindings: Some(spec.ports.iter().map(|at| (port(at), Some(binding(at)))).collect()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// Why a container could not be started.
async fn refused(docker: &Docker, reason: &str, ports: &[u16]) -> DockerError {
    let taken = reason.contains("port is already allocated") || reason.contains("address already in use");
    let Some(port) = ports.iter().copied().find(|port| taken && reason.contains(&format!(":{port}"))) else {
        return DockerError::Refused { doing: "start the container", reason: reason.to_owned() };
    };
    let holder = docker.publisher(port).await.ok().flatten().filter(super::ContainerSeen::is_running);
    let by = holder.map(|holder| format!(" by container {} ({})", holder.name, holder.image)).unwrap_or_default();
    DockerError::PortTaken { port, by }
}

/// Remembers how a container ends.
async fn watch(client: bollard::Docker, id: String, ended: Arc<Mutex<Option<Ended>>>) {
    let client = client.with_timeout(Duration::MAX);
    let code = match client.wait_container(&id, None::<WaitContainerOptions>).next().await {
        Some(Ok(answer)) => answer.status_code,
        Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
        // The daemon went away, and the broker with it or not: asking the broker will tell.
        Some(Err(_)) | None => return,
    };
    let log = describe::log(&client, &id).await;
    let log = log.get(log.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n");
    *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ended { code, log });
}

/// Removes the containers of a run, with their volumes. Blocks; not to be called inside an async runtime.
pub fn remove_marked(host: &DockerHost, mark: &str) {
    blocking(async { remove(host, |labels| labels.get(RUN).is_some_and(|run| run == mark)).await });
}

/// Removes the containers whose kgrade is gone: both it and its watchdog were killed, or the machine was.
pub async fn sweep(docker: &Docker) {
    remove(&docker.inner.host, |labels| labels.get(OWNER).is_some_and(|owner| owner::is_gone(owner))).await;
}

fn blocking(work: impl Future<Output = ()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    // Nobody is left to hear that it did not work; the next run's sweep tries again.
    let _ = runtime.block_on(async { tokio::time::timeout(REMOVING, work).await });
}

/// Removes the containers of kgrade's own whose labels say so. Only those that carry the run's label are ever considered.
async fn remove(host: &DockerHost, is_meant: impl Fn(&HashMap<String, String>) -> bool) {
    let Ok(client) = host.connect().await else { return };
    let filters = HashMap::from([("label".to_owned(), vec![RUN.to_owned()])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let Ok(all) = client.list_containers(Some(options)).await else { return };
    for container in all {
        let meant = container.labels.as_ref().is_some_and(&is_meant);
        if let Some(id) = container.id.filter(|_| meant) {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            let _ = client.remove_container(&id, Some(options)).await;
        }
    }
}
