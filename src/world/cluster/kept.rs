//! The broker of `kgrade up`: it lives on without kgrade, and its topics survive `kgrade down`.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::arrival::answers;
use super::boot::{Boot, Booted, NODE, boot};
use super::error::ClusterError;
use super::node::BootFailure;
use super::private::{Prepared, prepare, renew, told};
use super::process::{ask_to_stop, birth, kill};
use super::work::{Work, tail};
use super::{ClusterContext, Host};

/// How long it may take to stop: it writes everything to disk.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// What `kgrade up` found or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Up {
    /// The broker was started.
    Started(Kept),
    /// It was up already.
    Already(Kept),
}

/// The broker that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its process.
    pub pid: u32,
    /// The port on 127.0.0.1 for the learner's programs.
    pub port: u16,
    /// The version of Kafka.
    pub version: String,
    /// Where its topics are.
    pub folder: PathBuf,
    /// What the person should know about it, in one sentence.
    pub warning: Option<String>,
}

/// What `kgrade down` found or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// The broker on this port was stopped.
    Stopped {
        /// Its port.
        port: u16,
    },
    /// There was none.
    NotUp,
}

/// What is written down about the broker that is up.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    pid: u32,
    /// Process ids are used again; this tells whether it is still that process.
    birth: String,
    port: u16,
    admin: u16,
    cluster_id: String,
    version: String,
}

/// Starts the kept broker on this port of 127.0.0.1, unless it is up already. Blocks until it answers.
///
/// # Errors
/// When the port is taken, or Java or Kafka cannot be had, or the broker does not start.
pub fn up(context: &ClusterContext, port: u16) -> Result<Up, ClusterError> {
    let work = Work::new(context.clone());
    let folder = folder(context)?;
    let _lock = lock(&work, &folder)?;
    if let Some(note) = Note::of_living(&folder) {
        if !answers(&format!("127.0.0.1:{}", note.admin), None, &note.cluster_id, &[NODE]) {
            return Err(ClusterError::Hangs { pid: note.pid, log_tail: tail(&folder.join("broker.log"), 15) });
        }
        if note.port != port {
            return Err(ClusterError::UpElsewhere { port: note.port, wanted: port });
        }
        return Ok(Up::Already(note.kept(&folder, None)));
    }
    let prepared = prepare(&work)?;
    let cluster_id = data(&prepared, &folder)?;
    let booted = start(&work, &prepared, &folder, port, &cluster_id)?;
    let pid = booted.node.pid();
    let note = Note {
        pid,
        birth: birth(pid).unwrap_or_default(),
        port,
        admin: booted.ports.admin,
        cluster_id,
        version: prepared.recipe.jars.version.clone(),
    };
    // First the note, then the broker is let go: killed in between, the watchdog ends the broker and the note is found stale.
    note.write(&folder).map_err(ClusterError::folder("write in", &folder))?;
    booted.detach();
    Ok(Up::Started(note.kept(&folder, prepared.recipe.jars.warning)))
}

/// Stops the kept broker; with `delete`, its topics go, too. Blocks until it has ended.
///
/// # Errors
/// When its folder cannot be written.
pub fn down(context: &ClusterContext, delete: bool) -> Result<Down, ClusterError> {
    let work = Work::new(context.clone());
    let folder = folder(context)?;
    let _lock = lock(&work, &folder)?;
    let stopped = match Note::of_living(&folder) {
        Some(note) => {
            ask_to_stop(note.pid);
            if !note.is_gone_within(&work, STOP_LIMIT)? {
                kill(note.pid);
                note.is_gone_within(&work, STOP_LIMIT)?;
            }
            Down::Stopped { port: note.port }
        }
        None => Down::NotUp,
    };
    let _ = fs::remove_file(Note::file(&folder));
    let data = folder.join("data");
    if delete && data.exists() {
        fs::remove_dir_all(&data).map_err(ClusterError::folder("delete", &data))?;
    }
    Ok(stopped)
}

