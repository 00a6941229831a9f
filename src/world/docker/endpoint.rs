//! Where the daemon is, by the rules of the `docker` command.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use bollard::API_DEFAULT_VERSION;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::PATIENCE;
use super::error::DockerError;
use crate::world::cluster::Host;

/// What decides where the daemon is, read from the environment once.
#[derive(Debug, Clone, Default)]
pub struct DockerHost {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// The folder of Docker's own settings: `DOCKER_CONFIG`, else `~/.docker`.
    pub config: Option<PathBuf>,
    /// The sockets that are tried in order when nothing is named.
    pub sockets: Vec<PathBuf>,
    /// Whether the `docker` command is on `PATH`.
    pub installed: bool,
}

impl DockerHost {
    /// Reads the environment of this process.
    #[must_use]
    pub fn from_env() -> Self {
        let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = get("HOME").map(PathBuf::from);
        let config = get("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".docker")));
        // The system's daemon, a rootless one, Docker Desktop, Colima.
        let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
        sockets.extend(get("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("docker.sock")));
        for place in [".docker/run/docker.sock", ".docker/desktop/docker.sock", ".colima/default/docker.sock"] {
            sockets.extend(home.as_ref().map(|home| home.join(place)));
        }
        let installed = Host::from_env().find("docker").is_some();
        Self { host: get("DOCKER_HOST"), context: get("DOCKER_CONTEXT"), config, sockets, installed }
    }

    /// Whether the daemon publishes its ports on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let url = self.url();
        let local = |host: &str| ["localhost", "127.0.0.1", "[::1]"].contains(&host.rsplit_once(':').map_or(host, |(name, _)| name));
        match url.split_once("://") {
            Some(("unix", _)) => true,
            Some((_, host)) => local(host.trim_end_matches('/')),
            None => false,
        }
    }

    /// The daemon's address.
    #[must_use]
    pub fn url(&self) -> String {
        if let Some(host) = &self.host {
            return host.clone();
        }
        if let Some(host) = self.of_context() {
            return host;
        }
        let socket = self.sockets.iter().find(|socket| socket.exists()).or(self.sockets.first());
        format!("unix://{}", socket.map(|socket| socket.display().to_string()).unwrap_or_default())
    }

    /// The address that the chosen context has.
    fn of_context(&self) -> Option<String> {
        let config = self.config.as_ref()?;
        let read = |path: PathBuf| serde_json::from_slice::<Value>(&std::fs::read(path).ok()?).ok();
        let chosen = || read(config.join("config.json"))?.get("currentContext")?.as_str().map(str::to_owned);
        let name = self.context.clone().or_else(chosen).filter(|name| name != "default")?;
        // Docker names the folder of a context by the digest of its name.
        let folder: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let meta = read(config.join("contexts/meta").join(folder).join("meta.json"))?;
        Some(meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned())
    }

    /// Connects, and agrees with the daemon on a version of its interface.
    pub(super) async fn connect(&self) -> Result<bollard::Docker, DockerError> {
        let url = self.url();
        let seconds = PATIENCE.as_secs();
        let made = match url.split_once("://") {
            Some(("unix", socket)) => {
                self.try_socket(Path::new(socket))?;
                bollard::Docker::connect_with_unix(socket, seconds, API_DEFAULT_VERSION)
            }
            Some(("tcp" | "http", _)) => bollard::Docker::connect_with_http(&url, seconds, API_DEFAULT_VERSION),
            _ => return Err(DockerError::Address { url }),
        };
        let client = made.map_err(|error| DockerError::Silent { url: url.clone(), reason: error.to_string() })?;
        client.negotiate_version().await.map_err(|error| DockerError::Silent { url, reason: error.to_string() })
    }

    /// Asks the system why a socket cannot be used: it knows better than an HTTP client.
    fn try_socket(&self, socket: &Path) -> Result<(), DockerError> {
        let Err(error) = UnixStream::connect(socket) else { return Ok(()) };
        Err(self.why_not(socket, error))
    }

    fn why_not(&self, socket: &Path, error: io::Error) -> DockerError {
        let named = self.host.is_some();
        match error.kind() {
            io::ErrorKind::PermissionDenied => DockerError::NoPermission { socket: socket.to_owned() },
            io::ErrorKind::NotFound if !self.installed && !named => DockerError::NotInstalled,
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => DockerError::Down { socket: socket.to_owned(), named },
            _ => DockerError::Silent { url: format!("unix://{}", socket.display()), reason: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> DockerHost {
        DockerHost { sockets: vec!["/nowhere/a.sock".into(), "/nowhere/b.sock".into()], installed: true, ..DockerHost::default() }
    }

    #[test]
    fn what_is_named_wins_over_what_is_there() {
        assert_eq!(host().url(), "unix:///nowhere/a.sock");
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("b.sock");
        std::fs::write(&socket, "").unwrap();
        let there = DockerHost { sockets: vec!["/nowhere/a.sock".into(), socket.clone()], ..host() };
        assert_eq!(there.url(), format!("unix://{}", socket.display()));
        let named = DockerHost { host: Some("tcp://127.0.0.1:2375".into()), ..there };
        assert_eq!(named.url(), "tcp://127.0.0.1:2375");
    }

    #[test]
    fn the_context_that_was_chosen() {
        let config = tempfile::tempdir().unwrap();
        let meta = config.path().join("contexts/meta/12b961af5feb3e9d39f93b2cefb9a1a944f18d02cca0cac2f04f5a982240605f");
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"rootless","Endpoints":{"docker":{"Host":"unix:///run/user/1000/docker.sock"}}}"#,
        )
        .unwrap();
        let url = |context: Option<&str>| {
            DockerHost { context: context.map(str::to_owned), config: Some(config.path().to_owned()), ..host() }.url()
        };
        assert_eq!(url(None), "unix:///nowhere/a.sock");
        assert_eq!(url(Some("rootless")), "unix:///run/user/1000/docker.sock");
        std::fs::write(config.path().join("config.json"), r#"{"currentContext":"rootless"}"#).unwrap();
        assert_eq!(url(None), "unix:///run/user/1000/docker.sock");
        assert_eq!(url(Some("default")), "unix:///nowhere/a.sock");
    }

    #[test]
    fn where_ports_are_published() {
        let local = |url: &str| DockerHost { host: Some(url.to_owned()), ..host() }.is_local();
        for url in ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "tcp://localhost:2375/"] {
            assert!(local(url), "{url}");
        }
        for url in ["tcp://10.0.0.7:2375", "ssh://me@host", "nonsense"] {
            assert!(!local(url), "{url}");
        }
    }

    #[test]
    fn each_failure_has_its_own_words() {
        let said = |host: &DockerHost, kind: io::ErrorKind| {
            let error = host.why_not(Path::new("/var/run/docker.sock"), kind.into());
            format!("{error} | {}", error.mend())
        };
        let bare = DockerHost { installed: false, ..host() };
        let named = DockerHost { host: Some("unix:///x.sock".into()), ..bare.clone() };
        for (text, words) in [
            (said(&host(), io::ErrorKind::PermissionDenied), ["may not use", "sudo usermod -aG docker"]),
            (said(&host(), io::ErrorKind::NotFound), ["daemon is not running", "systemctl start docker"]),
            (said(&host(), io::ErrorKind::ConnectionRefused), ["daemon is not running", "systemctl start docker"]),
            (said(&bare, io::ErrorKind::NotFound), ["not installed", "https://docs.docker.com"]),
            (said(&named, io::ErrorKind::NotFound), ["daemon is not running", "DOCKER_HOST"]),
        ] {
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        }
    }
}
