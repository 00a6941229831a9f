//! Many saved runs judged again: what changes for whom, then the new results.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, anyhow};

use super::saved::Saved;
use super::{Done, Failure, output};
use crate::course::Rules;
use crate::exit;
use crate::outcome::{Outcome, sanitize};
use crate::report::difference::{self, Difference};
use crate::report::words::count;
use crate::report::{csv, json, write_file};

/// The ends of the names of evidence in a folder.
const ENDS: [&str; 2] = [".jsonl", ".jsonl.gz"];

/// How many cores are used at most.
const MOST_WORKERS: usize = 32;

/// A run that was judged again.
struct Regraded {
    outcome: Outcome,
    difference: Difference,
}

/// Judges all runs again, tells what changes, and writes the new results into `out`.
pub fn regrade(
    paths: &[PathBuf],
    open: &(dyn Fn(&Path) -> Result<Saved, Failure> + Sync),
    rules: Option<&Rules>,
    out: Option<&Path>,
    yes: bool,
) -> Done {
    let files = files(paths).map_err(Failure::usage)?;
    let judged = all(&files, |name, path| {
        let mut saved = open(path).map_err(|failure| failure.error)?;
        let header = saved.header.clone();
        // A file that does not say whose it is, is its name's.
        saved.header.run.learner.get_or_insert_with(|| name.to_owned());
        let outcome = saved.judge(rules).outcome;
        Ok(Regraded { difference: Difference::between(&header, &outcome), outcome })
    });
    let (mut changed, mut same, mut unread) = (0_u64, 0_u64, 0_u64);
    let mut text = String::new();
    for ((name, path), result) in files.iter().zip(&judged) {
        match result {
            Ok(regraded) if regraded.difference.is_none() => same += 1,
            Ok(regraded) => {
                changed += 1;
                for line in difference::words(name, &regraded.difference) {
                    text.push_str(&format!("{}\n", sanitize::terminal(&line).replace('\n', " ")));
                }
            }
            Err(error) => {
                unread += 1;
                text.push_str(&format!("{}: not judged again: {}\n", sanitize::terminal(name), sanitize::terminal(&reason(path, error))));
            }
        }
    }
    let failed = if unread > 0 { format!(", {} not judged", unread) } else { String::new() };
    text.push_str(&format!("{} judged again: {changed} changed, {same} as before{failed}\n", count(changed + same, "run", "runs")));
    if out.is_none() {
        text.push_str("nothing was written; --out DIR writes the new results\n");
    }
    output::print(&text);
    if let Some(folder) = out {
        let outcomes: Vec<(&str, &Outcome)> = files
            .keys()
            .map(String::as_str)
            .zip(&judged)
            .filter_map(|(name, result)| Some((name, &result.as_ref().ok()?.outcome)))
            .collect();
        if yes || agreed(outcomes.len(), folder)? {
            write(folder, &outcomes)?;
        } else {
            output::print("nothing was written\n");
        }
    }
    Ok(if unread > 0 { exit::NOT_SHOWN } else { exit::ALL_PASSED })
}

/// Why a file could not be judged, without its path, which stands before it.
fn reason(path: &Path, error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    said.strip_prefix(&format!("read {}: ", path.display())).unwrap_or(&said).to_owned()
}

/// The files by their names; of a folder, those in it.
fn files(paths: &[PathBuf]) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| format!("read the folder {}", path.display()))?;
        let before = found.len();
        for entry in entries {
            let entry = entry.with_context(|| format!("read the folder {}", path.display()))?.path();
            if stem(&entry).is_some() && entry.is_file() {
                found.push(entry);
            }
        }
        if found.len() == before {
            return Err(anyhow!("{} holds no evidence: files whose names end in .jsonl or .jsonl.gz", path.display()));
        }
    }
    let mut named = BTreeMap::new();
    for path in found {
        let name = stem(&path).unwrap_or_else(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        if let Some(other) = named.insert(name.clone(), path.clone()).filter(|other| *other != path) {
            return Err(anyhow!("{} and {} would both be `{name}`: judge them one after the other", other.display(), path.display()));
        }
    }
    Ok(named)
}

/// The name of evidence without its end.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    ENDS.iter().find_map(|end| name.strip_suffix(end)).filter(|stem| !stem.is_empty()).map(str::to_owned)
}

/// Does the work for every file, on all cores, and gives the results in the files' order.
fn all(files: &BTreeMap<String, PathBuf>, work: impl Fn(&str, &Path) -> anyhow::Result<Regraded> + Sync) -> Vec<anyhow::Result<Regraded>> {
    let queue: Vec<(&String, &PathBuf)> = files.iter().collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some((nth, (name, path))) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|nth| Some((nth, queue.get(nth)?))) {
            let result = work(name, path);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((nth, result));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS).min(queue.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(nth, _)| *nth);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Asks whether to write.
fn agreed(results: usize, folder: &Path) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(anyhow!("nothing was written, because nobody can be asked; --yes writes without asking")));
    }
    output::print(&format!("write {} into {}? [y/N] ", count(results as u64, "result", "results"), folder.display()));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Writes each result, and all of them as a gradebook.
fn write(folder: &Path, outcomes: &[(&str, &Outcome)]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("make the folder {}", folder.display()))?;
    for (name, outcome) in outcomes {
        write_file(&folder.join(format!("{name}.json")), json::render(outcome)?.as_bytes())?;
    }
    let all: Vec<&Outcome> = outcomes.iter().map(|(_, outcome)| *outcome).collect();
    write_file(&folder.join("gradebook.csv"), csv::gradebook(&all)?.as_bytes())?;
    output::print(&format!("{} written to {}\n", count(outcomes.len() as u64, "result", "results"), folder.display()));
    Ok(())
}
