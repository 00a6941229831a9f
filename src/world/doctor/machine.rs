//! The machine as the probes see it. All that they ask of the system goes through here, so that a test can describe another one.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::process::{Resource, getrlimit};

use super::system::System;
use crate::world::cluster::{CacheDir, ClusterContext, Host};
use crate::world::docker::DockerHost;
use crate::world::guard::Guard;
use crate::world::memory;
use crate::world::progress::Silent;

/// A machine.
#[derive(Clone)]
pub struct Machine {
    /// Where programs, Java, Kafka and the cache are looked for.
    pub host: Host,
    /// Where Docker is.
    pub docker: DockerHost,
    /// The environment, by name.
    pub variables: BTreeMap<String, String>,
    /// Which words install something.
    pub system: System,
    /// Looks after what is started.
    pub guard: Guard,
    /// kgrade's own file.
    pub kgrade: PathBuf,
    /// The folder for temporary files.
    pub temporary: PathBuf,
    /// The port of Kafka, and that of the UI.
    pub ports: [u16; 2],
    /// Free memory in bytes, where the system tells.
    pub memory: Option<u64>,
    /// How many files a process may have open, as it is and at the most.
    pub open_files: [Option<u64>; 2],
    /// What `localhost` stands for.
    pub localhost: Vec<IpAddr>,
    /// What time it is.
    pub now: SystemTime,
    /// What is free where a path is.
    pub space: fn(&Path) -> io::Result<Space>,
    /// The terminal.
    pub terminal: Terminal,
}

/// What is free on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes.
    pub bytes: u64,
    /// Files; `None` where they are not counted.
    pub files: Option<u64>,
    /// Whether programs may be run from there.
    pub runs_programs: bool,
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Its width, when there is one.
    pub columns: Option<usize>,
    /// Whether colours are shown.
    pub color: bool,
    /// Whether the locale can show more than ASCII.
    pub utf8: bool,
}

impl Machine {
    /// The machine that this process runs on; the caller knows the terminal.
    #[must_use]
    pub fn of_this_process(guard: Guard, kgrade: PathBuf, ports: [u16; 2], terminal: Terminal) -> Self {
        let host = Host::from_env();
        let variables: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        let limits = getrlimit(Resource::Nofile);
        Self {
            docker: DockerHost::from_env(),
            system: System::of(&host),
            guard,
            kgrade,
            temporary: std::env::temp_dir(),
            ports,
            memory: memory::available(),
            open_files: [limits.current, limits.maximum],
            localhost: ("localhost", 0).to_socket_addrs().map(|all| all.map(|one| one.ip()).collect()).unwrap_or_default(),
            now: SystemTime::now(),
            space: free,
            terminal,
            host,
            variables,
        }
    }

    /// The user's cache.
    #[must_use]
    pub fn cache(&self) -> CacheDir {
        CacheDir::of(&self.host)
    }

    /// What finding Java and Kafka needs.
    pub(super) fn context(&self) -> ClusterContext {
        ClusterContext { host: self.host.clone(), cache: self.cache(), guard: self.guard.clone(), progress: Arc::new(Silent) }
    }

    /// A variable of the environment that says something.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The environment in the form that finding Python needs.
    pub(super) fn environment(&self) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
        let others = self.variables.iter().filter(|(name, _)| *name != "PATH").map(|(name, value)| (name.into(), value.into()));
        others.chain([("PATH".into(), self.host.path.clone())]).collect()
    }
}

/// What is free where a path is.
fn free(path: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(path)?;
    Ok(Space {
        bytes: found.f_bavail.saturating_mul(found.f_frsize),
        files: (found.f_files > 0).then_some(found.f_favail),
        runs_programs: runs_programs(&found),
    })
}

#[cfg(target_os = "linux")]
fn runs_programs(found: &rustix::fs::StatVfs) -> bool {
    !found.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC)
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
fn runs_programs(_found: &rustix::fs::StatVfs) -> bool {
    true
}
