//! Looks at a family from outside, again and again, and kills it when the family as a whole passes a limit.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use super::family::Family;
use super::limits::{Limit, Limited, Limits};
use super::processes::{Row, glance, recent};
use super::reporter::ProgramEvent;
use crate::world::sandbox::{free, used};

/// Time between two glances at how many threads and how much memory the machine has, which cost nothing.
const GLANCE: Duration = Duration::from_millis(20);
/// Time between two looks at the family's processes.
const LOOK: Duration = Duration::from_millis(200);
/// So many new threads call for a look at once: what forks without end doubles several times between two ordinary looks.
const JUMP: u64 = 48;
/// So many bytes call for a look at once when the machine's free memory has become so much less, and for one at files without a name when there is
/// so much more in files in memory, or on a disk, …
const GROWTH: u64 = 64 << 20;
/// … and once in this time all the same: each open file of each process must be asked.
const FILES_GLANCE: Duration = Duration::from_secs(1);
/// How long a kill may take before it is tried again at the next look.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two looks at the disk.
const DISK_GLANCE: Duration = Duration::from_millis(250);
/// Looking at the disk takes at most one part in so many.
const DISK_SHARE: u32 = 3;
/// Linux tells processor time to programs in ticks of 10 ms, on every processor that kgrade runs on.
const MILLIS_PER_TICK: u64 = 10;

/// What all who watch count their time from.
fn epoch() -> Instant {
    static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
    *EPOCH
}

