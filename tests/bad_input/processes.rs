//! The processes of this machine, as far as the tests look at them: who descends from a run, and what a run left behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Waits until there is something; fails the test when there never is.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process of that id runs; one that only waits to be collected does not.
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// The most memory that a process has held so far, in bytes.
pub fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Sends a signal to one process.
pub fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// The broker that this kgrade has started.
pub fn broker_of(kgrade: u32) -> Option<u32> {
    let command = |pid: u32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let is_broker = |pid: &u32| String::from_utf8_lossy(&command(*pid)).split('\0').any(|word| word == "kafka.Kafka");
    all().into_iter().filter(|pid| stat(*pid).is_some_and(|(_, parent)| parent == kgrade)).find(is_broker)
}

/// The live processes that belong to a folder: they stand in it, or their environment or command line names it. Their ids and command lines.
pub fn belonging_to(folder: &Path) -> Vec<(u32, String)> {
    let name = folder.to_str().unwrap().as_bytes();
    let names = |bytes: &[u8]| bytes.windows(name.len()).any(|part| part == name);
    let belongs = |pid: &u32| {
        let stands = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        stands || ["environ", "cmdline"].iter().any(|file| names(&fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default()))
    };
    let shown = |pid: u32| String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).replace('\0', " ");
    all().into_iter().filter(|pid| *pid != std::process::id() && belongs(pid) && is_alive(*pid)).map(|pid| (pid, shown(pid))).collect()
}

fn all() -> Vec<u32> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The state and the parent.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
