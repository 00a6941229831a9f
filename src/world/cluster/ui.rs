//! The Kafka UI beside the broker of `kgrade up`: a container that shares this machine's network, for the broker listens on 127.0.0.1 and sends its
//! clients there. So it works where Docker's containers can share it: on Linux, with a daemon that runs as root.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::kept::{Kept, folder, lock};
use super::manifest::hex;
use super::work::Work;
use super::{ClusterContext, ClusterError, is_taken};
use crate::world::docker::{Docker, DockerError, DockerHost, Standing, StandingSpec, answers_http};

/// The image, as in the course's `docker/compose.yaml`.
pub const IMAGE: &str = "kafbat/kafka-ui:v1.4.2";

/// How long it may take until it answers: it is a Java program of some size.
const START_LIMIT: Duration = Duration::from_secs(180);

/// Time between two looks.
const RETRY: Duration = Duration::from_millis(100);

/// The UI that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ui {
    /// Where a browser finds it.
    pub url: String,
    /// Whether it was up before.
    pub already: bool,
}

/// Why there is no UI, or why it is still there.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// Docker cannot be used, or not for this.
    #[error("{doing} the Kafka UI: {error}\n{mend}; Kafka itself needs no Docker", mend = .error.mend())]
    Docker {
        /// "start" or "remove".
        doing: &'static str,
        /// Why.
        error: DockerError,
    },
    /// Its containers do not see the broker.
    #[error(
        "start the Kafka UI: the broker listens on this machine's 127.0.0.1, and Docker does not share it: {0}; start Kafka and its UI from the course's docker/compose.yaml instead"
    )]
    Apart(&'static str),
    /// It never answered.
    #[error("start the Kafka UI: it did not answer at {url} within {} s; try again when the machine is less busy", START_LIMIT.as_secs())]
    Silent {
        /// Where it was asked.
        url: String,
    },
    /// Its port is taken.
    #[error("start the Kafka UI: port {0} of this machine is taken; choose another one with --ui-port")]
    PortTaken(u16),
    /// Its folder.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

/// What is written down about it, before it is there.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    mark: String,
    port: u16,
}

/// Starts the UI on this port of 127.0.0.1, beside a broker that is up; waits until it answers.
///
/// # Errors
/// When Docker cannot be used or lacks the image, or the port is taken. The broker stays up.
pub async fn open(context: &ClusterContext, kept: &Kept, port: u16) -> Result<Ui, UiError> {
    let work = Work::new(context.clone());
    let _lock = lock(&work, &kept.folder)?;
    let docker = Docker::new(DockerHost::from_env());
    let refused = |error| UiError::Docker { doing: "start", error };
    if let Some(why) = docker.apart().await.map_err(refused)? {
        return Err(UiError::Apart(why));
    }
    let mark = mark(&kept.folder);
    let url = format!("http://localhost:{port}");
    let before = Note::read(&kept.folder);
    if docker.standing(&mark).await.map_err(refused)? == Standing::Running && before.is_some_and(|note| note.port == port) {
        wait(&docker, &mark, port, &url).await?;
        return Ok(Ui { url, already: true });
    }
    docker.fell(&mark).await.map_err(refused)?;
    if is_taken(port) {
        return Err(UiError::PortTaken(port));
    }
    // Before the container is there, so that no moment is left in which nobody would remove it.
    let note = Note { mark: mark.clone(), port };
    note.write(&kept.folder).map_err(ClusterError::folder("write in", &kept.folder))?;
    let lease = context.guard.containers(&mark);
    context.progress.begin("starting the Kafka UI");
    let started = start(&docker, &mark, kept, port, &url).await;
    context.progress.end();
    if started.is_err() {
        let _ = docker.fell(&mark).await;
        Note::forget(&kept.folder);
    }
    drop(lease);
    started.map(|()| Ui { url, already: false })
}