/// Ticks for glances, in step with everybody's: then all who watch are woken at once, and what there is to read is read once for all of them.
fn pace() -> Interval {
    let left = GLANCE.as_millis() - epoch().elapsed().as_millis() % GLANCE.as_millis();
    let first = tokio::time::Instant::now() + Duration::from_millis(left.try_into().unwrap_or(0));
    let mut pace = tokio::time::interval_at(first, GLANCE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    pace
}

/// What is known at a glance.
#[derive(Clone, Copy)]
struct Moment {
    /// Which of the times for a look it belongs to.
    round: u128,
    threads: u64,
    /// The machine's free memory, in bytes.
    free: u64,
    ended: bool,
}

impl Moment {
    fn of(family: &Family) -> Self {
        let round = epoch().elapsed().as_millis() / LOOK.as_millis();
        Self { round, threads: glance().threads, free: machine().free, ended: family.has_ended() }
    }

    fn calls_for_a_look(&self, last: &Self) -> bool {
        self.round != last.round || self.ended != last.ended || self.threads >= last.threads + JUMP || self.free + GROWTH <= last.free
    }
}

/// Watches until the family is gone. Once a limit was passed the whole family goes, also what it starts afterwards.
pub(super) async fn watch(family: Arc<Family>, limits: Limits, tell: mpsc::UnboundedSender<ProgramEvent>) {
    let mut pace = pace();
    let (mut told, mut last, mut files) = (false, None::<Moment>, Files::default());
    loop {
        pace.tick().await;
        let now = Moment::of(&family);
        if last.is_some_and(|last| !now.calls_for_a_look(&last)) {
            continue;
        }
        last = Some(now);
        let (family, limits, tell) = (Arc::clone(&family), limits.clone(), tell.clone());
        let look = tokio::task::spawn_blocking(move || {
            let members = family.members(&recent(GLANCE));
            if !told && let Some(limit) = exceeded(&members, files.look(&members), &limits) {
                let _ = tell.send(ProgramEvent::Limit(limit));
                family.kill(PATIENCE);
                return (true, files, false);
            }
            if told && !members.is_empty() {
                family.kill(PATIENCE);
            }
            (told, files, family.is_gone(&members))
        });
        match look.await {
            Ok((over, seen, false)) => (told, files) = (over, seen),
            _ => return,
        }
    }
}

/// Looks at what a family keeps on the disk until it is gone, and kills it when that is too much. What is there at first does not count.
pub(super) async fn watch_disk(family: Arc<Family>, folders: Vec<PathBuf>, allowed: u64, tell: mpsc::UnboundedSender<ProgramEvent>) {
    let look = |enough: u64| {
        let (folders, family) = (folders.clone(), Arc::clone(&family));
        tokio::task::spawn_blocking(move || {
            let (began, free) = (Instant::now(), free(&folders));
            let now = used(&folders, enough) + nameless(&family.members(&recent(GLANCE))).disk;
            (now, free, began, began.elapsed())
        })
    };
    let Ok((first, mut free_then, mut when, mut took)) = look(u64::MAX).await else { return };
    while !family.has_ended() {
        // A folder of many files takes long to look through: most of the time is the program's.
        tokio::time::sleep(DISK_GLANCE.max(took * DISK_SHARE)).await;
        if when.elapsed() < FILES_GLANCE && free_then < free(&folders) + GROWTH {
            continue;
        }
        let now;
        let Ok(seen) = look(first + allowed).await else { return };
        (now, free_then, when, took) = seen;
        if now > first + allowed {
            let _ = tell.send(ProgramEvent::Limit(Limit { what: Limited::Disk, allowed, seen: now - first }));
            let family = Arc::clone(&family);
            let _ = tokio::task::spawn_blocking(move || family.kill(PATIENCE)).await;
            return;
        }
    }
}

/// A family's files in memory that have no name, as they were when it was last worth looking.
#[derive(Clone, Copy, Default)]
struct Files {
    bytes: u64,
    /// What the machine had in such files, and in those that have a name.
    machine: u64,
    when: Option<Instant>,
}

impl Files {
    /// The bytes in them.
    fn look(&mut self, members: &[Row]) -> u64 {
        let machine = machine().files;
        if self.when.is_none_or(|when| when.elapsed() >= FILES_GLANCE) || machine >= self.machine + GROWTH {
            *self = Self { bytes: nameless(members).memory, machine, when: Some(Instant::now()) };
        }
        self.bytes
    }
}

/// The machine's memory in bytes: what is free, and what is in files in memory. Zeros where it does not tell.
struct Memory {
    free: u64,
    files: u64,
}

fn machine() -> Memory {
    #[cfg(target_os = "linux")]
    {
        let told = rustix::system::sysinfo();
        let bytes = |units: u64| units.saturating_mul(told.mem_unit.into());
        Memory { free: bytes(told.freeram), files: bytes(told.sharedram) }
    }
    #[cfg(not(target_os = "linux"))]
    Memory { free: 0, files: 0 }
}

/// The limit that these processes are beyond, with so many bytes in files in memory that have no name.
fn exceeded(members: &[Row], files: u64, limits: &Limits) -> Option<Limit> {
    let allowed = limits.processes as u64;
    if members.len() > limits.processes {
        return Some(Limit { what: Limited::Processes, allowed, seen: members.len() as u64 });
    }
    let cpu = members.iter().map(|row| row.ticks).sum::<u64>() * MILLIS_PER_TICK;
    let allowed = u64::try_from(limits.cpu.as_millis()).unwrap_or(u64::MAX);
    if cpu > allowed {
        return Some(Limit { what: Limited::Cpu, allowed, seen: cpu });
    }
    let allowed = limits.memory;
    let resident = members.iter().map(|row| row.resident).sum::<u64>();
    if files > 0 {
        // Pages of such a file that are mapped are resident too, and count once.
        let own = members.iter().map(|row| kilobytes(row, "status", "RssAnon:") + kilobytes(row, "status", "RssFile:")).sum::<u64>() << 10;
        if own + files > allowed {
            return Some(Limit { what: Limited::Memory, allowed, seen: own + files });
        }
    }
    if resident > allowed {
        // Pages that forked processes share were counted for each: now count exactly, which costs more.
        let exact = members.iter().map(|row| kilobytes(row, "smaps_rollup", "Pss:")).sum::<u64>() << 10;
        if exact > allowed {
            return Some(Limit { what: Limited::Memory, allowed, seen: exact });
        }
    }
    None
}

/// Files without a name that processes keep open, in bytes.
#[derive(Default)]
struct Nameless {
    /// In memory: `memfd_create`, or deleted from a folder that is in memory.
    memory: u64,
    /// On a disk: deleted, and kept.
    disk: u64,
}

fn nameless(members: &[Row]) -> Nameless {
    const IN_MEMORY: [u32; 3] = [0x0102_1994, 0x8584_58f6, 0x9584_58f6];
    let mut seen = HashSet::new();
    let mut all = Nameless::default();
    for row in members {
        let open = fs::read_dir(format!("/proc/{}/fd", row.pid.as_raw_nonzero()));
        for path in open.into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()) {
            let Ok(known) = fs::metadata(&path) else { continue };
            if known.nlink() > 0 || !known.is_file() || !seen.insert((known.dev(), known.ino())) {
                continue;
            }
            let in_memory = rustix::fs::statfs(&path).is_ok_and(|system| IN_MEMORY.map(Into::into).contains(&system.f_type));
            *(if in_memory { &mut all.memory } else { &mut all.disk }) += known.blocks() * 512;
        }
    }
    all
}

fn kilobytes(row: &Row, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/{file}", row.pid.as_raw_nonzero())).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
