//! A process and everything that came from it, found again after it changed its group, its session or its parent.
//!
//! A process belongs to a family when it is in the family's process group, carries its mark and instance in the environment,
//! descends from a member, or was seen as a member before. Only `/proc` can tell; without it the process group is all there is.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use super::processes::{self, Row, processes};
use super::variables::INSTANCE_VARIABLE;
use crate::world::guard::MARK_VARIABLE;

/// A process and what came from it.
#[derive(Debug)]
pub(super) struct Family {
    leader: Pid,
    mark: String,
    instance: String,
    started: u64,
    seen: Mutex<HashMap<Pid, u64>>,
    /// Those that bear no mark or another's, each with when it started and where its environment is.
    strangers: Mutex<HashMap<Pid, (u64, u64)>>,
    ended: Arc<AtomicBool>,
}

impl Family {
    /// The family of a process that was just started as the leader of a process group of its own and was not waited for yet.
    /// `ended` is set by whoever waits for it.
    pub fn new(leader: Pid, mark: &str, instance: &str, ended: Arc<AtomicBool>) -> Self {
        let started = processes::row(leader.as_raw_nonzero().get()).map_or(0, |row| row.started);
        let seen = Mutex::new(HashMap::from([(leader, started)]));
        let strangers = Mutex::new(HashMap::new());
        Self { leader, mark: mark.to_owned(), instance: instance.to_owned(), started, seen, strangers, ended }
    }

    /// The live members among the given processes.
    pub fn members(&self, rows: &[Row]) -> Vec<Row> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        let group = self.leader.as_raw_nonzero().get();
        let own = std::process::id();
        let mut members = Vec::new();
        let mut others = Vec::new();
        for row in rows {
            if row.pid.as_raw_nonzero().get().cast_unsigned() == own || row.started < self.started {
                continue;
            }
            // Its environment stays as it is until it becomes another program, which has it elsewhere.
            let known = (row.started, row.environment);
            let is_stranger = || row.environment != 0 && strangers.get(&row.pid) == Some(&known);
            if row.group == group || seen.get(&row.pid) == Some(&row.started) || !is_stranger() && self.is_marked(row.pid) {
                members.push(*row);
            } else {
                others.push(*row);
            }
        }
        *strangers = others.iter().map(|row| (row.pid, (row.started, row.environment))).collect();
        // Children of members, and theirs.
        let mut next = 0;
        while let Some(parent) = members.get(next).map(|row| row.pid.as_raw_nonzero().get()) {
            members.extend(others.extract_if(.., |row| row.parent == parent));
            next += 1;
        }
        seen.extend(members.iter().map(|row| (row.pid, row.started)));
        processes::follow(&members);
        members
    }

    fn is_marked(&self, pid: Pid) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        let has = |name: &str, value: &str| {
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) == Some(value.as_bytes()))
        };
        has(MARK_VARIABLE, &self.mark) && has(INSTANCE_VARIABLE, &self.instance)
    }

    /// Sends a signal to the process group, also to what is left of it after its leader ended.
    pub fn signal(&self, signal: Signal) {
        if !self.ended.load(Ordering::Acquire) {
            // A leader that moved to another group still gets it.
            if kill_process_group(self.leader, signal).is_err() {
                let _ = kill_process(self.leader, signal);
            }
            return;
        }
        // The number may be another group's by now, unless a member of this family is in it.
        if !self.group_members().is_empty() {
            let _ = kill_process_group(self.leader, signal);
        }
    }

    /// The number of the started process.
    pub fn leader(&self) -> u32 {
        self.leader.as_raw_nonzero().get().cast_unsigned()
    }

    /// Whether the started process has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether no process of the group is alive.
    pub fn group_is_gone(&self) -> bool {
        if cfg!(target_os = "linux") { self.group_members().is_empty() } else { test_kill_process_group(self.leader).is_err() }
    }

    fn group_members(&self) -> Vec<Row> {
        let group = self.leader.as_raw_nonzero().get();
        let mut members = self.members(&processes());
        members.retain(|row| row.group == group);
        members
    }

    /// Whether the started process has ended and nothing that came from it is among the given processes.
    pub fn is_gone(&self, members: &[Row]) -> bool {
        members.is_empty() && self.ended.load(Ordering::Acquire)
    }

    /// Kills all members until none is left. Blocks for at most `patience`; false when something survived that.
    pub fn kill(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            // One call for the whole group: nothing in it can fork in between, however many there are.
            if !self.ended.load(Ordering::Acquire) {
                let _ = kill_process_group(self.leader, Signal::KILL);
            }
            let members = self.members(&processes());
            if members.iter().any(|row| row.group == self.leader.as_raw_nonzero().get()) {
                let _ = kill_process_group(self.leader, Signal::KILL);
            }
            for row in &members {
                let _ = kill_process(row.pid, Signal::KILL);
            }
            if members.is_empty() && (cfg!(target_os = "linux") || self.ended.load(Ordering::Acquire)) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Kills every process whose working directory is in a folder, until none is left or a second is over.
pub(super) fn kill_inside(folder: &std::path::Path) {
    let own = std::process::id();
    for _ in 0..500 {
        let inside = |row: &Row| fs::read_link(format!("/proc/{}/cwd", row.pid.as_raw_nonzero())).is_ok_and(|cwd| cwd.starts_with(folder));
        let mut found = processes();
        found.retain(|row| row.pid.as_raw_nonzero().get().cast_unsigned() != own && inside(row));
        if found.is_empty() {
            return;
        }
        for row in found {
            let _ = kill_process(row.pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
