//! What kgrade takes from the environment it was started in, read once and handed on, so that a test can describe another machine.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The environment that decides where Java, Kafka and the cache are.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// `PATH`.
    pub path: OsString,
    /// `JAVA_HOME`.
    pub java_home: Option<PathBuf>,
    /// `KAFKA_HOME`: an unpacked Kafka release, or any folder whose `libs/` has its jars.
    pub kafka_home: Option<PathBuf>,
    /// `KGRADE_KAFKA_URL`: where the release tarball is, in place of Apache's servers; the `.sha512` file is expected beside it.
    pub kafka_url: Option<String>,
    /// `KGRADE_CACHE`.
    pub cache: Option<PathBuf>,
    /// `KGRADE_STATE`: where `kgrade up` keeps its broker's topics.
    pub state: Option<PathBuf>,
}

impl Host {
    /// Reads the environment of this process. An empty variable counts as not set.
    #[must_use]
    pub fn from_env() -> Self {
        let get = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            path: get("PATH").unwrap_or_default(),
            java_home: get("JAVA_HOME").map(PathBuf::from),
            kafka_home: get("KAFKA_HOME").map(PathBuf::from),
            kafka_url: get("KGRADE_KAFKA_URL").map(|url| url.to_string_lossy().into_owned()),
            cache: get("KGRADE_CACHE").map(PathBuf::from),
            state: get("KGRADE_STATE").map(PathBuf::from),
        }
    }

    /// The first executable file of that name on `PATH`.
    #[must_use]
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        std::env::split_paths(&self.path).map(|folder| folder.join(program)).find(|file| is_executable(file))
    }

    /// The folder for what must outlive a run but is not a cache: `KGRADE_STATE`, else the user's state folder.
    #[must_use]
    pub fn state_dir(&self) -> Option<PathBuf> {
        self.state.clone().or_else(|| {
            let folders = directories::ProjectDirs::from("", "", "kgrade")?;
            Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_owned())
        })
    }
}

/// Whether this is a file that somebody may execute.
#[must_use]
pub fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
