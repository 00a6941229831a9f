//! How much memory a process has.

use std::process::Command;

/// The resident memory of a process in bytes, where the system tells.
#[must_use]
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let kibibytes = match std::fs::read_to_string(format!("/proc/{pid}/status")) {
        Ok(status) => status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").to_owned(),
        Err(_) => {
            let output = Command::new("ps").args(["-o", "rss=", "-p", &pid.to_string()]).output().ok()?;
            String::from_utf8(output.stdout).ok()?
        }
    };
    kibibytes.trim().parse::<u64>().ok().map(|count| count * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_some_memory() {
        assert!(super::resident_bytes(std::process::id()).unwrap() > 1 << 20);
        assert_eq!(super::resident_bytes(u32::MAX - 1), None);
    }
}
