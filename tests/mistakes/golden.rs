//! What the learner reads of each mistake, kept in `failure.txt` beside it, so that every change of a message is seen and read.
//!
//! What differs from run to run is masked: numbers are `#`, the run's id is `RUN`. A check may fail in more than one way, by which of its
//! experiments tells first; then it stands in the file as often, once for each. Which ways there are depends on the machine, so a run that is
//! told in a way that is new here, but much as another mistake in the same check is, is let pass, and the text is shown. Of a whole matrix, a few
//! may be told in a way that is quite new ([`too_many_are_new`]). `SNAPSHOTS=strict` lets nothing pass. The words of each kind are held fast by
//! its own tests.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Failed;
use serde_json::Value;

/// The file beside `expect.yaml`.
const FILE: &str = "failure.txt";

/// How much of its words a new text must share with a known one of the same check, in percent.
const ALIKE: usize = 45;

/// Compares what is said about the failed checks with the file.
///
/// `SNAPSHOTS=overwrite` writes the file anew, `SNAPSHOTS=add` adds what is not in it, `SNAPSHOTS=strict` lets nothing pass that is not in it.
pub fn compare(outcome: &Value, folder: &Path) -> Result<(), String> {
    let path = folder.join(FILE);
    let said: Vec<String> = failed(outcome).map(|check| told(check, outcome["run"]["id"].as_str().unwrap_or_default())).collect();
    let mode = std::env::var("SNAPSHOTS").unwrap_or_default();
    let kept = if mode == "overwrite" { String::new() } else { std::fs::read_to_string(&path).unwrap_or_default() };
    let known: Vec<&str> = kept.split("\n\n").map(str::trim_end).filter(|told| !told.is_empty()).collect();
    let new: Vec<&str> = said.iter().map(String::as_str).filter(|told| !known.contains(told)).collect();
    if new.is_empty() && mode != "overwrite" {
        return Ok(());
    }
    if ["overwrite", "add"].contains(&mode.as_str()) {
        let all: Vec<&str> = known.iter().copied().chain(new).collect();
        return std::fs::write(&path, all.join("\n\n") + "\n").map_err(|error| format!("{}: {error}", path.display()));
    }
    let others = of_the_lab(folder);
    let of_it =
        |text: &str| others.iter().filter(|other| text.lines().next() == other.lines().next()).any(|other| shared(text, other) >= ALIKE);
    let alike = new.iter().all(|text| of_it(text));
    if mode != "strict" && !alike {
        NEW.fetch_add(1, Ordering::Relaxed);
    }
    if mode != "strict" && (alike || whole_matrix()) {
        let _ = writeln!(
            std::io::stderr(),
            "{}: told in a way that is not in the file (SNAPSHOTS=add adds it):\n{}\n",
            path.display(),
            new.join("\n\n")
        );
        return Ok(());
    }
    Err(format!(
        "{FILE} has not this text; read it as a learner would, and add it with SNAPSHOTS=add (or SNAPSHOTS=overwrite):\n{}\n\nit has:\n{}",
        new.join("\n\n"),
        known.join("\n\n")
    ))
}

/// How many were told in a way that nobody has read yet.
static NEW: AtomicUsize = AtomicUsize::new(0);

/// Whether so many mistakes were told in a way that is quite new that it is no matter of a busy machine.
pub fn too_many_are_new(graded: usize) -> bool {
    NEW.load(Ordering::Relaxed) * 20 > graded
}

/// Whether all labs are graded, not what a person asks for by name.
fn whole_matrix() -> bool {
    std::env::args().skip(1).all(|argument| argument.starts_with("--"))
}

/// What is kept of all mistakes of a lab: another one may fail the same check in the same way.
fn of_the_lab(folder: &Path) -> Vec<String> {
    let siblings = folder.parent().and_then(|place| std::fs::read_dir(place).ok()).into_iter().flatten().filter_map(Result::ok);
    let texts = siblings.filter_map(|sibling| std::fs::read_to_string(sibling.path().join(FILE)).ok());
    texts
        .flat_map(|text| text.split("\n\n").map(|told| told.trim_end().to_owned()).collect::<Vec<_>>())
        .filter(|told| !told.is_empty())
        .collect()
}

/// How many of the words of two texts both have, in percent of those of the longer.
fn shared(a: &str, b: &str) -> usize {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (a, mut b) = (words(a), words(b));
    let longer = a.len().max(b.len()).max(1);
    let both = a.iter().filter(|word| b.iter().position(|other| other == *word).map(|at| b.swap_remove(at)).is_some()).count();
    both * 100 / longer
}

fn failed(outcome: &Value) -> impl Iterator<Item = &Value> {
    outcome["checks"].as_array().into_iter().flatten().filter(|check| check["verdict"] == "failed")
}

/// A failed check as the learner reads it, without what the lab file says anyway.
fn told(check: &Value, run: &str) -> String {
    let mut text = mask(check["id"].as_str().unwrap_or_default(), run);
    let mut line = |label: &str, said: &Value| {
        if let Some(said) = said.as_str() {
            text.push_str(&format!("\n  {label:<9} {}", mask(said, run).replace('\n', "\n            ")));
        }
    };
    line("", &check["message"]);
    line("expected", &check["expected"]);
    line("observed", &check["observed"]);
    // The others are of the same kind; how many there are is chance.
    let first = &check["witnesses"][0];
    // A line of a container's log is whatever was written last.
    if !first.as_str().is_some_and(|first| first.starts_with("log of ")) {
        line("evidence", first);
    }
    line("probably", &check["cause"]);
    line("read", &check["read"]["handout"]);
    line("read", &check["read"]["kafka"]);
    for remark in check["remarks"].as_array().into_iter().flatten() {
        line("remark", remark);
    }
    text
}

/// Replaces what differs from run to run.
fn mask(text: &str, run: &str) -> String {
    let mut text = if run.is_empty() { text.to_owned() } else { text.replace(run, "RUN") };
    // Ids that Kafka's clients and brokers draw; numbers; lists of numbers, whose length is chance.
    for (what, with) in [
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
        (r"\b[0-9a-f]{8}\b", "HEX"),
        (r"[0-9]+(\.[0-9]+)?", "#"),
        (r"#((, | and | or )#)+", "#"),
    ] {
        if let Ok(what) = regex::Regex::new(what) {
            text = what.replace_all(&text, with).into_owned();
        }
    }
    text
}

/// That masking leaves the sense and nothing of the run.
pub fn masks() -> Result<(), Failed> {
    let text = "topic t-ab12cd34: offset 31 of partitions 0, 2 and 5 at 8.379 s; member c-01234567-89ab-cdef-0123-456789abcdef (u-07)";
    let masked = mask(text, "ab12cd34");
    if masked != "topic t-RUN: offset # of partitions # at # s; member c-UUID (u-#)" {
        return Err(masked.into());
    }
    let known = "c\n  nothing was committed by hand\n  probably automatic commits are on: turn them off, and commit each event";
    let other = "c\n  offset # was committed by a timer\n  probably automatic commits are on: turn them off, and commit each event";
    let foreign = "c\n  the topic has no partitions that a client could write to\n  probably the broker is down";
    match (shared(known, other), shared(known, foreign)) {
        (ALIKE.., ..ALIKE) => Ok(()),
        (alike, foreign) => Err(format!("{alike} % and {foreign} %").into()),
    }
}
