//! The machines that the tests describe: what is on `PATH`, which cache, which network.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kgrade::world::cluster::{CacheDir, Cluster, ClusterContext, ClusterError, ClusterSpec, Host, Runtime, start};
use kgrade::world::guard::Guard;
use kgrade::world::progress::Progress;

/// The cache that stays warm between runs.
pub fn shared_cache() -> PathBuf {
    std::env::var_os("KGRADE_TEST_CACHE").map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"), PathBuf::from)
}

/// This machine, without a `KAFKA_HOME` or a mirror of the person who runs the tests.
pub fn host() -> Host {
    Host { kafka_home: None, kafka_url: None, cache: Some(shared_cache()), state: None, ..Host::from_env() }
}

/// A context for this host, with a watchdog.
pub fn context(host: Host) -> ClusterContext {
    let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
    ClusterContext { cache: CacheDir::of(&host), host, guard, progress: Arc::new(Steps::default()) }
}

/// Starts a private cluster with default settings.
pub async fn start_private(context: &ClusterContext) -> Result<Cluster, ClusterError> {
    start(&Runtime::Jvm, &ClusterSpec::default(), context).await
}

/// Remembers the steps that were shown.
#[derive(Default)]
pub struct Steps(pub Mutex<Vec<String>>, pub Mutex<Vec<(u64, Option<u64>)>>);

impl Progress for Steps {
    fn begin(&self, step: &str) {
        self.0.lock().unwrap().push(step.to_owned());
    }
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.1.lock().unwrap().push((done, total));
    }
    fn end(&self) {}
}

/// Waits until the condition holds; fails the test when it never does.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process of that id runs (a zombie does not).
pub fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !matches!(stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next()), Some(Some('Z' | 'X'))))
}

/// The working directory of a process: for a broker, its private folder.
pub fn folder_of(pid: u32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/cwd")).unwrap()
}

/// The names in a folder; none when it is not there.
pub fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()).unwrap_or_default()
}
