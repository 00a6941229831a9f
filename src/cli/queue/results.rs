//! `kgrade queue results`: takes the results out of a queue.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::Place;
use crate::cli::worker::said;
use crate::cli::{Done, Failure, output};
use crate::cohort::queue::Published;
use crate::cohort::queue::state::{State, evidence};
use crate::exit;
use crate::outcome::Outcome;
use crate::report::{FORMATS, csv, write_file};

/// The reports of each submission, and their files.
const REPORTS: &[(&str, &str)] = &[("json", "result.json"), ("html", "report.html"), ("markdown", "report.md"), ("junit", "junit.xml")];

/// Write the results, and say what is missing.
#[derive(Debug, Args)]
pub struct ResultsArgs {
    #[command(flatten)]
    place: Place,
    /// The folder for the results.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The lab, where the queue has several.
    lab: Option<String>,
}

/// Writes, and says what is missing.
pub fn results(args: &ResultsArgs) -> Done {
    let (access, names) = args.place.open().map_err(Failure::usage)?;
    let state = State::read(&access, &names)?;
    let lab = lab(args.lab.as_deref(), &state.labs()).map_err(Failure::usage)?;
    let results = state.results_for(&lab);
    write(&results, &args.out)?;
    let paths: Vec<PathBuf> = results.iter().map(|result| folder(&args.out, result).join("evidence.jsonl.gz")).collect();
    let wanted: Vec<(&Published, &Path)> = results.iter().copied().zip(paths.iter().map(PathBuf::as_path)).collect();
    let without = evidence(&access, &names, &wanted)?;

    let outcomes = results.iter().filter(|result| result.outcome().is_some()).count();
    let missing = state.missing(&lab);
    let mut text = format!("{outcomes} graded, {} not graded, {} still in the queue\n", results.len() - outcomes, missing.len());
    for result in results.iter().filter(|result| !result.is_final()) {
        text.push_str(&format!("  {}\n", said(result)));
    }
    for id in &missing {
        text.push_str(&format!("  {id}: not done yet\n"));
    }
    for result in &without {
        text.push_str(&format!("  {}: its evidence is not in the queue; worker {} has it\n", result.id, result.worker));
    }
    for source in &state.doubles {
        text.push_str(&format!("  defect: the record {}@{} has two results\n", source.partition, source.offset));
    }
    if state.unreadable_results > 0 {
        text.push_str(&format!("  {} records among the results cannot be read: who else writes there?\n", state.unreadable_results));
    }
    text.push_str(&format!("written to {}\n", args.out.display()));
    output::print(&text);
    let all = missing.is_empty() && results.iter().all(|result| result.is_final()) && state.doubles.is_empty();
    Ok(if all { exit::ALL_PASSED } else { exit::NOT_SHOWN })
}

fn lab(asked: Option<&str>, there: &[String]) -> Result<String> {
    match (asked, there) {
        (Some(asked), _) if there.iter().any(|lab| lab == asked) => Ok(asked.to_owned()),
        (Some(asked), _) => Err(anyhow::anyhow!("nothing was added for {asked}; the queue has {}", list(there))),
        (None, [one]) => Ok(one.clone()),
        (None, []) => Err(anyhow::anyhow!("nothing was added to the queue")),
        (None, several) => Err(anyhow::anyhow!("name the lab whose results you want: the queue has {}", list(several))),
    }
}

fn list(labs: &[String]) -> String {
    if labs.is_empty() { "nothing".to_owned() } else { labs.join(", ") }
}

fn folder(out: &Path, result: &Published) -> PathBuf {
    out.join("results").join(&result.id)
}

fn write(results: &[&Published], out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("make {}", out.display()))?;
    for result in results {
        let folder = folder(out, result);
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        match result.outcome() {
            Some(outcome) => reports(outcome, &folder)?,
            None => write_file(&folder.join("error.txt"), format!("{}\n", said(result)).as_bytes())?,
        }
    }
    let outcomes: Vec<&Outcome> = results.iter().filter_map(|result| result.outcome()).collect();
    write_file(&out.join("gradebook.csv"), csv::gradebook(&outcomes)?.as_bytes())
}

fn reports(outcome: &Outcome, folder: &Path) -> Result<()> {
    for (name, file) in REPORTS {
        let format = FORMATS.iter().find(|format| format.name == *name).context("a format is missing")?;
        write_file(&folder.join(file), (format.render)(outcome)?.as_bytes())?;
    }
    // What an earlier collection left.
    let error = folder.join("error.txt");
    if error.exists() {
        std::fs::remove_file(&error).with_context(|| format!("remove {}", error.display()))?;
    }
    Ok(())
}
