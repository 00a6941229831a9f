//! A container that outlives kgrade. It belongs to a process of this machine: when that is gone, the next kgrade that uses Docker removes it.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerSummaryStateEnum, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};

use super::error::DockerError;
use super::owned::{Ended, RUN, labels_of};
use super::{Docker, describe};
use crate::world::owner;

/// What a standing container is made of. It shares this machine's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingSpec {
    /// The image; it must be on this machine.
    pub image: String,
    /// The mark by which it is found again; also its name, behind `kgrade-`.
    pub mark: String,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// The process that it belongs to.
    pub owner: u32,
}

/// Whether a standing container is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is not.
    Absent,
    /// It runs.
    Running,
    /// It has ended, or was never started.
    Ended(Ended),
}

impl Docker {
    /// Why containers of this daemon do not share this machine's network, when they do not.
    ///
    /// # Errors
    /// When the daemon cannot be asked.
    pub async fn apart(&self) -> Result<Option<&'static str>, DockerError> {
        let info = self.client().await?.info().await.map_err(DockerError::asking("describe itself"))?;
        let rootless = info.security_options.iter().flatten().any(|option| option.contains("name=rootless"));
        let desktop = info.operating_system.is_some_and(|system| system.contains("Docker Desktop"));
        Ok(if !self.is_local() {
            Some("it runs on another machine")
        } else if desktop || !cfg!(target_os = "linux") {
            Some("it runs in a virtual machine of its own")
        } else if rootless {
            Some("it runs without root, in a network of its own")
        } else {
            None
        })
    }

    /// Makes and starts a container.
    ///
    /// # Errors
    /// When its image is not there, or Docker cannot do it; nothing of it is left then.
    pub async fn stand(&self, spec: &StandingSpec) -> Result<(), DockerError> {
        let client = self.client().await?;
        let options = CreateContainerOptionsBuilder::new().name(&format!("kgrade-{}", spec.mark)).build();
        let body = ContainerCreateBody {
            image: Some(spec.image.clone()),
            env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            labels: Some(labels_of(&spec.mark, owner::of(spec.owner))),
            host_config: Some(HostConfig { network_mode: Some("host".to_owned()), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let created = client.create_container(Some(options), body).await.map_err(|error| match error {
            Error::DockerResponseServerError { status_code: 404, .. } => DockerError::NoImage { image: spec.image.clone() },
            error => DockerError::asking("make a container")(error),
        })?;
        if let Err(error) = client.start_container(&created.id, None::<StartContainerOptions>).await {
            self.fell(&spec.mark).await?;
            return Err(DockerError::asking("start the container")(error));
        }
        Ok(())
    }

    /// Whether the container with this mark is there.
    ///
    /// # Errors
    /// When the daemon cannot be asked.
    pub async fn standing(&self, mark: &str) -> Result<Standing, DockerError> {
        let Some((id, running)) = self.marked(mark).await?.into_iter().next() else { return Ok(Standing::Absent) };
        if running {
            return Ok(Standing::Running);
        }
        let client = self.client().await?;
        let details = client.inspect_container(&id, None::<InspectContainerOptions>).await.ok();
        let code = details.and_then(|details| details.state?.exit_code).unwrap_or_default();
        Ok(Standing::Ended(Ended { code, log: describe::log(client, &id).await.join("\n") }))
    }

    /// Removes the container with this mark; whether there was one.
    ///
    /// # Errors
    /// When the daemon cannot be asked, or does not do it.
    pub async fn fell(&self, mark: &str) -> Result<bool, DockerError> {
        let client = self.client().await?;
        let all = self.marked(mark).await?;
        for (id, _) in &all {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            match client.remove_container(id, Some(options)).await {
                Ok(()) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => {}
                Err(error) => return Err(DockerError::asking("remove the container")(error)),
            }
        }
        Ok(!all.is_empty())
    }

    /// The containers with this mark: their ids, and whether they run.
    async fn marked(&self, mark: &str) -> Result<Vec<(String, bool)>, DockerError> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{RUN}={mark}")])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let all = self.client().await?.list_containers(Some(options)).await.map_err(DockerError::asking("list its containers"))?;
        Ok(all.into_iter().filter_map(|one| Some((one.id?, one.state == Some(ContainerSummaryStateEnum::RUNNING)))).collect())
    }
}
