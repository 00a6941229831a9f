//! Looks at a family from outside, again and again, and kills it when the family as a whole passes a limit.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::family::{Family, Row, recent_processes};
use super::limits::{Limit, Limited, Limits};
use super::reporter::ProgramEvent;
use crate::world::sandbox::used;

/// Time between two glances at how many threads the machine has, which cost nothing.
const GLANCE: Duration = Duration::from_millis(20);
/// Glances between two looks at all processes, which cost milliseconds.
const GLANCES: u32 = 5;
/// So many new threads call for a look at once: what forks without end doubles several times between two ordinary looks.
const JUMP: u64 = 48;
/// How long a kill may take before it is tried again at the next look.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two looks at the disk.
const DISK_GLANCE: Duration = Duration::from_millis(250);
/// Looking at the disk takes at most one part in so many.
const DISK_SHARE: u32 = 3;
/// Linux tells processor time to programs in ticks of 10 ms, on every processor that kgrade runs on.
const MILLIS_PER_TICK: u64 = 10;

/// Watches until the family is gone. Once a limit was passed the whole family goes, also what it starts afterwards.
pub(super) async fn watch(family: Arc<Family>, limits: Limits, tell: mpsc::UnboundedSender<ProgramEvent>) {
    let mut pace = tokio::time::interval(GLANCE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut told, mut glances, mut threads) = (false, 0, 0);
    loop {
        pace.tick().await;
        glances += 1;
        let now = threads_of_the_machine();
        if glances < GLANCES && now < threads + JUMP {
            continue;
        }
        (glances, threads) = (0, now);
        let (family, limits, tell) = (Arc::clone(&family), limits.clone(), tell.clone());
        let look = tokio::task::spawn_blocking(move || {
            let members = family.members(&recent_processes(GLANCE));
            if !told && let Some(limit) = exceeded(&members, &limits) {
                let _ = tell.send(ProgramEvent::Limit(limit));
                family.kill(PATIENCE);
                return (true, false);
            }
            if told && !members.is_empty() {
                family.kill(PATIENCE);
            }
            (told, family.is_gone(&members))
        });
        match look.await {
            Ok((over, false)) => told = over,
            _ => return,
        }
    }
}

/// Looks at what a family keeps on the disk until it is gone, and kills it when that is too much. What is there at first does not count.
pub(super) async fn watch_disk(family: Arc<Family>, folders: Vec<PathBuf>, allowed: u64, tell: mpsc::UnboundedSender<ProgramEvent>) {
    let look = |enough: u64| {
        let (folders, family) = (folders.clone(), Arc::clone(&family));
        tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            (used(&folders, enough) + nameless(&family.members(&recent_processes(GLANCE))).disk, began.elapsed())
        })
    };
    let Ok((first, mut took)) = look(u64::MAX).await else { return };
    while !family.has_ended() {
        // A folder of many files takes long to look through: most of the time is the program's.
        tokio::time::sleep(DISK_GLANCE.max(took * DISK_SHARE)).await;
        let Ok((now, this_took)) = look(first + allowed).await else { return };
        took = this_took;
        if now > first + allowed {
            let _ = tell.send(ProgramEvent::Limit(Limit { what: Limited::Disk, allowed, seen: now - first }));
            let family = Arc::clone(&family);
            let _ = tokio::task::spawn_blocking(move || family.kill(PATIENCE)).await;
            return;
        }
    }
}

fn exceeded(members: &[Row], limits: &Limits) -> Option<Limit> {
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
    let resident = members.iter().map(|row| kilobytes(row, "status", "VmRSS:")).sum::<u64>() << 10;
    let files = nameless(members).memory;
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

/// The number of threads on the whole machine; 0 where nobody can say.
pub(super) fn threads_of_the_machine() -> u64 {
    // 0.20 0.18 0.12 1/80 11206
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(['/', ' ']).nth(4).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn kilobytes(row: &Row, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/{file}", row.pid.as_raw_nonzero())).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
