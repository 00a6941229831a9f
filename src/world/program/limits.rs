//! What a program may use, and who makes it so.

use std::fmt;
use std::time::Duration;

/// What one program, with all the processes it starts, may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Processor time of the whole tree.
    pub cpu: Duration,
    /// Resident memory of the whole tree in bytes; pages shared between its processes count once.
    pub memory: u64,
    /// Processes of the whole tree at one moment; threads do not count.
    pub processes: usize,
    /// The largest file, in bytes.
    pub file_size: u64,
    /// Open files and sockets of one process.
    pub open_files: u64,
    /// What a program in a sandbox may keep on the disk beyond its submission, in bytes; what runs without one may fill the disk.
    pub disk: u64,
}

impl Default for Limits {
    /// Enough for any honest client in any language, the JVM included.
    fn default() -> Self {
        Self { cpu: Duration::from_secs(600), memory: 2 << 30, processes: 128, file_size: 256 << 20, open_files: 4096, disk: 512 << 20 }
    }
}

impl Limits {
    /// For setup commands: package managers and compilers need more than programs do.
    pub(super) fn for_setup() -> Self {
        Self { cpu: Duration::from_secs(1800), memory: 6 << 30, processes: 1024, file_size: 4 << 30, open_files: 65536, disk: 4 << 30 }
    }

    /// Makes the kernel watch what it can watch: a single process's processor time, files and core dumps. Children inherit it.
    ///
    /// The process runs already, for less time than an interpreter needs to read its first line; what a program starts in that
    /// moment is still under the limits of the tree, which are watched from outside.
    #[cfg(target_os = "linux")]
    pub(super) fn apply(&self, pid: rustix::process::Pid) {
        use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
        // The tree's own limit comes first; this one ends what the watch cannot see.
        let cpu = self.cpu.as_secs() + 2;
        let threads = Self::threads();
        let wanted = [
            (Resource::Cpu, cpu, cpu + 2),
            (Resource::Fsize, self.file_size, self.file_size),
            (Resource::Nofile, self.open_files, self.open_files),
            (Resource::Nproc, threads, threads),
            (Resource::Core, 0, 0),
        ];
        for (resource, soft, hard) in wanted {
            // Nobody may raise a hard limit that is lower already.
            let cap = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            let limit = Rlimit { current: Some(soft.min(cap)), maximum: Some(hard.min(cap)) };
            // The process may have ended already; then there is nothing left to limit.
            let _ = prlimit(Some(pid), resource, limit);
        }
        // When memory runs out, the learner's program is the one to go.
        let _ = std::fs::write(format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero()), "900");
    }

    /// How many threads the kernel lets a program's user have: it counts them whoever started them, and beyond a wide margin only a fork bomb
    /// can be.
    pub(super) fn threads() -> u64 {
        super::processes::glance().threads + 4096
    }

    /// Only Linux can limit a process that runs.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn apply(&self, _pid: rustix::process::Pid) {}
}

/// A thing that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Processor time, in milliseconds.
    Cpu,
    /// Resident memory, in bytes.
    Memory,
    /// Processes.
    Processes,
    /// The size of a file, in bytes.
    FileSize,
    /// What is kept on the disk, in bytes.
    Disk,
}

/// A limit that a program passed; its whole tree was killed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What ran out.
    pub what: Limited,
    /// How much was allowed.
    pub allowed: u64,
    /// How much was seen; for [`Limited::FileSize`] the same as allowed.
    pub seen: u64,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (allowed, seen) = (self.allowed, self.seen);
        match self.what {
            Limited::Cpu => write!(f, "used {} s of processor time; {} s are allowed", seen / 1000, allowed / 1000),
            Limited::Memory => write!(f, "used {} MiB of memory; {} MiB are allowed", seen >> 20, allowed >> 20),
            Limited::Processes => write!(f, "had {seen} processes at once; {allowed} are allowed"),
            Limited::Disk => write!(f, "kept {} MiB on the disk; {} MiB are allowed", seen >> 20, allowed >> 20),
            Limited::FileSize => write!(f, "wrote a file larger than {} MiB", allowed >> 20),
        }
    }
}
