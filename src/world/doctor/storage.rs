//! Folders and the disk: where kgrade writes, whether it may, and whether there is room.

use std::io;
use std::path::Path;

use super::{Finding, Machine, State, Topic};
use crate::world::clean;
use crate::world::cluster::CacheDir;
use crate::world::folder::nearest;

/// What a first run fetches and makes, in bytes: Kafka, Java, packages, a broker's image.
const FIRST_RUN: u64 = 500_000_000;
/// What a run writes, and some air.
const RUN: u64 = 200_000_000;
/// Less than this is soon used up.
const SCARCE: u64 = 1_000_000_000;
/// Fewer files than this are soon used up: a Python environment alone has thousands.
const FEW_FILES: u64 = 20_000;

/// The cache, the home and the disk.
pub fn storage(machine: &Machine) -> Vec<Finding> {
    vec![cache(machine), home(machine), disk(machine)]
}

fn cache(machine: &Machine) -> Finding {
    let cache = machine.cache();
    let path = cache.path();
    if let Err(error) = writable(path) {
        return Finding::missing(Topic::Cache, format!("{} cannot be written: {error}", path.display()))
            .advise("permit it, or name another folder; the next line is for this terminal")
            .command("export KGRADE_CACHE=/path/to/a/folder");
    }
    if let (None, Some(usual)) = (&machine.host.cache, CacheDir::usual())
        && usual != path
    {
        let found = format!("{} cannot be made: it is {}, and may be gone when the machine starts again", usual.display(), path.display());
        return Finding::warning(Topic::Cache, found)
            .advise("name a folder that stays; the next line is for this terminal")
            .command("export KGRADE_CACHE=/path/to/a/folder");
    }
    let stock = clean::look(&cache, &machine.temporary);
    let sum = stock.items.iter().map(|item| item.bytes).sum::<u64>() / 1_000_000;
    match stock.items.len() {
        0 => Finding::ok(Topic::Cache, format!("{}, empty yet", path.display())),
        _ => Finding::ok(Topic::Cache, format!("{}, {sum} MB (`kgrade clean` shows of what)", path.display())),
    }
}

fn home(machine: &Machine) -> Finding {
    let Some(broker) = machine.host.state_dir() else {
        return Finding::warning(Topic::Home, "this user has no home folder; `kgrade up` keeps its topics there")
            .advise("name another folder for them")
            .command("export KGRADE_STATE=/path/to/a/folder");
    };
    match writable(&broker) {
        Ok(()) => Finding::ok(Topic::Home, format!("{} can be written", broker.display())),
        Err(error) => {
            Finding::warning(Topic::Home, format!("{} cannot be written ({error}); `kgrade up` keeps its topics there", broker.display()))
                .advise("name other folders for them")
                .command("export KGRADE_CACHE=/path/to/a/folder KGRADE_STATE=/path/to/another")
        }
    }
}

/// Free space for the cache and for temporary files; told once where both are in one place.
fn disk(machine: &Machine) -> Finding {
    let cache = machine.cache();
    let first = !cache.kafka().exists();
    let places = [(nearest(cache.path()).to_owned(), if first { FIRST_RUN } else { RUN }), (machine.temporary.clone(), RUN)];
    let mut worst: Option<Finding> = None;
    let mut free = Vec::new();
    for (place, least) in places {
        let finding = match (machine.space)(&place) {
            Err(error) => Finding::warning(Topic::Disk, format!("what is free in {} cannot be told: {error}", place.display())),
            Ok(space) => {
                let megabytes = space.bytes / 1_000_000;
                let said = format!("{megabytes} MB in {}", place.display());
                free.push(said.clone());
                if space.bytes < least {
                    Finding::missing(Topic::Disk, format!("only {said} are free, and a run takes up to {} MB", least / 1_000_000))
                } else if space.files.is_some_and(|files| files < FEW_FILES) {
                    Finding::warning(
                        Topic::Disk,
                        format!("{} has room for {} more files only", place.display(), space.files.unwrap_or_default()),
                    )
                } else if space.bytes < SCARCE {
                    Finding::warning(Topic::Disk, format!("only {said} are free"))
                } else if !space.runs_programs {
                    Finding::warning(
                        Topic::Disk,
                        format!("no program may be run from {} (noexec), and that is where submissions are run", place.display()),
                    )
                } else {
                    continue;
                }
            }
        };
        if worst.as_ref().is_none_or(|known| known.state < finding.state) {
            worst = Some(finding);
        }
    }
    match worst {
        None => Finding::ok(Topic::Disk, format!("free: {}", free.join(", "))),
        Some(finding) if finding.state == State::Warning && finding.found.contains("noexec") => {
            finding.advise("name another folder for temporary files").command("export TMPDIR=/path/to/a/folder")
        }
        Some(finding) => finding.advise("make room; this shows what kgrade itself keeps").command("kgrade clean"),
    }
}

/// Whether files can be made in a folder, or in the one that it would be made in. What is made has no name, and goes at once.
fn writable(folder: &Path) -> io::Result<()> {
    tempfile::tempfile_in(nearest(folder)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::Space;
    use super::super::testing::Bench;
    use super::*;

    const PLENTY: Space = Space { bytes: 50_000_000_000, files: Some(1_000_000), runs_programs: true };

    #[test]
    fn a_cache_that_is_not_there_yet() {
        let bench = Bench::new();
        let finding = cache(&bench.machine);
        assert_eq!(finding, Finding::ok(Topic::Cache, format!("{}, empty yet", bench.path("cache").display())));
        assert!(!bench.path("cache").exists());
    }

    #[test]
    fn folders_that_cannot_be_written() {
        let mut bench = Bench::new();
        // Below a file nothing can be made, by root neither.
        std::fs::write(bench.path("file"), "").unwrap();
        bench.machine.host.cache = Some(bench.path("file"));
        bench.machine.host.state = Some(bench.path("file"));
        let findings = storage(&bench.machine);
        assert_eq!((findings[0].state, findings[1].state), (State::Missing, State::Warning), "{findings:?}");
        assert_eq!(findings[0].commands, ["export KGRADE_CACHE=/path/to/a/folder"]);
    }

    #[test]
    fn room_on_the_disk() {
        let mut bench = Bench::new();
        for (space, state) in [
            ((|_: &Path| Ok(PLENTY)) as fn(&Path) -> io::Result<Space>, State::Ok),
            (|_| Ok(Space { bytes: 700_000_000, ..PLENTY }), State::Warning),
            (|_| Ok(Space { bytes: 100_000_000, ..PLENTY }), State::Missing),
            (|_| Ok(Space { files: Some(10), ..PLENTY }), State::Warning),
            (|_| Ok(Space { runs_programs: false, ..PLENTY }), State::Warning),
            (|_| Err(io::ErrorKind::NotFound.into()), State::Warning),
        ] {
            bench.machine.space = space;
            let finding = disk(&bench.machine);
            assert_eq!(finding.state, state, "{finding:?}");
            assert_eq!(finding.commands.is_empty(), state == State::Ok, "{finding:?}");
        }
    }
}
