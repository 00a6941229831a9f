//! Why Docker cannot be used. Each message says what is so; [`DockerError::mend`] says what to do.

use std::path::PathBuf;

use crate::timeline::docker::DockerProblem;

/// Why Docker cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DockerError {
    /// There is no Docker on this machine.
    #[error("Docker is not installed on this machine")]
    NotInstalled,
    /// The daemon's socket belongs to others.
    #[error("this user may not use Docker's socket {}", socket.display())]
    NoPermission {
        /// The socket.
        socket: PathBuf,
    },
    /// Nobody listens on the daemon's socket.
    #[error("the Docker daemon is not running (nobody answers on {})", socket.display())]
    Down {
        /// The socket.
        socket: PathBuf,
        /// Whether `DOCKER_HOST` names it.
        named: bool,
    },
    /// An address of a kind that kgrade does not connect to.
    #[error("Docker's address `{url}` is of a kind that kgrade does not connect to")]
    Address {
        /// The address.
        url: String,
    },
    /// The daemon does not answer as Docker does.
    #[error("the Docker daemon at {url} does not answer: {reason}")]
    Silent {
        /// Its address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The daemon answered with an error.
    #[error("Docker cannot {doing}: {reason}")]
    Refused {
        /// What was asked, for example "list its containers".
        doing: &'static str,
        /// What it said.
        reason: String,
    },
    /// The daemon publishes its ports on another machine.
    #[error("the Docker daemon at {url} runs on another machine, whose ports the programs on this one do not reach")]
    Elsewhere {
        /// Its address.
        url: String,
    },
    /// The image is not on this machine.
    #[error("the image {image} is not on this machine")]
    NoImage {
        /// Its name.
        image: String,
    },
    /// A port that a container was to publish is in use.
    #[error("port {port} of this machine is taken{by}")]
    PortTaken {
        /// The port.
        port: u16,
        /// By whom, where it is a container: " by container x (image)".
        by: String,
    },
    /// A container that kgrade started ended by itself.
    #[error("the container ended with exit code {code}\n{log}")]
    Ended {
        /// Its exit code.
        code: i64,
        /// The end of its log.
        log: String,
    },
}

impl DockerError {
    /// What to do about it, with the command.
    #[must_use]
    pub fn mend(&self) -> String {
        let start = if cfg!(target_os = "macos") {
            "start Docker Desktop"
        } else {
            "start it: sudo systemctl start docker (or start Docker Desktop)"
        };
        match self {
            Self::NotInstalled => "install it: https://docs.docker.com/get-started/get-docker/ (Debian and Ubuntu: sudo apt-get install docker.io docker-compose)".to_owned(),
            Self::NoPermission { .. } => {
                "become a member of its group: sudo usermod -aG docker $USER, then log out and in again (or type: newgrp docker)".to_owned()
            }
            Self::Down { named: false, .. } => start.to_owned(),
            Self::Down { named: true, .. } => format!("{start}, or correct DOCKER_HOST (unset DOCKER_HOST uses this machine's own)"),
            Self::Address { .. } => {
                "use a daemon on this machine (unset DOCKER_HOST; docker context use default), or forward its socket with ssh -L and name that in DOCKER_HOST=unix://…".to_owned()
            }
            Self::Silent { .. } | Self::Refused { .. } => "see what Docker itself says: docker info".to_owned(),
            Self::Elsewhere { .. } => "use a daemon on this machine: unset DOCKER_HOST; docker context use default".to_owned(),
            Self::NoImage { image } => format!("fetch it: docker pull {image}"),
            Self::PortTaken { .. } => "stop what uses it (docker ps shows containers), and try again".to_owned(),
            Self::Ended { .. } => "its log says why; without a reason there, see what Docker itself says: docker info".to_owned(),
        }
    }

    /// A function for `map_err`: what was asked of the daemon.
    pub(super) fn asking(doing: &'static str) -> impl FnOnce(bollard::errors::Error) -> Self {
        move |error| Self::Refused { doing, reason: said(&error) }
    }
}

/// What the daemon said, without the client's words around it.
pub(super) fn said(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => other.to_string(),
    }
}

impl From<&DockerError> for DockerProblem {
    fn from(error: &DockerError) -> Self {
        Self { reason: error.to_string(), mend: error.mend() }
    }
}