/// Removes the UI, if one was started; whether there was one. Docker is asked only then.
///
/// # Errors
/// When it cannot be removed. It is tried again the next time.
pub async fn close(context: &ClusterContext) -> Result<bool, UiError> {
    let work = Work::new(context.clone());
    let folder = folder(context)?;
    let _lock = lock(&work, &folder)?;
    let Some(note) = Note::read(&folder) else { return Ok(false) };
    let docker = Docker::new(DockerHost::from_env());
    let removed = docker.fell(&note.mark).await.map_err(|error| UiError::Docker { doing: "remove", error })?;
    Note::forget(&folder);
    Ok(removed)
}

async fn start(docker: &Docker, mark: &str, kept: &Kept, port: u16, url: &str) -> Result<(), UiError> {
    let env = [
        ("KAFKA_CLUSTERS_0_NAME", "kgrade up".to_owned()),
        ("KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS", format!("127.0.0.1:{}", kept.port)),
        // It asks for no password: for this machine only.
        ("SERVER_ADDRESS", "127.0.0.1".to_owned()),
        ("SERVER_PORT", port.to_string()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let spec = StandingSpec { image: IMAGE.to_owned(), mark: mark.to_owned(), env, owner: kept.pid };
    docker.stand(&spec).await.map_err(|error| UiError::Docker { doing: "start", error })?;
    wait(docker, mark, port, url).await
}

/// Waits until it answers, or has ended.
async fn wait(docker: &Docker, mark: &str, port: u16, url: &str) -> Result<(), UiError> {
    let begun = Instant::now();
    while !answers_http(format!("http://127.0.0.1:{port}/actuator/health")).await {
        let refused = |error| UiError::Docker { doing: "start", error };
        match docker.standing(mark).await.map_err(refused)? {
            Standing::Running => {}
            Standing::Absent => return Err(refused(DockerError::Ended { code: 0, log: "somebody removed it".to_owned() })),
            Standing::Ended(ended) => return Err(refused(DockerError::Ended { code: ended.code, log: ended.log })),
        }
        if begun.elapsed() > START_LIMIT {
            return Err(UiError::Silent { url: url.to_owned() });
        }
        tokio::time::sleep(RETRY).await;
    }
    Ok(())
}

/// One mark for each place where a broker is kept.
fn mark(folder: &Path) -> String {
    let digest = hex(&Sha256::digest(folder.as_os_str().as_encoded_bytes()));
    format!("ui-{}", digest.get(..16).unwrap_or_default())
}

impl Note {
    fn file(folder: &Path) -> PathBuf {
        folder.join("ui.json")
    }

    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::file(folder)).ok()?).ok()
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        let part = folder.join("ui.json.part");
        fs::write(&part, serde_json::to_vec_pretty(self)?)?;
        fs::rename(part, Self::file(folder))
    }

    fn forget(folder: &Path) {
        let _ = fs::remove_file(Self::file(folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_that_of_the_course() {
        let compose = include_str!("../../../docker/compose.yaml");
        assert!(compose.contains(&format!("image: {IMAGE}\n")));
    }

    #[test]
    fn a_note_is_read_back_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Note::read(folder.path()).is_none());
        Note { mark: mark(folder.path()), port: 8080 }.write(folder.path()).unwrap();
        let note = Note::read(folder.path()).unwrap();
        assert_eq!((note.mark.len(), note.port), (19, 8080));
        Note::forget(folder.path());
        assert!(Note::read(folder.path()).is_none());
    }

    #[test]
    fn without_docker_it_says_what_it_needs() {
        let error = UiError::Docker { doing: "start", error: DockerError::NoImage { image: IMAGE.to_owned() } };
        assert_eq!(
            error.to_string(),
            "start the Kafka UI: the image kafbat/kafka-ui:v1.4.2 is not on this machine\n\
             fetch it: docker pull kafbat/kafka-ui:v1.4.2; Kafka itself needs no Docker"
        );
    }
}
