//! Containers: what Docker says of those that are there, and those that kgrade itself starts.
//!
//! Only containers that kgrade made are ever changed; all others are looked at.

mod ask;
mod describe;
mod endpoint;
mod error;
mod owned;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use tokio::sync::OnceCell;

pub use ask::answers as answers_http;
pub use endpoint::DockerHost;
pub use error::DockerError;
pub use owned::{Ended, Owned, OwnedSpec, labels, remove_marked, sweep};
pub use standing::{Standing, StandingSpec};

use crate::timeline::docker::{ContainerSeen, ContainersLook, Selection};

/// How long one question to the daemon may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many containers are looked at closely; nobody has as many of one kind.
const MOST: usize = 24;

/// Docker, found where the `docker` command finds it. Connects when it is first needed; clones share the connection.
#[derive(Debug, Clone)]
pub struct Docker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    host: DockerHost,
    client: OnceCell<bollard::Docker>,
}

impl Docker {
    /// The daemon that this environment names.
    #[must_use]
    pub fn new(host: DockerHost) -> Self {
        Self { inner: Arc::new(Inner { host, client: OnceCell::new() }) }
    }

    /// Whether programs on this machine reach the ports that the daemon publishes.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.inner.host.is_local()
    }

    /// A client of the daemon that answers.
    ///
    /// # Errors
    /// When there is none; the error says what to do.
    pub async fn client(&self) -> Result<&bollard::Docker, DockerError> {
        self.inner.client.get_or_try_init(|| self.inner.host.connect()).await
    }

    /// The version of the daemon that answers.
    ///
    /// # Errors
    /// When there is none; the error says what to do.
    pub async fn version(&self) -> Result<String, DockerError> {
        let answer = self.client().await?.version().await.map_err(DockerError::asking("tell its version"))?;
        Ok(answer.version.unwrap_or_else(|| "an unknown version".to_owned()))
    }

    /// Looks at the containers that are meant, and at those that publish one of these ports of this machine. A Docker that cannot be asked is
    /// what was seen, not an error.
    pub async fn look(&self, of: &Selection, host_ports: &[u16]) -> ContainersLook {
        match self.find(of, host_ports).await {
            Ok(containers) => ContainersLook::Found(containers),
            Err(error) => ContainersLook::NoDocker((&error).into()),
        }
    }

    /// The running container that publishes this port of this machine.
    ///
    /// # Errors
    /// When Docker cannot be asked.
    pub async fn publisher(&self, host_port: u16) -> Result<Option<ContainerSeen>, DockerError> {
        let nothing = Selection { image: vec!["-".to_owned()], ..Selection::default() };
        let found = self.find(&nothing, &[host_port]).await?;
        // A stopped container may have the port in its settings while another one uses it.
        let (running, stopped): (Vec<_>, Vec<_>) = found.into_iter().partition(ContainerSeen::is_running);
        Ok(running.into_iter().chain(stopped).next())
    }

    async fn find(&self, of: &Selection, host_ports: &[u16]) -> Result<Vec<ContainerSeen>, DockerError> {
        let client = self.client().await?;
        let options = ListContainersOptionsBuilder::new().all(true).build();
        let all = client.list_containers(Some(options)).await.map_err(DockerError::asking("list its containers"))?;
        let close = |summary| Some((describe::closeness(summary, of, host_ports)?, summary));
        let mut close: Vec<_> = all.iter().filter_map(close).collect();
        close.sort_by_key(|(closeness, _)| *closeness);
        let mut found = Vec::new();
        for (_, summary) in close.into_iter().take(MOST) {
            let id = summary.id.as_deref().unwrap_or_default();
            match client.inspect_container(id, None::<InspectContainerOptions>).await {
                Ok(details) => found.push(describe::container(client, &details).await),
                // It was removed between the two questions.
                Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => {}
                Err(error) => return Err(DockerError::asking("describe a container")(error)),
            }
        }
        found.retain(|container: &ContainerSeen| {
            container.is_of(of) || container.ports.iter().any(|port| host_ports.contains(&port.host_port))
        });
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}