/// The port of the kept broker, when it is up. Looks only.
#[must_use]
pub fn port(host: &Host) -> Option<u16> {
    Note::of_living(&host.state_dir()?.join("broker")).map(|note| note.port)
}

/// Where the kept broker is; made when it is not there.
pub(super) fn folder(context: &ClusterContext) -> Result<PathBuf, ClusterError> {
    let folder = context.host.state_dir().ok_or(ClusterError::NoState)?.join("broker");
    fs::create_dir_all(&folder).map_err(ClusterError::folder("create", &folder))?;
    Ok(folder)
}

/// Two `kgrade up` at once: the second waits, and finds the broker up.
pub(super) fn lock(work: &Work, folder: &Path) -> Result<File, ClusterError> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(ClusterError::folder("write", &path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => work.pause(Duration::from_millis(20))?,
            Err(TryLockError::Error(error)) => return Err(ClusterError::folder("lock", &path)(error)),
        }
    }
}

/// The broker's data folder, filled from the image the first time; returns its cluster id.
fn data(prepared: &Prepared, folder: &Path) -> Result<String, ClusterError> {
    let data = folder.join("data");
    let meta = data.join("meta.properties");
    if let Some(id) =
        fs::read_to_string(&meta).ok().and_then(|text| Some(text.lines().find_map(|line| line.strip_prefix("cluster.id="))?.to_owned()))
    {
        return Ok(id);
    }
    if data.exists() {
        let reason = format!("{} is missing or damaged", meta.display());
        return Err(ClusterError::KeptData { reason, log_tail: String::new(), folder: folder.to_owned() });
    }
    // Filled beside it and renamed, so that a data folder is never half there.
    let part = tempfile::tempdir_in(folder).map_err(ClusterError::folder("create a folder in", folder))?;
    let id = prepared.image.stamp(part.path())?;
    fs::rename(part.path().join("data"), &data).map_err(ClusterError::folder("write", &data))?;
    Ok(id)
}

fn start(work: &Work, prepared: &Prepared, folder: &Path, port: u16, cluster_id: &str) -> Result<Booted, ClusterError> {
    let overrides = IndexMap::new();
    let request = Boot { cluster_id, learner: Some(port), advertised: &[], credentials: None, overrides: &overrides };
    match boot(work, &prepared.recipe, folder, prepared.image.archive(), request) {
        Ok(booted) => Ok(booted),
        Err(BootFailure::Died(..)) => {
            renew(work, prepared)?;
            let prepared = prepare(work)?;
            boot(work, &prepared.recipe, folder, prepared.image.archive(), request).map_err(|failure| match failure {
                // With all else new, what is left is its own data.
                BootFailure::Died(reason, log_tail) => ClusterError::KeptData { reason, log_tail, folder: folder.to_owned() },
                other => told(other),
            })
        }
        Err(failure) => Err(told(failure)),
    }
}

impl Note {
    fn file(folder: &Path) -> PathBuf {
        folder.join("up.json")
    }

    /// The note, when the process it tells of still lives.
    fn of_living(folder: &Path) -> Option<Self> {
        let note: Self = serde_json::from_slice(&fs::read(Self::file(folder)).ok()?).ok()?;
        note.is_alive().then_some(note)
    }

    fn is_alive(&self) -> bool {
        birth(self.pid).is_some_and(|birth| birth == self.birth)
    }

    fn is_gone_within(&self, work: &Work, limit: Duration) -> Result<bool, ClusterError> {
        let begun = Instant::now();
        while self.is_alive() {
            if begun.elapsed() > limit {
                return Ok(false);
            }
            work.pause(Duration::from_millis(10))?;
        }
        Ok(true)
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        let part = folder.join("up.json.part");
        fs::write(&part, serde_json::to_vec_pretty(self)?)?;
        fs::rename(part, Self::file(folder))
    }

    fn kept(self, folder: &Path, warning: Option<String>) -> Kept {
        Kept { pid: self.pid, port: self.port, version: self.version, folder: folder.to_owned(), warning }
    }
}
