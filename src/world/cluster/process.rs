//! Processes by their id: how much memory one has, whether it is still the same one, and asking it to stop.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

/// The resident memory of a process in bytes, where the system tells.
#[must_use]
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let kibibytes = match std::fs::read_to_string(format!("/proc/{pid}/status")) {
        Ok(status) => status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").to_owned(),
        Err(_) => ps(pid, "rss=")?,
    };
    kibibytes.trim().parse::<u64>().ok().map(|count| count * 1024)
}

/// When the process was started: another process that gets the same id later was started at another time. `None` when there is no such process.
#[must_use]
pub fn birth(pid: u32) -> Option<String> {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return if std::path::Path::new("/proc/self/stat").exists() { None } else { ps(pid, "lstart=") };
    };
    // The program's name, in parentheses, may hold anything; after it come the state and, further on, the number of threads and
    // the start in ticks since boot.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let [state, threads, start] = [0, 17, 19].map(|index| fields.get(index).copied().unwrap_or_default());
    // A zombie that still has other threads has not closed its ports yet.
    if state == "X" || (state == "Z" && matches!(threads, "0" | "1")) {
        return None;
    }
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{} {start}", boot.trim()))
}

/// Asks a process to stop in order.
pub fn ask_to_stop(pid: u32) {
    send(pid, Signal::TERM);
}

/// Kills a process.
pub fn kill(pid: u32) {
    send(pid, Signal::KILL);
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

fn ps(pid: u32, column: &str) -> Option<String> {
    let output = Command::new("ps").args(["-o", column, "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn this_process_has_some_memory() {
        assert!(resident_bytes(std::process::id()).unwrap() > 1 << 20);
        assert_eq!(resident_bytes(u32::MAX - 1), None);
    }

    #[test]
    fn a_process_has_one_birth_and_a_dead_one_has_none() {
        let own = birth(std::process::id()).unwrap();
        assert_eq!(birth(std::process::id()), Some(own));
        let mut child = Command::new("sleep").arg("600").stdout(Stdio::null()).spawn().unwrap();
        let pid = child.id();
        assert!(birth(pid).is_some());
        kill(pid);
        while birth(pid).is_some() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(birth(pid), None);
    }
}
