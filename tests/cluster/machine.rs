//! The machines that the tests describe: what is on `PATH`, which cache, which network.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kgrade::world::cluster::{CacheDir, Cluster, ClusterContext, ClusterError, ClusterSpec, Host, Runtime, start};
use kgrade::world::guard::Guard;
use kgrade::world::progress::Progress;
use tempfile::TempDir;

/// What stays between runs: the shared cache, and the machines that other tests keep.
pub fn warm(name: &str) -> PathBuf {
    let root = std::env::var_os("KGRADE_TEST_CACHE").map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("warm"), PathBuf::from);
    root.join(name)
}

/// This machine, without a `KAFKA_HOME` or a mirror of the person who runs the tests.
pub fn host() -> Host {
    Host { kafka_home: None, kafka_url: None, cache: Some(warm("cache")), state: None, ..Host::from_env() }
}

/// A context for this host, with a watchdog.
pub fn context(host: Host) -> ClusterContext {
    watched(host).0
}

/// A context for this host, and the steps it shows.
pub fn watched(host: Host) -> (ClusterContext, Arc<Steps>) {
    let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
    let steps = Arc::new(Steps::default());
    (ClusterContext { cache: CacheDir::of(&host), host, guard, progress: steps.clone() }, steps)
}

/// Starts a private cluster with default settings.
pub async fn start_private(context: &ClusterContext) -> Result<Cluster, ClusterError> {
    start(&Runtime::Jvm, &ClusterSpec::default(), context).await
}

/// Kafka's jars, from the shared cache.
pub fn jars() -> Vec<PathBuf> {
    kgrade::world::cluster::fetch(&context(host())).unwrap().jars
}

/// A folder for `PATH` with only these programs of this machine.
pub fn path_with(programs: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for program in programs {
        let file = host().find(program).unwrap_or_else(|| panic!("this test needs `{program}` on PATH"));
        symlink(file, folder.path().join(program)).unwrap();
    }
    folder
}

/// A folder for `PATH` with Python alone. What is on this machine's `PATH` may be a script that needs other programs.
pub fn path_with_python() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(output.stdout).unwrap();
    script(folder.path(), "python3", &format!("exec '{}' \"$@\"", python.trim()));
    folder
}

/// Makes a program of a shell script.
pub fn script(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder).unwrap();
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Remembers what was shown.
#[derive(Default)]
pub struct Steps {
    begun: Mutex<Vec<String>>,
    last: Mutex<Option<(u64, Option<u64>)>>,
}

impl Steps {
    /// The steps that were begun, in order.
    pub fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    /// Whether a step that begins like this was begun.
    pub fn any(&self, start: &str) -> bool {
        self.begun().iter().any(|step| step.starts_with(start))
    }

    /// The last count of bytes.
    pub fn bytes(&self) -> Option<(u64, Option<u64>)> {
        *self.last.lock().unwrap()
    }
}

impl Progress for Steps {
    fn begin(&self, step: &str) {
        self.begun.lock().unwrap().push(step.to_owned());
    }
    fn bytes(&self, done: u64, total: Option<u64>) {
        *self.last.lock().unwrap() = Some((done, total));
    }
    fn end(&self) {}
}

/// Waits until the condition holds; fails the test when it never does.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process of that id runs. A zombie does not, unless it has threads that are still ending.
pub fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    !(fields[0] == "X" || (fields[0] == "Z" && matches!(fields[17], "0" | "1")))
}

/// Kills a process as `kill -9` does.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// The working directory of a process: for a broker, its private folder.
pub fn folder_of(pid: u32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/cwd")).unwrap()
}

/// Whether the process has a class archive of kgrade in its memory.
pub fn uses_archive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/maps")).unwrap().contains("/classes.jsa")
}

/// The names in a folder; none when it is not there.
pub fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()).unwrap_or_default()
}

/// All files below a folder, with their sizes.
pub fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let meta = entry.metadata().unwrap();
            if meta.is_dir() { folders.push(entry.path()) } else { found.push((entry.path(), meta.len())) }
        }
    }
    found.sort();
    found
}
