//! The watchdog: removes what kgrade made when kgrade itself can no longer do it (`kill -9`, a crash, a closed terminal).
//!
//! A second process, `kgrade internal-watchdog`, holds a list of process groups, run marks, folders and containers. It learns of them over a
//! pipe. When the pipe closes, for whatever reason, it kills the groups, kills every process that carries a mark in its
//! environment, removes the containers of the run, and deletes the folders that are still on the list.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::docker::{DockerHost, remove_marked};
use super::folder;

/// The name of the hidden command that runs [`watch`].
pub const COMMAND: &str = "internal-watchdog";

/// The environment variable that marks every process started for a run; its value is the run's mark.
pub const MARK_VARIABLE: &str = "KGRADE_RUN";

/// How long a process may take from its start until its environment can be read.
const STARTING: Duration = Duration::from_millis(250);

/// A handle to the watchdog. Clones share one watchdog.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    inner: Option<Arc<Mutex<Watchdog>>>,
}

#[derive(Debug)]
struct Watchdog {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Closing the pipe makes the watchdog clean what is left and end; waiting leaves no zombie.
        self.pipe.take();
        let _ = self.child.wait();
    }
}

/// Something the watchdog looks after until this is dropped.
#[derive(Debug)]
pub struct Lease {
    guard: Guard,
    entry: String,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.guard.say("-", &self.entry);
    }
}

impl Guard {
    /// Starts the watchdog from the kgrade that runs.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn of_this_kgrade() -> Result<Self> {
        Self::start(&std::env::current_exe().context("find kgrade's own file")?)
    }

    /// Starts the watchdog from the given kgrade binary.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(kgrade: &Path) -> Result<Self> {
        let mut child = Command::new(kgrade)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own group: Ctrl-C in the terminal must not reach it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("start the watchdog from {}", kgrade.display()))?;
        let pipe = child.stdin.take();
        Ok(Self { inner: Some(Arc::new(Mutex::new(Watchdog { child, pipe }))) })
    }

    /// A guard without a watchdog: leases do nothing. For tests and for commands that start nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Looks after a process group: it is killed when kgrade is gone.
    #[must_use]
    pub fn process_group(&self, pgid: u32) -> Lease {
        self.lease(format!("group {pgid}"))
    }

    /// Looks after every process whose environment has `KGRADE_RUN=<mark>`, also one that left its process group.
    #[must_use]
    pub fn mark(&self, mark: &str) -> Lease {
        self.lease(format!("mark {mark}"))
    }

    /// Looks after a folder: it is deleted when kgrade is gone.
    #[must_use]
    pub fn folder(&self, path: &Path) -> Lease {
        self.lease(format!("folder {}", path.display()))
    }

    /// Looks after the containers of a run: they are removed when kgrade is gone.
    #[must_use]
    pub fn containers(&self, mark: &str) -> Lease {
        self.lease(format!("containers {mark}"))
    }

    fn lease(&self, entry: String) -> Lease {
        self.say("+", &entry);
        Lease { guard: self.clone(), entry }
    }

    fn say(&self, sign: &str, entry: &str) {
        let Some(inner) = &self.inner else { return };
        let mut watchdog = inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = watchdog.pipe.as_mut() {
            // A dead watchdog is not the run's problem: everything is also removed on the ordinary way out.
            let _ = writeln!(pipe, "{sign}{entry}").and_then(|()| pipe.flush());
        }
    }
}

/// The watchdog's own life: reads entries until its input closes, then removes what is still listed.
pub fn watch(input: impl std::io::Read) {
    // Counted: two leases of one thing are given back one by one.
    let mut entries: BTreeMap<String, usize> = BTreeMap::new();
    for line in BufReader::new(input).lines() {
        let Ok(line) = line else { break };
        match line.split_at_checked(1) {
            Some(("+", entry)) => {
                *entries.entry(entry.to_owned()).or_default() += 1;
            }
            Some(("-", entry)) => {
                if let Some(count) = entries.get_mut(entry) {
                    *count = count.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
    entries.retain(|_, count| *count > 0);
    // Processes first: a live broker would write into a folder that is being deleted.
    for entry in entries.keys() {
        if let Some(group) = entry.strip_prefix("group ").and_then(|text| Pid::from_raw(text.parse().ok()?)) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
    let marks: Vec<&str> = entries.keys().filter_map(|entry| entry.strip_prefix("mark ")).collect();
    for mark in &marks {
        kill_marked(mark);
    }
    let containers: Vec<&str> = entries.keys().filter_map(|entry| entry.strip_prefix("containers ")).collect();
    let docker = DockerHost::from_env();
    for mark in &containers {
        remove_marked(&docker, mark);
    }
    if !marks.is_empty() || !containers.is_empty() {
        // What was being started when kgrade died carries its mark only now.
        std::thread::sleep(STARTING);
        for mark in &marks {
            kill_marked(mark);
        }
        for mark in &containers {
            remove_marked(&docker, mark);
        }
    }
    for entry in entries.keys() {
        if let Some(folder) = entry.strip_prefix("folder ") {
            remove_folder(&PathBuf::from(folder));
        }
    }
}

/// Kills every process whose environment carries the mark, until none is left (they may fork meanwhile). Returns how many were killed.
///
/// Works where `/proc` exists; elsewhere it finds nothing, and process groups are all there is.
pub fn kill_marked(mark: &str) -> usize {
    let mut killed = 0;
    // Each pass kills all it sees; a fork bomb needs several, an ordinary program one.
    for _ in 0..64 {
        let marked = marked_processes(mark);
        if marked.is_empty() {
            break;
        }
        for pid in marked {
            if kill_process(pid, Signal::KILL).is_ok() {
                killed += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    killed
}

/// The live processes whose environment has `KGRADE_RUN=<mark>`, this one left out.
#[must_use]
pub fn marked_processes(mark: &str) -> Vec<Pid> {
    let wanted = format!("{MARK_VARIABLE}={mark}");
    let own = rustix::process::getpid();
    let Ok(folders) = std::fs::read_dir("/proc") else { return Vec::new() };
    folders
        .filter_map(Result::ok)
        .filter_map(|folder| folder.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        .filter(|pid| *pid != own)
        .filter(|pid| {
            let environment = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .collect()
}

fn remove_folder(path: &Path) {
    // A process that was just killed may still be closing files: try a few times.
    for _ in 0..20 {
        if folder::remove(path).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_is_still_listed_when_the_pipe_closes() {
        let kept = tempfile::tempdir().unwrap();
        let lost = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let script = format!(
            "+folder {kept}\n+folder {lost}\n+folder {lost}\n+group {}\n-folder {kept}\n-folder {lost}\n",
            child.id(),
            kept = kept.path().display(),
            lost = lost.path().display()
        );
        watch(script.as_bytes());
        assert!(kept.path().exists());
        assert!(!lost.path().exists());
        assert!(!child.wait().unwrap().success(), "the process group was killed");
    }

    #[test]
    fn finds_a_process_that_left_its_group_by_its_mark() {
        let mark = format!("test-{}", std::process::id());
        let mut child = Command::new("sleep").arg("600").process_group(0).env(MARK_VARIABLE, &mark).spawn().unwrap();
        // The mark is in the environment only after exec.
        while marked_processes(&mark).is_empty() {
            std::thread::yield_now();
        }
        watch(format!("+mark {mark}\n").as_bytes());
        assert!(!child.wait().unwrap().success());
    }
}
