//! What all attacks share: a cache that is not the user's own, so that an attack that succeeds poisons nobody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::snapshot::Snapshot;

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The cache and what was in it before the first attack.
pub struct Suite {
    cache: PathBuf,
    before: Mutex<Snapshot>,
    /// Shared by the attacks that use the cache; whoever throws it away has it alone.
    users: RwLock<()>,
}

impl Suite {
    /// The suite of this test run, made by the first attack: the cache has what the right solution needs.
    pub fn get() -> Result<&'static Self, String> {
        static SUITE: OnceLock<Result<Suite, String>> = OnceLock::new();
        SUITE.get_or_init(Self::make).as_ref().map_err(Clone::clone)
    }

    fn make() -> Result<Self, String> {
        // Kept from one test run to the next: filling it takes a minute.
        let usual = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("attacks-cache");
        let cache = std::env::var_os("KGRADE_TEST_CACHE").map_or_else(usual, PathBuf::from);
        fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
        let suite = Self { cache, before: Mutex::default(), users: RwLock::default() };
        suite.solution_passes(Sandbox::None)?;
        suite.remember()?;
        Ok(suite)
    }

    /// kgrade's cache folder.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// While this is held, the cache is not thrown away.
    pub fn using(&self) -> RwLockReadGuard<'_, ()> {
        self.users.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self) -> Result<(), String> {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = self.now()?;
        Ok(())
    }

    fn now(&self) -> Result<Snapshot, String> {
        // What is used is locked, and the time of its last use is kept beside it.
        let skip = |path: &Path| {
            path.file_name().is_some_and(|name| name == "lock") || path.extension().is_some_and(|end| end == "lock" || end == "seal")
        };
        Snapshot::of_changes(&self.cache, &skip).map_err(|error| format!("{}: {error}", self.cache.display()))
    }

    /// What was changed in the cache since the suite began; environments that are new are not counted.
    pub fn changes(&self) -> Vec<String> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let later = match self.now() {
            Ok(later) => later,
            Err(why) => return vec![why],
        };
        let may_be_new = |path: &Path| {
            let mut parts =
                path.strip_prefix(&self.cache).unwrap_or(path).components().map(|part| part.as_os_str().to_string_lossy().into_owned());
            let (room, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            // A folder's name begins with 32 hexadecimal digits, which tell what it was made for.
            let of_cache =
                name.split_once('-').is_some_and(|(key, _)| key.len() == 32 && key.bytes().all(|digit| digit.is_ascii_hexdigit()));
            matches!(room.as_str(), "python" | "prepared")
                && (name.is_empty() || of_cache && !before.has(&self.cache.join(room).join(name)))
        };
        before.changes(&later, &may_be_new).into_iter().map(|change| format!("the cache: {change}")).collect()
    }

    /// Grades the right solution with the cache. Why it did not pass, otherwise.
    pub fn solution_passes(&self, sandbox: Sandbox) -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let report = folder.path().join("report.json");
        let mut command = self.kgrade();
        command.args(["lab-02", "--only", "topic", "--quiet"]).args(sandbox.options());
        command.arg("--submission").arg(root().join("fixtures/lab-02/solution")).arg("--checks").arg(root().join("checks"));
        command.arg("--report").arg(format!("json={}", report.display())).current_dir(folder.path());
        let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let text = fs::read_to_string(&report).unwrap_or_default();
        let score = serde_json::from_str::<Value>(&text).map(|outcome| outcome["score"].clone()).unwrap_or_default();
        if output.status.code() == Some(0) && score == 10 {
            return Ok(());
        }
        Err(format!(
            "{} with score {score}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// `kgrade` with this suite's cache and nothing of the machine's settings that would matter.
    pub fn kgrade(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
        command.env("KGRADE_CACHE", &self.cache);
        // The jars that this machine has already, so that the suite needs no network.
        if let Some(jars) = jars() {
            command.env("KAFKA_HOME", jars);
        }
        for name in
            ["KAFKA_BOOTSTRAP_SERVERS", "KGRADE_CHECKS", "KGRADE_LOG", "KGRADE_LATE", "KGRADE_LEARNER", "KGRADE_STATE", "KGRADE_SANDBOX"]
        {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GITHUB_")) {
            command.env_remove(name);
        }
        command
    }

    /// After an attack that changed something: throws away what it may have poisoned, so that the next one is judged for itself.
    pub fn mend(&self, sandbox: Sandbox) {
        let _alone = self.users.write().unwrap_or_else(PoisonError::into_inner);
        if self.changes().is_empty() {
            return;
        }
        for room in ["python", "prepared"] {
            let _ = fs::remove_dir_all(self.cache.join(room));
        }
        if let Err(why) = self.solution_passes(sandbox).and_then(|()| self.remember()) {
            crate::say(&format!("the cache cannot be made again: {why}"));
        }
    }
}

/// Kafka's jars in the user's own cache.
fn jars() -> Option<PathBuf> {
    let user = std::env::var_os("KGRADE_CACHE").map(PathBuf::from);
    let cache = user.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/kgrade")))?;
    let versions = fs::read_dir(cache.join("kafka")).ok()?.filter_map(Result::ok);
    versions.map(|entry| entry.path()).find(|folder| folder.join("libs").is_dir())
}
