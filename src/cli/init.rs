//! `kgrade init`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::grade::quoted;
use super::{Done, Failure, LabSource, lint, output};
use crate::course::Starter;
use crate::course::progress::Store;
use crate::exit;
use crate::lab::{Bindings, find};

/// Write what a lab begins with.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The lab.
    lab: String,
    /// The folder of your work; it is made if it is not there.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    source: LabSource,
}

/// Writes the starter, never over a file that is there, and says what to do next.
pub fn init(args: &InitArgs) -> Done {
    let checks = args.source.checks.as_deref();
    let names = find::names(checks).map_err(Failure::usage)?;
    if !names.contains(&args.lab) {
        // A slip gets the nearest name, a path is told from a name.
        find::find(&args.lab, checks).map_err(lint::not_found)?;
        return Err(Failure::usage(anyhow!("`{}` is a path; kgrade init wants a lab's name, such as lab-02", args.lab)));
    }
    let source = find::find(&args.lab, checks).map_err(lint::not_found)?;
    // Nothing of what is written depends on what is drawn.
    let lab = source.resolve(&Bindings { run_id: "init".to_owned(), seed: 0 }).map_err(lint::wrong)?;
    let starter = Starter::of(&lab, checks).map_err(Failure::environment)?;
    let written = starter.write(&args.folder).map_err(Failure::environment)?;
    // The work begins here, and so does its record.
    if let Err(error) = Store::at(&args.folder).make() {
        output::note(&format!("your progress will not be kept: {error}"));
    }
    let mut text = String::new();
    for name in &written.new {
        text.push_str(&format!("wrote  {}\n", args.folder.join(name).display()));
    }
    for kept in &written.kept {
        text.push_str(&format!("kept   {}  ({})\n", args.folder.join(&kept.name).display(), kept.why));
    }
    if !starter.has_programs() {
        text.push_str(&format!("{} has no starter: you write its programs yourself, after its contract\n", lab.name));
    }
    if written.kept_manifest() {
        text.push_str(&format!("what kgrade.yaml does not name for {} runs by the lab's own commands\n", lab.name));
    }
    let place = if args.folder == Path::new(".") { String::new() } else { format!(" --submission {}", quoted(&args.folder)) };
    let labs = checks.map(|checks| format!(" --checks {}", quoted(checks))).unwrap_or_default();
    text.push_str(&format!("next   kgrade show {}{place}{labs}\n       kgrade watch {}{place}{labs}\n", lab.name, lab.name));
    output::print(&text);
    Ok(exit::ALL_PASSED)
}
